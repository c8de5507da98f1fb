//! Where in a `.tell` text a statement is added so that it stands on a given way of a node.
//!
//! On a way of a decision that is the beginning of the arm; everywhere else it is behind the node's own statement and in
//! its block. What comes next in the choreography may stand in another block, and is also reached by other ways.

use super::some;
use crate::graph::{Graph, NodeKind};
use crate::project::rejection::Passed;
use crate::ways;
use tell_language::span::Span;

/// A place for a statement. Columns count characters from 0.
pub(super) enum Place {
    /// Before the statement that starts a line.
    Line { before: u32, column: usize },
    /// On a line of its own behind the statement that ends at `of`; `at` is where its line ends.
    Behind { of: u32, at: u32, column: usize },
    /// In the `else` that is missing behind the `if` that ends at `of`; `at` is where its line ends.
    Else { of: u32, at: u32, column: usize },
    /// Amid a line, with something before and something behind it.
    Within { at: Span, before: String, behind: String },
}

impl Place {
    /// The place on a way of a node.
    pub(super) fn of(text: &str, graph: &Graph, at: Passed) -> Option<Self> {
        let node = graph.nodes.get(at.node.index())?;
        let (arm, next) = match &node.kind {
            NodeKind::Comm { branches, .. } if branches.len() == 1 => return Self::behind(text, some(node.span)?),
            NodeKind::Local { .. } => return Self::behind(text, some(node.span)?),
            NodeKind::Choice { arms, .. } => (arms[at.way].span, arms[at.way].next),
            NodeKind::Case { arms, .. } => (arms[at.way].span, arms[at.way].next),
            _ => return None,
        };
        match some(next) {
            Some(next) => Self::before(text, next.start),
            None if ways::is_loop(graph, at.node) => Self::behind(text, some(node.span)?),
            None if arm.start == arm.end => Self::missing_else(text, some(node.span)?),
            None => Self::empty_block(text, arm),
        }
    }

    /// Before a statement.
    fn before(text: &str, start: u32) -> Option<Self> {
        let before = text.get(..start as usize)?;
        let column = column(text, start)?;
        if before.trim_end().ends_with(['{', ';']) {
            return Some(Self::Within { at: Span::new(start, start), before: String::new(), behind: "; ".into() });
        }
        if before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()) {
            return Some(Self::Line { before: start, column });
        }
        let behind = format!("\n{}", " ".repeat(column));
        Some(Self::Within { at: Span::new(start, start), before: String::new(), behind })
    }

    /// Behind a statement, in its block.
    fn behind(text: &str, statement: Span) -> Option<Self> {
        let Ends { of, at, rest } = Ends::of(text, statement)?;
        if rest.starts_with([';', '}']) {
            return Some(Self::Within { at: Span::new(of, of), before: "; ".into(), behind: String::new() });
        }
        Some(Self::Behind { of, at, column: column(text, statement.start)? })
    }

    fn missing_else(text: &str, statement: Span) -> Option<Self> {
        let Ends { of, at, .. } = Ends::of(text, statement)?;
        Some(Self::Else { of, at, column: column(text, statement.start)? })
    }

    /// In place of the braces of an empty block, at or behind the arm.
    fn empty_block(text: &str, arm: Span) -> Option<Self> {
        let line = text.get(arm.start as usize..)?.lines().next()?;
        let open = line.find('{')?;
        let length = 1 + line[open + 1..].find('}')? + 1;
        line[open + 1..open + length - 1].trim().is_empty().then_some(())?;
        let start = arm.start + u32::try_from(open).ok()?;
        let at = Span::new(start, start + u32::try_from(length).ok()?);
        Some(Self::Within { at, before: String::new(), behind: String::new() })
    }

    /// What is replaced there, and by what.
    pub(super) fn insert(&self, statement: &str) -> (Span, String) {
        let indent = |column: &usize| " ".repeat(*column);
        match self {
            Self::Line { before, column } => (Span::new(*before, *before), format!("{statement}\n{}", indent(column))),
            Self::Behind { at, column, .. } => (Span::new(*at, *at), format!("\n{}{statement}", indent(column))),
            Self::Else { at, column, .. } => {
                let indent = indent(column);
                (Span::new(*at, *at), format!("\n{indent}else\n{indent}  {statement}"))
            }
            Self::Within { at, before, behind } => (*at, format!("{before}{statement}{behind}")),
        }
    }
}

/// The end of a statement.
struct Ends<'t> {
    /// Where its last character ends.
    of: u32,
    /// Where a new line can start: at the end of its line, if only a comment follows there.
    at: u32,
    /// What follows in its line.
    rest: &'t str,
}

impl<'t> Ends<'t> {
    fn of(text: &'t str, statement: Span) -> Option<Self> {
        let length = text.get(statement.range())?.trim_end().len();
        let of = statement.start + u32::try_from(length).ok()?;
        let line = text[of as usize..].lines().next().unwrap_or_default();
        let rest = line.trim();
        let is_free = rest.is_empty() || rest.starts_with("--");
        let at = if is_free { of + u32::try_from(line.trim_end().len()).ok()? } else { of };
        Some(Self { of, at, rest })
    }
}

/// How many characters stand before an offset in its line.
fn column(text: &str, offset: u32) -> Option<usize> {
    let before = text.get(..offset as usize)?;
    Some(before.rsplit('\n').next().unwrap_or_default().chars().count())
}
