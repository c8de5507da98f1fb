//! The tables that all roles share: per table how an entry is written and read, and what it is called elsewhere.
//!
//! A table that is added to the image gets a row in [`SECTIONS`]. The order is that of the text: a table may mention
//! those before it.

use super::constant;
use super::cursor::{Cursor, NAME, NOTATION, Read, unknown_word};
use super::name::{Book, Names};
use super::node;
use super::resource;
use super::shape;
use super::token::{TokenKind, is_word, key, quoted};
use super::ty;
use crate::image::{
    Agreement, Class, CodeImage, Edge, Effect, Label, Modality, Op, OpMeta, Outcome, Param, Reentrancy, Region, Role,
    Scope,
};
use crate::ty::TypeId;

/// A table.
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// How an entry is written.
    pub(crate) form: &'static str,
    pub(crate) count: fn(&CodeImage) -> usize,
    pub(crate) write: fn(&CodeImage, &Names, usize) -> String,
    /// Reads the next entry.
    pub(crate) read: fn(&mut CodeImage, &Names, &mut Cursor<'_, '_>) -> Read,
    /// Notes what the entries are called, once all are known.
    pub(crate) note: fn(&CodeImage, &mut Names),
}

/// All tables, in the order of the text.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        title: "types",
        form: ty::FORM,
        count: |image| image.types.len(),
        write: ty::write,
        read: ty::read,
        note: ty::note,
    },
    Section {
        title: "roles",
        form: "NAME (PARAM : TYPE in rN, …)",
        count: |image| image.roles.len(),
        write: write_role,
        read: read_role,
        note: |image, names| names.roles = Book::single(image.roles.iter().map(|role| role_name(&role.name))),
    },
    Section {
        title: "labels",
        form: "NAME(TYPE)",
        count: |image| image.labels.len(),
        write: write_label,
        read: read_label,
        note: note_labels,
    },
    Section {
        title: "effects",
        form: "NAME(TYPE, …)",
        count: |image| image.effects.len(),
        write: write_effect,
        read: read_effect,
        note: note_effects,
    },
    Section {
        title: "operations",
        form: "EFFECT.NAME : (TYPE, …) -> TYPE [MODALITY CLASS PROGRESS REGION AGREEMENT REENTRANCY]",
        count: |image| image.ops.len(),
        write: write_op,
        read: read_op,
        note: note_ops,
    },
    Section {
        title: "constants",
        form: "(), true, 12, 250ms, \"text\" or session",
        count: |image| image.consts.len(),
        write: |image, _, index| constant::write(&image.consts[index]),
        read: |image, _, cursor| {
            image.consts.push(constant::read(cursor)?);
            Ok(())
        },
        note: |image, names| names.consts = Book::single(image.consts.iter().map(constant::write)),
    },
    Section {
        title: "shapes",
        form: "TYPE, VARIANT of TYPE or COUNT of TYPE",
        count: |image| image.shapes.len(),
        write: |image, names, index| shape::write(image, names, &image.shapes[index]),
        read: |image, names, cursor| {
            image.shapes.push(shape::read(names, cursor)?);
            Ok(())
        },
        note: |image, names| {
            names.shapes = Book::single(image.shapes.iter().map(|shape| shape::write(image, names, shape)));
        },
    },
    Section {
        title: "edges",
        form: "ROLE -> ROLE at most N lossy",
        count: |image| image.edges.len(),
        write: write_edge,
        read: read_edge,
        note: |_, _| {},
    },
    Section {
        title: "scopes",
        form: "of ROLE among ROLE, … : OUTCOME | …",
        count: |image| image.scopes.len(),
        write: write_scope,
        read: read_scope,
        note: |_, _| {},
    },
    Section {
        title: "choreography",
        form: node::FORM,
        count: |image| image.choreography.nodes.len(),
        write: node::write,
        read: node::read,
        note: |_, _| {},
    },
    Section {
        title: "images",
        form: "\"CONTENT ID\" | ROLE(TYPE, …) | …",
        count: |image| image.resources.nested.len(),
        write: resource::write_nested,
        read: resource::read_nested,
        note: |_, _| {},
    },
    Section {
        title: "layers",
        form: "NAME session, or NAME shared",
        count: |image| image.resources.layers.len(),
        write: resource::write_layer,
        read: resource::read_layer,
        note: resource::note_layers,
    },
    Section {
        title: "facts",
        form: "NAME, or NAME about ROLE",
        count: |image| image.resources.facts.len(),
        write: resource::write_fact,
        read: resource::read_fact,
        note: resource::note_facts,
    },
    Section {
        title: "bundles",
        form: "LABEL with FACT, …",
        count: |image| image.resources.bundles.len(),
        write: resource::write_bundle,
        read: resource::read_bundle,
        note: |_, _| {},
    },
];

