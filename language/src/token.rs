//! Text to tokens. The only file that knows logos.
//!
//! Lexing never fails: text that is no token becomes [`Token::Error`] and a diagnostic. Tokens carry no payload; names
//! and literals are read from the text at their span. Soft words (`by`, `begin`, …) have tokens of their own, which the
//! grammar also accepts as identifiers.

use std::fmt::Write as _;

use logos::{Lexer, Logos, Skip};

use crate::ast::{Comment, CommentKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::MAX_DIAGNOSTICS;
use crate::span::{FileId, Span};

mod defects;
mod literal;

pub(crate) use defects::is_forbidden;
use defects::{describe, forbidden_characters, idle_docs, tab_report};
pub use literal::{integer, nanoseconds, unescape};

/// All hard keywords: words that are identifiers only after `.`, before `:` in braces and as operation names.
pub const KEYWORDS: &[&str] = &[
    "module",
    "import",
    "exposing",
    "type",
    "alias",
    "effect",
    "handler",
    "fun",
    "protocol",
    "where",
    "uses",
    "roles",
    "choice",
    "at",
    "when",
    "check",
    "yields",
    "if",
    "then",
    "else",
    "case",
    "of",
    "rec",
    "continue",
    "loop",
    "par",
    "call",
    "let",
    "in",
    "var",
    "do",
    "observe",
    "authoritative",
    "timeout",
    "attempt",
    "on",
    "handles",
    "with",
    "resume",
    "delegate",
    "pass",
    "leave",
    "throw",
    "return",
    "result",
    "assert",
    "true",
    "false",
    "not",
    "for",
];

/// Words with a meaning in some rule and identifiers everywhere else.
pub const SOFT_WORDS: &[&str] = &[
    "as",
    "by",
    "decide",
    "while",
    "repeat",
    "forever",
    "command",
    "transfer",
    "handoff",
    "publish",
    "materialize",
    "dependent",
    "begin",
    "await",
    "resolve",
    "invalidate",
    "operation",
    "fragment",
    "guest",
    "agreement_profile",
    "profile",
    "proof_bundle",
    "role_set",
    "cluster",
    "ring",
    "mesh",
];

/// A token of the language, or one that the layout pass inserts.
#[expect(missing_docs, reason = "each variant is documented by its text")]
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[logos(extras = Notes)]
#[logos(skip r"[ \t\r]+")]
pub enum Token {
    #[token("module")]
    Module,
    #[token("import")]
    Import,
    #[token("exposing")]
    Exposing,
    #[token("type")]
    Type,
    #[token("alias")]
    Alias,
    #[token("effect")]
    Effect,
    #[token("handler")]
    Handler,
    #[token("fun")]
    Fun,
    #[token("protocol")]
    Protocol,
    #[token("where")]
    Where,
    #[token("uses")]
    Uses,
    #[token("roles")]
    Roles,
    #[token("choice")]
    Choice,
    #[token("at")]
    At,
    #[token("when")]
    When,
    #[token("check")]
    Check,
    #[token("yields")]
    Yields,
    #[token("if")]
    If,
    #[token("then")]
    Then,
    #[token("else")]
    Else,
    #[token("case")]
    Case,
    #[token("of")]
    Of,
    #[token("rec")]
    Rec,
    #[token("continue")]
    Continue,
    #[token("loop")]
    Loop,
    #[token("par")]
    Par,
    #[token("call")]
    Call,
    #[token("let")]
    Let,
    #[token("in")]
    In,
    #[token("var")]
    Var,
    #[token("do")]
    Do,
    #[token("observe")]
    Observe,
    #[token("authoritative")]
    Authoritative,
    #[token("timeout")]
    Timeout,
    #[token("attempt")]
    Attempt,
    #[token("on")]
    On,
    #[token("handles")]
    Handles,
    #[token("with")]
    With,
    #[token("resume")]
    Resume,
    #[token("delegate")]
    Delegate,
    #[token("pass")]
    Pass,
    #[token("leave")]
    Leave,
    #[token("throw")]
    Throw,
    #[token("return")]
    Return,
    #[token("result")]
    Result,
    #[token("assert")]
    Assert,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("not")]
    Not,
    #[token("for")]
    For,

    #[token("as")]
    As,
    #[token("by")]
    By,
    #[token("decide")]
    Decide,
    #[token("while")]
    While,
    #[token("repeat")]
    Repeat,
    #[token("forever")]
    Forever,
    #[token("command")]
    Command,
    #[token("transfer")]
    Transfer,
    #[token("handoff")]
    Handoff,
    #[token("publish")]
    Publish,
    #[token("materialize")]
    Materialize,
    #[token("dependent")]
    Dependent,
    #[token("begin")]
    Begin,
    #[token("await")]
    Await,
    #[token("resolve")]
    Resolve,
    #[token("invalidate")]
    Invalidate,
    #[token("operation")]
    Operation,
    #[token("fragment")]
    Fragment,
    #[token("guest")]
    Guest,
    #[token("agreement_profile")]
    AgreementProfile,
    #[token("profile")]
    Profile,
    #[token("proof_bundle")]
    ProofBundle,
    #[token("role_set")]
    RoleSet,
    #[token("cluster")]
    Cluster,
    #[token("ring")]
    Ring,
    #[token("mesh")]
    Mesh,

    /// Any other word.
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Ident,
    /// `42`, `1_000`, `0xFF`
    #[regex("[0-9][0-9A-Za-z_]*")]
    Int,
    /// `250ms`
    Duration,
    /// `"text"`
    #[token("\"", string)]
    String,

    #[token("->*")]
    ArrowAll,
    #[token("->")]
    Arrow,
    #[token("=>")]
    FatArrow,
    #[token(":=")]
    Assign,
    #[token("==")]
    EqEq,
    #[token("!=")]
    NotEq,
    #[token("<=")]
    LessEq,
    #[token(">=")]
    GreaterEq,
    #[token("&&")]
    AndAnd,
    #[token("||")]
    OrOr,
    #[token("++")]
    PlusPlus,
    #[token("..")]
    DotDot,
    #[token("=")]
    Eq,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("|")]
    Bar,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token(".")]
    Dot,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token("(")]
    ParenOpen,
    #[token(")")]
    ParenClose,
    #[token("[")]
    SquareOpen,
    #[token("]")]
    SquareClose,
    #[token("{")]
    BraceOpen,
    #[token("}")]
    BraceClose,

    /// Text that is no token; already reported. The others here never reach the layout pass.
    #[token("--", line_comment)]
    #[token("{-", block_comment)]
    #[token("\n", line_break)]
    #[token("\u{feff}", byte_order_mark)]
    Error,

    /// Separates logical lines of a block.
    Newline,
    /// Opens a block.
    Indent,
    /// Closes a block.
    Dedent,
    /// `{` of a statement block.
    BlockOpen,
    /// `}` of a statement block.
    BlockClose,
    /// `;` in parentheses.
    ParamSemicolon,
    /// Asks the grammar for a single expression (`loop while "text"`).
    ExprStart,
}

