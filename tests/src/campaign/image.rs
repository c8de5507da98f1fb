//! Hostile images (G1, surface 2), damaged images (G2), unverified images (G3).
//!
//! Whatever the bytes, `decode`, `verify` and a run with fuel end in a verdict.

use super::{Report, Size};
use crate::flags::Flags;
use crate::host::{Inputs, MadeUp, Missing, Paper};
use crate::numbers::Numbers;
use crate::pieces::change;
use crate::program::build;
use crate::run::{Setup, run};
use crate::value::made_up;
use crate::{files, knockout, root, text_of};
use std::fmt::Write;
use tell_ir::codec::{decode, encode, reseal};
use tell_ir::image::CodeImage;
use tell_ir::verify::verify;
use tell_vm::{Limits, Retention, SessionId, VM, VMConfig, Value};

/// Steps a hostile image may take.
const FUEL: u64 = 2_000;

/// Faults that mean that the verifier let something through that the machine had to stop. A component that is not there
/// is none of them: how long a list is, no type says.
pub const SHAPE_FAULTS: [&str; 7] = [
    "vm.fault.type_violation",
    "vm.fault.out_of_registers",
    "vm.fault.pc_out_of_bounds",
    "vm.fault.missing_entry",
    "vm.fault.misplaced",
    "vm.fault.transfer",
    "vm.fault.close",
];

/// Bytes to verdict: the surface that is fuzzed.
///
/// # Errors
/// A fault that a verified image cannot raise.
pub fn surface(bytes: &[u8]) -> Result<&'static str, String> {
    let Ok(image) = decode(bytes) else { return Ok("no image") };
    if verify(image.clone()).is_err() {
        return Ok("rejected");
    }
    let setup = Setup { missing: Missing::MakesUp, max_steps: FUEL, trace: Retention::Last(16), ..Setup::default() };
    match run(image, &Flags::default(), setup) {
        Err(_) => Ok("refused"),
        Ok(ran) => match ran.fault() {
            None => Ok("ran"),
            Some(fault) if SHAPE_FAULTS.contains(&fault) => Err(format!("a verified image: {}", ran.ending())),
            Some(_) => Ok("faulted"),
        },
    }
}

/// The bytes, to make a case again.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String succeeds");
        text
    })
}

/// The images of the examples, with their names.
///
/// # Panics
/// If one does not build.
#[must_use]
pub fn examples() -> Vec<(String, CodeImage)> {
    let image = |path: std::path::PathBuf| {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let image = build(&name, &text_of(&path)).expect("the examples build");
        (name, image)
    };
    files(&root().join("examples"), "tell").into_iter().map(image).collect()
}

/// Most instructions of an image that is changed.
const SMALL: usize = 1_000;

/// The examples, and small images of everything that has no syntax: sessions, guards, speculation, lossy edges.
fn bases() -> Vec<(String, CodeImage)> {
    let is_small =
        |image: &CodeImage| image.functions.iter().map(|function| function.code.len()).sum::<usize>() <= SMALL;
    let small = knockout::rows().into_iter().filter(|row| is_small(&row.good));
    examples().into_iter().chain(small.map(|row| (row.rule, row.good))).collect()
}

/// G1, surface 2: spliced, substituted and random bytes, changed tables.
#[must_use]
pub fn hostile(size: Size) -> Report {
    let mut report = Report::default();
    let mut numbers = Numbers::new(2);
    let bases = bases();
    let all: Vec<Vec<u8>> = bases.iter().map(|(_, image)| encode(image)).collect();
    for _ in 0..size.of(100_000, 10_000_000) {
        let bytes = match numbers.below(8) {
            0..=2 => spliced(&all, &mut numbers),
            3 => random(&all[0], &mut numbers),
            _ => {
                let mut image = numbers.pick(&bases).1.clone();
                for _ in 0..=numbers.below(2) {
                    change(&mut image, &mut numbers);
                }
                encode(&image)
            }
        };
        report.case(|| surface(&bytes), || hex(&bytes));
    }
    report
}

fn spliced(all: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = numbers.pick(all).clone();
    match numbers.below(4) {
        0 => {
            let other = numbers.pick(all);
            let (from, to) = (numbers.below(other.len()), numbers.below(bytes.len()));
            let len = (1 + numbers.below(40)).min(other.len() - from).min(bytes.len() - to);
            bytes[to..to + len].copy_from_slice(&other[from..from + len]);
        }
        1 => {
            let at = numbers.below(bytes.len());
            bytes.insert(at, numbers.word() as u8);
        }
        _ => {
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(bytes.len());
                bytes[at] = numbers.word() as u8;
            }
        }
    }
    reseal(&mut bytes);
    bytes
}

