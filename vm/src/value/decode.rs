//! Canonical bytes back to values: what [`super::encode`] wrote, and nothing else.
//!
//! Bytes may come from anywhere: nothing is made that the bytes left could not fill, nesting is bounded, and each value
//! has one form only, so that encoding again gives the same bytes.

use super::node::{Bound, Node};
use super::{MAX_DEPTH, Value};
use crate::bytes::{BytesError, BytesFault, Cursor, Read};
use crate::id::SessionId;
use std::sync::Arc;

/// The value whose bytes these are, all of them.
///
/// # Errors
/// What is wrong with the bytes, and where.
pub fn decode(bytes: &[u8]) -> Result<Value, BytesError> {
    let mut cursor = Cursor::new(bytes, 0);
    let value = value(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

/// The value at the cursor.
pub(crate) fn value(cursor: &mut Cursor<'_>) -> Read<Value> {
    nested(cursor, MAX_DEPTH)
}

/// A value that is at most so deep.
fn nested(cursor: &mut Cursor<'_>, depth: u32) -> Read<Value> {
    let start = cursor.clone();
    Ok(match cursor.byte()? {
        0 => Value::Unit,
        1 => match cursor.byte()? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            _ => return Err(start.fault(BytesFault::Form("a truth value that is neither"))),
        },
        2 => Value::Int(i64::from_le_bytes(cursor.array()?)),
        3 => Value::Duration(i64::from_le_bytes(cursor.array()?)),
        4 => Value::text(text(cursor)?),
        5 => {
            let count = length(cursor)?;
            Value::bytes(cursor.take(count)?)
        }
        6 => Value::List(items(cursor, depth)?),
        7 => Value::Map(map(cursor, depth)?),
        8 => Value::Product(items(cursor, depth)?),
        9 => {
            let tag = u16::from_le_bytes(cursor.array()?);
            let args = match cursor.byte()? {
                0 => None,
                1 => Some(items(cursor, depth)?),
                _ => return Err(start.fault(BytesFault::Form("a variant that neither has arguments nor has none"))),
            };
            if args.as_ref().is_some_and(|args| args.items().is_empty()) {
                return Err(start.fault(BytesFault::Form("a variant with a list of no arguments")));
            }
            Value::Union { tag, args }
        }
        10 => Value::Session(Arc::new(session(cursor)?)),
        11 => Value::Role(u16::from_le_bytes(cursor.array()?)),
        12 => {
            let ty = text(cursor)?;
            if cursor.byte()? != 12 {
                return Err(start.fault(BytesFault::Form("an opaque value without a token")));
            }
            Value::opaque(ty, text(cursor)?)
        }
        13 => Value::Endpoint(Arc::new(session(cursor)?)),
        14 => {
            Value::Evidence { layer: u16::from_le_bytes(cursor.array()?), number: u32::from_le_bytes(cursor.array()?) }
        }
        15 => Value::Witness(u16::from_le_bytes(cursor.array()?)),
        shape => return Err(start.fault(BytesFault::Unknown { what: "shape of a value", number: u64::from(shape) })),
    })
}

/// How many elements or bytes follow.
fn length(cursor: &mut Cursor<'_>) -> Read<usize> {
    let count = u32::from_le_bytes(cursor.array()?);
    cursor.count(u64::from(count))
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Read<&'a str> {
    let count = length(cursor)?;
    cursor.text(count)
}

fn session(cursor: &mut Cursor<'_>) -> Read<SessionId> {
    let start = cursor.clone();
    let count = length(cursor)?;
    let path =
        cursor.take(count)?.chunks_exact(4).map(|number| u32::from_le_bytes(number.try_into().unwrap_or_default()));
    let id = if count.is_multiple_of(4) { SessionId::of_path(path) } else { None };
    id.ok_or_else(|| start.fault(BytesFault::Form("a session without numbers")))
}

fn items(cursor: &mut Cursor<'_>, depth: u32) -> Read<Arc<Node>> {
    let start = cursor.clone();
    let items = elements(cursor, depth)?;
    Node::new(items, Bound::HARD).map_err(|oversize| start.fault(oversize.into()))
}

fn map(cursor: &mut Cursor<'_>, depth: u32) -> Read<Arc<Node>> {
    let start = cursor.clone();
    let items = elements(cursor, depth)?;
    if !items.len().is_multiple_of(2) || !items.iter().step_by(2).is_sorted_by(|a, b| a < b) {
        return Err(start.fault(BytesFault::Form("a map whose keys are not in order")));
    }
    Node::new(items, Bound::HARD).map_err(|oversize| start.fault(oversize.into()))
}

fn elements(cursor: &mut Cursor<'_>, depth: u32) -> Read<Vec<Value>> {
    let inner = depth.checked_sub(1).ok_or_else(|| cursor.fault(BytesFault::Form("values nested too deeply")))?;
    let count = length(cursor)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(nested(cursor, inner)?);
    }
    Ok(items)
}
