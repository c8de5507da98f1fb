//! Reading streams: total, frame by frame, whatever the bytes are.

use super::{BATCH, END, IMAGE, MAGIC, NOTE, part};
use crate::bytes::{BytesError, BytesFault, Cursor, Read};
use crate::event::Event;
use crate::event::record::{Code, Operands, Record};
use crate::id::{ImageId, SessionId};
use crate::value::{Value, decode};
use tell_ir::hash::ContentId;

/// Bytes of a frame before its body.
const HEAD: usize = 5;

/// Most images of a stream.
const MOST_IMAGES: usize = u16::MAX as usize;

/// Reads a stream. It keeps the ids of its images and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    images: Vec<ContentId>,
    events: u64,
    /// Bytes read so far.
    offset: u64,
    has_ended: bool,
}

/// What bytes are the beginning of.
#[derive(Debug)]
pub enum Step<'a> {
    /// Of a frame for which so many bytes are needed, all in all. Behind the end, none.
    More(usize),
    /// A frame of so many bytes.
    Frame(usize, Frame<'a>),
}

/// A frame that is of interest to a reader.
#[derive(Debug)]
pub enum Frame<'a> {
    /// A text about the trace.
    Note(&'a str),
    /// An image; its events have this number.
    Image(ImageId, ContentId),
    /// Events.
    Batch(Batch<'a>),
    /// All is there.
    End,
}

impl Decoder {
    /// Checks that the stream ends here, with these bytes left.
    ///
    /// # Errors
    /// It was not finished.
    pub fn finish(&self, left: &[u8]) -> Result<(), BytesError> {
        let offset = self.offset + left.len() as u64;
        if self.has_ended && left.is_empty() { Ok(()) } else { Err(BytesError { offset, fault: BytesFault::End }) }
    }

    /// Reads the frame at the beginning of `bytes`, which are those behind the frames read so far; at the start of a
    /// stream that is behind the magic bytes, which are passed over.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where in the stream.
    pub fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<Step<'a>, BytesError> {
        let start = if self.offset == 0 { MAGIC.len() } else { 0 };
        let mut cursor = Cursor::new(bytes, self.offset);
        if self.has_ended {
            return cursor.end().map(|()| Step::More(0));
        }
        if let Some(wrong) = bytes.iter().zip(MAGIC).take(start).position(|(found, magic)| found != magic) {
            let what = if wrong + 1 == MAGIC.len() { "version of traces" } else { "first byte of a trace" };
            let fault = BytesFault::Unknown { what, number: u64::from(bytes[wrong]) };
            return Err(BytesError { offset: wrong as u64, fault });
        }
        if bytes.len() < start + HEAD {
            return Ok(Step::More(start + HEAD));
        }
        cursor.take(start)?;
        let length = u32::from_le_bytes(cursor.array()?);
        let end = start + HEAD + usize::try_from(length).map_err(|_| cursor.fault(BytesFault::Number))?;
        let Some(whole) = bytes.get(..end) else { return Ok(Step::More(end)) };
        let mut body = Cursor::new(whole, self.offset);
        body.take(start + HEAD - 1)?;
        let frame = self.frame(body)?;
        self.offset += end as u64;
        Ok(Step::Frame(end, frame))
    }

    /// The frame whose kind is next.
    fn frame<'a>(&mut self, mut body: Cursor<'a>) -> Read<Frame<'a>> {
        let start = body.clone();
        Ok(match body.byte()? {
            NOTE => Frame::Note(body.text(body.left())?),
            IMAGE => {
                let id = ContentId(body.array()?);
                body.end()?;
                if self.images.len() == MOST_IMAGES {
                    return Err(start.fault(BytesFault::Form("too many images")));
                }
                self.images.push(id);
                Frame::Image(ImageId((self.images.len() - 1) as u16), id)
            }
            BATCH => Frame::Batch(self.batch(body)?),
            END => {
                let events = body.number()?;
                body.end()?;
                if events != self.events {
                    return Err(start.fault(BytesFault::Form("an end that counts other events than there are")));
                }
                self.has_ended = true;
                Frame::End
            }
            kind => return Err(start.fault(BytesFault::Unknown { what: "kind of frame", number: u64::from(kind) })),
        })
    }

    fn batch<'a>(&mut self, mut body: Cursor<'a>) -> Read<Batch<'a>> {
        let count = u32::from_le_bytes(body.array()?);
        let start = body.clone();
        let image = body.small::<u16>()?;
        if usize::from(image) >= self.images.len() {
            return Err(start.fault(BytesFault::Unknown { what: "image", number: u64::from(image) }));
        }
        let session = session(&mut body)?;
        let (sequence, tick) = (body.small()?, body.number()?);
        if body.count(u64::from(count))? == 0 {
            return Err(start.fault(BytesFault::Form("a batch without events")));
        }
        self.events += u64::from(count);
        Ok(Batch { session, image: ImageId(image), sequence, tick, body, left: count })
    }
}

