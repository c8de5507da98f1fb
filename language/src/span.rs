//! Where something stands in a source text.

use std::ops::Range;

/// A half-open range of byte offsets into one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to `end`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Its first `length` bytes: the word that a construct starts with.
    #[must_use]
    pub fn head(self, length: u32) -> Self {
        Self::new(self.start, (self.start + length).min(self.end))
    }

    /// The span as a range of `usize`, for slicing the text.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Index of a source file in a [`Files`] table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// One source file: the name shown to the user and its text.
#[derive(Clone, Debug)]
pub struct File {
    /// Shown in diagnostics; a path, `<stdin>` or `std/console.tell`.
    pub name: String,
    /// The text, exactly as read.
    pub text: String,
    /// Offsets at which lines start.
    line_starts: Vec<u32>,
}

/// All source files of one compilation, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

impl Files {
    /// Adds a file and returns its id.
    ///
    /// # Panics
    /// With more than `u32::MAX` files.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).expect("fewer than 2^32 files"));
        let text = text.into();
        let starts = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        let line_starts = std::iter::once(0).chain(starts).collect();
        self.0.push(File { name: name.into(), text, line_starts });
        id
    }

    /// The file of that id.
    #[must_use]
    pub fn get(&self, id: FileId) -> &File {
        &self.0[id.0 as usize]
    }

    /// All files, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &File)> {
        (0..).map(FileId).zip(&self.0)
    }

    /// 1-based line and 1-based column (in characters) of a byte offset; offsets past the end count as the end.
    #[must_use]
    pub fn line_column(&self, id: FileId, offset: u32) -> (u32, u32) {
        let File { text, line_starts, .. } = self.get(id);
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let line = line_starts.partition_point(|start| *start as usize <= end);
        let start = line_starts[line - 1] as usize;
        let column = text[start..end].chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}
