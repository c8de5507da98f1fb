//! Traces as bytes: compact, readable as they grow, and read back by [`Decoder`].
//!
//! A stream is [`MAGIC`] and then *frames*: the length of the body in four bytes, a byte for the kind, the body.
//!
//! | kind | body |
//! |---|---|
//! | 0 note | a text of whoever writes the trace |
//! | 1 image | the content id of an image; they are numbered from 0 |
//! | 2 batch | how many events (four bytes), number of the image, session (how many numbers, the numbers), first sequence number, first tick, the events |
//! | 3 end | how many events there were |
//!
//! An event is its code, a byte that says which of the following are not 0 or `()`, and these: role + 1, tick less the one
//! before (its sign in the lowest bit), number, two operands, a byte, the value in the bytes of
//! [`encode`](mod@crate::value::encode). Numbers have variable length (see [`crate::bytes`]) where no other is said. A
//! stream without an end was not finished; what it has is whole up to its last frame.

mod decoder;

pub use decoder::{Batch, Decoder, Frame, Step};

use super::BatchView;
use crate::bytes::write_number;
use crate::event::record::{Operands, Record, near};
use crate::id::{ImageId, SessionId};
use crate::value::Value;
use crate::value::encode::encode;
use tell_ir::hash::{ContentId, content_id};

/// What a stream starts with; the last byte is the version of the format.
pub const MAGIC: &[u8; 8] = b"TELLTRC\x01";

/// Bytes after which a batch is continued in another frame.
const FRAME: usize = 1 << 18;

const NOTE: u8 = 0;
const IMAGE: u8 = 1;
const BATCH: u8 = 2;
const END: u8 = 3;

/// Which parts of an event are not left out.
mod part {
    pub(super) const ROLE: u8 = 1;
    pub(super) const TICK: u8 = 2;
    pub(super) const NUMBER: u8 = 4;
    pub(super) const A: u8 = 8;
    pub(super) const B: u8 = 16;
    pub(super) const EXTRA: u8 = 32;
    pub(super) const VALUE: u8 = 64;
    pub(super) const ALL: u8 = 127;
}

/// Writes a stream, piece by piece; the bytes are the caller's.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The images of the stream, in the order of their numbers.
    images: Vec<(ImageId, ContentId)>,
    events: u64,
}

impl Encoder {
    /// The beginning of a stream.
    pub fn new(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(MAGIC);
        Self::default()
    }

    /// A text about the trace.
    pub fn note(&mut self, text: &str, out: &mut Vec<u8>) {
        frame(NOTE, out, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// Events.
    pub fn batch(&mut self, batch: &BatchView<'_>, out: &mut Vec<u8>) {
        let number = self.image(batch, out);
        let mut events = (0..).zip(batch.records).peekable();
        while let Some(&(at, first)) = events.peek() {
            frame(BATCH, out, |out| {
                let start = out.len();
                let mut tick = near(batch.tick, first.tick);
                let mut count = 0_u32;
                out.extend_from_slice(&count.to_le_bytes());
                write_number(number, out);
                write_session(batch.session, out);
                write_number(u64::from(batch.sequence.wrapping_add(at)), out);
                write_number(tick, out);
                while out.len() - start < FRAME
                    && let Some((_, record)) = events.next()
                {
                    let next = near(tick, record.tick);
                    write_event(record, next.wrapping_sub(tick).cast_signed(), out);
                    tick = next;
                    count += 1;
                }
                out[start..start + 4].copy_from_slice(&count.to_le_bytes());
            });
        }
        self.events += batch.records.len() as u64;
    }

    /// The end: nothing is missing.
    pub fn end(self, out: &mut Vec<u8>) {
        frame(END, out, |out| write_number(self.events, out));
    }

    /// The number of the image of a batch in this stream.
    fn image(&mut self, batch: &BatchView<'_>, out: &mut Vec<u8>) -> u64 {
        let known = self.images.iter().position(|known| known.0 == batch.image);
        let number = known.unwrap_or_else(|| {
            let id = content_id(batch.code());
            frame(IMAGE, out, |out| out.extend_from_slice(&id.0));
            self.images.push((batch.image, id));
            self.images.len() - 1
        });
        number as u64
    }
}

/// Writes a frame. No body is as long as four bytes can say: a batch ends with the event that makes it too long.
fn frame(kind: u8, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    body(out);
    let length = u32::try_from(out.len() - start - 5).expect("notes are short, and so are events");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn write_session(session: &SessionId, out: &mut Vec<u8>) {
    write_number(session.depth() as u64 + 1, out);
    session.path().for_each(|number| write_number(u64::from(number), out));
}

fn write_event(record: &Record, ticks: i64, out: &mut Vec<u8>) {
    let Operands { number, a, b, extra } = record.operands();
    let role = u64::from(record.role.wrapping_add(1));
    let (ticks, number, a, b) =
        ((ticks << 1 ^ ticks >> 63).cast_unsigned(), u64::from(number), u64::from(a), u64::from(b));
    let numbers = [(role, part::ROLE), (ticks, part::TICK), (number, part::NUMBER), (a, part::A), (b, part::B)];
    let start = out.len();
    out.extend_from_slice(&[record.code as u8, 0]);
    let mut parts = 0;
    for (number, part) in numbers {
        if number > 0 {
            parts |= part;
            write_number(number, out);
        }
    }
    if extra > 0 {
        parts |= part::EXTRA;
        out.push(extra);
    }
    if record.value != Value::Unit {
        parts |= part::VALUE;
        encode(&record.value, out);
    }
    out[start + 1] = parts;
}
