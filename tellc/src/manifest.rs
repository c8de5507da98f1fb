//! `tell.toml`: the name of a package, its edition, and the packages it uses. The only door to `toml`.
//!
//! ```toml
//! [package]
//! name = "shop"
//! edition = "1"
//!
//! [dependencies]
//! util = { path = "../util" }
//! ```

use std::borrow::Cow;
use std::ops::Range;
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::span::{FileId, Span};
use tell_language::token::KEYWORDS;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Name of the file.
pub(crate) const FILE: &str = "tell.toml";

/// The only edition so far.
pub(crate) const EDITION: &str = "1";

const SECTIONS: [&str; 2] = ["package", "dependencies"];
const PACKAGE_KEYS: [&str; 2] = ["name", "edition"];

/// What a `tell.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The package's name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) name_span: Span,
    /// The packages it uses, in text order.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A package that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Its name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) span: Span,
    /// Its folder, relative to that of the `tell.toml`.
    pub(crate) path: String,
    /// Where the folder stands.
    pub(crate) path_span: Span,
}

/// Why a text cannot be the name of a package.
///
/// # Errors
/// The reason, and what to do.
pub(crate) fn check_name(name: &str) -> Result<(), (&'static str, &'static str)> {
    let is_identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_identifier {
        return Err(("it is not a name of Tell", "letters, digits and `_` make a name, and no digit comes first"));
    }
    if KEYWORDS.contains(&name) {
        return Err(("it is a keyword of Tell", "add something to it: imports begin with the name"));
    }
    if name == "std" {
        return Err(("`std` is the standard library", "choose another name"));
    }
    Ok(())
}

/// Reads the text of a `tell.toml`.
///
/// # Errors
/// `E0263`, `E0264`, `E0265`, `E0270`, `E0271`: everything that is wrong, in text order.
pub(crate) fn read(file: FileId, text: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let mut reader = Reader { file, wrong: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let message = format!("this is no TOML: {}", error.message().lines().next().unwrap_or_default());
        reader.malformed(
            &message,
            span(error.span().unwrap_or_default()),
            "here",
            "compare with `tellc explain E0263`",
        );
    }
    let manifest = if reader.wrong.is_empty() { reader.manifest(table.get_ref()) } else { None };
    let Reader { mut wrong, .. } = reader;
    wrong.sort_by_key(Diagnostic::position);
    manifest.filter(|_| wrong.is_empty()).ok_or(wrong)
}

struct Reader {
    file: FileId,
    wrong: Vec<Diagnostic>,
}

type Key<'i> = Spanned<Cow<'i, str>>;
type Value<'i> = Spanned<DeValue<'i>>;

impl Reader {
    fn manifest(&mut self, top: &DeTable<'_>) -> Option<Manifest> {
        self.unknown_keys(top, &SECTIONS, "section");
        let dependencies = top.iter().find(|(key, _)| key.get_ref() == "dependencies");
        let dependencies = dependencies.map_or_else(Vec::new, |(key, value)| self.dependencies(key, value));
        let Some((key, package)) = top.iter().find(|(key, _)| key.get_ref() == "package") else {
            let help = "write `[package]` and below it `name = \"…\"` and `edition = \"1\"`";
            self.malformed("there is no `[package]`", Span::default(), "the file starts here", help);
            return None;
        };
        let package = self.table(key, package)?;
        self.unknown_keys(package, &PACKAGE_KEYS, "key");
        self.edition(package, span(key.span()));
        let Some((name, value)) = package.iter().find(|(key, _)| key.get_ref() == "name") else {
            self.malformed("the package has no name", span(key.span()), "in this section", "add `name = \"…\"`");
            return None;
        };
        let text = self.text(name, value)?;
        if let Err((reason, help)) = check_name(text) {
            let message = format!("`{text}` cannot be the name of a package: {reason}");
            self.report("E0270", message, span(value.span()), "this name", help);
        }
        Some(Manifest { name: text.to_owned(), name_span: span(value.span()), dependencies })
    }

    fn edition(&mut self, package: &DeTable<'_>, section: Span) {
        let help = format!("write `edition = \"{EDITION}\"`");
        let Some((key, value)) = package.iter().find(|(key, _)| key.get_ref() == "edition") else {
            let message = "the package does not say its edition".to_owned();
            return self.report("E0271", message, section, "in this section", &help);
        };
        match self.text(key, value) {
            Some(EDITION) | None => {}
            Some(other) => {
                let message = format!("there is no edition `{other}`");
                self.report("E0271", message, span(value.span()), "unknown edition", &help);
            }
        }
    }

    fn dependencies(&mut self, key: &Key<'_>, value: &Value<'_>) -> Vec<Dependency> {
        let Some(table) = self.table(key, value) else { return Vec::new() };
        let mut found: Vec<Dependency> =
            table.iter().filter_map(|(name, value)| self.dependency(name, value)).collect();
        found.sort_by_key(|dependency| dependency.span);
        found
    }

    fn dependency(&mut self, name: &Key<'_>, value: &Value<'_>) -> Option<Dependency> {
        let text = name.get_ref();
        let help = format!("write `{text} = {{ path = \"../{text}\" }}`: packages are folders in this version");
        let path = value.get_ref().as_table().and_then(|table| table.iter().find(|(key, _)| key.get_ref() == "path"));
        let Some((key, path)) = path else {
            let message = format!("the dependency `{text}` has no path");
            self.report("E0265", message, span(value.span()), "only a folder can be named", &help);
            return None;
        };
        if let Some(table) = value.get_ref().as_table() {
            for (other, _) in table.iter().filter(|(other, _)| other.get_ref() != "path") {
                let message = format!("a dependency has a path and nothing else, not `{}`", other.get_ref());
                self.report("E0265", message, span(other.span()), "remove this", &help);
            }
        }
        let folder = self.text(key, path)?;
        Some(Dependency {
            name: text.to_string(),
            span: span(name.span()),
            path: folder.to_owned(),
            path_span: span(path.span()),
        })
    }

    fn table<'v, 'i>(&mut self, key: &Key<'_>, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let message = format!("`{}` is {}, not a section", key.get_ref(), value.get_ref().type_str());
            self.malformed(&message, span(value.span()), "this value", &format!("write `[{}]`", key.get_ref()));
        }
        table
    }

    fn text<'v>(&mut self, key: &Key<'_>, value: &'v Value<'_>) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            let message = format!("`{}` is {}, not a text", key.get_ref(), value.get_ref().type_str());
            self.malformed(&message, span(value.span()), "this value", "put it into quotes");
        }
        text
    }

    fn unknown_keys(&mut self, table: &DeTable<'_>, known: &[&str], what: &str) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let text = key.get_ref();
            let help = match did_you_mean(text, known.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("there is {}", known.join(" and ")),
            };
            let message = format!("`{FILE}` has no {what} `{text}`");
            self.report("E0264", message, span(key.span()), &format!("unknown {what}"), &help);
        }
    }

    fn malformed(&mut self, message: &str, span: Span, label: &str, help: &str) {
        self.report("E0263", message.to_owned(), span, label, help);
    }

    fn report(&mut self, code: &'static str, message: String, span: Span, label: &str, help: &str) {
        self.wrong.push(Diagnostic::new(Code(code), message).label(self.file, span, label).help(help));
    }
}

fn span(range: Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(range.start), offset(range.end))
}
