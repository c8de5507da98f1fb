//! Images without rhyme or reason: every field by chance, names that are hard to write, tables in any order.

use crate::choreography::{Branch, Choreography, Node, NodeId, Place};
use crate::fuzz::{Numbers, instr};
use crate::image::{
    Agreement, Block, ChooseRow, ChooseTable, Class, CodeImage, Const, Edge, Effect, Final, Function, Label, Modality,
    Op, OpMeta, Outcome, Param, Reentrancy, Region, Role, Scope, ScopeRow, ScopeTable, Shape,
};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::resource::{Bundle, Fact, Layer, Nested, OpenTable, Reach, Resources};
use crate::ty::{Type, TypeId};

/// Names that are words, words with a meaning, or no words.
const NAMES: [&str; 22] = [
    "A",
    "B",
    "A",
    "W[0]",
    "a.b",
    "end",
    "of",
    "in",
    "Int",
    "List",
    "opaque",
    "tuple",
    "role",
    "types",
    "r1",
    "#0",
    "?0",
    "",
    "a b",
    "\"\\\n\r\u{202e}",
    "|",
    "--",
];

impl Numbers {
    fn name(&mut self) -> String {
        match self.below(40) {
            0 => "long".repeat(60),
            at => NAMES[at % NAMES.len()].to_owned(),
        }
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = if self.below(3) == 0 { 0 } else { self.below(5) };
        (0..len).map(|_| item(self)).collect()
    }

    /// An index that mostly leads somewhere.
    fn index(&mut self) -> u32 {
        if self.below(20) == 0 { self.next() as u32 } else { self.below(6) as u32 }
    }

    fn small(&mut self) -> u16 {
        self.index() as u16
    }

    fn id(&mut self) -> TypeId {
        TypeId(self.index())
    }

    fn state(&mut self) -> StateId {
        StateId(self.index())
    }

