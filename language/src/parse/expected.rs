//! Builder: syntax errors in words.

use lalrpop_util::{ErrorRecovery, ParseError};

use super::builder::{Builder, Held};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::span::Span;
use crate::token::{KEYWORDS, SOFT_WORDS, Token};

/// How the report of a line starts that is no declaration where only declarations stand.
pub(super) const NO_DECLARATION: [&str; 2] = ["expected a declaration, found", "expected `protocol`, found"];

/// How the report of a block that is not there starts.
pub(super) const NO_BLOCK: &str = "expected an indented block";

/// What the parser hands over when it skips tokens.
pub(super) type Recovery = ErrorRecovery<u32, Held<Token>, ()>;

impl Builder<'_> {
    /// Reports what was skipped.
    pub(super) fn syntax_error(&mut self, recovery: Recovery) {
        self.syntax_error_at(recovery.error);
    }

    /// Reports a token that fits nowhere; text that is no token has been reported by the lexer.
    pub(super) fn syntax_error_at(&mut self, error: ParseError<u32, Held<Token>, ()>) {
        let (token, span, expected) = match error {
            ParseError::UnrecognizedToken { token: (_, Held(Token::Error), _), .. } => return self.skipped(),
            ParseError::UnrecognizedToken { token: (l, Held(token), r), expected } => {
                (Some(token), Span::new(l, r), expected)
            }
            ParseError::UnrecognizedEof { location, expected } => (None, Span::new(location, location), expected),
            ParseError::ExtraToken { token: (l, Held(token), r) } => (Some(token), Span::new(l, r), Vec::new()),
            ParseError::InvalidToken { location } => (None, Span::new(location, location), Vec::new()),
            ParseError::User { error: () } => return,
        };
        let expected = Expected::new(&expected);
        let found = self.found(token, span);
        let wanted = expected.words();
        let message = match wanted.as_str() {
            "" => format!("unexpected {found}"),
            wanted => format!("expected {wanted}, found {found}"),
        };
        let label =
            if wanted.is_empty() { "this does not belong here".to_owned() } else { format!("expected {wanted}") };
        let help = match (self.habit(span), self.misspelt(span)) {
            (Some(help), _) => help.into(),
            (None, Some(keyword)) => format!("did you mean `{keyword}`?"),
            (None, None) => self.help(token, span, &expected),
        };
        self.report(Diagnostic::new(Code("E0102"), message).label(self.file, span, label).help(help));
    }

    /// Whether the place starts a line that the layout joined to the one above.
    fn is_continuation(&self, span: Span, expected: &Expected<'_>) -> bool {
        let before = &self.text[..span.start as usize];
        let indentation = before.rfind('\n').map_or(before, |at| &before[at + 1..]);
        let starts_something = expected.has("\"choice\"") || expected.has("\"protocol\"");
        !indentation.is_empty() && indentation.trim().is_empty() && span.end > span.start && !starts_something
    }

    /// The rest of the line from a place on.
    fn line_behind(&self, span: Span) -> &str {
        self.text[span.start as usize..].lines().next().unwrap_or_default()
    }

    /// What is written differently in other languages.
    fn habit(&self, span: Span) -> Option<&'static str> {
        let line = self.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let before = self.text[line..span.start as usize].trim();
        match self.slice(span.start, span.end) {
            "fn" | "func" | "function" | "def" => {
                Some("a function is declared with `fun`: `fun f(x : Int) : Int = x + 1`")
            }
            "elif" | "elsif" | "elseif" => Some("write `else if`"),
            _ if before.starts_with("type ") && before.ends_with('=') && !before.starts_with("type alias") => Some(
                "constructors are written with bars, `type Color = | Red | Green`; other types with `type alias … = …`",
            ),
            _ => None,
        }
    }

    /// The keyword that the word at the place of the error, or the word before it that starts the line, is a typing
    /// mistake of.
    fn misspelt(&self, span: Span) -> Option<&'static str> {
        let line = self.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let before = self.text[line..span.start as usize].trim();
        let words = [self.slice(span.start, span.end), before];
        let is_word = |word: &&str| word.len() >= MISSPELT && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        words.into_iter().filter(is_word).find_map(|word| {
            let long = KEYWORDS.iter().copied().filter(|keyword| keyword.len() >= MISSPELT);
            did_you_mean(word, long).filter(|_| !KEYWORDS.contains(&word))
        })
    }

    /// What stands at the place of the error.
    fn found(&self, token: Option<Token>, span: Span) -> String {
        let text = self.slice(span.start, span.end);
        match token {
            None => "the end of the file".into(),
            Some(Token::Indent) => "a deeper line".into(),
            Some(Token::Dedent) => "the end of the block".into(),
            Some(_) if text.is_empty() && self.text[span.end as usize..].trim().is_empty() => {
                "the end of the file".into()
            }
            Some(_) if text.is_empty() => "the end of the line".into(),
            Some(Token::String) => "a string".into(),
            Some(Token::Int | Token::Duration) => format!("the number `{text}`"),
            Some(token) if is_keyword(token) => format!("the keyword `{text}`"),
            Some(_) => format!("`{text}`"),
        }
    }

    /// What to do about it.
    fn help(&self, token: Option<Token>, span: Span, expected: &Expected<'_>) -> String {
        let text = self.slice(span.start, span.end);
        match token {
            Some(token) if is_keyword(token) && expected.has("name") && !expected.has("\"choice\"") => {
                format!("`{text}` is a keyword; choose another name")
            }
            Some(Token::Eq) if expected.has("\":=\"") => {
                "to set a cell write `x := e`; to bind a name write `let x = e`".into()
            }
            Some(Token::Eq) if expected.has("\"==\"") => "equality is written `==`".into(),
            Some(Token::Indent) if expected.has("\"=\"") => "write `=` at the end of the line above".into(),
            Some(Token::Indent) => "align the line with the block it belongs to".into(),
            Some(_) if self.is_continuation(span, expected) => {
                "this line is deeper than its block, so it continues the line above; align it with its block".into()
            }
            Some(_) if expected.has("\"protocol\"") && self.line_behind(span).contains("->") => {
                "a message stands in the body of a protocol: indent it".into()
            }
            _ if expected.has("indent") && expected.has("block_open") => {
                "indent the lines of the block deeper than its owner; an empty block is written `{}`".into()
            }
            _ if expected.has("indent") => "start the block on the next line, indented deeper than this one".into(),
            _ if text.is_empty() => match expected.first() {
                Some(first) => format!("the line ends too early: add {first}"),
                None => "the line ends too early".into(),
            },
            _ => match expected.first() {
                Some(first) => format!("write {first} here, or remove `{}`", shorten(text)),
                None => format!("remove `{}`", shorten(text)),
            },
        }
    }
}

