//! Rules V6 of what the compiler makes, and of what `tests/src/forge.rs` forges.

use super::{PROJECTION, Tally, cases, generated as programs};
use tell_ir::image::CodeImage;
use tell_tests::forge::base::{generated, rejected, written};
use tell_tests::forge::{derive, graph, machines};
use tell_tests::numbers::Numbers;
use tell_tests::pieces::change_choreography;

/// Images of programs people wrote and of generated types.
fn bases() -> Vec<CodeImage> {
    let written = written().into_iter().map(|(_, image)| image);
    let images: Vec<CodeImage> = written.chain((0..2_500).filter_map(generated)).chain(programs(0..500)).collect();
    assert!(images.len() > 1_500, "{}", images.len());
    // Messages have to have labels.
    images.into_iter().filter(|image| !image.labels.is_empty()).collect()
}

#[test]
fn projections_are_accepted_by_both() {
    for (name, image) in written() {
        PROJECTION.is_accepted_by_both(&image, &name);
    }
    for (seed, image) in programs(0..500).enumerate() {
        PROJECTION.is_accepted_by_both(&image, &format!("program {seed}"));
    }
    for seed in 0..2_500 {
        if let Some(image) = generated(seed) {
            PROJECTION.is_accepted_by_both(&image, &format!("type {seed}"));
        }
    }
}

#[test]
fn changed_machines() {
    let bases = bases();
    let mut tally = Tally::new(PROJECTION);
    let mut numbers = Numbers::new(11);
    for _ in 0..cases(25) {
        let mut image = numbers.pick(&bases).clone();
        for _ in 0..*numbers.pick(&[1, 1, 2, 3]) {
            machines::change(&mut image, &bases, &mut numbers);
        }
        tally.add(image);
    }
    tally.settle("machines");
}

#[test]
fn machines_of_changed_choreographies() {
    let bases = bases();
    let mut tally = Tally::new(PROJECTION);
    let mut numbers = Numbers::new(12);
    for _ in 0..cases(20) {
        let mut image = numbers.pick(&bases).clone();
        for _ in 0..*numbers.pick(&[1, 1, 2, 3, 4]) {
            graph::change(&mut image, &mut numbers);
        }
        // Without machines of its own it keeps those it had.
        tally.add(derive(&image, &mut numbers).unwrap_or(image));
    }
    tally.settle("choreographies");
}

#[test]
fn choreographies_changed_alone() {
    let bases = bases();
    let mut tally = Tally::new(PROJECTION);
    let mut numbers = Numbers::new(14);
    for _ in 0..cases(25) {
        let mut image = numbers.pick(&bases).clone();
        for _ in 0..*numbers.pick(&[1, 1, 1, 2, 3]) {
            change_choreography(&mut image, &mut numbers);
        }
        tally.add(image);
    }
    tally.settle("alone");
}

#[test]
fn machines_of_rejected_types() {
    let mut tally = Tally::new(PROJECTION);
    let mut numbers = Numbers::new(13);
    for bare in (0..cases(3) as u64).filter_map(rejected) {
        for _ in 0..3 {
            tally.add(derive(&bare, &mut numbers).unwrap_or_else(|| bare.clone()));
        }
    }
    tally.settle("rejected");
}
