//! Sorts: the payload types of pure session types, as schema `lean_bridge.v1` writes them.

/// The sort of a message payload (PROJECTION §1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// No payload.
    Unit,
    /// Natural number.
    Nat,
    /// Integer.
    Int,
    /// Truth value.
    Bool,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// Real number.
    Real,
    /// Vector of that length.
    Vector(u64),
    /// Pair; more than two fields nest to the right.
    Prod(Box<Sort>, Box<Sort>),
    /// Any other type, printed.
    Named(String),
}

/// A label and the sort of its payload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its payload's sort.
    pub sort: Sort,
}