/// Letters a word has at least to be taken for a misspelt keyword.
const MISSPELT: usize = 4;

fn shorten(text: &str) -> String {
    if text.chars().count() <= 30 { text.to_owned() } else { text.chars().take(29).chain(['…']).collect() }
}

fn is_keyword(token: Token) -> bool {
    (token as u8) < (Token::As as u8)
}

/// The terminals that could stand at the place of an error, as the grammar names them.
struct Expected<'e> {
    terminals: &'e [String],
}

/// Groups of terminals: when all of `signs` are possible, the group's `members` are one thing with one name.
struct Group {
    name: &'static str,
    signs: &'static [&'static str],
    members: &'static [&'static str],
}

/// What may follow an operand.
const OPERATORS: [&str; 16] = ["||", "&&", "==", "!=", "<", "<=", ">", ">=", "++", "+", "-", "*", "/", "%", ".", "("];
/// What may follow the name that starts a statement, besides.
const AFTER_ROLE: [&str; 20] =
    ["||", "&&", "==", "!=", "<", "<=", ">", ">=", "++", "+", "-", "*", "/", "%", ".", "(", "->*", "{", "[", "handles"];
const EXPRESSION: [&str; 13] =
    ["name", "integer", "duration", "string", "true", "false", "(", "[", "{", "-", "not", "if", "case"];
