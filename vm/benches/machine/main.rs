//! Speed of the machine (V1–V11, L1): `cargo bench -p tell-vm --bench machine`, with ids only those rows (`… -- V1 V6`).
//!
//! Prints a table, asserts no time. CPU time; a ratio is the median of the ratios of [`measure::PAIRS`] pairs A B A B ….
//! Unless a row says otherwise: round semantics `Canonical`, quantum 256, `Cooperative` with slice 256, verified image,
//! run-time checks on, trace off. `images` makes the programs, `measure` has the clock. What other people's machines do
//! is measured in `benches/peers`.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time and memory, each in a process of its own")]

use std::hint::black_box;

use tell_vm::ir::codec::{decode, encode};
use tell_vm::ir::image::CodeImage;
use tell_vm::ir::verify::{check_code, verify};
use tell_vm::{EventKind, Retention, RunEnd, VM, VMConfig};

#[expect(dead_code, reason = "`counted` is for `benches/peers`")]
mod images;
mod measure;
mod stream;

use images::MIX;
use measure::{Pair, alternate, child, cpu_nanoseconds_of, head, line, resident_bytes, several};

/// Messages of a measurement.
const MESSAGES: u64 = 10_000_000;

/// Sessions where there are many.
const MANY: u32 = 100_000;

/// The usual configuration, and those of the rows on events.
const USUAL: &str = "q 256, slice 256, trace off";
const ALL: &str = "q 256, slice 256, all events";
const FILE: &str = "q 256, slice 256, events to a file";
const LAST_THOUSAND: &str = "q 256, slice 256, the last 1000 events";

/// A row: its id, and what prints its lines.
type Row = (&'static str, fn());

const ROWS: [Row; 8] = [
    ("V1", messages),
    ("V5", straight_line),
    ("V6", sessions),
    ("V7", opening),
    ("V8", traces),
    ("V9", width),
    ("V11", identity),
    ("L1", loading),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("memory") => println!("{}", memory_of_sessions(&words[1])),
        Some("open") => println!("{}", open(&images::ping_pong())),
        Some("events") => println!("{}", memory_of_events()),
        _ => {
            head(&["row", "what", "configuration", "instructions", "measured", "goal"]);
            for (id, print) in ROWS {
                if words.is_empty() || words.iter().any(|word| word == id) {
                    print();
                }
            }
        }
    }
}

fn config() -> VMConfig {
    VMConfig { quantum: 256, trace: Retention::Off, ..VMConfig::default() }
}

/// A machine in which that many sessions of the image are open.
fn machine(config: VMConfig, image: CodeImage, sessions: u32) -> VM {
    let mut vm = VM::new(config).expect("the configuration is right");
    let image = verify(image).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    let image = vm.load_choreography(image).expect("it uses no effect");
    for _ in 0..sessions {
        vm.open(image, &[]).expect("within the limits");
    }
    vm
}

/// Two times of a pair, the second one first, and their ratio.
fn ratio(pair: &Pair) -> String {
    format!("{:.1} : {:.1} ns = {:.2}", pair.b, pair.a, pair.ratio)
}

/// The instructions of an endless image for each message.
fn counted(image: &CodeImage) -> String {
    format!("{:.1} per message", steps_per_message(image))
}

/// Runs that many steps, of sessions that do not end.
fn run(vm: &mut VM, steps: u64) {
    assert_eq!(vm.run(steps, &mut || false), RunEnd::StepLimit, "they go on for ever");
}

/// Steps of an endless image for each message that is taken.
fn steps_per_message(image: &CodeImage) -> f64 {
    let mut vm = machine(VMConfig { trace: Retention::All, ..config() }, image.clone(), 1);
    run(&mut vm, 1_000);
    vm.take_events();
    run(&mut vm, 100_000);
    let taken = |kind: &EventKind| matches!(kind, EventKind::Received(_) | EventKind::Chose(_));
    100_000.0 / vm.events().filter(|event| taken(&event.kind)).count() as f64
}

/// CPU nanoseconds per message, once every session has had its turn.
fn message(config: &VMConfig, image: &CodeImage, sessions: u32) -> f64 {
    let steps = MESSAGES * steps_per_message(image).round() as u64;
    let mut vm = machine(config.clone(), image.clone(), sessions);
    run(&mut vm, u64::from(sessions) * 256);
    cpu_nanoseconds_of(|| run(&mut vm, steps)).0 / MESSAGES as f64
}

