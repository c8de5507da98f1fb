//! Choreographies and machines without data: pure global types and local types.
//!
//! Both are terms with binders whose equal parts are shared, so that a thousand choices in a row stay a thousand nodes;
//! [`expanded_size`] says how large a term is when written out. [`unroll`] makes a term of a graph with cycles.

mod global;
mod local;
pub(crate) mod names;
mod unroll;

pub use global::global_type;
pub use local::local_type;

use tell_ir::term::Term;

/// Most nodes of a term that is made.
pub const MAX_NODES: usize = 2_500_000;

/// Number of nodes of a term written out as a tree, at most `u64::MAX`.
#[must_use]
pub fn expanded_size<Node: Term>(nodes: &[Node], root: u32) -> u64 {
    // Children have smaller indices than their parents.
    let mut sizes: Vec<u64> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let size = node.parts().iter().fold(1u64, |sum, child| sum.saturating_add(sizes[*child as usize]));
        sizes.push(size);
    }
    sizes[root as usize]
}
