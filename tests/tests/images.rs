//! Hostile images: whatever the bytes, `decode`, `verify` and a run with fuel end in a verdict, without a panic.
//!
//! The cases start from the images of the examples and are a function of the seed; together they are more than 10^5.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use tell_ir::codec::{decode, encode, reseal};
use tell_ir::image::CodeImage;
use tell_ir::machine::{State, StateId};
use tell_ir::ty::TypeId;
use tell_ir::verify::verify;
use tell_tests::flags::Flags;
use tell_tests::host::Missing;
use tell_tests::numbers::Numbers;
use tell_tests::program::build;
use tell_tests::run::{Setup, run};
use tell_tests::{files, root, text_of};
use tell_vm::Retention;

/// Steps a hostile image may take.
const FUEL: u64 = 2_000;

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    NoImage,
    Rejected,
    Refused,
    Ran,
    Faulted,
}

/// How often each outcome was seen.
#[derive(Debug, Default)]
struct Tally([usize; 5]);

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    fn of(&self, outcome: Outcome) -> usize {
        self.0[outcome as usize]
    }

    fn print(&self, what: &str) {
        let [no_image, rejected, refused, ran, faulted] = self.0;
        println!("{what}: {no_image} no image, {rejected} rejected, {refused} refused, {ran} ran, {faulted} faulted");
    }
}

/// Faults that mean that the verifier let something through that the machine had to stop. A component that is not there
/// is none of them: how long a list is, no type says.
const SHAPE_FAULTS: [&str; 4] =
    ["vm.fault.type_violation", "vm.fault.out_of_registers", "vm.fault.pc_out_of_bounds", "vm.fault.missing_entry"];

/// Bytes to verdict; the surface that is fuzzed.
fn surface(bytes: &[u8]) -> Outcome {
    let Ok(image) = decode(bytes) else { return Outcome::NoImage };
    if verify(image.clone()).is_err() {
        return Outcome::Rejected;
    }
    let setup = Setup { missing: Missing::MakesUp, max_steps: FUEL, trace: Retention::Last(16), ..Setup::default() };
    match run(image, &Flags::default(), setup) {
        Err(_) => Outcome::Refused,
        Ok(ran) => match ran.fault() {
            None => Outcome::Ran,
            Some(fault) => {
                assert!(!SHAPE_FAULTS.contains(&fault), "a verified image: {}", ran.ending());
                Outcome::Faulted
            }
        },
    }
}

