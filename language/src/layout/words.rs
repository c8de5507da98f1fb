//! The words with which the tokens of a line open and close blocks (LANGUAGE §1, rules 4, 5 and 8).

use super::stack::Kind;
use super::{Arrow, Layout, Opens};
use crate::token::{Lexeme, Token};

impl Layout<'_> {
    /// Reads a token where statements may stand.
    pub(super) fn statement_word(&mut self, lexeme: Lexeme) {
        let starts_statement = std::mem::take(&mut self.statement_start);
        if starts_statement {
            self.start_statement(lexeme);
        }
        match lexeme.token {
            Token::ParenOpen | Token::SquareOpen | Token::BraceOpen => return self.open_bracket(lexeme),
            Token::ParenClose | Token::SquareClose | Token::BraceClose => return self.close_bracket(lexeme),
            Token::Semicolon => return self.semicolon(lexeme),
            Token::Bar => return self.bar(lexeme),
            _ => {}
        }
        if !lexeme.is_first() || self.brackets > 0 {
            self.close_within_line(lexeme.token);
        }
        match lexeme.token {
            Token::Then => return self.then(lexeme),
            Token::Else => return self.otherwise(lexeme),
            _ => self.emit(self.lexeme().token, lexeme.span),
        }
        match lexeme.token {
            Token::If => self.push_mark(Kind::If { statement: starts_statement }),
            Token::On => self.arrow = Arrow::Outcome,
            Token::Handles => self.opens = Opens::AfterWith,
            Token::With if self.opens == Opens::AfterWith => self.opens = Opens::Region,
            Token::FatArrow => self.fat_arrow(),
            Token::Eq => self.equals(),
            Token::At => self.open_block(Kind::Scope),
            Token::In | Token::Of | Token::Where | Token::Par => self.open_block(Kind::Block),
            _ => {}
        }
        self.open_at_line_end();
    }

    /// Notes what the statement or declaration that starts here opens.
    fn start_statement(&mut self, lexeme: Lexeme) {
        let before_word = self.next_token().is_some_and(Token::is_word);
        self.opens = match lexeme.token {
            Token::Rec | Token::Loop | Token::Effect | Token::Handler | Token::For => Opens::Block,
            Token::Fragment | Token::Guest if before_word => Opens::Block,
            _ => Opens::Nothing,
        };
        self.operation_header = lexeme.token == Token::Operation && before_word;
        self.protocol_header = lexeme.token == Token::Protocol;
        self.arrow = Arrow::Clause;
    }

    /// Rule 5: what `then`, `else` and `on` within a line close.
    pub(super) fn close_within_line(&mut self, token: Token) {
        match token {
            Token::Else => drop(self.pop_to_then()),
            Token::On => drop(self.pop_to(|kind| kind == Kind::Scope)),
            _ => {}
        }
    }

    fn pop_to_then(&mut self) -> Option<Kind> {
        let then = self.pop_to(|kind| matches!(kind, Kind::Then { .. }));
        self.closed_then = then.is_some_and(|kind| kind == Kind::Then { statement: true });
        then
    }

    /// Closes what is inside the `if` to which a `then` belongs; whether that `if` started a statement.
    fn if_is_statement(&mut self) -> bool {
        self.pop_to(|kind| matches!(kind, Kind::If { .. })) == Some(Kind::If { statement: true })
    }

    fn then(&mut self, lexeme: Lexeme) {
        let statement = self.if_is_statement();
        self.emit(Token::Then, lexeme.span);
        let kind = Kind::Then { statement };
        if !self.open_after(kind, statement) {
            self.push_mark(kind);
        }
    }

    fn otherwise(&mut self, lexeme: Lexeme) {
        let statement = std::mem::take(&mut self.closed_then);
        self.emit(Token::Else, lexeme.span);
        match self.next() {
            Some(next) if next.token == Token::If && (!next.is_first() || self.brackets > 0) => {
                self.statement_start = statement;
            }
            _ => drop(self.open_after(Kind::Block, statement)),
        }
    }

    fn fat_arrow(&mut self) {
        if self.operation_header {
            return;
        }
        let kind = match self.arrow {
            Arrow::Arm => Kind::Arm,
            Arrow::Outcome => Kind::Scope,
            Arrow::Clause => Kind::Block,
        };
        self.arrow = Arrow::Clause;
        self.open_after(kind, true);
    }

    fn equals(&mut self) {
        self.operation_header = false;
        let kind = if std::mem::take(&mut self.protocol_header) { Kind::Body } else { Kind::Block };
        self.open_block(kind);
    }

    /// A `|`: which arm it ends was settled by [`Layout::start_line`] if it starts a line.
    fn bar(&mut self, lexeme: Lexeme) {
        let first_arm = matches!(self.previous(), Some(Token::At | Token::Of | Token::Par | Token::Eq));
        let par = if lexeme.is_first() && self.brackets == 0 {
            std::mem::take(&mut self.par_arms)
        } else if first_arm {
            self.previous() == Some(Token::Par)
        } else {
            self.pop_to(|kind| matches!(kind, Kind::Arm | Kind::ParArm)) == Some(Kind::ParArm)
        };
        self.emit(Token::Bar, lexeme.span);
        if par {
            self.open_after(Kind::ParArm, true);
        } else {
            self.arrow = Arrow::Arm;
        }
    }

    pub(super) fn semicolon(&mut self, lexeme: Lexeme) {
        if self.brackets > 0 {
            self.pop_to_bracket();
        }
        let token = match self.stack.last().map(|entry| entry.kind) {
            Some(Kind::Paren) => Token::ParamSemicolon,
            _ => Token::Semicolon,
        };
        self.statement_start = token == Token::Semicolon;
        self.emit(token, lexeme.span);
    }

    /// Opens a block on the next line only.
    fn open_block(&mut self, kind: Kind) {
        self.open_after(kind, false);
    }

    /// Opens the block after the token at hand, on the next line or (with `within_line`) on the same one; marks a
    /// block in braces. Whether anything was opened.
    fn open_after(&mut self, kind: Kind, within_line: bool) -> bool {
        let Some(next) = self.next() else { return false };
        if next.token == Token::BraceOpen && self.is_block_brace(self.at + 1) {
            self.push_mark(kind);
            self.opened = next.is_first();
            return true;
        }
        if next.is_first() && self.brackets == 0 {
            return self.open_next_line(kind, next);
        }
        if within_line {
            let column = self.column_of(self.at + 1);
            self.push_block(kind, column);
        }
        within_line
    }

    /// Opens a block on the next line if that is deeper.
    fn open_next_line(&mut self, kind: Kind, next: Lexeme) -> bool {
        let token = self.lexeme().token;
        let (_, column) = self.block_columns();
        if next.column > column {
            let par = token == Token::Par;
            let arms = next.token == Token::Bar && token != Token::FatArrow;
            self.par_arms = par;
            self.push_block(if arms { Kind::Arms { par } } else { kind }, next.column);
            self.opened = true;
            self.opens = Opens::Nothing;
            return true;
        }
        if token == Token::Where && next.column == column && next.token == Token::Protocol {
            self.push_block(Kind::Locals, next.column);
            self.opened = true;
            return true;
        }
        false
    }

    /// Rule 4: a line that began with `rec`, `loop`, … opens a block if the next one is deeper.
    pub(super) fn open_at_line_end(&mut self) {
        if self.protocol_header && self.brackets == 0 {
            return self.open_headless_body();
        }
        if self.opened || self.opens == Opens::Nothing || self.opens == Opens::AfterWith || self.brackets > 0 {
            return;
        }
        let Some(next) = self.next().filter(|next| next.is_first()) else { return };
        let (_, column) = self.block_columns();
        let starts_line = self.is_plain_name(self.at + 1) || !(continues(next.token) || joins(next.token));
        if next.column > column && starts_line {
            let kind = if self.opens == Opens::Region { Kind::Scope } else { Kind::Block };
            self.opens = Opens::Nothing;
            self.push_block(kind, next.column);
            self.opened = true;
        }
    }
}

