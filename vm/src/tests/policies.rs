//! Policies: the order of steps inside a session, and that nothing but the order changes.

use super::branches::two_branches;
use super::fixture::{HALT, INT, config, event_names, image, op, receive, role, run_with, send, set};
use super::scopes::{World, performing, race, round_and_round};
use crate::config::VMConfig;
use crate::error::VMError;
use crate::event::Event;
use crate::machine::VM;
use crate::policy::{Policy, Priority};
use crate::session::{SessionEnd, SessionReport};
use tell_ir::image::{CodeImage, Const, Outcome};
use tell_ir::instr::Instr;

fn with(policy: Policy) -> VMConfig {
    VMConfig { policy, ..config() }
}

fn fixed(ranks: &[(&str, i32)]) -> Policy {
    Policy::Priority(Priority::Fixed(ranks.iter().map(|(role, rank)| ((*role).to_owned(), *rank)).collect()))
}

const fn ageing(every: u32) -> Policy {
    Policy::Priority(Priority::Ageing { every })
}

fn all() -> Vec<Policy> {
    let tokens = Policy::Priority(Priority::TokenWeight);
    let ranked = [fixed(&[("B", 3), ("C", -1)]), ageing(1), ageing(7), tokens, Policy::ProgressAware];
    [Policy::Cooperative, Policy::RoundRobin].into_iter().chain(ranked).collect()
}

/// `A`, `B` and `C` send three numbers each to `D`, who takes them all.
fn senders() -> CodeImage {
    let mut image = image(&[Const::Int(1)]);
    for name in ["A", "B", "C"] {
        role(&mut image, name, &[INT], &[set(0, 0), send(3, 0), send(3, 0), send(3, 0), HALT]);
    }
    let take: Vec<Instr> = (0..3).flat_map(|from| [receive(from, 0); 3]).chain([HALT]).collect();
    role(&mut image, "D", &[INT], &take);
    image
}

/// Who sends, in order.
fn sending(policy: Policy, slice: u32) -> String {
    let (vm, report) = run_with(VMConfig { slice, ..with(policy) }, senders(), |_| {});
    assert_eq!(report.end, SessionEnd::Closed);
    event_names(&vm).iter().filter_map(|name| name.strip_suffix(".Sent")).collect()
}

#[test]
fn each_policy_has_its_order() {
    assert_eq!(sending(Policy::Cooperative, 256), "AAABBBCCC");
    assert_eq!(sending(Policy::RoundRobin, 256), "ABCABCABC");
    assert_eq!(sending(fixed(&[("C", 5), ("B", 1)]), 256), "CCCBBBAAA");
    assert_eq!(sending(fixed(&[("A", -1)]), 256), "BBBCCCAAA");
    assert_eq!(sending(fixed(&[("A", 5), ("Stranger", 9)]), 256), "AAABBBCCC");
    assert_eq!(sending(fixed(&[("B", 5)]), 1), "BBBACACAC", "equals take turns after a slice");
    assert_eq!(sending(ageing(1), 256), "ABCABCABC");
    assert_eq!(sending(ageing(1000), 256), "AAABBBCCC", "nobody waits so long");
    assert_eq!(sending(Policy::Priority(Priority::TokenWeight), 256), "AAABBBCCC", "nobody has a token");
    assert_eq!(sending(Policy::ProgressAware, 256), "AAABBBCCC");
}

/// `A` sends five numbers; `B` performs an operation twice, then sends three; `C` sends five, once it has performed one.
/// `D` takes them all.
fn performers() -> CodeImage {
    let mut image = image(&[Const::Int(1)]);
    let ask = op(&mut image, "E", "ask", &[], INT);
    let perform = Instr::Perform { op: ask, args: 0, dst: 0 };
    let code = |performs: usize, sends: usize| {
        let steps = vec![set(0, 0)].into_iter().chain(vec![perform; performs]).chain(vec![send(3, 0); sends]);
        steps.chain([HALT]).collect::<Vec<_>>()
    };
    role(&mut image, "A", &[INT], &code(0, 5));
    role(&mut image, "B", &[INT], &code(2, 3));
    role(&mut image, "C", &[INT], &code(1, 5));
    let takes = [(0, 5), (1, 3), (2, 5)].into_iter().flat_map(|(from, count)| vec![receive(from, 0); count]);
    role(&mut image, "D", &[INT], &takes.chain([HALT]).collect::<Vec<_>>());
    image
}

