//! The conditions of the complete projection on `case`, `par` and `timed` of pure types (PROJECTION §3).

use tell_compiler::project::rejection::Rule;
use tell_tests::projected::{global, is_ill_formed};

// Shared decisions that nobody can evaluate.

#[test]
fn deciders_take_a_shared_decision_together() {
    let global = global("case A B{a. A->B l. end, b. B->A m. end}");
    global.is_fine().gives("A", "case {else. B?{m. end}, then. B!{l. end}}");
    global.gives("B", "case {else. A!{m. end}, then. A?{l. end}}");
}

#[test]
fn a_role_that_does_not_decide_has_to_be_told() {
    global("case A B{a. A->C l. end, b. C->A m. end}").is_rejected(&[("C", Rule::MixedChoice)]);
    let told = global("case A B{a. A->C l. end, b. B->C m. end}");
    told.warns(&[]).gives("C", "{A?l. end, B?m. end}");
}

#[test]
fn knowing_more_never_breaks_a_program() {
    // B decides, but where it waits it may as well be behind `q`.
    let global = global("D->A{p. case A B{a. A->B x. end, b. A->B y. end}, q. A->B x. end}");
    global.is_fine().gives("B", "A?{x. end, y. end}");
    global.gives("A", "D?{p. case {else. B!{y. end}, then. B!{x. end}}, q. B!{x. end}}");
}

#[test]
fn a_decider_that_needs_a_decision_it_cannot_take_in_every_run_is_refused() {
    let global = global("D->A{p. case A B{a. A->B x. end, b. B->A y. end}, q. A->B x. end}");
    global.is_rejected(&[("B", Rule::MixedChoice)]);
}

#[test]
fn a_decision_a_decider_can_take_in_some_states_only_is_taken_in_none() {
    // Before the first round B is alone with the decision, later it may have left the loop.
    let global = global("rec X. case A B D{a. A->B x. D->A{go. X, stop. A->B y. end}, b. A->B z. end}");
    global.is_fine().gives("B", "A?{x. rec X. A?{x. X, y. end, z. end}, z. end}");
    global.gives("D", "rec X. case {else. end, then. A!{go. X, stop. end}}");
}

#[test]
fn a_decision_that_changes_nothing_is_not_looked_at() {
    let global = global("rec X. A->B l. case A B{a. X, b. X}");
    global.is_fine().gives("A", "rec X. B!{l. X}").does("A", "send");
}

#[test]
fn a_decider_that_never_acts_again_does_not_decide() {
    let global = global("case A B C{a. A->B l. end, b. A->B m. end}");
    global.is_fine().gives("C", "end").does("C", "end");
}

#[test]
fn one_of_two_decisions_in_a_state_is_taken_if_the_other_leads_to_it() {
    // C and D take different decisions; behind its own, everybody comes to the second one.
    let global = global("case A D{a. A->D l. case A C{c. A->C x. end, d. C->A y. end}, b. A->D m. end}");
    global.is_rejected(&[("C", Rule::MixedChoice)]);
}

#[test]
fn a_decision_that_only_brings_a_loop_back_is_not_looked_at() {
    let global = global("rec X. case A B C{a. A->B l. X, b. A->B m. C->A z. end}");
    global.warns(&["C W0402"]).gives("C", "A!{z. end}");
}

#[test]
fn a_decision_behind_whose_arms_others_are_taken_is_taken() {
    let arm = |label: &str| format!("case A B{{c. A->B x. end, d. B->A {label}. end}}");
    global(&format!("case A B{{a. {}, b. {}}}", arm("y"), arm("w"))).is_fine();
}

#[test]
fn two_shared_decisions_that_nobody_can_evaluate_are_never_the_same() {
    let case = "case A B{a. A->B x. end, b. B->A y. end}";
    global(&format!("D->A{{p. {case}, q. {case}}}")).is_rejected(&[("B", Rule::MixedChoice)]);
}

/// Sixteen decisions B cannot take, or one more, then one it has to take.
fn decisions(count: usize) -> String {
    let last = "case A B D{a. A->B s. end, b. B->A t. end}".to_owned();
    (0..count).fold(last, |then, index| {
        format!("D->A{{p. case A B{{a. A->B x{index}. end, b. A->B y{index}. end}}, q. A->B z{index}. {then}}}")
    })
}

