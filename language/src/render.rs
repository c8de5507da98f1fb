//! Diagnostics to text for a terminal. The only file that knows ariadne.
//!
//! ariadne draws the snippets, from a view of the source in which nothing can surprise it or the reader: long lines are
//! cut around the labels, and characters that move the cursor are replaced. Header, notes and help are written here.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use ariadne::{Cache, CharSet, Color, Config, IndexType, Label, LabelAttach, Report, ReportKind, Source};

use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{FileId, Files, Span};

/// Longest line that is shown whole, in bytes.
const MAX_LINE: usize = 400;
/// Bytes shown before and after a label in a longer line.
const CONTEXT: usize = 100;

/// Writes diagnostics in the given order, with colours or without.
///
/// Spans are clamped to the text, so that no diagnostic can make rendering fail.
///
/// # Errors
/// Those of `out`.
pub fn render(diagnostics: &[Diagnostic], files: &Files, color: bool, out: &mut impl Write) -> io::Result<()> {
    let mut views = Views::new(diagnostics, files);
    for diagnostic in diagnostics {
        header(diagnostic, color, out)?;
        snippets(diagnostic, &mut views, color, out)?;
        if let Some(place) = place_on_cut_line(diagnostic, files) {
            remark("note", &place, color, out)?;
        }
        for note in &diagnostic.notes {
            remark("note", note, color, out)?;
        }
        if let Some(help) = &diagnostic.help {
            remark("help", help, color, out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Where the primary label is, if its line is too long to be shown whole: the columns above count what is shown.
fn place_on_cut_line(diagnostic: &Diagnostic, files: &Files) -> Option<String> {
    let primary = diagnostic.labels.first()?;
    let file = files.get(primary.file);
    let mut at = (primary.span.start as usize).min(file.text.len());
    while !file.text.is_char_boundary(at) {
        at -= 1;
    }
    let start = file.text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = file.text[at..].find('\n').map_or(file.text.len(), |length| at + length);
    let (line, column) = files.line_column(primary.file, primary.span.start);
    (end - start > MAX_LINE).then(|| format!("the line is cut; the place is {}:{line}:{column}", file.name))
}

/// `error[E0401]: message`
fn header(diagnostic: &Diagnostic, color: bool, out: &mut impl Write) -> io::Result<()> {
    let (word, paint) = match diagnostic.severity {
        Severity::Error => ("error", "\x1b[1;31m"),
        Severity::Warning => ("warning", "\x1b[1;33m"),
    };
    let (on, off) = if color { (paint, "\x1b[0m") } else { ("", "") };
    writeln!(out, "{on}{word}[{}]{off}: {}", diagnostic.code.0, one_line(&diagnostic.message))
}

/// A note or help line below the snippets; further lines are aligned with the first.
fn remark(word: &str, text: &str, color: bool, out: &mut impl Write) -> io::Result<()> {
    let (on, off) = if color { ("\x1b[1;36m", "\x1b[0m") } else { ("", "") };
    for (at, line) in text.lines().map(one_line).enumerate() {
        match at {
            0 => writeln!(out, "  {on}{word}{off}: {line}")?,
            _ => writeln!(out, "        {line}")?,
        }
    }
    Ok(())
}

/// The labels in their sources, as ariadne draws them.
fn snippets(diagnostic: &Diagnostic, views: &mut Views, color: bool, out: &mut impl Write) -> io::Result<()> {
    let Some(primary) = diagnostic.labels.first() else { return Ok(()) };
    let mut labels: Vec<_> = diagnostic.labels.iter().enumerate().collect();
    labels.sort_by_key(|(_, label)| (label.file != primary.file, label.file, label.span.start, label.span.end));
    let config = Config::default()
        .with_color(color)
        .with_char_set(CharSet::Unicode)
        .with_index_type(IndexType::Char)
        .with_label_attach(LabelAttach::Start);
    let place = (primary.file, views.range(primary.file, primary.span));
    let mut report = Report::build(ReportKind::Error, place).with_config(config);
    for (at, label) in labels {
        let paint = match (at, diagnostic.severity) {
            (0, Severity::Error) => Color::Red,
            (0, Severity::Warning) => Color::Yellow,
            _ => Color::Blue,
        };
        let mut drawn = Label::new((label.file, views.range(label.file, label.span)));
        if !label.text.is_empty() {
            drawn = drawn.with_message(one_line(&label.text));
        }
        report = report.with_label(if color { drawn.with_color(paint) } else { drawn });
    }
    let mut drawing = Vec::new();
    report.finish().write(views, &mut drawing)?;
    // its first line is ariadne's header
    let body = drawing.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    out.write_all(&drawing[body..])
}

/// The sources as they are shown.
struct Views {
    names: Vec<String>,
    views: Vec<Option<View>>,
}

impl Views {
    /// Views of the files that the diagnostics point into.
    fn new(diagnostics: &[Diagnostic], files: &Files) -> Self {
        let mut labels: Vec<_> = diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels).collect();
        labels.sort_by_key(|label| (label.file, label.span.start));
        let view = |(id, file): (FileId, &crate::span::File)| {
            let first = labels.partition_point(|label| label.file < id);
            let last = labels.partition_point(|label| label.file <= id);
            let places: Vec<usize> = labels[first..last].iter().map(|label| label.span.start as usize).collect();
            (!places.is_empty()).then(|| View::new(&file.text, &places))
        };
        Self {
            names: files.iter().map(|(_, file)| file.name.clone()).collect(),
            views: files.iter().map(view).collect(),
        }
    }

    fn view(&self, file: FileId) -> Option<&View> {
        self.views.get(file.0 as usize)?.as_ref()
    }

    /// The characters of the view that show `span`.
    fn range(&self, file: FileId, span: Span) -> Range<usize> {
        self.view(file).map_or(0..0, |view| view.range(span))
    }
}

impl Cache<FileId> for &mut Views {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.view(*id).map(|view| &view.source).ok_or("bug: a label points into no file")
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        self.names.get(id.0 as usize).cloned()
    }
}

/// A source as it is shown, and where its parts come from.
struct View {
    source: Source<String>,
    pieces: Vec<Piece>,
}

/// Bytes of the view from `shown` on come from the bytes of the text from `from` on.
struct Piece {
    from: usize,
    shown: usize,
    /// Whether they are the same bytes; otherwise one sign stands for all of them.
    same: bool,
}

impl View {
    /// The view of a text in which the given places, in ascending order, are of interest.
    fn new(text: &str, places: &[usize]) -> Self {
        let mut shown = String::with_capacity(text.len() + 1);
        let mut pieces = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            if line.len() > MAX_LINE {
                let first = places.partition_point(|place| *place < start);
                let last = places.partition_point(|place| *place < end);
                cut(text, start..end, &places[first..last], &mut shown, &mut pieces);
            } else {
                copy(text, start..end, &mut shown, &mut pieces);
            }
            start = end;
        }
        // the end of the text is a place of its own
        pieces.push(Piece { from: text.len(), shown: shown.len(), same: false });
        shown.push(' ');
        Self { source: Source::from(shown), pieces }
    }

    fn text(&self) -> &str {
        self.source.text()
    }

    /// Where byte `at` of the text is shown.
    fn shown(&self, at: usize) -> usize {
        let after = self.pieces.partition_point(|piece| piece.from <= at);
        let Some(piece) = after.checked_sub(1).map(|last| &self.pieces[last]) else { return 0 };
        let limit = self.pieces.get(after).map_or(piece.shown, |next| next.shown);
        if piece.same { (piece.shown + at - piece.from).min(limit) } else { piece.shown }
    }

    /// The bytes that show `span`: whole characters, no line break at the end.
    fn range(&self, span: Span) -> Range<usize> {
        let text = self.text();
        let mut start = self.shown(span.start as usize).min(text.len() - 1);
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = self.shown(span.end as usize).clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let before = text[..start].chars().count();
        before..before + text[start..end].trim_end_matches('\n').chars().count()
    }
}

/// Shows a range of the text; what could move the cursor or the text around it is replaced.
fn copy(text: &str, range: Range<usize>, shown: &mut String, pieces: &mut Vec<Piece>) {
    let mut from = range.start;
    let mut same_since = None;
    for c in text[range].chars() {
        if is_plain(c) {
            same_since.get_or_insert(from);
        } else {
            finish_piece(text, &mut same_since, from, shown, pieces);
            pieces.push(Piece { from, shown: shown.len(), same: false });
            shown.push_str(if c == '\r' { " " } else { "\u{fffd}" });
        }
        from += c.len_utf8();
    }
    finish_piece(text, &mut same_since, from, shown, pieces);
}

fn finish_piece(text: &str, since: &mut Option<usize>, end: usize, shown: &mut String, pieces: &mut Vec<Piece>) {
    if let Some(start) = since.take() {
        pieces.push(Piece { from: start, shown: shown.len(), same: true });
        shown.push_str(&text[start..end]);
    }
}

/// A text on one line, in which no character moves the cursor or the text around it: what could is escaped.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| is_plain(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => line.extend(c.escape_default()),
            c if is_plain(c) => line.push(c),
            c => line.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(line)
}

