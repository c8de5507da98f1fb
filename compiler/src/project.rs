//! The complete projection: one role's behaviour by subset construction (PROJECTION §3).
//!
//! After Li, Stutz, Wies, Zufferey, *Complete Multiparty Session Type Projection with Automata* (CAV 2023),
//! extended to data. A state is a set of pairs of a node and σ, which maps the bindings the role still needs there
//! to *slots*. [`live`] says which those are, [`closure`] follows the steps the role does not see, [`state`] turns a
//! closure into a state of the [`machine`], [`available`] computes which messages could arrive, [`report`] explains
//! a rejection by two runs.

mod available;
mod closure;
pub(crate) mod key;
pub(crate) mod live;
pub mod machine;
mod report;
mod starve;
mod state;

use crate::graph::{Graph, Role};
use crate::hir::Program;
use machine::Machine;
use tell_language::diagnostic::Diagnostic;

/// Limits of the construction.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// States and members of states of one role; more is `E0404`.
    pub projection_states: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { projection_states: 1_000_000 }
    }
}

/// The machines of all roles and the warnings about them.
pub struct Projection {
    /// One machine per role, in order.
    pub machines: Vec<Machine>,
    /// `W0401` and `W0402`, each with the role it is about.
    pub warnings: Vec<(Role, Diagnostic)>,
}

/// Projects a choreography to all its roles.
///
/// # Errors
/// One diagnostic per role that cannot carry out its part.
pub fn project(program: &Program, graph: &Graph, limits: Limits) -> Result<Projection, Vec<Diagnostic>> {
    let predecessors = live::Predecessors::new(graph);
    let mut machines = Vec::new();
    let mut warnings = Vec::new();
    let mut errors = Vec::new();
    for role in (0..).take(graph.roles.len()) {
        match project_role(program, graph, &predecessors, role, limits) {
            Ok((machine, warning)) => {
                machines.push(machine);
                warnings.extend(warning.map(|warning| (role, warning)));
            }
            Err(diagnostic) => errors.push(*diagnostic),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    warnings.extend(starve::warnings(graph));
    Ok(Projection { machines, warnings })
}

fn project_role(
    program: &Program,
    graph: &Graph,
    predecessors: &live::Predecessors,
    role: Role,
    limits: Limits,
) -> Result<(Machine, Option<Diagnostic>), Box<Diagnostic>> {
    let view = live::View::new(program, graph, predecessors, role);
    state::Construction::new(program, graph, &view, role, limits).run()
}
