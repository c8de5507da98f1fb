//! The conditions of the complete projection on messages, one by one (PROJECTION §3): send validity, no mixed choice,
//! receive validity, one payload per label, waiting for ever, starving, limits, the coinductive rule.
//!
//! `conditions_data.rs` has what depends on values, `conditions_parts.rs` has `case`, `par` and `timed`.

use tell_compiler::project::rejection::Rule;
use tell_tests::projected::{global, tell, within};

// Send validity.

#[test]
fn a_send_that_is_missing_in_one_branch_is_refused() {
    global("A->B{l. C->B x. end, m. end}").is_rejected(&[("C", Rule::SendValidity)]);
    global("A->B{l. end, m. C->B x. end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_send_of_different_labels_in_two_branches_is_refused() {
    global("A->B{l. C->B x. end, m. C->B y. end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_send_to_different_receivers_in_two_branches_is_refused() {
    global("A->B{l. C->B x. end, m. C->A x. end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_label_that_only_one_branch_offers_is_refused() {
    global("C->B{l. C->A k. A->B{x. end, y. end}, m. C->A k. A->B x. end}").is_rejected(&[("A", Rule::SendValidity)]);
}

#[test]
fn the_same_send_in_all_branches_is_one_send() {
    global("A->B{l. C->B x. end, m. C->B x. end}").is_fine().gives("C", "B!{x. end}");
}

#[test]
fn a_send_behind_steps_nobody_tells_about_counts() {
    global("A->B{l. B->A k. C->B x. end, m. C->B x. end}").is_fine().gives("C", "B!{x. end}");
}

#[test]
fn a_send_that_is_missing_on_one_unseen_path_is_refused() {
    let both = "A->B{l. A->B{p. C->B x. end, q. C->B x. end}, m. C->B x. end}";
    global(both).is_fine().gives("C", "B!{x. end}");
    let one = "A->B{l. A->B{p. C->B x. end, q. end}, m. C->B x. end}";
    global(one).is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_send_behind_a_loop_that_can_be_left_is_offered_within_it() {
    global("rec X. A->B{l. X, m. C->B x. end}").warns(&["C W0402"]).gives("C", "B!{x. end}");
}

#[test]
fn a_send_that_a_loop_never_comes_to_is_refused() {
    global("A->B{l. rec X. A->B k. X, m. C->B x. end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_send_where_the_role_is_finished_in_the_other_branch_is_refused() {
    global("A->B{l. A->B y. end, m. C->B x. end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_send_whose_places_also_lead_elsewhere_is_accepted_if_all_reach_it() {
    // From the head of the loop both sends can be reached, but from the last node only the second.
    global("rec X. A->B{l. C->B x. X, m. C->B y. end}").is_rejected(&[("C", Rule::SendValidity)]);
    global("rec X. A->B{l. C->B x. X, m. C->B x. end}").is_rejected(&[("C", Rule::SendValidity)]);
    global("rec X. A->B{l. C->B x. X, m. X}").warns(&["C W0402"]).gives("C", "rec X. B!{x. X}");
}

#[test]
fn one_decider_may_send_to_different_receivers() {
    let choice = global("choice A{B l. end, C m. end}");
    choice.warns(&["B W0401", "C W0401"]).gives("A", "{B!l. end, C!m. end}").gives("B", "A?{l. end}");
    choice.is_coinductive("A", false);
}

#[test]
fn choices_in_different_branches_are_one_choice_if_all_their_labels_agree() {
    let same = "C->B{l. A->B{x. end, y. end}, m. A->B{x. end, y. end}}";
    global(same).is_fine().gives("A", "B!{x. end, y. end}");
    let other = "C->B{l. A->B{x. end, y. end}, m. A->B{x. end, z. end}}";
    global(other).is_rejected(&[("A", Rule::SendValidity)]);
    let any = "C->B{l. choice A{B x. end, C y. end}, m. choice A{B x. end, C y. end}}";
    global(any).gives("A", "{B!x. end, C!y. end}");
}

// No mixed choice.

#[test]
fn sending_in_one_branch_and_waiting_in_the_other_is_refused() {
    global("A->B{l. C->B x. end, m. B->C y. end}").is_rejected(&[("C", Rule::MixedChoice)]);
    global("A->B{l. B->C y. end, m. C->B x. end}").is_rejected(&[("C", Rule::MixedChoice)]);
}

#[test]
fn a_role_that_was_told_may_send_in_one_branch_and_wait_in_the_other() {
    let told = global("A->B{l. A->C l. C->B x. end, m. A->C m. B->C y. end}");
    told.is_fine().gives("C", "A?{l. B!{x. end}, m. B?{y. end}}");
}

#[test]
fn a_label_that_says_nothing_new_does_not_tell() {
    global("A->B{l. A->C k. C->B x. end, m. A->C k. B->C y. end}").is_rejected(&[("C", Rule::MixedChoice)]);
}

// Receive validity. C has to tell the message `m` of A and `n` of B apart.

#[test]
fn messages_of_two_partners_in_two_orders_are_refused() {
    let global = global("A->B{l. A->C m. B->C n. end, r. B->C n. A->C m. end}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn a_message_that_can_arrive_early_in_one_of_two_branches_is_refused() {
    global("A->B{l. A->C m. end, r. B->C n. A->C m. end}").is_rejected(&[("C", Rule::ReceiveValidity)]);
    global("A->B{r. B->C n. A->C m. end, l. A->C m. end}").is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn a_sender_who_waits_for_the_role_cannot_be_early() {
    let global = global("A->B{l. A->C m. end, r. B->C n. C->A k. A->C m. end}");
    global.is_fine().gives("C", "{A?m. end, B?n. A!{k. A?{m. end}}}");
}

#[test]
fn a_sender_who_waits_for_one_who_waits_for_the_role_cannot_be_early() {
    let global = global("A->B{l. A->C m. end, r. B->C n. C->D k. D->A j. A->C m. end}");
    global.warns(&["D W0401"]).gives("C", "{A?m. end, B?n. D!{k. A?{m. end}}}");
}

#[test]
fn a_sender_who_waits_for_somebody_free_can_be_early() {
    let global = global("A->B{l. A->C m. end, r. B->C n. B->A k. A->C m. end}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn one_who_sends_to_the_role_is_not_blocked() {
    let global = global("A->B{l. A->C m. A->D l. end, r. B->C n. B->D r. D->C o. D->A k. A->C m. end}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn one_who_sends_to_a_blocked_role_is_not_blocked() {
    // D is blocked, A only speaks to it.
    let global = global("A->B{l. A->C m. end, r. B->C n. C->D k. A->D j. A->C m. end}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn only_the_first_message_in_the_channel_can_be_taken() {
    let global = global("A->B{l. A->C m. end, r. B->C n. A->C k. A->C m. end}");
    global.is_fine().gives("C", "{A?m. end, B?n. A?{k. A?{m. end}}}");
}

#[test]
fn a_message_to_somebody_else_is_not_in_the_channel() {
    let global = global("A->B{l. A->C m. end, r. B->C n. A->D m. end}");
    global.warns(&["D W0401"]).gives("C", "{A?m. end, B?n. end}");
}

#[test]
fn one_branch_of_a_later_choice_is_enough_to_be_early() {
    let global = global("A->B{l. A->C m. end, r. B->C n. B->A{p. B->A q. end, s. A->C m. end}}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn every_label_of_the_first_message_counts() {
    let first = global("A->B{l. A->C m. end, r. B->C n. A->C{k. end, m. end}}");
    first.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn a_message_behind_a_loop_can_be_early() {
    let global = global("A->B{l. A->C m. end, r. B->C n. rec X. B->A{go. X, stop. A->C m. end}}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn a_loop_in_which_everybody_waits_for_the_role_lets_nothing_overtake() {
    let global = global("A->B{l. A->C m. end, r. rec X. B->C n. C->A k. A->B{g. X, h. A->C m. end}}");
    global.is_fine().gives("C", "{A?m. end, B?n. rec X. A!{k. {A?m. end, B?n. X}}}");
}

#[test]
fn a_place_that_is_reached_with_fewer_blocked_roles_is_looked_at_again() {
    // Behind `P` D waits for C, behind `Q` it does not; the message of A follows both.
    let text = "protocol Fewer(A, B, C, D) =
  choice A at
    | L =>
        A -> B : L
        A -> D : L
        A -> C : M
    | R =>
        A -> B : R
        A -> D : R
        B -> C : N
        choice B at
          | Q => B -> D : Q
          | P =>
              B -> D : P
              C -> D : X
        D -> A : K
        A -> C : M
";
    tell(text).is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn any_of_several_partners_can_be_the_early_one() {
    let of =
        |last: &str| format!("A->B{{l. A->D l. A->C m. end, r. A->D r. B->C n. end, s. A->D s. D->C o. {last} end}}");
    global(&of("")).is_fine().gives("C", "{A?m. end, B?n. end, D?o. end}");
    global(&of("A->C m.")).is_rejected(&[("C", Rule::ReceiveValidity)]);
    global(&of("B->C n.")).is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn one_place_of_a_message_behind_which_another_can_be_early_is_enough() {
    let global = global("A->B{l. A->C m. end, r. B->C n. end, s. B->C n. A->C m. end}");
    global.is_rejected(&[("C", Rule::ReceiveValidity)]);
}

#[test]
fn one_label_of_different_partners_is_two_messages() {
    global("A->B{l. A->C m. end, r. B->C m. end}").is_fine().gives("C", "{A?m. end, B?m. end}");
    // `m` of A can be early, but C waits for `m` of B and for `k` of A.
    let other = global("A->B{l. A->C k. end, r. B->C m. A->C m. end}");
    other.is_fine().gives("C", "{A?k. end, B?m. A?{m. end}}");
}

#[test]
fn messages_of_one_partner_cannot_overtake_each_other() {
    let global = global("A->B{l. A->C m. A->C n. end, r. A->C n. A->C m. end}");
    global.is_fine().gives("C", "A?{m. A?{n. end}, n. A?{m. end}}");
}

#[test]
fn looking_for_early_messages_has_a_limit() {
    let strangers: String = (0..30).map(|index| format!("D{index}->E{index} k. ")).collect();
    let text = format!("A->B{{l. A->C m. end, r. B->C n. {strangers} end}}");
    let found = within(&text, 20);
    // Behind `l` nobody but A, B and C has anything to do, so nobody else sends.
    let strangers: Vec<String> = (0..30).map(|index| format!("D{index}")).collect();
    let mut expected = vec![("C", Rule::TooManyStates)];
    expected.extend(strangers.iter().map(|name| (name.as_str(), Rule::SendValidity)));
    found.is_rejected(&expected);
}

// One payload per label and partner.

#[test]
fn one_label_with_two_payloads_at_one_point_is_refused() {
    global("A->B{l. B->C v(int). end, r. B->C v(bool). end}").is_rejected(&[("C", Rule::Signature)]);
    global("A->B{l. B->C v(int). end, r. B->C v. end}").is_rejected(&[("C", Rule::Signature)]);
}

#[test]
fn one_label_with_two_payloads_of_different_partners_is_accepted() {
    let global = global("A->B{l. A->C v(int). end, r. B->C v(bool). end}");
    global.is_fine().gives("C", "{A?v(int). end, B?v(bool). end}");
}

#[test]
fn one_label_with_two_payloads_at_different_points_is_accepted() {
    global("A->B v(int). A->B v(bool). end").is_fine().gives("B", "A?{v(int). A?{v(bool). end}}");
}

#[test]
fn a_sender_of_one_label_with_two_payloads_would_have_to_know() {
    global("A->B{l. C->A v(int). end, r. C->A v(bool). end}").is_rejected(&[("C", Rule::SendValidity)]);
}

#[test]
fn a_message_in_different_branches_is_one_message() {
    let global = global("A->B{l. B->C v(int). end, r. B->A k. B->C v(int). end}");
    global.is_fine().gives("C", "B?{v(int). end}");
}

// Waiting for ever and starving.

#[test]
fn a_role_nobody_tells_that_nothing_comes_may_wait_for_ever() {
    for other in ["end", "B->A k. end", "rec X. B->A k. X"] {
        let global = global(&format!("A->B{{l. A->C m. end, r. {other}}}"));
        global.warns(&["C W0401"]).gives("C", "A?{m. end}").does("C", "receive-or-end end");
    }
}

#[test]
fn a_role_that_is_told_in_every_branch_does_not_wait_for_ever() {
    let global = global("A->B{l. A->C m. end, r. A->C n. end}");
    global.is_fine().does("C", "receive end");
}

#[test]
fn waiting_for_ever_can_begin_late() {
    let global = global("A->C k. A->B{l. A->C m. end, r. end}");
    global.warns(&["C W0401"]).does("C", "receive receive-or-end end");
}

#[test]
fn a_role_that_a_loop_passes_by_may_starve() {
    global("rec X. A->B{l. X, m. A->C s. end}").warns(&["C W0402"]).gives("C", "A?{s. end}");
    global("rec X. A->B{l. X, k. A->C g. X, m. A->C s. end}").warns(&["C W0402"]);
    global("A->C g. rec X. B->A k. A->B{l. X, m. C->B s. end}").warns(&["C W0402"]);
}

#[test]
fn a_role_that_takes_part_in_every_round_does_not_starve() {
    global("rec X. A->B{l. A->C k. X, m. A->C s. end}").is_fine();
}

#[test]
fn a_role_that_is_done_does_not_starve() {
    global("A->C g. rec X. A->B{l. X, m. end}").is_fine().gives("C", "A?{g. end}");
}

#[test]
fn a_role_starves_in_the_inner_of_two_loops() {
    global("rec X. A->C k. rec Y. A->B{l. X, m. Y, n. A->C s. end}").warns(&["C W0402"]);
    global("rec X. A->C k. rec Y. A->B{l. X, m. A->C j. Y, n. A->C s. end}").is_fine();
}

// Limits.

#[test]
fn the_states_of_a_role_are_limited() {
    let chain = "A->B a. A->B b. end";
    within(chain, 3).is_fine();
    within(chain, 2).is_rejected(&[("A", Rule::TooManyStates), ("B", Rule::TooManyStates)]);
}

#[test]
fn the_members_of_states_are_limited() {
    let wide = "A->B{l. B->C x. end, m. B->C x. end, n. B->C x. end}";
    within(wide, 5).is_fine();
    within(wide, 4).is_rejected(&[("B", Rule::TooManyStates), ("C", Rule::TooManyStates)]);
}

// The coinductive rule.

#[test]
fn the_coinductive_rule_wants_one_partner() {
    global("A->B{l. A->C m. end, r. A->C n. end}").is_coinductive("C", true);
    global("A->B{l. A->C m. end, r. B->C n. end}").is_coinductive("C", false);
    global("A->B{l. A->C m. end, r. end}").is_coinductive("C", false);
}

#[test]
fn the_coinductive_rule_wants_sends_at_every_node_of_a_state() {
    global("A->B{l. C->B x. end, m. C->B x. end}").is_coinductive("C", true);
    // The labels are offered by different nodes, one behind the other.
    global("rec X. A->B{l. X, m. C->B x. end}").is_coinductive("C", true);
}
