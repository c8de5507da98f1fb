//! A rejection in words: the rule, the places, and the two runs side by side (PROJECTION §4).
//!
//! Here are the diagnostics; [`words`] says what a role must do and where, [`runs`] draws the two runs.

mod runs;
mod words;

use super::rejection::{Parting, Passed, Rejection, Rule, Run};
use super::{Limits, MAX_VALUES};
use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use crate::ways::Way;
use tell_ir::implementable::Control;
use tell_language::diagnostic::{Code, Diagnostic};

/// What a role's diagnostics are about.
struct Report<'a> {
    program: &'a Program,
    graph: &'a Graph,
    role: Role,
}

/// The diagnostic of a rejection: `E0401`, `E0402`, `E0403`, `E0404` or `E0405`.
#[must_use]
pub fn rejected(program: &Program, graph: &Graph, rejection: &Rejection, limits: Limits) -> Diagnostic {
    let report = Report { program, graph, role: rejection.role };
    let runs = &rejection.runs;
    match rejection.rule {
        Rule::SendValidity | Rule::MixedChoice | Rule::Join | Rule::Parallel => report.two_runs(runs),
        Rule::UnknownValue => report.unknown_value(&runs[0]),
        Rule::ReceiveValidity => report.overtaken(runs, &rejection.overtaking),
        Rule::Signature => report.two_signatures(runs),
        Rule::TooManyStates => report.too_many_states(limits),
        Rule::TooManyValues => report.too_many_values(),
    }
}

