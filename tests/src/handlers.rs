//! The handlers of a run, called without a machine: types as handlers see them, operations, answers.

use crate::flags::Flags;
use crate::host::{Inputs, MadeUp, Missing, Paper};
use crate::numbers::Numbers;
use std::collections::BTreeMap;
use tell_compiler::graph;
use tell_compiler::hir::{EffectId, Program};
use tell_compiler::ty::{Ty, TyKind, UnionId};
use tell_ir::image::{OpMeta, Reentrancy};
use tell_ir::ty::{Type, TypeId};
use tell_stdlib::{clock, console, host, random, state};
use tell_vm::{Call, Failure, FailureKind, Fault, Handler, HostStep, Limits, RequestId, SessionId, Settled, Value};
use tell_vm::{conforms, show, type_text};

/// An operation with its arguments.
#[derive(Clone, Debug)]
pub struct Request {
    /// The full name of its effect.
    pub effect: String,
    /// Its name.
    pub op: String,
    /// Types of its arguments.
    pub params: Vec<TypeId>,
    /// Type of its answer.
    pub result: TypeId,
    /// Its arguments.
    pub args: Vec<Value>,
    /// What is declared; nothing for what the host does.
    pub meta: Option<OpMeta>,
}

impl Request {
    /// Whether it may be issued while these are not answered.
    ///
    /// # Errors
    /// The fault, if not.
    pub fn is_allowed<'r>(&self, outstanding: impl IntoIterator<Item = &'r Self>) -> Result<(), Fault> {
        let key = |request: &Self| (request.effect.clone(), request.op.clone(), request.params.clone(), request.result);
        let excludes = |other: &Self| match self.meta.map(|meta| meta.reentrancy) {
            None | Some(Reentrancy::Allow) => false,
            Some(Reentrancy::RejectSameOperation) => key(other) == key(self),
            Some(Reentrancy::RejectSameFragment) => other.effect == self.effect,
        };
        match outstanding.into_iter().any(excludes) {
            true => Err(self.fault(contract("an operation that excludes it is outstanding"))),
            false => Ok(()),
        }
    }

    /// Its effect, operation and number, as a trace has them.
    #[must_use]
    pub fn words(&self, number: u32) -> String {
        format!("effect={} op={} request={number}", self.effect, self.op)
    }

    /// The event of its issue.
    #[must_use]
    pub fn performed(&self, number: u32, types: &Types<'_>) -> String {
        let args = self.args.iter().zip(&self.params).map(|(value, ty)| show(value, *ty, &types.all));
        format!("Performed {} args=({})", self.words(number), args.collect::<Vec<_>>().join(", "))
    }

    /// The event of its answer.
    #[must_use]
    pub fn completed(&self, number: u32, answer: &Result<Value, Failure>, types: &Types<'_>) -> String {
        let answer = match answer {
            Ok(value) => format!("result={}", show(value, self.result, &types.all)),
            Err(failure) => format!("failure={} message={}", failure.kind.text(), failure.message),
        };
        format!("Completed {} {answer}", self.words(number))
    }

    /// The fault of a failure that no scope takes.
    #[must_use]
    pub fn fault(&self, failure: Failure) -> Fault {
        let Failure { kind, message } = failure;
        Fault::Perform { effect: self.effect.clone(), op: self.op.clone(), kind, message }
    }
}

/// Types by number, each once.
pub struct Types<'p> {
    program: &'p Program,
    /// The types.
    pub all: Vec<Type>,
    unions: BTreeMap<UnionId, TypeId>,
}

impl<'p> Types<'p> {
    /// The number of a type built from numbers.
    ///
    /// # Panics
    /// If there are 2^32 types.
    pub fn number(&mut self, ty: Type) -> TypeId {
        let found = self.all.iter().position(|known| *known == ty).unwrap_or_else(|| {
            self.all.push(ty);
            self.all.len() - 1
        });
        TypeId(u32::try_from(found).expect("few types"))
    }