const STATEMENT: [&str; 26] = [
    "name",
    "integer",
    "duration",
    "string",
    "true",
    "false",
    "(",
    "[",
    "{",
    "-",
    "not",
    "if",
    "case",
    "choice",
    "rec",
    "continue",
    "loop",
    "call",
    "let",
    "var",
    "assert",
    "do",
    "authoritative",
    "observe",
    "par",
    "for",
];
const SCOPES: [&str; 10] =
    ["timeout", "attempt", "resume", "delegate", "pass", "leave", "throw", "return", "result", "roles"];

/// In this order: larger groups first.
const GROUPS: [Group; 9] = [
    Group { name: "`->`", signs: &["->", ":=", "handles"], members: &AFTER_ROLE },
    Group {
        name: "a declaration",
        signs: &["protocol", "effect", "import"],
        members: &["module", "import", "type", "effect", "fun", "handler", "protocol"],
    },
    Group { name: "a name", signs: &["name", "where", "exposing"], members: &["name"] },
    Group { name: "a statement", signs: &["choice", "rec", "let"], members: &STATEMENT },
    Group { name: "an expression", signs: &["integer", "not", "("], members: &EXPRESSION },
    Group { name: "a pattern", signs: &["integer", "true", "("], members: &EXPRESSION },
    Group { name: "a type", signs: &["name", "("], members: &["name", "(", "{"] },
    Group { name: "a name", signs: &["name"], members: &["name"] },
    Group { name: "an operator", signs: &["*", "&&"], members: &OPERATORS },
];

impl<'e> Expected<'e> {
    fn new(terminals: &'e [String]) -> Self {
        Self { terminals }
    }

    fn has(&self, terminal: &str) -> bool {
        self.terminals.iter().any(|other| other == terminal)
    }

    /// What could stand here, as things a user knows.
    fn things(&self) -> Vec<String> {
        let mut left: Vec<&str> = self.terminals.iter().map(|terminal| terminal.trim_matches('"')).collect();
        let any_word = left.contains(&"where") && left.contains(&"exposing");
        if any_word {
            left.retain(|word| !KEYWORDS.contains(word));
        }
        if left.contains(&"name") || left.contains(&"protocol") {
            left.retain(|word| !SOFT_WORDS.contains(word) || *word == "command");
        }
        let mut things: Vec<String> = Vec::new();
        if any_word && left.contains(&"name") {
            left.retain(|word| *word != "name");
            things.push("a name".into());
        }
        for group in &GROUPS {
            if group.signs.iter().all(|sign| left.contains(sign)) {
                let statement = group.name == "a statement";
                left.retain(|word| !(group.members.contains(word) || statement && SCOPES.contains(word)));
                if group.name == "`->`" {
                    left.retain(|word| *word != "->");
                }
                things.push(group.name.into());
            }
        }
        if !left.contains(&",") {
            // the index of a role, which nobody misses
            left.retain(|word| *word != "[");
        }
        if left.contains(&"indent") {
            things.push("an indented block".into());
        }
        let hidden = [
            "indent",
            "dedent",
            "newline",
            "block_open",
            "block_close",
            "parameters",
            "bad_text",
            "expression_start",
            "command",
        ];
        let simple = left.iter().filter(|word| !hidden.contains(word));
        things.extend(simple.map(|word| match *word {
            "integer" => "a number".into(),
            "duration" => "a duration".into(),
            "string" => "a string".into(),
            word => format!("`{word}`"),
        }));
        if left.contains(&"parameters") {
            things.push("`;`".into());
        }
        if left.contains(&"block_close") {
            things.push("`}`".into());
        }
        if things.is_empty() && (left.contains(&"newline") || left.contains(&"dedent")) {
            things.push("the end of the line".into());
        }
        things
    }

    fn first(&self) -> Option<String> {
        self.things().into_iter().next()
    }

    /// The things as a list: "`->`, `{` or `:=`"; empty if there are too many to help.
    fn words(&self) -> String {
        let things = self.things();
        match things.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] if things.len() <= 6 => format!("{} or {last}", first.join(", ")),
            many => format!("{}, …", many[..5].join(", ")),
        }
    }
}
