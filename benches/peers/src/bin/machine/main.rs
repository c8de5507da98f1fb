//! The machine beside its peers (V1–V5): `benches/peers/run.sh` builds this and prints the tables.
//!
//! Every row is A B A B …, CPU time; the ratio is the median of the ratios of the pairs. `A` is Tell's machine: round
//! semantics `Canonical`, quantum 256, `Cooperative` with slice 256, verified image, run-time checks on, trace off. The
//! peers are in [`reference`], [`channels`] and, as programs of their own, [`programs`]. What cannot be had is said.

use tell_compiler::pipeline;
use tell_compiler::project::Limits;
use tell_compiler::sources::{NoModule, Source, Sources, Wanted, of_library};
use tell_vm::ir::image::CodeImage;
use tell_vm::ir::verify::verify;
use tell_vm::{ImageId, Retention, RunEnd, VM, VMConfig};

mod channels;
#[path = "../../../../../vm/benches/machine/images.rs"]
#[expect(dead_code, reason = "the bench of the machine uses all of it")]
mod images;
#[path = "../../../../../vm/benches/machine/measure.rs"]
#[expect(dead_code, reason = "the bench of the machine uses all of it")]
mod measure;
mod programs;
mod reference;

use measure::{alternate, cpu_nanoseconds_of, head, line};

/// Messages of Tell in one measurement.
const MESSAGES: u64 = 5_000_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some("memory") = words.first().map(String::as_str) {
        return println!("{}", reference::memory());
    }
    let wanted = |id: &str| words.is_empty() || words.iter().any(|word| word == id);
    head(&["row", "peer", "what", "Tell: configuration, instructions", "Tell, ns", "peer, ns", "peer : Tell", "goal"]);
    if wanted("V1") {
        against_the_reference();
    }
    if wanted("V2") {
        let peer = || channels::crossbeam(MESSAGES);
        row(["V2", "crossbeam-channel", "ping-pong over two bounded channels, one thread", "≥ 0.5"], ping_pong, peer);
    }
    if wanted("V3") {
        let peer = || channels::tokio(MESSAGES / 5);
        row(["V3", "tokio", "ping-pong of two tasks, current-thread runtime", "≥ 3"], ping_pong, peer);
        let peer = || channels::rumpsteak(MESSAGES / 5);
        row(["V3", "rumpsteak 0.1.0", "ping-pong of two roles, `block_on`", "≥ 1.5"], ping_pong, peer);
    }
    if wanted("V4") {
        against_erlang();
    }
    if wanted("V5") {
        against_lua();
    }
    if wanted("V7") {
        println!("\nThe reference needs {:.0} B per open session of two roles (V7).", measure::child(&["memory"]));
    }
}

/// What Tell takes for a unit of work, and how many instructions that is.
struct Tell {
    nanoseconds: Box<dyn FnMut() -> f64>,
    instructions: String,
}

/// Prints a row: id, peer, what, goal.
fn row([id, peer, what, goal]: [&str; 4], ours: impl Fn() -> Tell, theirs: impl FnMut() -> f64) {
    let Tell { nanoseconds, instructions } = ours();
    let pair = alternate(nanoseconds, theirs);
    let [a, b, ratio] = [pair.a, pair.b, pair.ratio].map(figure);
    line(&[id, peer, what, &instructions, &a, &b, &ratio, goal]);
}

