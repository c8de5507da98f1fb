//! Events in memory: records in chunks, so that keeping more never copies what is kept.
//!
//! Records of one session that follow each other are a batch: session, image, first sequence number and first tick are
//! there once. A batch is longer than a commit if the next one is of the same session, and ends with its chunk. The pick
//! writes into the last chunk itself. With a maximum, the first chunk goes when nothing of it is wanted any more; what
//! it held is overwritten, so for a while at most one more chunk of values stays in memory.

use super::BatchView;
use crate::event::record::{Record, near};
use crate::event::{Event, EventKind, Log};
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use crate::value::Value;
use std::collections::VecDeque;

/// Records of a chunk: 1 MB, which the operating system gives page by page.
const CHUNK: usize = 1 << 15;

/// Ticks between the first and the last record of a batch; see [`near`].
const SPAN: u64 = 1 << 30;

/// Consecutive events of one session.
#[derive(Clone, Debug)]
struct Batch {
    session: SessionId,
    /// Tick of the first one.
    tick: u64,
    /// Sequence number of the first one.
    sequence: u32,
    /// Where its last record ends in the chunk.
    end: u32,
    image: ImageId,
}

/// Some batches and what is written behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunk {
    batches: Vec<Batch>,
    /// Those that are used, and old ones to be overwritten.
    records: Vec<Record>,
    used: usize,
    /// Whether it belongs at the end of the store.
    is_last: bool,
}

impl Chunk {
    #[inline(always)]
    pub(crate) fn push(&mut self, role: u16, kind: EventKind, value: Value, tick: u64) {
        if self.used == self.records.len() {
            self.records.push(Record::EMPTY);
        }
        if let Some(record) = self.records.get_mut(self.used) {
            record.write(role, kind, value, tick);
        }
        self.used += 1;
    }

    /// Where the batches end: what is behind is not committed.
    fn committed(&self) -> usize {
        self.batches.last().map_or(0, |batch| batch.end as usize)
    }

    /// What is behind the batches; none if there is nothing.
    pub(super) fn uncommitted<'a>(&'a self, log: &'a Log, program: &'a Program) -> Option<BatchView<'a>> {
        let records = &self.records[self.committed()..self.used];
        let (session, image, tick) = (log.session(), log.image(), log.tick);
        let sequence = log.sequence_before(records.len());
        (!records.is_empty()).then_some(BatchView { records, session, image, sequence, tick, program })
    }

    /// Commits what is behind the batches.
    fn commit(&mut self, log: &Log) {
        let begin = self.committed();
        let Some((first, last)) = self.records.get(begin).zip(self.records[..self.used].last()) else { return };
        if begin == self.used {
            return;
        }
        let (tick, last) = (near(log.tick, first.tick), near(log.tick, last.tick));
        let sequence = log.sequence_before(self.used - begin);
        let (session, image, end) = (log.session(), log.image(), self.used as u32);
        let before = self.batches.iter().nth_back(1).map_or(0, |batch| batch.end);
        let follows = |batch: &Batch| {
            batch.sequence.wrapping_add(batch.end - before) == sequence
                && last.abs_diff(batch.tick) < SPAN
                && (batch.image, &batch.session) == (image, session)
        };
        match self.batches.last_mut() {
            Some(batch) if follows(batch) => batch.end = end,
            _ => self.batches.push(Batch { session: session.clone(), tick, sequence, end, image }),
        }
    }

    /// Takes over what `other` has behind its batches.
    fn take(&mut self, other: &mut Self) {
        let from = other.committed();
        let taken = &mut other.records[from..other.used];
        let space = self.records.len().max(self.used + taken.len());
        self.records.resize(space, Record::EMPTY);
        self.records[self.used..self.used + taken.len()].swap_with_slice(taken);
        self.used += taken.len();
        other.used = from;
    }

    /// What it has is to be overwritten.
    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.used = 0;
    }

    /// Records it has memory for.
    pub(super) fn space(&self) -> usize {
        self.records.capacity()
    }
}

/// The last so many events, in commit order.
#[derive(Debug)]
pub(super) struct Store {
    chunks: VecDeque<Box<Chunk>>,
    /// Whether the last chunk is lent.
    is_lent: bool,
    /// Records of the first chunk that are not among the last ones.
    skip: usize,
    len: usize,
    most: usize,
    /// Records of a chunk, if a commit does not have more.
    room: usize,
    /// Records of the largest commit so far.
    largest: usize,
    /// A chunk to be overwritten.
    spare: Option<Box<Chunk>>,
}

