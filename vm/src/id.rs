//! The ids a machine hands out. Nothing is looked up by name after load.

use std::fmt;
use std::sync::Arc;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A loaded image of one machine, numbered from 0 in the order of loading.
    ImageId(u16);
    /// A performed operation, numbered from 0 inside its session.
    RequestId(u32);
}

/// A session of one machine: a number in the order of opening, and for a nested session its number in the one that
/// opened it, and so on. So an id depends on nothing that other sessions do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    root: u32,
    nested: Option<Arc<Path>>,
}

/// Numbers below the root, outermost first. Boxed, so that an id takes 16 bytes: sessions and batches of events have one.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Path(Box<[u32]>);

impl SessionId {
    /// The session the host opened as its `number`th, from 0.
    #[must_use]
    pub const fn root(number: u32) -> Self {
        Self { root: number, nested: None }
    }

    /// The `number`th session that this one opened, from 0.
    #[must_use]
    pub fn child(&self, number: u32) -> Self {
        let path = self.below_root().iter().copied().chain([number]);
        Self { root: self.root, nested: Some(Arc::new(Path(path.collect()))) }
    }

    /// Its number, if the host opened it.
    pub(crate) const fn as_root(&self) -> Option<u32> {
        if self.nested.is_none() { Some(self.root) } else { None }
    }

    /// The session with these numbers, outermost first; none without any.
    pub(crate) fn of_path(mut path: impl Iterator<Item = u32>) -> Option<Self> {
        let root = path.next()?;
        let below: Box<[u32]> = path.collect();
        Some(Self { root, nested: (!below.is_empty()).then(|| Arc::new(Path(below))) })
    }

    /// How many sessions it is nested in.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.below_root().len()
    }

    /// Its numbers, outermost first.
    pub fn path(&self) -> impl Iterator<Item = u32> {
        [self.root].into_iter().chain(self.below_root().iter().copied())
    }

    fn below_root(&self) -> &[u32] {
        self.nested.as_ref().map_or(&[][..], |path| &path.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)?;
        self.below_root().iter().try_for_each(|number| write!(f, ".{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_session_is_named_after_the_one_that_opened_it() {
        assert_eq!(size_of::<SessionId>(), 16);
        let id = SessionId::root(3).child(0).child(7);
        assert_eq!(id.to_string(), "3.0.7");
        assert_eq!(id.depth(), 2);
        assert_eq!(id.path().collect::<Vec<_>>(), [3, 0, 7]);
        assert!(SessionId::root(3) < id && id < SessionId::root(3).child(1) && id < SessionId::root(4));
    }
}