fn session(body: &mut Cursor<'_>) -> Read<SessionId> {
    let start = body.clone();
    let count = body.number()?;
    let mut path = Vec::new();
    for _ in 0..body.count(count)? {
        path.push(body.small::<u32>()?);
    }
    SessionId::of_path(path.into_iter()).ok_or_else(|| start.fault(BytesFault::Form("a session without numbers")))
}

/// Consecutive events of one session, read one by one. Behind an error there is nothing.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    session: SessionId,
    image: ImageId,
    /// Of the next event.
    sequence: u32,
    /// Of the event before.
    tick: u64,
    body: Cursor<'a>,
    left: u32,
}

impl Batch<'_> {
    fn event(&mut self) -> Read<Event> {
        let start = self.body.clone();
        let body = &mut self.body;
        let code = body.byte()?;
        let unknown = |what, number: u8| start.fault(BytesFault::Unknown { what, number: u64::from(number) });
        let code = Code::from_number(code).ok_or_else(|| unknown("event", code))?;
        let parts = body.byte()?;
        if parts & !part::ALL > 0 {
            return Err(unknown("parts of an event", parts));
        }
        let role = optional(body, parts, part::ROLE)?;
        let ticks: u64 = optional(body, parts, part::TICK)?;
        let (number, a, b) =
            (optional(body, parts, part::NUMBER)?, optional(body, parts, part::A)?, optional(body, parts, part::B)?);
        let extra = if parts & part::EXTRA > 0 { body.byte()? } else { 0 };
        let value = if parts & part::VALUE > 0 { decode::value(body)? } else { Value::Unit };
        let is_left_out = (extra == 0 && parts & part::EXTRA > 0) || (value == Value::Unit && parts & part::VALUE > 0);
        let ticks = (ticks >> 1).cast_signed() ^ -((ticks & 1).cast_signed());
        self.tick = self.tick.wrapping_add_signed(ticks);
        let role = u16::wrapping_sub(role, 1);
        let record = Record::from_parts(code, Operands { number, a, b, extra }, role, value, self.tick);
        let record = record.filter(|_| !is_left_out);
        let record = record.ok_or_else(|| start.fault(BytesFault::Form("an event that is never written so")))?;
        let event = record.event(&self.session, self.image, self.sequence, self.tick);
        self.sequence = self.sequence.wrapping_add(1);
        Ok(event)
    }
}

impl Iterator for Batch<'_> {
    type Item = Result<Event, BytesError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let event =
            self.event().and_then(|event| if self.left == 0 { self.body.end().map(|()| event) } else { Ok(event) });
        if event.is_err() {
            self.left = 0;
        }
        Some(event)
    }
}

/// A number that is left out if it is 0.
fn optional<T: TryFrom<u64> + Default + PartialEq>(body: &mut Cursor<'_>, parts: u8, part: u8) -> Read<T> {
    if parts & part == 0 {
        return Ok(T::default());
    }
    let start = body.clone();
    let number = body.small()?;
    if number == T::default() { Err(start.fault(BytesFault::Number)) } else { Ok(number) }
}
