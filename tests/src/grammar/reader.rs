//! The text of a grammar to rules; actions and types are skipped. Start with [`Reader::grammar`].

use std::collections::BTreeMap;
use std::fmt;

/// A symbol as it is written, without bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A terminal, a nonterminal, or a macro with its arguments.
    Name(String, Vec<Item>),
    /// `( … )`
    Group(Vec<Item>),
    /// `…?`
    Optional(Box<Item>),
    /// `!`
    Recovery,
}

impl Item {
    /// The item with arguments in the place of parameters.
    pub(super) fn substitute(&self, parameters: &[String], arguments: &[Self]) -> Self {
        let all = |items: &[Self]| items.iter().map(|item| item.substitute(parameters, arguments)).collect();
        match self {
            Self::Name(name, own) => match parameters.iter().position(|parameter| parameter == name) {
                Some(at) => arguments[at].clone(),
                None => Self::Name(name.clone(), all(own)),
            },
            Self::Group(items) => Self::Group(all(items)),
            Self::Optional(inner) => Self::Optional(Box::new(inner.substitute(parameters, arguments))),
            Self::Recovery => Self::Recovery,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |items: &[Self], between: &str| items.iter().map(Self::to_string).collect::<Vec<_>>().join(between);
        match self {
            Self::Name(name, arguments) if arguments.is_empty() => f.write_str(name),
            Self::Name(name, arguments) => write!(f, "{name}<{}>", all(arguments, ", ")),
            Self::Group(items) => write!(f, "({})", all(items, " ")),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::Recovery => f.write_str("!"),
        }
    }
}

/// One alternative of a rule.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    pub(super) items: Vec<Item>,
    /// Line of its first token.
    pub(super) line: usize,
}

/// A nonterminal or a macro.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    pub(super) parameters: Vec<String>,
    pub(super) alternatives: Vec<Alternative>,
}

/// A word of the grammar's text: a name, a string with its quotes, `=>`, or a single character.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    text: &'a str,
    start: usize,
    line: usize,
}