#[test]
fn a_role_goes_without_sixteen_decisions_one_by_one() {
    global(&decisions(16)).is_fine();
}

#[test]
fn a_role_that_goes_without_too_many_decisions_goes_without_all() {
    global(&decisions(17)).is_rejected(&[("B", Rule::MixedChoice)]);
}

// Branches side by side.

#[test]
fn a_role_in_no_branch_does_not_wait_for_them() {
    global("par{A->B x. end | C->D y. end}. E->F z. end").is_fine().gives("E", "F!{z. end}").gives("F", "E?{z. end}");
}

#[test]
fn a_role_in_one_branch_passes_through_it() {
    let global = global("par{A->B x. end | C->D y. end}. A->B z. end");
    global.is_fine().gives("A", "B!{x. B!{z. end}}").gives("B", "A?{x. A?{z. end}}").gives("D", "C?{y. end}");
}

#[test]
fn a_role_in_several_branches_runs_them_side_by_side() {
    let global = global("par{A->B x. end | A->C y. end | D->E w. end}. A->D z. end");
    global.gives("A", "par{B!{x. end} | C!{y. end}}. D!{z. end}").is_fine();
}

#[test]
fn the_join_is_silent() {
    let global = global("par{A->B x. end | A->C y. end}. B->A z. end");
    global.is_fine().gives("A", "par{B!{x. end} | C!{y. end}}. B?{z. end}").gives("B", "A?{x. A!{z. end}}");
    global.does("A", "par send send receive join join end");
}

#[test]
fn a_branch_ends_in_a_join_also_where_others_go_on() {
    global("par{A->B x. B->D w. end | A->C y. end}. end").is_fine().does("A", "par send send end join join");
}

#[test]
fn a_branch_ends_in_a_join_also_behind_a_choice_of_others() {
    global("par{A->C x. A->B{l. end, m. end} | B->C y. end}. end")
        .is_fine()
        .does("C", "par receive receive end join join");
}

#[test]
fn a_role_in_no_branch_goes_on_where_a_branch_never_ends() {
    global("par{rec X. A->B l. X | C->D y. end}. E->F z. end").is_fine().gives("E", "F!{z. end}");
}

#[test]
fn a_join_with_nothing_behind_it_is_not_the_end() {
    let global = global("A->B{l. par{A->B x. end | B->A y. end}. end, m. end}");
    global.is_fine().does("A", "send par end send receive join join");
}

#[test]
fn pars_in_different_branches_are_merged_branch_by_branch() {
    let text = "A->B{l. par{A->C x. end | B->C y. end}. A->C t. end, m. par{A->C w. end | B->C v. end}. A->C u. end}";
    global(text).is_fine().gives("C", "par{A?{w. end, x. end} | B?{v. end, y. end}}. A?{t. end, u. end}");
}

#[test]
fn merged_branches_that_share_a_channel_crosswise_are_refused() {
    let crossed = "A->B{l. par{A->C x. end | B->C y. end}. end, m. par{B->C v. end | A->C w. end}. end}";
    global(crossed).is_rejected(&[("C", Rule::Parallel)]);
    let sent = "A->B{l. par{C->A x. end | C->B y. end}. end, m. par{C->B y. end | C->A x. end}. end}";
    global(sent).is_rejected(&[("C", Rule::Parallel)]);
    let behind = "A->B{l. par{A->C x. end | B->C y. end}. end, m. par{D->C v. A->C w. end | A->C u. end}. end}";
    assert!(std::panic::catch_unwind(|| global(behind)).is_err(), "one `par` has no channel in two branches");
    let late = "A->B{l. par{A->C x. end | B->C y. end}. end, m. par{D->C v. B->C w. end | A->C u. end}. end}";
    global(late).is_rejected(&[("C", Rule::Parallel), ("D", Rule::SendValidity)]);
}

#[test]
fn channels_in_opposite_directions_are_two() {
    let text = "A->B{l. par{A->C x. end | C->A y. end}. end, m. par{A->C w. end | C->A y. end}. end}";
    global(text).is_fine().gives("C", "par{A?{w. end, x. end} | A!{y. end}}. end");
}

