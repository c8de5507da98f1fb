//! Names of Scribble as names of Tell: what Tell reserves or writes otherwise is renamed, the same way every time.

use super::{Block, Message, Module, Name, Note, Payload, Protocol, Stmt};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use tell_language::token::KEYWORDS;

/// Types that Tell defines.
const BUILT_IN: [&str; 12] =
    ["Unit", "Bool", "Int", "String", "Bytes", "Duration", "Session", "Role", "List", "Maybe", "Result", "Map"];

/// What a name stands for, and so how Tell writes it (LANGUAGE §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Protocol,
    Type,
    Role,
    Label,
    Recursion,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Type => "type",
            Self::Role => "role",
            Self::Label => "label",
            Self::Recursion => "recursion",
        }
    }
}

/// A name as Tell allows it.
pub(super) fn spelled(kind: Kind, text: &str) -> String {
    let mut name = text.replace('\'', "_");
    let first = name.chars().next().unwrap_or('_');
    match kind {
        Kind::Protocol | Kind::Type if first.is_ascii_alphabetic() => name[..1].make_ascii_uppercase(),
        Kind::Protocol => name.insert(0, 'P'),
        Kind::Type => name.insert(0, 'T'),
        Kind::Role | Kind::Label | Kind::Recursion => {}
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if name == "_" || KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// The name of a field: it starts with a small letter, and `session` is a name of Tell itself.
pub(super) fn field(text: &str) -> String {
    let mut name = text.to_owned();
    name[..1].make_ascii_lowercase();
    let mut name = spelled(Kind::Label, &name);
    if name == "session" {
        name.push('_');
    }
    name
}

/// The note that says of a name what became of it.
pub(super) fn renamed(kind: Kind, name: Name<'_>, new: &str) -> Note {
    let text = name.text;
    let reason = match kind {
        _ if KEYWORDS.contains(&text) => format!("`{text}` is a word of Tell"),
        _ if spelled(kind, text) == text => "that name is taken".to_owned(),
        Kind::Protocol | Kind::Type => format!("a {} of Tell starts with a capital letter", kind.word()),
        Kind::Role | Kind::Label | Kind::Recursion => "a name of Tell starts with a letter, and has no `'`".to_owned(),
    };
    Note { span: name.span, text: format!("the {} `{text}` becomes `{new}`: {reason}", kind.word()) }
}

/// Names that are all different.
#[derive(Default)]
pub(super) struct Distinct {
    taken: FxHashSet<String>,
    /// The number that is tried next behind a name.
    next: FxHashMap<String, u64>,
}

impl Distinct {
    fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// The name, or with the first number behind it that makes it new.
    pub(super) fn name(&mut self, wanted: String) -> String {
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let next = self.next.entry(wanted.clone()).or_insert(2);
        loop {
            let numbered = format!("{wanted}_{next}");
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// Names of one kind, and what they became.
#[derive(Default)]
pub(super) struct Namespace<'t>(FxHashMap<Cow<'t, str>, String>);

impl<'t> Namespace<'t> {
    /// Gives each name one of its own: those that can stay do, the others avoid them and what is taken.
    fn new(kind: Kind, names: &[Name<'t>], taken: &mut Distinct, notes: &mut Vec<Note>) -> Self {
        let mut space = Self::default();
        let mut seen = FxHashSet::default();
        let stays = |name: &Name<'t>| spelled(kind, name.text) == name.text && !taken.is_taken(name.text);
        let (stay, go): (Vec<Name<'t>>, Vec<Name<'t>>) =
            names.iter().filter(|name| seen.insert(name.text)).partition(|name| stays(name));
        for name in stay {
            space.add(name.text.into(), name.text.to_owned(), taken);
        }
        for name in go {
            let new = space.add(name.text.into(), spelled(kind, name.text), taken);
            notes.push(renamed(kind, name, &new));
        }
        space
    }

    /// Adds a name that is called `wanted`, or nearly so if that is taken.
    fn add(&mut self, name: Cow<'t, str>, wanted: String, taken: &mut Distinct) -> String {
        let new = taken.name(wanted);
        self.0.insert(name, new.clone());
        new
    }

    /// What a name became.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).expect("all names of the module are in its namespaces")
    }
}

/// The names of a module.
pub(super) struct Names<'t> {
    pub(super) protocols: Namespace<'t>,
    /// Roles of each protocol, in the order of the protocols.
    pub(super) roles: Vec<Namespace<'t>>,
    types: Namespace<'t>,
    /// Types to declare, in order.
    pub(super) declared: Vec<String>,
    /// Labels; messages without one stand under their payload.
    labels: Namespace<'t>,
}

impl<'t> Names<'t> {
    /// The names of these protocols of a module, and notes on those that changed.
    pub(super) fn new(module: &Module<'t>, chosen: &[&Protocol<'t>], notes: &mut Vec<Note>) -> Self {
        let mut taken = Distinct::default();
        for name in BUILT_IN {
            taken.name(name.to_owned());
        }
        let protocols: Vec<Name<'t>> = chosen.iter().map(|protocol| protocol.name).collect();
        let protocols = Namespace::new(Kind::Protocol, &protocols, &mut taken, notes);
        let roles = |protocol: &&Protocol<'t>| {
            Namespace::new(Kind::Role, &protocol.roles, &mut Distinct::default(), &mut *notes)
        };
        let roles = chosen.iter().map(roles).collect();
        let messages = messages(chosen);
        let opaque = opaque_types(module, &messages);
        let types = Namespace::new(Kind::Type, &opaque, &mut taken, notes);
        let mut seen = FxHashSet::default();
        let declared =
            opaque.iter().filter(|ty| seen.insert(ty.text)).map(|ty| types.get(ty.text).to_owned()).collect();
        let mut taken = Distinct::default();
        let written: Vec<Name<'t>> = messages.iter().filter_map(|message| message.label).collect();
        let labels = Namespace::new(Kind::Label, &written, &mut taken, notes);
        let mut names = Self { protocols, roles, types, declared, labels };
        names.add_labels(&messages, &mut taken, notes);
        names
    }

    /// Labels for messages without one: `Message`, or `Message_Int_String` after the payload.
    fn add_labels(&mut self, messages: &[&Message<'t>], taken: &mut Distinct, notes: &mut Vec<Note>) {
        for message in messages.iter().filter(|message| message.label.is_none()) {
            let types: Vec<&str> = carried(&message.payload).iter().map(|payload| self.ty(payload)).collect();
            let key = key(&types);
            if self.labels.0.contains_key(key.as_str()) {
                continue;
            }
            let wanted = [&["Message"], types.as_slice()].concat().join("_");
            let label = self.labels.add(key.into(), wanted, taken);
            let text = format!("a message without a label gets the label `{label}`");
            notes.push(Note { span: message.span, text });
        }
    }

    /// The label of a message.
    pub(super) fn label(&self, message: &Message<'t>) -> &str {
        match message.label {
            Some(label) => self.labels.get(label.text),
            None => {
                let types: Vec<&str> = carried(&message.payload).iter().map(|payload| self.ty(payload)).collect();
                self.labels.get(&key(&types))
            }
        }
    }

    /// The type of a payload.
    pub(super) fn ty(&self, payload: &Payload<'t>) -> &str {
        built_in(payload.ty.text).unwrap_or_else(|| self.types.get(opaque_name(payload.ty.text)))
    }
}

/// What stands for the label of a message without one; not a name, so no label is called so.
fn key(types: &[&str]) -> String {
    format!("({})", types.join(","))
}

/// The parts of a payload that are written: a single `unit` says nothing.
pub(super) fn carried<'p, 't>(payload: &'p [Payload<'t>]) -> &'p [Payload<'t>] {
    match payload {
        [only] if built_in(only.ty.text) == Some("Unit") => &[],
        all => all,
    }
}

