//! Types at compile time: interned, so that equal types are equal numbers.

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_language::symbol::{Interner, Symbol};

/// Deepest nesting of a type after aliases are expanded.
pub const MAX_TYPE_DEPTH: u16 = 200;

/// Most fields of a message, components of a tuple or record, and arguments of a constructor.
pub(crate) const MAX_PARTS: usize = 1_000;

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
    /// `Fn(A) -> B`; only as the type of a parameter of an operation.
    Function(Box<[Ty]>, Ty),
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
            Self::Function(params, result) => params.iter().chain([result]).copied().collect(),
            _ => Vec::new(),
        }
    }
}

/// The table of types.
#[derive(Clone, Debug)]
pub struct Types {
    kinds: IndexSet<TyKind, FxBuildHasher>,
    depths: Vec<u16>,
    /// Whether a `Param` or `Infer` occurs in the type; closed types are shared and never walked.
    open: Vec<bool>,
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
        Self { kinds: GROUND.iter().cloned().collect(), depths: vec![1; GROUND.len()], open: vec![false; GROUND.len()] }
    }
}

impl Types {
    /// The type of that kind.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(index) = self.kinds.get_index_of(&kind) {
            return Ty(u32::try_from(index).expect("fewer than 2^32 types"));
        }
        let children = kind.children();
        let depth = 1 + children.iter().map(|child| self.depth(*child)).max().unwrap_or(0);
        let is_leaf = matches!(kind, TyKind::Param(_) | TyKind::Infer(_));
        self.open.push(is_leaf || children.iter().any(|child| self.is_open(*child)));
        let index = self.kinds.insert_full(kind).0;
        self.depths.push(depth);
        Ty(u32::try_from(index).expect("fewer than 2^32 types"))
    }

    /// What a type is.
    #[must_use]
    pub fn kind(&self, ty: Ty) -> &TyKind {
        self.kinds.get_index(ty.0 as usize).expect("a type of this table")
    }

    /// Whether a type variable or a type still to be inferred occurs in the type.
    #[must_use]
    pub fn is_open(&self, ty: Ty) -> bool {
        self.open[ty.0 as usize]
    }

    /// How deep the type nests; at most [`MAX_TYPE_DEPTH`] + 1.
    #[must_use]
    pub fn depth(&self, ty: Ty) -> u16 {
        self.depths[ty.0 as usize]
    }

    /// The same type with its leaves `Param` and `Infer` replaced; each distinct part is looked at once.
    pub fn map_leaves(&mut self, ty: Ty, leaf: &mut dyn FnMut(&mut Self, &TyKind) -> Option<Ty>) -> Ty {
        self.map_shared(ty, leaf, &mut FxHashMap::default())
    }

    fn map_shared(
        &mut self,
        ty: Ty,
        leaf: &mut dyn FnMut(&mut Self, &TyKind) -> Option<Ty>,
        done: &mut FxHashMap<Ty, Ty>,
    ) -> Ty {
        if !self.is_open(ty) {
            return ty;
        }
        if let Some(known) = done.get(&ty) {
            return *known;
        }
        let kind = self.kind(ty).clone();
        let replaced = leaf(self, &kind);
        let mapped = replaced.unwrap_or_else(|| {
            let mut map = |part: Ty| self.map_shared(part, leaf, done);
            let kind = match kind {
                TyKind::List(a) => TyKind::List(map(a)),
                TyKind::Maybe(a) => TyKind::Maybe(map(a)),
                TyKind::Result(a, b) => TyKind::Result(map(a), map(b)),
                TyKind::Map(a, b) => TyKind::Map(map(a), map(b)),
                TyKind::Tuple(items) => TyKind::Tuple(items.iter().map(|item| map(*item)).collect()),
                TyKind::Record(fields) => TyKind::Record(fields.iter().map(|(name, ty)| (*name, map(*ty))).collect()),
                TyKind::Function(params, result) => {
                    TyKind::Function(params.iter().map(|param| map(*param)).collect(), map(result))
                }
                other => other,
            };
            self.intern(kind)
        });
        done.insert(ty, mapped);
        mapped
    }

    /// Whether a leaf for which `found` holds occurs in the type.
    #[must_use]
    pub fn any_leaf(&self, ty: Ty, found: &dyn Fn(&TyKind) -> bool) -> bool {
        let mut seen = FxHashSet::default();
        let mut todo = vec![ty];
        while let Some(ty) = todo.pop() {
            if self.is_open(ty) && seen.insert(ty) {
                if found(self.kind(ty)) {
                    return true;
                }
                todo.extend(self.kind(ty).children());
            }
        }
        false
    }
}

/// Parts of a type that are printed at most.
const MAX_SHOWN: usize = 500;

/// Names of declared types, for printing.
pub struct TypeNames<'a> {
    /// The table.
    pub types: &'a Types,
    /// Name of each union.
    pub unions: &'a dyn Fn(UnionId) -> Symbol,
    /// Name of each opaque type.
    pub opaques: &'a dyn Fn(OpaqueId) -> Symbol,
    /// Name of each type variable; those beyond get a letter.
    pub params: &'a [Symbol],
    /// The symbols.
    pub interner: &'a Interner,
}

impl TypeNames<'_> {
    /// The type as a person writes it; the parts of a very large one are left out.
    #[must_use]
    pub fn show(&self, ty: Ty) -> String {
        let mut left = MAX_SHOWN;
        self.show_within(ty, &mut left)
    }

    fn show_within(&self, ty: Ty, left: &mut usize) -> String {
        if *left == 0 {
            return "…".into();
        }
        *left -= 1;
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
            TyKind::List(a) => format!("List {}", self.argument(*a, left)),
            TyKind::Maybe(a) => format!("Maybe {}", self.argument(*a, left)),
            TyKind::Result(a, b) => format!("Result {} {}", self.argument(*a, left), self.argument(*b, left)),
            TyKind::Map(a, b) => format!("Map {} {}", self.argument(*a, left), self.argument(*b, left)),
            TyKind::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.show_within(*item, left)).collect();
                format!("({})", items.join(", "))
            }
            TyKind::Record(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, ty)| format!("{} : {}", text(*name), self.show_within(*ty, left)))
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
            TyKind::Union(id) => text((self.unions)(*id)),
            TyKind::Opaque(id) => text((self.opaques)(*id)),
            TyKind::Function(params, result) => {
                let params: Vec<_> = params.iter().map(|param| self.show_within(*param, left)).collect();
                format!("Fn({}) -> {}", params.join(", "), self.show_within(*result, left))
            }
            TyKind::Param(index) if (*index as usize) < self.params.len() => text(self.params[*index as usize]),
            TyKind::Param(index) => char::from_u32(u32::from(b'A') + index % 26).unwrap_or('A').to_string(),
            TyKind::Infer(_) => "_".into(),
            TyKind::Error => "?".into(),
        }
    }

    fn argument(&self, ty: Ty, left: &mut usize) -> String {
        let shown = self.show_within(ty, left);
        match self.types.kind(ty) {
            TyKind::List(_) | TyKind::Maybe(_) | TyKind::Result(..) | TyKind::Map(..) => format!("({shown})"),
            _ => shown,
        }
    }
}
