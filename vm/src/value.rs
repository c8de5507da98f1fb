//! Run-time values: at most 16 bytes, cheap to clone, plain data.
//!
//! Every heap object knows its depth and its unfolded size ([`Node`]), and none can be built beyond
//! [`MAX_DEPTH`] and [`MAX_SIZE`]. So comparing, printing, checking and dropping may recurse on values: their depth is
//! bounded, and a shared graph that unfolds to something huge cannot exist. Printing is in [`mod@show`], typed
//! checks are in [`conform`].

pub mod conform;
pub mod decode;
pub mod encode;
pub mod node;
pub mod show;

use crate::id::SessionId;
use node::{Bound, Bytes, Node, Opaque, Oversize, Text};
use std::sync::Arc;

pub use conform::{Kind, conforms};
pub use node::{MAX_DEPTH, MAX_SIZE};
pub use show::{show, to_text, type_text};

/// A run-time value.
///
/// The order is total: by shape, then by content; it is the order of map keys. Only values of one type are ever
/// compared by checked programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value {
    /// `()`, and what a register holds before it is written.
    #[default]
    Unit,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Nanoseconds.
    Duration(i64),
    /// Text.
    Str(Arc<Text>),
    /// Bytes.
    Bytes(Arc<Bytes>),
    /// A list; its elements.
    List(Arc<Node>),
    /// A map; keys and values in turn, ascending by key.
    Map(Arc<Node>),
    /// A tuple, or a record as the tuple of its fields in sorted order of names.
    Product(Arc<Node>),
    /// A variant of a union, `Maybe` (`Nothing` = 0, `Just` = 1) or `Result` (`Err` = 0, `Ok` = 1).
    Union {
        /// Index of the variant.
        tag: u16,
        /// Its arguments, if it has any.
        args: Option<Arc<Node>>,
    },
    /// A session.
    Session(Arc<SessionId>),
    /// A role, by index.
    Role(u16),
    /// A value of an opaque type.
    Opaque(Arc<Opaque>),
    /// The right to close a nested session.
    Endpoint(Arc<SessionId>),
    /// That a guard layer is held; no other evidence of the session has that number.
    Evidence {
        /// The layer.
        layer: u16,
        /// How often a layer was acquired in the session before; wraps.
        number: u32,
    },
    /// That a fact was tagged.
    Witness(u16),
}

