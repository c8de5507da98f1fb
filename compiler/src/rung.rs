//! The ladder: the weakest projection rule that suffices for a role (PROJECTION §3).

use crate::erase::global_type;
use crate::graph::{Graph, Role};
use crate::hir::Program;
use crate::import::import;
use crate::project::{Limits, Projection, project};
use crate::structural::{Rule, project_tree};
use std::fmt;
use tell_ir::global::GlobalType;

/// A rule, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Branches a role is not told about are the same to it.
    Plain,
    /// They may differ in what it receives from one partner.
    Full,
    /// As `Full`, but loops are compared by what they do, not by how they are written.
    Coinductive,
    /// Whatever can be carried out.
    Complete,
}

impl Rung {
    /// All rungs, weakest first.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Full, Self::Coinductive, Self::Complete];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Full => "full",
            Self::Coinductive => "coinductive",
            Self::Complete => "complete",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a role needs, and why not less.
#[derive(Clone, Debug)]
pub struct Needed {
    /// The rung.
    pub rung: Rung,
    /// Why the structural rules do not suffice, where they do not.
    pub because: Option<String>,
}

/// The rung of every role of an accepted choreography. A protocol's rung is the greatest of its roles'.
#[must_use]
pub fn rungs(program: &Program, graph: &Graph, projection: &Projection, limits: Limits) -> Vec<Needed> {
    let Some(global) = global_type(program, graph) else {
        let because = Some("the global type is too large for the structural rules".to_owned());
        return vec![Needed { rung: Rung::Complete, because }; graph.roles.len()];
    };
    // Data can make a choreography implementable, or take a decision, that the pure type cannot: its own machines count.
    let pure = if graph.vars.is_empty() && graph.ops.is_empty() { None } else { Some(coinductive(&global, limits)) };
    let is_coinductive = |role: Role| match &pure {
        None => projection.machines[role as usize].is_coinductive,
        Some(roles) => roles.get(role as usize).copied().unwrap_or(false),
    };
    (0..).take(graph.roles.len()).map(|role| needed(&global, role, is_coinductive(role))).collect()
}

fn needed(global: &GlobalType, role: Role, is_coinductive: bool) -> Needed {
    let because = match (project_tree(global, role, Rule::Plain), project_tree(global, role, Rule::Full)) {
        (Ok(_), _) => return Needed { rung: Rung::Plain, because: None },
        (Err(plain), Ok(_)) => return Needed { rung: Rung::Full, because: Some(plain.to_string()) },
        (Err(_), Err(full)) => Some(full.to_string()),
    };
    Needed { rung: if is_coinductive { Rung::Coinductive } else { Rung::Complete }, because }
}

/// For each role, whether the coinductive rule suffices for the pure type; none if it cannot be carried out by itself.
fn coinductive(global: &GlobalType, limits: Limits) -> Vec<bool> {
    let mut program = Program::default();
    let file = program.files.add("", "");
    let Ok(graph) = import(&mut program, file, "", global, &[]) else { return Vec::new() };
    let Ok(projection) = project(&program, &graph, limits) else { return Vec::new() };
    projection.machines.iter().map(|machine| machine.is_coinductive).collect()
}
