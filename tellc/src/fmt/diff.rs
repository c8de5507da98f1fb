//! The lines in which a program and its canonical form differ.
//!
//! Both have the same characters but for blanks and line breaks. So lines that correspond end after the same number of
//! other characters, and there is nothing to search for.

use std::fmt::Write as _;

/// Most places that are shown.
const MOST: usize = 20;

/// A place where the texts differ: indices of lines, from 0.
#[derive(Debug)]
struct Change {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The differences as a unified diff without context; a note if only line ends differ.
pub(super) fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = changes(&old, &new);
    if changes.is_empty() {
        return "only the ends of lines change\n".to_owned();
    }
    let mut out = String::new();
    for change in changes.iter().take(MOST) {
        let _ = writeln!(out, "@@ -{} +{} @@", place(&change.old), place(&change.new));
        let removed = old[change.old.clone()].iter().map(|line| ('-', line));
        let added = new[change.new.clone()].iter().map(|line| ('+', line));
        for (sign, line) in removed.chain(added) {
            let _ = writeln!(out, "{sign}{line}");
        }
    }
    if changes.len() > MOST {
        let _ = writeln!(out, "and {} more places", changes.len() - MOST);
    }
    out
}

/// First line and number of lines; of no lines, the line above.
fn place(lines: &std::ops::Range<usize>) -> String {
    let first = lines.start + usize::from(!lines.is_empty());
    format!("{first},{}", lines.len())
}

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let (old_line, new_line) = (old.get(i), new.get(j));
        if old_line == new_line {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (from_i, from_j) = (i, j);
        let size = |line: Option<&&str>| line.map(|line| width(line));
        match (size(old_line), size(new_line)) {
            (Some(0), Some(0)) => (i, j) = (i + 1, j + 1),
            (Some(0), _) | (_, None) => i += 1,
            (_, Some(0)) | (None, _) => j += 1,
            (Some(a), Some(b)) => (i, j) = together(old, new, (i, j), (a, b)),
        }
        match changes.last_mut().filter(|last| last.old.end == from_i && last.new.end == from_j) {
            Some(last) => (last.old.end, last.new.end) = (i, j),
            None => changes.push(Change { old: from_i..i, new: from_j..j }),
        }
    }
    changes
}

/// Where both texts are after the fewest lines of the same width; `widths` are those of the first ones.
fn together(old: &[&str], new: &[&str], from: (usize, usize), widths: (usize, usize)) -> (usize, usize) {
    let ((mut i, mut j), (mut a, mut b)) = ((from.0 + 1, from.1 + 1), widths);
    while a != b {
        let (lines, at, sum) = if a < b { (old, &mut i, &mut a) } else { (new, &mut j, &mut b) };
        let Some(line) = lines.get(*at) else { break };
        *sum += width(line);
        *at += 1;
    }
    (i, j)
}

/// Number of characters that are not blank.
fn width(line: &str) -> usize {
    line.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').count()
}
