//! Each instruction: its result and its event.

use super::fixture::{
    BOOL, BYTES, DURATION, HALT, INT, INT_LISTS, INTS, MAP, MAYBE, OFFER, PAIR, REPLY, RESULT, SESSION, STRING,
    STRINGS, UNIT, choose, config, event_names, finals, image, last, role, run, shape,
};
use crate::machine::{RunEnd, VM};
use crate::session::SessionEnd;
use crate::value::Value;
use tell_ir::image::{Const, Shape};
use tell_ir::instr::Instr;
use tell_ir::prim::Prim;
use tell_ir::ty::TypeId;

fn set(dst: u16, value: u32) -> Instr {
    Instr::Set { dst, value }
}

fn text(s: &str) -> Const {
    Const::Str(s.into())
}

/// The constants go to registers 0 …, the result of `op` on them to the last register.
fn prim(op: Prim, consts: &[Const], types: &[TypeId], result: TypeId) -> String {
    let mut code: Vec<Instr> = (0..consts.len()).map(|i| set(i as u16, i as u32)).collect();
    let dst = types.len() as u16;
    code.extend([Instr::Prim { op, dst, a: 0, b: 1 }, HALT]);
    let regs: Vec<TypeId> = types.iter().copied().chain([result]).collect();
    last(consts, &regs, &code, |_| {})
}

fn ints(op: Prim, a: i64, b: i64, result: TypeId) -> String {
    prim(op, &[Const::Int(a), Const::Int(b)], &[INT, INT], result)
}

fn texts(op: Prim, a: &str, b: &str, result: TypeId) -> String {
    prim(op, &[text(a), text(b)], &[STRING, STRING], result)
}

#[test]
fn arithmetic() {
    assert_eq!(ints(Prim::Add, 2, 3, INT), "5");
    assert_eq!(ints(Prim::Sub, 2, 3, INT), "-1");
    assert_eq!(ints(Prim::Mul, 2, 3, INT), "6");
    assert_eq!(ints(Prim::Div, -7, 2, INT), "-3");
    assert_eq!(ints(Prim::Rem, -7, 2, INT), "-1");
    assert_eq!(ints(Prim::Min, -7, 2, INT), "-7");
    assert_eq!(ints(Prim::Max, -7, 2, INT), "2");
    assert_eq!(prim(Prim::Neg, &[Const::Int(7)], &[INT], INT), "-7");
    assert_eq!(prim(Prim::Abs, &[Const::Int(-7)], &[INT], INT), "7");
    let spans = [Const::Duration(250_000_000), Const::Duration(750_000_000)];
    assert_eq!(prim(Prim::Add, &spans, &[DURATION, DURATION], DURATION), "1s");
    assert_eq!(prim(Prim::Sub, &spans, &[DURATION, DURATION], DURATION), "-500ms");
    assert_eq!(prim(Prim::Neg, &spans[..1], &[DURATION], DURATION), "-250ms");
}

#[test]
fn comparison() {
    for (op, expected) in [
        (Prim::Eq, "false"),
        (Prim::Ne, "true"),
        (Prim::Lt, "true"),
        (Prim::Le, "true"),
        (Prim::Gt, "false"),
        (Prim::Ge, "false"),
    ] {
        assert_eq!(ints(op, 1, 2, BOOL), expected, "{op:?}");
        assert_eq!(texts(op, "a", "ä", BOOL), expected, "{op:?}");
    }
    assert_eq!(prim(Prim::Not, &[Const::Bool(true)], &[BOOL], BOOL), "false");
}

