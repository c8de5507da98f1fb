//! The front end beside its peers (P1): `benches/peers/run.sh` builds this and prints the table of `docs/performance.md`.
//!
//! Every row is A B A B …, [`PAIRS`] times, process CPU time; the ratio is the median of the ratios of the pairs. `A`
//! is Tell's parser. The reference reads the very same program; the other parsers read programs of their own languages
//! of the same length, which gives a scale and no more than that.

use std::hint::black_box;
use std::thread;

use logos::Logos;
use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;

mod texts;

/// Counts the bytes that are allocated.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Pairs of runs of a row.
const PAIRS: usize = 9;

/// Least CPU seconds of one measurement.
const LEAST: f64 = 0.02;

/// The reference calls itself once for each message.
const STACK: usize = 4 << 30;

fn main() {
    println!("| parser | text | MB/s | Tell | Tell : it |\n|---|---|---|---|---|");
    let reads_it = thread::Builder::new().stack_size(STACK).spawn(against_the_reference).expect("a thread");
    reads_it.join().expect("no parser panics");
    let mix = texts::tell(1_000_000);
    let python = texts::python(1_000_000);
    row("`ruff_python_parser` 0.15.8", "Python, 1 MB", &mix, &python, |text| {
        drop(black_box(ruff_python_parser::parse_module(text).expect("a Python program")));
    });
    let typst = texts::typst(1_000_000);
    row("`typst-syntax` 0.14.2", "Typst code, 1 MB", &mix, &typst, |text| {
        let tree = typst_syntax::parse_code(text);
        assert!(!tree.erroneous(), "{:?}", tree.errors());
        drop(black_box(tree));
    });
    row("`logos` alone: words, numbers and signs, counted", "mix, 1 MB", &mix, &mix, |text| {
        black_box(Word::lexer(text).count());
    });
    memory(&mix);
}

/// Words, numbers and signs: what any lexer must at least tell apart.
#[derive(Logos)]
#[logos(skip r"[ \t\r\n]+")]
enum Word {
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Name,
    #[regex("[0-9]+")]
    Number,
    #[regex("\"[^\"\n]*\"")]
    Text,
    #[regex(r"[-+*/%<>=!&|.,:;(){}\[\]]")]
    Sign,
}

fn against_the_reference() {
    for size in [1_000, 10_000, 100_000, 1_000_000] {
        let text = texts::messages(size);
        let name = format!("messages and a choice, {} KB", size / 1_000);
        row("`telltale-language` 17.0.0", &name, &text, &text, |text| {
            drop(black_box(telltale_language::parse_choreography_str(text).expect("a choreography")));
        });
    }
}

/// Parses and insists that nothing is wrong with the text.
fn tell(text: &str) {
    let parsed = parse(FileId(0), text, &mut Interner::default());
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    drop(black_box(parsed));
}

/// Prints a row: `ours` is read by Tell, `theirs` by the peer.
fn row(name: &str, what: &str, ours: &str, theirs: &str, peer: impl Fn(&str)) {
    let (mut tells, mut peers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let tell = rate(ours, tell);
        let it = rate(theirs, &peer);
        tells.push(tell);
        peers.push(it);
        ratios.push(tell / it);
    }
    println!("| {name} | {what} | {:.2} | {:.0} | {:.1} |", median(peers), median(tells), median(ratios));
}

/// Megabytes per second of CPU time.
fn rate(text: &str, run: impl Fn(&str)) -> f64 {
    let start = cpu_seconds();
    let mut runs = 0.0;
    loop {
        run(text);
        runs += 1.0;
        let spent = cpu_seconds() - start;
        if spent >= LEAST {
            return runs * text.len() as f64 / spent / 1e6;
        }
    }
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// P3: bytes allocated while a text is parsed, by byte of text.
fn memory(text: &str) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    tell(text);
    let peak = MEMORY.peak_usage() - before;
    println!("\nTell allocates at most {:.1} bytes per byte of text.", peak as f64 / text.len() as f64);
}
