//! Tokens to protocols: recursive descent, with a limit of depth.
//!
//! Within a declaration the first mistake ends it; reading goes on with the next declaration.

use super::token::{Token, lex};
use super::{Arg, Block, MAX_ERRORS, Message, Module, Name, Payload, Protocol, Stmt};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

/// Deepest nesting: that of `.tell` text, where an arm of a `choice` is two levels deep.
pub(super) const MAX_DEPTH: usize = 200;

/// Words that are no names.
const RESERVED: [&str; 12] =
    ["aux", "at", "choice", "continue", "do", "from", "global", "or", "protocol", "rec", "role", "to"];

/// Statements that are refused, by their first word, and why.
const REFUSED: &[(&str, &str)] = &[
    ("par", "parallel branches have no counterpart yet: put the messages in an order"),
    ("parallel", "parallel branches have no counterpart yet: put the messages in an order"),
    ("unordered", "messages of one sender to one receiver have an order: write the one that is meant"),
    ("interruptible", "there are no interrupts: write a message by which the interruption is told"),
    ("repeat", "write `rec X { … continue X; }`"),
    ("connect", "all roles of a session are connected from its start: remove it"),
    ("disconnect", "all roles of a session are connected to its end: remove it"),
    ("wrap", "how a connection is secured is no part of a protocol: remove it"),
    ("run", "write `do P(A, B);`"),
    ("inline", "write `do P(A, B);`"),
    ("spawn", "write `do P(A, B);`"),
];

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// The module of a text.
///
/// # Errors
/// Everything that was found.
pub(super) fn parse(file: FileId, text: &str) -> Result<Module<'_>, Vec<Diagnostic>> {
    let tokens = lex(text);
    let mut parser = Parser { file, tokens, at: 0, depth: 0 };
    let mut module = Module { file, types: Vec::new(), protocols: Vec::new() };
    let mut errors: Vec<Diagnostic> = parser.unterminated().into_iter().collect();
    while errors.len() < MAX_ERRORS && parser.token() != Token::End {
        let start = parser.at;
        if let Err(error) = parser.declaration(&mut module) {
            errors.push(*error);
            parser.recover(start);
        }
    }
    if errors.is_empty() && module.protocols.is_empty() {
        let help = "declare one: `global protocol P(role A, role B) { … }`";
        errors.push(*parser.error("there is no global protocol in this file", "the file ends here", help));
    }
    if errors.is_empty() { Ok(module) } else { Err(errors) }
}