/// Whether a character shows as itself and ends no line but by `\n`.
fn is_plain(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => false,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => false,
        c => !c.is_control(),
    }
}

/// Shows the parts of a long line around `places`, and `…` for the others.
fn cut(text: &str, line: Range<usize>, places: &[usize], shown: &mut String, pieces: &mut Vec<Piece>) {
    let start_of_line = [line.start];
    let places = if places.is_empty() { &start_of_line } else { places };
    let mut from = line.start;
    for place in places {
        let start = floor(text, place.saturating_sub(CONTEXT).max(line.start)).max(from);
        let end = floor(text, (place + CONTEXT).min(line.end));
        if end <= from {
            continue;
        }
        omit(from..start, shown, pieces);
        copy(text, start..end, shown, pieces);
        from = end;
    }
    let content_end = line.start + text[line.clone()].trim_end_matches('\n').len();
    if from < content_end {
        omit(from..content_end, shown, pieces);
        from = content_end;
    }
    copy(text, from..line.end, shown, pieces);
}

fn omit(range: Range<usize>, shown: &mut String, pieces: &mut Vec<Piece>) {
    if !range.is_empty() {
        pieces.push(Piece { from: range.start, shown: shown.len(), same: false });
        shown.push('…');
    }
}

/// The last character boundary up to `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
