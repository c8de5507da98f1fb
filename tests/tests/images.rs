//! Broken images: whatever bytes arrive, they are refused by rule or run inside the machine's checks.
//!
//! 100 000 cases on the images of the examples: cut, with bits flipped, with bytes replaced, as they are and with
//! their checksums made right again, and plain random bytes. None may panic or run without end.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use tell_ir::codec::{decode, encode, reseal};
use tell_ir::verify::verify;
use tell_tests::flags::Flags;
use tell_tests::host::Missing;
use tell_tests::numbers::Numbers;
use tell_tests::program::build;
use tell_tests::run::{Setup, run};
use tell_tests::{files, root, text_of};
use tell_vm::Retention;

const CASES: usize = 100_000;

/// Steps a broken image that is accepted may make.
const FUEL: u64 = 2_000;

/// What became of some bytes.
fn outcome(bytes: &[u8]) -> String {
    let image = match decode(bytes) {
        Ok(image) => image,
        Err(error) => return error.rule.to_owned(),
    };
    if let Err(error) = verify(image.clone()) {
        return error.rule.to_owned();
    }
    let setup = Setup { edge_capacity: 2, trace: Retention::Off, missing: Missing::MakesUp, max_steps: FUEL };
    match run(image, &Flags::default(), setup) {
        Ok(ran) => format!("ran: {}", ran.fault().unwrap_or("no fault")),
        Err(_) => "not loaded".to_owned(),
    }
}

fn broken(image: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = image.to_vec();
    match numbers.below(5) {
        0 => bytes.truncate(numbers.below(bytes.len())),
        1 => {
            let at = numbers.below(bytes.len());
            bytes[at] ^= 1 << numbers.below(8);
        }
        2 => return (0..numbers.below(400)).map(|_| byte(numbers)).collect(),
        3 => {
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(bytes.len());
                bytes[at] = byte(numbers);
            }
            reseal(&mut bytes);
        }
        _ => {
            for _ in 0..=numbers.below(2) {
                let at = numbers.below(bytes.len());
                bytes[at] = bytes[at].wrapping_add(1);
            }
            reseal(&mut bytes);
        }
    }
    bytes
}

fn byte(numbers: &mut Numbers) -> u8 {
    u8::try_from(numbers.below(256)).expect("below 256")
}

#[test]
fn broken_images_are_refused_or_run_inside_the_checks() {
    let examples = files(&root().join("examples"), "tell");
    let images: Vec<Vec<u8>> = examples
        .iter()
        .map(|path| {
            encode(&build("example.tell", &text_of(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    let mut numbers = Numbers::new(1);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for case in 0..CASES {
        let chosen = numbers.below(images.len());
        let bytes = broken(&images[chosen], &mut numbers);
        let outcome = catch_unwind(|| outcome(&bytes));
        let outcome = outcome.unwrap_or_else(|_| panic!("case {case}, an image of {}", examples[chosen].display()));
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:#?}");
    let families = ["V1.", "V2.", "V3.", "V5.", "ran: "];
    for family in families {
        assert!(outcomes.keys().any(|outcome| outcome.starts_with(family)), "no case reached {family}");
    }
}

#[test]
fn decoding_an_encoded_example_gives_it_back() {
    for path in files(&root().join("examples"), "tell") {
        let image = build("example.tell", &text_of(&path)).expect("examples compile");
        let bytes = encode(&image);
        assert_eq!(decode(&bytes).as_ref(), Ok(&image), "{}", path.display());
        let again = build("example.tell", &text_of(&path)).expect("examples compile");
        assert_eq!(bytes, encode(&again), "{} compiles to the same bytes twice", path.display());
    }
}