/// `end` stands where a role could stand.
fn role_name(name: &str) -> String {
    if name == "end" { format!("{name:?}") } else { quoted(name) }
}

fn write_role(image: &CodeImage, names: &Names, index: usize) -> String {
    let Role { name, params } = &image.roles[index];
    let param = |param: &Param| format!("{} : {} in r{}", quoted(&param.name), names.types.name(param.ty.0), param.reg);
    let params: Vec<_> = params.iter().map(param).collect();
    if params.is_empty() { role_name(name) } else { format!("{} ({})", role_name(name), params.join(", ")) }
}

fn read_role(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let name = cursor.name("the name of a role")?;
    let mut params = Vec::new();
    if cursor.eats("(") {
        while !cursor.eats(")") {
            if !params.is_empty() {
                cursor.expect(",")?;
            }
            let name = cursor.name("the name of a parameter")?;
            cursor.expect(":")?;
            let ty = ty::read_reference(names, cursor)?;
            cursor.expect("in")?;
            params.push(Param { name, ty, reg: register(cursor)? });
        }
    }
    image.roles.push(Role { name, params });
    Ok(())
}

/// `r3`
pub(crate) fn register(cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    cursor.lettered('r', "a register", u16::MAX.into()).map(short)
}

/// The index a role's name stands for.
pub(crate) fn role(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    let one = |cursor: &mut Cursor<'_, '_>| cursor.name("the name of a role").map(drop);
    cursor.reference(&names.roles, "a role", u16::MAX.into(), one).map(short)
}

/// A number that was compared with the greatest of its kind.
pub(super) fn short(number: u32) -> u16 {
    u16::try_from(number).expect("it was compared with the greatest")
}

fn write_label(image: &CodeImage, names: &Names, index: usize) -> String {
    let Label { name, payload } = &image.labels[index];
    let name = quoted(name);
    match names.types.name(payload.0).as_str() {
        "Unit" => name,
        tuple if tuple.starts_with('(') => format!("{name}{tuple}"),
        ty => format!("{name}({ty})"),
    }
}

fn read_label(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let start = *cursor;
    let name = cursor.name("the name of a label")?;
    let payload = match cursor.sees("(") {
        true => ty::component(names, cursor)?,
        false => match names.types.find("Unit") {
            Some(unit) => TypeId(unit),
            None => {
                let help = "list `Unit` with the types, or write what it carries: `NAME(TYPE)`".to_owned();
                return start.wrong(NAME, "this label carries `Unit`, which is not among the types", Some(help));
            }
        },
    };
    image.labels.push(Label { name, payload });
    Ok(())
}

fn note_labels(image: &CodeImage, names: &mut Names) {
    let entries = image.labels.iter().enumerate();
    let entries = entries.map(|(index, label)| (quoted(&label.name), write_label(image, names, index)));
    names.labels = Book::new(entries.collect::<Vec<_>>().into_iter());
}

/// The index a label stands for: its name, or its name with what it carries.
pub(crate) fn label(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    let extent = |cursor: &mut Cursor<'_, '_>| {
        cursor.name("the name of a label")?;
        cursor.group().map(drop)
    };
    cursor.reference(&names.labels, "a label", u16::MAX.into(), extent).map(short)
}

