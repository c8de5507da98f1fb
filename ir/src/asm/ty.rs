//! Types as text: one line of the table each, its components by their names.
//!
//! The name of a type is its line; that of a declared type is the name it was declared with. So lines may mention each
//! other in any order, and no line is longer than its type is wide. A type that is listed again, or whose line is too
//! long, goes by its number.

use super::AsmError;
use super::cursor::{Cursor, Lines, Miss, NOTATION, Read};
use super::name::{Book, MAX_NAME, Names};
use super::section::short;
use super::token::{TokenKind, key, quoted};
use crate::image::CodeImage;
use crate::ty::{Type, TypeId};
use std::collections::BTreeMap;

/// How a line of the table is written.
pub(crate) const FORM: &str = "Int, List TYPE, (TYPE, TYPE), { a : TYPE }, NAME = | NAME | NAME(TYPE), opaque NAME";

/// Types without components.
const PLAIN: [(&str, Type); 9] = [
    ("Unit", Type::Unit),
    ("Bool", Type::Bool),
    ("Int", Type::Int),
    ("String", Type::String),
    ("Bytes", Type::Bytes),
    ("Duration", Type::Duration),
    ("Session", Type::Session),
    ("Role", Type::Role),
    ("Endpoint", Type::Endpoint),
];

/// Words that make a type of others, and of how many.
const APPLIED: [(&str, usize); 6] =
    [("List", 1), ("Maybe", 1), ("Result", 2), ("Map", 2), ("Evidence", 1), ("Witness", 1)];

/// A line of the table.
pub(crate) fn write(image: &CodeImage, names: &Names, index: usize) -> String {
    line(&image.types[index], &|id| names.types.name(id.0))
}

/// A type with the names of its components.
fn line(ty: &Type, name: &impl Fn(TypeId) -> String) -> String {
    let list = |items: &[TypeId]| items.iter().map(|&item| name(item)).collect::<Vec<_>>().join(", ");
    let argument = |id: &TypeId| argument(name(*id));
    match ty {
        Type::Unit => "Unit".to_owned(),
        Type::Bool => "Bool".to_owned(),
        Type::Int => "Int".to_owned(),
        Type::String => "String".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Duration => "Duration".to_owned(),
        Type::Session => "Session".to_owned(),
        Type::Role => "Role".to_owned(),
        Type::List(item) => format!("List {}", argument(item)),
        Type::Maybe(item) => format!("Maybe {}", argument(item)),
        Type::Result(error, item) => format!("Result {} {}", argument(error), argument(item)),
        Type::Map(key, value) => format!("Map {} {}", argument(key), argument(value)),
        Type::Tuple(items) if items.len() < 2 => format!("tuple({})", list(items)),
        Type::Tuple(items) => format!("({})", list(items)),
        Type::Record(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(field, ty)| format!("{} : {}", quoted(field), name(*ty))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Type::Union(declared, variants) => {
            let mut out = format!("{} =", declared_name(declared));
            for (variant, args) in variants {
                out.push_str(&format!(" | {}", quoted(variant)));
                if !args.is_empty() {
                    out.push_str(&format!("({})", list(args)));
                }
            }
            out
        }
        Type::Opaque(declared) => format!("opaque {}", declared_name(declared)),
        Type::Endpoint => "Endpoint".to_owned(),
        Type::Evidence(layer) => format!("Evidence {layer}"),
        Type::Witness(fact) => format!("Witness {fact}"),
    }
}

/// A type where another is applied to it.
fn argument(name: String) -> String {
    let is_one = !name.contains(' ') || name.starts_with(['(', '"']);
    if is_one { name } else { format!("({name})") }
}

/// The name of a declared type; between quotes if the word means something else here.
fn declared_name(name: &str) -> String {
    let is_taken = PLAIN.iter().map(|(word, _)| *word).chain(APPLIED.iter().map(|(word, _)| *word));
    if is_taken.chain(["tuple", "opaque", "of"]).any(|word| word == name) { format!("{name:?}") } else { quoted(name) }
}

/// What stands for a type elsewhere.
fn reference(ty: &Type, line: String) -> String {
    match ty {
        Type::Union(declared, _) | Type::Opaque(declared) => declared_name(declared),
        _ => line,
    }
}

/// The names of all types.
pub(crate) fn note(image: &CodeImage, names: &mut Names) {
    let types = &image.types;
    let order = components_first(types);
    let lines = named(types, &order, |_| true);
    // Types with one line are one type, however they are listed; the first of them has the name.
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in lines.iter().enumerate() {
        first.entry(line).or_insert(number);
    }
    let texts = named(types, &order, |number| first[lines[number].as_str()] == number);
    names.types = Book::single(texts.into_iter());
    names.note_variants(types);
}

/// What stands for each type: its line if it is short and `is_named`, else its number.
fn named(types: &[Type], order: &[usize], is_named: impl Fn(usize) -> bool) -> Vec<String> {
    let mut texts: Vec<String> = (0..types.len()).map(|number| format!("#{number}")).collect();
    // Up to its unions. What contains itself, or such a type, goes by its number: it has no last component.
    let mut is_finite = vec![false; types.len()];
    for &number in order {
        let ty = &types[number];
        let text =
            reference(ty, line(ty, &|id| texts.get(id.0 as usize).cloned().unwrap_or_else(|| format!("?{}", id.0))));
        is_finite[number] = components(ty).iter().all(|id| is_finite.get(id.0 as usize).is_none_or(|finite| *finite));
        if is_finite[number] && text.len() <= MAX_NAME && is_named(number) {
            texts[number] = text;
        }
    }
    texts
}

/// All types, each behind its components as far as they do not contain it.
fn components_first(types: &[Type]) -> Vec<usize> {
    let mut order = Vec::with_capacity(types.len());
    let mut is_seen = vec![false; types.len()];
    let mut stack: Vec<(usize, Vec<TypeId>)> = Vec::new();
    for start in 0..types.len() {
        let mut next = Some(start);
        loop {
            if let Some(number) = next.take()
                && is_seen.get(number) == Some(&false)
            {
                is_seen[number] = true;
                stack.push((number, components(&types[number])));
            }
            match stack.last_mut() {
                Some((number, rest)) => match rest.pop() {
                    Some(id) => next = Some(id.0 as usize),
                    None => {
                        order.push(*number);
                        stack.pop();
                    }
                },
                None => break,
            }
        }
    }
    order
}

/// The types whose names are in the name of a type.
fn components(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::Union(..)
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => Vec::new(),
        Type::List(item) | Type::Maybe(item) => vec![*item],
        Type::Result(first, second) | Type::Map(first, second) => vec![*first, *second],
        Type::Tuple(items) => items.clone(),
        Type::Record(fields) => fields.iter().map(|(_, ty)| *ty).collect(),
    }
}