/// Reads words.
pub(super) struct Reader<'a> {
    words: Vec<Word<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut offset = 0;
        for (line, content) in (1..).zip(text.split_inclusive('\n')) {
            words_of(content, offset, line, &mut words);
            offset += content.len();
        }
        Self { words, at: 0 }
    }

    /// The text of the word at hand; nothing at the end.
    fn peek(&self) -> &'a str {
        self.words.get(self.at).map_or("", |word| word.text)
    }

    fn line(&self) -> usize {
        self.words.get(self.at).or(self.words.last()).map_or(0, |word| word.line)
    }

    fn next(&mut self) -> &'a str {
        let text = self.peek();
        self.at += 1;
        text
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.peek() == text;
        self.at += usize::from(found);
        found
    }

    #[track_caller]
    fn expect(&mut self, text: &str) {
        assert!(self.accept(text), "line {}: expected `{text}`, found `{}`", self.line(), self.peek());
    }

    /// Skips to the first of `ends` that is in no bracket.
    fn skip_to(&mut self, ends: &[&str]) {
        let mut depth = 0usize;
        while self.at < self.words.len() && (depth > 0 || !ends.contains(&self.peek())) {
            match self.next() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
        }
    }

    /// Terminals with the variants of their tokens, and the rules.
    pub(super) fn grammar(mut self) -> (Vec<(String, String)>, BTreeMap<String, Rule>) {
        self.skip_to(&["extern"]);
        let tokens = self.tokens();
        let mut rules = BTreeMap::new();
        while self.at < self.words.len() {
            let (name, rule) = self.rule();
            rules.insert(name, rule);
        }
        (tokens, rules)
    }

    /// `extern { … enum Token { "x" => Token::X, … } }`, where a token may be `Held(Token::X)`.
    fn tokens(&mut self) -> Vec<(String, String)> {
        self.expect("extern");
        self.expect("{");
        self.skip_to(&["enum"]);
        self.expect("enum");
        self.skip_to(&["{"]);
        self.expect("{");
        let mut tokens = Vec::new();
        while !self.accept("}") {
            let terminal = self.next().to_owned();
            self.expect("=>");
            let is_held = self.accept("Held");
            if is_held {
                self.expect("(");
            }
            self.next_of("Token", ":", ":");
            tokens.push((terminal, self.next().to_owned()));
            if is_held {
                self.expect(")");
            }
            self.expect(",");
        }
        self.expect("}");
        tokens
    }

    /// `#[inline] pub Name<T>: Type = { … };`, or one alternative without braces.
    fn rule(&mut self) -> (String, Rule) {
        if self.accept("#") {
            self.next_of("[", "inline", "]");
        }
        self.accept("pub");
        let name = self.next().to_owned();
        let mut rule = Rule::default();
        if self.accept("<") {
            while !self.accept(">") {
                rule.parameters.push(self.next().to_owned());
                self.accept(",");
            }
        }
        self.expect(":");
        self.skip_to(&["="]);
        self.expect("=");
        if self.accept("{") {
            while !self.accept("}") {
                rule.alternatives.push(self.alternative());
                self.accept(",");
            }
        } else {
            rule.alternatives.push(self.alternative());
        }
        self.accept(";");
        (name, rule)
    }

    fn next_of(&mut self, open: &str, word: &str, close: &str) {
        [open, word, close].iter().for_each(|text| self.expect(text));
    }

    /// Symbols and, behind `=>`, an action.
    fn alternative(&mut self) -> Alternative {
        let line = self.line();
        let mut items = Vec::new();
        while !matches!(self.peek(), "=>" | "," | ";" | "}") {
            items.extend(self.item());
        }
        if self.accept("=>") {
            self.skip_to(&[",", ";", "}"]);
        }
        Alternative { items, line }
    }

    /// A symbol; nothing for `@L` and `@R`.
    fn item(&mut self) -> Option<Item> {
        let item = match self.next() {
            "@" => {
                self.next();
                None
            }
            "!" => Some(Item::Recovery),
            "(" => Some(Item::Group(self.items(")"))),
            "<" => {
                self.accept("mut");
                if self.words.get(self.at + 1).is_some_and(|word| word.text == ":") {
                    self.at += 2;
                }
                let mut items = self.items(">");
                assert!(items.len() < 2, "line {}: a binding of several symbols", self.line());
                items.pop()
            }
            name => Some(self.name(name)),
        };
        if self.accept("?") { item.map(|item| Item::Optional(Box::new(item))) } else { item }
    }

    /// Symbols up to a closing bracket.
    fn items(&mut self, close: &str) -> Vec<Item> {
        let mut items = Vec::new();
        while !self.accept(close) {
            items.extend(self.item());
        }
        items
    }

    /// A name, with the arguments that follow a macro without space.
    fn name(&mut self, name: &str) -> Item {
        let is_name = name.starts_with(|c: char| c == '"' || c == '_' || c.is_alphabetic());
        assert!(is_name, "line {}: `{name}` is not read here", self.line());
        let end = self.words[self.at - 1].start + name.len();
        let mut arguments = Vec::new();
        if self.words.get(self.at).is_some_and(|word| word.text == "<" && word.start == end) {
            self.at += 1;
            while !self.accept(">") {
                arguments.extend(self.item());
                self.accept(",");
            }
        }
        Item::Name(name.to_owned(), arguments)
    }
}

/// Adds the words of a line that starts at `offset`.
fn words_of<'a>(content: &'a str, offset: usize, line: usize, words: &mut Vec<Word<'a>>) {
    let is_part = |c: char| c == '_' || c.is_alphanumeric();
    let mut rest = content.trim_start();
    while !rest.is_empty() && !rest.starts_with("//") {
        let length = match rest.chars().next() {
            Some('"') => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            Some(c) if is_part(c) => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("=>") => 2,
            other => other.map_or(1, char::len_utf8),
        };
        words.push(Word { text: &rest[..length], start: offset + content.len() - rest.len(), line });
        rest = rest[length..].trim_start();
    }
}
