//! What a role must do, who decides, and where that stands.

use super::Report;
use crate::graph::{Action, CaseOn, NodeId, NodeKind};
use crate::project::rejection::Run;
use crate::ways;
use tell_language::span::Span;

/// Most characters of the source that are repeated in a report.
const QUOTED: usize = 36;

impl Report<'_> {
    /// Where the role must do something, and what. With nothing more to do, that is at the arm the run has taken.
    pub(super) fn demand(&self, run: &Run, arm: Option<(NodeId, usize)>) -> (Span, String) {
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
            NodeKind::Choice { decider, .. } if *decider == self.role => (node.span.head(6), "must choose".into()),
            NodeKind::Local { role, action, .. } if *role == self.role => {
                let verb = if matches!(action, Action::Perform { .. }) { "perform" } else { "do" };
                (node.span, format!("must {verb} this"))
            }
            NodeKind::Par { .. } => (node.span.head(3), "must start the branches of this".into()),
            NodeKind::Timed { .. } => (node.span.head(7), "must enter this scope".into()),
            NodeKind::Join { .. } => (self.end(node.span), "has nothing more to do in this branch".into()),
            _ => {
                let place = arm.map_or_else(|| self.end(node.span), |(node, way)| self.arm_place(node, way));
                (place, "has nothing more to do".into())
            }
        }
    }

    /// The demand in the few words of a column, and whether it is one: else the role is done.
    pub(super) fn short_demand(&self, run: &Run) -> (String, bool) {
        let graph = self.graph;
        let (id, branch) = graph.message(run.node, run.branch);
        let node = graph.node(id);
        match &node.kind {
            NodeKind::Comm { from, .. } if *from == self.role => {
                (format!("must send: {}", self.arrow(id, branch)), true)
            }
            NodeKind::Comm { to, .. } if *to == self.role => (format!("must wait: {}", self.arrow(id, branch)), true),
            NodeKind::Choice { decider, .. } if *decider == self.role => ("must choose".into(), true),
            NodeKind::Local { role, .. } if *role == self.role => (format!("must do: {}", self.quote(node.span)), true),
            NodeKind::Par { .. } => ("must start the branches".into(), true),
            NodeKind::Timed { .. } => ("must enter the scope".into(), true),
            NodeKind::Join { .. } => ("is done in this branch".into(), true),
            _ => ("is done".into(), false),
        }
    }

    /// Where an arm is named.
    pub(super) fn arm_place(&self, id: NodeId, way: usize) -> Span {
        let graph = self.graph;
        let node = graph.node(id);
        match &node.kind {
            NodeKind::Choice { arms, .. } if arms[way].name.is_none() => {
                let (send, branch) = graph.message(id, way);
                self.message_place(send, branch)
            }
            NodeKind::Comm { .. } => self.message_place(id, way),
            _ if ways::is_loop(graph, id) => self.decision(id),
            NodeKind::Choice { arms, .. } => arms[way].span,
            NodeKind::Case { on, arms, .. } => match arms[way].pattern {
                Some(pattern) => {
                    let of_if = self.keyword(arms[way].span);
                    let own = ways::pattern(self.program, graph, pattern).map(|pattern| pattern.span);
                    of_if.or(own).unwrap_or_else(|| self.decision(id))
                }
                None if matches!(on, CaseOn::Opaque) => arms[way].next.head(1),
                None => self.decision(id),
            },
            _ => self.decision(id),
        }
    }

    /// The `then` or `else` before a block.
    fn keyword(&self, block: Span) -> Option<Span> {
        let before = self.file_text().get(..block.start as usize)?.trim_end();
        let is_keyword = before.ends_with("then") || before.ends_with("else");
        let end = u32::try_from(before.len()).ok()?;
        is_keyword.then(|| Span::new(end - 4, end))
    }

    /// Where a label stands.
    pub(super) fn message_place(&self, id: NodeId, branch: usize) -> Span {
        let node = self.graph.node(id);
        match &node.kind {
            NodeKind::Comm { branches, .. } => branches[branch].span,
            _ => node.span,
        }
    }

    /// The last character of a place.
    fn end(&self, span: Span) -> Span {
        let text = self.file_text().as_bytes();
        let mut start = span.end.saturating_sub(1).max(span.start);
        while start > span.start && text.get(start as usize).is_some_and(|byte| byte & 0xC0 == 0x80) {
            start -= 1;
        }
        Span::new(start, span.end)
    }

    /// A message in a sentence.
    pub(super) fn message(&self, id: NodeId, branch: usize) -> String {
        let graph = self.graph;
        let (id, branch) = graph.message(id, branch);
        let NodeKind::Comm { from, to, branches } = &graph.node(id).kind else { return "this".into() };
        let label = &graph.labels[branches[branch].label as usize].name;
        format!("`{label}` ({} -> {})", graph.roles[*from as usize], graph.roles[*to as usize])
    }

    /// A message as it is written.
    pub(super) fn arrow(&self, id: NodeId, branch: usize) -> String {
        let graph = self.graph;
        let NodeKind::Comm { from, to, branches } = &graph.node(id).kind else { return String::new() };
        let label = &graph.labels[branches[branch].label as usize].name;
        format!("{} -> {} : {label}", graph.roles[*from as usize], graph.roles[*to as usize])
    }

    /// The word that decides at a node.
    pub(super) fn decision(&self, id: NodeId) -> Span {
        let node = self.graph.node(id);
        match node.kind {
            NodeKind::Choice { .. } => node.span.head(6),
            _ => node.span.head(4),
        }
    }

    /// Who decides at a node.
    pub(super) fn deciders(&self, id: NodeId) -> String {
        let deciders = match &self.graph.node(id).kind {
            NodeKind::Comm { from: decider, .. }
            | NodeKind::Choice { decider, .. }
            | NodeKind::Timed { owner: decider, .. } => &[*decider][..],
            NodeKind::Case { deciders, .. } => deciders,
            _ => &[],
        };
        let names: Vec<String> =
            deciders.iter().map(|decider| format!("`{}`", self.graph.roles[*decider as usize])).collect();
        match names.as_slice() {
            [] => "decided here".into(),
            [one] => format!("{one} decides here"),
            [all @ .., last] => format!("{} and {last} decide here", all.join(", ")),
        }
    }

    /// The beginning of what stands in a place.
    pub(super) fn quote(&self, span: Span) -> String {
        let line = self.source(span).lines().next().unwrap_or_default().trim_end();
        shortened(line, QUOTED)
    }

    /// What stands in a place.
    pub(super) fn source(&self, span: Span) -> &str {
        self.file_text().get(span.range()).unwrap_or_default()
    }

    fn file_text(&self) -> &str {
        &self.program.files.get(self.graph.file).text
    }
}

/// A text, cut if it has more than `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
