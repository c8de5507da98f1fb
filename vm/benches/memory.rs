//! What a machine keeps: `cargo bench -p tell-vm --bench memory`. Bytes of sessions and of events (V7, V8), and what it
//! costs to write a trace to a file. Prints a table, asserts nothing.
//!
//! Ping-pong of two roles, quantum 256, cooperative, verified image, run-time checks on. CPU time; a ratio is the median
//! of the ratios of pairs A B A B …. Memory is what the process has more, in a process of its own.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time and memory, and writes a trace")]

use std::fs::{File, read_to_string};
use std::io::{BufWriter, Write};
use std::path::Path;
use tell_vm::ir::image::{Block, CodeImage, Const, Edge, Function, Label, Role};
use tell_vm::ir::instr::Instr;
use tell_vm::ir::machine::{LocalMachine, State, StateId, Transition};
use tell_vm::ir::ty::{Type, TypeId};
use tell_vm::ir::verify::verify;
use tell_vm::trace::stream::{Decoder, Encoder, Frame, Step};
use tell_vm::{BatchView, ImageId, Retention, RunEnd, SinkError, VM, VMConfig};

/// Pairs of measurements of a ratio.
const PAIRS: usize = 7;

/// Sessions where there are many.
const MANY: u32 = 100_000;

/// A send, a receive and a jump.
const STEPS: u64 = 3;

/// Messages of a run whose events are written.
const MESSAGES: u64 = 1_000_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("opened") => println!("{}", memory_of_sessions(0)),
        Some("run") => println!("{}", memory_of_sessions(256)),
        Some("events") => println!("{}", memory_of_events()),
        Some("written") => println!("{}", memory_of_writing(&words[1])),
        _ => table(),
    }
}

fn table() {
    println!("open session: {} B, after 85 messages each: {} B", child(&["opened"]), child(&["run"]));
    println!("event kept in memory, of 10^7: {} B", child(&["events"]));
    let folder = std::env::temp_dir();
    let file = folder.join("tell-memory-bench.tellt");
    let name = file.to_str().expect("a folder for temporary files has a name in UTF-8");
    for (what, trace, file) in [
        ("kept in memory", Retention::All, None),
        ("the last 1000", Retention::Last(1000), None),
        ("written to a file", Retention::Sink, Some(file.as_path())),
        ("encoded only", Retention::Sink, None),
    ] {
        let pairs = (0..PAIRS).map(|_| (traced(Retention::Off, None), traced(trace, file)));
        let pairs: Vec<(f64, f64)> = pairs.collect();
        let (off, on) = (median(pairs.iter().map(|pair| pair.0)), median(pairs.iter().map(|pair| pair.1)));
        let ratio = median(pairs.iter().map(|pair| pair.1 / pair.0));
        println!("message, events {what} : off = {on:.1} : {off:.1} ns = {ratio:.2}");
    }
    let bytes = file.metadata().expect("it was written").len() as f64;
    println!("event in a file: {:.1} B", bytes / (2 * MESSAGES) as f64);
    println!("event read back from a file: {:.1} ns", median((0..PAIRS).map(|_| read_back(&file))));
    println!("memory while 10^7 events are written to a file: {:.1} MB", child(&["written", name]) / 1e6);
    std::fs::remove_file(&file).expect("it was written");
}

/// A machine with sessions of a ping-pong that goes on for ever.
fn machine(trace: Retention) -> VM {
    let config = VMConfig { quantum: 256, trace, ..VMConfig::default() };
    let mut vm = VM::new(config).expect("the configuration is right");
    let image = verify(image()).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    vm.load_choreography(image).expect("it uses no effect");
    vm
}

fn open(vm: &mut VM, sessions: u32) {
    for _ in 0..sessions {
        vm.open(ImageId(0), &[]).expect("within the limits");
    }
}

fn run(vm: &mut VM, steps: u64) {
    assert_eq!(vm.run(steps, &mut || false), RunEnd::StepLimit, "it goes on for ever");
}

/// CPU nanoseconds per message of a session whose events go there; a sink without a file counts the bytes.
fn traced(trace: Retention, file: Option<&Path>) -> f64 {
    let mut vm = machine(trace);
    if trace == Retention::Sink {
        vm.set_sink(writer(file)).expect("it is asked for");
    }
    open(&mut vm, 1);
    run(&mut vm, 1000);
    vm.take_events();
    let start = cpu_nanoseconds();
    run(&mut vm, MESSAGES * STEPS);
    drop(vm);
    (cpu_nanoseconds() - start) / MESSAGES as f64
}