    fn maybe<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| item(self))
    }

    fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> T {
        words[self.below(words.len())].1
    }

    fn ty(&mut self) -> Type {
        match self.below(19) {
            0 => Type::Unit,
            1 => Type::Bool,
            2..=4 => Type::Int,
            5 => Type::String,
            6 => Type::List(self.id()),
            7 => Type::Maybe(self.id()),
            8 => Type::Result(self.id(), self.id()),
            9 => Type::Map(self.id(), self.id()),
            10 | 11 => Type::Tuple(self.list(Self::id)),
            12 => Type::Record(self.list(|numbers| (numbers.name(), numbers.id()))),
            13 | 14 => Type::Union(self.name(), self.list(|numbers| (numbers.name(), numbers.list(Self::id)))),
            15 => Type::Opaque(self.name()),
            16 => Type::Endpoint,
            17 => Type::Evidence(self.small()),
            _ => Type::Witness(self.small()),
        }
    }

    fn meta(&mut self) -> OpMeta {
        OpMeta {
            modality: self.one_of(Modality::ALL),
            class: self.one_of(Class::ALL),
            may_block: self.below(2) == 0,
            region: self.one_of(Region::ALL),
            agreement: self.one_of(Agreement::ALL),
            reentrancy: self.one_of(Reentrancy::ALL),
        }
    }

    fn constant(&mut self) -> Const {
        match self.below(7) {
            0 => Const::Unit,
            1 => Const::Bool(self.below(2) == 0),
            2 => Const::Int(self.next() as i64 - (1 << 40)),
            3 => Const::Int(self.below(3) as i64),
            4 => Const::Duration((self.below(5) as i64 - 2) * 10_i64.pow(self.below(12) as u32)),
            5 => Const::Str(self.name()),
            _ => Const::Session,
        }
    }

    fn shape(&mut self) -> Shape {
        match self.below(3) {
            0 => Shape::Product(self.id()),
            1 => Shape::Variant(self.id(), self.small()),
            _ => Shape::List(self.id(), self.small()),
        }
    }

    fn outcome(&mut self) -> Outcome {
        self.one_of(Outcome::ALL)
    }

    fn transition(&mut self) -> Transition {
        Transition { partner: self.small(), label: self.small(), target: self.state() }
    }

    fn machine_state(&mut self) -> State {
        match self.below(7) {
            0 => State::End,
            1 => State::Send(self.list(Self::transition)),
            2 => State::Recv { rows: self.list(Self::transition), may_end: self.below(2) == 0 },
            3 => State::Tau(self.list(Self::state)),
            4 => State::Par { branches: self.list(Self::state), then: self.state() },
            5 => {
                let rows = self.list(|numbers| (numbers.outcome(), numbers.state()));
                State::Scope { scope: self.index(), body: self.state(), rows, then: self.state() }
            }
            _ => State::Join,
        }
    }

    fn choose(&mut self) -> ChooseTable {
        let row = |numbers: &mut Self| {
            let (partner, label, dst) = (numbers.small(), numbers.small(), numbers.small());
            ChooseRow { partner, label, dst, target: numbers.index() }
        };
        ChooseTable { rows: self.list(row), finals: self.maybe(Self::index) }
    }

    fn scope_table(&mut self) -> ScopeTable {
        let row = |numbers: &mut Self| {
            let (outcome, bind) = (numbers.outcome(), numbers.maybe(Self::small));
            ScopeRow { outcome, bind, target: numbers.index() }
        };
        ScopeTable { scope: self.index(), deadline: self.maybe(Self::small), rows: self.list(row) }
    }

    fn function(&mut self) -> Function {
        Function {
            regs: self.list(Self::id),
            code: (0..self.below(12)).map(|_| instr(self)).collect(),
            blocks: self.list(|numbers| Block { pc: numbers.index(), state: numbers.state() }),
            chooses: self.list(Self::choose),
            switches: self.list(|numbers| numbers.list(Self::index)),
            finals: self.list(|numbers| numbers.list(|numbers| Final { name: numbers.name(), reg: numbers.small() })),
            scopes: self.list(Self::scope_table),
            opens: self.list(|numbers| OpenTable {
                nested: numbers.small(),
                args: numbers.list(|numbers| numbers.list(Self::small)),
            }),
        }
    }

    fn node_id(&mut self) -> NodeId {
        NodeId(self.index())
    }

    fn place(&mut self) -> Place {
        Place { state: self.state(), node: self.node_id() }
    }

    fn node(&mut self) -> Node {
        match self.below(8) {
            0 => Node::End,
            1 => Node::Comm {
                from: self.small(),
                to: self.small(),
                branches: self.list(|numbers| Branch { label: numbers.small(), target: numbers.node_id() }),
            },
            2 => Node::Choice { decider: self.small(), arms: self.list(Self::node_id) },
            3 => Node::Case { deciders: self.list(Self::small), arms: self.list(Self::node_id) },
            4 => Node::Local { role: self.small(), next: self.node_id() },
            5 => Node::Par { branches: self.list(Self::node_id), then: self.node_id() },
            6 => {
                let rows = self.list(|numbers| (numbers.outcome(), numbers.node_id()));
                Node::Scope { scope: self.index(), body: self.node_id(), rows, then: self.node_id() }
            }
            _ => Node::Join { of: self.node_id() },
        }
    }

    fn resources(&mut self) -> Resources {
        let role = |numbers: &mut Self| (numbers.name(), numbers.list(Self::id));
        let reach = |numbers: &mut Self| if numbers.below(2) == 0 { Reach::Session } else { Reach::Shared };
        Resources {
            nested: self.list(|numbers| Nested { image: [numbers.next() as u8; 32], roles: numbers.list(role) }),
            layers: self.list(|numbers| Layer { name: numbers.name(), reach: reach(numbers) }),
            facts: self.list(|numbers| Fact { name: numbers.name(), about: numbers.maybe(Self::small) }),
            bundles: self.list(|numbers| Bundle { label: numbers.small(), facts: numbers.list(Self::small) }),
        }
    }
}

/// Any image.
pub(super) fn image(numbers: &mut Numbers) -> CodeImage {
    let param = |numbers: &mut Numbers| Param { name: numbers.name(), ty: numbers.id(), reg: numbers.small() };
    CodeImage {
        protocol: numbers.name(),
        roles: numbers.list(|numbers| Role { name: numbers.name(), params: numbers.list(param) }),
        labels: numbers.list(|numbers| Label { name: numbers.name(), payload: numbers.id() }),
        types: (0..numbers.below(9)).map(|_| numbers.ty()).collect(),
        effects: numbers.list(|numbers| Effect { name: numbers.name(), args: numbers.list(Numbers::id) }),
        ops: numbers.list(|numbers| Op {
            effect: numbers.small(),
            name: numbers.name(),
            params: numbers.list(Numbers::id),
            result: numbers.id(),
            meta: numbers.meta(),
        }),
        consts: numbers.list(Numbers::constant),
        shapes: numbers.list(Numbers::shape),
        functions: numbers.list(Numbers::function),
        machines: numbers.list(|numbers| LocalMachine {
            states: numbers.list(Numbers::machine_state),
            entries: numbers.list(Numbers::place),
            decisions: numbers.list(Numbers::place),
        }),
        choreography: Choreography { nodes: numbers.list(Numbers::node) },
        edges: numbers.list(|numbers| Edge {
            from: numbers.small(),
            to: numbers.small(),
            bound: numbers.maybe(Numbers::index),
            lossy: numbers.below(2) == 0,
        }),
        scopes: numbers.list(|numbers| Scope {
            owner: numbers.small(),
            participants: numbers.list(Numbers::small),
            outcomes: numbers.list(Numbers::outcome),
        }),
        resources: numbers.resources(),
        debug: None,
    }
}