/// Three digits, at least.
fn figure(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn config(quantum: u32) -> VMConfig {
    VMConfig { quantum, trace: Retention::Off, ..VMConfig::default() }
}

fn machine(config: VMConfig, image: CodeImage) -> (VM, ImageId) {
    let mut vm = VM::new(config).expect("the configuration is right");
    let image = verify(image).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    let image = vm.load_choreography(image).expect("it uses no effect");
    (vm, image)
}

/// CPU nanoseconds per unit of one session that goes on for ever, `per_unit` steps each.
fn endless(quantum: u32, image: CodeImage, per_unit: u64, unit: &str) -> Tell {
    let (mut vm, image) = machine(config(quantum), image);
    vm.open(image, &[]).expect("within the limits");
    let nanoseconds = move || {
        let steps = MESSAGES * per_unit;
        let (time, end) = cpu_nanoseconds_of(|| vm.run(steps, &mut || false));
        assert_eq!(end, RunEnd::StepLimit, "it goes on for ever");
        time / MESSAGES as f64
    };
    Tell { nanoseconds: Box::new(nanoseconds), instructions: format!("q {quantum}, {per_unit} per {unit}") }
}

fn ping_pong() -> Tell {
    endless(256, images::ping_pong(), 3, "message")
}

fn against_the_reference() {
    let programs = [
        (reference::compiled(), "ping-pong, code of its compiler"),
        (reference::same(), "ping-pong, code by hand, the same instructions"),
    ];
    for quantum in [256, 1] {
        for (image, what) in &programs {
            let ours = || endless(quantum, images::ping_pong(), 3, "message");
            row(["V1", "telltale-machine 17.0.0", what, "≥ 1500"], ours, || reference::message(image));
        }
    }
}

fn against_erlang() {
    let Some(erlang) = programs::Erlang::find() else {
        return println!(
            "\n**`erl` and `erlc` are not installed (Debian: `erlang-base`): the rows V4 are missing.**\n"
        );
    };
    let name = format!("Erlang/OTP {}, `+S1`", erlang.release);
    let row = |what: &str, ours: &dyn Fn() -> Tell, program: &str, count: u64| {
        row(["V4", &name, what, "≥ 6"], ours, || erlang.run(program, count));
    };
    row("ping-pong", &ping_pong, "ping", 1_000_000);
    row("ring of 100, 10 000 rounds", &|| endless(256, images::ring(100), 3, "message"), "ring", 10_000);
    row("10 000 sessions, 100 rounds", &|| ending(images::counted(100), 100, 10_000), "sessions", 10_000);
    row("ping-pong, `.tell`", &|| ending(compile(&counted(1_000_000)), 1_000_000, 1), "ping", 1_000_000);
    let sessions = || ending(compile(&counted(100)), 100, 10_000);
    row("10 000 sessions, 100 rounds, `.tell`", &sessions, "sessions", 10_000);
}

/// A program that plays so many rounds; one role counts, as in Erlang.
fn counted(rounds: u64) -> String {
    format!(
        "protocol PingPong(A, B) =
  var left at A : Int = {rounds}
  loop while (left > 0) by A
    A -> B : Ping(ball : Int = 7)
    B -> A : Pong(ball)
    left := left - 1
"
    )
}

/// CPU nanoseconds per message of sessions that are opened, play so many rounds and end.
fn ending(image: CodeImage, rounds: u64, sessions: u64) -> Tell {
    let messages = (2 * rounds * sessions) as f64;
    let steps = steps(&image) / (2 * rounds) as f64;
    let nanoseconds = move || {
        let (mut vm, image) = machine(config(256), image.clone());
        let work = || {
            for _ in 0..sessions {
                vm.open(image, &[]).expect("within the limits");
            }
            vm.run(u64::MAX, &mut || false)
        };
        let (time, end) = cpu_nanoseconds_of(work);
        assert_eq!(end, RunEnd::Done, "all sessions end");
        time / messages
    };
    Tell { nanoseconds: Box::new(nanoseconds), instructions: format!("q 256, {steps:.1} per message") }
}

/// Steps of a session from its beginning to its end.
fn steps(image: &CodeImage) -> f64 {
    let config = VMConfig { trace: Retention::Last(1), ..config(256) };
    let (mut vm, image) = machine(config, image.clone());
    vm.open(image, &[]).expect("within the limits");
    assert_eq!(vm.run(u64::MAX, &mut || false), RunEnd::Done, "it ends");
    vm.events().last().expect("the end is an event").tick as f64
}

/// The standard modules.
struct Std;

impl Sources for Std {
    fn own_name(&self, _: Option<&str>) -> Option<String> {
        None
    }

    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule> {
        of_library(tell_stdlib::sources(), wanted.name)
    }
}

fn compile(text: &str) -> CodeImage {
    let checked = pipeline::check("measured.tell", text, &Std, Limits::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    pipeline::build(&checked, None, Limits::default()).ok().expect("the program is right")
}

fn against_lua() {
    let Some(lua) = programs::Lua::find() else {
        return println!("\n**`lua5.4` is not installed (Debian: `lua5.4`): the row V5 is missing.**\n");
    };
    let ours = || endless(256, images::straight(&images::MIX, 1_000), 1, "instruction");
    let what = "an instruction of 1000 in a row: constant, copy, addition, jump in turn";
    row(["V5", &lua.version, what, "≥ 0.33"], ours, || lua.run(100_000));
}