/// `W0401`: in the first run the role waits, in the second nothing comes any more.
pub(super) fn may_wait(program: &Program, graph: &Graph, role: Role, runs: &[Run; 2]) -> Diagnostic {
    let report = Report { program, graph, role };
    let name = report.name();
    let parting = Parting::of(runs);
    let [waits, ends] = [0, 1].map(|run: usize| report.way(parting, run).phrase());
    let (span, does) = report.demand(&runs[0], None);
    let mut diagnostic = Diagnostic::new(Code("W0401"), format!("`{name}` may wait for ever")).label(
        graph.file,
        span,
        format!("{}, `{name}` {does}", waits.as_deref().unwrap_or("in one run")),
    );
    match (parting, ends) {
        (Some(parting), Some(ends)) => {
            let place = report.arm_place(parting.node, parting.ways[1]);
            diagnostic = report.decided(diagnostic, Some(parting));
            diagnostic = diagnostic.label(graph.file, place, format!("{ends}, nothing comes any more"));
        }
        _ => diagnostic = diagnostic.note("in another run nothing comes any more"),
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
        let demands = |runs: &[Run; 2]| {
            let parting = Parting::of(runs);
            [0, 1].map(|run: usize| self.demand(&runs[run], parting.map(|parting| (parting.node, parting.ways[run]))))
        };
        let [first, second] = demands(runs);
        let in_order = if first.0 <= second.0 { runs.clone() } else { [runs[1].clone(), runs[0].clone()] };
        let runs = &in_order;
        let parting = Parting::of(runs);
        let what = match self.way(parting, 0) {
            Way::Nameless => "which run it is in",
            Way::Loop { .. } => "whether the loop goes on",
            _ => "which branch it is in",
        };
        let mut diagnostic = Diagnostic::new(Code("E0401"), format!("`{name}` cannot tell {what}"));
        diagnostic = self.decided(diagnostic, parting);
        for (run, (span, does)) in demands(runs).into_iter().enumerate() {
            let within = self.way(parting, run).phrase().map_or(String::new(), |phrase| format!("{phrase}, "));
            diagnostic = diagnostic.label(self.graph.file, span, format!("{within}`{name}` {does}"));
        }
        diagnostic = self.side_by_side(diagnostic, runs, &[]);
        if let Some(hint) = self.same_label(runs, parting) {
            return diagnostic.note(hint).help("send the same value in both, or use different labels");
        }
        diagnostic.help(format!("send `{name}` a message that tells the runs apart before it has to act"))
    }

    /// `E0401`: the value the role must use depends on a decision it does not know.
    fn unknown_value(&self, run: &Run) -> Diagnostic {
        let name = self.name();
        let (span, does) = self.demand(run, None);
        let text = format!("`{name}` cannot tell which branch it is in, and needs a value from it");
        Diagnostic::new(Code("E0401"), text)
            .label(self.graph.file, span, format!("`{name}` {does} here"))
            .note(self.seen(run))
            .help(format!("send `{name}` the value it needs"))
    }

    /// `E0402`: a message of another run could be taken for this one.
    fn overtaken(&self, runs: &[Run; 2], overtaking: &[Passed]) -> Diagnostic {
        let [taken, early] = runs;
        let name = self.name();
        let file = self.graph.file;
        let [slow, quick] = runs.each_ref().map(|run| self.message(run.node, run.branch));
        let parting = Parting::of(runs);
        let phrase = |run: usize| self.way(parting, run).phrase();
        let [slow_run, early_run] =
            [phrase(0).unwrap_or_else(|| "in one run".into()), phrase(1).unwrap_or_else(|| "in another".into())];
        let [slow_place, early_place] = [taken, early].map(|run| self.demand(run, None).0);
        // The message that overtakes may be another one than that of the other run it is taken for.
        let overtakes = overtaking.last().map_or(early_place, |passed| self.message_place(passed.node, passed.way));
        let mut diagnostic = Diagnostic::new(Code("E0402"), format!("at `{name}`, {quick} can overtake {slow}"));
        let is_there = format!("{slow_run} this may already be there");
        diagnostic = if overtakes == early_place {
            diagnostic.label(file, overtakes, format!("{early_run}, `{name}` must take this; but {is_there}, too"))
        } else {
            diagnostic.label(file, overtakes, is_there).label(
                file,
                early_place,
                format!("{early_run}, `{name}` must take this"),
            )
        };
        diagnostic = diagnostic.label(file, slow_place, format!("{slow_run}, `{name}` must take this first"));
        diagnostic = self.decided(diagnostic, parting);
        diagnostic = self.side_by_side(diagnostic, runs, overtaking.get(1..).unwrap_or_default());
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
        let text =
            format!("what `{name}` may have to remember has more than {} possibilities", limits.projection_states);
        Diagnostic::new(Code("E0404"), text).label(self.graph.file, self.graph.span, "in this protocol").help(format!(
            "tell `{name}` earlier which branch was taken, so that it has fewer possibilities to keep apart"
        ))
    }

    /// `E0405`
    fn too_many_values(&self) -> Diagnostic {
        let name = self.name();
        let text = format!("`{name}` holds too many values at too many places");
        Diagnostic::new(Code("E0405"), text)
            .label(self.graph.file, self.graph.span, format!("more than {MAX_VALUES} in this protocol, place by place"))
            .help("keep them in a list or a record, or end their scope with a protocol of its own")
    }

    /// If both runs send one label with different payloads: what each would send.
    fn same_label(&self, runs: &[Run; 2], parting: Option<Parting>) -> Option<String> {
        let part = |run: &Run| match &self.graph.node(run.node).kind {
            NodeKind::Comm { from, to, branches } if *from == self.role => Some((*to, branches.get(run.branch)?.label)),
            _ => None,
        };
        if part(&runs[0])? != part(&runs[1])? {
            return None;
        }
        let text = |run: usize| {
            let text = self.source(self.graph.node(runs[run].node).span);
            let payload = text.split_once(':').map_or(text, |(_, message)| message).trim();
            Some(format!("`{payload}` {}", self.way(parting, run).phrase()?))
        };
        Some(format!("the same label with different payloads: would send {} and {}", text(0)?, text(1)?))
    }

    fn name(&self) -> &str {
        &self.graph.roles[self.role as usize]
    }

    /// Labels the place where two runs part with who decides there.
    fn decided(&self, diagnostic: Diagnostic, parting: Option<Parting>) -> Diagnostic {
        let Some(Parting { node, .. }) = parting else { return diagnostic };
        diagnostic.label(self.graph.file, self.decision(node), self.deciders(node))
    }

    /// The way one of two runs takes where they part.
    fn way(&self, parting: Option<Parting>, run: usize) -> Way {
        parting.map_or(Way::Nameless, |parting| Way::of(self.program, self.graph, parting.node, parting.ways[run]))
    }

    /// Whether the role sees a node passed.
    fn sees(&self, passed: Passed) -> bool {
        self.graph.kind(passed.node).actors().any(|actor| actor == self.role)
    }
}