pub(super) fn types(names: &Names, types: &[TypeId]) -> String {
    types.iter().map(|ty| names.types.name(ty.0)).collect::<Vec<_>>().join(", ")
}

fn write_effect(image: &CodeImage, names: &Names, index: usize) -> String {
    let Effect { name, args } = &image.effects[index];
    if args.is_empty() { quoted(name) } else { format!("{}({})", quoted(name), types(names, args)) }
}

fn read_effect(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let name = cursor.name("the name of an effect")?;
    let args = if cursor.sees("(") { ty::read_list(names, cursor)? } else { Vec::new() };
    image.effects.push(Effect { name, args });
    Ok(())
}

fn note_effects(image: &CodeImage, names: &mut Names) {
    let entries = image.effects.iter().enumerate();
    let entries = entries.map(|(index, effect)| (quoted(&effect.name), write_effect(image, names, index)));
    names.effects = Book::new(entries.collect::<Vec<_>>().into_iter());
}

/// `std.console.Console.print`
fn op_name(names: &Names, op: &Op) -> String {
    let is_simple = is_word(&op.name) && !op.name.contains('.');
    let name = if is_simple { op.name.clone() } else { format!("{:?}", op.name) };
    format!("{}.{name}", names.effects.name(op.effect.into()))
}

fn write_op(image: &CodeImage, names: &Names, index: usize) -> String {
    let op = &image.ops[index];
    let OpMeta { modality, class, may_block, region, agreement, reentrancy } = op.meta;
    let meta = [modality.text(), class.text(), PROGRESS[usize::from(may_block)], region.text(), agreement.text()];
    let signature = format!("({}) -> {}", types(names, &op.params), names.types.name(op.result.0));
    format!("{} : {signature} [{} {}]", op_name(names, op), meta.join(" "), reentrancy.text())
}

/// What `progress` says: whether an operation may block.
const PROGRESS: [&str; 2] = ["immediate", "may_block"];

fn read_op(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let (effect, name) = read_op_name(names, cursor)?;
    cursor.expect(":")?;
    let params = ty::read_list(names, cursor)?;
    cursor.expect("->")?;
    let result = ty::read_reference(names, cursor)?;
    cursor.expect("[")?;
    let meta = OpMeta {
        modality: word(cursor, "a modality", Modality::ALL)?,
        class: word(cursor, "a class", Class::ALL)?,
        may_block: word(cursor, "`immediate` or `may_block`", &[(PROGRESS[0], false), (PROGRESS[1], true)])?,
        region: word(cursor, "a region", Region::ALL)?,
        agreement: word(cursor, "a use of agreements", Agreement::ALL)?,
        reentrancy: word(cursor, "a reentrancy", Reentrancy::ALL)?,
    };
    cursor.expect("]")?;
    image.ops.push(Op { effect, name, params, result, meta });
    Ok(())
}

/// One of a few words.
pub(crate) fn word<T: Copy>(cursor: &mut Cursor<'_, '_>, what: &'static str, words: &[(&'static str, T)]) -> Read<T> {
    match words.iter().find(|(word, _)| cursor.sees(word)) {
        Some((_, value)) => {
            cursor.at += 1;
            Ok(*value)
        }
        None if cursor.peek().is_none() => cursor.expected(what),
        None => Err(unknown_word(cursor, what, words.iter().map(|(word, _)| *word))),
    }
}

