//! What the ways of a decision are called: in a sentence, and as the label of a message that tells of them.

use crate::erase::names::arm_names;
use crate::graph::{CaseOn, ExprRef, Graph, NodeId, NodeKind, PatternRef};
use crate::hir::{Pattern, PatternKind, Program};
use tell_ir::image::Const;

/// Longest condition that is repeated in a sentence, in characters.
const MAX_CONDITION: usize = 32;

/// A way of a decision.
pub(crate) enum Way {
    /// An arm with a name: that of a branch, a label, a constructor.
    Named(String),
    /// What an `if` does where the condition holds, or where it does not. No condition if it is too long for a sentence.
    If { condition: Option<String>, holds: bool },
    /// Another round of a loop, or what follows the last one.
    Loop { again: bool },
    /// An arm of a pure type, by its position.
    Numbered(usize),
    /// No decision.
    Nameless,
}

impl Way {
    /// Way `way` of a node.
    pub(crate) fn of(program: &Program, graph: &Graph, node: NodeId, way: usize) -> Self {
        match &graph.node(node).kind {
            NodeKind::Choice { arms, .. } if arms[way].name.is_none() => {
                let (send, branch) = graph.message(node, way);
                Self::of(program, graph, send, branch)
            }
            NodeKind::Choice { .. } | NodeKind::Case { .. } if is_loop(graph, node) => Self::Loop { again: way == 0 },
            NodeKind::Choice { arms, .. } => Self::Named(arm_names(program, graph, node, arms.len())[way].clone()),
            NodeKind::Comm { branches, .. } => Self::Named(graph.labels[branches[way].label as usize].name.clone()),
            NodeKind::Case { on: CaseOn::Opaque, .. } => Self::Numbered(way + 1),
            NodeKind::Case { arms, on, .. } => {
                let name = || Self::Named(arm_names(program, graph, node, arms.len())[way].clone());
                if_way(program, graph, on, arms[way].pattern).unwrap_or_else(name)
            }
            NodeKind::Timed { outcomes, .. } => match way.checked_sub(1).and_then(|way| outcomes.get(way)) {
                Some(outcome) => Self::Named(outcome.name.clone()),
                None => Self::Nameless,
            },
            _ => Self::Nameless,
        }
    }

    /// Where something happens on this way, as words in a sentence; `None` if there are none.
    pub(crate) fn phrase(&self) -> Option<String> {
        match self {
            Self::Named(name) => Some(format!("in `{name}`")),
            Self::If { condition: Some(condition), holds: true } => Some(format!("where `{condition}`")),
            Self::If { condition: Some(condition), holds: false } => Some(format!("where not `{condition}`")),
            Self::If { condition: None, holds: true } => Some("in `then`".into()),
            Self::If { condition: None, holds: false } => Some("in `else`".into()),
            Self::Loop { again: true } => Some("in another round".into()),
            Self::Loop { again: false } => Some("after the last round".into()),
            Self::Numbered(number) => Some(format!("in arm {number}")),
            Self::Nameless => None,
        }
    }

    /// The label of a message that tells of this way.
    pub(crate) fn label(&self) -> String {
        let text = match self {
            Self::Named(name) if is_name(name) => name,
            Self::If { holds: true, .. } => "Yes",
            Self::If { holds: false, .. } => "No",
            Self::Loop { again: true } => "Next",
            Self::Loop { again: false } => "Done",
            Self::Numbered(number) => return format!("Arm{number}"),
            Self::Named(_) | Self::Nameless => "Other",
        };
        let mut letters = text.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    }
}

/// Whether a decision is about another round of the loop it stands for.
pub(crate) fn is_loop(graph: &Graph, node: NodeId) -> bool {
    let span = graph.node(node).span;
    match &graph.node(node).kind {
        // The arms of a choice stand where their names stand.
        NodeKind::Choice { arms, .. } => arms.iter().all(|arm| arm.name.is_some() && arm.span == span),
        NodeKind::Case { on, arms, .. } => {
            !matches!(on, CaseOn::Opaque) && arms.iter().all(|arm| arm.pattern.is_none())
        }
        _ => false,
    }
}

/// The pattern of an arm.
pub(crate) fn pattern<'a>(program: &'a Program, graph: &Graph, at: PatternRef) -> Option<&'a Pattern> {
    let protocol = graph.instances[at.instance as usize].protocol;
    program.protocol(protocol).body.as_ref()?.patterns.get(at.pattern as usize)
}

/// The way of an `if`, if it is one: its two patterns stand where its condition stands.
fn if_way(program: &Program, graph: &Graph, on: &CaseOn, arm: Option<PatternRef>) -> Option<Way> {
    let CaseOn::Expr(ExprRef { instance, expr }) = on else { return None };
    let pattern = pattern(program, graph, arm?)?;
    let PatternKind::Const(Const::Bool(holds)) = pattern.kind else { return None };
    let protocol = program.protocol(graph.instances[*instance as usize].protocol);
    let span = protocol.body.as_ref()?.exprs.get(expr.index())?.span;
    let text = program.files.get(protocol.file).text.get(span.range())?;
    let fits = text.chars().count() <= MAX_CONDITION && !text.contains(['\n', '`']);
    (pattern.span == span).then(|| Way::If { condition: fits.then(|| text.to_owned()), holds })
}

/// Whether a text can be a label.
fn is_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
