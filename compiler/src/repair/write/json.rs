//! Places and pieces of a global type of the bridge.

use super::some;
use crate::graph::{Graph, NodeKind};
use crate::project::rejection::Passed;
use std::fmt::Write;
use tell_language::span::Span;

/// The global type on a way of a node.
pub(super) fn continuation(graph: &Graph, at: Passed) -> Option<Span> {
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

/// What stands before and behind the continuation of a new message.
pub(super) fn message([from, to]: [&str; 2], label: &str) -> [String; 2] {
    let [from, to, label] = [from, to, label].map(quoted);
    let head = format!(r#"{{"kind":"comm","sender":{from},"receiver":{to},"branches":["#);
    [format!(r#"{head}{{"label":{{"name":{label},"sort":"unit"}},"continuation":"#), "}]}".to_owned()]
}

/// The value of `name` in a JSON object, quotes included.
pub(super) fn name_in(text: &str, object: Span) -> Option<Span> {
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

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
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
