//! Content ids and checksums. The only file that knows blake3.
//!
//! A content id covers a canonical encoding of the image that is written out in `parts`, field by field, and is
//! independent of the file format: little-endian integers of fixed width, every text and list preceded by its
//! length as `u32`, every alternative by one byte. The debug section and the bounds of edges are not part of it.

mod parts;

use crate::image::CodeImage;
use std::fmt;

const CONTENT_CONTEXT: &str = "tell 2026-11 code image content id v4";
const GLOBAL_CONTEXT: &str = "tell 2026-11 global type content id v1";
const LOCAL_CONTEXT: &str = "tell 2026-11 local type content id v1";
const FILE_CONTEXT: &str = "tell 2026-11 code image file checksum v1";

/// The identity of an image: equal for equal protocols, whatever file they are in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub [u8; 32]);

impl ContentId {
    /// The first 12 hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentId({self})")
    }
}

/// What bytes are hashed for; digests for one purpose say nothing about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The state of a session.
    Session,
    /// A message in flight.
    Message,
}

/// The digest of bytes for a purpose.
#[must_use]
pub fn digest(purpose: Purpose, bytes: &[u8]) -> [u8; 32] {
    let context = match purpose {
        Purpose::Session => "tell 2026-11 session state digest v1",
        Purpose::Message => "tell 2026-11 message digest v1",
    };
    blake3::derive_key(context, bytes)
}

/// The content id of an image.
#[must_use]
pub fn content_id(image: &CodeImage) -> ContentId {
    let mut out = Canonical { hasher: blake3::Hasher::new_derive_key(CONTENT_CONTEXT), buffer: Vec::new() };
    parts::write_image(image, &mut out);
    out.hasher.update(&out.buffer);
    ContentId(*out.hasher.finalize().as_bytes())
}

/// Hashes the nodes of a session type, each from its encoding (see [`crate::canonical`]).
pub(crate) struct NodeHasher(blake3::Hasher);

impl NodeHasher {
    /// For nodes of global types.
    pub(crate) fn global() -> Self {
        Self(blake3::Hasher::new_derive_key(GLOBAL_CONTEXT))
    }

    /// For nodes of local types.
    pub(crate) fn local() -> Self {
        Self(blake3::Hasher::new_derive_key(LOCAL_CONTEXT))
    }

    /// The id of a node.
    pub(crate) fn id(&self, encoding: &[u8]) -> ContentId {
        ContentId(*self.0.clone().update(encoding).finalize().as_bytes())
    }
}

/// Checksum of an image file's bytes before its trailer.
pub(crate) fn file_checksum(bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key(FILE_CONTEXT, bytes)
}

/// Bytes that are hashed at once.
const BUFFER_LEN: usize = 1 << 16;

/// The writer of the canonical encoding; what it writes is hashed piece by piece.
struct Canonical {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Canonical {
    fn byte(&mut self, value: u8) {
        self.buffer.push(value);
    }

    fn short(&mut self, value: u16) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn word(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn maybe_short(&mut self, value: Option<u16>) {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1);
                self.short(value);
            }
        }
    }

    fn maybe_word(&mut self, value: Option<u32>) {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1);
                self.word(value);
            }
        }
    }

    fn long(&mut self, value: i64) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn count(&mut self, len: usize) {
        self.word(u32::try_from(len).expect("tables of an image are smaller than 4 GiB"));
    }

    fn drain(&mut self) {
        if self.buffer.len() >= BUFFER_LEN {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn list<T: Canon>(&mut self, items: &[T]) {
        self.count(items.len());
        for item in items {
            item.write(self);
            self.drain();
        }
    }
}

/// A part of an image with a canonical encoding.
trait Canon {
    fn write(&self, out: &mut Canonical);
}