/// The names of the types in the lines that follow, up to a heading.
pub(crate) fn expected(mut lines: Lines<'_>) -> Result<Book, AsmError> {
    let mut keys = Vec::new();
    while !lines.is_at_end() && !super::is_heading(&lines) {
        let tokens = lines.tokens();
        let tokens = &tokens[usize::from(tokens[0].kind == TokenKind::Entry)..];
        keys.push(match tokens {
            [declared, equals, ..] if equals.text == "=" => key(&[*declared]),
            [opaque, declared] if opaque.text == "opaque" => key(&[*declared]),
            _ => key(tokens),
        });
        lines.advance()?;
    }
    Ok(Book::expected(keys))
}

/// Reads a line of the table.
pub(crate) fn read(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let ty = read_type(names, cursor)?;
    image.types.push(ty);
    Ok(())
}

fn read_type(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Type> {
    let first = cursor.peek().map_or("", |token| token.text);
    let second = cursor.tokens.get(cursor.at + 1).map_or("", |token| token.text);
    if second == "=" {
        return read_union(names, cursor);
    }
    if let Some((_, ty)) = PLAIN.iter().find(|(word, _)| *word == first) {
        cursor.at += 1;
        return Ok(ty.clone());
    }
    match first {
        "List" | "Maybe" | "Result" | "Map" => {
            cursor.at += 1;
            let one = self::component(names, cursor)?;
            Ok(match first {
                "List" => Type::List(one),
                "Maybe" => Type::Maybe(one),
                "Result" => Type::Result(one, self::component(names, cursor)?),
                _ => Type::Map(one, self::component(names, cursor)?),
            })
        }
        "Evidence" => {
            cursor.at += 1;
            cursor.number("the number of a layer", u16::MAX.into()).map(short).map(Type::Evidence)
        }
        "Witness" => {
            cursor.at += 1;
            cursor.number("the number of a fact", u16::MAX.into()).map(short).map(Type::Witness)
        }
        "opaque" => {
            cursor.at += 1;
            Ok(Type::Opaque(cursor.name("the name of a type")?))
        }
        "tuple" => {
            cursor.at += 1;
            let start = *cursor;
            let items = read_list(names, cursor)?;
            if items.len() < 2 {
                Ok(Type::Tuple(items))
            } else {
                start.wrong(NOTATION, "this is written without `tuple`", None)
            }
        }
        "(" => {
            let start = *cursor;
            let items = read_list(names, cursor)?;
            if items.len() > 1 {
                Ok(Type::Tuple(items))
            } else {
                start.wrong(NOTATION, "a tuple of fewer than two is written `tuple(…)`", None)
            }
        }
        "{" => read_record(names, cursor),
        _ => cursor.expected("a type"),
    }
}

fn read_union(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Type> {
    let declared = cursor.name("the name of a type")?;
    cursor.expect("=")?;
    let mut variants = Vec::new();
    while cursor.eats("|") {
        let variant = cursor.name("the name of a variant")?;
        variants.push((variant, if cursor.sees("(") { read_list(names, cursor)? } else { Vec::new() }));
    }
    Ok(Type::Union(declared, variants))
}

fn read_record(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Type> {
    cursor.expect("{")?;
    let mut fields = Vec::new();
    while !cursor.eats("}") {
        if !fields.is_empty() {
            cursor.expect(",")?;
        }
        let field = cursor.name("the name of a field")?;
        cursor.expect(":")?;
        fields.push((field, read_reference(names, cursor)?));
    }
    Ok(Type::Record(fields))
}

/// `(Int, List Int)`
pub(crate) fn read_list(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Vec<TypeId>> {
    cursor.expect("(")?;
    let mut items = Vec::new();
    while !cursor.eats(")") {
        if !items.is_empty() {
            cursor.expect(",")?;
        }
        items.push(read_reference(names, cursor)?);
    }
    Ok(items)
}

/// The type a text stands for.
pub(crate) fn read_reference(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<TypeId> {
    let applied = cursor.peek().and_then(|token| APPLIED.iter().find(|(word, _)| *word == token.text));
    match applied {
        Some((_, count)) => {
            let extent = |cursor: &mut Cursor<'_, '_>| {
                cursor.at += 1;
                (0..*count).try_for_each(|_| atom(cursor))
            };
            cursor.reference(&names.types, "a type", u32::MAX, extent).map(TypeId)
        }
        None => self::component(names, cursor),
    }
}

/// A type that another is applied to: a name, a number, or something in brackets.
pub(crate) fn component(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<TypeId> {
    let start = *cursor;
    if !cursor.sees("(") {
        return cursor.reference(&names.types, "a type", u32::MAX, atom).map(TypeId);
    }
    atom(cursor)?;
    let all = &cursor.tokens[start.at..cursor.at];
    // `(List Int)` is `List Int`, `(Int, Int)` is a tuple.
    let skipped = usize::from(!has_comma(all));
    let mut inner = Cursor::new(&all[skipped..all.len() - skipped]);
    let found = inner.reference(&names.types, "a type", u32::MAX, |cursor| {
        cursor.at = cursor.tokens.len();
        Ok(())
    });
    found.map(TypeId).map_err(|miss| Miss { at: start.at + skipped + miss.at, ..miss })
}

/// Goes over a name, a number, or something in brackets.
fn atom(cursor: &mut Cursor<'_, '_>) -> Read {
    match cursor.peek() {
        Some(token) if matches!(token.kind, TokenKind::Entry | TokenKind::Raw) => cursor.at += 1,
        Some(token) if token.text == "tuple" => {
            cursor.at += 1;
            cursor.group()?;
        }
        Some(token) if matches!(token.kind, TokenKind::Word | TokenKind::Text | TokenKind::Number) => cursor.at += 1,
        _ if cursor.group()? => {}
        _ => return cursor.expected("a type"),
    }
    Ok(())
}

/// Whether a group has a comma that is in no inner one.
fn has_comma(group: &[super::token::Token<'_>]) -> bool {
    let mut depth = 0_usize;
    group.iter().any(|token| {
        match token.text {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        token.text == "," && depth == 1
    })
}
