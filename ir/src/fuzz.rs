//! Hostile image files: whatever the bytes, decoding and verifying end in a verdict, quickly.

use crate::codec::{decode, encode, reseal};
use crate::image::{Block, CodeImage, MAX_REGISTERS, Outcome};
use crate::instr::Instr;
use crate::machine::{State, StateId};
use crate::prim::Prim;
use crate::sample;
use crate::ty::{Type, TypeId};
use crate::verify::verify;

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NoImage,
    Rejected,
    Accepted,
}

fn surface(bytes: &[u8]) -> Verdict {
    let Ok(image) = decode(bytes) else { return Verdict::NoImage };
    assert_eq!(encode(&image), bytes, "what decodes is canonical");
    match verify(image) {
        Ok(_) => Verdict::Accepted,
        Err(_) => Verdict::Rejected,
    }
}

/// A small generator of numbers; its sequence is part of the tests.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The numbers of a seed, which is not 0.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn short(&mut self) -> u16 {
        self.edge(20) as u16
    }

    fn long(&mut self) -> u32 {
        self.edge(24) as u32
    }

    /// Mostly small, sometimes at the edges.
    fn edge(&mut self, limit: usize) -> u64 {
        match self.below(16) {
            0 => u64::MAX,
            1 => 4095 + self.below(3) as u64,
            _ => self.below(limit) as u64,
        }
    }
}

#[test]
fn every_truncation_is_no_image() {
    let bytes = encode(&sample::image());
    for len in 0..bytes.len() {
        assert_eq!(surface(&bytes[..len]), Verdict::NoImage, "{len} bytes");
    }
    assert_eq!(surface(&bytes), Verdict::Accepted);
}

#[test]
fn every_bit_flip_is_noticed_and_harmless_when_resealed() {
    let bytes = encode(&sample::image());
    let mut verdicts = [0; 3];
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(surface(&damaged), Verdict::NoImage, "bit {bit}");
        reseal(&mut damaged);
        verdicts[surface(&damaged) as usize] += 1;
    }
    assert!(verdicts.iter().all(|&count| count > 0), "the fuzz reaches every verdict: {verdicts:?}");
}

#[test]
fn random_bytes_are_no_image() {
    let mut numbers = Numbers::new(1);
    let head = encode(&sample::image())[..168].to_vec();
    for round in 0..10_000 {
        let len = numbers.below(400);
        let mut bytes: Vec<u8> = (0..len).map(|_| numbers.next() as u8).collect();
        if round % 2 == 0 {
            bytes.splice(0..0, head.iter().copied());
        }
        reseal(&mut bytes);
        assert_ne!(surface(&bytes), Verdict::Accepted);
    }
}

#[test]
fn substituted_bytes_are_harmless_when_resealed() {
    let mut numbers = Numbers::new(2);
    let bytes = encode(&sample::image());
    for _ in 0..10_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(damaged.len());
            damaged[at] = numbers.next() as u8;
        }
        reseal(&mut damaged);
        surface(&damaged);
    }
}

#[test]
fn damaged_tables_are_harmless() {
    let mut numbers = Numbers::new(3);
    let mut verdicts = [0; 3];
    for round in 0..20_000 {
        let mut image = match round % 3 {
            0 => sample::image(),
            1 => sample::scoped::image(),
            _ => sample::resources::image(),
        };
        for _ in 0..=numbers.below(3) {
            damage(&mut image, &mut numbers);
        }
        crate::asm::tests::comes_back(image.clone());
        verdicts[surface(&encode(&image)) as usize] += 1;
    }
    assert_eq!(verdicts[Verdict::NoImage as usize], 0);
    assert!(verdicts[Verdict::Accepted as usize] > 10, "{verdicts:?}");
}

/// Changes one thing in an image.
fn damage(image: &mut CodeImage, numbers: &mut Numbers) {
    let role = numbers.below(image.functions.len());
    let function = &mut image.functions[role];
    let at = numbers.below(function.code.len());
    match numbers.below(20) {
        0..=4 if at < function.code.len() => function.code[at] = instr(numbers),
        5 => function.code.insert(at, instr(numbers)),
        6 if at < function.code.len() => {
            function.code.remove(at);
        }
        7 => {
            let block = Block { pc: numbers.long(), state: StateId(numbers.long()) };
            let at = numbers.below(function.blocks.len() + 1);
            function.blocks.insert(at, block);
        }
        8 => function.blocks.iter_mut().for_each(|block| block.state = StateId(numbers.below(4) as u32)),
        9 => function.regs.resize(numbers.below(MAX_REGISTERS + 2), TypeId(2)),
        10 => {
            if let Some(row) = function.chooses.iter_mut().flat_map(|table| &mut table.rows).last() {
                row.target = numbers.long();
                row.dst = numbers.short();
            }
        }
        11 => function.switches.iter_mut().for_each(|table| table.resize(numbers.below(5), 3)),
        12 => {
            let state = numbers.below(image.machines[role].states.len());
            image.machines[role].states[state] = self::state(numbers);
        }
        13 => {
            let ty = numbers.below(image.types.len());
            image.types[ty] = match numbers.below(5) {
                0 => Type::List(TypeId(numbers.long())),
                1 => Type::Tuple(vec![TypeId(numbers.long()); numbers.below(4)]),
                2 => Type::Record(Vec::new()),
                3 => Type::Union("U".to_owned(), vec![("V".to_owned(), vec![TypeId(numbers.long())])]),
                _ => Type::Map(TypeId(numbers.long()), TypeId(numbers.long())),
            };
        }
        14 => {
            if let Some(table) = function.chooses.last_mut() {
                table.finals = (numbers.below(2) == 0).then(|| numbers.long());
            }
        }
        17..=19 => damage_scopes(image, role, numbers),
        15 => image.labels[numbers.below(2)].payload = TypeId(numbers.long()),
        _ => {
            image.edges.pop();
        }
    }
}

