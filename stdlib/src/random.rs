//! `std.random`: repeatable random numbers.
//!
//! Draw number `n` of a role is the 64-bit word `word(domain, seed, session, role, n)`: the four numbers go one after
//! the other through the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), each added to the last result
//! times the golden-ratio constant. It is not cryptographic. A number below a bound is drawn by multiplication with
//! rejection (Lemire, TOMACS 2019), so each is equally likely; a rejected word counts as a draw.

use std::collections::BTreeMap;
use tell_vm::value::MAX_SIZE;
use tell_vm::{Call, Failure, Handler, HostStep, Settled, Value};

/// Text of the module.
pub const SOURCE: &str = include_str!("../tell/random.tell");

/// Full name of the effect.
pub const EFFECT: &str = "std.random.Random";

/// What a word is drawn for; different purposes get unrelated words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Domain {
    Effect = 1,
    Choice = 2,
}

/// The words of one role of one session from some number on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    key: u64,
    next: u64,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

const fn absorb(state: u64, number: u64) -> u64 {
    mix(state.wrapping_mul(GOLDEN).wrapping_add(number).wrapping_add(GOLDEN))
}

impl Draws {
    fn new(domain: Domain, call: &Call<'_>, next: u64) -> Self {
        let seeded = absorb(domain as u64, call.seed);
        let key = call.session.path().fold(seeded, |key, number| absorb(key, u64::from(number)));
        Self { key: absorb(key, call.role as u64), next }
    }

    /// For one choice of a role: its words start at a number of its own.
    pub(crate) fn of_choice(call: &Call<'_>, turn: u32) -> Self {
        Self::new(Domain::Choice, call, (turn as u64) << 32)
    }

    const fn word(&mut self) -> u64 {
        let word = absorb(self.key, self.next);
        self.next = self.next.wrapping_add(1);
        word
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.word()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number between both bounds.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.wrapping_sub(low) as u64;
        let offset = if span == u64::MAX { self.word() } else { self.below(span + 1) };
        low.wrapping_add(offset as i64)
    }
}

/// The handler of one session.
#[derive(Clone, Debug, Default)]
pub struct Random {
    /// Per role the number of its next draw.
    next: BTreeMap<u16, u64>,
    pending: Option<u64>,
}

impl Random {
    fn answer(&mut self, call: &Call<'_>, args: &[Value]) -> Result<Value, Failure> {
        let mut draws = Draws::new(Domain::Effect, call, self.next.get(&call.role).copied().unwrap_or(0));
        let oversize = |e: tell_vm::value::node::Oversize| Failure::invalid_input(e.to_string());
        let answer = match (call.op, args) {
            ("int", [Value::Int(a), Value::Int(b)]) => Value::Int(draws.between(*a.min(b), *a.max(b))),
            ("bool", _) => Value::Bool(draws.word() >> 63 == 1),
            ("bytes", [Value::Int(count)]) => bytes(&mut draws, *count)?,
            ("pick", [Value::List(items)]) => match items.items() {
                [] => Value::nothing(),
                items => {
                    let index = draws.below(items.len() as u64) as usize;
                    Value::just(items[index].clone()).map_err(oversize)?
                }
            },
            ("shuffle", [Value::List(items)]) => {
                let mut items = items.items().to_vec();
                for last in (1..items.len()).rev() {
                    items.swap(last, draws.below(last as u64 + 1) as usize);
                }
                Value::list(items).map_err(oversize)?
            }
            _ => return Err(crate::host::unknown(call)),
        };
        self.pending = Some(draws.next);
        Ok(answer)
    }
}

fn bytes(draws: &mut Draws, count: i64) -> Result<Value, Failure> {
    let count = count.max(0) as u64;
    if count > u64::from(MAX_SIZE) {
        return Err(Failure::invalid_input(format!("{count} bytes are more than {MAX_SIZE}")));
    }
    let mut bytes = Vec::with_capacity(count as usize);
    while (bytes.len() as u64) < count {
        let left = count as usize - bytes.len();
        bytes.extend_from_slice(&draws.word().to_le_bytes()[..left.min(8)]);
    }
    Ok(Value::bytes(bytes))
}

impl Handler for Random {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        self.pending = None;
        crate::host::step(self.answer(call, args))
    }

    fn checkpoint(&self) -> Option<Box<dyn Handler + Send>> {
        Some(Box::new(self.clone()))
    }

    fn settle(&mut self, call: &Call<'_>, settled: Settled) {
        if let (Some(next), Settled::Committed) = (self.pending.take(), settled) {
            self.next.insert(call.role, next);
        }
    }
}
