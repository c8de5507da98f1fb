//! JSON to session types.
//!
//! The document is walked with a stack: a term is entered, its parts are built, and it is left with their indices,
//! so parts always come before the whole in the arena. Well-formedness (closed, guarded, distinct labels) is the
//! compiler's to check; here only the schema holds.

use crate::error::{Fault, ImportError};
use crate::json::{Document, Value, ValueId};
use crate::{MAX_DEPTH, MAX_SORT_DEPTH};
use std::collections::HashMap;
use std::ops::Range;
use tell_compiler::import::Place;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};

type Import<T> = Result<T, ImportError>;

/// Reads a global type, bare or as `{"roles":[…],"global":G}`. Without a list, roles are in the order they occur.
///
/// # Errors
/// The first mistake in the order of the text.
pub fn json_to_global(text: &str) -> Import<GlobalType> {
    json_to_global_with_places(text).map(|(global, _)| global)
}

/// [`json_to_global`], and where each node stands.
///
/// # Errors
/// The first mistake in the order of the text.
pub fn json_to_global_with_places(text: &str) -> Import<(GlobalType, Vec<Place>)> {
    let document = Document::read(text)?;
    let mut roles = Roles::default();
    let mut root = document.root();
    if let Value::Object(entries) = document.value(root)
        && entries.iter().any(|(key, _)| key == "global")
    {
        let [listed, global] = Object::read(&document, root)?.keys(["roles", "global"])?;
        roles.list(&document, listed)?;
        root = global;
    }
    let Arena { nodes, places, root } = build(&document, root, |id| global_term(&document, id, &mut roles))?;
    let places = places.into_iter().map(|id| Place::new(document.place(id), label_places(&document, id)));
    Ok((GlobalType { roles: roles.names, nodes, root: GlobalId(root) }, places.collect()))
}

/// Where the labels in the branches of a term stand.
fn label_places(document: &Document, id: ValueId) -> Vec<Range<u32>> {
    let field = |id: ValueId, name: &str| match document.value(id) {
        Value::Object(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| *value),
        _ => None,
    };
    let Some(Value::Array(rows)) = field(id, "branches").map(|rows| document.value(rows)) else { return Vec::new() };
    rows.iter().filter_map(|row| field(*row, "label")).map(|label| document.place(label)).collect()
}

/// Reads a local type.
///
/// # Errors
/// The first mistake in the order of the text.
pub fn json_to_local(text: &str) -> Import<LocalType> {
    let document = Document::read(text)?;
    let Arena { nodes, root, .. } = build(&document, document.root(), |id| local_term(&document, id))?;
    Ok(LocalType { nodes, root: LocalId(root) })
}

/// The part of a term.
enum Part {
    Of(ValueId),
    /// This value leaves it out: nothing follows.
    End(ValueId),
}

/// A term that waits for the indices of its parts, in their order.
type Waiting<Node> = Box<dyn FnOnce(&[u32]) -> Node>;

/// A node of an arena.
trait Term {
    const END: Self;
}

impl Term for GlobalNode {
    const END: Self = Self::End;
}

impl Term for LocalNode {
    const END: Self = Self::End;
}

/// Nodes, the value each was read from, and which is the whole term.
struct Arena<Node> {
    nodes: Vec<Node>,
    places: Vec<ValueId>,
    root: u32,
}