impl Token {
    /// Whether the text of the token is a word, so that it may name a field or an operation.
    #[must_use]
    pub fn is_word(self) -> bool {
        (self as u8) <= (Self::Ident as u8)
    }
}

/// [`Lexeme::column`] of a token that is not the first of its line.
pub const NOT_FIRST: u32 = u32::MAX;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// The token.
    pub token: Token,
    /// Its bytes.
    pub span: Span,
    /// 0-based column if it is the first of its line, else [`NOT_FIRST`].
    pub column: u32,
}

impl Lexeme {
    /// Whether it is the first token of its line.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.column != NOT_FIRST
    }
}

/// Result of [`lex`].
#[derive(Clone, Debug, Default)]
pub struct Lexed {
    /// The tokens in text order, without comments.
    pub lexemes: Vec<Lexeme>,
    /// The comments in text order.
    pub comments: Vec<Comment>,
    /// What is wrong with the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the callbacks note on the way.
#[derive(Debug)]
pub struct Notes {
    file: FileId,
    comments: Vec<Comment>,
    diagnostics: Vec<Diagnostic>,
    /// Offset of the first byte of the current line.
    line_start: u32,
    /// Whether no token of the current line was seen yet.
    at_line_start: bool,
    /// Whether the error token at hand has been reported.
    reported: bool,
}

/// Adds a report; of very many, the first ones are enough.
fn report(diagnostics: &mut Vec<Diagnostic>, diagnostic: impl FnOnce() -> Diagnostic) {
    if diagnostics.len() < 2 * MAX_DIAGNOSTICS {
        diagnostics.push(diagnostic());
    }
}

/// Most tabs that are replaced by the fix of their report.
const MAX_TABS: usize = 100_000;

/// Columns a tab in the indentation counts for after it has been reported.
const TAB_COLUMNS: u32 = 4;

/// The tokens of `text`, which is at most `u32::MAX` bytes long.
#[must_use]
pub fn lex(file: FileId, text: &str) -> Lexed {
    let notes = Notes {
        file,
        comments: Vec::new(),
        diagnostics: forbidden_characters(file, text),
        line_start: 0,
        at_line_start: true,
        reported: false,
    };
    let mut lexer = Token::lexer_with_extras(text, notes);
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(text.len() / 5);
    let mut tabs: Vec<Span> = Vec::new();
    while let Some(item) = lexer.next() {
        let span = span_of(lexer.span());
        let column = if lexer.extras.at_line_start {
            lexer.extras.at_line_start = false;
            indentation(text, lexer.extras.line_start, span.start, &mut tabs)
        } else {
            NOT_FIRST
        };
        let token = match item {
            Ok(Token::Int) => literal::classify(file, text, span, &mut lexer.extras.diagnostics),
            Ok(Token::String) => literal::check_escapes(file, text, span, &mut lexer.extras.diagnostics),
            Ok(token) => token,
            Err(()) => {
                bad_text(&mut lexer.extras, &mut lexemes, text, span, column);
                continue;
            }
        };
        lexemes.push(Lexeme { token, span, column });
    }
    let Notes { comments, mut diagnostics, .. } = lexer.extras;
    diagnostics.extend(tab_report(file, &tabs));
    diagnostics.extend(idle_docs(file, &comments, &lexemes));
    Lexed { lexemes, comments, diagnostics }
}

/// One line for each token: span and name.
#[must_use]
pub fn lex_dump(text: &str) -> String {
    dump(text, &lex(FileId(0), text).lexemes)
}

/// Lists lexemes, one per line, with their text.
pub(crate) fn dump(text: &str, lexemes: &[Lexeme]) -> String {
    let mut out = String::new();
    for lexeme in lexemes {
        let Span { start, end } = lexeme.span;
        let _ =
            writeln!(out, "{start:>5}..{end:<5} {:<14} {}", format!("{:?}", lexeme.token), &text[lexeme.span.range()]);
    }
    out
}

fn span_of(range: std::ops::Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).expect("texts are shorter than 2^32 bytes");
    Span::new(offset(range.start), offset(range.end))
}