    /// The number of a type in which type variables stand for `vars`.
    ///
    /// # Panics
    /// If the type is one that no program that is executed has.
    pub fn of(&mut self, ty: Ty, vars: &[TypeId]) -> TypeId {
        let program = self.program;
        let text = |symbol| program.text(symbol).to_owned();
        let built = match program.types.kind(ty) {
            TyKind::Unit => Type::Unit,
            TyKind::Bool => Type::Bool,
            TyKind::Int => Type::Int,
            TyKind::String => Type::String,
            TyKind::Bytes => Type::Bytes,
            TyKind::Duration => Type::Duration,
            TyKind::Session => Type::Session,
            TyKind::Role => Type::Role,
            TyKind::Opaque(id) => Type::Opaque(text(program.opaques[id.0 as usize].name)),
            TyKind::List(a) => Type::List(self.of(*a, vars)),
            TyKind::Maybe(a) => Type::Maybe(self.of(*a, vars)),
            TyKind::Result(a, b) => Type::Result(self.of(*a, vars), self.of(*b, vars)),
            TyKind::Map(a, b) => Type::Map(self.of(*a, vars), self.of(*b, vars)),
            TyKind::Tuple(items) => Type::Tuple(self.each(items, vars)),
            TyKind::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (text(*name), self.of(*ty, vars))).collect())
            }
            TyKind::Union(id) => return self.union(*id),
            TyKind::Param(index) => return vars[*index as usize],
            TyKind::Infer(_) | TyKind::Error | TyKind::Function(..) => {
                panic!("bug: a type of nothing that is executed")
            }
        };
        self.number(built)
    }

    /// The numbers of several types.
    pub fn each(&mut self, types: &[Ty], vars: &[TypeId]) -> Vec<TypeId> {
        types.iter().map(|ty| self.of(*ty, vars)).collect()
    }

    /// A union has its number before its variants have theirs: they may mention it.
    fn union(&mut self, id: UnionId) -> TypeId {
        if let Some(known) = self.unions.get(&id) {
            return *known;
        }
        let program = self.program;
        let union = &program.unions[id.0 as usize];
        let number = self.number(Type::Opaque(format!("union {}", id.0)));
        self.unions.insert(id, number);
        let mut variants = Vec::new();
        for (name, args) in &union.variants {
            variants.push((program.text(*name).to_owned(), self.each(args, &[])));
        }
        self.all[number.0 as usize] = Type::Union(program.text(union.name).to_owned(), variants);
        number
    }

    /// The type of a message's payload: of its one field, or the tuple of several.
    pub fn payload(&mut self, label: &graph::Label) -> TypeId {
        match self.each(&label.fields, &[]).as_slice() {
            [] => self.number(Type::Unit),
            [only] => *only,
            several => self.number(Type::Tuple(several.to_vec())),
        }
    }

    /// An operation of an effect, by its number there.
    #[must_use]
    pub fn request(
        &self,
        (effect, op): (EffectId, usize),
        (params, result): (Vec<TypeId>, TypeId),
        args: Vec<Value>,
    ) -> Request {
        let effect = &self.program.effects[effect.index()];
        let declared = &effect.ops[op];
        let op = self.program.text(declared.name).to_owned();
        Request { effect: effect.full_name.clone(), op, params, result, args, meta: Some(declared.meta) }
    }

    /// What the host is asked for: a field of that type by its name, or, without a type, a choice among names.
    pub fn host(&mut self, names: Value, supplied: Option<Ty>) -> Request {
        let text = self.number(Type::String);
        let (op, param, result) = match supplied {
            Some(ty) => ("supply", text, self.of(ty, &[])),
            None => ("choose", self.number(Type::List(text)), self.number(Type::Int)),
        };
        let (effect, op) = (host::EFFECT.to_owned(), op.to_owned());
        Request { effect, op, params: vec![param], result, args: vec![names], meta: None }
    }
}

/// Who performs, and when.
#[derive(Clone, Copy, Debug)]
pub struct Performer<'a> {
    /// The protocol.
    pub protocol: &'a str,
    /// The role.
    pub role: u32,
    /// Its name.
    pub name: &'a str,
    /// Number of the request.
    pub request: u32,
    /// The time, in nanoseconds.
    pub now: u64,
}