/// Builds the arena below a value; `read` takes a term apart.
fn build<Node: Term>(
    document: &Document,
    root: ValueId,
    mut read: impl FnMut(ValueId) -> Import<(Vec<Part>, Waiting<Node>)>,
) -> Import<Arena<Node>> {
    enum Work<Node> {
        Enter(Part, usize),
        Leave(ValueId, usize, Waiting<Node>),
    }
    let (mut nodes, mut places) = (Vec::new(), Vec::new());
    let mut built = Vec::new();
    let mut stack = vec![Work::Enter(Part::Of(root), 1)];
    while let Some(work) = stack.pop() {
        let (node, place) = match work {
            Work::Enter(Part::End(id), _) => (Node::END, id),
            Work::Enter(Part::Of(id), depth) => {
                if depth > MAX_DEPTH {
                    return Err(document.error(id, Fault::TooDeep { limit: MAX_DEPTH }));
                }
                let (parts, waiting) = read(id)?;
                stack.push(Work::Leave(id, parts.len(), waiting));
                stack.extend(parts.into_iter().rev().map(|part| Work::Enter(part, depth + 1)));
                continue;
            }
            Work::Leave(id, count, waiting) => {
                let parts = built.split_off(built.len() - count);
                (waiting(&parts), id)
            }
        };
        built.push(u32::try_from(nodes.len()).expect("a node takes a byte of a limited text"));
        nodes.push(node);
        places.push(place);
    }
    let root = built.pop().expect("the root is built last");
    Ok(Arena { nodes, places, root })
}

/// The roles of a global type.
#[derive(Default)]
struct Roles {
    names: Vec<String>,
    indices: HashMap<String, u32>,
    /// Whether a list says which there are.
    listed: bool,
}

impl Roles {
    fn list(&mut self, document: &Document, id: ValueId) -> Import<()> {
        for &item in array(document, id)? {
            let name = text(document, item)?;
            if self.indices.contains_key(name) {
                return Err(document.error(item, Fault::DuplicateRole(name.to_owned())));
            }
            self.add(name);
        }
        self.listed = true;
        Ok(())
    }

    fn add(&mut self, name: &str) -> u32 {
        let index = u32::try_from(self.names.len()).expect("a role takes a byte of a limited text");
        self.names.push(name.to_owned());
        self.indices.insert(name.to_owned(), index);
        index
    }

    fn role(&mut self, document: &Document, id: ValueId) -> Import<u32> {
        let name = text(document, id)?;
        match self.indices.get(name) {
            Some(&index) => Ok(index),
            None if self.listed => Err(document.error(id, Fault::UnknownRole(name.to_owned()))),
            None => Ok(self.add(name)),
        }
    }
}

fn wrong<T>(document: &Document, id: ValueId, expected: &'static str) -> Import<T> {
    Err(document.error(id, Fault::WrongType { expected, found: document.value(id).kind() }))
}

fn text(document: &Document, id: ValueId) -> Import<&str> {
    match document.value(id) {
        Value::Text(text) if text.chars().any(is_unprintable) => {
            Err(document.error(id, Fault::Unprintable(text.escape_debug().to_string())))
        }
        Value::Text(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            wrong(document, id, "a string")
        }
    }
}

