//! Where a blank stands between two tokens of a line.

use super::piece::Piece;
use crate::token::Token;

/// What is being read, which decides what a word before `(` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Statements and expressions: `f(x)`.
    Values,
    /// Types: `List (Maybe Int)`.
    Types,
    /// Names with types in parentheses: `Circle(Int)` in a union, `State(String, Int)` in a row of effects.
    Instances,
}

/// The token before the one at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// The token; none at the start of the text.
    pub(super) token: Option<Token>,
    /// Whether it is a name.
    name: bool,
    /// Whether it is the name of a function type, which is written like a call.
    function: bool,
    /// Whether it is the sign of what follows.
    sign: bool,
}

impl Before {
    /// What the piece at hand is to the next one.
    pub(super) fn then(&self, piece: &Piece, text: &str) -> Self {
        let token = piece.token;
        // the soft words that take an expression
        let verb = matches!(token, Token::While | Token::Repeat) && self.token == Some(Token::Loop);
        let soft = token.is_word() && (token as u8) >= (Token::As as u8);
        Self {
            token: Some(token),
            name: soft && !verb && text != "requires",
            function: text == "Fn",
            sign: token == Token::Minus && (piece.newline || !self.ends_operand()),
        }
    }

    /// Whether a block, a bracket or the text starts behind it.
    pub(super) fn opens(&self) -> bool {
        use Token::{BlockOpen, BraceOpen, ParenOpen, SquareOpen};
        self.token.is_none_or(|token| matches!(token, ParenOpen | SquareOpen | BraceOpen | BlockOpen))
    }

    /// Whether an element of a bracket may start behind it.
    pub(super) fn starts_element(&self) -> bool {
        self.opens() || matches!(self.token, Some(Token::Comma | Token::Semicolon | Token::ParamSemicolon))
    }

    /// Whether an operand may end with it, so that `-` after it is an operator.
    fn ends_operand(&self) -> bool {
        use Token::{BraceClose, Duration, False, Int, ParenClose, SquareClose, String, True};
        let literal = matches!(self.token, Some(Int | Duration | String | True | False));
        self.name || literal || matches!(self.token, Some(ParenClose | SquareClose | BraceClose))
    }
}

/// Whether `|` after this token is the first of its construct.
pub(super) fn precedes_arms(token: Option<Token>) -> bool {
    matches!(token, Some(Token::At | Token::Of | Token::Par | Token::Eq))
}

/// Whether a blank stands before a piece that continues its line; `commented` if a comment stands there.
pub(super) fn is_spaced(before: &Before, piece: &Piece, mode: Mode, commented: bool) -> bool {
    use Token::{
        BlockClose, BlockOpen, BraceClose, BraceOpen, Comma, Dot, DotDot, Minus, ParamSemicolon, ParenClose, ParenOpen,
        Semicolon, SquareClose, SquareOpen,
    };
    let Some(token) = before.token else { return false };
    if matches!(piece.token, ParenClose | SquareClose | Comma | Semicolon | ParamSemicolon) {
        return false;
    }
    if commented {
        return true;
    }
    match (token, piece.token) {
        (ParenOpen | SquareOpen | Dot | DotDot, _) | (_, Dot | DotDot) => false,
        (BraceOpen | BlockOpen, BraceClose | BlockClose) => false,
        // two of them would be a comment
        (Minus, next) if before.sign => next == Minus,
        (_, ParenOpen) if mode == Mode::Types => !before.function,
        (ParenClose | SquareClose, ParenOpen) => false,
        (_, ParenOpen | SquareOpen) => !before.name,
        _ => true,
    }
}
