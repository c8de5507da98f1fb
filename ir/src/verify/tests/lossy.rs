//! Lossy edges: one minimal violation for each thing rule V5.14 says.

use crate::image::CodeImage;
use crate::machine::{State, StateId};
use crate::sample::{lossy, row};
use crate::verify::lossy::check as lossy_edges;
use crate::verify::{Budget, VerifyError, verify};

/// Only this rule.
fn check(image: &CodeImage) -> Result<(), VerifyError> {
    lossy_edges(image, &mut Budget::of(image))
}

type Break = fn(&mut CodeImage);

fn states(image: &mut CodeImage, role: usize) -> &mut Vec<State> {
    &mut image.machines[role].states
}

#[test]
fn a_lossy_edge_is_accepted_where_nothing_depends_on_it() {
    if let Err(error) = verify(lossy::stream()) {
        panic!("{error}");
    }
    let image = lossy::image();
    assert!(super::super::lossy::check(&image, &mut super::super::Budget::of(&image)).is_ok());
    // Nothing else may come, but the session may end.
    let mut image = lossy::image();
    states(&mut image, 1)[0] = State::Recv { rows: vec![row(0, 0, 1)], may_end: true };
    assert!(check(&image).is_ok());
}

/// What is broken, and how; only the machines are looked at here.
const VIOLATIONS: &[(&str, Break)] = &[
    ("its sender has another label for it", |image| {
        states(image, 0)[1] = State::Send(vec![row(1, 0, 0), row(1, 1, 0)]);
    }),
    ("its receiver expects another label", |image| {
        states(image, 1)[0] = State::Recv { rows: vec![row(0, 1, 1), row(2, 1, 2)], may_end: false };
    }),
    ("its receiver waits for it and nothing else", |image| {
        states(image, 1)[0] = State::Recv { rows: vec![row(0, 0, 1)], may_end: false };
    }),
    ("its receiver ends once it has one", |image| {
        states(image, 1)[0] = State::Recv { rows: vec![row(0, 0, 2), row(2, 1, 2)], may_end: false };
    }),
    ("its receiver may end once it has one", |image| {
        states(image, 1)[1] = State::Tau(vec![StateId(0), StateId(2)]);
    }),
    ("its receiver never waits again", |image| states(image, 1)[1] = State::Tau(vec![StateId(1)])),
    ("its receiver answers", |image| states(image, 1)[1] = State::Send(vec![row(2, 1, 0)])),
];

#[test]
fn each_dependence_on_a_lossy_edge_is_rejected() {
    for (what, break_it) in VIOLATIONS {
        let mut image = lossy::image();
        break_it(&mut image);
        let found = check(&image);
        assert_eq!(found.err().map(|error| error.rule), Some("V5.14"), "{what}");
        image.edges.iter_mut().for_each(|edge| edge.lossy = false);
        assert!(check(&image).is_ok(), "{what}");
    }
}

#[test]
fn a_whole_image_is_rejected_for_it() {
    let mut image = lossy::image();
    image.edges[2].lossy = true;
    let error = verify(image).expect_err("the order to stop may not be lost");
    assert_eq!(error.rule, "V5.14");
    assert!(error.to_string().contains("from `Boss` to `Display`"), "{error}");
}

#[test]
fn a_maze_of_silent_states_is_paid_from_the_budget() {
    let mut image = lossy::image();
    let count = 6000;
    let maze = (0..count).map(|number| State::Tau((0..count).map(|next| StateId((number + next) % count)).collect()));
    states(&mut image, 1).truncate(0);
    states(&mut image, 1).push(State::Recv { rows: vec![row(0, 0, 1), row(2, 1, 1)], may_end: false });
    let maze: Vec<State> = maze.collect();
    states(&mut image, 1).extend(maze);
    let found = check(&image);
    assert_eq!(found.err().map(|error| error.rule), Some("V9.1"));
}