/// Column of the first token of a line; tabs before it are noted.
fn indentation(text: &str, line_start: u32, token_start: u32, tabs: &mut Vec<Span>) -> u32 {
    let space = &text.as_bytes()[line_start as usize..token_start as usize];
    if space.iter().all(|byte| *byte == b' ') {
        return token_start - line_start;
    }
    let mut column = 0;
    for (at, c) in (line_start..).zip(space) {
        match c {
            b'\t' => {
                if tabs.len() < MAX_TABS {
                    tabs.push(Span::new(at, at + 1));
                }
                column += TAB_COLUMNS;
            }
            // the byte order mark and later bytes of a character have no width
            0xef | 0x80..0xc0 => {}
            _ => column += 1,
        }
    }
    column
}

/// Turns text that is no token into an error token; neighbours are one error.
fn bad_text(notes: &mut Notes, lexemes: &mut Vec<Lexeme>, text: &str, span: Span, column: u32) {
    let reported = std::mem::take(&mut notes.reported);
    if let Some(last) = lexemes.last_mut().filter(|l| l.token == Token::Error && l.span.end == span.start) {
        last.span.end = span.end;
        return;
    }
    lexemes.push(Lexeme { token: Token::Error, span, column });
    let found = text[span.range()].chars().next();
    if reported || found.is_some_and(is_forbidden) {
        return;
    }
    let help = match &text[span.range()] {
        "!" => "negation is written `not`",
        "&" => "the conjunction is written `&&`",
        other if other.trim().is_empty() => "replace it by an ordinary space",
        _ => "remove it; names are made of ASCII letters, digits and `_`",
    };
    report(&mut notes.diagnostics, || {
        let message = format!("no token starts with {}", describe(found.unwrap_or('?')));
        Diagnostic::new(Code("E0101"), message).label(notes.file, span, "this is not part of the language").help(help)
    });
}

