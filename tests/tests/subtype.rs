//! Subtyping of local types: hand-written verdicts, laws, and runs.
//!
//! `tests/vectors/subtype.json` has pairs of types with the verdict of each relation and where it comes from. Generated
//! types check the laws, and that an answer means what it says: a type that can replace another works together with
//! whatever the other works with. The partner of a run is the dual of the second type, with a queue per partner and
//! direction: the most demanding context that works with it.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tell_bridge::import::json_to_local;
use tell_compiler::subtype::{Answer, IllFormed, async_subtype, conservative_async_subtype, sync_subtype};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};
use tell_tests::numbers::Numbers;
use tell_tests::{root, text_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    Unknown,
}

fn verdict(answer: Result<Answer, IllFormed>) -> Verdict {
    match answer.expect("well-formed") {
        Answer::Yes(_) => Verdict::Yes,
        Answer::No(_) => Verdict::No,
        Answer::Unknown(_) => Verdict::Unknown,
    }
}

fn sync(first: &LocalType, second: &LocalType) -> Verdict {
    verdict(sync_subtype(first, second))
}

fn conservative(first: &LocalType, second: &LocalType) -> Verdict {
    verdict(conservative_async_subtype(first, second))
}

fn buffered(first: &LocalType, second: &LocalType) -> Verdict {
    verdict(async_subtype(first, second, 300))
}

