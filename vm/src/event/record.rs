//! Records: events as a trace keeps them, 32 bytes each.
//!
//! A record has no session, image and sequence number: a batch of them has. Of the tick it has the lower half, which is
//! enough beside a tick near it. What belongs to its kind is packed into [`Operands`]; [`pack`] and [`unpack`] are the
//! only places that know how. The numbers of [`Code`] are those of trace files, so they are never used again.

use super::{Event, EventKind, Message};
use crate::handler::FailureKind;
use crate::id::{ImageId, RequestId, SessionId};
use crate::value::Value;
use tell_ir::image::Outcome;

macro_rules! codes {
    ($($name:ident = $number:literal,)*) => {
        /// The kind of an event as a number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Code { $($name = $number),* }

        impl Code {
            /// All codes with the names of their kinds.
            #[cfg(test)]
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name))),*];

            /// The code with that number.
            pub(crate) const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    Opened = 0,
    Sent = 1,
    Received = 2,
    Offered = 3,
    Chose = 4,
    Discarded = 5,
    ScopeEntered = 6,
    ScopeOutcome = 7,
    TimeoutIssued = 8,
    BranchStarted = 9,
    BranchEnded = 10,
    CancellationRequested = 11,
    Cancelled = 12,
    Performed = 13,
    Completed = 14,
    Halted = 15,
    Faulted = 16,
    Closed = 17,
    SessionTerminal = 18,
    EpochAdvanced = 19,
    FailureBranchEntered = 20,
    Acquired = 21,
    Released = 22,
    Transferred = 23,
    Forked = 24,
    Joined = 25,
    Aborted = 26,
    Tagged = 27,
    Checked = 28,
    OutputConditionChecked = 29,
    Dropped = 30,
    RoleTimeoutIssued = 31,
    SessionCancellationRequested = 32,
    SessionCancelled = 33,
}

/// What belongs to a kind of event; what it does not use is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operands {
    pub(crate) number: u32,
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) extra: u8,
}

/// An event without what its batch knows.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) value: Value,
    number: u32,
    /// The lower half of its tick.
    pub(crate) tick: u32,
    a: u16,
    b: u16,
    pub(crate) role: u16,
    pub(crate) code: Code,
    extra: u8,
}

impl Record {
    pub(crate) const EMPTY: Self =
        Self { value: Value::Unit, number: 0, tick: 0, a: 0, b: 0, role: 0, code: Code::Opened, extra: 0 };

    /// Written where it stays: to move what was just written waits until the writes are done.
    #[inline(always)]
    pub(crate) fn write(&mut self, role: u16, kind: EventKind, value: Value, tick: u64) {
        let (code, Operands { number, a, b, extra }) = pack(kind);
        self.value = value;
        self.number = number;
        self.tick = tick as u32;
        self.a = a;
        self.b = b;
        self.role = role;
        self.code = code;
        self.extra = extra;
    }

    pub(crate) fn new(role: u16, kind: EventKind, value: Value, tick: u64) -> Self {
        let mut record = Self::EMPTY;
        record.write(role, kind, value, tick);
        record
    }

    /// A record that may come from outside; none if no event is packed like that.
    pub(crate) fn from_parts(code: Code, operands: Operands, role: u16, value: Value, tick: u64) -> Option<Self> {
        let kind = unpack(code, operands)?;
        (pack(kind) == (code, operands)).then(|| Self::new(role, kind, value, tick))
    }

    pub(crate) const fn operands(&self) -> Operands {
        Operands { number: self.number, a: self.a, b: self.b, extra: self.extra }
    }

    /// The event, given what its batch knows and a tick near its own.
    pub(crate) fn event(&self, session: &SessionId, image: ImageId, sequence: u32, tick: u64) -> Event {
        let kind = unpack(self.code, self.operands()).expect("an event was packed");
        let (value, tick) = (self.value.clone(), near(tick, self.tick));
        Event { value, tick, sequence, session: session.clone(), kind, image, role: self.role }
    }
}

/// The number nearest to `reference` with this lower half.
pub(crate) const fn near(reference: u64, lower: u32) -> u64 {
    let distance = lower.wrapping_sub(reference as u32).cast_signed();
    reference.wrapping_add_signed(distance as i64)
}

