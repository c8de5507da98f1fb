//! Rules V6: what the compiler makes is accepted, and whatever is accepted, whoever made it, can be carried out.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests read the repository and print what they found"
)]

use tell_ir::image::CodeImage;
use tell_ir::verify::{check_projection, verify};
use tell_tests::forge::base::{self, generated, written};
use tell_tests::forge::{Judged, derive, goes_wrong, graph, judge, machines};
use tell_tests::generate;
use tell_tests::numbers::Numbers;
use tell_tests::program::build;

/// How many seeds a test looks at; `TELL_CASES` says otherwise.
fn cases(standard: u64) -> u64 {
    std::env::var("TELL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(standard)
}

#[test]
fn what_the_compiler_makes_is_accepted() {
    let written = written();
    assert!(written.len() > 250, "{}", written.len());
    for (name, image) in written {
        check_projection(&image).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let mut count = 0;
    for seed in 0..cases(3_000) {
        if let Some(image) = generated(seed) {
            count += 1;
            verify(image).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }
    assert!(count > 1_000, "{count}");
    for seed in 0..cases(300) {
        let image = build("generated.tell", &generate::program(seed).text).expect("it builds");
        verify(image).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[track_caller]
fn none_is_wrong(judged: &Judged, name: &str) {
    judged.print(name);
    assert!(
        judged.wrong.is_empty(),
        "{} of them:\n{}",
        judged.wrong.len(),
        judged.wrong[..judged.wrong.len().min(3)].join("\n")
    );
}

#[test]
fn changed_machines_are_refused_or_can_be_carried_out() {
    let mut bases: Vec<CodeImage> = written().into_iter().map(|(_, image)| image).collect();
    bases.extend((0..cases(2_500)).filter_map(generated));
    // What cannot be followed without its data says nothing.
    bases.retain(|image| !goes_wrong(image));
    assert!(bases.len() > 2_000, "{}", bases.len());
    let mut judged = Judged::default();
    let mut numbers = Numbers::new(6);
    for (at, base) in bases.iter().enumerate() {
        for change in 0..12 {
            let mut forged = base.clone();
            let whats: Vec<_> =
                (0..=numbers.below(2)).map(|_| machines::change(&mut forged, &bases, &mut numbers)).collect();
            if forged.machines == base.machines && forged.choreography == base.choreography {
                continue;
            }
            judge(&forged, &format!("image {at}, change {change}, {whats:?}"), &mut judged);
        }
    }
    none_is_wrong(&judged, "changed machines");
    assert!(judged.clean > 1_000 && judged.refusals() > 10_000);
}

#[test]
fn machines_of_changed_choreographies_are_refused_or_can_be_carried_out() {
    let mut bases: Vec<CodeImage> = written().into_iter().map(|(_, image)| image).collect();
    bases.extend((0..cases(2_500)).filter_map(generated));
    // Messages have to have labels.
    bases.retain(|image| !image.labels.is_empty());
    let mut judged = Judged::default();
    let (mut refused_rightly, mut underived) = (0, 0);
    let mut numbers = Numbers::new(7);
    for (at, base) in bases.iter().enumerate() {
        for change in 0..8 {
            let mut forged = base.clone();
            for _ in 0..=numbers.below(3) {
                graph::change(&mut forged, &mut numbers);
            }
            if forged.choreography == base.choreography {
                continue;
            }
            let Some(forged) = derive(&forged, &mut numbers) else {
                underived += 1;
                continue;
            };
            let before = judged.refusals();
            judge(&forged, &format!("image {at}, change {change}"), &mut judged);
            refused_rightly += u64::from(judged.refusals() > before && at % 8 == 0 && goes_wrong(&forged));
        }
    }
    println!("{underived} without machines, {refused_rightly} of an eighth of those refused go wrong");
    none_is_wrong(&judged, "changed choreographies");
    assert!(judged.clean > 500 && judged.refusals() > 5_000 && refused_rightly > 300);
}

/// Machines of types that the projection rejects.
#[test]
fn machines_of_rejected_types_are_refused_or_can_be_carried_out() {
    let mut judged = Judged::default();
    let mut numbers = Numbers::new(8);
    let mut count = 0;
    for seed in 0..cases(6_000) {
        let Some(bare) = base::rejected(seed) else { continue };
        count += 1;
        for _ in 0..3 {
            if let Some(forged) = derive(&bare, &mut numbers) {
                judge(&forged, &format!("seed {seed}"), &mut judged);
            }
        }
    }
    none_is_wrong(&judged, "rejected types");
    assert!(count > 1_000 && judged.refusals() > 2 * count);
}