fn messages() {
    let image = images::ping_pong();
    for (quantum, shown) in [(256, USUAL), (1, "q 1, slice 256, trace off")] {
        let time = several(|| message(&VMConfig { quantum, ..config() }, &image, 1));
        let time = format!("{time:.1} ns per message");
        line(&["V1", "ping-pong of two roles", shown, &counted(&image), &time, "40 ns"]);
    }
}

fn straight_line() {
    const COUNT: u32 = 1_000;
    let names = ["`Set`", "`Move`", "`Prim` (add)", "`Jump`"];
    let kinds = MIX.chunks(1).zip(names).chain([(&MIX[..], "`Set` `Move` `Prim` `Jump` in turn")]);
    for (kinds, name) in kinds {
        let image = images::straight(kinds, COUNT);
        let time = several(|| {
            let mut vm = machine(config(), image.clone(), 1);
            run(&mut vm, 100_000);
            cpu_nanoseconds_of(|| run(&mut vm, 50_000_000)).0 / 50e6
        });
        let time = format!("{time:.2} ns each");
        line(&["V5", name, USUAL, "1000, a message, a `Jump` back", &time, "3 ns"]);
    }
}

fn sessions() {
    let image = images::ping_pong();
    for (quantum, shown, goal) in [(256, USUAL, "1.6"), (1, "q 1, slice 256, trace off", "")] {
        let config = VMConfig { quantum, ..config() };
        let pair = alternate(|| message(&config, &image, 1), || message(&config, &image, MANY));
        let what = "a message, 100 000 sessions : 1 session";
        line(&["V6", what, shown, &counted(&image), &ratio(&pair), goal]);
    }
}

/// CPU nanoseconds to open one of [`MANY`] sessions.
fn open(image: &CodeImage) -> f64 {
    let mut vm = machine(config(), image.clone(), 1);
    let first = tell_vm::ImageId(0);
    let all = || (0..MANY).for_each(|_| drop(black_box(vm.open(first, &[]))));
    cpu_nanoseconds_of(all).0 / f64::from(MANY)
}

fn opening() {
    let image = images::ping_pong();
    for (state, what) in [("opened", "memory of an open session of two roles"), ("run", "the same, after 85 messages")]
    {
        let bytes = format!("{:.0} B", child(&["memory", state]));
        line(&["V7", what, USUAL, "100 000 sessions, resident", &bytes, "512 B"]);
    }
    for (time, process) in [
        (several(|| child(&["open"])), "100 000 in a new process"),
        (several(|| open(&image)), "100 000 where as many were before"),
    ] {
        let time = format!("{:.2} µs", time / 1e3);
        line(&["V7", "opening a session of two roles", USUAL, process, &time, "0.5 µs"]);
    }
    let [small, large] = [10, 10_000].map(|count| images::straight(&MIX, count));
    let pair = alternate(|| open(&small), || open(&large));
    line(&["V7", "opening", USUAL, "10 000 : 10 per role", &ratio(&pair), "1.2"]);
}

/// Bytes of each of [`MANY`] open sessions; in a process of its own.
fn memory_of_sessions(state: &str) -> f64 {
    let mut vm = machine(config(), images::ping_pong(), 1);
    run(&mut vm, 1_000);
    let before = resident_bytes();
    let first = tell_vm::ImageId(0);
    for _ in 0..MANY {
        vm.open(first, &[]).expect("within the limits");
    }
    if state == "run" {
        run(&mut vm, u64::from(MANY) * 256);
    }
    (resident_bytes() - before) / f64::from(MANY)
}

/// CPU nanoseconds per message of a new session whose events are kept.
fn traced(trace: Retention, image: &CodeImage, messages: u64) -> f64 {
    let mut vm = machine(VMConfig { trace, ..config() }, image.clone(), 1);
    run(&mut vm, 1_000);
    vm.take_events();
    cpu_nanoseconds_of(|| run(&mut vm, 3 * messages)).0 / messages as f64
}

