//! Session types as JSON, schema `lean_bridge.v1` (PROJECTION §1), both ways.
//!
//! [`import`] reads a type and says where in the JSON a mistake is; [`export`] writes one. JSON as such is in
//! [`json`]: a flat document, so that neither reading, writing nor dropping recurses on the nesting of the input.

pub mod error;
pub mod export;
pub mod import;
pub mod json;

/// The schema both directions follow.
pub const SCHEMA: &str = "lean_bridge.v1";

/// Deepest nesting of a session type, in terms.
pub const MAX_DEPTH: usize = 100_000;

/// Deepest nesting of a payload's sort.
pub const MAX_SORT_DEPTH: usize = 1_000;
