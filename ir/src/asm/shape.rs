//! Shapes as text: `{ a : Int }`, `Node of Tree`, `3 of List Int`; and how many registers one takes.

use super::cursor::{Cursor, NAME, Read};
use super::name::Names;
use super::token::{TokenKind, key_of};
use super::ty::read_reference;
use crate::image::{CodeImage, Shape};
use crate::ty::{Type, TypeId};

/// A shape.
pub(crate) fn write(image: &CodeImage, names: &Names, shape: &Shape) -> String {
    match *shape {
        Shape::Product(ty) => match names.types.name(ty.0) {
            // A number alone is that of a shape.
            number if number.starts_with(['#', '?']) => format!("({number})"),
            name => name,
        },
        Shape::Variant(ty, tag) => format!("{} of {}", names.variant(image, ty, tag), names.types.name(ty.0)),
        Shape::List(ty, count) => format!("{count} of {}", names.types.name(ty.0)),
    }
}

/// Reads a shape.
pub(crate) fn read(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Shape> {
    let (true, Some(first)) = (is_part(cursor), cursor.peek()) else {
        return Ok(Shape::Product(read_reference(names, cursor)?));
    };
    let start = *cursor;
    match first.kind {
        TokenKind::Number => {
            let count = short(cursor.number("a count", u16::MAX.into())?);
            cursor.expect("of")?;
            Ok(Shape::List(read_reference(names, cursor)?, count))
        }
        TokenKind::Entry | TokenKind::Raw => {
            let tag = cursor.entry(usize::from(u16::MAX) + 1, u16::MAX.into())?.map_or(0, short);
            cursor.expect("of")?;
            Ok(Shape::Variant(read_reference(names, cursor)?, tag))
        }
        _ => {
            let variant = cursor.name("the name of a variant")?;
            cursor.expect("of")?;
            let ty = read_reference(names, cursor)?;
            match names.tag(ty, &variant) {
                Some(tag) => Ok(Shape::Variant(ty, tag)),
                None => {
                    let help = "its variants are in its line among the types".to_owned();
                    start.wrong(NAME, format!("`{}` has no variant `{variant}`", names.types.name(ty.0)), Some(help))
                }
            }
        }
    }
}

/// Whether `of` is behind what is next.
fn is_part(cursor: &Cursor<'_, '_>) -> bool {
    let behind = cursor.tokens.get(cursor.at + 1);
    cursor.peek().is_some_and(|token| token.kind != TokenKind::Mark) && behind.is_some_and(|token| token.text == "of")
}

fn short(number: u32) -> u16 {
    u16::try_from(number).expect("it was compared with the greatest")
}

/// The entry of the table that a shape is.
pub(crate) fn reference(image: &CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<u32> {
    if !is_part(cursor)
        && let Some(number) = cursor.entry(names.shapes.len(), u16::MAX.into())?
    {
        return Ok(number);
    }
    let start = *cursor;
    let text = write(image, names, &read(names, cursor)?);
    match names.shapes.find(&key_of(&text)) {
        Some(number) => Ok(number),
        None => start.unknown("a shape", &text, names.shapes.nearest(&text)),
    }
}

/// How many registers a shape takes, as far as its type is known.
pub(crate) fn count(image: &CodeImage, shape: &Shape) -> Option<usize> {
    let ty = |id: TypeId| image.types.get(id.0 as usize);
    match *shape {
        Shape::Product(id) => match ty(id)? {
            Type::Tuple(items) => Some(items.len()),
            Type::Record(fields) => Some(fields.len()),
            _ => None,
        },
        Shape::Variant(id, tag) => match (ty(id)?, tag) {
            (Type::Maybe(_), 0) => Some(0),
            (Type::Maybe(_), 1) | (Type::Result(..), 0 | 1) => Some(1),
            (Type::Union(_, variants), _) => variants.get(usize::from(tag)).map(|(_, args)| args.len()),
            _ => None,
        },
        Shape::List(_, count) => Some(usize::from(count)),
    }
}
