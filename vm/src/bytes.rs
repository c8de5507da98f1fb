//! Bytes from outside: a cursor that never goes beyond them, and what can be wrong with them.
//!
//! Numbers of variable length have seven bits in each byte, the lowest first, and as few bytes as they need.

/// What is wrong with bytes, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct BytesError {
    /// Where, from the first byte.
    pub offset: u64,
    /// What.
    pub fault: BytesFault,
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesFault {
    /// They end too early.
    #[error("the bytes end too early")]
    End,
    /// They go on where they should end.
    #[error("more bytes than expected")]
    Rest,
    /// A number that is too large, or has more bytes than it needs.
    #[error("a number that is too large or too long")]
    Number,
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    Text,
    /// Nothing has this number.
    #[error("unknown {what} {number}")]
    Unknown {
        /// What was expected.
        what: &'static str,
        /// What was found.
        number: u64,
    },
    /// Something that is written otherwise, or never.
    #[error("{0}")]
    Form(&'static str),
    /// A value that would be nested too deeply or too large.
    #[error("{0}")]
    Oversize(#[from] crate::value::node::Oversize),
}

pub(crate) type Read<T> = Result<T, BytesError>;

/// Bytes that are read from the first to the last.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes before the first one.
    before: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8], before: u64) -> Self {
        Self { bytes, at: 0, before }
    }

    pub(crate) const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The fault, at the next byte.
    pub(crate) const fn fault(&self, fault: BytesFault) -> BytesError {
        BytesError { offset: self.before + self.at as u64, fault }
    }

    pub(crate) fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..count));
        let taken = taken.ok_or_else(|| self.fault(BytesFault::End))?;
        self.at += count;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// A number of variable length.
    pub(crate) fn number(&mut self) -> Read<u64> {
        let start = self.clone();
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(start.fault(BytesFault::Number))
    }

    /// A number of variable length that has to fit.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Read<T> {
        let start = self.clone();
        T::try_from(self.number()?).map_err(|_| start.fault(BytesFault::Number))
    }

    /// The number of elements that follow, each of at least one byte.
    pub(crate) fn count(&self, count: u64) -> Read<usize> {
        let fits = usize::try_from(count).ok().filter(|count| *count <= self.left());
        fits.ok_or_else(|| self.fault(BytesFault::End))
    }

    /// That many bytes of text.
    pub(crate) fn text(&mut self, count: usize) -> Read<&'a str> {
        let start = self.clone();
        std::str::from_utf8(self.take(count)?).map_err(|_| start.fault(BytesFault::Text))
    }

    pub(crate) fn end(&self) -> Read<()> {
        if self.left() == 0 { Ok(()) } else { Err(self.fault(BytesFault::Rest)) }
    }
}

/// Writes a number with a variable length.
#[inline]
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for number in (0..64).flat_map(|shift| [1_u64 << shift, (1 << shift) - 1]).chain([u64::MAX]) {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            let mut cursor = Cursor::new(&bytes, 0);
            assert_eq!((cursor.number(), cursor.end()), (Ok(number), Ok(())));
            let cut = Cursor::new(&bytes[..bytes.len() - 1], 7).number();
            assert_eq!(cut, Err(BytesError { offset: 6 + bytes.len() as u64, fault: BytesFault::End }));
        }
        for wrong in
            [&[0x80, 0][..], &[0xFF, 0x80, 0], &[0xFF; 11], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]]
        {
            assert_eq!(Cursor::new(wrong, 3).number(), Err(BytesError { offset: 3, fault: BytesFault::Number }));
        }
        assert!(Cursor::new(&[0xFF, 0xFF, 4], 0).small::<u16>().is_err());
    }
}