/// The verdict, or a failure that says how to make the case again.
#[track_caller]
fn survives(bytes: &[u8], case: &str) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| surface(bytes)));
    outcome.unwrap_or_else(|_| panic!("{case}: a panic; {} bytes: {}", bytes.len(), hex(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The images of the examples.
fn images() -> Vec<(String, CodeImage)> {
    let image = |path: std::path::PathBuf| {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let image = build(&name, &text_of(&path)).expect("the examples build");
        (name, image)
    };
    files(&root().join("examples"), "tell").into_iter().map(image).collect()
}

#[test]
fn examples_survive_their_file_format() {
    for (name, image) in images() {
        let bytes = encode(&image);
        assert_eq!(decode(&bytes).as_ref(), Ok(&image), "{name}");
        assert_eq!(encode(&decode(&bytes).expect("it decodes")), bytes, "{name}");
        assert!(matches!(survives(&bytes, &name), Outcome::Ran | Outcome::Faulted), "{name}");
    }
}

#[test]
fn truncated_images_are_no_images() {
    let mut tally = Tally::default();
    for (name, image) in images() {
        let bytes = encode(&image);
        for len in 0..bytes.len() {
            let mut cut = bytes[..len].to_vec();
            assert_eq!(survives(&cut, &name), Outcome::NoImage, "{name}, {len} bytes");
            reseal(&mut cut);
            tally.add(survives(&cut, &format!("{name}, {len} bytes, resealed")));
        }
    }
    tally.print("truncated");
    assert_eq!(tally.of(Outcome::Ran), 0);
}

#[test]
fn flipped_bits_are_noticed() {
    let mut numbers = Numbers::new(1);
    let mut tally = Tally::default();
    for (name, image) in images() {
        let bytes = encode(&image);
        for _ in 0..3_000 {
            let bit = numbers.below(8 * bytes.len());
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(survives(&damaged, &name), Outcome::NoImage, "{name}, bit {bit}");
            reseal(&mut damaged);
            tally.add(survives(&damaged, &format!("{name}, bit {bit}, resealed")));
        }
    }
    tally.print("flipped");
    assert!(tally.of(Outcome::Rejected) > 1_000 && tally.of(Outcome::Ran) > 100, "{tally:?}");
}

#[test]
fn substituted_and_spliced_bytes_are_harmless() {
    let mut numbers = Numbers::new(2);
    let mut tally = Tally::default();
    let all: Vec<Vec<u8>> = images().iter().map(|(_, image)| encode(image)).collect();
    for case in 0..30_000 {
        let mut bytes = numbers.pick(&all).clone();
        match numbers.below(4) {
            0 => {
                let other = numbers.pick(&all);
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
        tally.add(survives(&bytes, &format!("case {case}")));
    }
    tally.print("substituted");
    assert!(tally.of(Outcome::Rejected) > 1_000, "{tally:?}");
}

#[test]
fn random_bytes_are_no_image() {
    let mut numbers = Numbers::new(3);
    let head = encode(&images()[0].1)[..156].to_vec();
    for case in 0..20_000 {
        let len = numbers.below(600);
        let mut bytes: Vec<u8> = (0..len).map(|_| numbers.word() as u8).collect();
        if case % 2 == 0 {
            bytes.splice(0..0, head.iter().copied());
        }
        reseal(&mut bytes);
        assert_ne!(survives(&bytes, &format!("case {case}")), Outcome::Ran);
    }
}

#[test]
fn changed_tables_are_rejected_or_harmless() {
    let mut numbers = Numbers::new(4);
    let mut tally = Tally::default();
    let all = images();
    for case in 0..40_000 {
        let mut image = numbers.pick(&all).1.clone();
        for _ in 0..=numbers.below(2) {
            mutate(&mut image, &mut numbers);
        }
        tally.add(survives(&encode(&image), &format!("case {case}")));
    }
    tally.print("changed");
    assert_eq!(tally.of(Outcome::NoImage), 0, "an image that was encoded decodes");
    assert!(tally.of(Outcome::Rejected) > 1_000 && tally.of(Outcome::Ran) > 100, "{tally:?}");
}

/// Changes one thing that the format allows.
fn mutate(image: &mut CodeImage, numbers: &mut Numbers) {
    let role = numbers.below(image.functions.len());
    let type_count = image.types.len();
    match numbers.below(12) {
        0..=2 => mutate_code(image, role, numbers),
        3 => mutate_machine(image, role, numbers),
        4 => {
            let regs = &mut image.functions[role].regs;
            if !regs.is_empty() {
                let at = numbers.below(regs.len());
                regs[at] = TypeId(numbers.below(type_count) as u32);
            }
        }
        5 => {
            let states = image.machines[role].states.len();
            let blocks = &mut image.functions[role].blocks;
            let at = numbers.below(blocks.len());
            blocks[at].state = StateId(numbers.below(states) as u32);
        }
        6 => {
            let function = &mut image.functions[role];
            if let Some(table) = function.chooses.first_mut() {
                let at = numbers.below(table.rows.len());
                match numbers.below(3) {
                    0 if table.rows.len() > 1 => drop(table.rows.remove(at)),
                    1 => table.finals = if table.finals.is_some() { None } else { Some(0) },
                    _ => table.rows[at].target = numbers.pick(&function.blocks).pc,
                }
            }
        }
        7 => {
            let labels = &mut image.labels;
            let at = numbers.below(labels.len());
            labels[at].payload = TypeId(numbers.below(type_count) as u32);
        }
        8 => {
            let function = &mut image.functions[role];
            if let Some(table) = function.switches.first_mut() {
                let at = numbers.below(table.len());
                table[at] = numbers.pick(&function.blocks).pc;
            }
        }
        9 => {
            let other = numbers.below(image.functions.len());
            image.functions.swap(role, other);
        }
        10 => {
            let edge = numbers.below(image.edges.len());
            image.edges.remove(edge);
        }
        _ => {
            let finals = &mut image.functions[role].finals;
            if let Some(value) = finals.iter_mut().flatten().next() {
                value.reg = numbers.below(20) as u16;
            }
        }
    }
}

fn mutate_code(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let from = numbers.below(image.functions.len());
    let other = *numbers.pick(&image.functions[from].code);
    let code = &mut image.functions[role].code;
    let (a, b) = (numbers.below(code.len()), numbers.below(code.len()));
    match numbers.below(4) {
        0 => code.swap(a, b),
        1 => drop(code.remove(a)),
        2 => code.insert(a, other),
        _ => code[a] = other,
    }
}

fn mutate_machine(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let states = &mut image.machines[role].states;
    let (at, count) = (numbers.below(states.len()), states.len());
    match &mut states[at] {
        State::Send(rows) | State::Recv { rows, .. } => {
            let row = numbers.below(rows.len());
            match numbers.below(3) {
                0 if rows.len() > 1 => drop(rows.remove(row)),
                1 => rows[row].target = StateId(numbers.below(count) as u32),
                _ => rows[row].label ^= 1,
            }
        }
        State::Tau(next) => next.push(StateId(numbers.below(count) as u32)),
        State::End | State::Par { .. } | State::Scope { .. } | State::Join => {
            states[at] = State::Tau(vec![StateId(numbers.below(count) as u32)])
        }
    }
}