#[inline(always)]
const fn pack(kind: EventKind) -> (Code, Operands) {
    const NONE: Operands = Operands { number: 0, a: 0, b: 0, extra: 0 };
    match kind {
        EventKind::Opened => (Code::Opened, NONE),
        EventKind::Sent(message) => (Code::Sent, of_message(message)),
        EventKind::Received(message) => (Code::Received, of_message(message)),
        EventKind::Offered(message) => (Code::Offered, of_message(message)),
        EventKind::Chose(message) => (Code::Chose, of_message(message)),
        EventKind::Discarded(message) => (Code::Discarded, of_message(message)),
        EventKind::ScopeEntered { scope, run } => {
            (Code::ScopeEntered, Operands { number: run, a: scope as u16, b: (scope >> 16) as u16, extra: 0 })
        }
        EventKind::ScopeOutcome { scope, outcome } => {
            (Code::ScopeOutcome, Operands { number: scope, extra: outcome as u8, ..NONE })
        }
        EventKind::TimeoutIssued { scope } => (Code::TimeoutIssued, Operands { number: scope, ..NONE }),
        EventKind::BranchStarted { branch } => (Code::BranchStarted, Operands { a: branch, ..NONE }),
        EventKind::BranchEnded { branch } => (Code::BranchEnded, Operands { a: branch, ..NONE }),
        EventKind::CancellationRequested { op, request } => (Code::CancellationRequested, of_request(op, request)),
        EventKind::Cancelled { op, request } => (Code::Cancelled, of_request(op, request)),
        EventKind::Performed { op, request } => (Code::Performed, of_request(op, request)),
        EventKind::Completed { op, request, failure } => {
            let extra = match failure {
                None => 0,
                Some(kind) => kind as u8 + 1,
            };
            (Code::Completed, Operands { extra, ..of_request(op, request) })
        }
        EventKind::OutputConditionChecked { label } => (Code::OutputConditionChecked, Operands { b: label, ..NONE }),
        EventKind::Dropped(message) => (Code::Dropped, of_message(message)),
        EventKind::RoleTimeoutIssued => (Code::RoleTimeoutIssued, NONE),
        EventKind::SessionCancellationRequested => (Code::SessionCancellationRequested, NONE),
        EventKind::SessionCancelled => (Code::SessionCancelled, NONE),
        EventKind::FailureBranchEntered => (Code::FailureBranchEntered, NONE),
        EventKind::Acquired { layer } => (Code::Acquired, Operands { a: layer, ..NONE }),
        EventKind::Released { layer } => (Code::Released, Operands { a: layer, ..NONE }),
        EventKind::Transferred(message) => (Code::Transferred, of_message(message)),
        EventKind::Forked => (Code::Forked, NONE),
        EventKind::Joined => (Code::Joined, NONE),
        EventKind::Aborted => (Code::Aborted, NONE),
        EventKind::Tagged { fact } => (Code::Tagged, Operands { a: fact, ..NONE }),
        EventKind::Checked { fact, to, holds } => {
            (Code::Checked, Operands { a: fact, b: to, extra: holds as u8, ..NONE })
        }
        EventKind::Halted { by_notice } => (Code::Halted, Operands { extra: by_notice as u8, ..NONE }),
        EventKind::Faulted => (Code::Faulted, NONE),
        EventKind::Closed => (Code::Closed, NONE),
        EventKind::SessionTerminal => (Code::SessionTerminal, NONE),
        EventKind::EpochAdvanced { epoch } => (Code::EpochAdvanced, Operands { number: epoch, ..NONE }),
    }
}

#[inline]
const fn of_message(message: Message) -> Operands {
    Operands { number: message.number, a: message.partner, b: message.label, extra: 0 }
}

#[inline]
const fn of_request(op: u16, request: RequestId) -> Operands {
    Operands { number: request.0, a: op, b: 0, extra: 0 }
}

