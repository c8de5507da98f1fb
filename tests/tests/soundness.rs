//! The projection is sound and, without `par`, complete: generated types and their mutants, shown with the explorer; and
//! what share of rejected types comes with a repair.

use tell_ir::global::GlobalType;
use tell_tests::globals::{Shape, global, with};
use tell_tests::soundness::{Effort, Tally, examine_all};

/// Every hundredth type is looked at thoroughly.
fn effort(seed: u64) -> Effort {
    if seed % 100 == 0 { Effort::LARGE } else { Effort::SMALL }
}

fn examined(seeds: u64, make: impl Fn(u64) -> GlobalType + Sync) -> Tally {
    let tally = examine_all(0..seeds, make, effort);
    println!("{}", tally.shown());
    assert!(
        tally.wrong.is_empty(),
        "{} of {seeds}:\n{}",
        tally.wrong.len(),
        tally.wrong[..tally.wrong.len().min(5)].join("\n")
    );
    tally
}

#[test]
fn core_types_are_accepted_exactly_if_they_can_be_carried_out() {
    let found = examined(60_000, global);
    assert!(found.of("accepted") > 30_000 && found.of("rejected") > 15_000);
}

#[test]
fn types_with_choice_are_accepted_exactly_if_they_can_be_carried_out() {
    let found = examined(20_000, |seed| with(seed, Shape { choice: true, par: false }));
    assert!(found.of("accepted") > 10_000 && found.of("rejected") > 5_000);
}

#[test]
fn accepted_types_with_par_can_be_carried_out() {
    let found = examined(20_000, |seed| with(seed, Shape { choice: seed % 2 == 0, par: true }));
    assert!(found.of("accepted") > 7_000);
}