/// When an operation is answered.
#[derive(Debug)]
pub enum Answer {
    /// At once.
    Now(Result<Value, Failure>),
    /// So many nanoseconds later, with `()`.
    Later(i64),
}

/// The handlers of one session, the same that [`crate::run::run`] installs.
pub struct Handlers<'p> {
    /// The types they see.
    pub types: Types<'p>,
    seed: u64,
    installed: BTreeMap<String, Box<dyn Handler>>,
}

impl<'p> Handlers<'p> {
    /// The handlers for these flags; those of effects that the standard library does not have make answers up. What is
    /// printed goes to `paper`.
    #[must_use]
    pub fn new(program: &'p Program, flags: &Flags, missing: Missing, paper: Paper) -> Self {
        let all: [(&str, Box<dyn Handler>); 5] = [
            (console::EFFECT, Box::new(console::Console::new(paper))),
            (host::EFFECT, Box::new(host::Host::new(Inputs::new(flags, missing)))),
            (clock::EFFECT, Box::new(clock::Clock)),
            (random::EFFECT, Box::new(random::Random::default())),
            (state::EFFECT, Box::new(state::State::default())),
        ];
        let installed = all.into_iter().map(|(effect, handler)| (effect.to_owned(), handler)).collect();
        let types = Types { program, all: Vec::new(), unions: BTreeMap::new() };
        Self { types, seed: flags.seed, installed }
    }

    /// Calls the handler of an operation.
    ///
    /// # Panics
    /// If the handler says that somebody else will answer; none of these does.
    pub fn answer(&mut self, request: &Request, by: Performer<'_>) -> Answer {
        let call = Call {
            effect: &request.effect,
            instance: 0,
            op: &request.op,
            op_id: 0,
            params: &request.params,
            result: request.result,
            types: &self.types.all,
            session: &SessionId::root(0),
            protocol: by.protocol,
            role: u16::try_from(by.role).expect("few roles"),
            role_name: by.name,
            request: RequestId(by.request),
            now: i64::try_from(by.now).unwrap_or(i64::MAX),
            seed: self.seed,
        };
        let made_up = || Box::new(MadeUp(Numbers::new(self.seed))) as Box<dyn Handler>;
        let handler = self.installed.entry(request.effect.clone()).or_insert_with(made_up);
        let may_block = request.meta.is_none_or(|meta| meta.may_block);
        let answer = match handler.start(&call, &request.args) {
            HostStep::Sleep(time) if may_block => return Answer::Later(time),
            HostStep::Reply(value) => accepted(value, request, &self.types),
            HostStep::Fail(failure) => Err(failure),
            HostStep::Sleep(_) => Err(contract("an `immediate` operation may not block")),
            other => panic!("bug: a handler of a test answers at once, not with {other:?}"),
        };
        handler.settle(&call, if answer.is_ok() { Settled::Committed } else { Settled::Refused });
        Answer::Now(answer)
    }
}

fn contract(message: &str) -> Failure {
    Failure::new(FailureKind::ContractViolation, message)
}

/// The answer, if it has the type of the operation, is not too large, and, of a choice, is among what was offered.
fn accepted(value: Value, request: &Request, types: &Types<'_>) -> Result<Value, Failure> {
    if !conforms(&value, request.result, &types.all) {
        let found = show(&value, request.result, &types.all);
        let expected = type_text(request.result, &types.all);
        return Err(Failure::invalid_input(format!("the answer `{found}` is not `{expected}`")));
    }
    let limits = Limits::default();
    if value.depth() > limits.value_depth || value.size() > limits.value_size {
        return Err(Failure::invalid_input("the answer is larger than the limits allow"));
    }
    if request.effect == host::EFFECT && request.op == "choose" {
        let offered = request.args[0].as_list().map_or(0, <[_]>::len);
        let chosen = value.as_int().unwrap_or(-1);
        if usize::try_from(chosen).map_or(true, |chosen| chosen >= offered) {
            return Err(Failure::invalid_input(format!("there is no branch {chosen} among {offered}")));
        }
    }
    Ok(value)
}
