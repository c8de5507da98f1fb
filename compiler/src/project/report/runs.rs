//! Runs as text: what a role has seen, and two runs side by side.

use super::Report;
use super::words::shortened;
use crate::graph::NodeKind;
use crate::project::rejection::{Parting, Passed, Run};
use tell_language::diagnostic::Diagnostic;

/// Most steps of a run that are shown.
const SHOWN: usize = 6;

/// Widest column: two of them, with what stands before and between, take 100 characters.
const WIDTH: usize = 42;

/// A line of a run, and whether the role sees it.
struct Line {
    text: String,
    is_seen: bool,
}

impl Report<'_> {
    /// Notes what the role has seen before two runs demand different things, and the runs from where they part. The
    /// first goes on with `overtaking` while the role waits.
    pub(super) fn side_by_side(&self, diagnostic: Diagnostic, runs: &[Run; 2], overtaking: &[Passed]) -> Diagnostic {
        let diagnostic = diagnostic.note(self.seen(&runs[0]));
        let Some(parting) = Parting::of(runs) else { return diagnostic };
        let [mut left, right] = runs.each_ref().map(|run| self.lines(run, parting.common));
        left.extend(
            overtaking.iter().filter_map(|passed| self.line(*passed)).map(|text| Line { text, is_seen: false }),
        );
        if let (Some(last), false) = (left.last_mut(), overtaking.is_empty()) {
            last.text = format!("may be first: {}", last.text);
        }
        let mut rows = vec![[0, 1].map(|run: usize| {
            let phrase = self.way(Some(parting), run).phrase();
            Line { text: phrase.map_or_else(|| "one run".into(), |phrase| format!("{phrase}:")), is_seen: false }
        })];
        align(left, right, &mut rows);
        diagnostic.note(self.table(rows))
    }

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
        let node = self.graph.node(passed.node);
        match &node.kind {
            NodeKind::Comm { from, .. } => {
                let verb = if *from == self.role { "sent" } else { "received" };
                Some(format!("{verb} {}", self.message(passed.node, passed.way)))
            }
            NodeKind::Choice { arms, .. } => {
                let name = arms[passed.way].name?;
                Some(format!("chose `{}`", self.program.text(name)))
            }
            NodeKind::Par { .. } => Some("started the branches of `par`".into()),
            NodeKind::Timed { .. } => Some("entered a scope".into()),
            _ => Some(format!("did `{}`", self.quote(node.span))),
        }
    }

    /// The messages of a run from a position on, and what it demands at the end. Where the role is done, the others go on.
    fn lines(&self, run: &Run, from: usize) -> Vec<Line> {
        let (demand, is_demand) = self.short_demand(run);
        let rest = if is_demand { Vec::new() } else { self.others(run) };
        let steps = run.passed[from..].iter().chain(&rest).filter_map(|passed| {
            let text = self.line(*passed)?;
            Some(Line { text, is_seen: self.sees(*passed) })
        });
        steps.chain([Line { text: demand, is_seen: true }]).collect()
    }

    /// A message passed, as it is written.
    fn line(&self, passed: Passed) -> Option<String> {
        matches!(self.graph.node(passed.node).kind, NodeKind::Comm { .. }).then(|| self.arrow(passed.node, passed.way))
    }

    /// What the others do at the end of a run, up to their next decision.
    fn others(&self, run: &Run) -> Vec<Passed> {
        let mut passed = Vec::new();
        let mut node = run.node;
        while passed.len() < SHOWN
            && let [next] = self.graph.successors(node).as_slice()
        {
            passed.push(Passed { node, way: 0 });
            node = *next;
        }
        passed
    }

    /// Rows of two columns each; of many rows, the last ones.
    fn table(&self, mut rows: Vec<[Line; 2]>) -> String {
        let cut = rows.len().saturating_sub(2 * SHOWN);
        if cut > 0 {
            rows.drain(1..=cut);
        }
        for line in rows.iter_mut().flatten() {
            line.text = shortened(&line.text, WIDTH);
        }
        let width = rows.iter().map(|[left, _]| left.text.chars().count()).max().unwrap_or(0);
        let mut text = format!("two runs that look the same to `{}` (what it sees is marked *)", self.name());
        for (index, [left, right]) in rows.iter().enumerate() {
            if index == 1 && cut > 0 {
                text.push_str("\n    …");
            }
            let mark = |line: &Line| if line.is_seen { '*' } else { ' ' };
            let row = format!("\n  {} {:width$}  {} {}", mark(left), left.text, mark(right), right.text);
            text.push_str(row.trim_end());
        }
        text
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
