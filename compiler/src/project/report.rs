//! A rejection in words: the rule, the places, and the two runs side by side (PROJECTION §4).

mod runs;

use super::rejection::{Passed, Rejection, Rule, Run};
use super::{Limits, skeleton};
use crate::graph::{Action, Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// What a role's diagnostics are about.
struct Report<'a> {
    program: &'a Program,
    graph: &'a Graph,
    role: Role,
}

/// Where two runs part: the last node they have in common, and the way each takes there.
#[derive(Clone, Copy)]
struct Parting {
    node: NodeId,
    ways: [usize; 2],
}

/// The diagnostic of a rejection: `E0401`, `E0402`, `E0403` or `E0404`.
#[must_use]
pub fn rejected(program: &Program, graph: &Graph, rejection: &Rejection, limits: Limits) -> Diagnostic {
    let report = Report { program, graph, role: rejection.role };
    let runs = &rejection.runs;
    match rejection.rule {
        Rule::SendValidity | Rule::MixedChoice | Rule::Join | Rule::Parallel => report.two_runs(runs),
        Rule::UnknownValue => report.unknown_value(&runs[0]),
        Rule::ReceiveValidity => report.receive_validity(runs),
        Rule::Signature => report.two_signatures(runs),
        Rule::TooManyStates => report.too_many_states(limits),
    }
}

/// `W0401`: in the first run the role waits, in the second nothing comes any more.
pub(super) fn may_wait(program: &Program, graph: &Graph, role: Role, runs: &[Run; 2]) -> Diagnostic {
    let report = Report { program, graph, role };
    let name = report.name();
    let (span, does) = report.demand(&runs[0]);
    let mut diagnostic = Diagnostic::new(Code("W0401"), format!("`{name}` may wait for ever")).label(
        graph.file,
        span,
        format!("in one run `{name}` {does}, in another nothing comes any more"),
    );
    if let Some(parting) = parting(runs) {
        diagnostic = diagnostic.label(graph.file, report.decision(parting.node), "decided here");
    }
    diagnostic.help(format!("tell `{name}` in every branch; without it the end of the session ends the waiting"))
}

/// `W0402`: rounds of the loop at a node can pass without the role.
pub(super) fn may_starve(graph: &Graph, role: Role, node: NodeId) -> Diagnostic {
    let name = &graph.roles[role as usize];
    Diagnostic::new(Code("W0402"), format!("`{name}` may starve while the others repeat this"))
        .label(
            graph.file,
            graph.node(node).span.head(4),
            format!("rounds of this can pass without `{name}`, which still has something to do"),
        )
        .help(format!("let `{name}` take part in every round, or bound the loop with `loop repeat`"))
}

