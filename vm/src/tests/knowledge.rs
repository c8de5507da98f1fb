//! `Tag`, `Check` and flow policies.

use super::fixture::{BOOL, HALT, INT, PAID, config, event_names, fault_of, image, role, run_with};
use crate::config::VMConfig;
use crate::error::VMError;
use crate::flow::{FlowPolicy, FlowPredicate};
use crate::machine::VM;
use tell_ir::image::CodeImage;
use tell_ir::instr::Instr;
use tell_ir::resource::Fact;

const TAG: Instr = Instr::Tag { fact: 0, dst: 0 };

const fn check(fact: u16, to: u16, dst: u16) -> Instr {
    Instr::Check { fact, to, dst }
}

/// `Alice` with this code, and `Bob`, `Bank`, who do nothing.
fn alice(code: &[Instr]) -> CodeImage {
    let mut image = image(&[]);
    role(&mut image, "Alice", &[PAID, BOOL, BOOL, INT], code);
    image.functions[0].finals[0].retain(|entry| entry.reg == 1 || entry.reg == 2);
    for name in ["Bob", "Bank"] {
        role(&mut image, name, &[], &[HALT]);
    }
    image.resources.facts.push(Fact { name: "order paid".into(), about: Some(2) });
    image.resources.facts.push(Fact { name: "seen".into(), about: None });
    image
}

fn answers(flow: FlowPolicy) -> [String; 2] {
    let config = VMConfig { flow, ..config() };
    let (_, report) = run_with(config, alice(&[TAG, check(0, 1, 1), check(0, 2, 2), HALT]), |_| {});
    let finals = report.finals[0].as_ref().expect("done");
    [finals[0].shown.clone(), finals[1].shown.clone()]
}

#[test]
fn who_tagged_a_fact_knows_it_and_nobody_else_does() {
    let (vm, report) = run_with(config(), alice(&[check(0, 1, 1), TAG, check(0, 1, 2), HALT]), |_| {});
    let shown: Vec<&str> = report.finals[0].iter().flatten().map(|value| &*value.shown).collect();
    assert_eq!(shown, ["false", "true"]);
    let names: Vec<String> = event_names(&vm).into_iter().filter(|name| name.starts_with("Alice")).collect();
    assert_eq!(names, ["Alice.Checked", "Alice.Tagged", "Alice.Checked", "Alice.Halted"]);
    let described: Vec<_> = vm.events().filter_map(|event| vm.describe(&event)).collect();
    let checked = described.iter().find(|event| event.event == "Checked").expect("there");
    let fields = [("fact", "order paid"), ("to", "Bob"), ("holds", "false")];
    assert_eq!(checked.fields, fields.map(|(key, value)| (key, value.to_owned())));
}

#[test]
fn a_policy_says_to_whom_facts_may_flow() {
    let roles = |name: &str| [name.to_owned()].into();
    let predicate = FlowPolicy::PredicateExpr;
    let prefix = || FlowPredicate::TargetRolePrefix("Bo".into());
    let cases = [
        (FlowPolicy::AllowAll, ["true", "true"]),
        (FlowPolicy::DenyAll, ["false", "false"]),
        (FlowPolicy::AllowRoles(roles("Bob")), ["true", "false"]),
        (FlowPolicy::DenyRoles(roles("Bob")), ["false", "true"]),
        (predicate(prefix()), ["true", "false"]),
        (predicate(FlowPredicate::FactContains("paid".into())), ["true", "true"]),
        (predicate(FlowPredicate::FactContains("sent".into())), ["false", "false"]),
        (predicate(FlowPredicate::EndpointRoleMatchesTarget), ["false", "true"]),
        (predicate(FlowPredicate::All(vec![prefix(), FlowPredicate::EndpointRoleMatchesTarget])), ["false", "false"]),
        (predicate(FlowPredicate::Any(vec![prefix(), FlowPredicate::EndpointRoleMatchesTarget])), ["true", "true"]),
        (predicate(FlowPredicate::All(Vec::new())), ["true", "true"]),
        (predicate(FlowPredicate::Any(Vec::new())), ["false", "false"]),
    ];
    for (policy, expected) in cases {
        assert_eq!(answers(policy.clone()), expected, "{policy:?}");
    }
}

#[test]
fn a_predicate_has_a_limited_depth() {
    let mut predicate = FlowPredicate::EndpointRoleMatchesTarget;
    for depth in 1..=64 {
        let flow = FlowPolicy::PredicateExpr(predicate.clone());
        assert!(VM::new(VMConfig { flow, ..config() }).is_ok(), "{depth}");
        predicate = FlowPredicate::All(vec![predicate]);
    }
    let flow = FlowPolicy::PredicateExpr(predicate);
    let refused = VMError::Configuration { field: "flow", value: 65, min: 0, max: 64 };
    assert_eq!(VM::new(VMConfig { flow, ..config() }).err(), Some(refused));
}

#[test]
fn what_tag_and_check_are_given_is_checked() {
    for (code, expected) in [
        (Instr::Tag { fact: 9, dst: 0 }, "vm.fault.missing_entry"),
        (Instr::Tag { fact: 0, dst: 1 }, "vm.fault.type_violation"),
        (Instr::Tag { fact: 1, dst: 0 }, "vm.fault.type_violation"),
        (Instr::Tag { fact: 0, dst: 9 }, "vm.fault.out_of_registers"),
        (check(9, 1, 1), "vm.fault.missing_entry"),
        (check(0, 9, 1), "vm.fault.missing_entry"),
        (check(0, 1, 3), "vm.fault.type_violation"),
        (check(0, 1, 9), "vm.fault.out_of_registers"),
    ] {
        let (_, report) = run_with(config(), alice(&[code, HALT]), |_| {});
        assert_eq!(fault_of(&report).code(), expected, "{code:?}");
    }
}