impl Layout<'_> {
    /// Opens the body of a protocol whose header lacks its `=`, so that only that is reported.
    fn open_headless_body(&mut self) {
        let Some(next) = self.next().filter(|next| next.is_first()) else { return };
        let (_, column) = self.block_columns();
        let clause = matches!(&self.text[next.span.range()], "uses" | "requires" | "under" | "=" | "(");
        if next.column > column && !clause && !continues(next.token) && !joins(next.token) {
            self.protocol_header = false;
            self.push_block(Kind::Body, next.column);
            self.opened = true;
        }
    }
}

/// Rule 2: whether a line that starts with `token` continues the one above.
pub(super) fn continues(token: Token) -> bool {
    use Token::{
        AndAnd, Arrow, ArrowAll, Colon, Comma, Dot, EqEq, Greater, GreaterEq, Less, LessEq, NotEq, OrOr, Percent, Plus,
        PlusPlus, Slash, Star,
    };
    matches!(
        token,
        Arrow
            | ArrowAll
            | Colon
            | Dot
            | Comma
            | AndAnd
            | OrOr
            | EqEq
            | NotEq
            | Less
            | LessEq
            | Greater
            | GreaterEq
            | PlusPlus
            | Plus
            | Star
            | Slash
            | Percent
    )
}

/// Rule 3: whether no `NEWLINE` stands before `token`.
pub(super) fn joins(token: Token) -> bool {
    use Token::{Bar, BraceClose, Else, In, Of, On, ParenClose, SquareClose, Then, Where, With};
    matches!(token, Then | Else | On | In | Of | With | Where | Bar | ParenClose | SquareClose | BraceClose)
}