/// Who sends and is answered, in order, one step each in turn among equals.
fn performing_under(policy: Policy, image: CodeImage) -> String {
    let (vm, report) = run_with(VMConfig { slice: 1, ..with(policy) }, image, |vm| {
        vm.install("E", |_: &crate::Call<'_>, _: &[crate::Value]| Ok(crate::Value::Int(4)));
    });
    assert_eq!(report.end, SessionEnd::Closed);
    let short = |name: &String| {
        let (role, event) = name.split_once('.')?;
        match event {
            "Sent" => Some(role.to_owned()),
            "Completed" => Some(role.to_lowercase()),
            _ => None,
        }
    };
    event_names(&vm).iter().filter_map(short).collect()
}

#[test]
fn tokens_are_made_by_answers_and_spent_by_messages() {
    let weight = Policy::Priority(Priority::TokenWeight);
    // `B` is answered and keeps its turn: it holds one token, then two, and spends them on two messages.
    assert_eq!(performing_under(weight.clone(), performers()), "AbbBBcCABCACACAC");
    assert_eq!(performing_under(Policy::ProgressAware, performers()), "AbbBBcCABCACACAC");
    assert_eq!(performing_under(Policy::RoundRobin, performers()), "AbcAbCABCABCABCC");
    // What is answered at once makes none.
    let mut immediate = performers();
    immediate.ops[0].meta.may_block = false;
    let in_turn = performing_under(Policy::RoundRobin, immediate.clone());
    assert_eq!(performing_under(weight, immediate.clone()), in_turn);
    assert_eq!(performing_under(Policy::ProgressAware, immediate), in_turn);
}

#[test]
fn a_timeout_makes_a_token_for_the_owner() {
    // `B` and then `A` can go on when the deadline passes; `A` owns the scope.
    let order = |policy| {
        let (vm, report) = finish(VMConfig { slice: 1, ..with(policy) }, race(4));
        assert_eq!(report.map(|report| report.end), Some(SessionEnd::Closed));
        let names = event_names(&vm);
        let timeout = names.iter().position(|name| name == "A.TimeoutIssued").expect("it is late");
        names[timeout..].to_vec()
    };
    let weighted = order(Policy::Priority(Priority::TokenWeight));
    assert_eq!(weighted.iter().find(|name| name.ends_with("Sent") || name.ends_with("Received")).unwrap(), "A.Sent");
}

/// A session of an image with the operations of [`World`], run to its end if it has one.
fn finish(config: VMConfig, image: CodeImage) -> (VM, Option<SessionReport>) {
    let mut vm = VM::new(config).expect("right");
    vm.install("E", World);
    let image = vm.load_unverified(image).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    vm.run(3_000, &mut || false);
    let report = vm.take_report(&session);
    (vm, report)
}

#[test]
fn who_yields_lets_lower_ranks_go_first() {
    let mut image = image(&[Const::Int(1)]);
    role(&mut image, "A", &[INT], &[set(0, 0), Instr::Yield, Instr::Yield, send(2, 0), HALT]);
    role(&mut image, "B", &[INT], &[set(0, 0), send(2, 0), send(2, 0), HALT]);
    role(&mut image, "C", &[INT], &[receive(0, 0), receive(1, 0), receive(1, 0), HALT]);
    let (vm, _) = run_with(with(fixed(&[("A", 9)])), image, |_| {});
    let sent: Vec<String> = event_names(&vm).into_iter().filter(|name| name.ends_with(".Sent")).collect();
    assert_eq!(sent, ["B.Sent", "A.Sent", "B.Sent"], "one step for each yield");
}

#[test]
fn no_policy_depends_on_the_quantum_and_none_changes_an_end() {
    let images: [fn() -> CodeImage; 6] = [
        senders,
        two_branches,
        || race(3),
        || race(4),
        round_and_round,
        || performing(2, &[Outcome::Done, Outcome::Fail]),
    ];
    for image in images {
        let (_, expected) = finish(config(), image());
        for policy in all() {
            for slice in [1, 3, 256] {
                let traces = [1, 3, 256].map(|quantum| {
                    let config = VMConfig { quantum, slice, ..with(policy.clone()) };
                    let (mut vm, report) = finish(config, image());
                    let ends = [&report, &expected].map(|report| report.as_ref().map(|r| (&r.end, &r.finals)));
                    assert_eq!(ends[0], ends[1], "{policy:?}");
                    vm.take_events()
                });
                let [one, few, many]: [Vec<Event>; 3] = traces;
                assert!(one == few && few == many, "{policy:?}, slice {slice}");
            }
        }
    }
}

#[test]
fn nobody_waits_for_ever_under_ageing() {
    // `A` could go on for ever; `B`, behind it, is stepped all the same.
    let mut image = image(&[Const::Int(1)]);
    role(&mut image, "A", &[INT], &[Instr::Yield, Instr::Jump { target: 0 }]);
    role(&mut image, "B", &[INT], &[set(0, 0), send(2, 0), HALT]);
    role(&mut image, "C", &[INT], &[receive(1, 0), HALT]);
    let mut vm = VM::new(with(ageing(5))).expect("right");
    let image = vm.load_unverified(image).expect("loads");
    vm.open(image, &[]).expect("opens");
    vm.run(100, &mut || false);
    assert!(event_names(&vm).contains(&"C.Received".to_owned()));
    let zero = VMError::Configuration { field: "policy.every", value: 0, min: 1, max: u64::from(u32::MAX) };
    assert_eq!(VM::new(with(ageing(0))).err(), Some(zero));
}