impl Report<'_> {
    /// `E0401`: the general form. Where the runs part, and what each demands.
    fn two_runs(&self, runs: &[Run; 2]) -> Diagnostic {
        let name = self.name();
        let file = self.graph.file;
        let runs =
            if self.demand(&runs[0]).0 <= self.demand(&runs[1]).0 { runs } else { &[runs[1].clone(), runs[0].clone()] };
        let parting = parting(runs);
        let arms = parting.map(|parting| parting.ways.map(|way| self.way_name(parting.node, way)));
        let what = arms.as_ref().map_or("run", |[one, _]| if one.is_empty() { "run" } else { "branch" });
        let mut diagnostic = Diagnostic::new(Code("E0401"), format!("`{name}` cannot tell which {what} it is in"));
        if let Some(parting) = parting {
            diagnostic = diagnostic.label(file, self.decision(parting.node), "decided here");
        }
        for (index, run) in runs.iter().enumerate() {
            let (span, does) = self.demand(run);
            let arm = arms.as_ref().map_or("", |arms| arms[index].as_str());
            let within = if arm.is_empty() { String::new() } else { format!("in `{arm}`, ") };
            diagnostic = diagnostic.label(file, span, format!("{within}`{name}` {does}"));
        }
        diagnostic = diagnostic.note(self.seen(&runs[0]));
        if let Some(aligned) = self.side_by_side(runs) {
            diagnostic = diagnostic.note(aligned);
        }
        if let Some(hint) = self.same_label(runs, arms.as_ref()) {
            return diagnostic.note(hint).help("send the same value in both, or use different labels");
        }
        diagnostic.help(format!("send `{name}` a message that tells the runs apart before it has to act"))
    }

    /// `E0401`: the value the role must use depends on a decision it does not know.
    fn unknown_value(&self, run: &Run) -> Diagnostic {
        let name = self.name();
        let (span, does) = self.demand(run);
        let text = format!("`{name}` cannot tell which branch it is in, and needs a value from it");
        Diagnostic::new(Code("E0401"), text)
            .label(self.graph.file, span, format!("`{name}` {does} here"))
            .note(self.seen(run))
            .help(format!("send `{name}` the value it needs"))
    }

    /// `E0402`: a message of another run could be taken for this one.
    fn receive_validity(&self, [taken, early]: &[Run; 2]) -> Diagnostic {
        let name = self.name();
        let file = self.graph.file;
        let [first, second] = [taken, early].map(|run| self.message(run.node, run.branch));
        let text = format!("`{name}` cannot tell {first} and {second} apart: either can arrive first in the same run");
        let mut diagnostic = Diagnostic::new(Code("E0402"), text)
            .label(file, self.demand(early).0, format!("in one run `{name}` must take this"))
            .label(file, self.demand(taken).0, "in another this one, while the first may already be there");
        let runs = [taken.clone(), early.clone()];
        if let Some(parting) = parting(&runs) {
            diagnostic = diagnostic.label(file, self.decision(parting.node), "decided here");
        }
        diagnostic = diagnostic.note(self.seen(taken));
        if let Some(aligned) = self.side_by_side(&runs) {
            diagnostic = diagnostic.note(aligned);
        }
        diagnostic.help(format!(
            "let one of the two senders speak to `{name}` in every run before the other, or use different labels"
        ))
    }

    /// `E0403`: one label, two payloads.
    fn two_signatures(&self, runs: &[Run; 2]) -> Diagnostic {
        let graph = self.graph;
        let label = |run: &Run| match &graph.node(run.node).kind {
            NodeKind::Comm { branches, .. } => {
                (branches[run.branch].span, &graph.labels[branches[run.branch].label as usize])
            }
            _ => panic!("bug: a receive is a message"),
        };
        let mut labels = [label(&runs[0]), label(&runs[1])];
        labels.sort_by_key(|(span, _)| *span);
        let payload = |label: &crate::graph::Label| {
            let fields: Vec<String> = label.fields.iter().map(|ty| self.program.show_type(*ty)).collect();
            format!("with ({})", fields.join(", "))
        };
        let [(first_span, first), (second_span, second)] = labels;
        let text = format!("`{}` can receive `{}` with two different payloads at one point", self.name(), first.name);
        Diagnostic::new(Code("E0403"), text)
            .label(graph.file, second_span, payload(second))
            .label(graph.file, first_span, payload(first))
            .help("give the two messages different labels, or the same payload")
    }

    /// `E0404`
    fn too_many_states(&self, limits: Limits) -> Diagnostic {
        let name = self.name();
        let text = format!("what `{name}` may have to remember takes more than {} states", limits.projection_states);
        Diagnostic::new(Code("E0404"), text).label(self.graph.file, self.graph.span, "in this protocol").help(format!(
            "tell `{name}` earlier which branch was taken, so that it has fewer possibilities to keep apart"
        ))
    }

    fn name(&self) -> &str {
        &self.graph.roles[self.role as usize]
    }

    /// If both runs send one label with different payloads: what each would send.
    fn same_label(&self, runs: &[Run; 2], arms: Option<&[String; 2]>) -> Option<String> {
        let part = |run: &Run| match &self.graph.node(run.node).kind {
            NodeKind::Comm { from, to, branches } if *from == self.role => Some((*to, branches.get(run.branch)?.label)),
            _ => None,
        };
        if part(&runs[0])? != part(&runs[1])? {
            return None;
        }
        let text = |run: &Run| {
            let span = self.graph.node(run.node).span;
            let text = &self.program.files.get(self.graph.file).text[span.range()];
            text.split_once(':').map_or(text, |(_, message)| message).trim().to_owned()
        };
        let [one, two] = arms?;
        let (a, b) = (text(&runs[0]), text(&runs[1]));
        Some(format!("the same label with different payloads: would send `{a}` in `{one}` and `{b}` in `{two}`"))
    }

    /// Where the role must do something, and what.
    fn demand(&self, run: &Run) -> (Span, String) {
        let graph = self.graph;
        let (id, branch) = graph.message(run.node, run.branch);
        let node = graph.node(id);
        match &node.kind {
            NodeKind::Comm { from, branches, .. } if *from == self.role => {
                (branches[branch].span, format!("must send {}", self.message(id, branch)))
            }
            NodeKind::Comm { to, branches, .. } if *to == self.role => {
                (branches[branch].span, format!("must wait for {}", self.message(id, branch)))
            }
            NodeKind::Choice { .. } => (node.span.head(6), "must choose".into()),
            NodeKind::Local { action: Action::Perform { .. }, .. } => (node.span, "must perform this".into()),
            NodeKind::Local { .. } => (node.span, "must do this".into()),
            NodeKind::Par { .. } => (node.span.head(3), "must start the branches of this".into()),
            NodeKind::Timed { .. } => (node.span.head(7), "must enter this scope".into()),
            NodeKind::Join { .. } => (self.end(node.span), "has nothing more to do in this branch".into()),
            NodeKind::Comm { .. } => (node.span, "has nothing more to do".into()),
            NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } => {
                (self.end(node.span), "has nothing more to do".into())
            }
        }
    }

    /// The last character of a place.
    fn end(&self, span: Span) -> Span {
        let text = self.program.files.get(self.graph.file).text.as_bytes();
        let mut start = span.end.saturating_sub(1).max(span.start);
        while start > span.start && text.get(start as usize).is_some_and(|byte| byte & 0xC0 == 0x80) {
            start -= 1;
        }
        Span::new(start, span.end)
    }

    fn message(&self, id: NodeId, branch: usize) -> String {
        let graph = self.graph;
        let (id, branch) = graph.message(id, branch);
        let NodeKind::Comm { from, to, branches } = &graph.node(id).kind else { return "this".into() };
        let label = &graph.labels[branches[branch].label as usize].name;
        format!("`{label}` ({} -> {})", graph.roles[*from as usize], graph.roles[*to as usize])
    }

    /// The word that decides at a node.
    fn decision(&self, id: NodeId) -> Span {
        let node = self.graph.node(id);
        match node.kind {
            NodeKind::Choice { .. } => node.span.head(6),
            _ => node.span.head(4),
        }
    }

    /// What a way of a node is called.
    fn way_name(&self, at: NodeId, way: usize) -> String {
        let graph = self.graph;
        match &graph.node(at).kind {
            NodeKind::Choice { arms, .. } if arms[way].name.is_none() => {
                let (node, branch) = graph.message(at, way);
                self.way_name(node, branch)
            }
            NodeKind::Choice { arms, .. } => {
                arms[way].name.map_or(String::new(), |name| self.program.text(name).to_owned())
            }
            NodeKind::Comm { branches, .. } => graph.labels[branches[way].label as usize].name.clone(),
            NodeKind::Case { arms, .. } if arms.len() == 2 => ["then", "else"][way].to_owned(),
            NodeKind::Case { .. } => format!("arm {}", way + 1),
            NodeKind::Timed { outcomes, .. } if way > 0 => {
                outcomes.get(way - 1).map_or(String::new(), |(name, _)| name.clone())
            }
            _ => String::new(),
        }
    }

    /// Whether the role sees a node passed.
    fn sees(&self, passed: Passed) -> bool {
        skeleton::acts(&self.graph.node(passed.node).kind, self.role)
    }
}

/// Where two runs part.
fn parting([one, two]: &[Run; 2]) -> Option<Parting> {
    let at = one.passed.iter().zip(&two.passed).position(|(one, two)| one != two)?;
    let (one, two) = (one.passed[at], two.passed[at]);
    (one.node == two.node).then_some(Parting { node: one.node, ways: [one.way, two.way] })
}