/// A sink that writes to a file as `tellc run` does.
fn writer(file: Option<&Path>) -> impl FnMut(&BatchView<'_>) -> Result<(), SinkError> + 'static {
    let mut file = file.map(|path| BufWriter::new(File::create(path).expect("there is a place for it")));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    move |batch| {
        encoder.batch(batch, &mut bytes);
        let written = file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes));
        bytes.clear();
        written.map_err(|error| SinkError::new(error.to_string()))
    }
}

/// CPU nanoseconds per event to read a file.
fn read_back(file: &Path) -> f64 {
    let start = cpu_nanoseconds();
    let bytes = std::fs::read(file).expect("it was written");
    let (mut decoder, mut at, mut events) = (Decoder::default(), 0, 0_u64);
    while let Ok(Step::Frame(used, frame)) = decoder.step(&bytes[at..]) {
        at += used;
        if let Frame::Batch(batch) = frame {
            batch.for_each(|event| events += u64::from(event.is_ok()));
        }
    }
    (cpu_nanoseconds() - start) / events as f64
}

/// Bytes of each of many open sessions that made so many steps.
fn memory_of_sessions(steps: u64) -> f64 {
    let mut vm = machine(Retention::Off);
    open(&mut vm, 1);
    run(&mut vm, 1000);
    let before = resident_bytes();
    open(&mut vm, MANY);
    if steps > 0 {
        run(&mut vm, u64::from(MANY) * steps);
    }
    (resident_bytes() - before) / f64::from(MANY)
}

/// Bytes of an event that is kept.
fn memory_of_events() -> f64 {
    let mut vm = machine(Retention::All);
    open(&mut vm, 1);
    let before = resident_bytes();
    run(&mut vm, 5_000_000 * STEPS);
    (resident_bytes() - before) / vm.events().len() as f64
}

/// Bytes the process has more after it wrote many events to a file.
fn memory_of_writing(file: &str) -> f64 {
    let mut vm = machine(Retention::Sink);
    let before = resident_bytes();
    vm.set_sink(writer(Some(Path::new(file)))).expect("it is asked for");
    open(&mut vm, 1);
    run(&mut vm, 5_000_000 * STEPS);
    resident_bytes() - before
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU nanoseconds the first thread of this process has had, which Linux counts when it gives its processor away.
fn cpu_nanoseconds() -> f64 {
    std::thread::yield_now();
    let text = read_to_string("/proc/self/schedstat").expect("Linux counts the time of a process");
    text.split(' ').next().and_then(|word| word.parse().ok()).expect("its first number is the time")
}

/// Bytes of memory this process has.
fn resident_bytes() -> f64 {
    let text = read_to_string("/proc/self/status").expect("Linux counts the memory of a process");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line says how much it has");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("in kilobytes") * 1024.0
}

/// What this program prints with these arguments: a measurement in a process of its own.
fn child(arguments: &[&str]) -> f64 {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = std::process::Command::new(program).args(arguments).output().expect("this program starts");
    let text = String::from_utf8(output.stdout).expect("it prints a number");
    text.trim().parse().expect("it prints a number")
}

/// Two roles that play for ever.
fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let rows = |partner, target| vec![Transition { partner, label: 0, target: StateId(target) }];
    let recv = |partner, target| State::Recv { rows: rows(partner, target), may_end: false };
    let block = |pc, state| Block { pc, state: StateId(state) };
    let a = vec![
        Instr::Set { dst: 0, value: 0 },
        Instr::Send { to: 1, label: 0, val: 0 },
        Instr::Receive { from: 1, label: 0, dst: 0 },
        Instr::Jump { target: 1 },
    ];
    let b = vec![
        Instr::Receive { from: 0, label: 0, dst: 0 },
        Instr::Send { to: 0, label: 0, val: 0 },
        Instr::Jump { target: 0 },
    ];
    let function = |code, blocks| Function { regs: vec![TypeId(0)], code, blocks, ..Function::default() };
    CodeImage {
        protocol: "PingPong".to_owned(),
        roles: vec![role("A"), role("B")],
        labels: vec![Label { name: "Ball".to_owned(), payload: TypeId(0) }],
        types: vec![Type::Int],
        consts: vec![Const::Int(7)],
        functions: vec![
            function(a, vec![block(0, 0), block(1, 0), block(2, 1)]),
            function(b, vec![block(0, 0), block(1, 1)]),
        ],
        machines: vec![
            LocalMachine { states: vec![State::Send(rows(1, 1)), recv(1, 0)] },
            LocalMachine { states: vec![recv(0, 1), State::Send(rows(0, 0))] },
        ],
        edges: vec![Edge { from: 0, to: 1, bound: Some(1) }, Edge { from: 1, to: 0, bound: Some(1) }],
        ..CodeImage::default()
    }
}
