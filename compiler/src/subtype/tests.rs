//! Subtyping of small types, written compactly.
//!
//! `a!x` sends `x` to `a`, `a?x` receives, `.` continues, `{…, …}` chooses, `X=…` binds, anything else is a variable.

use super::*;
use tell_ir::local::{LocalId, LocalNode};
use tell_ir::sort::{Label, Sort};

/// Reads the notation above; spaces do not count.
struct Reader<'a> {
    rest: &'a str,
    nodes: Vec<LocalNode>,
}

fn ty(text: &str) -> LocalType {
    let text: String = text.split_whitespace().collect();
    let mut reader = Reader { rest: &text, nodes: Vec::new() };
    let root = reader.term();
    assert_eq!(reader.rest, "", "in {text}");
    LocalType { nodes: reader.nodes, root }
}

impl Reader<'_> {
    fn add(&mut self, node: LocalNode) -> LocalId {
        self.nodes.push(node);
        LocalId(self.nodes.len() as u32 - 1)
    }

    fn eat(&mut self, start: &str) -> bool {
        let rest = self.rest.strip_prefix(start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn term(&mut self) -> LocalId {
        if !self.eat("{") {
            let start = self.rest;
            let word = self.word();
            if self.eat("=") {
                let body = self.term();
                return self.add(LocalNode::Rec(word, body));
            }
            if !self.rest.starts_with(['!', '?']) {
                return self.add(if word == "end" { LocalNode::End } else { LocalNode::Var(word) });
            }
            self.rest = start;
            let (is_send, row) = self.row();
            return self.comm(is_send, vec![row]);
        }
        let mut rows = Vec::new();
        let mut is_send = false;
        while !self.eat("}") {
            let (sends, row) = self.row();
            is_send = sends;
            rows.push(row);
            self.eat(",");
        }
        self.comm(is_send, rows)
    }

    fn row(&mut self) -> (bool, (String, Label, LocalId)) {
        let partner = self.word();
        let is_send = self.eat("!");
        assert!(is_send || self.eat("?"), "an action at {}", self.rest);
        let name = self.word();
        let sort = if self.eat("(int)") { Sort::Int } else { Sort::Unit };
        let then = if self.eat(".") { self.term() } else { self.add(LocalNode::End) };
        (is_send, (partner, Label { name, sort }, then))
    }

    fn comm(&mut self, is_send: bool, rows: Vec<(String, Label, LocalId)>) -> LocalId {
        if rows.iter().any(|row| row.0 != rows[0].0) {
            return self.add(if is_send { LocalNode::SendAny(rows) } else { LocalNode::RecvAny(rows) });
        }
        let partner = rows[0].0.clone();
        let rows = rows.into_iter().map(|(_, label, then)| (label, then)).collect();
        self.add(if is_send { LocalNode::Send(partner, rows) } else { LocalNode::Recv(partner, rows) })
    }
}

fn verdict(answer: Result<Answer, IllFormed>) -> &'static str {
    match answer.expect("well-formed") {
        Answer::Yes(_) => "yes",
        Answer::No(_) => "no",
        Answer::Unknown(_) => "unknown",
    }
}

/// The verdicts of the three relations: sync, conservative, async.
fn verdicts(first: &str, second: &str) -> [&'static str; 3] {
    let (first, second) = (ty(first), ty(second));
    [
        verdict(sync_subtype(&first, &second)),
        verdict(conservative_async_subtype(&first, &second)),
        verdict(async_subtype(&first, &second, 1_000)),
    ]
}

