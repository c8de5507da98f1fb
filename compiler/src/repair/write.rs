//! A repair as changes of the text, and in words.

use super::{Edit, Repair};
use crate::graph::{Graph, NodeKind};
use crate::hir::Program;
use crate::project::rejection::Passed;
use std::fmt::Write;
use tell_language::diagnostic::Fix;
use tell_language::span::Span;

/// What the text of a choreography is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `.tell`
    Tell,
    /// A global type of the bridge.
    Json,
}

/// The changes of the text; `None` if a place is not in it.
#[must_use]
pub fn fixes(program: &Program, graph: &Graph, repair: &Repair, notation: Notation) -> Option<Vec<Fix>> {
    let mut fixes = Vec::new();
    for edit in &repair.edits {
        match (edit, notation) {
            (Edit::Tell { at, .. }, Notation::Tell) => {
                let start = statement(graph, *at)?.start;
                let text = &program.files.get(graph.file).text;
                let line = text[..start as usize].rfind('\n').map_or(0, |end| end + 1);
                let column = text[line..start as usize].chars().count();
                let message = message(graph, edit);
                insert(&mut fixes, graph, start, format!("{message}\n{}", " ".repeat(column)));
            }
            (Edit::Tell { at, .. }, Notation::Json) => {
                let what_follows = continuation(graph, *at)?;
                let [before, behind] = json_message(graph, edit);
                insert(&mut fixes, graph, what_follows.start, before);
                fixes.push(Fix {
                    file: graph.file,
                    span: Span::new(what_follows.end, what_follows.end),
                    replacement: behind,
                });
            }
            (Edit::Rename { node, branch, label }, _) => {
                let NodeKind::Comm { branches, .. } = &graph.nodes.get(node.index())?.kind else { return None };
                let span = some(branches[*branch].span)?;
                let text = &program.files.get(graph.file).text;
                let (span, replacement) = match notation {
                    Notation::Tell => (span, label.clone()),
                    Notation::Json => (name_in(text, span)?, quoted(label)),
                };
                fixes.push(Fix { file: graph.file, span, replacement });
            }
        }
    }
    Some(fixes)
}

/// What the user is told to do.
#[must_use]
pub fn words(program: &Program, graph: &Graph, repair: &Repair, notation: Notation) -> String {
    let place = |offset: u32| {
        let (line, column) = program.files.line_column(graph.file, offset);
        format!(" at {line}:{column}")
    };
    let mut text = String::new();
    for (index, edit) in repair.edits.iter().enumerate() {
        let and = if index == 0 { "" } else { ", and " };
        match edit {
            Edit::Tell { at, .. } => {
                let span = match notation {
                    Notation::Tell => statement(graph, *at),
                    Notation::Json => continuation(graph, *at),
                };
                let place = span.map_or(String::new(), |span| place(span.start));
                write!(text, "{and}add `{}`{place}", message(graph, edit)).expect("writing to a String succeeds");
            }
            Edit::Rename { node, branch, label } => {
                let NodeKind::Comm { branches, .. } = &graph.node(*node).kind else { continue };
                let old = &graph.labels[branches[*branch].label as usize].name;
                let place = place(branches[*branch].span.start);
                write!(text, "{and}rename `{old}`{place} to `{label}`").expect("writing to a String succeeds");
            }
        }
    }
    text
}

/// Inserts text; what was inserted there before comes behind it.
fn insert(fixes: &mut Vec<Fix>, graph: &Graph, at: u32, replacement: String) {
    let span = Span::new(at, at);
    let before = fixes.iter().position(|fix| fix.span == span).unwrap_or(fixes.len());
    fixes.insert(before, Fix { file: graph.file, span, replacement });
}

/// The statement on a way of a node, in front of which a message can be put.
fn statement(graph: &Graph, at: Passed) -> Option<Span> {
    match &graph.nodes.get(at.node.index())?.kind {
        NodeKind::Choice { arms, .. } => some(arms[at.way].next),
        NodeKind::Case { arms, .. } => some(arms[at.way].next),
        NodeKind::Comm { .. } | NodeKind::Local { .. } => {
            let next = *graph.successors(at.node).get(at.way)?;
            let is_statement = matches!(
                graph.node(next).kind,
                NodeKind::Comm { .. } | NodeKind::Choice { .. } | NodeKind::Case { .. } | NodeKind::Local { .. }
            );
            if is_statement { some(graph.node(next).span) } else { None }
        }
        _ => None,
    }
}

/// The global type on a way of a node.
fn continuation(graph: &Graph, at: Passed) -> Option<Span> {
    match &graph.nodes.get(at.node.index())?.kind {
        NodeKind::Comm { branches, .. } => some(branches[at.way].next),
        NodeKind::Case { arms, .. } => some(arms[at.way].next),
        NodeKind::Choice { .. } => {
            let (send, branch) = graph.message(at.node, at.way);
            continuation(graph, Passed { node: send, way: branch })
        }
        _ => None,
    }
}

/// The value of `name` in a JSON object, quotes included.
fn name_in(text: &str, object: Span) -> Option<Span> {
    const KEY: &str = "\"name\"";
    let whole = text.get(object.range())?;
    let values = whole.match_indices(KEY).filter_map(|(at, _)| {
        // A key is followed by a colon; a string of the same text is not.
        let value = whole[at + KEY.len()..].trim_start().strip_prefix(':')?.trim_start();
        value.starts_with('"').then(|| whole.len() - value.len())
    });
    let start = values.into_iter().next()?;
    let mut escaped = false;
    let length = whole[start + 1..].find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    let at = |offset: usize| u32::try_from(offset).ok().map(|offset| object.start + offset);
    Some(Span::new(at(start)?, at(start + length + 2)?))
}

fn some(span: Span) -> Option<Span> {
    (span != Span::default()).then_some(span)
}

fn message(graph: &Graph, edit: &Edit) -> String {
    let Edit::Tell { from, to, label, .. } = edit else { return String::new() };
    format!("{} -> {} : {label}", graph.roles[*from as usize], graph.roles[*to as usize])
}

/// What stands before and behind the continuation of a new message.
fn json_message(graph: &Graph, edit: &Edit) -> [String; 2] {
    let Edit::Tell { from, to, label, .. } = edit else { return [String::new(), String::new()] };
    let role = |role: u32| quoted(&graph.roles[role as usize]);
    let head = format!(r#"{{"kind":"comm","sender":{},"receiver":{},"branches":["#, role(*from), role(*to));
    [format!(r#"{head}{{"label":{{"name":{},"sort":"unit"}},"continuation":"#, quoted(label)), "}]}".to_owned()]
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if u32::from(letter) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect("writing to a String succeeds");
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
