//! Why a role cannot carry out its part: two runs that look the same to it and then demand different things
//! (PROJECTION §4).

use super::Limits;
use super::closure::{Closure, Ground};
use super::live::acts;
use crate::graph::{Action, Graph, NodeId, NodeKind, Role};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// A place in a run: a node and the branch taken or demanded there.
type Place = (u32, usize);

/// `E0401`: in one run the role must act, in the other it must wait.
pub(super) fn mixed(ground: &Ground<'_>, closure: &Closure, acting: u32, waiting: u32) -> Diagnostic {
    two_runs(ground, closure, "E0401", (acting, 0), (waiting, 0), None)
}

/// `E0401`: what the role must do in one run is not possible in the other.
pub(super) fn send_validity(
    ground: &Ground<'_>,
    closure: &Closure,
    offer: Place,
    other: u32,
    both_send: bool,
) -> Diagnostic {
    let hint = both_send.then(|| same_label(ground, closure, offer, other)).flatten();
    two_runs(ground, closure, "E0401", offer, (other, 0), hint)
}

/// `E0401`: the value the role must use depends on a decision it does not know.
pub(super) fn unknown_value(ground: &Ground<'_>, closure: &Closure, place: u32) -> Diagnostic {
    let name = role_name(ground);
    let (span, does) = demand(ground, node(closure, place), 0);
    Diagnostic::new(Code("E0401"), format!("`{name}` cannot tell which branch it is in, and needs a value from it"))
        .label(ground.graph.file, span, format!("`{name}` {does} here"))
        .note(seen(ground, closure, place))
        .help(format!("send `{name}` the value it needs"))
}

/// `E0402`: a message of another run could be taken for this one.
pub(super) fn receive_validity(ground: &Ground<'_>, closure: &Closure, taken: Place, early: Place) -> Diagnostic {
    let name = role_name(ground);
    let graph = ground.graph;
    let (taken_span, _) = demand(ground, node(closure, taken.0), taken.1);
    let (early_span, _) = demand(ground, node(closure, early.0), early.1);
    let (first, second) =
        (message(graph, node(closure, taken.0), taken.1), message(graph, node(closure, early.0), early.1));
    let text = format!("`{name}` cannot tell {first} and {second} apart: either can arrive first in the same run");
    let mut diagnostic = Diagnostic::new(Code("E0402"), text)
        .label(graph.file, early_span, format!("in one run `{name}` must take this"))
        .label(graph.file, taken_span, "in another this one, while the first may already be there");
    if let Some((span, _, _)) = divergence(ground, closure, taken.0, early.0) {
        diagnostic = diagnostic.label(graph.file, span, "decided here");
    }
    diagnostic.note(seen(ground, closure, taken.0)).help(format!(
        "let one of the two senders speak to `{name}` in every run before the other, or use different labels"
    ))
}

/// `E0403`: one label, two payloads.
pub(super) fn two_signatures(ground: &Ground<'_>, closure: &Closure, first: Place, second: Place) -> Diagnostic {
    let graph = ground.graph;
    let name = role_name(ground);
    let label = |place: Place| match &graph.node(node(closure, place.0)).kind {
        NodeKind::Comm { branches, .. } => (&graph.labels[branches[place.1].label as usize], branches[place.1].span),
        _ => panic!("bug: a receive is a message"),
    };
    let ((a, a_span), (b, b_span)) =
        if label(first).1 <= label(second).1 { (label(first), label(second)) } else { (label(second), label(first)) };
    let types = |label: &crate::graph::Label| {
        let fields: Vec<String> = label.fields.iter().map(|ty| ground.program.show_type(*ty)).collect();
        format!("({})", fields.join(", "))
    };
    Diagnostic::new(
        Code("E0403"),
        format!("`{name}` can receive `{}` with two different payloads at one point", a.name),
    )
    .label(graph.file, b_span, format!("with {}", types(b)))
    .label(graph.file, a_span, format!("with {}", types(a)))
    .help("give the two messages different labels, or the same payload")
}

/// `E0404`
pub(super) fn too_many_states(ground: &Ground<'_>, limits: Limits) -> Diagnostic {
    let name = role_name(ground);
    let text = format!("what `{name}` may have to remember takes more than {} states", limits.projection_states);
    Diagnostic::new(Code("E0404"), text)
        .label(ground.graph.file, ground.graph.span, "in this protocol")
        .help(format!("tell `{name}` earlier which branch was taken, so that it has fewer possibilities to keep apart"))
}

