//! A repair as changes of the text, and in words.

mod json;
mod place;

use super::{Edit, Repair};
use crate::graph::{Graph, NodeKind};
use crate::hir::Program;
use place::Place;
use tell_language::diagnostic::Fix;
use tell_language::span::Span;

/// What the text of a choreography is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `.tell`
    Tell,
    /// A global type of the bridge.
    Json,
    /// A global type without a text.
    Nowhere,
}

/// A repair, written down.
#[derive(Clone, Debug)]
pub struct Written {
    /// The changes of the text, in the order of their places.
    pub fixes: Vec<Fix>,
    /// What the user is told to do, in the same order.
    pub words: String,
}

/// A change of the text.
struct Change {
    /// Where it is.
    start: u32,
    fixes: Vec<(Span, String)>,
    words: Words,
}

/// A change in words.
enum Words {
    /// What is added, and where.
    Add { text: String, place: String },
    /// Something else to do.
    Other(String),
}

/// Writes a repair down; `None` if a place is not in the text.
#[must_use]
pub fn written(program: &Program, graph: &Graph, repair: &Repair, notation: Notation) -> Option<Written> {
    let writer = Writer { program, graph, notation };
    // A message that was found later stands before the others in its place.
    let changes = repair.edits.iter().rev().map(|edit| writer.change(edit));
    let mut changes: Vec<Change> = changes.collect::<Option<_>>()?;
    changes.sort_by_key(|change| change.start);
    // What stands in two places of the graph can be one line of the text.
    changes.dedup_by(|change, before| notation == Notation::Tell && change.fixes == before.fixes);
    let mut fixes: Vec<(Span, String)> = Vec::new();
    for (span, text) in changes.iter().flat_map(|change| change.fixes.iter().cloned()) {
        match fixes.iter_mut().find(|(known, _)| *known == span) {
            Some((_, before)) => before.push_str(&text),
            None => fixes.push((span, text)),
        }
    }
    fixes.sort_by_key(|(span, _)| *span);
    let fixes = fixes.into_iter().map(|(span, replacement)| Fix { file: graph.file, span, replacement });
    let words = sentence(changes.into_iter().map(|change| change.words).collect());
    Some(Written { fixes: fixes.collect(), words })
}

/// Something written down.
struct Writer<'a> {
    program: &'a Program,
    graph: &'a Graph,
    notation: Notation,
}

impl Writer<'_> {
    fn change(&self, edit: &Edit) -> Option<Change> {
        match edit {
            Edit::Tell { at, from, to, label } => {
                let roles = [from, to].map(|role| self.graph.roles[*role as usize].as_str());
                let message = format!("{} -> {} : {label}", roles[0], roles[1]);
                match self.notation {
                    Notation::Tell => Some(self.insertion(&Place::of(self.text(), self.graph, *at)?, &message)),
                    Notation::Json => {
                        let what_follows = json::continuation(self.graph, *at)?;
                        let [before, behind] = json::message(roles, label);
                        let ends = [what_follows.start, what_follows.end].map(|end| Span::new(end, end));
                        let place = self.at(ends[0].start);
                        let words = format!("add `{message}`: wrap the type{place} in `{before}…{behind}`");
                        Some(Change {
                            start: what_follows.start,
                            fixes: vec![(ends[0], before), (ends[1], behind)],
                            words: Words::Other(words),
                        })
                    }
                    Notation::Nowhere => {
                        let words = Words::Add { text: format!("`{message}`"), place: String::new() };
                        Some(Change { start: 0, fixes: Vec::new(), words })
                    }
                }
            }
            Edit::Rename { node, branch, label } => {
                let NodeKind::Comm { branches, .. } = &self.graph.nodes.get(node.index())?.kind else { return None };
                let Span { start, end } = branches[*branch].span;
                let old = &self.graph.labels[branches[*branch].label as usize].name;
                let (fixes, place) = match self.notation {
                    Notation::Tell => (vec![(Span::new(start, end), label.clone())], self.at(start)),
                    Notation::Json => {
                        let name = json::name_in(self.text(), some(Span::new(start, end))?)?;
                        (vec![(name, json::quoted(label))], self.at(start))
                    }
                    Notation::Nowhere => (Vec::new(), String::new()),
                };
                let words = Words::Other(format!("rename `{old}`{place} to `{label}`"));
                (self.notation != Notation::Tell || start < end).then_some(Change { start, fixes, words })
            }
        }
    }

    /// A message as a statement of its own.
    fn insertion(&self, place: &Place, message: &str) -> Change {
        let line = |offset: u32| self.program.files.line_column(self.graph.file, offset).0;
        let (text, words) = match place {
            Place::Line { before, .. } => (format!("`{message}`"), format!(" before line {}", line(*before))),
            Place::Behind { of, .. } => (format!("`{message}`"), format!(" after line {}", line(*of))),
            Place::Else { of, .. } => (format!("`else` and `{message}`"), format!(" after line {}", line(*of))),
            Place::Within { at, .. } => (format!("`{message}`"), self.at(at.start)),
        };
        let (span, replacement) = place.insert(message);
        Change { start: span.start, fixes: vec![(span, replacement)], words: Words::Add { text, place: words } }
    }

    fn at(&self, offset: u32) -> String {
        let (line, column) = self.program.files.line_column(self.graph.file, offset);
        format!(" at {line}:{column}")
    }

    fn text(&self) -> &str {
        &self.program.files.get(self.graph.file).text
    }
}

/// All changes in one sentence: what is added first.
fn sentence(words: Vec<Words>) -> String {
    let mut added: Vec<(Vec<String>, String)> = Vec::new();
    let mut others = Vec::new();
    for words in words {
        match words {
            Words::Add { text, place } => match added.last_mut() {
                Some((texts, known)) if *known == place => texts.push(text),
                _ => added.push((vec![text], place)),
            },
            Words::Other(text) => others.push(text),
        }
    }
    let noun = match added.first() {
        Some((_, place)) if !place.contains(" line ") => "",
        Some((texts, _)) if texts.len() == 1 && !texts[0].starts_with("`else`") => "the line ",
        _ => "the lines ",
    };
    let added: Vec<String> = added.into_iter().map(|(texts, place)| format!("{}{place}", listed(&texts))).collect();
    let mut parts = Vec::new();
    if !added.is_empty() {
        parts.push(format!("add {noun}{}", listed(&added)));
    }
    parts.extend(others);
    parts.join(", and ")
}

/// `a`, `b` and `c`
fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn some(span: Span) -> Option<Span> {
    (span != Span::default()).then_some(span)
}
