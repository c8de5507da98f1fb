//! `tellc check --fix`: applies the repairs that diagnostics come with, as far as they make a program better.

use crate::compile::check_sized;
use crate::outcome::Trouble;
use std::collections::{BTreeMap, BTreeSet};
use tell_compiler::pipeline::{Checked, applied};
use tell_compiler::resolve::family::Binds;
use tell_language::diagnostic::{Diagnostic, Fix};
use tell_language::span::FileId;

/// Most times a text is repaired and checked again.
const MAX_PASSES: usize = 100;

/// What is only repaired if it is named: legal, and the repair changes what the program does.
const ON_DEMAND: &[&str] = &["W0401"];

/// A repaired text.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// The text.
    pub(crate) text: String,
    /// What was repaired, a line each.
    pub(crate) done: Vec<String>,
    /// Why not all was, if it is not for want of repairs.
    pub(crate) stopped: Option<String>,
}

/// Repairs a program until nothing is left that can be; only the `codes`, if there are some.
///
/// # Errors
/// What is wrong with its package.
pub(crate) fn fix(name: &str, text: String, codes: &[String], binds: &Binds) -> Result<Fixed, Trouble> {
    let mut fixed = Fixed { text, done: Vec::new(), stopped: None };
    let mut checked = check_sized(name, &fixed.text, binds)?;
    for _ in 0..MAX_PASSES {
        let chosen = chosen(&checked.diagnostics, codes);
        if chosen.is_empty() {
            return Ok(fixed);
        }
        let fixes: Vec<Fix> = chosen.iter().flat_map(|diagnostic| diagnostic.fixes.clone()).collect();
        let text = applied(&fixed.text, &with_line_ends(&fixed.text, fixes));
        let again = check_sized(name, &text, binds)?;
        if badness(&again) > badness(&checked) {
            let codes: BTreeSet<&str> = chosen.iter().map(|diagnostic| diagnostic.code.0).collect();
            let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
            fixed.stopped = Some(format!("`{name}` would have more errors after repairing {codes}: that was undone"));
            return Ok(fixed);
        }
        fixed.done.extend(chosen.iter().map(|diagnostic| line(&checked, diagnostic)));
        fixed.text = text;
        checked = again;
    }
    fixed.stopped = Some(format!("`{name}` was repaired {MAX_PASSES} times; run it again for what is left"));
    Ok(fixed)
}

/// How wrong a program is: first what cannot be read, because that hides other errors, then all errors.
fn badness(checked: &Checked) -> (usize, usize) {
    let errors = || checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    (errors().filter(|diagnostic| diagnostic.code.0.starts_with("E01")).count(), errors().count())
}

/// The diagnostics whose repairs are in the user's file and do not touch each other; the first ones win.
fn chosen<'d>(diagnostics: &'d [Diagnostic], codes: &[String]) -> Vec<&'d Diagnostic> {
    let is_wanted = |code: &str| match codes {
        [] => !ON_DEMAND.contains(&code),
        codes => codes.iter().any(|wanted| wanted.eq_ignore_ascii_case(code)),
    };
    // Ends of what is replaced, by starts.
    let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
    let mut chosen = Vec::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| is_wanted(diagnostic.code.0)) {
        let fixes = &diagnostic.fixes;
        let is_free = |fix: &Fix| taken.range(..=fix.span.end).next_back().is_none_or(|(_, end)| *end < fix.span.start);
        if fixes.is_empty() || !fixes.iter().all(|fix| fix.file == FileId::default() && is_free(fix)) {
            continue;
        }
        taken.extend(fixes.iter().map(|fix| (fix.span.start, fix.span.end)));
        chosen.push(diagnostic);
    }
    chosen
}

/// Line ends in what is inserted are those of the text.
fn with_line_ends(text: &str, mut fixes: Vec<Fix>) -> Vec<Fix> {
    let lines = text.matches('\n').count();
    if text.matches("\r\n").count() * 2 > lines {
        for fix in &mut fixes {
            fix.replacement = fix.replacement.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
    fixes
}

fn line(checked: &Checked, diagnostic: &Diagnostic) -> String {
    let files = &checked.program.files;
    let (file, span) = diagnostic.position();
    let (line, column) = files.line_column(file, span.start);
    format!("fixed {}:{line}:{column} {}: {}", files.get(file).name, diagnostic.code.0, diagnostic.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tell_language::diagnostic::Code;
    use tell_language::span::Span;

    fn diagnostic(code: &'static str, fixes: &[(u32, u32)]) -> Diagnostic {
        let start = Diagnostic::new(Code(code), "m");
        fixes.iter().fold(start, |found, (start, end)| found.fix(FileId(0), Span::new(*start, *end), "x"))
    }

    fn starts(diagnostics: &[Diagnostic], codes: &[String]) -> Vec<u32> {
        chosen(diagnostics, codes).iter().map(|diagnostic| diagnostic.fixes[0].span.start).collect()
    }

    #[test]
    fn repairs_that_touch_wait_for_the_next_pass() {
        let all = [
            diagnostic("E0101", &[(4, 6), (20, 22)]),
            diagnostic("E0102", &[(0, 3)]),
            diagnostic("E0103", &[(6, 8)]),
            diagnostic("E0104", &[(1, 30)]),
            diagnostic("E0105", &[(22, 22)]),
            diagnostic("E0106", &[(24, 24), (25, 26)]),
            diagnostic("E0107", &[(24, 24)]),
            diagnostic("E0108", &[]),
        ];
        assert_eq!(starts(&all, &[]), [4, 0, 24]);
        assert_eq!(starts(&all, &["e0104".to_owned()]), [1]);
    }

    #[test]
    fn what_changes_a_legal_program_is_repaired_on_demand() {
        let all = [diagnostic("W0401", &[(0, 0)])];
        assert!(chosen(&all, &[]).is_empty());
        assert_eq!(chosen(&all, &["W0401".to_owned()]).len(), 1);
    }

    #[test]
    fn inserted_lines_end_as_the_others() {
        let fix = |text: &str| Fix { file: FileId(0), span: Span::new(0, 0), replacement: text.to_owned() };
        assert_eq!(with_line_ends("a\r\nb\r\n", vec![fix("x\ny\r\n")])[0].replacement, "x\r\ny\r\n");
        assert_eq!(with_line_ends("a\nb\n", vec![fix("x\n")])[0].replacement, "x\n");
    }
}
