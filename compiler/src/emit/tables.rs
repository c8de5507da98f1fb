//! Tables of the image that all roles share; equal entries are one entry.

use super::index;
use crate::graph::{self, Graph, NodeId, NodeKind, Role};
use crate::hir::{EffectId, Program};
use crate::project::machine;
use crate::ty::{Ty, TyKind};
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_ir::image::{
    Agreement, Class, CodeImage, Const, Effect, Label, Modality, Op, OpMeta, Outcome, Reentrancy, Region, Scope, Shape,
};
use tell_ir::ty::{Type, TypeId};

/// The tables being filled.
pub(super) struct Tables<'a> {
    pub(super) program: &'a Program,
    pub(super) graph: &'a Graph,
    types: Vec<Type>,
    /// How deep each type nests up to its unions.
    depths: Vec<usize>,
    known: FxHashMap<(Ty, u32), TypeId>,
    /// What type variables stood for in the calls that were written out; the first is for code without any.
    instances: IndexSet<Vec<TypeId>, FxBuildHasher>,
    /// What they stand for in the code being written, an index into `instances`.
    instance: u32,
    /// Expressions of functions that were written out.
    pub(super) inlined: usize,
    /// Types without a declaration, by structure.
    structures: FxHashMap<Type, TypeId>,
    labels: Vec<Label>,
    /// The number of each label of the graph that was met.
    label_numbers: Vec<Option<u16>>,
    label_positions: FxHashMap<(String, TypeId), u16>,
    consts: IndexSet<Const, FxBuildHasher>,
    shapes: IndexSet<Shape, FxBuildHasher>,
    effects: Vec<Effect>,
    ops: Vec<Op>,
    scopes: IndexMap<NodeId, Scope, FxBuildHasher>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(program: &'a Program, graph: &'a Graph) -> Self {
        Self {
            program,
            graph,
            types: Vec::new(),
            depths: Vec::new(),
            instances: [Vec::new()].into_iter().collect(),
            instance: 0,
            inlined: 0,
            known: FxHashMap::default(),
            structures: FxHashMap::default(),
            labels: Vec::new(),
            label_numbers: vec![None; graph.labels.len()],
            label_positions: FxHashMap::default(),
            consts: IndexSet::default(),
            shapes: IndexSet::default(),
            effects: Vec::new(),
            ops: Vec::new(),
            scopes: IndexMap::default(),
        }
    }

    /// The image's number of a type.
    pub(super) fn ty(&mut self, ty: Ty) -> TypeId {
        // Only open types depend on what type variables stand for.
        let key = (ty, if self.program.types.is_open(ty) { self.instance } else { 0 });
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let text = |symbol| self.program.text(symbol).to_owned();
        let built = match self.program.types.kind(ty).clone() {
            TyKind::Unit => Type::Unit,
            TyKind::Bool => Type::Bool,
            TyKind::Int => Type::Int,
            TyKind::String => Type::String,
            TyKind::Bytes => Type::Bytes,
            TyKind::Duration => Type::Duration,
            TyKind::Session => Type::Session,
            TyKind::Role => Type::Role,
            TyKind::List(a) => Type::List(self.ty(a)),
            TyKind::Maybe(a) => Type::Maybe(self.ty(a)),
            TyKind::Result(a, b) => Type::Result(self.ty(a), self.ty(b)),
            TyKind::Map(a, b) => Type::Map(self.ty(a), self.ty(b)),
            TyKind::Tuple(items) => Type::Tuple(items.iter().map(|item| self.ty(*item)).collect()),
            TyKind::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (text(*name), self.ty(*ty))).collect())
            }
            TyKind::Opaque(id) => Type::Opaque(text(self.program.opaques[id.0 as usize].name)),
            TyKind::Union(id) => return self.union(ty, id),
            TyKind::Param(index) => return self.instances[self.instance as usize][index as usize],
            TyKind::Infer(_) | TyKind::Error => panic!("bug: a checked program has only known types"),
            TyKind::Function(..) => panic!("bug: function types are refused"),
        };
        let id = self.structure(built);
        self.known.insert(key, id);
        id
    }

    /// From here on the type variables of a function stand for these types; answers what goes back to those before.
    pub(super) fn enter(&mut self, types: &[Ty]) -> u32 {
        let types = types.iter().map(|ty| self.ty(*ty)).collect();
        let entered = u32::try_from(self.instances.insert_full(types).0).expect("fewer than 2^32 calls");
        std::mem::replace(&mut self.instance, entered)
    }

    /// The type variables stand for what they did before.
    pub(super) fn leave(&mut self, before: u32) {
        self.instance = before;
    }

    /// How deep the types of the image nest up to their unions.
    pub(super) fn type_depth(&self) -> usize {
        self.depths.iter().copied().max().unwrap_or(0)
    }

    /// The number of a type built from numbers.
    pub(super) fn structure(&mut self, ty: Type) -> TypeId {
        if let Some(known) = self.structures.get(&ty) {
            return *known;
        }
        let id = TypeId(u32::try_from(self.types.len()).expect("fewer than 2^32 types"));
        self.depths.push(1 + children(&ty).iter().map(|child| self.depths[child.0 as usize]).max().unwrap_or(0));
        self.types.push(ty.clone());
        self.structures.insert(ty, id);
        id
    }

    /// A union gets its number before its variants do: they may mention it.
    fn union(&mut self, ty: Ty, id: crate::ty::UnionId) -> TypeId {
        let number = TypeId(u32::try_from(self.types.len()).expect("fewer than 2^32 types"));
        self.types.push(Type::Unit);
        self.depths.push(1);
        self.known.insert((ty, 0), number);
        let union = &self.program.unions[id.0 as usize];
        let variants = union
            .variants
            .iter()
            .map(|(name, args)| (self.program.text(*name).to_owned(), args.iter().map(|arg| self.ty(*arg)).collect()))
            .collect();
        self.types[number.0 as usize] = Type::Union(self.program.text(union.name).to_owned(), variants);
        number
    }

    /// What a type is.
    pub(super) fn kind(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The image's number of a label of the graph. Labels of one name and payload type are one.
    pub(super) fn label(&mut self, number: u32) -> u16 {
        if let Some(known) = self.label_numbers[number as usize] {
            return known;
        }
        let label = &self.graph.labels[number as usize];
        let payload = match label.fields.as_slice() {
            [] => self.structure(Type::Unit),
            [only] => self.ty(*only),
            several => {
                let items = several.iter().map(|ty| self.ty(*ty)).collect();
                self.structure(Type::Tuple(items))
            }
        };
        let next = index(u32::try_from(self.labels.len()).unwrap_or(u32::MAX));
        let position = *self.label_positions.entry((label.name.clone(), payload)).or_insert(next);
        if position == next {
            self.labels.push(Label { name: label.name.clone(), payload });
        }
        self.label_numbers[number as usize] = Some(position);
        position
    }

    /// The type of a label's payload.
    pub(super) fn payload(&self, label: u16) -> TypeId {
        self.labels[label as usize].payload
    }

    /// The number of a constant.
    pub(super) fn constant(&mut self, value: Const) -> u32 {
        u32::try_from(self.consts.insert_full(value).0).expect("fewer than 2^32 constants")
    }

    /// The type of a constant.
    pub(super) fn constant_type(&mut self, value: &Const) -> TypeId {
        self.structure(value.ty())
    }

    /// The number of a shape.
    pub(super) fn shape(&mut self, shape: Shape) -> u16 {
        index(u32::try_from(self.shapes.insert_full(shape).0).unwrap_or(u32::MAX))
    }

    /// The number of an operation of the graph.
    pub(super) fn op(&mut self, op: u32) -> u16 {
        let graph = self.graph;
        let graph::Op { effect, ref args, op, ref params, result } = graph.ops[op as usize];
        self.operation((effect, args), op as usize, params, result)
    }

    /// The number of an operation of an effect instance.
    pub(super) fn operation(&mut self, (effect, args): (EffectId, &[Ty]), op: usize, params: &[Ty], result: Ty) -> u16 {
        let declared = &self.program.effects[effect.index()];
        let declared_op = &declared.ops[op];
        let args = args.iter().map(|arg| self.ty(*arg)).collect();
        let effect = Effect { name: declared.full_name.clone(), args };
        let params = params.iter().map(|param| self.ty(*param)).collect();
        let result = self.ty(result);
        let name = self.program.text(declared_op.name).to_owned();
        self.add_op(effect, name, params, result, declared_op.meta)
    }

    /// `Host.supply : String -> T`
    pub(super) fn supply(&mut self, result: TypeId) -> u16 {
        let name = self.structure(Type::String);
        self.add_op(host(), "supply".into(), vec![name], result, HOST_META)
    }

    /// `Host.choose : List String -> Int`
    pub(super) fn choose(&mut self) -> u16 {
        let name = self.structure(Type::String);
        let names = self.structure(Type::List(name));
        let result = self.structure(Type::Int);
        self.add_op(host(), "choose".into(), vec![names], result, HOST_META)
    }

    fn add_op(&mut self, effect: Effect, name: String, params: Vec<TypeId>, result: TypeId, meta: OpMeta) -> u16 {
        let effect = self.effects.iter().position(|known| *known == effect).unwrap_or_else(|| {
            self.effects.push(effect);
            self.effects.len() - 1
        });
        let op = Op { effect: u16::try_from(effect).unwrap_or(u16::MAX), name, params, result, meta };
        let position = self.ops.iter().position(|known| *known == op).unwrap_or_else(|| {
            self.ops.push(op);
            self.ops.len() - 1
        });
        u16::try_from(position).unwrap_or(u16::MAX)
    }

    /// The number of a scope that a role takes part in.
    pub(super) fn scope(&mut self, role: Role, scope: &machine::Scope) -> u32 {
        let number = self.scope_of(scope.site.node);
        let participants = &mut self.scopes[number as usize].participants;
        if let Err(at) = participants.binary_search(&index(role)) {
            participants.insert(at, index(role));
        }
        number
    }

    /// The number of a scope.
    pub(super) fn scope_of(&mut self, node: NodeId) -> u32 {
        let graph = self.graph;
        let entry = self.scopes.entry(node);
        let number = u32::try_from(entry.index()).expect("fewer scopes than nodes");
        entry.or_insert_with(|| {
            let NodeKind::Timed { owner, outcomes, .. } = &graph.node(node).kind else { panic!("bug: it is a scope") };
            let has = |outcome: &Outcome| outcomes.iter().any(|own| own.name == outcome.text());
            let all = Outcome::ALL.iter().map(|(_, outcome)| *outcome);
            Scope {
                owner: index(*owner),
                participants: Vec::new(),
                outcomes: all.filter(|outcome| *outcome == Outcome::Done || has(outcome)).collect(),
            }
        });
        number
    }

    /// The tables as the beginning of an image.
    pub(super) fn into_image(self) -> CodeImage {
        CodeImage {
            labels: self.labels,
            types: self.types,
            effects: self.effects,
            ops: self.ops,
            consts: self.consts.into_iter().collect(),
            shapes: self.shapes.into_iter().collect(),
            scopes: self.scopes.into_values().collect(),
            ..CodeImage::default()
        }
    }
}

/// The types directly inside one that is no union.
fn children(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::List(a) | Type::Maybe(a) => vec![*a],
        Type::Result(a, b) | Type::Map(a, b) => vec![*a, *b],
        Type::Tuple(items) => items.to_vec(),
        Type::Record(fields) => fields.iter().map(|(_, ty)| *ty).collect(),
        _ => Vec::new(),
    }
}

/// The implicit effect.
fn host() -> Effect {
    Effect { name: "Host".into(), args: Vec::new() }
}

/// What the implicit effect's operations declare.
const HOST_META: OpMeta = OpMeta {
    modality: Modality::Command,
    class: Class::BestEffort,
    may_block: true,
    region: Region::Session,
    agreement: Agreement::None,
    reentrancy: Reentrancy::Allow,
};
