//! Tokens to syntax tree. The only door to lalrpop.
//!
//! [`parse`] lexes, lays out and parses one file. It never fails: what cannot be read is reported and left out.
//! `grammar.lalrpop` says what a program is, `builder` puts the tree together, `expected` words syntax errors.

use std::cell::Cell;

use lalrpop_util::lalrpop_mod;

use crate::ast::{Ast, Decl, DeclKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::layout::{Laid, layout};
use crate::span::{FileId, Span};
use crate::symbol::Interner;
use crate::token::{Lexed, Lexeme, Token, lex};

mod authority;
mod builder;
mod declarations;
mod expected;
mod expressions;
mod patterns;
mod protocols;
mod statements;

use builder::{Builder, Held};
pub(crate) use expressions::infix_precedence;

lalrpop_mod!(
    #[allow(
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        missing_docs,
        unreachable_pub,
        unused,
        reason = "generated code"
    )]
    grammar
);

/// Longest text that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// Most diagnostics that are kept for one file.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Result of [`parse`].
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// What could be read.
    pub ast: Ast,
    /// What could not, in text order.
    pub diagnostics: Vec<Diagnostic>,
}

/// The syntax tree of `text`; names and strings go into `interner`.
#[must_use]
pub fn parse(file: FileId, text: &str, interner: &mut Interner) -> Parsed {
    if text.len() > MAX_BYTES {
        let report = Diagnostic::new(Code("E0113"), format!("this source is larger than {} MiB", MAX_BYTES >> 20))
            .label(file, Span::default(), "the file starts here")
            .help("split it into modules");
        return Parsed { ast: Ast::default(), diagnostics: vec![report] };
    }
    let Lexed { lexemes: read, comments, mut diagnostics } = lex(file, text);
    let Laid { lexemes, diagnostics: laid, too_deep, damaged } = layout(file, text, &read);
    // The tree needs the room.
    drop(read);
    let full = Cell::new(false);
    let mut builder = Builder::new(file, text, interner, &full);
    builder.too_deep = too_deep;
    builder.reserve(lexemes.len());
    run(&mut builder, &lexemes, &full);
    drop(lexemes);
    let (mut ast, found) = builder.finish();
    ast.comments = comments;
    diagnostics.extend(laid);
    diagnostics
        .extend(found.into_iter().filter(|report| report.code != Code("E0102") || !is_damaged(report, &damaged)));
    diagnostics.sort_by_key(Diagnostic::position);
    if !diagnostics.is_empty() {
        drop_what_follows(text, &ast, &mut diagnostics);
    }
    Parsed { ast, diagnostics }
}

/// Feeds tokens to the parser until they end or the builder is `full` of errors.
fn run(builder: &mut Builder<'_>, lexemes: &[Lexeme], full: &Cell<bool>) {
    let tokens = lexemes.iter().take_while(|_| !full.get()).map(|l| (l.span.start, Held(l.token), l.span.end));
    if let Err(error) = grammar::StartParser::new().parse(builder, tokens) {
        builder.syntax_error_at(error);
    }
}

/// Of the reports in text order, keeps those that do not follow from others, and not too many.
fn drop_what_follows(text: &str, ast: &Ast, diagnostics: &mut Vec<Diagnostic>) {
    let lines = Lines(text.match_indices('\n').map(|(at, _)| at).collect());
    one_syntax_error_a_line(&lines, diagnostics);
    one_error_between_declarations(ast, diagnostics);
    none_that_follow(&lines, ast, diagnostics);
    few_alike(ast, diagnostics);
    diagnostics.truncate(MAX_DIAGNOSTICS);
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    /// The line of a place, from 0.
    fn of(&self, at: u32) -> usize {
        self.0.partition_point(|end| *end < at as usize)
    }
}

/// Drops syntax errors that stand on one line with another report on the text, or behind another syntax error: as a
/// rule they follow from it.
fn one_syntax_error_a_line(lines: &Lines, diagnostics: &mut Vec<Diagnostic>) {
    let others = diagnostics.iter().filter(|report| report.code != Code("E0102") && report.is_error());
    let mut taken: Vec<usize> = others
        .flat_map(|report| report.fixes.iter().map(|fix| fix.span.start).chain([report.position().1.start]))
        .map(|at| lines.of(at))
        .collect();
    taken.sort_unstable();
    let mut last: Option<usize> = None;
    diagnostics.retain(|report| {
        if report.code != Code("E0102") {
            return true;
        }
        let line = lines.of(report.position().1.start);
        let is_first = last != Some(line) && taken.binary_search(&line).is_err();
        last = Some(line);
        is_first
    });
}

