//! Image files: `CodeImage` to bytes and back. The only file that knows bincode.
//!
//! A file is the magic `TELLIMG`, a format version, a section table (count, then id, offset and length of each
//! section, ascending and without gaps), the sections in bincode, and a trailer: the content id and a checksum of
//! everything before it. Writing is serde's; reading is done here by hand, because a file is untrusted input: every
//! count is checked against the bytes that are left and the least size of an element before anything is allocated,
//! nothing recurses, and only the canonical form is accepted, so equal images have equal bytes.

mod parts;

use crate::choreography::Choreography;
use crate::hash::{content_id, file_checksum};
use crate::image::{CodeImage, Shape};
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::de::read::Reader;
use bincode::de::{Decode, Decoder, DecoderImpl};
use bincode::error::DecodeError;
#[cfg(test)]
use bincode::serde::decode_from_slice;
use bincode::serde::{Compat, encode_into_std_write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::fmt;

/// Longest image file, in bytes.
pub const MAX_IMAGE_BYTES: usize = 64 << 20;

/// Format version this code writes and reads.
pub const FORMAT_VERSION: u8 = 3;

/// The first bytes of every image file, before the version.
pub const MAGIC: &[u8; 7] = b"TELLIMG";

/// bincode counts the size of decoded integers, at most eight times that of their bytes.
const CONFIG: Configuration<LittleEndian, Varint, Limit<{ 8 * MAX_IMAGE_BYTES }>> =
    bincode::config::standard().with_limit::<{ 8 * MAX_IMAGE_BYTES }>();

/// Bytes that the lists of an image take in memory at most; what is read can be many times as long as the file.
const MAX_LISTS: usize = 512 << 20;

/// A number of one byte is below this; it marks those of more.
const WIDE: u8 = 251;

const HEADER_LEN: usize = 8 + 4;
const ENTRY_LEN: usize = 12;
const TRAILER_LEN: usize = 64;

/// The sections in the order of their ids, which start at 1. The debug section is absent if there is none.
const SECTIONS: [&str; 14] = [
    "roles",
    "labels",
    "types",
    "effects",
    "ops",
    "consts",
    "shapes",
    "code",
    "machines",
    "edges",
    "scopes",
    "choreography",
    "resources",
    "debug",
];

/// Why bytes are not an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageError {
    /// The rule that does not hold, one of [`RULES`].
    pub rule: &'static str,
    /// Where in the file, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, byte {}: {}", self.rule, self.offset, self.message)
    }
}

impl std::error::Error for ImageError {}

/// The rules of the file format.
pub const RULES: &[(&str, &str)] = &[
    ("V1.1", "the file starts with the magic and a known version and is not longer than the limit"),
    ("V1.2", "the section table lists every section once, ascending, without gaps or overlap"),
    ("V1.3", "the checksum at the end is that of the bytes before it"),
    (
        "V1.4",
        "every section decodes within its bytes, with no count beyond them, and leaves none over; lists take 512 MiB at most",
    ),
    ("V1.5", "the file is what this program writes for the image it holds"),
    ("V1.6", "the content id at the end is that of the image"),
];

fn error<T>(rule: &'static str, offset: usize, message: impl Into<String>) -> Result<T, ImageError> {
    Err(ImageError { rule, offset, message: message.into() })
}