/// Random bytes, half of them behind the header of an image.
fn random(image: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let len = numbers.below(600);
    let mut bytes: Vec<u8> = (0..len).map(|_| numbers.word() as u8).collect();
    if numbers.percent(50) {
        bytes.splice(0..0, image[..180].iter().copied());
    }
    reseal(&mut bytes);
    bytes
}

/// G2: every bit flipped, every length, every byte replaced by every other; as it is and with the seals renewed.
#[must_use]
pub fn damaged(size: Size) -> Report {
    let mut report = Report::default();
    let mut numbers = Numbers::new(1);
    for (name, image) in examples() {
        let bytes = encode(&image);
        for len in 0..bytes.len() {
            damage(&mut report, &name, bytes[..len].to_vec());
        }
        for bit in 0..8 * bytes.len() {
            if size == Size::Full || numbers.below(16) == 0 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                damage(&mut report, &name, flipped);
            }
        }
        for at in 0..bytes.len() {
            let values: Vec<u8> = match size {
                Size::Sample => vec![numbers.word() as u8],
                Size::Full => (0..=255).collect(),
            };
            for value in values.into_iter().filter(|value| *value != bytes[at]) {
                let mut replaced = bytes.clone();
                replaced[at] = value;
                damage(&mut report, &name, replaced);
            }
        }
    }
    report
}

/// Damaged bytes are no image; with new seals anything goes but a wrong run.
fn damage(report: &mut Report, name: &str, mut bytes: Vec<u8>) {
    let as_is = || match surface(&bytes)? {
        "no image" => Ok("noticed"),
        verdict => Err(format!("damaged, and still {verdict}")),
    };
    report.case(as_is, || format!("{name}: {}", hex(&bytes)));
    reseal(&mut bytes);
    report.case(|| surface(&bytes), || format!("{name}, resealed: {}", hex(&bytes)));
}

/// G3 with all rules masked: images that no verifier has seen.
#[must_use]
pub fn unverified(size: Size) -> Report {
    let mut report = Report::default();
    let mut numbers = Numbers::new(5);
    let bases = bases();
    for _ in 0..size.of(20_000, 1_000_000) {
        let (name, image) = numbers.pick(&bases);
        let mut image = image.clone();
        for _ in 0..=numbers.below(12) {
            change(&mut image, &mut numbers);
        }
        let case = || format!("{name}: {}", hex(&encode(&image)));
        report.case(|| Ok(run_unverified(image.clone())), case);
    }
    report
}

/// Runs an image as it is.
#[must_use]
pub fn run_unverified(image: CodeImage) -> &'static str {
    let limits = Limits { value_size: 10_000, ..Limits::default() };
    let config = VMConfig { quantum: 64, trace: Retention::Last(16), limits, ..VMConfig::default() };
    let Some((mut machine, session)) = open_unverified(config, image) else { return "refused" };
    machine.run(FUEL, &mut || false);
    match machine.take_report(&session) {
        None => "ran",
        Some(report) if report.end == tell_vm::SessionEnd::Closed => "ran",
        Some(_) => "faulted",
    }
}

/// A session of an image that no verifier has seen, unless the machine refuses it.
#[must_use]
pub fn open_unverified(config: VMConfig, image: CodeImage) -> Option<(VM, SessionId)> {
    let mut machine = VM::new(config).ok()?;
    let inputs = Inputs::new(&Flags::default(), Missing::MakesUp);
    tell_stdlib::install(&mut machine, Paper::default(), inputs);
    for effect in &image.effects {
        if !machine.has_handler(&effect.name) {
            machine.install(effect.name.as_str(), MadeUp(Numbers::new(7)));
        }
    }
    let (mut numbers, types) = (Numbers::new(7), image.types.clone());
    let mut value = |ty| made_up(ty, &types, &mut numbers).unwrap_or_default();
    let args: Vec<Vec<Value>> =
        image.roles.iter().map(|role| role.params.iter().map(|param| value(param.ty)).collect()).collect();
    let id = machine.load_unverified(image).ok()?;
    let session = machine.open(id, &args).ok()?;
    Some((machine, session))
}
