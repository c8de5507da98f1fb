//! Nested images, guard layers, facts and bundles as text.

use super::cursor::{Cursor, NOTATION, Read};
use super::name::{Book, Names};
use super::section::{label, role, short, types, word};
use super::token::quoted;
use super::ty;
use crate::hash::ContentId;
use crate::image::CodeImage;
use crate::resource::{Bundle, Fact, Layer, Nested, Reach};

/// The words for how far a layer reaches.
const REACHES: [(&str, Reach); 2] = [("session", Reach::Session), ("shared", Reach::Shared)];

pub(super) fn write_nested(image: &CodeImage, names: &Names, index: usize) -> String {
    let Nested { image, roles } = &image.resources.nested[index];
    let role = |(name, params): &(String, Vec<_>)| format!(" | {}({})", quoted(name), types(names, params));
    format!("\"{}\"{}", ContentId(*image), roles.iter().map(role).collect::<String>())
}

pub(super) fn read_nested(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let start = *cursor;
    let id = cursor.name("the content id of an image, between quotes")?;
    let Some(id) = content_id(&id) else {
        return start.wrong(NOTATION, "a content id has 64 hexadecimal digits", None);
    };
    let mut roles = Vec::new();
    while cursor.eats("|") {
        roles.push((cursor.name("the name of a role")?, ty::read_list(names, cursor)?));
    }
    image.resources.nested.push(Nested { image: id, roles });
    Ok(())
}

fn content_id(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut id = [0; 32];
    if digits.len() != 64 || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(id)
}

pub(super) fn write_layer(image: &CodeImage, _: &Names, index: usize) -> String {
    let Layer { name, reach } = &image.resources.layers[index];
    let word = REACHES.iter().find(|(_, known)| known == reach).map_or("", |(word, _)| word);
    format!("{} {word}", quoted(name))
}

pub(super) fn read_layer(image: &mut CodeImage, _: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let name = cursor.name("the name of a layer")?;
    let reach = word(cursor, "`session` or `shared`", &REACHES)?;
    image.resources.layers.push(Layer { name, reach });
    Ok(())
}

pub(super) fn note_layers(image: &CodeImage, names: &mut Names) {
    names.layers = Book::single(image.resources.layers.iter().map(|layer| quoted(&layer.name)));
}

/// The index a layer's name stands for.
pub(super) fn layer(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    let one = |cursor: &mut Cursor<'_, '_>| cursor.name("the name of a layer").map(drop);
    cursor.reference(&names.layers, "a layer", u16::MAX.into(), one).map(short)
}

pub(super) fn write_fact(image: &CodeImage, names: &Names, index: usize) -> String {
    let Fact { name, about } = &image.resources.facts[index];
    let about = about.map_or_else(String::new, |role| format!(" about {}", names.roles.name(role.into())));
    format!("{}{about}", quoted(name))
}

pub(super) fn read_fact(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let name = cursor.name("the name of a fact")?;
    let about = if cursor.eats("about") { Some(role(names, cursor)?) } else { None };
    image.resources.facts.push(Fact { name, about });
    Ok(())
}

/// Two facts of one name about different roles go by their numbers.
pub(super) fn note_facts(image: &CodeImage, names: &mut Names) {
    names.facts = Book::single(image.resources.facts.iter().map(|fact| quoted(&fact.name)));
}

/// The index a fact's name stands for.
pub(super) fn fact(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u16> {
    let one = |cursor: &mut Cursor<'_, '_>| cursor.name("the name of a fact").map(drop);
    cursor.reference(&names.facts, "a fact", u16::MAX.into(), one).map(short)
}

pub(super) fn write_bundle(image: &CodeImage, names: &Names, index: usize) -> String {
    let Bundle { label, facts } = &image.resources.bundles[index];
    let facts: Vec<_> = facts.iter().map(|&fact| names.facts.name(fact.into())).collect();
    format!("{} with {}", names.labels.name((*label).into()), facts.join(", ")).trim_end().to_owned()
}

pub(super) fn read_bundle(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let label = label(names, cursor)?;
    cursor.expect("with")?;
    let mut facts = Vec::new();
    while cursor.peek().is_some() {
        if !facts.is_empty() {
            cursor.expect(",")?;
        }
        facts.push(fact(names, cursor)?);
    }
    image.resources.bundles.push(Bundle { label, facts });
    Ok(())
}
