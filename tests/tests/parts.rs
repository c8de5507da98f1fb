//! Code of `par`, scopes with outcomes and evidence guards: what is made of pure types, and what answers of the host lead
//! to. Programs with known results are in `tests/corpus/runtime`.

use std::collections::VecDeque;
use tell_compiler::pipeline::{self, Checked};
use tell_compiler::project::Limits;
use tell_ir::image::CodeImage;
use tell_ir::verify::verify;
use tell_tests::flags::Flags;
use tell_tests::host::{Inputs, Missing, Paper};
use tell_tests::notation;
use tell_tests::program::{build, rendered};
use tell_vm::{Call, Failure, Handler, HostStep, SessionEnd, VM, VMConfig, Value};

fn of_type(text: &str) -> Checked {
    let checked = pipeline::check_global("parts.json", "", &notation::global(text), &[], Limits::default());
    assert!(!checked.has_errors(), "{text}\n{}", rendered(&checked.diagnostics, &checked.program.files));
    checked
}

#[test]
fn images_of_pure_types_with_parts_are_verified() {
    let types = [
        "par{A->B l. end | A->C m. end}. A->B n. end",
        "par{A->B l. par{B->A m. end | B->C n. C->B o. end}. A->B p. end | A->C q. end}. C->A r. end",
        "rec X. A->B{l. par{A->B m. end | B->A n. A->C o. end}. X, k. A->C k. end}",
        "timed A{A->B x. end on timeout A->B t. end}. B->C z. end",
        "timed A{A->B x. B->A y. end on timeout A->B t. end on done A->B d. end}. end",
        "rec X. A->B k. timed C{A->B x. end on timeout A->B t. end}. X",
        "par{timed C{A->B x. end on timeout end}. end | C->D y. end}. end",
        "timed A{par{A->B x. end | A->C y. C->A z. end}. A->B w. end on timeout A->B t. A->C u. end}. end",
        "timed A{timed B{A->B x. B->A y. end on timeout B->A t. end}. A->B w. end on timeout A->B u. end}. A->B v. end",
        "timed A{rec X. A->B x. B->A y. X on timeout A->B t. end}. A->B u. end",
        "timed A{A->C k. rec X. B->C l. X on timeout A->B t. end}. end",
        "timed A{rec X. B->C l. X on timeout A->B t. A->C t. end}. end",
        "par{A->C k. rec X. A->B l. X | C->A m. end}. end",
        "timed A{A->B{l. A->C x. A->C y. end, m. A->C z. end} on timeout end}. end",
    ];
    for text in types {
        let image = pipeline::build(&of_type(text), None, Limits::default());
        let image = image.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        verify(image).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// Gives these answers, one after the other, and keeps what it was asked.
struct Script(VecDeque<HostStep>);

impl Handler for Script {
    fn start(&mut self, _: &Call<'_>, _: &[Value]) -> HostStep {
        self.0.pop_front().expect("the script is long enough")
    }
}

/// The final values of a run in which the effect `Desk` gives these answers.
fn finals(text: &str, answers: impl IntoIterator<Item = HostStep>) -> Vec<String> {
    let image: CodeImage = build("parts.tell", text).unwrap_or_else(|error| panic!("{error}"));
    let roles: Vec<String> = image.roles.iter().map(|role| role.name.clone()).collect();
    let verified = verify(image).unwrap_or_else(|error| panic!("{error}"));
    let mut machine = VM::new(VMConfig::default()).expect("the configuration is fine");
    tell_stdlib::install(&mut machine, Paper::default(), Inputs::new(&Flags::default(), Missing::Fails));
    machine.install("Desk", Script(answers.into_iter().collect()));
    let id = machine.load_choreography(verified).expect("all effects are handled");
    let session = machine.open(id, &[]).expect("there are no parameters");
    machine.run(100_000, &mut || false);
    let report = machine.take_report(&session).expect("the session ends");
    assert_eq!(report.end, SessionEnd::Closed);
    let of_role = |(role, finals): (&String, &Option<Vec<tell_vm::FinalValue>>)| {
        let lines = finals.iter().flatten().map(|value| format!("{role}.{} = {}", value.name, value.shown));
        lines.collect::<Vec<_>>()
    };
    roles.iter().zip(&report.finals).flat_map(of_role).collect()
}

const GUARDS: &str = "
effect Desk
  authoritative stock : String -> Maybe Int
    { progress : may_block }
  authoritative order : (String, Int) -> Result String Int
    { progress : may_block }
protocol Evidence(A, B) uses Desk =
  choice A at
    | Have when check Desk.stock(\"tea\") yields count =>
      A -> B : Have(left : Int = count - 1)
    | Order when check Desk.order(\"tea\", 1) yields ticket =>
      A -> B : Ordered(left : Int = ticket)
    | Sorry =>
      A -> B : Sorry(left : Int = 0)
  B -> A : Noted(twice : Int = left * 2)
";

#[test]
fn the_first_guard_with_evidence_is_open_and_those_behind_are_not_asked() {
    let just = || HostStep::Reply(Value::just(Value::Int(7)).expect("it is small"));
    let nothing = || HostStep::Reply(Value::nothing());
    let ok = || HostStep::Reply(Value::ok(Value::Int(50)).expect("it is small"));
    let err = || HostStep::Reply(Value::err(Value::text("none")).expect("it is small"));
    for (answers, left) in [(vec![just()], 6), (vec![nothing(), ok()], 50), (vec![nothing(), err()], 0)] {
        let found = finals(GUARDS, answers);
        let expected = [("A", "left", left), ("A", "twice", 2 * left), ("B", "left", left), ("B", "twice", 2 * left)];
        assert_eq!(found, expected.map(|(role, name, value)| format!("{role}.{name} = {value}")));
    }
}

#[test]
fn a_failure_ends_the_scope_and_its_kind_is_known_to_all_participants() {
    let text = "
effect Desk
  command ask : Int -> Int
protocol Attempt(A, B) uses Desk =
  var n at A : Int = 0
  var kind at A : String = \"none\"
  attempt A at
    loop repeat 5
      let answer at A = do Desk.ask(n)
      n := n + answer
      A -> B : Sum(sum : Int = n)
  on fail e =>
    A -> B : Failed(word : String = e)
    B -> A : Same(same : Bool = word == e)
    assert same at A
    kind := word
  A -> B : End(end : Int = n)
";
    let two = || HostStep::Reply(Value::Int(2));
    let fails = || HostStep::Fail(Failure::unavailable("closed"));
    let found = finals(text, [two(), two(), fails()]);
    assert_eq!(found, ["A.n = 4", "A.kind = \"unavailable\"", "A.end = 4", "B.end = 4"]);
    let found = finals(text, [two(), two(), two(), two(), two()]);
    assert_eq!(found, ["A.n = 10", "A.kind = \"none\"", "A.end = 10", "B.end = 10"]);
}
