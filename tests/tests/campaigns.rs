//! The robustness campaigns (QUALITY §3) at the size of a test; `campaign --full` runs all of them.

use tell_ir::codec::{decode, encode};
use tell_tests::campaign::{Size, endurance, execution, image, schedule};

#[test]
fn examples_survive_their_file_format() {
    for (name, example) in image::examples() {
        let bytes = encode(&example);
        assert_eq!(decode(&bytes).as_ref(), Ok(&example), "{name}");
        assert_eq!(encode(&decode(&bytes).expect("it decodes")), bytes, "{name}");
        assert!(matches!(image::surface(&bytes), Ok("ran" | "faulted")), "{name}");
    }
}

#[test]
fn hostile_images_are_rejected_or_harmless() {
    let report = image::hostile(Size::Sample);
    report.expect_none();
    for verdict in ["no image", "rejected", "ran"] {
        assert!(report.of(verdict) > 100, "{verdict}");
    }
}

#[test]
fn damaged_images_are_noticed() {
    let report = image::damaged(Size::Sample);
    report.expect_none();
    assert!(report.of("noticed") > 50_000 && report.of("rejected") > 10_000 && report.of("ran") > 100);
}

#[test]
fn images_that_nobody_verified_are_harmless() {
    let report = image::unverified(Size::Sample);
    report.expect_none();
    assert!(report.of("ran") > 1_000 && report.of("faulted") > 1_000);
}

#[test]
fn hostile_schedules_are_survived_and_concern_their_sessions_only() {
    let report = schedule::hostile(Size::Sample);
    report.expect_none();
    assert!(report.of("ended") > 100 && report.of("waits") > 50);
}

#[test]
fn executions_of_one_program_are_equal() {
    let report = execution::equal(Size::Sample);
    report.expect_none();
    assert!(report.of("equal") > 1_000);
}

#[test]
fn who_is_stopped_goes_on_as_before() {
    let report = execution::fuel(Size::Sample);
    report.expect_none();
    assert!(report.of("equal") > 1_000);
}

#[test]
fn memory_stays_flat() {
    endurance::flat(Size::Sample).expect_none();
}