/// The kind that was packed; none if nothing is packed like that.
fn unpack(code: Code, operands: Operands) -> Option<EventKind> {
    let Operands { number, a, b, extra } = operands;
    let message = Message { partner: a, label: b, number };
    let (op, request) = (a, RequestId(number));
    Some(match code {
        Code::Opened => EventKind::Opened,
        Code::Sent => EventKind::Sent(message),
        Code::Received => EventKind::Received(message),
        Code::Offered => EventKind::Offered(message),
        Code::Chose => EventKind::Chose(message),
        Code::Discarded => EventKind::Discarded(message),
        Code::ScopeEntered => EventKind::ScopeEntered { scope: u32::from(a) | u32::from(b) << 16, run: number },
        Code::ScopeOutcome => {
            EventKind::ScopeOutcome { scope: number, outcome: Outcome::ALL.get(usize::from(extra))?.1 }
        }
        Code::TimeoutIssued => EventKind::TimeoutIssued { scope: number },
        Code::BranchStarted => EventKind::BranchStarted { branch: a },
        Code::BranchEnded => EventKind::BranchEnded { branch: a },
        Code::CancellationRequested => EventKind::CancellationRequested { op, request },
        Code::Cancelled => EventKind::Cancelled { op, request },
        Code::Performed => EventKind::Performed { op, request },
        Code::Completed => {
            let failure = match extra.checked_sub(1) {
                None => None,
                Some(kind) => Some(*FailureKind::ALL.get(usize::from(kind))?),
            };
            EventKind::Completed { op, request, failure }
        }
        Code::OutputConditionChecked => EventKind::OutputConditionChecked { label: b },
        Code::Dropped => EventKind::Dropped(message),
        Code::RoleTimeoutIssued => EventKind::RoleTimeoutIssued,
        Code::SessionCancellationRequested => EventKind::SessionCancellationRequested,
        Code::SessionCancelled => EventKind::SessionCancelled,
        Code::FailureBranchEntered => EventKind::FailureBranchEntered,
        Code::Acquired => EventKind::Acquired { layer: a },
        Code::Released => EventKind::Released { layer: a },
        Code::Transferred => EventKind::Transferred(message),
        Code::Forked => EventKind::Forked,
        Code::Joined => EventKind::Joined,
        Code::Aborted => EventKind::Aborted,
        Code::Tagged => EventKind::Tagged { fact: a },
        Code::Checked => EventKind::Checked { fact: a, to: b, holds: extra == 1 },
        Code::Halted => EventKind::Halted { by_notice: extra == 1 },
        Code::Faulted => EventKind::Faulted,
        Code::Closed => EventKind::Closed,
        Code::SessionTerminal => EventKind::SessionTerminal,
        Code::EpochAdvanced => EventKind::EpochAdvanced { epoch: number },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operands at the borders and in between.
    fn operands() -> impl Iterator<Item = Operands> {
        let numbers = [0, 1, 0x1_0000, 0xABCD_EF01, u32::MAX];
        let halves = [0, 1, 0x1234, u16::MAX];
        numbers.into_iter().flat_map(move |number| {
            let rest = halves.into_iter().flat_map(move |a| halves.into_iter().map(move |b| (a, b)));
            rest.flat_map(move |(a, b)| (0..=255).map(move |extra| Operands { number, a, b, extra }))
        })
    }

    #[test]
    fn every_kind_of_event_comes_back_from_its_record() {
        assert!(size_of::<Record>() <= 32, "{}", size_of::<Record>());
        for (code, name) in Code::ALL {
            assert_eq!(Code::from_number(*code as u8), Some(*code));
            let mut kinds = 0;
            for operands in operands() {
                let Some(kind) = unpack(*code, operands) else { continue };
                assert!(name.ends_with(kind.name()) && pack(kind).0 == *code, "one code, one kind");
                let record = Record::new(7, kind, Value::Int(3), 5);
                let event = record.event(&SessionId::root(1), ImageId(2), 9, 4);
                assert_eq!((event.kind, event.tick, event.sequence), (kind, 5, 9));
                let again = Record::from_parts(*code, record.operands(), 7, Value::Int(3), 5);
                assert_eq!(again.map(|again| again.event(&event.session, event.image, 9, 4)), Some(event));
                kinds += 1;
            }
            assert!(kinds > 0, "{name} can be unpacked");
        }
        assert_eq!(Code::from_number(Code::ALL.len() as u8), None);
    }

    #[test]
    fn operands_that_nothing_is_packed_into_are_refused() {
        let refused = |code, operands| Record::from_parts(code, operands, 0, Value::Unit, 0).is_none();
        let none = Operands::default();
        assert!(!refused(Code::Closed, none) && refused(Code::Closed, Operands { number: 1, ..none }));
        assert!(refused(Code::Sent, Operands { extra: 1, ..none }));
        assert!(refused(Code::Halted, Operands { extra: 2, ..none }));
        assert!(refused(Code::ScopeOutcome, Operands { extra: Outcome::ALL.len() as u8, ..none }));
        assert!(refused(Code::Completed, Operands { extra: FailureKind::ALL.len() as u8 + 1, ..none }));
    }

    #[test]
    fn a_tick_comes_back_from_its_lower_half_and_one_near_it() {
        for tick in [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x1_0000_0000, 0x12_8000_0000, u64::MAX - (1 << 31)] {
            for distance in [0, 1, 1000, (1 << 30) - 1] {
                assert_eq!(near(tick + distance, tick as u32), tick);
                assert_eq!(near(tick, (tick + distance) as u32), tick + distance);
            }
        }
    }
}
