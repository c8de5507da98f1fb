//! State that most sessions never have: one pointer until it is first changed.

use std::collections::{BTreeSet, VecDeque};
use std::ops::{Deref, DerefMut};

/// A type with a value that stands for nothing.
pub(crate) trait Empty: Default + 'static {
    /// That value.
    const EMPTY: &'static Self;
}

impl<T: 'static> Empty for Vec<T> {
    const EMPTY: &'static Self = &Self::new();
}

impl<T: 'static> Empty for VecDeque<T> {
    const EMPTY: &'static Self = &Self::new();
}

impl<T: 'static> Empty for BTreeSet<T> {
    const EMPTY: &'static Self = &Self::new();
}

/// A value that takes memory from its first change on. What does not change it must not ask for a mutable reference.
#[derive(Clone, Debug)]
pub(crate) struct Lazy<T>(Option<Box<T>>);

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Default> Lazy<T> {
    /// The value; it takes memory from now on.
    #[inline]
    pub(crate) fn get_or_make(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T> Lazy<T> {
    /// The value, if it takes memory.
    #[inline]
    pub(crate) fn made(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T: Empty> Deref for Lazy<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Lazy<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.get_or_make()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_takes_no_memory() {
        let mut lazy = Lazy::<Vec<u8>>::default();
        assert!(lazy.is_empty() && lazy.made().is_none() && lazy.clone().0.is_none());
        assert_eq!(size_of_val(&lazy), 8);
        lazy.push(3);
        assert_eq!((lazy.clone().pop(), lazy.made()), (Some(3), Some(&mut vec![3])));
    }
}
