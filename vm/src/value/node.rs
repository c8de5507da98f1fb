//! Heap objects of values, each with its depth and unfolded size, checked when it is built.

use super::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// Deepest nesting a value can have anywhere; configured limits may be lower.
pub const MAX_DEPTH: u32 = 1000;

/// Largest unfolded size a structured value can have anywhere (see [`Value::size`]); configured limits may be lower.
pub const MAX_SIZE: u32 = 1 << 24;

/// A value that would be nested too deeply or too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oversize {
    /// Nesting.
    #[error("a value nested {depth} deep, more than {max}")]
    Depth {
        /// Its nesting.
        depth: u32,
        /// What is allowed.
        max: u32,
    },
    /// Size.
    #[error("a value of size {size}, more than {max}")]
    Size {
        /// Its size, saturating.
        size: u32,
        /// What is allowed.
        max: u32,
    },
}

/// What values may grow to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) depth: u32,
    pub(crate) size: u32,
}

impl Bound {
    pub(crate) const HARD: Self = Self { depth: MAX_DEPTH, size: MAX_SIZE };

    pub(crate) const fn depth(self, depth: u32) -> Result<(), Oversize> {
        if depth > self.depth { Err(Oversize::Depth { depth, max: self.depth }) } else { Ok(()) }
    }

    pub(crate) const fn size(self, size: u32) -> Result<(), Oversize> {
        if size > self.size { Err(Oversize::Size { size, max: self.size }) } else { Ok(()) }
    }
}

pub(crate) fn saturated(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Components of a structured value.
#[derive(Debug)]
pub struct Node {
    depth: u32,
    size: u32,
    items: Box<[Value]>,
}

impl Node {
    pub(crate) fn new(items: Vec<Value>, bound: Bound) -> Result<Arc<Self>, Oversize> {
        let mut depth = 0;
        let mut size = 1_u32;
        for item in &items {
            depth = depth.max(item.depth());
            size = size.saturating_add(item.size());
        }
        bound.depth(depth + 1)?;
        bound.size(size)?;
        Ok(Arc::new(Self { depth: depth + 1, size, items: items.into_boxed_slice() }))
    }

    /// The components.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// 1 more than the deepest component.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// 1 more than the sum of the components.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.size == other.size && self.items == other.items)
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        if std::ptr::eq(self, other) { Ordering::Equal } else { self.items.cmp(&other.items) }
    }
}

/// A text on the heap.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Box<str>);

impl Text {
    pub(crate) const fn new(text: Box<str>) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

/// Bytes on the heap.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(Box<[u8]>);

impl Bytes {
    pub(crate) const fn new(bytes: Box<[u8]>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// A value of an opaque type: plain data that only its handler understands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opaque {
    /// Name of its type.
    pub ty: Box<str>,
    /// What tells it apart.
    pub token: Box<str>,
}
