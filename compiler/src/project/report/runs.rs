//! Runs as text: what a role has seen, and two runs side by side.

use super::{Report, parting};
use crate::graph::NodeKind;
use crate::project::rejection::{Passed, Run};

/// Most steps of a run that are shown.
const SHOWN: usize = 6;

/// Widest left column.
const WIDTH: usize = 44;

/// A line of a run, and whether the role sees it.
struct Line {
    text: String,
    is_seen: bool,
}

impl Report<'_> {
    /// What the role has seen on the way.
    pub(super) fn seen(&self, run: &Run) -> String {
        let name = self.name();
        let visible: Vec<String> = run
            .passed
            .iter()
            .filter(|passed| self.sees(**passed))
            .filter_map(|passed| self.own_step(*passed))
            .collect();
        if visible.is_empty() {
            return format!("`{name}` has seen, in both: (nothing since the start)");
        }
        let start = visible.len().saturating_sub(SHOWN);
        let dots = if start > 0 { "…, " } else { "" };
        format!("`{name}` has seen, in both: {dots}{}", visible[start..].join(", "))
    }

    fn own_step(&self, passed: Passed) -> Option<String> {
        let graph = self.graph;
        match &graph.node(passed.node).kind {
            NodeKind::Comm { from, .. } => {
                let verb = if *from == self.role { "sent" } else { "received" };
                Some(format!("{verb} {}", self.message(passed.node, passed.way)))
            }
            NodeKind::Choice { arms, .. } if arms[passed.way].name.is_none() => None,
            NodeKind::Choice { .. } => Some(format!("chose `{}`", self.way_name(passed.node, passed.way))),
            _ => Some("a local step".into()),
        }
    }

    /// The two runs from where they part, each with what it demands at its end; what the role sees is aligned and marked.
    pub(super) fn side_by_side(&self, runs: &[Run; 2]) -> Option<String> {
        let parting = parting(runs)?;
        let from = runs[0].passed.iter().zip(&runs[1].passed).position(|(one, two)| one != two)?;
        let [left, right] = [0, 1].map(|index: usize| self.lines(&runs[index], from));
        let mut rows = vec![[0, 1].map(|index: usize| {
            let name = self.way_name(parting.node, parting.ways[index]);
            Line { text: if name.is_empty() { "one run".into() } else { format!("in `{name}`:") }, is_seen: false }
        })];
        align(left, right, &mut rows);
        let cut = rows.len().saturating_sub(2 * SHOWN);
        if cut > 0 {
            rows.drain(1..=cut);
        }
        let width = rows.iter().map(|[left, _]| left.text.chars().count()).max().unwrap_or(0).min(WIDTH);
        let mut text = format!("two runs that look the same to `{}` (what it sees is marked *)", self.name());
        for (index, [left, right]) in rows.iter().enumerate() {
            if index == 1 && cut > 0 {
                text.push_str("\n    …");
            }
            let mark = |line: &Line| if line.is_seen { '*' } else { ' ' };
            let row = format!("\n  {} {:width$}  {} {}", mark(left), left.text, mark(right), right.text);
            text.push_str(row.trim_end());
        }
        Some(text)
    }

    /// The messages of a run from a position on, and what it demands at the end.
    fn lines(&self, run: &Run, from: usize) -> Vec<Line> {
        let steps = run.passed[from..].iter().filter_map(|passed| {
            let NodeKind::Comm { from, to, branches } = &self.graph.node(passed.node).kind else { return None };
            let role = |role: u32| &self.graph.roles[role as usize];
            let label = &self.graph.labels[branches[passed.way].label as usize].name;
            Some(Line { text: format!("{} -> {} : {label}", role(*from), role(*to)), is_seen: self.sees(*passed) })
        });
        let demand = Line { text: format!("{} {}", self.name(), self.demand(run).1), is_seen: true };
        steps.chain([demand]).collect()
    }
}

/// Puts what is seen in both into one row; what is not seen fills the rows between.
fn align(left: Vec<Line>, right: Vec<Line>, rows: &mut Vec<[Line; 2]>) {
    let nothing = || Line { text: String::new(), is_seen: false };
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let unseen_left = left.next_if(|line| !line.is_seen);
        let unseen_right = right.next_if(|line| !line.is_seen);
        if unseen_left.is_some() || unseen_right.is_some() {
            rows.push([unseen_left.unwrap_or_else(nothing), unseen_right.unwrap_or_else(nothing)]);
            continue;
        }
        match (left.next(), right.next()) {
            (None, None) => return,
            (one, two) => rows.push([one.unwrap_or_else(nothing), two.unwrap_or_else(nothing)]),
        }
    }
}
