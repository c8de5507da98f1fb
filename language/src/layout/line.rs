//! What happens where a line starts (LANGUAGE §1, rules 1 to 3 and 6).

use super::stack::{Entry, Kind};
use super::words::{continues, joins};
use super::{Layout, Opens};
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::span::Span;
use crate::token::{Lexeme, Token};

impl Layout<'_> {
    /// Reads the first token of a line outside brackets.
    pub(super) fn start_line(&mut self, lexeme: Lexeme) {
        if self.at == 0 || continues(lexeme.token) {
            return;
        }
        match lexeme.token {
            Token::Bar => self.arm_line(lexeme),
            Token::Else => {
                let last = self.pop_deeper(lexeme.column);
                self.close_to(lexeme.token, last, |kind| matches!(kind, Kind::Then { .. }));
            }
            Token::On => {
                let last = self.pop_deeper(lexeme.column);
                self.close_to(lexeme.token, last, |kind| kind == Kind::Scope);
            }
            Token::Where => {
                self.pop_deeper(lexeme.column);
                self.drop_marks();
                if self.stack.last().is_some_and(|entry| entry.kind == Kind::Body) {
                    self.pop();
                }
            }
            token if joins(token) => drop(self.pop_deeper(lexeme.column)),
            _ => self.logical_line(lexeme),
        }
    }

    /// After a line's `else` or `on` closed the deeper blocks: closes down to its owner unless that was the last of
    /// them.
    fn close_to(&mut self, token: Token, last: Option<Kind>, wanted: impl Fn(Kind) -> bool) {
        let closed = match last.filter(|kind| wanted(*kind)) {
            Some(kind) => Some(kind),
            None => self.pop_to(wanted),
        };
        if token == Token::Else {
            self.closed_then = closed == Some(Kind::Then { statement: true });
        }
    }

    /// Closes blocks and marks deeper than `column`; the kind of the last one.
    fn pop_deeper(&mut self, column: u32) -> Option<Kind> {
        let mut last = None;
        while self.stack.last().is_some_and(|entry| entry.lowest > column) {
            last = self.pop();
        }
        last
    }

    /// A line that starts an arm (rule 6).
    fn arm_line(&mut self, lexeme: Lexeme) {
        let last = self.pop_deeper(lexeme.column);
        let (lowest, column) = self.block_columns();
        let arms = self.stack.last().and_then(|entry| match entry.kind {
            Kind::Arms { par } => Some(par),
            _ => None,
        });
        if let Some(par) = arms {
            if lexeme.column > column {
                self.misplaced_arm(lexeme, column, "this arm does not stand in the column of the others");
            }
            self.par_arms = par;
            return;
        }
        let first_arm = matches!(self.previous(), Some(Token::At | Token::Of | Token::Par | Token::Eq));
        if (lowest..=column).contains(&lexeme.column) && (first_arm || last.is_some_and(is_arm)) {
            self.misplaced_arm(lexeme, column + 2, "this arm stands in the column of its owner");
        }
        if last.is_none_or(|kind| !is_arm(kind)) && !first_arm {
            // an arm without a first one: the parser reports it, and those after it are not misplaced
            self.misplaced = Some((lexeme.column, self.stack.len()));
        }
        self.par_arms = match last.filter(|kind| is_arm(*kind)) {
            _ if first_arm => self.previous() == Some(Token::Par),
            Some(kind) => kind == Kind::ParArm,
            None => self.pop_to(is_arm) == Some(Kind::ParArm),
        };
    }

    /// Reports an arm in a wrong column, once for arms that follow each other.
    fn misplaced_arm(&mut self, lexeme: Lexeme, column: u32, what: &str) {
        let fix = Span::new(lexeme.span.start - self.line_width(lexeme), lexeme.span.start);
        let spaces = " ".repeat(column as usize);
        let place = Some((lexeme.column, self.stack.len()));
        if std::mem::replace(&mut self.misplaced, place) == place {
            if let Some(report) = self.diagnostics.last_mut().filter(|report| report.code == Code("E0111")) {
                report.fixes.push(Fix { file: self.file, span: fix, replacement: spaces });
            }
            return;
        }
        self.report(
            Diagnostic::new(Code("E0111"), what)
                .label(self.file, lexeme.span, "the arm starts here")
                .help(format!("indent the arms to one column, deeper than their owner: column {}", column + 1))
                .fix(self.file, fix, spaces),
        );
    }

    /// Bytes between the start of the line and its first token.
    fn line_width(&self, lexeme: Lexeme) -> u32 {
        let before = &self.text[..lexeme.span.start as usize];
        let width = before.bytes().rev().take_while(|byte| *byte != b'\n').count();
        u32::try_from(width).expect("texts are shorter than 2^32 bytes")
    }

    /// A line that starts with an ordinary token: ends blocks, separates or continues.
    fn logical_line(&mut self, lexeme: Lexeme) {
        self.close_for_line(lexeme);
        let (lowest, column) = self.block_columns();
        if lexeme.column > column {
            return;
        }
        if lexeme.column < lowest {
            // only a file whose first line was indented gets here
            self.base = lexeme.column;
        }
        self.drop_marks();
        self.insert(Token::Newline);
        self.statement_start = true;
        self.opens = Opens::Nothing;
    }

    /// Closes the blocks that a line ends; a dedent to no open level ends only the blocks inside the snapped one.
    fn close_for_line(&mut self, lexeme: Lexeme) {
        loop {
            let Some(at) = self.stack.iter().rposition(|entry| entry.real) else { return };
            let Entry { kind, lowest, .. } = self.stack[at];
            let ends_locals = kind == Kind::Locals && lexeme.token != Token::Protocol && lexeme.column == lowest;
            if lowest <= lexeme.column && !ends_locals {
                return;
            }
            let outer = self.stack[..at].iter().rev().find(|entry| entry.real).map_or(self.base, |entry| entry.column);
            if lexeme.column > outer {
                self.snap(at, lexeme, outer);
                return;
            }
            self.drop_marks();
            self.pop();
        }
    }

    /// Reports a dedent to no open level and takes the line as one of the block with index `at`.
    fn snap(&mut self, at: usize, lexeme: Lexeme, outer: u32) {
        let Entry { column, .. } = self.stack[at];
        self.stack[at].lowest = lexeme.column;
        let width = self.line_width(lexeme);
        let indentation = Span::new(lexeme.span.start - width, lexeme.span.start);
        self.report(
            Diagnostic::new(Code("E0108"), "this line is indented to no open level")
                .label(self.file, lexeme.span, format!("column {}", lexeme.column + 1))
                .help(format!("indent it to column {} or column {}", column + 1, outer + 1))
                .fix(self.file, indentation, " ".repeat(column as usize)),
        );
    }
}

fn is_arm(kind: Kind) -> bool {
    matches!(kind, Kind::Arm | Kind::ParArm)
}