/// Control characters, and those that change the direction of text.
fn is_unprintable(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

fn array(document: &Document, id: ValueId) -> Import<&[ValueId]> {
    match document.value(id) {
        Value::Array(items) => Ok(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => {
            wrong(document, id, "an array")
        }
    }
}

/// An object whose keys are being taken.
struct Object<'a> {
    document: &'a Document,
    id: ValueId,
    entries: &'a [(String, ValueId)],
}

impl<'a> Object<'a> {
    fn read(document: &'a Document, id: ValueId) -> Import<Self> {
        match document.value(id) {
            Value::Object(entries) => Ok(Self { document, id, entries }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_) => {
                wrong(document, id, "an object")
            }
        }
    }

    fn find(&self, wanted: &str) -> Option<ValueId> {
        self.entries.iter().find(|(key, _)| key == wanted).map(|(_, id)| *id)
    }

    fn key(&self, wanted: &'static str) -> Import<ValueId> {
        self.find(wanted).ok_or_else(|| self.document.error(self.id, Fault::MissingKey(wanted)))
    }

    /// Exactly these keys.
    fn keys<const N: usize>(&self, wanted: [&'static str; N]) -> Import<[ValueId; N]> {
        self.only(&wanted)?;
        let mut found = [self.id; N];
        for (slot, key) in found.iter_mut().zip(wanted) {
            *slot = self.key(key)?;
        }
        Ok(found)
    }

    /// No other keys than these.
    fn only(&self, known: &[&str]) -> Import<()> {
        match self.entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => Err(self.document.error(self.id, Fault::UnknownKey(key.escape_debug().to_string()))),
            None => Ok(()),
        }
    }
}

/// The branches of a term: what `row` reads of each, and the parts that follow them.
fn branches<T>(
    document: &Document,
    id: ValueId,
    mut row: impl FnMut(ValueId) -> Import<(T, ValueId)>,
) -> Import<(Vec<T>, Vec<Part>)> {
    let mut heads = Vec::new();
    let mut parts = Vec::new();
    for &branch in array(document, id)? {
        let (head, then) = row(branch)?;
        heads.push(head);
        parts.push(Part::Of(then));
    }
    Ok((heads, parts))
}

fn labelled(document: &Document, id: ValueId) -> Import<(Label, ValueId)> {
    let [label, then] = Object::read(document, id)?.keys(["label", "continuation"])?;
    Ok((self::label(document, label)?, then))
}

fn named(document: &Document, id: ValueId) -> Import<(String, ValueId)> {
    let [name, then] = Object::read(document, id)?.keys(["name", "continuation"])?;
    Ok((text(document, name)?.to_owned(), then))
}

fn label(document: &Document, id: ValueId) -> Import<Label> {
    let [name, sort] = Object::read(document, id)?.keys(["name", "sort"])?;
    Ok(Label { name: text(document, name)?.to_owned(), sort: self::sort(document, sort, 1)? })
}

/// Reads a sort; the depth is counted.
fn sort(document: &Document, id: ValueId, depth: usize) -> Import<Sort> {
    if depth > MAX_SORT_DEPTH {
        return Err(document.error(id, Fault::TooDeep { limit: MAX_SORT_DEPTH }));
    }
    let entries = match document.value(id) {
        Value::Text(word) => {
            return match word.as_str() {
                "unit" => Ok(Sort::Unit),
                "nat" => Ok(Sort::Nat),
                "int" => Ok(Sort::Int),
                "bool" => Ok(Sort::Bool),
                "string" => Ok(Sort::String),
                "bytes" => Ok(Sort::Bytes),
                "real" => Ok(Sort::Real),
                other => Err(document.error(id, Fault::UnknownSort(other.to_owned()))),
            };
        }
        Value::Object(entries) => entries,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return wrong(document, id, "a sort");
        }
    };
    let [(key, value)] = entries.as_slice() else {
        return wrong(document, id, "an object with the key `vector`, `prod` or `named`");
    };
    match key.as_str() {
        "vector" => vector(document, *value),
        "named" => Ok(Sort::Named(text(document, *value)?.to_owned())),
        "prod" => match *array(document, *value)? {
            [left, right] => {
                let left = sort(document, left, depth + 1)?;
                Ok(Sort::Prod(Box::new(left), Box::new(sort(document, right, depth + 1)?)))
            }
            _ => wrong(document, *value, "an array of two sorts"),
        },
        other => Err(document.error(id, Fault::UnknownKey(other.escape_debug().to_string()))),
    }
}

fn vector(document: &Document, id: ValueId) -> Import<Sort> {
    let Value::Number(number) = document.value(id) else { return wrong(document, id, "a number") };
    match number.parse() {
        Ok(length) => Ok(Sort::Vector(length)),
        Err(_) => Err(document.error(id, Fault::NotALength(number.clone()))),
    }
}

fn unknown_kind<T>(document: &Document, id: ValueId) -> Import<T> {
    Err(document.error(id, Fault::UnknownKind(text(document, id)?.to_owned())))
}

/// Pairs what was read of each branch with the index of what follows.
fn joined<T, U>(heads: Vec<T>, parts: &[u32], pair: impl Fn(T, u32) -> U) -> Vec<U> {
    heads.into_iter().zip(parts).map(|(head, &part)| pair(head, part)).collect()
}