/// The bytes of an image file. Equal images have equal bytes.
///
/// # Panics
/// If the image has a table longer than 4 GiB.
#[must_use]
pub fn encode(image: &CodeImage) -> Vec<u8> {
    let mut bytes = encode_body(image);
    bytes.extend_from_slice(&content_id(image).0);
    let checksum = file_checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Everything before the trailer.
fn encode_body(image: &CodeImage) -> Vec<u8> {
    let sections = encode_sections(image);
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.push(FORMAT_VERSION);
    push_word(&mut bytes, sections.len());
    let mut offset = HEADER_LEN + ENTRY_LEN * sections.len();
    for (index, section) in sections.iter().enumerate() {
        push_word(&mut bytes, index + 1);
        push_word(&mut bytes, offset);
        push_word(&mut bytes, section.len());
        offset += section.len();
    }
    for section in &sections {
        bytes.extend_from_slice(section);
    }
    bytes
}

fn push_word(bytes: &mut Vec<u8>, value: usize) {
    let value = u32::try_from(value).expect("an image is smaller than 4 GiB");
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn encode_sections(image: &CodeImage) -> Vec<Vec<u8>> {
    let CodeImage {
        protocol,
        roles,
        labels,
        types,
        effects,
        ops,
        consts,
        shapes,
        functions,
        machines,
        choreography,
        edges,
        scopes,
        resources,
        debug,
    } = image;
    let mut sections = vec![
        section(&(protocol, roles)),
        section(labels),
        section(types),
        section(effects),
        section(ops),
        section(consts),
        section(shapes),
        section(functions),
        section(machines),
        section(edges),
        section(scopes),
        section(choreography),
        section(resources),
    ];
    sections.extend(debug.iter().map(section));
    sections
}

fn section<T: Serialize>(part: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_into_std_write(part, &mut bytes, CONFIG).expect("plain data always encodes into memory");
    bytes
}

/// Reads an image file. Total: any bytes give an image or an error, with memory in proportion to their number.
///
/// # Errors
/// The first rule of the file format that does not hold.
pub fn decode(bytes: &[u8]) -> Result<CodeImage, ImageError> {
    let (sections, body_len) = split(bytes)?;
    let trailer = &bytes[body_len..];
    if trailer[32..] != file_checksum(&bytes[..body_len + 32]) {
        return error("V1.3", body_len + 32, "the checksum is wrong: the file is damaged");
    }
    let image = decode_sections(&sections)?;
    if trailer[..32] != content_id(&image).0 {
        return error("V1.6", body_len, "the content id is not that of the image");
    }
    Ok(image)
}

/// Writes the right content id and checksum into a damaged file, so that tests reach what is behind them.
#[doc(hidden)]
pub fn reseal(bytes: &mut [u8]) {
    let Ok((sections, body_len)) = split(bytes) else { return };
    if let Ok(image) = decode_sections(&sections) {
        bytes[body_len..body_len + 32].copy_from_slice(&content_id(&image).0);
    }
    let checksum = file_checksum(&bytes[..body_len + 32]);
    bytes[body_len + 32..].copy_from_slice(&checksum);
}

/// One section and where it starts.
struct Section<'a> {
    bytes: &'a [u8],
    offset: usize,
}

/// Checks header and section table; the sections and where the trailer starts.
fn split(bytes: &[u8]) -> Result<(Vec<Section<'_>>, usize), ImageError> {
    if bytes.len() > MAX_IMAGE_BYTES {
        return error("V1.1", MAX_IMAGE_BYTES, format!("an image is at most {MAX_IMAGE_BYTES} bytes long"));
    }
    if !bytes.starts_with(MAGIC) {
        return error("V1.1", 0, "not an image: it does not start with `TELLIMG`");
    }
    if bytes.len() < HEADER_LEN + TRAILER_LEN {
        return error("V1.1", bytes.len(), "the file ends early");
    }
    if bytes[7] != FORMAT_VERSION {
        return error("V1.1", 7, format!("format version {} is not {FORMAT_VERSION}", bytes[7]));
    }
    let count = word(bytes, 8);
    if count != SECTIONS.len() && count != SECTIONS.len() - 1 {
        return error("V1.2", 8, format!("{count} sections instead of {} or {}", SECTIONS.len() - 1, SECTIONS.len()));
    }
    let body_len = bytes.len() - TRAILER_LEN;
    let mut expected = HEADER_LEN + ENTRY_LEN * count;
    if expected > body_len {
        return error("V1.2", HEADER_LEN, "the file ends within the section table");
    }
    let mut sections = Vec::with_capacity(count);
    for (index, name) in SECTIONS.iter().enumerate().take(count) {
        let at = HEADER_LEN + ENTRY_LEN * index;
        let (id, offset, len) = (word(bytes, at), word(bytes, at + 4), word(bytes, at + 8));
        if id != index + 1 || offset != expected || len > body_len - expected {
            return error("V1.2", at, format!("the entry of section `{name}` is wrong"));
        }
        sections.push(Section { bytes: &bytes[offset..offset + len], offset });
        expected += len;
    }
    if expected != body_len {
        return error("V1.2", expected, "bytes after the last section");
    }
    Ok((sections, body_len))
}

/// The number at `at`, which the caller knows to be inside.
fn word(bytes: &[u8], at: usize) -> usize {
    let word = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    word as usize
}

fn decode_sections(sections: &[Section<'_>]) -> Result<CodeImage, ImageError> {
    let room = Cell::new(MAX_LISTS);
    let (protocol, roles) =
        read_section(sections, 0, &room, |cursor| Ok((cursor.text()?, cursor.list(2, parts::role)?)))?;
    Ok(CodeImage {
        protocol,
        roles,
        labels: read_section(sections, 1, &room, |cursor| cursor.list(2, parts::label))?,
        types: read_section(sections, 2, &room, |cursor| cursor.list(1, parts::ty))?,
        effects: read_section(sections, 3, &room, |cursor| cursor.list(2, parts::effect))?,
        ops: read_section(sections, 4, &room, |cursor| cursor.list(10, parts::op))?,
        consts: read_section(sections, 5, &room, |cursor| cursor.list(1, parts::constant))?,
        shapes: read_section(sections, 6, &room, |cursor| cursor.plain_list::<Shape, 2>())?,
        functions: read_section(sections, 7, &room, |cursor| cursor.list(8, parts::function))?,
        machines: read_section(sections, 8, &room, |cursor| cursor.list(3, parts::machine))?,
        edges: read_section(sections, 9, &room, |cursor| cursor.plain_list::<_, 4>())?,
        scopes: read_section(sections, 10, &room, |cursor| cursor.list(3, parts::scope))?,
        choreography: read_section(sections, 11, &room, |cursor| {
            Ok(Choreography { nodes: cursor.list(1, parts::node)? })
        })?,
        resources: read_section(sections, 12, &room, parts::resources)?,
        debug: if sections.len() > 13 { Some(read_section(sections, 13, &room, parts::debug)?) } else { None },
    })
}

fn read_section<T>(
    sections: &[Section<'_>],
    index: usize,
    room: &Cell<usize>,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, DecodeError>,
) -> Result<T, ImageError> {
    let Section { bytes, offset } = &sections[index];
    let mut cursor = Cursor(DecoderImpl::new(Rest { bytes, overlong: false, room }, CONFIG, ()));
    let result = read(&mut cursor);
    let left = cursor.left();
    let at = offset + bytes.len() - left;
    match result {
        Ok(_) if left > 0 => error("V1.4", at, format!("bytes left over in section `{}`", SECTIONS[index])),
        Ok(_) if cursor.0.reader().overlong => {
            error("V1.5", *offset, format!("section `{}` has a number in more bytes than it needs", SECTIONS[index]))
        }
        Ok(value) => Ok(value),
        Err(cause) => error("V1.4", at, format!("section `{}`: {cause}", SECTIONS[index])),
    }
}

/// The bytes not read yet.
///
/// Unlike bincode's own readers it tells how many there are, and it notices numbers in more bytes than they need: of
/// our data only those are read or consumed in more than one byte, and they are all that could be written in two
/// ways.
struct Rest<'a> {
    bytes: &'a [u8],
    overlong: bool,
    /// Bytes that lists may still take in memory.
    room: &'a Cell<usize>,
}

impl Rest<'_> {
    /// Notes whether a number in this many bytes after its marker fits in fewer.
    #[inline]
    fn number(&mut self, number: &[u8]) {
        self.overlong |= match *number {
            [a, b] => u16::from_le_bytes([a, b]) < 251,
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) <= u32::from(u16::MAX),
            [_, _, _, _, 0, 0, 0, 0] => true,
            _ => false,
        };
    }
}

