//! Types at compile time: interned, so that equal types are equal numbers.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use tell_language::symbol::{Interner, Symbol};

/// Deepest nesting of a type after aliases are expanded.
pub const MAX_TYPE_DEPTH: u16 = 200;

/// An interned type of one [`Types`] table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ty(pub u32);

/// Index of a declared union in `Program::unions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnionId(pub u32);

/// Index of a declared opaque type in `Program::opaques`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpaqueId(pub u32);

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TyKind {
    /// `()`
    Unit,
    /// `Bool`
    Bool,
    /// `Int`
    Int,
    /// `String`
    String,
    /// `Bytes`
    Bytes,
    /// `Duration`
    Duration,
    /// `Session`
    Session,
    /// `Role`
    Role,
    /// `List T`
    List(Ty),
    /// `Maybe T`
    Maybe(Ty),
    /// `Result E T`
    Result(Ty, Ty),
    /// `Map K V`
    Map(Ty, Ty),
    /// `(S, T)`
    Tuple(Box<[Ty]>),
    /// `{ a : S }`, sorted by the text of the names.
    Record(Box<[(Symbol, Ty)]>),
    /// A declared union.
    Union(UnionId),
    /// A declared type without constructors.
    Opaque(OpaqueId),
    /// A type variable of a signature.
    Param(u32),
    /// A type still to be inferred.
    Infer(u32),
    /// Already reported.
    Error,
}

impl TyKind {
    fn children(&self) -> Vec<Ty> {
        match self {
            Self::List(a) | Self::Maybe(a) => vec![*a],
            Self::Result(a, b) | Self::Map(a, b) => vec![*a, *b],
            Self::Tuple(items) => items.to_vec(),
            Self::Record(fields) => fields.iter().map(|(_, ty)| *ty).collect(),
            _ => Vec::new(),
        }
    }
}

/// The table of types.
#[derive(Clone, Debug)]
pub struct Types {
    kinds: IndexSet<TyKind, FxBuildHasher>,
    depths: Vec<u16>,
}

macro_rules! ground {
    ($($name:ident = $index:literal, $kind:ident;)*) => {
        impl Types {
            $(#[doc = concat!("The type `", stringify!($kind), "`.")]
            pub const $name: Ty = Ty($index);)*
        }
        const GROUND: &[TyKind] = &[$(TyKind::$kind),*];
    };
}
ground! {
    UNIT = 0, Unit;
    BOOL = 1, Bool;
    INT = 2, Int;
    STRING = 3, String;
    BYTES = 4, Bytes;
    DURATION = 5, Duration;
    SESSION = 6, Session;
    ROLE = 7, Role;
    ERROR = 8, Error;
}

impl Default for Types {
    fn default() -> Self {
        Self { kinds: GROUND.iter().cloned().collect(), depths: vec![1; GROUND.len()] }
    }
}

impl Types {
    /// The type of that kind.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(index) = self.kinds.get_index_of(&kind) {
            return Ty(u32::try_from(index).expect("fewer than 2^32 types"));
        }
        let depth = 1 + kind.children().iter().map(|child| self.depth(*child)).max().unwrap_or(0);
        let index = self.kinds.insert_full(kind).0;
        self.depths.push(depth);
        Ty(u32::try_from(index).expect("fewer than 2^32 types"))
    }

    /// What a type is.
    #[must_use]
    pub fn kind(&self, ty: Ty) -> &TyKind {
        self.kinds.get_index(ty.0 as usize).expect("a type of this table")
    }

    /// How deep the type nests; at most [`MAX_TYPE_DEPTH`] + 1.
    #[must_use]
    pub fn depth(&self, ty: Ty) -> u16 {
        self.depths[ty.0 as usize]
    }

    /// The same type with its leaves `Param` and `Infer` replaced.
    pub fn map_leaves(&mut self, ty: Ty, leaf: &mut dyn FnMut(&mut Self, &TyKind) -> Option<Ty>) -> Ty {
        let kind = self.kind(ty).clone();
        if let Some(replaced) = leaf(self, &kind) {
            return replaced;
        }
        let mapped = match kind {
            TyKind::List(a) => TyKind::List(self.map_leaves(a, leaf)),
            TyKind::Maybe(a) => TyKind::Maybe(self.map_leaves(a, leaf)),
            TyKind::Result(a, b) => TyKind::Result(self.map_leaves(a, leaf), self.map_leaves(b, leaf)),
            TyKind::Map(a, b) => TyKind::Map(self.map_leaves(a, leaf), self.map_leaves(b, leaf)),
            TyKind::Tuple(items) => TyKind::Tuple(items.iter().map(|item| self.map_leaves(*item, leaf)).collect()),
            TyKind::Record(fields) => {
                TyKind::Record(fields.iter().map(|(name, ty)| (*name, self.map_leaves(*ty, leaf))).collect())
            }
            _ => return ty,
        };
        self.intern(mapped)
    }

    /// Whether a type variable or hole occurs in the type.
    #[must_use]
    pub fn any_leaf(&self, ty: Ty, found: &dyn Fn(&TyKind) -> bool) -> bool {
        let kind = self.kind(ty);
        found(kind) || kind.children().iter().any(|child| self.any_leaf(*child, found))
    }
}

/// Names of declared types, for printing.
pub struct TypeNames<'a> {
    /// The table.
    pub types: &'a Types,
    /// Name of each union.
    pub unions: &'a dyn Fn(UnionId) -> Symbol,
    /// Name of each opaque type.
    pub opaques: &'a dyn Fn(OpaqueId) -> Symbol,
    /// The symbols.
    pub interner: &'a Interner,
}

impl TypeNames<'_> {
    /// The type as a person writes it.
    #[must_use]
    pub fn show(&self, ty: Ty) -> String {
        let list = |items: &[Ty]| items.iter().map(|item| self.show(*item)).collect::<Vec<_>>().join(", ");
        let text = |symbol: Symbol| self.interner.text(symbol).to_owned();
        match self.types.kind(ty) {
            TyKind::Unit => "Unit".into(),
            TyKind::Bool => "Bool".into(),
            TyKind::Int => "Int".into(),
            TyKind::String => "String".into(),
            TyKind::Bytes => "Bytes".into(),
            TyKind::Duration => "Duration".into(),
            TyKind::Session => "Session".into(),
            TyKind::Role => "Role".into(),
            TyKind::List(a) => format!("List {}", self.argument(*a)),
            TyKind::Maybe(a) => format!("Maybe {}", self.argument(*a)),
            TyKind::Result(a, b) => format!("Result {} {}", self.argument(*a), self.argument(*b)),
            TyKind::Map(a, b) => format!("Map {} {}", self.argument(*a), self.argument(*b)),
            TyKind::Tuple(items) => format!("({})", list(items)),
            TyKind::Record(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, ty)| format!("{} : {}", text(*name), self.show(*ty))).collect();
                format!("{{ {} }}", fields.join(", "))
            }
            TyKind::Union(id) => text((self.unions)(*id)),
            TyKind::Opaque(id) => text((self.opaques)(*id)),
            TyKind::Param(index) => char::from_u32(u32::from(b'A') + index % 26).unwrap_or('A').to_string(),
            TyKind::Infer(_) => "_".into(),
            TyKind::Error => "?".into(),
        }
    }

    fn argument(&self, ty: Ty) -> String {
        match self.types.kind(ty) {
            TyKind::List(_) | TyKind::Maybe(_) | TyKind::Result(..) | TyKind::Map(..) => format!("({})", self.show(ty)),
            _ => self.show(ty),
        }
    }
}
