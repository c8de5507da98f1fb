//! Verdicts of the complete projection, for tests: what it says about each role of a global type or of a protocol.

use crate::notation;
use crate::program::Std;
use std::fmt::Write as _;
use tell_compiler::erase::local_type;
use tell_compiler::graph::Graph;
use tell_compiler::hir::{Program, ProtocolId};
use tell_compiler::import::import;
use tell_compiler::project::machine::{Kind, Machine};
use tell_compiler::project::rejection::Rule;
use tell_compiler::project::{Limits, Projection, project};
use tell_compiler::{lower, pipeline};
use tell_ir::global::GlobalType;
use tell_language::span::FileId;

/// A choreography and what the projection makes of it.
pub struct Projected {
    program: Program,
    graph: Graph,
    outcome: Result<Projection, Vec<(String, Rule)>>,
}

/// Whether a global type in the notation of [`crate::notation`] is ill-formed.
#[must_use]
pub fn is_ill_formed(text: &str) -> bool {
    let mut program = Program::default();
    let file = program.files.add("test.json", "");
    import(&mut program, file, "Test", &notation::global(text), &[]).is_err()
}

/// Projects a global type in the notation of [`crate::notation`].
///
/// # Panics
/// If the text is not a well-formed type.
#[must_use]
pub fn global(text: &str) -> Projected {
    within(text, Limits::default().projection_states)
}

/// The same with at most so many states of one role.
///
/// # Panics
/// If the text is not a well-formed type.
#[must_use]
pub fn within(text: &str, projection_states: usize) -> Projected {
    of_type(&notation::global(text), projection_states)
}

fn of_type(global: &GlobalType, projection_states: usize) -> Projected {
    let mut program = Program::default();
    let file: FileId = program.files.add("test.json", "");
    let graph = import(&mut program, file, "Test", global, &[]).unwrap_or_else(|errors| panic!("{errors:?}"));
    Projected::new(program, graph, projection_states)
}

/// Projects the first protocol of a text.
///
/// # Panics
/// If there is an error before projection.
#[must_use]
pub fn tell(text: &str) -> Projected {
    let checked = pipeline::check("test.tell", text, &Std, Limits::default());
    let early: Vec<_> = checked.diagnostics.iter().filter(|found| !is_projection(found.code.0)).collect();
    assert!(early.iter().all(|found| !found.is_error()), "{early:?}");
    let graph = lower::lower(&checked.program, ProtocolId(0)).unwrap_or_else(|errors| panic!("{errors:?}"));
    Projected::new(checked.program, graph, Limits::default().projection_states)
}

fn is_projection(code: &str) -> bool {
    matches!(code, "E0401" | "E0402" | "E0403" | "E0404")
}

impl Projected {
    fn new(program: Program, graph: Graph, projection_states: usize) -> Self {
        let named = |role: u32| graph.roles[role as usize].clone();
        let outcome = project(&program, &graph, Limits { projection_states, ..Limits::default() })
            .map_err(|rejections| rejections.iter().map(|one| (named(one.role), one.rule)).collect());
        Self { program, graph, outcome }
    }

    /// The rejected roles with the rules they violate, and nothing else is rejected.
    #[track_caller]
    pub fn is_rejected(&self, expected: &[(&str, Rule)]) -> &Self {
        let found: Vec<(&str, Rule)> = match &self.outcome {
            Ok(_) => Vec::new(),
            Err(rules) => rules.iter().map(|(role, rule)| (role.as_str(), *rule)).collect(),
        };
        assert_eq!(found, expected);
        self
    }

    /// It is accepted with exactly these warnings, as `role code`.
    #[track_caller]
    pub fn warns(&self, expected: &[&str]) -> &Self {
        let warnings = self.projection().warnings.iter();
        let found: Vec<String> = warnings
            .map(|(role, warning)| format!("{} {}", self.graph.roles[*role as usize], warning.code.0))
            .collect();
        assert_eq!(found, expected);
        self
    }

    /// It is accepted and nobody may wait for ever or starve.
    #[track_caller]
    pub fn is_fine(&self) -> &Self {
        self.warns(&[])
    }

    /// The local type of a role.
    #[track_caller]
    pub fn gives(&self, role: &str, expected: &str) -> &Self {
        let local = local_type(&self.program, &self.graph, self.machine(role)).expect("types of tests are small");
        assert_eq!(notation::local(&local), expected, "{role}");
        self
    }

    /// What the states of a role do, in order, as one word each.
    #[track_caller]
    pub fn does(&self, role: &str, expected: &str) -> &Self {
        let mut words = String::new();
        for state in &self.machine(role).states {
            let separator = if words.is_empty() { "" } else { " " };
            let _ = write!(words, "{separator}{}", word(&state.kind));
        }
        assert_eq!(words, expected, "{role}");
        self
    }

    /// The names whose values a role that is done has, in any of its last states.
    #[track_caller]
    pub fn ends_with(&self, role: &str, expected: &[&str]) -> &Self {
        let finals = self.machine(role).states.iter().filter_map(|state| match &state.kind {
            Kind::End { finals } => Some(finals),
            _ => None,
        });
        let found: Vec<&str> = finals.flatten().map(|(name, _)| self.program.text(*name)).collect();
        assert_eq!(found, expected, "{role}");
        self
    }

    /// Whether the coinductive rule suffices for a role.
    #[track_caller]
    pub fn is_coinductive(&self, role: &str, expected: bool) -> &Self {
        assert_eq!(self.machine(role).is_coinductive, expected, "{role}");
        self
    }

    #[track_caller]
    fn projection(&self) -> &Projection {
        self.outcome.as_ref().unwrap_or_else(|rules| panic!("rejected: {rules:?}"))
    }

    #[track_caller]
    fn machine(&self, name: &str) -> &Machine {
        let role = self.graph.roles.iter().position(|role| role == name).expect("the role occurs");
        &self.projection().machines[role]
    }
}

const fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::End { .. } => "end",
        Kind::Local { .. } => "local",
        Kind::Decide { .. } => "decide",
        Kind::Case { .. } => "case",
        Kind::Send { .. } => "send",
        Kind::Recv { finals: None, .. } => "receive",
        Kind::Recv { finals: Some(_), .. } => "receive-or-end",
        Kind::Par { .. } => "par",
        Kind::Scope(_) => "scope",
        Kind::Join { .. } => "join",
        Kind::Mixed { .. } => "mixed",
    }
}
