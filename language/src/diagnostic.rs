//! Diagnostics as data: what every stage reports and what `render`, the JSON output and the editors consume.
//!
//! Message states the fact, labels the evidence, help the fix; lower case, no full stop, names in backticks.

use crate::span::{FileId, Span};

/// Whether a diagnostic stops the program from being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The program is wrong.
    Error,
    /// The program is legal, but probably not what was meant.
    Warning,
}

/// A stable code such as `E0401` or `W0301`; never reused, documented in `docs/errors/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

/// A place involved in a diagnostic and what it has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// File of the place.
    pub file: FileId,
    /// Range of bytes in that file.
    pub span: Span,
    /// What this place has to do with it; may be empty.
    pub text: String,
}

/// One replacement of a machine-applicable fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// File to change.
    pub file: FileId,
    /// Range that is replaced; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
}

/// One error or warning. The first label is the primary place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// Error or warning; follows from the code's first letter.
    pub severity: Severity,
    /// The fact.
    pub message: String,
    /// The evidence; the first is the primary place.
    pub labels: Vec<Label>,
    /// Further facts, one line each (may contain line breaks for aligned runs).
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Replacements that repair it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic without places yet; the severity follows from the code (`W…` is a warning).
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let severity = if code.0.starts_with('W') { Severity::Warning } else { Severity::Error };
        Self {
            code,
            severity,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            fixes: Vec::new(),
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, file: FileId, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file, span, text: text.into() });
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Sets the help line.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a machine-applicable replacement.
    #[must_use]
    pub fn fix(mut self, file: FileId, span: Span, replacement: impl Into<String>) -> Self {
        self.fixes.push(Fix { file, span, replacement: replacement.into() });
        self
    }

    /// File and offset by which diagnostics are ordered: those of the primary place.
    #[must_use]
    pub fn position(&self) -> (FileId, Span) {
        self.labels.first().map_or((FileId(0), Span::default()), |label| (label.file, label.span))
    }

    /// Whether this stops the program from being built.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Longest name that may be a typing mistake, in characters.
const MAX_NAME: usize = 64;

/// Most candidates that are compared: with very many names, a close one is no hint.
const MAX_CANDIDATES: usize = 4_096;

/// The candidate closest to `wanted`, if close enough to be a typing mistake (Damerau distance at most a third of
/// the longer name, at least one); ties go to the first candidate.
#[must_use]
pub fn did_you_mean<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > MAX_NAME {
        return None;
    }
    let lower = |name: &str| -> Vec<char> { name.to_lowercase().chars().collect() };
    let limit = |other: &str| (wanted.len().max(other.len()) / 3).max(1);
    let chars = lower(wanted);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|other| other.len() <= MAX_NAME && wanted.len().abs_diff(other.len()) <= limit(other).min(8))
        .filter(|other| *other != wanted)
        .map(|other| (distance(&chars, &lower(other)), other))
        .filter(|(distance, other)| *distance <= limit(other) && *distance < wanted.len().max(other.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Optimal string alignment distance of two names.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = [(0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1], vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        // the row at hand, the one above, and the one above that
        let [above, row, second] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(second[j - 2] + 1);
            }
            row[j] = best;
        }
        rows.rotate_left(1);
    }
    rows[0][b.len()]
}