/// What follows a term: the key `then`, or nothing.
fn then(object: &Object<'_>) -> Part {
    object.find("then").map_or(Part::End(object.id), Part::Of)
}

fn global_term(document: &Document, id: ValueId, roles: &mut Roles) -> Import<(Vec<Part>, Waiting<GlobalNode>)> {
    let object = Object::read(document, id)?;
    let kind = object.key("kind")?;
    Ok(match text(document, kind)? {
        "end" => {
            object.keys(["kind"])?;
            (Vec::new(), Box::new(|_| GlobalNode::End))
        }
        "var" => {
            let [_, name] = object.keys(["kind", "name"])?;
            let name = text(document, name)?.to_owned();
            (Vec::new(), Box::new(|_| GlobalNode::Var(name)))
        }
        "rec" => {
            let [_, var, body] = object.keys(["kind", "var", "body"])?;
            let name = text(document, var)?.to_owned();
            (vec![Part::Of(body)], Box::new(|parts| GlobalNode::Rec(name, GlobalId(parts[0]))))
        }
        "comm" => {
            let [_, sender, receiver, rows] = object.keys(["kind", "sender", "receiver", "branches"])?;
            let (sender, receiver) = (roles.role(document, sender)?, roles.role(document, receiver)?);
            let (heads, parts) = branches(document, rows, |row| labelled(document, row))?;
            let node = move |parts: &[u32]| GlobalNode::Comm {
                sender,
                receiver,
                branches: joined(heads, parts, |label, then| (label, GlobalId(then))),
            };
            (parts, Box::new(node))
        }
        "choice" => choice(&object, roles)?,
        "case" => {
            let [_, listed, rows] = object.keys(["kind", "deciders", "branches"])?;
            let deciders: Result<Vec<_>, _> =
                array(document, listed)?.iter().map(|&role| roles.role(document, role)).collect();
            let deciders = deciders?;
            let (heads, parts) = branches(document, rows, |row| named(document, row))?;
            let node = move |parts: &[u32]| GlobalNode::Case {
                deciders,
                branches: joined(heads, parts, |name, then| (name, GlobalId(then))),
            };
            (parts, Box::new(node))
        }
        "par" => {
            let parts = par(&object)?;
            let node = |parts: &[u32]| {
                let (then, branches) = parts.split_last().expect("`then` is a part");
                GlobalNode::Par { branches: branches.iter().map(|&id| GlobalId(id)).collect(), then: GlobalId(*then) }
            };
            (parts, Box::new(node))
        }
        "timed" => {
            let owner = roles.role(document, object.key("owner")?)?;
            let (names, parts) = timed(&object)?;
            let node = move |parts: &[u32]| GlobalNode::Timed {
                owner,
                body: GlobalId(parts[0]),
                then: GlobalId(parts[parts.len() - 1]),
                outcomes: joined(names, &parts[1..], |name, block| (name, GlobalId(block))),
            };
            (parts, Box::new(node))
        }
        _ => return unknown_kind(document, kind),
    })
}

fn choice(object: &Object<'_>, roles: &mut Roles) -> Import<(Vec<Part>, Waiting<GlobalNode>)> {
    let document = object.document;
    let [_, decider, rows] = object.keys(["kind", "decider", "branches"])?;
    let decider = roles.role(document, decider)?;
    let (heads, parts) = branches(document, rows, |row| {
        let [receiver, label, then] = Object::read(document, row)?.keys(["receiver", "label", "continuation"])?;
        Ok(((roles.role(document, receiver)?, self::label(document, label)?), then))
    })?;
    let node = move |parts: &[u32]| GlobalNode::Choice {
        decider,
        branches: joined(heads, parts, |(receiver, label), then| (receiver, label, GlobalId(then))),
    };
    Ok((parts, Box::new(node)))
}

