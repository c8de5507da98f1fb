//! Values as canonical bytes: for digests of messages and sessions, and for traces that are written down.
//!
//! Every value is one byte for its shape, then numbers in 8 bytes, little-endian, or the length of what follows in 4;
//! values inside follow each other. Equal values have equal bytes, different ones different bytes.

use super::Value;
use super::node::{Node, saturated};

/// Appends the bytes of a value. Its nesting is bounded by [`super::MAX_DEPTH`], so this may recurse.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Unit => out.push(0),
        Value::Bool(b) => out.extend_from_slice(&[1, u8::from(*b)]),
        Value::Int(n) => number(out, 2, *n),
        Value::Duration(n) => number(out, 3, *n),
        Value::Str(text) => bytes(out, 4, text.as_str().as_bytes()),
        Value::Bytes(content) => bytes(out, 5, content.as_slice()),
        Value::List(node) => items(out, 6, node),
        Value::Map(node) => items(out, 7, node),
        Value::Product(node) => items(out, 8, node),
        Value::Union { tag, args } => {
            out.push(9);
            out.extend_from_slice(&tag.to_le_bytes());
            match args {
                Some(node) => items(out, 1, node),
                None => out.push(0),
            }
        }
        Value::Session(id) => {
            let path: Vec<u8> = id.path().flat_map(u32::to_le_bytes).collect();
            bytes(out, 10, &path);
        }
        Value::Role(role) => {
            out.push(11);
            out.extend_from_slice(&role.to_le_bytes());
        }
        Value::Opaque(opaque) => {
            bytes(out, 12, opaque.ty.as_bytes());
            bytes(out, 12, opaque.token.as_bytes());
        }
        Value::Endpoint(id) => {
            let path: Vec<u8> = id.path().flat_map(u32::to_le_bytes).collect();
            bytes(out, 13, &path);
        }
        Value::Evidence { layer, number } => {
            out.push(14);
            out.extend_from_slice(&layer.to_le_bytes());
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Witness(fact) => {
            out.push(15);
            out.extend_from_slice(&fact.to_le_bytes());
        }
    }
}

fn number(out: &mut Vec<u8>, shape: u8, n: i64) {
    out.push(shape);
    out.extend_from_slice(&n.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, shape: u8, content: &[u8]) {
    out.push(shape);
    out.extend_from_slice(&saturated(content.len()).to_le_bytes());
    out.extend_from_slice(content);
}

fn items(out: &mut Vec<u8>, shape: u8, node: &Node) {
    out.push(shape);
    out.extend_from_slice(&saturated(node.items().len()).to_le_bytes());
    node.items().iter().for_each(|item| encode(item, out));
}