impl Reader for Rest<'_> {
    #[inline]
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        let Some((head, rest)) = self.bytes.split_at_checked(bytes.len()) else {
            return Err(DecodeError::UnexpectedEnd { additional: bytes.len() - self.bytes.len() });
        };
        bytes.copy_from_slice(head);
        self.number(head);
        self.bytes = rest;
        Ok(())
    }

    #[inline]
    fn peek_read(&mut self, len: usize) -> Option<&[u8]> {
        self.bytes.get(..len)
    }

    #[inline]
    fn consume(&mut self, len: usize) {
        if let Some((marked, rest)) = self.bytes.split_at_checked(len) {
            if len > 1 {
                self.number(&marked[1..]);
            }
            self.bytes = rest;
        }
    }
}

/// What reading gives.
type Read<T> = Result<T, DecodeError>;

/// Why something cannot be read, in words.
fn other<T>(why: String) -> Read<T> {
    Err(DecodeError::OtherString(why))
}

/// A bounded reader of one section.
struct Cursor<'a>(DecoderImpl<Rest<'a>, Configuration<LittleEndian, Varint, Limit<{ 8 * MAX_IMAGE_BYTES }>>, ()>);

impl Cursor<'_> {
    fn left(&mut self) -> usize {
        self.0.reader().bytes.len()
    }

    /// A count of elements of at least `min` bytes each, all of which may still be there.
    fn count(&mut self, min: usize) -> Read<usize> {
        let count = u64::decode(&mut self.0)?;
        let most = self.left() / min;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => other(format!("{count} elements where at most {most} fit")),
        }
    }

    fn text(&mut self) -> Read<String> {
        let len = self.count(1)?;
        let rest = &mut self.0.reader().bytes;
        let (text, after) = rest.split_at(len);
        let text = str::from_utf8(text).map_err(|inner| DecodeError::Utf8 { inner })?.to_owned();
        *rest = after;
        Ok(text)
    }

    /// A list of elements of at least `min` bytes each.
    fn list<T>(&mut self, min: usize, read: impl Fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let count = self.count(min)?;
        let room = self.0.reader().room;
        let Some(rest) = room.get().checked_sub(count.saturating_mul(size_of::<T>())) else {
            return other(format!("the lists of an image take at most {MAX_LISTS} bytes in memory"));
        };
        room.set(rest);
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// A value without text or list in it.
    fn plain<T: DeserializeOwned>(&mut self) -> Read<T> {
        Compat::<T>::decode(&mut self.0).map(|Compat(value)| value)
    }

    /// A list of such values of at least `MIN` bytes each.
    fn plain_list<T: DeserializeOwned, const MIN: usize>(&mut self) -> Read<Vec<T>> {
        self.list(MIN, Self::plain)
    }

    fn alternative(&mut self) -> Read<u32> {
        self.word()
    }

    /// A number; most are one byte.
    #[inline]
    fn word(&mut self) -> Read<u32> {
        let rest = &mut self.0.reader().bytes;
        match rest.split_first() {
            Some((byte, after)) if *byte < WIDE => {
                *rest = after;
                Ok(u32::from(*byte))
            }
            _ => u32::decode(&mut self.0),
        }
    }

    #[inline]
    fn short(&mut self) -> Read<u16> {
        let rest = &mut self.0.reader().bytes;
        match rest.split_first() {
            Some((byte, after)) if *byte < WIDE => {
                *rest = after;
                Ok(u16::from(*byte))
            }
            _ => u16::decode(&mut self.0),
        }
    }
}

#[cfg(test)]
mod tests;