/// `W0401`
pub(super) fn may_wait(ground: &Ground<'_>, closure: &Closure, place: Place) -> Diagnostic {
    let name = role_name(ground);
    let graph = ground.graph;
    let (span, does) = demand(ground, node(closure, place.0), place.1);
    let mut diagnostic = Diagnostic::new(Code("W0401"), format!("`{name}` may wait for ever")).label(
        graph.file,
        span,
        format!("in one run `{name}` {does}, in another nothing comes any more"),
    );
    let ended = (0..).zip(&closure.items).find(|(_, item)| graph_ends(ground, item.node));
    if let Some((ended, _)) = ended
        && let Some((span, _, _)) = divergence(ground, closure, place.0, ended)
    {
        diagnostic = diagnostic.label(graph.file, span, "decided here");
    }
    diagnostic.help(format!("tell `{name}` in every branch; without it the end of the session ends the waiting"))
}

fn graph_ends(ground: &Ground<'_>, node: NodeId) -> bool {
    !ground.view.can_act[node.index()]
}

/// The general form: where the runs part, and what each demands.
fn two_runs(
    ground: &Ground<'_>,
    closure: &Closure,
    code: &'static str,
    one: Place,
    two: Place,
    hint: Option<String>,
) -> Diagnostic {
    let name = role_name(ground);
    let graph = ground.graph;
    let place = |place: Place| demand(ground, node(closure, place.0), place.1).0;
    let (one, two) = if place(one) <= place(two) { (one, two) } else { (two, one) };
    let ((one_span, one_does), (two_span, two_does)) =
        (demand(ground, node(closure, one.0), one.1), demand(ground, node(closure, two.0), two.1));
    let parted = divergence(ground, closure, one.0, two.0);
    let what = parted.as_ref().map_or("run", |(_, a, _)| if a.is_empty() { "run" } else { "branch" });
    let mut diagnostic = Diagnostic::new(Code(code), format!("`{name}` cannot tell which {what} it is in"));
    let within = |arm: &str| if arm.is_empty() { String::new() } else { format!("in `{arm}`, ") };
    let (arm_one, arm_two) = match &parted {
        Some((span, a, b)) => {
            diagnostic = diagnostic.label(graph.file, *span, "decided here");
            (within(a), within(b))
        }
        None => (String::new(), String::new()),
    };
    diagnostic = diagnostic
        .label(graph.file, one_span, format!("{arm_one}`{name}` {one_does}"))
        .label(graph.file, two_span, format!("{arm_two}`{name}` {two_does}"))
        .note(seen(ground, closure, one.0));
    if let Some(hint) = hint {
        return diagnostic.note(hint).help("send the same value in both, or use different labels");
    }
    let first = match (&parted, decider(ground, closure, one.0, two.0)) {
        (Some((_, arm, _)), Some(decider)) if decider != name && !arm.is_empty() => {
            let label: String = arm[..1].to_uppercase() + &arm[1..];
            format!(
                "tell `{name}` first, e.g. add `{decider} -> {name} : {label}` as the first line of that branch, and likewise in the others"
            )
        }
        _ => format!("send `{name}` a message that tells the runs apart before it has to act"),
    };
    diagnostic.help(first)
}

/// If both places send one label with different payloads: what each would send.
fn same_label(ground: &Ground<'_>, closure: &Closure, one: Place, two: u32) -> Option<String> {
    let graph = ground.graph;
    let part = |index: u32, branch: usize| match &graph.node(node(closure, index)).kind {
        NodeKind::Comm { to, branches, .. } => Some((*to, branches[branch].label, branches[branch].span, index)),
        _ => None,
    };
    let (a, b) = (part(one.0, one.1)?, part(two, 0)?);
    if (a.0, a.1) != (b.0, b.1) {
        return None;
    }
    let text = |index: u32| {
        let span = graph.node(node(closure, index)).span;
        let text = &ground.program.files.get(graph.file).text[span.range()];
        text.split_once(':').map_or(text, |(_, message)| message).trim().to_owned()
    };
    let (_, arm_a, arm_b) = divergence(ground, closure, one.0, two)?;
    Some(format!(
        "the same label with different payloads: would send `{}` in `{arm_a}` and `{}` in `{arm_b}`",
        text(a.3),
        text(b.3)
    ))
}

fn role_name<'a>(ground: &Ground<'a>) -> &'a str {
    &ground.graph.roles[ground.role as usize]
}

fn node(closure: &Closure, index: u32) -> NodeId {
    closure.items[index as usize].node
}

/// Where the role must do something, and what.
fn demand(ground: &Ground<'_>, id: NodeId, branch: usize) -> (Span, String) {
    let graph = ground.graph;
    let (id, branch) = graph.message(id, branch);
    let node = graph.node(id);
    match &node.kind {
        NodeKind::Comm { from, branches, .. } if *from == ground.role => {
            (branches[branch].span, format!("must send {}", message(graph, id, branch)))
        }
        NodeKind::Comm { branches, .. } => {
            (branches[branch].span, format!("must wait for {}", message(graph, id, branch)))
        }
        NodeKind::Choice { .. } => (node.span.head(6), "must choose".into()),
        NodeKind::Local { action: Action::Perform { .. }, .. } => (node.span, "must perform this".into()),
        NodeKind::Local { .. } => (node.span, "must do this".into()),
        NodeKind::Par { .. } => (node.span, "must start the branches of this".into()),
        NodeKind::Timed { .. } => (node.span, "must enter this scope".into()),
        NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } | NodeKind::Join { .. } => {
            let at = node.span.end.saturating_sub(1);
            (Span::new(at, node.span.end), "has nothing more to do".into())
        }
    }
}

