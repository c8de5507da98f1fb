//! Brackets in the layout pass: matching, recovery, and which brace is which.

use super::stack::Kind;
use super::{Layout, Opens};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Lexeme, Token};

impl Layout<'_> {
    pub(super) fn open_bracket(&mut self, lexeme: Lexeme) {
        let (kind, token) = match lexeme.token {
            Token::ParenOpen => (Kind::Paren, Token::ParenOpen),
            Token::SquareOpen => (Kind::Square, Token::SquareOpen),
            _ if self.is_block_brace(self.at) => (Kind::Braces, Token::BlockOpen),
            _ => (Kind::Record, Token::BraceOpen),
        };
        if kind == Kind::Braces && self.opens == Opens::Region {
            self.opens = Opens::Nothing;
            self.push_mark(Kind::Scope);
        }
        self.emit(token, lexeme.span);
        self.statement_start = kind == Kind::Braces;
        self.push(kind, true, 0);
    }

    /// Whether the `{` with index `at` opens a statement block: a record has a word and then `= : , }`.
    pub(super) fn is_block_brace(&self, at: usize) -> bool {
        let token = |offset: usize| self.input.get(at + offset).map(|lexeme| lexeme.token);
        let record = match token(2) {
            Some(Token::Eq | Token::Colon) => token(1).is_some_and(Token::is_word),
            Some(Token::Comma | Token::BraceClose) => {
                token(1).is_some_and(|word| word.is_word() && word != Token::Pass)
            }
            _ => false,
        };
        !record
    }

    pub(super) fn close_bracket(&mut self, lexeme: Lexeme) {
        let closes = |kind: Kind| match lexeme.token {
            Token::ParenClose => kind == Kind::Paren,
            Token::SquareClose => kind == Kind::Square,
            _ => matches!(kind, Kind::Record | Kind::Braces),
        };
        let Some(at) = self.stack.iter().rposition(|entry| closes(entry.kind)) else {
            return self.close_mismatched(lexeme);
        };
        let inside = self.stack[at + 1..].iter().rev().find(|entry| entry.kind.is_bracket());
        if let Some(unclosed) = inside.map(|entry| entry.opener) {
            let report = self.unclosed(unclosed).label(self.file, lexeme.span, "this closes an outer bracket");
            self.report(report);
            self.damaged.push(Span::new(unclosed.start, lexeme.span.end));
        }
        while self.stack.len() > at + 1 {
            self.pop();
        }
        self.close_innermost(lexeme);
    }

    /// A closing bracket of which none is open: takes it for that of the innermost bracket, if there is one.
    fn close_mismatched(&mut self, lexeme: Lexeme) {
        let Some(opener) = self.stack.iter().rev().find(|entry| entry.kind.is_bracket()).map(|entry| entry.opener)
        else {
            return self.report_unopened(lexeme);
        };
        let (open, close) = (&self.text[opener.range()], &self.text[lexeme.span.range()]);
        self.report(
            Diagnostic::new(Code("E0109"), format!("this `{open}` is closed by `{close}`"))
                .label(self.file, lexeme.span, "closed here")
                .label(self.file, opener, "opened here")
                .help("brackets close in pairs: `( )`, `[ ]`, `{ }`"),
        );
        self.pop_to_bracket();
        self.close_innermost(lexeme);
    }

    /// Closes the bracket on top of the stack with the token at hand.
    fn close_innermost(&mut self, lexeme: Lexeme) {
        let closing = self.stack.pop().expect("a bracket is open").kind.closing();
        self.brackets -= 1;
        self.emit(closing, lexeme.span);
        self.open_at_line_end();
    }

    /// Reports a closing bracket without an opening one; what is wrong with the rest of its line follows from that.
    fn report_unopened(&mut self, lexeme: Lexeme) {
        if self.damaged.last().is_none_or(|last| last.end < lexeme.span.end) {
            let first = self.input[..=self.at].iter().rposition(|earlier| earlier.is_first()).unwrap_or(0);
            let next = self.input[self.at + 1..].iter().find(|later| later.is_first());
            let end = next.map_or(u32::MAX, |next| next.span.start);
            self.damaged.push(Span::new(self.input[first].span.start, end));
        }
        self.report(
            Diagnostic::new(Code("E0109"), format!("`{}` closes nothing", &self.text[lexeme.span.range()]))
                .label(self.file, lexeme.span, "no bracket of this kind is open here")
                .help("remove it, or open the bracket it should close")
                .fix(self.file, lexeme.span, ""),
        );
    }

    fn unclosed(&self, opener: Span) -> Diagnostic {
        Diagnostic::new(Code("E0109"), format!("this `{}` is never closed", &self.text[opener.range()]))
            .label(self.file, opener, "opened here")
            .help("close the bracket where its content ends")
    }

    /// Reports the innermost open bracket.
    pub(super) fn report_unclosed(&mut self) {
        if let Some(entry) = self.stack.iter().rev().find(|entry| entry.kind.is_bracket()) {
            let report = self.unclosed(entry.opener);
            self.report(report);
        }
    }

    /// Whether the token at hand, the first of its line, shows that a bracket was never closed: a declaration in
    /// column 0, or a statement that cannot stand in parentheses.
    pub(super) fn breaks_brackets(&self) -> bool {
        let lexeme = self.lexeme();
        if lexeme.column == 0 && self.starts_declaration() {
            return true;
        }
        let in_expression = self.stack.last().is_some_and(|entry| entry.kind.is_expression_bracket());
        in_expression && (self.after_bad_string() || self.starts_statement())
    }

    /// Whether the token at hand starts a declaration.
    pub(super) fn starts_declaration(&self) -> bool {
        use Token::{Effect, Fun, Handler, Import, Module, Protocol, Type};
        matches!(self.lexeme().token, Module | Import | Type | Effect | Handler | Fun | Protocol) && self.is_no_name()
    }

    fn starts_statement(&self) -> bool {
        use Token::{Assert, Attempt, Call, Choice, Continue, Let, Loop, Par, Rec, Roles, Var};
        matches!(
            self.lexeme().token,
            Choice | Rec | Continue | Loop | Par | Call | Let | Var | Assert | Attempt | Roles
        ) && self.is_no_name()
    }

    /// Whether the word at hand does not name a field.
    fn is_no_name(&self) -> bool {
        !self.is_plain_name(self.at) && self.next_token() != Some(Token::Eq)
    }

    /// Whether the line above ended in a string that was not closed and has swallowed closing brackets.
    fn after_bad_string(&self) -> bool {
        self.previous() == Some(Token::Error) && self.text[self.input[self.at - 1].span.range()].starts_with('"')
    }

    /// Closes brackets by force before the token at hand.
    pub(super) fn break_brackets(&mut self) {
        let whole = self.lexeme().column == 0 && self.starts_declaration();
        if self.after_bad_string() {
            // the string has been reported
        } else {
            self.report_unclosed();
        }
        if whole {
            return self.close_all(self.lexeme().span.start);
        }
        let mut start = self.lexeme().span.start;
        while let Some(entry) = self.stack.last().filter(|entry| entry.kind.is_expression_bracket()) {
            start = entry.opener.start;
            self.pop();
        }
        let lexeme = self.lexeme();
        self.damaged.push(Span::new(start, lexeme.span.start));
        let (_, column) = self.block_columns();
        if self.protocol_header && self.brackets == 0 && lexeme.column > column {
            // the header was not closed; this line starts its body
            self.protocol_header = false;
            self.push_block(Kind::Body, lexeme.column);
            self.opened = true;
        }
    }
}
