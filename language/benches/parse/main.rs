//! Speed and memory of the front end (P1–P3): `cargo bench -p tell-language --bench parse`.
//!
//! Prints a table, asserts no time. `families` makes the texts, `measure` has the clock. With the name of a family
//! (`… -- mix`) only that one is parsed, again and again for two seconds, and the runs are counted: for profilers, and
//! to compare two versions.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time and memory, each in a process of its own")]

use std::hint::black_box;

use tell_language::layout::layout;
use tell_language::parse::{Parsed, parse};
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::lex;

mod families;
mod measure;

use families::{FAMILIES, Family, text};
use measure::{cpu_seconds_of, peak_kilobytes, repeat_for, wall_seconds_of};

/// Bytes of the two sizes that are measured.
const SIZES: [usize; 2] = [1_000_000, 10_000_000];

/// Blocks of the text that is nested too deeply.
const DEEP: usize = 100_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("memory") => print_memory(&words[1]),
        Some("first") => print_first(),
        Some(name) => {
            let (text, mut runs) = (text(family(name), SIZES[0]), 0);
            repeat_for(2.0, || {
                black_box(read(&text));
                runs += 1;
            });
            println!("{runs}");
        }
        None => print_all(),
    }
}

fn family(name: &str) -> &'static Family {
    FAMILIES.iter().find(|family| family.name == name).expect("the name of a family")
}

/// Parses with a new interner and insists that nothing is wrong with the text.
fn read(text: &str) -> Parsed {
    let parsed = parse(FileId(0), text, &mut Interner::default());
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    parsed
}

fn print_all() {
    println!("P1: MB/s of CPU time, lexing to dropping the tree; P3: peak memory in bytes per byte of text\n");
    println!("{:<14} {:>8} {:>8} {:>8} {:>8} {:>8}", "family", "tokens", "1 MB", "10 MB", "10 : 1", "memory");
    for family in FAMILIES {
        let [small, large] = SIZES.map(|size| text(family, size));
        let [one, ten] = [&small, &large].map(|text| rate(text, || drop(black_box(read(text)))));
        let tokens = lex(FileId(0), &small).lexemes.len();
        let memory = child(&["memory", family.name]);
        println!("{:<14} {tokens:>8} {one:>8.1} {ten:>8.1} {:>8.2} {memory:>8}", family.name, one / ten);
    }
    print_stages();
    print_small();
    let deep = families::nested_blocks(DEEP);
    let seconds = wall_seconds_of(1, || {
        let parsed = parse(FileId(0), &deep, &mut Interner::default());
        assert!(parsed.diagnostics.iter().any(|report| report.code.0 == "E0106"), "too deep");
    });
    println!("P3: {DEEP} nested blocks, {:.1} MB: E0106 after {:.1} ms", megabytes(&deep), seconds * 1e3);
}

/// The parts of the way, for the family `mix`.
fn print_stages() {
    let text = text(family("mix"), SIZES[0]);
    let lexemes = lex(FileId(0), &text).lexemes;
    let lexing = rate(&text, || drop(black_box(lex(FileId(0), &text))));
    let laying = rate(&text, || drop(black_box(layout(FileId(0), &text, &lexemes))));
    println!("\nof `mix`: lexing {lexing:.0} MB/s, layout {laying:.0} MB/s");
}

/// P2: a file of 1 KB, in a program that has parsed before and in one that has not.
fn print_small() {
    let text = text(family("mix"), 1_000);
    let again = cpu_seconds_of(|| drop(black_box(read(&text))));
    let first = child(&["first"]);
    println!("P2: {} bytes: {:.1} µs, the first one of a process {first} µs", text.len(), again * 1e6);
}

fn print_first() {
    let text = text(family("mix"), 1_000);
    print!("{:.0}", wall_seconds_of(1, || drop(black_box(read(&text)))) * 1e6);
}

/// Peak memory of parsing beyond the text, in bytes per byte; in a process of its own.
fn print_memory(name: &str) {
    let text = text(family(name), SIZES[1]);
    let before = peak_kilobytes();
    black_box(read(&text));
    print!("{:.1}", (peak_kilobytes() - before) * 1024.0 / (megabytes(&text) * 1e6));
}

/// What this program prints with these arguments.
fn child(arguments: &[&str]) -> String {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = std::process::Command::new(program).args(arguments).output().expect("this program starts");
    String::from_utf8(output.stdout).expect("it prints numbers")
}

fn rate(text: &str, run: impl FnMut()) -> f64 {
    megabytes(text) / cpu_seconds_of(run)
}

fn megabytes(text: &str) -> f64 {
    f64::from(u32::try_from(text.len()).expect("a text of a few megabytes")) / 1e6
}