fn traces() {
    const SOME: u64 = 1_000_000;
    let image = images::ping_pong();
    let kept = [(Retention::All, ALL, "2.5"), (Retention::Last(1_000), LAST_THOUSAND, "1.3")];
    for (trace, shown, goal) in kept {
        let pair = alternate(|| traced(Retention::Off, &image, SOME), || traced(trace, &image, SOME));
        let what = "a message with two events : without";
        line(&["V8", what, shown, &counted(&image), &ratio(&pair), goal]);
    }
    written(&image, SOME);
    let bytes = format!("{:.1} B", child(&["events"]));
    line(&["V8", "memory of an event", ALL, "10^7 events, resident", &bytes, "32 B"]);
    for (few, many) in [((5, 50_000), (6, 500_000)), ((6, 500_000), (7, 5_000_000))] {
        let pair = alternate(|| traced(Retention::All, &image, few.1), || traced(Retention::All, &image, many.1));
        let what = format!("a message with two events, 10^{} : 10^{} events", many.0, few.0);
        line(&["V8", &what, ALL, &counted(&image), &ratio(&pair), "linear"]);
    }
}

fn written(image: &CodeImage, messages: u64) {
    let path = std::env::temp_dir().join("tell-machine-bench.tellt");
    let pair = alternate(|| traced(Retention::Off, image, messages), || stream::written(image, messages, &path));
    line(&["V8", "a message with two events : without", FILE, &counted(image), &ratio(&pair), "3"]);
    let bytes = path.metadata().expect("it was written").len() as f64 / (2 * messages) as f64;
    line(&["V8", "an event in a file", FILE, "", &format!("{bytes:.1} B"), ""]);
    let time = several(|| stream::read_back(&path));
    line(&["V8", "an event read from a file", FILE, "", &format!("{time:.1} ns"), ""]);
    std::fs::remove_file(&path).expect("it was written");
}

/// Bytes of an event that is kept; in a process of its own.
fn memory_of_events() -> f64 {
    const EVENTS: u64 = 10_000_000;
    let mut vm = machine(VMConfig { trace: Retention::All, ..config() }, images::ping_pong(), 1);
    let before = resident_bytes();
    run(&mut vm, EVENTS / 2 * 3);
    (resident_bytes() - before) / vm.events().len() as f64
}

fn width() {
    type Wide = fn(u16) -> CodeImage;
    let families: [(&str, Wide, u16, u16); 2] = [
        ("a message, choice among 64 labels : 2 labels", images::choice, 2, 64),
        ("a message, ring of 1000 roles : 10 roles", images::ring, 10, 1_000),
    ];
    for (what, image, few, many) in families {
        let [few, many] = [few, many].map(image);
        let pair = alternate(|| message(&config(), &few, 1), || message(&config(), &many, 1));
        line(&["V9", what, USUAL, &counted(&many), &ratio(&pair), "1.5"]);
    }
}

fn identity() {
    let image = images::ping_pong();
    let time = format!("{:.1} ns per message", several(|| message(&config(), &image, 1)));
    let what = "communication identity off, the only mode so far: V1";
    line(&["V11", what, USUAL, &counted(&image), &time, "40 ns"]);
}

/// CPU nanoseconds per instruction to decode and verify an image from outside, but for the rules V6.
fn load(bytes: &[u8]) -> f64 {
    let (mut time, mut instructions) = (0.0, 0);
    while instructions < 1_000_000 {
        let (nanoseconds, image) = cpu_nanoseconds_of(|| {
            let image = decode(bytes).expect("it was encoded");
            check_code(&image).expect("the image is right");
            image
        });
        instructions += image.functions.iter().map(|function| function.code.len()).sum::<usize>();
        time += nanoseconds;
    }
    time / instructions as f64
}

fn loading() {
    type Family = fn(u32) -> CodeImage;
    let families: [(&str, Family); 2] = [
        ("a chain of messages", |count| images::chain(count / 4)),
        ("`Set` `Move` `Prim` `Jump` in turn", |count| images::straight(&MIX, count / 2)),
    ];
    for (what, family) in families {
        let [small, large] = [10_000, 1_000_000].map(|count| encode(&family(count)));
        let pair = alternate(|| load(&small), || load(&large));
        let what = format!("decoding and verifying without V6, {what}");
        line(&["L1", &what, "", "10^6", &format!("{:.1} ns each", pair.b), "25 ns"]);
        line(&["L1", &what, "", "10^6 : 10^4", &ratio(&pair), "linear"]);
    }
}