struct Parser<'t> {
    file: FileId,
    tokens: Vec<(Token<'t>, Span)>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    // ---- tokens

    fn ahead(&self, distance: usize) -> Token<'t> {
        self.tokens.get(self.at + distance).map_or(Token::End, |(token, _)| *token)
    }

    fn token(&self) -> Token<'t> {
        self.ahead(0)
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    /// Goes on to the next token; the last one is never left.
    fn advance(&mut self) -> Span {
        let span = self.span();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        span
    }

    fn takes(&mut self, token: Token<'_>) -> bool {
        let found = self.token() == token;
        if found {
            self.advance();
        }
        found
    }

    fn takes_symbol(&mut self, symbol: char) -> bool {
        self.takes(Token::Symbol(symbol))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(Token::Word(word))
    }

    fn symbol(&mut self, symbol: char, help: &str) -> Parsed<Span> {
        let span = self.span();
        if self.takes_symbol(symbol) { Ok(span) } else { Err(self.expected(&format!("`{symbol}`"), help)) }
    }

    fn word(&mut self, word: &str, help: &str) -> Parsed<()> {
        if self.takes_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"), help)) }
    }

    fn name(&mut self, what: &str, help: &str) -> Parsed<Name<'t>> {
        match self.token() {
            Token::Word(text) if !RESERVED.contains(&text) => Ok(Name { text, span: self.advance() }),
            _ => Err(self.expected(what, help)),
        }
    }

    /// `a.b.C`, of which only the last part counts: nothing is imported.
    fn path(&mut self, what: &str, help: &str) -> Parsed<Name<'t>> {
        let mut name = self.name(what, help)?;
        while self.takes_symbol('.') {
            name = self.name(what, help)?;
        }
        Ok(name)
    }

    /// Items between the parentheses, with commas in between; maybe none.
    fn list<T>(&mut self, help: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.symbol('(', help)?;
        let mut items = Vec::new();
        if self.takes_symbol(')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.takes_symbol(')') {
                return Ok(items);
            }
            if !self.takes_symbol(',') {
                return Err(self.expected("`,` or `)`", help));
            }
        }
    }

    // ---- errors

    fn error(&self, message: impl Into<String>, label: &str, help: &str) -> Box<Diagnostic> {
        let diagnostic = Diagnostic::new(Code("E0801"), message).label(self.file, self.span(), label).help(help);
        Box::new(diagnostic)
    }

    fn expected(&self, what: &str, help: &str) -> Box<Diagnostic> {
        let found = match self.token() {
            Token::Word(word) if RESERVED.contains(&word) => format!("the word `{word}`"),
            Token::Word(word) => format!("`{word}`"),
            Token::Text => "a text in quotes".to_owned(),
            Token::Symbol(c) => format!("`{}`", c.escape_debug()),
            Token::Unterminated(what) => format!("a {what} without an end"),
            Token::End => "the end of the file".to_owned(),
        };
        self.error(format!("expected {what}, found {found}"), &format!("expected {what}"), help)
    }

    fn refused(&self, what: &str, help: &str) -> Box<Diagnostic> {
        let diagnostic = Diagnostic::new(Code("E0802"), format!("{what} cannot be imported"))
            .label(self.file, self.span(), "this has no counterpart in Tell")
            .help(help);
        Box::new(diagnostic)
    }

    /// A comment or text without an end, which hides all that follows.
    fn unterminated(&mut self) -> Option<Diagnostic> {
        let last = self.tokens.len().checked_sub(2)?;
        let Token::Unterminated(what) = self.tokens[last].0 else { return None };
        self.at = last;
        let help = match what {
            "text" => "close it with `\"` on the same line",
            _ => "close it with `*/`, `*)` or `#*)`, as it was opened",
        };
        let error = self.error(format!("this {what} has no end"), "begins here", help);
        self.at = self.tokens.len() - 1;
        Some(*error)
    }

    /// Skips to the end of the declaration that began at `start`, or to a protocol that begins before it ends.
    fn recover(&mut self, start: usize) {
        let failed = std::mem::replace(&mut self.at, start);
        self.depth = 0;
        while matches!(self.token(), Token::Word("aux" | "explicit" | "global" | "local" | "nested" | "protocol")) {
            self.advance();
        }
        let mut open = 0usize;
        while self.token() != Token::End && !(self.at > failed && self.is_at_protocol()) {
            let is_behind = self.at >= failed;
            let token = self.token();
            self.advance();
            match token {
                Token::Symbol('{' | '(') => open += 1,
                Token::Symbol('}' | ')') => open = open.saturating_sub(1),
                _ => {}
            }
            if is_behind && open == 0 && matches!(token, Token::Symbol('}' | ';')) {
                return;
            }
        }
    }

    fn is_at_protocol(&self) -> bool {
        match (self.token(), self.ahead(1)) {
            (Token::Word("global" | "local" | "nested" | "explicit"), Token::Word("protocol"))
            | (Token::Word("aux"), Token::Word("global" | "protocol" | "explicit"))
            | (Token::Word("explicit"), Token::Word("global")) => true,
            (Token::Word("protocol"), Token::Word(_)) => self.ahead(2) == Token::Symbol('('),
            _ => false,
        }
    }

    // ---- declarations

    fn declaration(&mut self, module: &mut Module<'t>) -> Parsed<()> {
        let Token::Word(word) = self.token() else {
            return Err(self.expected("a declaration", "declare a protocol: `global protocol P(role A, role B) { … }`"));
        };
        match word {
            "module" => {
                self.advance();
                self.path("the name of the module", "write `module m;`")?;
                self.symbol(';', "end the declaration with `;`").map(|_| ())
            }
            "data" | "type" => {
                let name = self.payload_type()?;
                module.types.push(name);
                Ok(())
            }
            "import" => Err(self.refused("`import`", "copy the protocols that are used into this file")),
            "sig" => Err(self.refused("`sig`", "write the label and the payload where the message is sent")),
            "local" => Err(self.refused("`local protocol`", "import the global protocol; `tellc project` projects it")),
            "nested" => Err(self.refused("`nested protocol`", "write a protocol of its own, and `do` it")),
            "explicit" => Err(self.refused("`explicit`", "all roles of a session are connected from its start")),
            "aux" | "global" | "protocol" => {
                let protocol = self.protocol()?;
                module.protocols.push(protocol);
                Ok(())
            }
            _ => Err(self.expected("a declaration", "declare a protocol: `global protocol P(role A, role B) { … }`")),
        }
    }

    /// `data <java> "…" from "…" as T;`, or `type T;`
    fn payload_type(&mut self) -> Parsed<Name<'t>> {
        let help = "write `data <java> \"java.lang.Integer\" from \"rt.jar\" as Int;`";
        self.advance();
        if self.takes_symbol('<') {
            self.name("the schema", help)?;
            self.symbol('>', help)?;
        }
        if self.takes(Token::Text) {
            if self.takes_word("from") && !self.takes(Token::Text) {
                return Err(self.expected("the source of the type, in quotes", help));
            }
            self.word("as", help)?;
        }
        let name = self.name("the name of the type", help)?;
        self.symbol(';', "end the declaration with `;`")?;
        Ok(name)
    }

    /// `aux? global? protocol? P(role A, …) { … }`
    fn protocol(&mut self) -> Parsed<Protocol<'t>> {
        let help = "write `global protocol P(role A, role B) { … }`";
        let is_aux = self.takes_word("aux");
        if self.token() == Token::Word("explicit") {
            return Err(self.refused("`explicit`", "all roles of a session are connected from its start"));
        }
        // nuScr: one of the two words is enough
        if self.takes_word("global") {
            self.takes_word("protocol");
        } else {
            self.word("protocol", help)?;
        }
        let name = self.name("the name of the protocol", help)?;
        if self.token() == Token::Symbol('<') {
            return Err(self.refused("a parameter of a protocol", "write the types and messages themselves"));
        }
        let roles = self.list(help, |parser| {
            parser.word("role", help)?;
            parser.name("the name of a role", help)
        })?;
        if self.token() == Token::Word("instantiates") {
            return Err(self.refused("`instantiates`", "write the protocol itself"));
        }
        let mut body = Block::new();
        self.annotation()?;
        self.block(1, &mut body)?;
        Ok(Protocol { name, is_aux, roles, body })
    }

    /// `@"…"` of nuScr.
    fn annotation(&self) -> Parsed<()> {
        if self.token() == Token::Symbol('@') {
            return Err(self.refused("an annotation", "remove it"));
        }
        Ok(())
    }

    // ---- statements

    /// `{ … }`, which counts as so many levels.
    fn block(&mut self, levels: usize, out: &mut Block<'t>) -> Parsed<()> {
        let open = self.span();
        self.symbol('{', "a block is written `{ … }`")?;
        self.depth += levels;
        if self.depth > MAX_DEPTH {
            let diagnostic = Diagnostic::new(Code("E0106"), format!("nesting is deeper than {MAX_DEPTH}"))
                .label(self.file, open, "too deep")
                .note("an arm of a `choice` counts as two levels, as in Tell")
                .help("make a part of it a protocol of its own, and `do` it");
            return Err(Box::new(diagnostic));
        }
        while !self.takes_symbol('}') {
            self.statement(out)?;
        }
        self.depth -= levels;
        Ok(())
    }

    fn statement(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        let Token::Word(word) = self.token() else {
            return match self.token() {
                Token::Symbol('{') => self.block(1, out),
                Token::Symbol('(') => self.message(out),
                _ => Err(self.expected("a statement", "write a message, `label(T) from A to B;`, or `}`")),
            };
        };
        let is_message = matches!(self.ahead(1), Token::Symbol('(') | Token::Word("from"));
        match word {
            "choice" => self.choice(out),
            "rec" => self.rec(out),
            "continue" => self.go_on(out),
            "do" => self.call(out),
            _ if is_message => self.message(out),
            _ => match REFUSED.iter().find(|(refused, _)| *refused == word) {
                Some((refused, help)) => Err(self.refused(&format!("`{refused}`"), help)),
                None if self.ahead(1) == Token::Word("calls") => {
                    Err(self.refused("`calls`", "write `do P(A, B);` with all roles"))
                }
                None if self.ahead(1) == Token::Word("introduces") => {
                    Err(self.refused("`introduces`", "all roles of a session are declared: remove it"))
                }
                None => self.message(out),
            },
        }?;
        self.annotation()
    }

    fn choice(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        let help = "write `choice at A { … } or { … }`";
        self.advance();
        self.word("at", help)?;
        let decider = self.name("the role that decides", help)?;
        let mut arms = Vec::new();
        loop {
            let mut arm = Block::new();
            self.block(2, &mut arm)?;
            arms.push(arm);
            if !self.takes_word("or") {
                break;
            }
        }
        out.push(Stmt::Choice { decider, arms });
        Ok(())
    }

    fn rec(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        self.advance();
        let name = self.name("the name of the recursion", "write `rec X { … continue X; }`")?;
        if self.token() == Token::Symbol('[') {
            return Err(
                self.refused("a variable of a recursion", "remove it; state belongs into a cell of Tell (`var`)")
            );
        }
        let mut body = Block::new();
        self.block(1, &mut body)?;
        out.push(Stmt::Rec { name, body });
        Ok(())
    }

    fn go_on(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        self.advance();
        let name = self.name("the name of a recursion", "write `continue X;`")?;
        match self.token() {
            Token::Symbol('[') => {
                return Err(
                    self.refused("a variable of a recursion", "remove it; state belongs into a cell of Tell (`var`)")
                );
            }
            Token::Word("with") => return Err(self.refused("`continue … with`", "write `continue X;`")),
            _ => self.symbol(';', "end the statement with `;`")?,
        };
        out.push(Stmt::Continue(name));
        Ok(())
    }

    fn call(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        let help = "write `do P(A, B);`";
        self.advance();
        let protocol = self.path("the name of a protocol", help)?;
        if self.token() == Token::Symbol('<') {
            return Err(self.refused("an argument that is no role", "write the types and messages themselves"));
        }
        let args = self.list(help, |parser| {
            let role = parser.name("a role", help)?;
            let parameter =
                if parser.takes_word("as") { Some(parser.name("a role of the protocol", help)?) } else { None };
            Ok(Arg { role, parameter })
        })?;
        self.symbol(';', "end the statement with `;`")?;
        out.push(Stmt::Do { protocol, args });
        Ok(())
    }

    fn message(&mut self, out: &mut Block<'t>) -> Parsed<()> {
        let help = "a message is written `label(T) from A to B;`";
        let start = self.span();
        let label = match self.token() {
            Token::Symbol('(') => None,
            _ => Some(self.name("a statement", help)?),
        };
        let payload = match self.token() {
            Token::Symbol('(') => self.list(help, Self::payload)?,
            Token::Symbol('<') => {
                return Err(self.refused("a parameter of a message", "write the payload in parentheses"));
            }
            _ => Vec::new(),
        };
        if self.token() == Token::Word("connect") {
            return Err(self.refused("`connect`", "all roles of a session are connected from its start: write `from`"));
        }
        self.word("from", help)?;
        let from = self.name("the role that sends", help)?;
        self.word("to", help)?;
        let mut to = vec![self.name("the role that receives", help)?];
        while self.takes_symbol(',') {
            to.push(self.name("a role that receives", help)?);
        }
        let end = self.symbol(';', "end the message with `;`")?;
        out.push(Stmt::Message(Message { label, payload, from, to, span: start.to(end) }));
        Ok(())
    }

    /// `T`, `m.T` or `x: T`.
    fn payload(&mut self) -> Parsed<Payload<'t>> {
        let help = "a payload is written `T` or `x: T`";
        let first = self.path("a type", help)?;
        if self.token() == Token::Symbol('@') {
            return Err(
                self.refused("a session as payload", "send a value, and write the other session's protocol with `do`")
            );
        }
        if !self.takes_symbol(':') {
            return Ok(Payload { name: None, ty: first });
        }
        let ty = self.path("a type", help)?;
        if self.token() == Token::Symbol('{') {
            return Err(self.refused("a refinement", "remove it, and `assert` it in the `.tell` text"));
        }
        Ok(Payload { name: Some(first), ty })
    }
}