impl Value {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Str(Arc::new(Text::new(text.into())))
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self::Bytes(Arc::new(Bytes::new(bytes.into())))
    }

    /// A value of the opaque type `ty`, told apart from others by `token`.
    #[must_use]
    pub fn opaque(ty: &str, token: &str) -> Self {
        Self::Opaque(Arc::new(Opaque { ty: ty.into(), token: token.into() }))
    }

    /// A list.
    ///
    /// # Errors
    /// [`Oversize`] beyond [`MAX_DEPTH`] or [`MAX_SIZE`]; likewise for the other constructors.
    pub fn list(items: Vec<Self>) -> Result<Self, Oversize> {
        Ok(Self::List(Node::new(items, Bound::HARD)?))
    }

    /// A tuple.
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn tuple(items: Vec<Self>) -> Result<Self, Oversize> {
        Ok(Self::Product(Node::new(items, Bound::HARD)?))
    }

    /// A record from its fields in any order.
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn record(mut fields: Vec<(&str, Self)>) -> Result<Self, Oversize> {
        fields.sort_by(|a, b| a.0.cmp(b.0));
        Self::tuple(fields.into_iter().map(|(_, value)| value).collect())
    }

    /// Variant `tag` with its arguments.
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn variant(tag: u16, args: Vec<Self>) -> Result<Self, Oversize> {
        Self::variant_within(tag, args, Bound::HARD)
    }

    pub(crate) fn variant_within(tag: u16, args: Vec<Self>, bound: Bound) -> Result<Self, Oversize> {
        let args = if args.is_empty() { None } else { Some(Node::new(args, bound)?) };
        Ok(Self::Union { tag, args })
    }

    /// `Nothing`
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Union { tag: 0, args: None }
    }

    /// `Just value`
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn just(value: Self) -> Result<Self, Oversize> {
        Self::variant(1, vec![value])
    }

    /// `Ok value`
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn ok(value: Self) -> Result<Self, Oversize> {
        Self::variant(1, vec![value])
    }

    /// `Err value`
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn err(value: Self) -> Result<Self, Oversize> {
        Self::variant(0, vec![value])
    }

    /// A map; of equal keys the last one counts.
    ///
    /// # Errors
    /// [`Oversize`]
    pub fn map(mut entries: Vec<(Self, Self)>) -> Result<Self, Oversize> {
        entries.reverse();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, first| later.0 == first.0);
        let items = entries.into_iter().flat_map(|(key, value)| [key, value]).collect();
        Ok(Self::Map(Node::new(items, Bound::HARD)?))
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text.as_str()) } else { None }
    }

    /// The bytes, if it is one.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes.as_slice()) } else { None }
    }

    /// The elements, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(node) = self { Some(node.items()) } else { None }
    }

    /// Keys with their values, if it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<impl Iterator<Item = (&Self, &Self)>> {
        let Self::Map(node) = self else { return None };
        Some(node.items().chunks_exact(2).map(|pair| (&pair[0], &pair[1])))
    }

    /// The components, if it is a tuple or a record.
    #[must_use]
    pub fn as_product(&self) -> Option<&[Self]> {
        if let Self::Product(node) = self { Some(node.items()) } else { None }
    }

    /// Tag and arguments, if it is a variant.
    #[must_use]
    pub fn as_variant(&self) -> Option<(u16, &[Self])> {
        let Self::Union { tag, args } = self else { return None };
        Some((*tag, args.as_ref().map_or(&[], |node| node.items())))
    }

    /// Levels of structure below it: 0 for a scalar.
    #[must_use]
    pub fn depth(&self) -> u32 {
        match self {
            Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Duration(_) | Self::Session(_) | Self::Role(_) => 0,
            Self::Str(_) | Self::Bytes(_) | Self::Opaque(_) => 0,
            Self::Endpoint(_) | Self::Evidence { .. } | Self::Witness(_) => 0,
            Self::List(node) | Self::Map(node) | Self::Product(node) => node.depth(),
            Self::Union { args, .. } => args.as_ref().map_or(0, |node| node.depth()),
        }
    }

    /// Its unfolded size: 1 for every value in it, and the bytes of its texts. Saturating.
    #[must_use]
    pub fn size(&self) -> u32 {
        match self {
            Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Duration(_) | Self::Session(_) | Self::Role(_) => 1,
            Self::Endpoint(_) | Self::Evidence { .. } | Self::Witness(_) => 1,
            Self::Str(text) => node::saturated(text.as_str().len()).saturating_add(1),
            Self::Bytes(bytes) => node::saturated(bytes.as_slice().len()).saturating_add(1),
            Self::Opaque(opaque) => node::saturated(opaque.ty.len() + opaque.token.len()).saturating_add(1),
            Self::List(node) | Self::Map(node) | Self::Product(node) => node.size(),
            Self::Union { args, .. } => args.as_ref().map_or(1, |node| node.size()),
        }
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub const fn shape(&self) -> &'static str {
        match self {
            Self::Unit => "Unit",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Duration(_) => "Duration",
            Self::Str(_) => "String",
            Self::Bytes(_) => "Bytes",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
            Self::Product(_) => "tuple or record",
            Self::Union { .. } => "union",
            Self::Session(_) => "Session",
            Self::Role(_) => "Role",
            Self::Opaque(_) => "opaque",
            Self::Endpoint(_) => "Endpoint",
            Self::Evidence { .. } => "evidence",
            Self::Witness(_) => "witness",
        }
    }
}
