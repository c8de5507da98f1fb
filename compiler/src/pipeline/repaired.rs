//! Rejections and warnings in words, with changes of the text that were tried.

use super::alike::once_per_family;
use super::explained;
use crate::graph::{Graph, Role};
use crate::hir::Program;
use crate::project::rejection::{Rejection, Rule};
use crate::project::{Limits, Projection};
use crate::repair::write::{Notation, Written, written};
use crate::repair::{Accept, Edit, Repair, Search};
use tell_language::diagnostic::Diagnostic;

/// Most waiting roles for which a change is searched, and the largest choreography, in nodes: a warning must not cost more
/// than the check.
const MAX_WAITING: usize = 3;
const MAX_NODES: usize = 1_000;

/// What is reported about a projection.
pub(super) struct Findings<'a> {
    pub(super) program: &'a Program,
    pub(super) graph: &'a Graph,
    pub(super) limits: Limits,
    pub(super) notation: Notation,
    /// Whether a repair does in the text what it does in the graph.
    pub(super) accept: &'a Accept<'a>,
}

impl Findings<'_> {
    /// The rejections, with a repair of all of them on the one that is shown first.
    pub(super) fn rejected(&self, rejections: &[Rejection]) -> Vec<Diagnostic> {
        let diagnostics = self.with_repair(rejections);
        let of_roles = rejections.iter().map(|rejection| rejection.role).zip(diagnostics);
        once_per_family(self.program, self.graph, of_roles.collect())
    }

    fn with_repair(&self, rejections: &[Rejection]) -> Vec<Diagnostic> {
        let mut diagnostics = explained(self.program, self.graph, rejections, self.limits);
        let shown_first = (0..diagnostics.len()).min_by_key(|index| diagnostics[*index].position());
        let Some(first) = shown_first else { return diagnostics };
        let found = self.search().repair(rejections);
        let Some((repair, Written { words, fixes })) = found.and_then(|repair| {
            let written = self.written(&repair)?;
            Some((repair, written))
        }) else {
            if !matches!(rejections[first].rule, Rule::TooManyStates | Rule::TooManyValues) {
                diagnostics[first].notes.push("no message that was tried repairs this".into());
            }
            return diagnostics;
        };
        for (diagnostic, rejection) in diagnostics.iter_mut().zip(rejections) {
            let name = &self.graph.roles[rejection.role as usize];
            let verb = if tells(&repair, rejection.role) { "tells" } else { "settles this for" };
            diagnostic.help = Some(format!("the repair above {verb} `{name}`, too"));
        }
        diagnostics[first].help = Some(words);
        diagnostics[first].fixes = fixes;
        diagnostics
    }

    /// The warnings; who may wait for ever can be told, if that costs no other warning.
    pub(super) fn accepted(&self, projection: &Projection) -> Vec<Diagnostic> {
        let mut diagnostics: Vec<Diagnostic> = projection.warnings.iter().map(|(_, warning)| warning.clone()).collect();
        let once = |diagnostics: Vec<Diagnostic>| {
            let of_roles = projection.warnings.iter().map(|(role, _)| *role).zip(diagnostics);
            once_per_family(self.program, self.graph, of_roles.collect())
        };
        if self.graph.nodes.len() > MAX_NODES {
            return once(diagnostics);
        }
        // Waiting is said before starving: the first warnings are those of the roles that wait, in order.
        for (diagnostic, (role, runs)) in diagnostics.iter_mut().zip(&projection.waits).take(MAX_WAITING) {
            let found = self.search().news(*role, runs, projection.warnings.len());
            if let Some(Written { words, fixes }) = found.and_then(|found| self.written(&found)) {
                diagnostic.help = Some(format!("let the end of the session end the waiting, or {words}"));
                diagnostic.fixes = fixes;
            }
        }
        once(diagnostics)
    }

    fn search(&self) -> Search<'_> {
        Search { program: self.program, graph: self.graph, limits: self.limits, accept: self.accept }
    }

    fn written(&self, repair: &Repair) -> Option<Written> {
        written(self.program, self.graph, repair, self.notation)
    }
}

/// Whether a message to the role is added.
fn tells(repair: &Repair, role: Role) -> bool {
    repair.edits.iter().any(|edit| matches!(edit, Edit::Tell { to, .. } if *to == role))
}