/// The parts of a `par`: its branches, then what follows.
fn par(object: &Object<'_>) -> Import<Vec<Part>> {
    object.only(&["kind", "branches", "then"])?;
    let branches = array(object.document, object.key("branches")?)?;
    Ok(branches.iter().map(|&id| Part::Of(id)).chain([then(object)]).collect())
}

/// The names of the outcomes of a `timed`, and its parts: body, outcomes, what follows.
fn timed(object: &Object<'_>) -> Import<(Vec<String>, Vec<Part>)> {
    object.only(&["kind", "owner", "body", "outcomes", "then"])?;
    let outcomes = Object::read(object.document, object.key("outcomes")?)?.entries;
    let names = outcomes.iter().map(|(name, _)| name.clone()).collect();
    let blocks = outcomes.iter().map(|(_, block)| Part::Of(*block));
    Ok((names, [Part::Of(object.key("body")?)].into_iter().chain(blocks).chain([then(object)]).collect()))
}

fn local_term(document: &Document, id: ValueId) -> Import<(Vec<Part>, Waiting<LocalNode>)> {
    let object = Object::read(document, id)?;
    let kind = object.key("kind")?;
    Ok(match text(document, kind)? {
        "end" => {
            object.keys(["kind"])?;
            (Vec::new(), Box::new(|_| LocalNode::End))
        }
        "var" => {
            let [_, name] = object.keys(["kind", "name"])?;
            let name = text(document, name)?.to_owned();
            (Vec::new(), Box::new(|_| LocalNode::Var(name)))
        }
        "rec" => {
            let [_, var, body] = object.keys(["kind", "var", "body"])?;
            let name = text(document, var)?.to_owned();
            (vec![Part::Of(body)], Box::new(|parts| LocalNode::Rec(name, LocalId(parts[0]))))
        }
        word @ ("send" | "recv") => {
            let [_, partner, rows] = object.keys(["kind", "partner", "branches"])?;
            let partner = text(document, partner)?.to_owned();
            let (heads, parts) = branches(document, rows, |row| labelled(document, row))?;
            let node = if word == "send" { LocalNode::Send } else { LocalNode::Recv };
            let join = move |parts: &[u32]| joined(heads, parts, |label, then| (label, LocalId(then)));
            (parts, Box::new(move |parts| node(partner, join(parts))))
        }
        word @ ("send_any" | "recv_any") => {
            let [_, rows] = object.keys(["kind", "branches"])?;
            let (heads, parts) = branches(document, rows, |row| {
                let [partner, label, then] = Object::read(document, row)?.keys(["partner", "label", "continuation"])?;
                Ok(((text(document, partner)?.to_owned(), self::label(document, label)?), then))
            })?;
            let node = if word == "send_any" { LocalNode::SendAny } else { LocalNode::RecvAny };
            let join = |(partner, label), then| (partner, label, LocalId(then));
            (parts, Box::new(move |parts| node(joined(heads, parts, join))))
        }
        "case" => {
            let [_, rows] = object.keys(["kind", "branches"])?;
            let (heads, parts) = branches(document, rows, |row| named(document, row))?;
            let join = |name, then| (name, LocalId(then));
            (parts, Box::new(move |parts| LocalNode::Case(joined(heads, parts, join))))
        }
        "par" => {
            let parts = par(&object)?;
            let node = |parts: &[u32]| {
                let (then, branches) = parts.split_last().expect("`then` is a part");
                LocalNode::Par { branches: branches.iter().map(|&id| LocalId(id)).collect(), then: LocalId(*then) }
            };
            (parts, Box::new(node))
        }
        "timed" => {
            let owner = text(document, object.key("owner")?)?.to_owned();
            let (names, parts) = timed(&object)?;
            let node = move |parts: &[u32]| LocalNode::Timed {
                owner,
                body: LocalId(parts[0]),
                then: LocalId(parts[parts.len() - 1]),
                outcomes: joined(names, &parts[1..], |name, block| (name, LocalId(block))),
            };
            (parts, Box::new(node))
        }
        _ => return unknown_kind(document, kind),
    })
}