#[test]
fn strings() {
    assert_eq!(texts(Prim::Concat, "ab", "c", STRING), "\"abc\"");
    assert_eq!(texts(Prim::Split, "a,b,", ",", STRINGS), r#"["a", "b", ""]"#);
    assert_eq!(texts(Prim::Split, "aé", "", STRINGS), r#"["a", "é"]"#);
    assert_eq!(prim(Prim::StringLength, &[text("aé")], &[STRING], INT), "2");
    assert_eq!(prim(Prim::Upper, &[text("aß")], &[STRING], STRING), "\"ASS\"");
    assert_eq!(prim(Prim::Lower, &[text("AÉ")], &[STRING], STRING), "\"aé\"");
    for (given, expected) in [
        ("12", "Just(12)"),
        ("-12", "Just(-12)"),
        ("+1", "Just(1)"),
        ("-9223372036854775808", "Just(-9223372036854775808)"),
        ("9223372036854775808", "Nothing"),
        ("", "Nothing"),
        ("-", "Nothing"),
        ("--1", "Nothing"),
        (" 1", "Nothing"),
        ("1_0", "Nothing"),
    ] {
        assert_eq!(prim(Prim::ParseInt, &[text(given)], &[STRING], MAYBE), expected, "{given:?}");
    }
    assert_eq!(prim(Prim::ToString, &[text("a\"b")], &[STRING], STRING), r#""a\"b""#);
    assert_eq!(prim(Prim::ToString, &[Const::Int(-3)], &[INT], STRING), "\"-3\"");
}

#[test]
fn lists_and_maps() {
    let consts = [Const::Int(10), Const::Int(20), Const::Int(30), text("x"), Const::Int(1), text("y")];
    let list = |code: &[Instr], regs: &[TypeId]| {
        let mut all = vec![set(0, 0), set(1, 1), set(2, 2), Instr::Make { dst: 3, shape: 0, args: 0 }];
        all.extend_from_slice(code);
        all.push(HALT);
        let regs: Vec<TypeId> = [INT, INT, INT, INTS].iter().chain(regs).copied().collect();
        last(&consts, &regs, &all, |image| {
            shape(image, Shape::List(INTS, 3));
        })
    };
    let unary = |op, ty| list(&[Instr::Prim { op, dst: 4, a: 3, b: 0 }], &[ty]);
    assert_eq!(unary(Prim::Length, INT), "3");
    assert_eq!(unary(Prim::Reverse, INTS), "[30, 20, 10]");
    assert_eq!(unary(Prim::Head, MAYBE), "Just(10)");
    assert_eq!(unary(Prim::Tail, INTS), "[20, 30]");
    assert_eq!(unary(Prim::Append, INTS), "[10, 20, 30, 10]");
    assert_eq!(unary(Prim::Contains, BOOL), "true");
    assert_eq!(list(&[set(4, 4), Instr::Prim { op: Prim::Get, dst: 5, a: 3, b: 4 }], &[INT, MAYBE]), "Just(20)");
    assert_eq!(list(&[Instr::Prim { op: Prim::Get, dst: 4, a: 3, b: 0 }], &[MAYBE]), "Nothing");
    assert_eq!(list(&[Instr::Prim { op: Prim::Concat, dst: 4, a: 3, b: 3 }], &[INTS]), "[10, 20, 30, 10, 20, 30]");
    assert_eq!(list(&[Instr::Get { dst: 4, src: 3, index: 2 }], &[INT]), "30");
    assert_eq!(list(&[Instr::Count { dst: 4, src: 3 }], &[INT]), "3");

    let map = |code: &[Instr], regs: &[TypeId]| {
        let insert =
            |dst, key, value| [set(2, key), set(3, value), Instr::Prim { op: Prim::Insert, dst, a: dst, b: 2 }];
        let mut all = vec![Instr::Prim { op: Prim::EmptyMap, dst: 1, a: 0, b: 0 }];
        all.extend(insert(1, 1, 3).into_iter().chain(insert(1, 0, 5)).chain(insert(1, 1, 5)));
        all.extend_from_slice(code);
        all.push(HALT);
        let regs: Vec<TypeId> = [UNIT, MAP, INT, STRING].iter().chain(regs).copied().collect();
        last(&consts, &regs, &all, |_| {})
    };
    assert_eq!(map(&[Instr::Move { dst: 4, src: 1 }], &[MAP]), r#"Map[(10, "y"), (20, "y")]"#);
    assert_eq!(map(&[Instr::Prim { op: Prim::Size, dst: 4, a: 1, b: 0 }], &[INT]), "2");
    assert_eq!(map(&[Instr::Prim { op: Prim::Keys, dst: 4, a: 1, b: 0 }], &[INTS]), "[10, 20]");
    assert_eq!(map(&[Instr::Prim { op: Prim::Remove, dst: 4, a: 1, b: 2 }], &[MAP]), r#"Map[(10, "y")]"#);
}

#[test]
fn join_and_lookup() {
    let consts = [text("a"), text("b"), text(", ")];
    let code = [
        set(0, 0),
        set(1, 1),
        Instr::Make { dst: 2, shape: 0, args: 0 },
        set(3, 2),
        Instr::Prim { op: Prim::Join, dst: 4, a: 2, b: 3 },
        HALT,
    ];
    let joined = last(&consts, &[STRING, STRING, STRINGS, STRING, STRING], &code, |image| {
        shape(image, Shape::List(STRINGS, 2));
    });
    assert_eq!(joined, "\"a, b\"");
}

#[test]
fn make_get_move_set() {
    let consts = [Const::Int(30), text("TAPL"), Const::Session, Const::Unit, Const::Bool(true)];
    let code = [
        set(0, 0),
        set(1, 1),
        Instr::Make { dst: 2, shape: 0, args: 0 },
        Instr::Make { dst: 3, shape: 1, args: 0 },
        Instr::Make { dst: 4, shape: 2, args: 0 },
        Instr::Make { dst: 5, shape: 3, args: 0 },
        Instr::Make { dst: 6, shape: 4, args: 1 },
        Instr::Get { dst: 7, src: 3, index: 1 },
        Instr::Get { dst: 8, src: 4, index: 0 },
        Instr::Move { dst: 9, src: 5 },
        set(10, 2),
        set(11, 4),
        HALT,
    ];
    let regs = [INT, STRING, PAIR, OFFER, REPLY, REPLY, RESULT, STRING, INT, REPLY, SESSION, BOOL];
    let values = finals(&consts, &regs, &code, |image| {
        for s in [
            Shape::Product(PAIR),
            Shape::Product(OFFER),
            Shape::Variant(REPLY, 0),
            Shape::Variant(REPLY, 1),
            Shape::Variant(RESULT, 0),
        ] {
            shape(image, s);
        }
    });
    let shown: Vec<&str> = values.iter().map(|v| v.shown.as_str()).collect();
    let expected = [
        "30",
        "\"TAPL\"",
        "(30, \"TAPL\")",
        "{ price = 30, title = \"TAPL\" }",
        "Accepted(30)",
        "Silent",
        "Err(\"TAPL\")",
        "\"TAPL\"",
        "30",
        "Silent",
        "<session 0>",
        "true",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn control() {
    // Counts r0 from 0 to 3, then takes the arm of the second variant.
    let consts = [Const::Int(0), Const::Int(3), Const::Int(1)];
    let code = [
        set(0, 0),
        set(1, 1),
        set(2, 2),
        Instr::Prim { op: Prim::Lt, dst: 3, a: 0, b: 1 },
        Instr::Branch { val: 3, target: 7 },
        Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 2 },
        Instr::Jump { target: 3 },
        Instr::Make { dst: 4, shape: 0, args: 0 },
        Instr::Switch { val: 4, table: 0 },
        HALT,
        Instr::Get { dst: 5, src: 4, index: 0 },
        HALT,
    ];
    let shown = last(&consts, &[INT, INT, INT, BOOL, MAYBE, INT], &code, |image| {
        shape(image, Shape::Variant(MAYBE, 1));
        image.functions[0].switches.push(vec![9, 10]);
    });
    assert_eq!(shown, "3");
}

#[test]
fn nested_lists_keep_their_types() {
    let consts = [Const::Int(1)];
    let code = [
        set(0, 0),
        Instr::Make { dst: 1, shape: 0, args: 0 },
        Instr::Make { dst: 2, shape: 1, args: 1 },
        Instr::Prim { op: Prim::ToString, dst: 3, a: 2, b: 0 },
        HALT,
    ];
    let shown = last(&consts, &[INT, INTS, INT_LISTS, STRING], &code, |image| {
        shape(image, Shape::List(INTS, 1));
        shape(image, Shape::List(INT_LISTS, 1));
    });
    assert_eq!(shown, "\"[[1]]\"");
}

#[test]
fn send_receive_offer_choose() {
    let mut image = image(&[Const::Int(7), text("x")]);
    let a = [
        set(0, 0),
        set(1, 1),
        Instr::Send { to: 1, label: 2, val: 0 },
        Instr::Offer { to: 1, label: 3, val: 1 },
        Instr::Receive { from: 1, label: 2, dst: 0 },
        HALT,
    ];
    role(&mut image, "A", &[INT, STRING], &a);
    let b = [
        Instr::Receive { from: 0, label: 2, dst: 0 },
        Instr::Choose { table: 0 },
        HALT,
        Instr::Send { to: 0, label: 2, val: 0 },
        HALT,
    ];
    role(&mut image, "B", &[INT, STRING, BYTES], &b);
    choose(&mut image, &[(0, 2, 0, 2), (0, 3, 1, 3)], false);
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    let finals = report.finals[1].as_ref().expect("B halted");
    assert_eq!((&finals[0].value, &finals[1].value), (&Value::Int(7), &Value::text("x")));
    let expected = [
        "Opened",
        "A.Sent",
        "A.Offered",
        "B.Received",
        "B.Chose",
        "B.Sent",
        "B.Halted",
        "A.Received",
        "A.Halted",
        "Closed",
        "SessionTerminal",
        "EpochAdvanced",
    ];
    assert_eq!(event_names(&vm), expected);
    let sent = vm.events().nth(1).and_then(|event| vm.describe(&event)).expect("it was recorded");
    assert_eq!(sent.tick, 3);
    let fields: Vec<String> = sent.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(fields, ["to=B", "label=L2", "payload=7", "number=0"]);
}

#[test]
fn yield_lets_the_others_run() {
    let mut image = image(&[Const::Int(1)]);
    role(
        &mut image,
        "A",
        &[INT],
        &[Instr::Yield, set(0, 0), Instr::Send { to: 2, label: 2, val: 0 }, Instr::Yield, HALT],
    );
    role(&mut image, "B", &[INT], &[set(0, 0), Instr::Send { to: 2, label: 2, val: 0 }, HALT]);
    let c = [Instr::Receive { from: 1, label: 2, dst: 0 }, Instr::Receive { from: 0, label: 2, dst: 0 }, HALT];
    role(&mut image, "C", &[INT], &c);
    let (vm, report) = run(image);
    assert_eq!((&report.end, report.ticks), (&SessionEnd::Closed, 5 + 3 + 3), "a yield is a step");
    let expected = [
        "Opened",
        "B.Sent",
        "B.Halted",
        "C.Received",
        "A.Sent",
        "C.Received",
        "C.Halted",
        "A.Halted",
        "Closed",
        "SessionTerminal",
        "EpochAdvanced",
    ];
    assert_eq!(event_names(&vm), expected, "a yield has no event of its own");
}

#[test]
fn a_role_that_only_yields_does_not_hold_up_the_others() {
    let mut image = image(&[Const::Int(1)]);
    role(&mut image, "A", &[], &[Instr::Yield, Instr::Jump { target: 0 }]);
    role(&mut image, "B", &[INT], &[set(0, 0), HALT]);
    let mut vm = VM::new(config()).expect("right");
    let image = vm.load_unverified(image).expect("loads");
    vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::StepLimit);
    assert_eq!(event_names(&vm), ["Opened", "B.Halted"]);
}
