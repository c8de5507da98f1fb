//! Values and types as text, in Tell syntax.
//!
//! Printing is typed: field and variant names come from the type. A value that does not have the type is still
//! printed, by its shape. Output is cut at a maximum, so long names in a hostile image cannot blow it up.

use super::{Value, conform};
use std::fmt::{self, Write as _};
use tell_ir::ty::{Type, TypeId};

/// Longest text [`show`] and [`to_text`] produce; longer ones end in `…`.
pub const MAX_TEXT: usize = 1 << 26;

/// Longest text of a type.
const MAX_TYPE_TEXT: usize = 4096;

/// `value` in Tell syntax: `{ price = 30 }`, `Just(3)`, `"text"`.
#[must_use]
pub fn show(value: &Value, ty: TypeId, types: &[Type]) -> String {
    let mut out = Bounded::new(MAX_TEXT);
    if typed(&mut out, value, ty, types).is_err() {
        out.text.push('…');
    }
    out.text
}

/// As `std.prelude.to_string` has it: a string is itself, everything else as [`show`].
#[must_use]
pub fn to_text(value: &Value, ty: TypeId, types: &[Type]) -> String {
    value.as_str().map_or_else(|| show(value, ty, types), str::to_owned)
}

/// As [`to_text`], or `None` if it is longer than `max` bytes.
pub(crate) fn to_text_within(value: &Value, ty: TypeId, types: &[Type], max: usize) -> Option<String> {
    if let Some(text) = value.as_str() {
        return (text.len() <= max).then(|| text.to_owned());
    }
    let mut out = Bounded::new(max);
    typed(&mut out, value, ty, types).ok()?;
    Some(out.text)
}

/// The type in Tell syntax: `Map String Int`, `{ price : Int }`.
#[must_use]
pub fn type_text(ty: TypeId, types: &[Type]) -> String {
    let mut out = Bounded::new(MAX_TYPE_TEXT);
    if write_type(&mut out, ty, types, Place::Free).is_err() {
        out.text.push('…');
    }
    out.text
}

/// A text that refuses to grow beyond its maximum.
struct Bounded {
    text: String,
    max: usize,
}

impl Bounded {
    const fn new(max: usize) -> Self {
        Self { text: String::new(), max }
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.text.len() + s.len() > self.max {
            return Err(fmt::Error);
        }
        self.text.push_str(s);
        Ok(())
    }
}

fn typed(out: &mut Bounded, value: &Value, ty: TypeId, types: &[Type]) -> fmt::Result {
    let none = &[][..];
    match (types.get(ty.0 as usize), value) {
        (Some(Type::List(item)), Value::List(node)) => {
            sequence(out, "[", "]", node.items(), |out, _, v| typed(out, v, *item, types))
        }
        (Some(Type::Map(key, item)), Value::Map(node)) => map(out, node.items(), |out, k, v| {
            typed(out, k, *key, types)?;
            out.write_str(", ")?;
            typed(out, v, *item, types)
        }),
        (Some(Type::Tuple(parts)), Value::Product(node)) if parts.len() == node.items().len() => {
            sequence(out, "(", ")", node.items(), |out, i, v| typed(out, v, parts[i], types))
        }
        (Some(Type::Record(fields)), Value::Product(node)) if fields.len() == node.items().len() => {
            sequence(out, "{ ", " }", node.items(), |out, i, v| {
                write!(out, "{} = ", fields[i].0)?;
                typed(out, v, fields[i].1, types)
            })
        }
        (Some(ty @ (Type::Maybe(_) | Type::Result(..) | Type::Union(..))), Value::Union { tag, args }) => {
            let args = args.as_ref().map_or(none, |node| node.items());
            match (variant_name(ty, *tag), conform::variant(ty, *tag)) {
                (Some(name), Some(params)) if params.len() == args.len() => {
                    out.write_str(name)?;
                    if args.is_empty() {
                        return Ok(());
                    }
                    sequence(out, "(", ")", args, |out, i, v| typed(out, v, params[i], types))
                }
                _ => untyped(out, value),
            }
        }
        _ => untyped(out, value),
    }
}

/// The name of variant `tag`.
fn variant_name(ty: &Type, tag: u16) -> Option<&str> {
    match (ty, tag) {
        (Type::Maybe(_), 0) => Some("Nothing"),
        (Type::Maybe(_), 1) => Some("Just"),
        (Type::Result(..), 0) => Some("Err"),
        (Type::Result(..), 1) => Some("Ok"),
        (Type::Union(_, variants), tag) => variants.get(usize::from(tag)).map(|v| v.0.as_str()),
        _ => None,
    }
}