impl Store {
    pub(super) fn new(most: usize) -> Self {
        let room = (most / 4).clamp(16, CHUNK);
        let chunks = VecDeque::new();
        Self { chunks, is_lent: false, skip: 0, len: 0, most, room, largest: 0, spare: None }
    }

    /// The chunk the next commit goes to, unless it is lent.
    pub(super) fn lend(&mut self) -> Option<Box<Chunk>> {
        if self.is_lent {
            return None;
        }
        self.is_lent = true;
        let mut chunk = match self.chunks.pop_back() {
            Some(chunk) if chunk.used + self.largest <= self.room || chunk.used == 0 => chunk,
            Some(full) => {
                self.chunks.push_back(full);
                let fresh = || Box::new(Chunk { records: Vec::with_capacity(self.room), ..Chunk::default() });
                self.spare.take().unwrap_or_else(fresh)
            }
            None => Box::default(),
        };
        chunk.is_last = true;
        Some(chunk)
    }

    /// Takes the records of a commit and the chunk that was lent for them.
    pub(super) fn append(&mut self, log: &Log, mut chunk: Box<Chunk>) {
        if !chunk.is_last {
            let mut last = self.lend().expect("who was lent the last chunk is the first to commit");
            last.take(&mut chunk);
            chunk = last;
        }
        self.is_lent = false;
        let count = chunk.used - chunk.committed();
        chunk.commit(log);
        if chunk.used > self.room {
            chunk.records.shrink_to_fit();
        }
        self.chunks.push_back(chunk);
        self.largest = self.largest.max(count);
        self.len += count;
        if self.len > self.most {
            self.forget(self.len - self.most);
        }
    }

    /// The first events, as many as belong to one batch.
    pub(super) fn first<'a, 'p: 'a>(
        &'a self,
        program: impl Fn(ImageId) -> Option<&'p Program>,
    ) -> Option<BatchView<'a>> {
        let chunk = self.chunks.iter().find(|chunk| chunk.used > 0)?;
        let number = chunk.batches.partition_point(|batch| batch.end as usize <= self.skip);
        let batch = chunk.batches.get(number)?;
        let begin = number.checked_sub(1).map_or(0, |before| chunk.batches[before].end);
        let Batch { ref session, tick, sequence, end, image } = *batch;
        let records = &chunk.records[self.skip..end as usize];
        let sequence = sequence.wrapping_add(self.skip as u32 - begin);
        Some(BatchView { records, session, image, sequence, tick, program: program(image)? })
    }

    /// Forgets the first events.
    pub(super) fn forget(&mut self, count: usize) {
        self.len -= count;
        self.skip += count;
        while let Some(chunk) = self.chunks.front_mut()
            && self.skip >= chunk.used
        {
            self.skip -= chunk.used;
            chunk.clear();
            self.spare = self.chunks.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        self.spare = None;
        (self.skip, self.len) = (0, 0);
    }

    /// Records there is memory for.
    #[cfg(test)]
    pub(super) fn space(&self) -> usize {
        self.chunks.iter().chain(&self.spare).map(|chunk| chunk.space()).sum()
    }

    pub(super) fn events(&self) -> Events<'_> {
        Events { chunks: self.chunks.iter(), chunk: None, batch: 0, begin: 0, at: 0, skip: self.skip, left: self.len }
    }
}

/// The events that are kept, in commit order.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    chunks: std::collections::vec_deque::Iter<'a, Box<Chunk>>,
    chunk: Option<&'a Chunk>,
    batch: usize,
    /// Where the batch begins in the chunk.
    begin: usize,
    at: usize,
    /// Records of the first chunk to pass over.
    skip: usize,
    left: usize,
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.left = self.left.checked_sub(1)?;
        let chunk = match self.chunk {
            Some(chunk) if self.at < chunk.used => chunk,
            _ => {
                (self.batch, self.begin, self.at) = (0, 0, std::mem::take(&mut self.skip));
                self.chunk = self.chunks.next().map(|chunk| &**chunk);
                self.chunk?
            }
        };
        let mut batch = &chunk.batches[self.batch];
        while self.at >= batch.end as usize {
            self.begin = batch.end as usize;
            self.batch += 1;
            batch = &chunk.batches[self.batch];
        }
        let sequence = batch.sequence.wrapping_add((self.at - self.begin) as u32);
        let event = chunk.records[self.at].event(&batch.session, batch.image, sequence, batch.tick);
        self.at += 1;
        Some(event)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Events<'_> {}