/// Drops what follows from an earlier report in the same declaration: a token that does not belong there may have opened
/// a block, a text without an end hides what stands behind it, a bracket too many shifts all others of its line.
fn none_that_follow(lines: &Lines, ast: &Ast, diagnostics: &mut Vec<Diagnostic>) {
    let mut hides: Option<(usize, &[&str])> = None;
    let mut bracket: Option<usize> = None;
    diagnostics.retain(|report| {
        let start = report.position().1.start;
        let declaration = ast.decls.partition_point(|decl| decl.span.start <= start);
        let code = report.code.0;
        if hides.is_some_and(|(broken, codes)| broken == declaration && codes.contains(&code)) {
            return false;
        }
        match code {
            "E0103" | "E0104" => hides = Some((declaration, &["E0102", "E0108", "E0109", "E0111"])),
            "E0102" => hides = Some((declaration, &["E0108", "E0111"])),
            _ => {}
        }
        code != "E0109" || bracket.replace(lines.of(start)) != Some(lines.of(start))
    });
}

/// Most syntax errors of one declaration that come from its structure.
const MAX_ALIKE: usize = 2;

/// Of syntax errors that one mistake can make many of, keeps the first ones of each declaration: blocks that are not
/// there, and lines of an effect that are no operations.
fn few_alike(ast: &Ast, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Option<(usize, usize)> = None;
    diagnostics.retain(|report| {
        let start = report.position().1.start;
        let declaration = ast.decls.partition_point(|decl| decl.span.start <= start);
        let inside = declaration.checked_sub(1).map(|at| &ast.decls[at].kind);
        let is_structural =
            matches!(inside, Some(DeclKind::Effect(_))) || report.message.starts_with(expected::NO_BLOCK);
        if report.code != Code("E0102") || !is_structural {
            return true;
        }
        let count = seen.filter(|(owner, _)| *owner == declaration).map_or(1, |(_, count)| count + 1);
        seen = Some((declaration, count));
        count <= MAX_ALIKE
    });
}

/// Of lines that are no declarations, keeps the first of each run: without their header they all are wrong.
fn one_error_between_declarations(ast: &Ast, diagnostics: &mut Vec<Diagnostic>) {
    let locals = |decl: &Decl| match &decl.kind {
        DeclKind::Protocol(protocol) => protocol.locals.iter().map(|local| local.span.start).collect(),
        _ => Vec::new(),
    };
    let mut starts: Vec<u32> =
        ast.decls.iter().flat_map(|decl| [vec![decl.span.start], locals(decl)].concat()).collect();
    starts.sort_unstable();
    let mut last: Option<usize> = None;
    diagnostics.retain(|report| {
        if !expected::NO_DECLARATION.iter().any(|start| report.message.starts_with(start)) {
            return true;
        }
        let before = starts.partition_point(|start| *start < report.position().1.start);
        last.replace(before) != Some(before)
    });
}

/// Whether a syntax error follows from a bracket or block that the layout pass closed by force.
fn is_damaged(report: &Diagnostic, damaged: &[Span]) -> bool {
    let (_, place) = report.position();
    damaged.iter().any(|range| range.start <= place.start && place.start <= range.end)
}

/// The lexemes of a condition written as a string whose content is `text[span]`.
fn condition_lexemes(file: FileId, text: &str, span: Span) -> (Vec<Lexeme>, Vec<Diagnostic>) {
    let shift = |inner: Span| Span::new(inner.start + span.start, inner.end + span.start);
    let Lexed { lexemes, mut diagnostics, .. } = lex(file, &text[span.range()]);
    for diagnostic in &mut diagnostics {
        diagnostic.labels.iter_mut().for_each(|label| label.span = shift(label.span));
        diagnostic.fixes.iter_mut().for_each(|fix| fix.span = shift(fix.span));
    }
    let start = Lexeme { token: Token::ExprStart, span: Span::new(span.start, span.start), column: 0 };
    let rest = lexemes.into_iter().map(|lexeme| Lexeme { span: shift(lexeme.span), ..lexeme });
    (std::iter::once(start).chain(rest).collect(), diagnostics)
}