fn counterexample(answer: Result<Answer, IllFormed>) -> Counterexample {
    match answer.expect("well-formed") {
        Answer::No(counterexample) => counterexample,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_subtype_sends_fewer_and_receives_more() {
    assert_eq!(verdicts("b!x", "{b!x, b!y}"), ["yes"; 3]);
    assert_eq!(verdicts("{b!x, b!y}", "b!x"), ["no"; 3]);
    assert_eq!(verdicts("{b?x, b?y}", "b?x"), ["yes"; 3]);
    assert_eq!(verdicts("b?x", "{b?x, b?y}"), ["no"; 3]);
    assert_eq!(verdicts("b!x(int)", "b!x"), ["no"; 3]);
    assert_eq!(verdicts("end", "b!x"), ["no"; 3]);
    assert_eq!(verdicts("b!x", "end"), ["no"; 3]);
    assert_eq!(verdicts("end", "end"), ["yes"; 3]);
}

#[test]
fn recursion_is_compared_as_infinite_trees() {
    assert_eq!(verdicts("X=b!x.X", "X=b!x.Y=b!x.X"), ["yes", "no", "yes"]);
    assert_eq!(verdicts("X=b!x.X", "b!x.X=b!x.X"), ["yes", "no", "yes"]);
    assert_eq!(verdicts("X=b!x.X", "X=b!x.X"), ["yes"; 3]);
    assert_eq!(verdicts("X=b!x.X", "X=b!x.b?y.X")[2], "no");
}

#[test]
fn sends_overtake_receives_and_nothing_else_between_two() {
    assert_eq!(verdicts("b!x.b?y", "b?y.b!x"), ["no", "no", "yes"]);
    assert_eq!(verdicts("b?y.b!x", "b!x.b?y"), ["no"; 3]);
    assert_eq!(verdicts("b!x.b!y", "b!y.b!x"), ["no"; 3]);
    assert_eq!(verdicts("b?x.b?y", "b?y.b?x"), ["no"; 3]);
}

#[test]
fn messages_of_different_partners_change_places() {
    assert_eq!(verdicts("b!x.c!y", "c!y.b!x"), ["no", "yes", "yes"]);
    assert_eq!(verdicts("b?x.c?y", "c?y.b?x"), ["no", "yes", "yes"]);
    assert_eq!(verdicts("X=b!x.c!y.X", "X=c!y.b!x.X"), ["no", "yes", "yes"]);
    assert_eq!(verdicts("b?x.c!y", "c!y.b?x"), ["no"; 3]);
    assert_eq!(verdicts("b!x.c?y", "c?y.b!x"), ["no", "no", "yes"]);
}

#[test]
fn what_is_overtaken_for_ever_is_an_orphan() {
    assert_eq!(verdicts("X=b!a.X", "X=b!a.b?c.X"), ["no", "no", "no"]);
    assert_eq!(verdicts("X=b!a.X", "b?c.X=b!a.X"), ["no", "no", "no"]);
    assert_eq!(verdicts("X={b!a.X, b!s.b?c}", "b?c.X={b!a.X, b!s}")[2], "no");
    assert_eq!(verdicts("X=b!a.b?c.X", "X=b?c.b!a.X"), ["no", "no", "yes"]);
}

#[test]
fn a_loop_of_receives_cannot_be_overtaken() {
    // fair refinement (Bravetti, Lange, Zavattaro, FoSSaCS 2021) would allow it
    let ground = "X={g?tm.X, g?over.Y={g!tc.Y, g!done}}";
    let eager = "X={g!tc.X, g!done.Y={g?tm.Y, g?over}}";
    assert_eq!(verdicts(eager, ground), ["no", "no", "no"]);
}

#[test]
fn double_buffering_and_the_ring_are_improved() {
    let kernel = "X=s!ready.s?value.t?ready.t!value.X";
    let buffered = "s!ready.X=s!ready.s?value.t?ready.t!value.X";
    assert_eq!(verdicts(buffered, kernel), ["no", "no", "yes"]);
    let ring = "X=a?add.{c!add.X, c!sub.X}";
    let eager = "X={c!add.a?add.X, c!sub.a?add.X}";
    assert_eq!(verdicts(eager, ring), ["no", "no", "yes"]);
    assert_eq!(verdicts(ring, eager)[2], "no");
}

#[test]
fn receives_from_several_partners_are_not_widened() {
    assert_eq!(verdicts("{b?x, c?y}", "b?x")[0], "no");
    assert_eq!(verdicts("{b?x, c?y}", "{c?y, b?x}"), ["yes"; 3]);
    assert_eq!(verdicts("b!x", "{b!x, c!y}"), ["yes", "no", "yes"]);
}

#[test]
fn a_counterexample_is_a_shortest_way_to_the_disagreement() {
    let found = counterexample(sync_subtype(&ty("b?m.{c!x, c!y.b?m}"), &ty("{b?m.c!x}")));
    assert_eq!(found.path, ["b?m"]);
    assert_eq!(found.first, "+{c!x, c!y}");
    assert_eq!(found.second, "c!x");
    assert_eq!(found.why, Why::Sends("c!y".to_owned()));
    let found = counterexample(async_subtype(&ty("X=b!a.X"), &ty("X=b!a.b?c.X"), 100));
    assert_eq!((found.path.len(), found.why), (0, Why::Orphan("?b".to_owned())));
}

#[test]
fn what_is_no_type_is_refused() {
    let fault = |text: &str| sync_subtype(&ty("end"), &ty(text)).expect_err("ill-formed");
    assert_eq!(fault("X"), IllFormed { is_second: true, fault: Fault::Unbound("X".to_owned()) });
    assert_eq!(fault("X=Y=X").fault, Fault::Unguarded("X".to_owned()));
    assert_eq!(fault("{b!x, b!x}").fault, Fault::Duplicate("x".to_owned()));
    let empty = LocalType { nodes: vec![LocalNode::Recv("b".to_owned(), Vec::new())], root: LocalId(0) };
    assert_eq!(sync_subtype(&empty, &ty("end")).expect_err("ill-formed").fault, Fault::NoBranches);
    let cyclic = LocalType { nodes: vec![LocalNode::Rec("X".to_owned(), LocalId(0))], root: LocalId(0) };
    assert_eq!(sync_subtype(&cyclic, &ty("end")).expect_err("ill-formed").fault, Fault::Arena);
}

#[test]
fn a_million_messages_are_no_problem() {
    let unit = |name: &str| Label { name: name.to_owned(), sort: Sort::Unit };
    let mut nodes = vec![LocalNode::End];
    for index in 0..1_000_000 {
        nodes.push(LocalNode::Send("b".to_owned(), vec![(unit("x"), LocalId(index))]));
    }
    let chain = LocalType { nodes, root: LocalId(1_000_000) };
    assert_eq!(verdict(sync_subtype(&chain, &chain)), "yes");
    assert_eq!(verdict(async_subtype(&chain, &chain, 10)), "yes");
    assert_eq!(verdict(conservative_async_subtype(&chain, &chain)), "unknown");
    assert_eq!(counterexample(sync_subtype(&chain, &ty("b!x.b!x"))).path.len(), 2);
}

#[test]
fn shared_parts_are_not_written_out() {
    let unit = |name: &str| Label { name: name.to_owned(), sort: Sort::Unit };
    let mut nodes = vec![LocalNode::Var("X".to_owned())];
    for index in 0..200 {
        let both = [unit("x"), unit("y")].map(|label| (label, LocalId(index))).into();
        nodes.push(LocalNode::Send("b".to_owned(), both));
    }
    nodes.push(LocalNode::Rec("X".to_owned(), LocalId(200)));
    let shared = LocalType { nodes, root: LocalId(201) };
    assert_eq!(sync_subtype(&shared, &shared), Ok(Answer::Yes(Witness { pairs: 200 })));
    assert_eq!(verdict(conservative_async_subtype(&shared, &shared)), "unknown");
}

#[test]
fn a_shared_part_under_two_binders_means_two_things() {
    let unit = |name: &str| Label { name: name.to_owned(), sort: Sort::Unit };
    let row = |label: &str, then: u32| LocalNode::Send("b".to_owned(), vec![(unit(label), LocalId(then))]);
    let nodes = vec![
        LocalNode::Var("X".to_owned()),
        row("s", 0),
        row("x", 1),
        LocalNode::Rec("X".to_owned(), LocalId(2)),
        row("y", 1),
        LocalNode::Rec("X".to_owned(), LocalId(4)),
        LocalNode::Send("b".to_owned(), vec![(unit("l"), LocalId(3)), (unit("r"), LocalId(5))]),
    ];
    let shared = LocalType { nodes, root: LocalId(6) };
    let written = ty("{b!l.X=b!x.b!s.X, b!r.X=b!y.b!s.X}");
    assert_eq!(verdict(sync_subtype(&shared, &written)), "yes");
    assert_eq!(verdict(sync_subtype(&written, &shared)), "yes");
}

#[test]
fn looking_past_much_is_bounded() {
    let names: Vec<String> = (0..4_000).map(|name| format!("l{name}")).collect();
    let rows = |then: &str| names.iter().map(|name| format!("b!{name}.{then}")).collect::<Vec<_>>().join(",");
    let reads = "c?m.".repeat(2_000);
    let (ahead, behind) = (ty(&format!("{{{}}}", rows("c?m"))), ty(&format!("{reads}{{{}}}", rows("end"))));
    assert_eq!(verdict(async_subtype(&ahead, &behind, 1_000)), "unknown");
    let (ahead, behind) = (ty(&format!("X={{{}}}", rows("X"))), ty(&format!("X=c?m.{{{}}}", rows("X"))));
    assert_eq!(verdict(async_subtype(&ahead, &behind, 1_000)), "no");
    let (ahead, behind) = (ty(&format!("X={{{}}}", rows("b!z.c?m.X"))), ty(&format!("X={{{}}}", rows("c?m.b!z.X"))));
    assert_eq!(verdict(async_subtype(&ahead, &behind, 20_000)), "yes");
}