/// The type of Tell that a payload type is.
fn built_in(ty: &str) -> Option<&'static str> {
    Some(match ty {
        "int" | "Int" | "integer" | "Integer" => "Int",
        "bool" | "Bool" | "boolean" | "Boolean" => "Bool",
        "string" | "String" | "str" | "Str" => "String",
        "unit" | "Unit" => "Unit",
        "bytes" | "Bytes" => "Bytes",
        _ => return None,
    })
}

/// Under which name an opaque type stands: Tell has no floating-point numbers, and those are one type.
fn opaque_name(ty: &str) -> &str {
    match ty {
        "real" | "float" | "Float" | "double" | "Double" => "Real",
        other => other,
    }
}

/// Types that have to be declared: those of the file, then those only used, in text order.
fn opaque_types<'t>(module: &Module<'t>, messages: &[&Message<'t>]) -> Vec<Name<'t>> {
    let used = messages.iter().flat_map(|message| &message.payload).map(|payload| payload.ty);
    let all = module.types.iter().copied().chain(used).filter(|ty| built_in(ty.text).is_none());
    all.map(|ty| Name { text: opaque_name(ty.text), span: ty.span }).collect()
}

/// All messages, in text order.
fn messages<'m, 't>(protocols: &[&'m Protocol<'t>]) -> Vec<&'m Message<'t>> {
    let mut found = Vec::new();
    protocols.iter().for_each(|protocol| collect(&protocol.body, &mut found));
    found
}

fn collect<'m, 't>(block: &'m Block<'t>, found: &mut Vec<&'m Message<'t>>) {
    for stmt in block {
        match stmt {
            Stmt::Message(message) => found.push(message),
            Stmt::Choice { arms, .. } => arms.iter().for_each(|arm| collect(arm, found)),
            Stmt::Rec { body, .. } => collect(body, found),
            Stmt::Continue(_) | Stmt::Do { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, field, spelled};

    #[test]
    fn names_are_spelled_as_tell_demands() {
        let cases = [
            (Kind::Protocol, "adder", "Adder"),
            (Kind::Protocol, "_p", "P_p"),
            (Kind::Type, "1st", "T1st"),
            (Kind::Role, "at", "at_"),
            (Kind::Role, "_", "__"),
            (Kind::Label, "404", "_404"),
            (Kind::Label, "x'", "x_"),
            (Kind::Role, "session", "session"),
            (Kind::Recursion, "loop", "loop_"),
            (Kind::Label, "Loop", "Loop"),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(spelled(kind, text), expected);
        }
        assert_eq!(["Result", "session", "x'", "0"].map(field), ["result_", "session_", "x_", "_0"]);
    }
}