fn line_break(lexer: &mut Lexer<'_, Token>) -> Skip {
    lexer.extras.line_start = span_of(lexer.span()).end;
    lexer.extras.at_line_start = true;
    Skip
}

/// A byte order mark is skipped at the start of the text; elsewhere it has been reported as forbidden.
fn byte_order_mark(lexer: &mut Lexer<'_, Token>) -> Result<Skip, ()> {
    if lexer.span().start == 0 { Ok(Skip) } else { Err(()) }
}

fn line_comment(lexer: &mut Lexer<'_, Token>) -> Skip {
    let rest = lexer.remainder();
    let length = rest.find('\n').unwrap_or(rest.len());
    let kind = if rest.starts_with('|') { CommentKind::Doc } else { CommentKind::Line };
    let text = rest[..length].trim_end_matches('\r');
    lexer.bump(text.len());
    let span = span_of(lexer.span());
    lexer.extras.comments.push(Comment { span, kind });
    Skip
}

fn block_comment(lexer: &mut Lexer<'_, Token>) -> Skip {
    let rest = lexer.remainder().as_bytes();
    let mut depth = 1;
    let mut at = 0;
    while depth > 0 && at < rest.len() {
        match rest[at..] {
            [b'{', b'-', ..] => (depth, at) = (depth + 1, at + 2),
            [b'-', b'}', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    let opening = span_of(lexer.span());
    if let Some(last) = rest[..at].iter().rposition(|byte| *byte == b'\n') {
        lexer.extras.line_start = opening.end + span_of(0..last + 1).end;
        lexer.extras.at_line_start = true;
    }
    lexer.bump(at);
    let span = span_of(lexer.span());
    let file = lexer.extras.file;
    lexer.extras.comments.push(Comment { span, kind: CommentKind::Block });
    if depth > 0 {
        lexer.extras.diagnostics.push(
            Diagnostic::new(Code("E0104"), "this block comment is never closed")
                .label(file, opening, "opened here")
                .help("close it with `-}`; block comments nest")
                .fix(file, Span::new(span.end, span.end), "-}"),
        );
    }
    Skip
}

/// Reads up to the closing quote; a string that does not end on its line is an error up to the end of the line.
fn string(lexer: &mut Lexer<'_, Token>) -> Result<(), ()> {
    let rest = lexer.remainder().as_bytes();
    let mut at = 0;
    loop {
        match rest.get(at) {
            Some(b'"') => {
                lexer.bump(at + 1);
                return Ok(());
            }
            Some(b'\\') if rest.get(at + 1).is_some_and(|byte| matches!(byte, b'"' | b'\\')) => at += 2,
            None | Some(b'\n' | b'\r') => break,
            Some(_) => at += 1,
        }
    }
    lexer.bump(at);
    let span = span_of(lexer.span());
    let file = lexer.extras.file;
    lexer.extras.reported = true;
    report(&mut lexer.extras.diagnostics, || {
        Diagnostic::new(Code("E0103"), "this string is never closed")
            .label(file, Span::new(span.start, span.start + 1), "opened here")
            .help("close it with `\"` on the same line; a line break is written `\\n`")
    });
    Err(())
}