#[test]
fn channels_that_are_used_behind_the_join_do_not_clash() {
    let text = "A->B{l. par{A->C x. end | B->C y. end}. B->C t. end, m. par{A->C w. end | B->C v. end}. A->C u. end}";
    global(text).is_fine().gives("C", "par{A?{w. end, x. end} | B?{v. end, y. end}}. {A?u. end, B?t. end}");
}

#[test]
fn channels_of_other_roles_do_not_clash() {
    let text = "A->B{l. par{A->C x. end | B->C y. A->B k. end}. end, m. par{A->C w. A->B k. end | B->C v. end}. end}";
    global(text).is_fine();
}

#[test]
fn pars_with_different_numbers_of_branches_are_not_the_same() {
    let text = "A->B{l. par{A->C x. end | B->C y. end}. end, m. par{A->C w. end | B->C v. end | B->A k. end}. end}";
    global(text).is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn starting_branches_in_one_run_and_waiting_in_the_other_is_refused() {
    let text = "A->B{l. par{A->C x. end | B->C y. end}. end, m. A->C w. end}";
    global(text).is_rejected(&[("C", Rule::MixedChoice)]);
    let text = "A->B{l. par{A->C x. end | B->C y. end}. end, m. end}";
    global(text).is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn waiting_in_a_branch_that_may_be_over_is_refused_if_something_follows() {
    let waits = "par{A->B{l. A->C x. end, m. end} | B->C y. end}.";
    global(&format!("{waits} A->C z. end")).is_rejected(&[("C", Rule::Join)]);
    global(&format!("{waits} end")).warns(&["C W0401"]).gives("C", "par{A?{x. end} | B?{y. end}}. end");
}

#[test]
fn a_role_in_one_branch_may_wait_for_what_follows_as_well() {
    let global = global("par{A->B{l. A->C x. end, m. end} | B->D y. end}. A->C z. end");
    global.is_fine().gives("C", "A?{x. A?{z. end}, z. end}");
}

#[test]
fn sending_in_a_branch_that_may_be_over_is_refused() {
    let text = "par{A->B{l. C->A x. end, m. end} | B->C y. end}. end";
    global(text).is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn messages_within_branches_can_be_early() {
    let of = |then: &str| format!("A->B{{l. A->C m. end, r. B->C n. {then}}}");
    let early = |then: &str| _ = global(&of(then)).is_rejected(&[("C", Rule::ReceiveValidity)]);
    early("par{A->C m. end | B->A k. end}. end");
    early("par{B->A k. end | A->C m. end}. end");
    early("par{B->A k. end | A->B j. end}. A->C m. end");
    // Who is in no branch waits for none of them, even if C is in one.
    early("par{C->B k. end | B->C j. end}. A->C m. end");
    // Here A waits for C in the same branch.
    global(&of("par{C->A k. A->C m. end | B->A j. end}. end")).is_fine();
}

#[test]
fn others_may_stay_in_a_branch_while_a_role_waits_for_what_follows() {
    global("par{rec X. A->B{l. X, m. end} | A->D k. end}. A->C s. end").warns(&["C W0402"]);
}

#[test]
fn what_follows_a_branch_that_never_ends_is_refused() {
    // C would send `n`, which A never comes to receive.
    let endless = "rec X. A->B l. X | C->D k. end";
    assert!(is_ill_formed(&format!("par{{{endless}}}. C->A n. end")));
    assert!(is_ill_formed("timed A{rec X. A->B l. X}. C->A n. end"));
    global(&format!("par{{{endless}}}. C->D n. end")).is_fine();
    global(&format!("par{{{endless}}}. end")).is_fine();
    global("timed A{rec X. A->B l. X on timeout end}. C->D n. end").is_fine();
}

// Scopes with outcomes.

#[test]
fn participants_enter_a_scope_and_others_pass_it_by() {
    let global = global("timed A{A->B x. end on timeout A->B t. end}. B->C z. end");
    global.is_fine().gives("A", "timed A{B!{x. end} on timeout B!{t. end}}. end");
    global.gives("B", "timed A{A?{x. end} on timeout A?{t. end}}. C!{z. end}").gives("C", "B?{z. end}");
}

#[test]
fn the_owner_of_a_scope_enters_it_even_if_it_does_nothing_else() {
    let scope = "timed C{A->B x. end on timeout A->B t. end}.";
    let owner = "timed C{end on timeout end}. ";
    global(&format!("{scope} end")).is_fine().gives("C", &format!("{owner}end"));
    global(&format!("{scope} C->A z. end")).is_fine().gives("C", &format!("{owner}A!{{z. end}}"));
}

#[test]
fn a_role_that_acts_in_an_outcome_only_takes_part() {
    let global = global("timed A{A->B x. end on timeout A->C t. end}. end");
    global.is_fine().gives("C", "timed A{end on timeout A?{t. end}}. end");
}

#[test]
fn a_part_of_a_scope_ends_in_a_join_where_the_outcome_is_awaited() {
    // C is done with the body while A and B go on, but not with the scope.
    let global = global("timed A{A->C x. A->B y. end on timeout A->C t. end}. end");
    global.is_fine().does("C", "scope receive receive end join join");
}

#[test]
fn a_role_enters_a_scope_in_every_run_or_in_none() {
    let scope = "timed A{A->C x. end on timeout A->C t. end}. end";
    global(&format!("A->B{{l. {scope}, m. end}}")).is_rejected(&[("C", Rule::SendValidity)]);
    global(&format!("A->B{{l. {scope}, m. A->C x. end}}")).is_rejected(&[("C", Rule::MixedChoice)]);
    global(&format!("A->B{{l. A->C l. {scope}, m. A->C m. end}}")).is_fine();
}

#[test]
fn scopes_in_different_branches_are_different() {
    // Instances are counted; a role that does not know which scope it is in could not count as its peers do.
    let one = |label: &str| format!("timed A{{A->C {label}. end on timeout A->C t. end}}. end");
    global(&format!("A->B{{l. {}, m. {}}}", one("x"), one("y"))).is_rejected(&[("C", Rule::SendValidity)]);
    global(&format!("A->B{{l. A->C l. {}, m. A->C m. {}}}", one("x"), one("y"))).is_fine();
}

#[test]
fn waiting_in_a_body_that_may_be_over_is_refused_if_something_follows() {
    let body = "timed A{A->B{l. A->C x. end, m. end}";
    let rejected = [("C", Rule::Join)];
    global(&format!("{body} on timeout end}}. end")).warns(&["C W0401"]);
    global(&format!("{body} on timeout end}}. A->C z. end")).is_rejected(&rejected);
    // The outcome `done` leaves C where it waits, any other takes it out of the body.
    global(&format!("{body} on timeout A->C z. end}}. end")).warns(&["C W0401"]);
    global(&format!("{body} on done A->C z. end}}. end")).is_rejected(&rejected);
}

#[test]
fn the_owner_of_a_scope_has_to_come_to_the_end_of_its_body() {
    // Otherwise nobody would learn the outcome.
    let body = "A->B{l. A->C x. end, m. end}";
    global(&format!("timed C{{{body} on timeout end}}. end")).is_rejected(&[("C", Rule::Join)]);
    let inner = format!("timed A{{{body} on timeout end}}. end");
    global(&format!("timed C{{{inner} on timeout end}}. end")).is_rejected(&[("C", Rule::Join)]);
    let branch = format!("par{{{body} | B->C y. end}}. end");
    global(&format!("timed C{{{branch} on timeout end}}. end")).is_rejected(&[("C", Rule::Join)]);
}

#[test]
fn waiting_in_an_outcome_that_may_be_over_is_waiting_for_ever() {
    let scope = "timed A{A->B x. end on done A->B{l. A->C y. end, m. end}}.";
    global(&format!("{scope} end")).warns(&["C W0401"]);
    global(&format!("{scope} A->C z. end")).is_rejected(&[("C", Rule::Join)]);
}

#[test]
fn a_role_may_do_nothing_in_a_scope_but_own_it() {
    global("rec X. A->B k. timed C{A->B x. end on timeout A->B t. end}. X").is_fine();
    global("par{timed C{A->B x. end on timeout end}. end | C->D y. end}. end")
        .is_fine()
        .does("C", "par scope send end join join join join");
}
