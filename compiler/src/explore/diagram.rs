//! Runs as plain text: one column per role, one row per message sent or received.
//!
//! A message that is received right after it was sent is one arrow. One that is received later leaves its sender with
//! `…` and arrives from `…`; one that is never received ends in `x`.

use super::{Event, Problem, ProblemKind};
use crate::graph::{Graph, Role};
use std::collections::VecDeque;

/// Widest diagram, where the number of roles allows it.
const WIDTH: usize = 100;
/// Narrowest column.
const NARROW: usize = 10;
/// Widest column.
const WIDE: usize = 24;

/// How a row is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Leaves,
    Arrives,
    Lost,
}

/// Draws a run; its last line says which messages are left.
#[must_use]
pub fn diagram(graph: &Graph, run: &[Event]) -> String {
    let mut used: Vec<Role> = run.iter().flat_map(|event| [event.role, event.peer]).collect();
    used.sort_unstable();
    used.dedup();
    let all: Vec<Role> = (0..).take(graph.roles.len()).collect();
    let roles = if all.len() * NARROW <= WIDTH { all } else { used };
    let column = (WIDTH / roles.len().max(1)).clamp(NARROW, WIDE);
    let mut text = header(graph, &roles, column);
    let rows = rows(run);
    for (event, part) in &rows {
        text.push_str(&row(graph, &roles, column, event, *part));
    }
    let lost: Vec<String> = rows
        .iter()
        .filter(|(_, part)| *part == Part::Lost)
        .map(|(event, _)| {
            format!("`{}` from {} to {}", label(graph, event.label), name(graph, event.role), name(graph, event.peer))
        })
        .collect();
    match lost.as_slice() {
        [] => text.push_str("every message was received\n"),
        lost => text.push_str(&format!("not received: {}\n", lost.join(", "))),
    }
    text
}

/// What went wrong, in words.
#[must_use]
pub fn sentence(graph: &Graph, problem: &Problem) -> String {
    match &problem.kind {
        ProblemKind::Deadlock { waiting } => {
            let waiting: Vec<&str> = waiting.iter().map(|role| name(graph, *role)).collect();
            format!("deadlock: nobody can move, and {} would have to", waiting.join(", "))
        }
        ProblemKind::Orphan { from, to, label: id } => {
            format!("`{}` from {} is never received by {}", label(graph, *id), name(graph, *from), name(graph, *to))
        }
        ProblemKind::Unexpected { role, from, label: id } => {
            format!("{} does not expect `{}` from {} here", name(graph, *role), label(graph, *id), name(graph, *from))
        }
    }
}

fn name(graph: &Graph, role: Role) -> &str {
    graph.roles.get(role as usize).map_or("?", String::as_str)
}

fn label(graph: &Graph, label: u32) -> &str {
    graph.labels.get(label as usize).map_or("?", |label| label.name.as_str())
}

fn header(graph: &Graph, roles: &[Role], column: usize) -> String {
    let mut text = String::new();
    for role in roles {
        let shown: String = name(graph, *role).chars().take(column - 1).collect();
        text.push_str(&format!("{shown:<column$}"));
    }
    line(&text)
}

/// Without spaces at its end.
fn line(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

/// The rows of a run: which sends are received, and when.
fn rows(run: &[Event]) -> Vec<(Event, Part)> {
    let mut received = vec![None; run.len()];
    let mut under_way: std::collections::BTreeMap<(Role, Role), VecDeque<usize>> = std::collections::BTreeMap::new();
    for (at, event) in run.iter().enumerate() {
        if event.is_send {
            under_way.entry((event.role, event.peer)).or_default().push_back(at);
        } else if let Some(sent) = under_way.get_mut(&(event.peer, event.role)).and_then(VecDeque::pop_front) {
            received[sent] = Some(at);
        }
    }
    let mut rows = Vec::new();
    for (at, event) in run.iter().enumerate() {
        let is_shown_with_send = at > 0 && received[at - 1] == Some(at);
        match (event.is_send, received[at]) {
            (true, Some(received)) if received == at + 1 => rows.push((*event, Part::Whole)),
            (true, Some(_)) => rows.push((*event, Part::Leaves)),
            (true, None) => rows.push((*event, Part::Lost)),
            (false, _) if is_shown_with_send => {}
            (false, _) => rows.push((*event, Part::Arrives)),
        }
    }
    rows
}

fn row(graph: &Graph, roles: &[Role], column: usize, event: &Event, part: Part) -> String {
    let mut cells: Vec<char> = vec![' '; column * roles.len()];
    (0..roles.len()).for_each(|index| cells[index * column] = '|');
    let place = |role: Role| roles.iter().position(|shown| *shown == role).unwrap_or(0) * column;
    let (from, to) = if event.is_send { (event.role, event.peer) } else { (event.peer, event.role) };
    let (from, to) = (place(from), place(to));
    let goes_right = from < to;
    let (left, right) = if goes_right { (from + 1, to) } else { (to + 1, from) };
    // A message that is not drawn whole leaves half of the last column free, at the end that is not part of the row.
    let half = column / 2;
    let (left, right) = match (part, goes_right) {
        (Part::Whole, _) => (left, right),
        (Part::Leaves | Part::Lost, true) | (Part::Arrives, false) => (left, right - half.min(right - left)),
        (Part::Leaves | Part::Lost, false) | (Part::Arrives, true) => (left + half, right),
    };
    cells[left..right].fill('-');
    let (first, last) = (left, right - 1);
    let (tail, tip) = if goes_right { (first, last) } else { (last, first) };
    match part {
        Part::Whole => cells[tip] = if goes_right { '>' } else { '<' },
        Part::Leaves => cells[tip] = '…',
        Part::Lost => cells[tip] = 'x',
        Part::Arrives => {
            cells[tail] = '…';
            cells[tip] = if goes_right { '>' } else { '<' };
        }
    }
    let room = (right - left).saturating_sub(4);
    let text: Vec<char> = label(graph, event.label).chars().take(room).collect();
    let start = left + (right - left - text.len()) / 2;
    cells[start..start + text.len()].copy_from_slice(&text);
    line(&cells.into_iter().collect::<String>())
}