/// Effect and name of an operation: the name is behind the last dot.
fn read_op_name(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<(u16, String)> {
    let start = *cursor;
    op_extent(cursor)?;
    let path = &start.tokens[start.at..cursor.at];
    let missing = |cursor: &Cursor<'_, '_>| cursor.wrong(NOTATION, "an operation has an effect", None);
    let (effect, name) = match path {
        [effect @ .., dot, _] if dot.text == "." => {
            let mut last = Cursor { at: cursor.at - 1, ..*cursor };
            (key(effect), last.name("the name of an operation")?)
        }
        [before @ .., last] if last.kind == TokenKind::Word => {
            let Some((effect, name)) = last.text.rsplit_once('.') else { return missing(&start) };
            let before = key(before);
            (if before.is_empty() { effect.to_owned() } else { format!("{before} {effect}") }, name.to_owned())
        }
        _ => return missing(&start),
    };
    // A number of an effect is one token.
    let number = Cursor { tokens: &start.tokens[..=start.at], ..start }.entry(names.effects.len(), u16::MAX.into())?;
    match number.or_else(|| names.effects.find(&effect)).map(u16::try_from) {
        Some(Ok(effect)) => Ok((effect, name)),
        _ => start.unknown("an effect", &effect, names.effects.nearest(&effect)),
    }
}

/// Goes over effect and name.
fn op_extent(cursor: &mut Cursor<'_, '_>) -> Read {
    match cursor.peek() {
        Some(token) if matches!(token.kind, TokenKind::Entry | TokenKind::Raw) => cursor.at += 1,
        _ => drop(cursor.name("an operation, `EFFECT.NAME`")?),
    }
    loop {
        let mut behind = *cursor;
        behind.group()?;
        if !behind.eats(".") {
            return Ok(());
        }
        *cursor = behind;
        cursor.name("the name of an operation")?;
    }
}

/// An operation that is not alone with its name has its number behind it.
fn note_ops(image: &CodeImage, names: &mut Names) {
    let entries = image.ops.iter().enumerate().map(|(number, op)| {
        let name = op_name(names, op);
        let numbered = format!("{name}#{number}");
        (name, numbered)
    });
    names.ops = Book::new(entries.collect::<Vec<_>>().into_iter());
}

/// The index an operation's name stands for.
pub(crate) fn op(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    let extent = |cursor: &mut Cursor<'_, '_>| {
        op_extent(cursor)?;
        cursor.at += usize::from(cursor.peek().is_some_and(|token| token.kind == TokenKind::Entry));
        Ok(())
    };
    cursor.reference(&names.ops, "an operation", u16::MAX.into(), extent).map(short)
}

fn write_edge(image: &CodeImage, names: &Names, index: usize) -> String {
    let Edge { from, to, bound, lossy } = image.edges[index];
    let bound = bound.map_or_else(String::new, |bound| format!(" at most {bound}"));
    let lossy = if lossy { " lossy" } else { "" };
    format!("{} -> {}{bound}{lossy}", names.roles.name(from.into()), names.roles.name(to.into()))
}

fn read_edge(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let from = role(names, cursor)?;
    cursor.expect("->")?;
    let to = role(names, cursor)?;
    let bound = match cursor.eats("at") {
        true => {
            cursor.expect("most")?;
            Some(cursor.number("a number", u32::MAX)?)
        }
        false => None,
    };
    let lossy = cursor.eats("lossy");
    image.edges.push(Edge { from, to, bound, lossy });
    Ok(())
}

fn write_scope(image: &CodeImage, names: &Names, index: usize) -> String {
    let Scope { owner, participants, outcomes } = &image.scopes[index];
    let participants: Vec<_> = participants.iter().map(|&role| names.roles.name(role.into())).collect();
    let outcomes: Vec<_> = outcomes.iter().map(|outcome| outcome.text()).collect();
    format!("of {} among {} : {}", names.roles.name((*owner).into()), participants.join(", "), outcomes.join(" | "))
}

fn read_scope(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    cursor.expect("of")?;
    let owner = role(names, cursor)?;
    cursor.expect("among")?;
    let mut participants = Vec::new();
    while !cursor.eats(":") {
        if !participants.is_empty() {
            cursor.expect(",")?;
        }
        participants.push(role(names, cursor)?);
    }
    let mut outcomes = Vec::new();
    while cursor.peek().is_some() {
        if !outcomes.is_empty() {
            cursor.expect("|")?;
        }
        outcomes.push(word(cursor, "an outcome", Outcome::ALL)?);
    }
    image.scopes.push(Scope { owner, participants, outcomes });
    Ok(())
}