fn message(graph: &Graph, id: NodeId, branch: usize) -> String {
    let (id, branch) = graph.message(id, branch);
    let NodeKind::Comm { from, to, branches } = &graph.node(id).kind else { return "this".into() };
    let label = &graph.labels[branches[branch].label as usize].name;
    format!("`{label}` ({} -> {})", graph.roles[*from as usize], graph.roles[*to as usize])
}

/// The nodes of the run that led to an item.
fn run(ground: &Ground<'_>, closure: &Closure, index: u32) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut at = Some(closure.items[index as usize].origin);
    while let Some(origin) = at {
        let origin = ground.origins[origin as usize];
        nodes.push(origin.node);
        at = origin.before;
    }
    nodes.reverse();
    nodes
}

/// The last node the two runs have in common before they part, and the arms they take there.
fn parting(ground: &Ground<'_>, closure: &Closure, one: u32, two: u32) -> Option<(NodeId, NodeId, NodeId)> {
    let (a, b) = (run(ground, closure, one), run(ground, closure, two));
    let at = a.iter().zip(&b).position(|(a, b)| a != b)?;
    (at > 0).then(|| (a[at - 1], a[at], b[at]))
}

fn divergence(ground: &Ground<'_>, closure: &Closure, one: u32, two: u32) -> Option<(Span, String, String)> {
    let (at, a, b) = parting(ground, closure, one, two)?;
    let node = ground.graph.node(at);
    let word = match node.kind {
        NodeKind::Choice { .. } => 6,
        _ => 4,
    };
    let span = node.span.head(word);
    Some((span, arm_name(ground, at, a), arm_name(ground, at, b)))
}

fn decider<'a>(ground: &Ground<'a>, closure: &Closure, one: u32, two: u32) -> Option<&'a str> {
    let (at, _, _) = parting(ground, closure, one, two)?;
    let role: Role = match &ground.graph.node(at).kind {
        NodeKind::Choice { decider, .. } => *decider,
        NodeKind::Comm { from, .. } => *from,
        NodeKind::Case { deciders, .. } => *deciders.first()?,
        _ => return None,
    };
    Some(&ground.graph.roles[role as usize])
}

fn arm_name(ground: &Ground<'_>, at: NodeId, next: NodeId) -> String {
    let graph = ground.graph;
    match &graph.node(at).kind {
        NodeKind::Choice { arms, .. } => {
            let arm = arms.iter().find(|arm| arm.cont == next);
            arm.and_then(|arm| arm.name).map_or(String::new(), |name| ground.program.text(name).to_owned())
        }
        NodeKind::Comm { branches, .. } => {
            let branch = branches.iter().find(|branch| branch.cont == next);
            branch.map_or(String::new(), |branch| graph.labels[branch.label as usize].name.clone())
        }
        NodeKind::Case { arms, .. } => match arms.iter().position(|arm| arm.cont == next) {
            Some(index) if arms.len() == 2 => ["then", "else"][index].to_owned(),
            Some(index) => format!("arm {}", index + 1),
            None => String::new(),
        },
        _ => String::new(),
    }
}

/// What the role has seen on the way, the same in both runs.
fn seen(ground: &Ground<'_>, closure: &Closure, index: u32) -> String {
    const SHOWN: usize = 6;
    let nodes = run(ground, closure, index);
    let visible: Vec<String> = nodes
        .windows(2)
        .filter(|pair| acts(&ground.graph.node(pair[0]).kind, ground.role))
        .map(|pair| step(ground, pair[0], pair[1]))
        .collect();
    let name = role_name(ground);
    if visible.is_empty() {
        return format!("`{name}` has seen, in both: (nothing since the start)");
    }
    let start = visible.len().saturating_sub(SHOWN);
    let dots = if start > 0 { "…, " } else { "" };
    format!("`{name}` has seen, in both: {dots}{}", visible[start..].join(", "))
}

fn step(ground: &Ground<'_>, id: NodeId, next: NodeId) -> String {
    let graph = ground.graph;
    match &graph.node(id).kind {
        NodeKind::Comm { from, branches, .. } => {
            let branch = branches.iter().position(|branch| branch.cont == next).unwrap_or(0);
            let verb = if *from == ground.role { "sent" } else { "received" };
            format!("{verb} {}", message(graph, id, branch))
        }
        NodeKind::Choice { .. } => format!("chose `{}`", arm_name(ground, id, next)),
        _ => "a local step".into(),
    }
}