#[test]
fn published_and_written_pairs_have_the_verdicts_of_their_source() {
    let text = text_of(&root().join("tests/vectors/subtype.json"));
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("the vectors are JSON");
    assert!(vectors.len() >= 60, "{} vectors", vectors.len());
    let mut wrong = Vec::new();
    for vector in &vectors {
        let ty = |key: &str| json_to_local(&vector[key].to_string()).expect("a local type");
        let (first, second) = (ty("a"), ty("b"));
        let found = [("sync", sync as fn(&_, &_) -> _), ("conservative", conservative), ("async", buffered)];
        for (relation, decide) in found {
            let found = format!("{:?}", decide(&first, &second)).to_lowercase();
            if vector[relation] != found {
                wrong.push(format!("{} {relation}: {} expected, {found} found", vector["name"], vector[relation]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

/// A generated type: its states; it starts in state 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Graph(Vec<Node>);

/// A communication with one partner; the end has no rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    is_send: bool,
    partner: usize,
    /// Labels, ascending, and targets.
    rows: Vec<(usize, usize)>,
}

const PARTNERS: [&str; 2] = ["b", "c"];
const LABELS: [&str; 2] = ["x", "y"];
const CHOICES: [&[usize]; 4] = [&[0], &[0], &[1], &[0, 1]];

impl Graph {
    /// With `is_finite`, targets come later and the last state is the end.
    fn random(numbers: &mut Numbers, states: usize, partners: usize, is_finite: bool) -> Self {
        let node = |state: usize, numbers: &mut Numbers| {
            let is_end = if is_finite { state + 1 == states } else { numbers.percent(20) };
            let labels: &[usize] = if is_end { &[] } else { CHOICES[numbers.below(CHOICES.len())] };
            let first = if is_finite { state + 1 } else { 0 };
            let row = |label: &usize| (*label, first + numbers.below(states - first));
            let rows = labels.iter().map(row).collect();
            Node { is_send: numbers.percent(50), partner: numbers.below(partners), rows }
        };
        Self((0..states).map(|state| node(state, numbers)).collect())
    }

    /// Something similar, often a subtype.
    fn changed(&self, numbers: &mut Numbers) -> Self {
        let mut graph = self.clone();
        if numbers.percent(30) {
            graph.run_ahead(numbers);
        }
        for _ in 0..=numbers.below(3) {
            let count = graph.0.len();
            let state = numbers.below(count);
            let to = numbers.below(count);
            let node = &mut graph.0[state];
            match numbers.below(4) {
                0 if node.is_send && node.rows.len() > 1 => {
                    node.rows.remove(numbers.below(2));
                }
                1 if !node.is_send && node.rows.len() == 1 && (state < to || to == count - 1) => {
                    node.rows.push((1 - node.rows[0].0, to));
                    node.rows.sort_unstable();
                }
                _ => graph.swap(state),
            }
        }
        graph
    }

    /// Starts with a message that is sent somewhere anyway.
    fn run_ahead(&mut self, numbers: &mut Numbers) {
        let sends: Vec<Node> = self.0.iter().filter(|node| node.is_send && !node.rows.is_empty()).cloned().collect();
        if sends.is_empty() {
            return;
        }
        let mut send = numbers.pick(&sends).clone();
        send.rows = vec![(send.rows[0].0, 1)];
        for (_, to) in self.0.iter_mut().flat_map(|node| &mut node.rows) {
            *to += 1;
        }
        self.0.insert(0, send);
    }

    /// Exchanges a communication without choice with the next one.
    fn swap(&mut self, state: usize) {
        let [(label, next)] = self.0[state].rows[..] else { return };
        let [(next_label, _)] = self.0[next].rows[..] else { return };
        let (action, next_action) =
            ((self.0[state].is_send, self.0[state].partner), (self.0[next].is_send, self.0[next].partner));
        (self.0[state].is_send, self.0[state].partner) = next_action;
        (self.0[next].is_send, self.0[next].partner) = action;
        self.0[state].rows[0].0 = next_label;
        self.0[next].rows[0].0 = label;
    }

    fn local(&self) -> LocalType {
        let mut nodes = Vec::new();
        let root = self.term(0, &mut Vec::new(), &mut nodes);
        LocalType { nodes, root }
    }

    /// Graphs are small, so this recurses; every state has a binder.
    fn term(&self, state: usize, open: &mut Vec<usize>, nodes: &mut Vec<LocalNode>) -> LocalId {
        let Node { is_send, partner, rows } = &self.0[state];
        let node = if open.contains(&state) {
            LocalNode::Var(format!("X{state}"))
        } else if rows.is_empty() {
            LocalNode::End
        } else {
            open.push(state);
            let label = |label: usize| Label { name: LABELS[label].to_owned(), sort: Sort::Unit };
            let rows = rows.iter().map(|(name, to)| (label(*name), self.term(*to, open, nodes))).collect();
            open.pop();
            let partner = PARTNERS[*partner].to_owned();
            nodes.push(if *is_send { LocalNode::Send(partner, rows) } else { LocalNode::Recv(partner, rows) });
            LocalNode::Rec(format!("X{state}"), last(nodes))
        };
        nodes.push(node);
        last(nodes)
    }
}

fn last(nodes: &[LocalNode]) -> LocalId {
    LocalId(nodes.len() as u32 - 1)
}

/// Most messages in a queue of a run: of finite types all there can be.
const ENOUGH: usize = 7;
const SOME: usize = 3;

/// A process, the dual of another one, and the messages to and from each partner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    states: [usize; 2],
    /// To the process from its partners, and from it.
    queues: [[VecDeque<usize>; 2]; 2],
}

/// What goes wrong when `first` runs with the dual of `second`, in some run with queues of that capacity.
fn mishap(first: &Graph, second: &Graph, capacity: usize) -> Option<Run> {
    let start = Run { states: [0, 0], queues: Default::default() };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(run) = todo.pop() {
        let mut can_go_on = false;
        for (side, graph) in [first, second].into_iter().enumerate() {
            let node = &graph.0[run.states[side]];
            // The dual receives what the second type sends, from the process.
            let sends = node.is_send == (side == 0);
            let queue = |run: &Run| run.queues[usize::from((side == 0) == sends)][node.partner].clone();
            let messages = queue(&run);
            if node.rows.is_empty() || !sends && messages.is_empty() {
                continue;
            }
            can_go_on = true;
            if sends && messages.len() == capacity {
                continue;
            }
            if !sends && node.rows.iter().all(|(label, _)| *label != messages[0]) {
                return Some(run);
            }
            for (label, to) in node.rows.iter().filter(|(label, _)| sends || *label == messages[0]) {
                let mut next = run.clone();
                next.states[side] = *to;
                let queue = &mut next.queues[usize::from((side == 0) == sends)][node.partner];
                if sends {
                    queue.push_back(*label);
                } else {
                    queue.pop_front();
                }
                if seen.insert(next.clone()) {
                    todo.push(next);
                }
            }
        }
        let is_over = [first, second].iter().zip(run.states).all(|(graph, state)| graph.0[state].rows.is_empty());
        let is_empty = run.queues.iter().flatten().all(VecDeque::is_empty);
        if !(can_go_on || is_over && is_empty) {
            return Some(run);
        }
    }
    None
}

/// Generated pairs; the first is random or made from the second.
fn pairs(count: u64, partners: usize, is_finite: bool) -> impl Iterator<Item = (Graph, Graph)> {
    (0..count).map(move |seed| {
        let mut numbers = Numbers::new(seed);
        let states = 2 + numbers.below(if is_finite { 5 } else { 4 });
        let second = Graph::random(&mut numbers, states, partners, is_finite);
        let first = if numbers.percent(20) {
            Graph::random(&mut numbers, states, partners, is_finite)
        } else {
            second.changed(&mut numbers)
        };
        (first, second)
    })
}

/// Both kinds of types, of one and two partners.
fn all_pairs(count: u64) -> impl Iterator<Item = (Graph, Graph)> {
    [(1, true), (2, true), (1, false), (2, false)]
        .into_iter()
        .flat_map(move |(partners, is_finite)| pairs(count, partners, is_finite))
}

#[test]
fn a_subtype_works_where_the_other_works() {
    let mut counts = BTreeMap::new();
    for (first, second) in all_pairs(3_000) {
        let (a, b) = (first.local(), second.local());
        let is_in_step = sync(&a, &b) == Verdict::Yes;
        let found = buffered(&a, &b);
        *counts.entry(format!("{found:?}, in step {is_in_step}")).or_insert(0) += 1;
        if found == Verdict::Yes {
            let run = mishap(&first, &second, SOME);
            assert!(run.is_none(), "after {run:?}, of\n{a}\nfor\n{b}");
        }
        assert!(!is_in_step || found == Verdict::Yes, "sync and not async:\n{a}\nfor\n{b}");
        if conservative(&a, &b) == Verdict::Yes {
            assert_ne!(found, Verdict::No, "conservative and not async:\n{a}\nfor\n{b}");
            assert!(mishap(&first, &second, SOME).is_none(), "conservative and wrong:\n{a}\nfor\n{b}");
        }
    }
    assert!(counts["Yes, in step false"] >= 300, "{counts:?}");
    assert!(counts["No, in step false"] >= 300, "{counts:?}");
    assert!(counts.get("Unknown, in step false").is_none_or(|count| *count <= 600), "{counts:?}");
}

#[test]
fn a_finite_type_that_is_no_subtype_fails_somewhere() {
    for partners in [1, 2] {
        for (first, second) in pairs(4_000, partners, true) {
            let (a, b) = (first.local(), second.local());
            let found = buffered(&a, &b);
            assert_ne!(found, Verdict::Unknown, "finite types are decided:\n{a}\nfor\n{b}");
            assert_eq!(found == Verdict::No, mishap(&first, &second, ENOUGH).is_some(), "{found:?}:\n{a}\nfor\n{b}");
        }
    }
}

#[test]
fn every_type_replaces_itself() {
    for (graph, _) in all_pairs(500) {
        let ty = graph.local();
        assert_eq!([sync(&ty, &ty), conservative(&ty, &ty), buffered(&ty, &ty)], [Verdict::Yes; 3], "{ty}");
    }
}

#[test]
fn what_replaces_a_replacement_replaces() {
    let mut chains = [0; 2];
    for (seed, (second, third)) in (0..).zip(all_pairs(3_000)) {
        let first = second.changed(&mut Numbers::new(seed));
        let [a, b, c] = [first, second, third].map(|graph| graph.local());
        for (count, relation) in chains.iter_mut().zip([sync as fn(&_, &_) -> _, buffered]) {
            if [relation(&a, &b), relation(&b, &c)] == [Verdict::Yes; 2] {
                *count += 1;
                assert_ne!(relation(&a, &c), Verdict::No, "{a}\nfor\n{b}\nfor\n{c}");
            }
        }
    }
    assert!(chains.iter().all(|count| *count >= 100), "{chains:?}");
}