/// Any state.
fn state(numbers: &mut Numbers) -> State {
    match numbers.below(7) {
        4 => State::Join,
        5 => State::Par { branches: vec![StateId(numbers.below(4) as u32); 2], then: StateId(numbers.long()) },
        6 => State::Scope {
            scope: 0,
            body: StateId(numbers.below(4) as u32),
            rows: vec![(Outcome::Done, StateId(numbers.below(4) as u32))],
            then: StateId(numbers.long()),
        },
        0 => State::End,
        1 => State::Tau(vec![StateId(numbers.long()), StateId(numbers.below(4) as u32)]),
        2 => State::Send(vec![sample::row(numbers.short(), numbers.short(), numbers.long())]),
        _ => State::Recv { rows: vec![sample::row(0, numbers.short(), numbers.long())], may_end: true },
    }
}

/// Changes one thing about the scopes of an image.
fn damage_scopes(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let function = &mut image.functions[role];
    match numbers.below(3) {
        0 => {
            if let Some(row) = function.scopes.iter_mut().flat_map(|table| &mut table.rows).last() {
                row.target = numbers.long();
                row.bind = Some(numbers.short());
            }
        }
        1 => {
            if let Some(scope) = image.scopes.first_mut() {
                scope.participants.resize(numbers.below(4), numbers.below(3) as u16);
                scope.outcomes.truncate(1 + numbers.below(4));
            }
        }
        _ => {
            if let Some(table) = function.scopes.first_mut() {
                table.scope = numbers.below(2) as u32;
                table.deadline = (numbers.below(2) == 0).then(|| numbers.short());
            }
        }
    }
}

/// Any instruction.
pub(crate) fn instr(numbers: &mut Numbers) -> Instr {
    match numbers.below(33) {
        23 => Instr::Open { table: numbers.long(), dst: numbers.short() },
        24 => Instr::Close { endpoint: numbers.short(), dst: numbers.short() },
        25 => Instr::Acquire { layer: numbers.short(), dst: numbers.short() },
        26 => Instr::Release { layer: numbers.short(), evidence: numbers.short() },
        27 => Instr::Fork { target: numbers.long() },
        28 => Instr::Join,
        29 => Instr::Abort,
        30 => Instr::Transfer { endpoint: numbers.short(), to: numbers.short(), bundle: numbers.short() },
        31 => Instr::Tag { fact: numbers.short(), dst: numbers.short() },
        32 => Instr::Check { fact: numbers.short(), to: numbers.short(), dst: numbers.short() },
        0 => Instr::Send { to: numbers.short(), label: numbers.short(), val: numbers.short() },
        1 => Instr::Offer { to: numbers.short(), label: numbers.short(), val: numbers.short() },
        2 => Instr::Receive { from: numbers.short(), label: numbers.short(), dst: numbers.short() },
        3 => Instr::Choose { table: numbers.long() },
        4 => Instr::Perform { op: numbers.short(), args: numbers.short(), dst: numbers.short() },
        5 => Instr::Set { dst: numbers.short(), value: numbers.long() },
        6 => Instr::Move { dst: numbers.short(), src: numbers.short() },
        7 => {
            let op = Prim::ALL[numbers.below(Prim::ALL.len())];
            Instr::Prim { op, dst: numbers.short(), a: numbers.short(), b: numbers.short() }
        }
        8 => Instr::Make { dst: numbers.short(), shape: numbers.short(), args: numbers.short() },
        9 => Instr::Get { dst: numbers.short(), src: numbers.short(), index: numbers.short() },
        10 => Instr::Count { dst: numbers.short(), src: numbers.short() },
        11 => Instr::Switch { val: numbers.short(), table: numbers.long() },
        12 => Instr::Branch { val: numbers.short(), target: numbers.long() },
        13 => Instr::Jump { target: numbers.long() },
        14 => Instr::Yield,
        15 => Instr::Fail { fault: crate::instr::FailKind::Assertion, text: numbers.long() },
        16 => Instr::Spawn { target: numbers.long() },
        17 => Instr::JoinAll,
        18 => Instr::Finish,
        19 => Instr::Enter { scope: numbers.long() },
        20 => Instr::Exit { scope: numbers.long() },
        21 => Instr::Leave { scope: numbers.long() },
        _ => Instr::Halt { finals: numbers.long() },
    }
}