/// Scalars, and whatever does not have the type it was said to have.
fn untyped(out: &mut Bounded, value: &Value) -> fmt::Result {
    match value {
        Value::Unit => out.write_str("()"),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        Value::Duration(n) => duration(out, *n),
        Value::Str(text) => quoted(out, text.as_str()),
        Value::Bytes(bytes) => {
            out.write_str("0x")?;
            bytes.as_slice().iter().try_for_each(|b| write!(out, "{b:02x}"))
        }
        Value::List(node) => sequence(out, "[", "]", node.items(), |out, _, v| untyped(out, v)),
        Value::Map(node) => map(out, node.items(), |out, k, v| {
            untyped(out, k)?;
            out.write_str(", ")?;
            untyped(out, v)
        }),
        Value::Product(node) => sequence(out, "(", ")", node.items(), |out, _, v| untyped(out, v)),
        Value::Union { tag, args } => {
            write!(out, "#{tag}")?;
            let args = args.as_ref().map_or(&[][..], |node| node.items());
            if args.is_empty() {
                return Ok(());
            }
            sequence(out, "(", ")", args, |out, _, v| untyped(out, v))
        }
        Value::Session(id) => write!(out, "<session {id}>"),
        Value::Role(role) => write!(out, "<role {role}>"),
        Value::Opaque(opaque) => {
            write!(out, "<{} ", opaque.ty)?;
            quoted(out, &opaque.token)?;
            out.write_str(">")
        }
        Value::Endpoint(id) => write!(out, "<endpoint {id}>"),
        Value::Evidence { layer, .. } => write!(out, "<evidence of layer {layer}>"),
        Value::Witness(fact) => write!(out, "<witness of fact {fact}>"),
    }
}

fn sequence(
    out: &mut Bounded,
    open: &str,
    close: &str,
    items: &[Value],
    mut item: impl FnMut(&mut Bounded, usize, &Value) -> fmt::Result,
) -> fmt::Result {
    out.write_str(open)?;
    for (i, value) in items.iter().enumerate() {
        if i > 0 {
            out.write_str(", ")?;
        }
        item(out, i, value)?;
    }
    out.write_str(close)
}

fn map(
    out: &mut Bounded,
    items: &[Value],
    mut entry: impl FnMut(&mut Bounded, &Value, &Value) -> fmt::Result,
) -> fmt::Result {
    out.write_str("Map[")?;
    for (i, pair) in items.chunks_exact(2).enumerate() {
        out.write_str(if i > 0 { ", (" } else { "(" })?;
        entry(out, &pair[0], &pair[1])?;
        out.write_str(")")?;
    }
    out.write_str("]")
}

/// The largest unit that is exact; nanoseconds have no literal and are printed as `ns`.
fn duration(out: &mut Bounded, nanos: i64) -> fmt::Result {
    const UNITS: [(i64, &str); 4] =
        [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms")];
    if nanos == 0 {
        return out.write_str("0s");
    }
    match UNITS.iter().find(|(unit, _)| nanos % unit == 0) {
        Some((unit, name)) => write!(out, "{}{name}", nanos / unit),
        None => write!(out, "{nanos}ns"),
    }
}

fn quoted(out: &mut Bounded, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if invisible(c) => write!(out, "\\u{{{:X}}}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// Control, zero-width and bidirectional characters, which source text may not contain raw.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

/// Whether a type stands alone or as the argument of another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    Argument,
}

fn write_type(out: &mut Bounded, ty: TypeId, types: &[Type], place: Place) -> fmt::Result {
    let applied = |out: &mut Bounded, name: &str, args: &[TypeId]| {
        if place == Place::Argument {
            out.write_char('(')?;
        }
        out.write_str(name)?;
        for arg in args {
            out.write_char(' ')?;
            write_type(out, *arg, types, Place::Argument)?;
        }
        if place == Place::Argument { out.write_char(')') } else { Ok(()) }
    };
    match types.get(ty.0 as usize) {
        None => out.write_str("<missing type>"),
        Some(Type::Unit) => out.write_str("Unit"),
        Some(Type::Bool) => out.write_str("Bool"),
        Some(Type::Int) => out.write_str("Int"),
        Some(Type::String) => out.write_str("String"),
        Some(Type::Bytes) => out.write_str("Bytes"),
        Some(Type::Duration) => out.write_str("Duration"),
        Some(Type::Session) => out.write_str("Session"),
        Some(Type::Role) => out.write_str("Role"),
        Some(Type::List(item)) => applied(out, "List", &[*item]),
        Some(Type::Maybe(item)) => applied(out, "Maybe", &[*item]),
        Some(Type::Result(err, ok)) => applied(out, "Result", &[*err, *ok]),
        Some(Type::Map(key, item)) => applied(out, "Map", &[*key, *item]),
        Some(Type::Union(name, _) | Type::Opaque(name)) => out.write_str(name),
        Some(Type::Endpoint) => out.write_str("Endpoint"),
        Some(Type::Evidence(layer)) => write!(out, "Evidence#{layer}"),
        Some(Type::Witness(fact)) => write!(out, "Witness#{fact}"),
        Some(Type::Tuple(parts)) => {
            out.write_char('(')?;
            for (i, part) in parts.iter().enumerate() {
                out.write_str(if i > 0 { ", " } else { "" })?;
                write_type(out, *part, types, Place::Free)?;
            }
            out.write_char(')')
        }
        Some(Type::Record(fields)) => {
            out.write_str("{ ")?;
            for (i, (name, part)) in fields.iter().enumerate() {
                write!(out, "{}{name} : ", if i > 0 { ", " } else { "" })?;
                write_type(out, *part, types, Place::Free)?;
            }
            out.write_str(" }")
        }
    }
}
