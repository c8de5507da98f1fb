//! Names of the entries of an image's tables: what stands for an index in the text, and which index a text stands for.

use super::near::nearest;
use super::section::SECTIONS;
use super::token::{key_of, quoted};
use crate::image::CodeImage;
use crate::ty::{Type, TypeId};
use std::collections::BTreeMap;

/// Longest name of an entry, in bytes: what is longer goes by its number, so that a text is linear in its image.
pub(crate) const MAX_NAME: usize = 100;

/// The names of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    names: Vec<String>,
    /// By the tokens of the name.
    index: BTreeMap<String, u32>,
}

impl Book {
    /// From a short and a long name of each entry. The short one is for an entry that is alone with it; the first entry
    /// with a long one has that; the others go by their numbers.
    pub(crate) fn new(entries: impl Iterator<Item = (String, String)>) -> Self {
        let (shorts, longs): (Vec<_>, Vec<_>) = entries.unzip();
        let mut book = Self::single(longs.into_iter());
        let mut alone: BTreeMap<String, Option<u32>> = BTreeMap::new();
        for (number, short) in (0..).zip(&shorts) {
            alone.entry(key_of(short)).and_modify(|only| *only = None).or_insert(Some(number));
        }
        for (key, number) in alone {
            let Some(number) = number else { continue };
            let short = &shorts[number as usize];
            if *book.index.entry(key).or_insert(number) == number && short.len() <= MAX_NAME {
                book.names[number as usize].clone_from(short);
            }
        }
        book
    }

    /// From one name of each entry.
    pub(crate) fn single(names: impl Iterator<Item = String>) -> Self {
        let mut book = Self::default();
        for (number, name) in (0..).zip(names) {
            let first = *book.index.entry(key_of(&name)).or_insert(number);
            book.names.push(if first == number && name.len() <= MAX_NAME { name } else { format!("#{number}") });
        }
        book
    }

    /// Of entries that are still to be read, by the tokens of their names; the first of those with one name has it.
    pub(crate) fn expected(keys: Vec<String>) -> Self {
        let mut index = BTreeMap::new();
        for (number, key) in (0..).zip(&keys) {
            index.entry(key.clone()).or_insert(number);
        }
        Self { names: keys, index }
    }

    /// What stands for an index; also for one that leads nowhere.
    pub(crate) fn name(&self, index: u32) -> String {
        self.names.get(index as usize).cloned().unwrap_or_else(|| format!("?{index}"))
    }

    /// The entry that these tokens name.
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        self.index.get(key).copied()
    }

    /// The name that was probably meant.
    pub(crate) fn nearest(&self, wanted: &str) -> Option<&str> {
        nearest(wanted, self.names.iter().map(String::as_str))
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// The names of all tables that others refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) types: Book,
    pub(crate) roles: Book,
    pub(crate) labels: Book,
    pub(crate) effects: Book,
    pub(crate) ops: Book,
    pub(crate) consts: Book,
    pub(crate) shapes: Book,
    pub(crate) layers: Book,
    pub(crate) facts: Book,
    /// The variants of each type by name; the first of those with one name.
    variants: BTreeMap<(u32, String), u16>,
}

impl Names {
    /// Of an image.
    pub(crate) fn of(image: &CodeImage) -> Self {
        let mut names = Self::default();
        SECTIONS.iter().for_each(|section| (section.note)(image, &mut names));
        names
    }

    /// What stands for variant `tag` of a type.
    pub(crate) fn variant(&self, image: &CodeImage, ty: TypeId, tag: u16) -> String {
        match variant_name(&image.types, ty, tag) {
            Some(name) if name.len() <= MAX_NAME && self.tag(ty, name) == Some(tag) => quoted(name),
            Some(_) => format!("#{tag}"),
            None => format!("?{tag}"),
        }
    }

    /// The variant of that name.
    pub(crate) fn tag(&self, ty: TypeId, name: &str) -> Option<u16> {
        self.variants.get(&(ty.0, name.to_owned())).copied()
    }

    /// Notes the variants of all types.
    pub(crate) fn note_variants(&mut self, types: &[Type]) {
        self.variants.clear();
        for id in (0..).take(types.len()).map(TypeId) {
            let names = (0..=u16::MAX).map_while(|tag| variant_name(types, id, tag).map(|name| (tag, name)));
            for (tag, name) in names {
                self.variants.entry((id.0, name.to_owned())).or_insert(tag);
            }
        }
    }
}

/// The name of variant `tag` of a union, `Maybe` or `Result`.
pub(crate) fn variant_name(types: &[Type], ty: TypeId, tag: u16) -> Option<&str> {
    match (types.get(ty.0 as usize)?, tag) {
        (Type::Maybe(_), 0) => Some("Nothing"),
        (Type::Maybe(_), 1) => Some("Just"),
        (Type::Result(..), 0) => Some("Err"),
        (Type::Result(..), 1) => Some("Ok"),
        (Type::Union(_, variants), _) => variants.get(usize::from(tag)).map(|(name, _)| name.as_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_name_of_its_own() {
        let entry = |short: &str, long: &str| (short.to_owned(), long.to_owned());
        let long = "x".repeat(MAX_NAME + 1);
        let book = Book::new(
            [
                entry("Title", "Title(String)"),
                entry("Accept", "Accept(Int)"),
                entry("Accept", "Accept"),
                entry("Accept", "Accept(Int)"),
                entry(&long, &long),
            ]
            .into_iter(),
        );
        assert_eq!(book.names, ["Title", "Accept(Int)", "Accept", "#3", "#4"]);
        for number in [0, 1, 2] {
            assert_eq!(book.find(&key_of(&book.name(number))), Some(number));
        }
        assert_eq!(book.find("Accept ( Int )"), Some(1));
        assert_eq!((book.name(9), book.nearest("Titel")), ("?9".to_owned(), Some("Title")));
    }
}
