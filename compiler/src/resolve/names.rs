//! What a module's names mean.

use crate::hir::{EffectId, FunId, Program, ProtocolId};
use crate::ty::{Ty, UnionId};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use tell_language::ast::{Path, RoleRef};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

pub(super) type Table<T> = IndexMap<Symbol, T, FxBuildHasher>;

/// A name of a type.
#[derive(Clone, Copy, Debug)]
pub(super) enum TypeName {
    /// Its type.
    Done(Ty),
    /// An alias, an index into the resolver's aliases.
    Alias(usize),
}

/// The names one module can use: its own, those it exposes from imports, and the prelude's.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub(super) types: Table<TypeName>,
    pub(super) constructors: Table<(UnionId, u16)>,
    pub(super) effects: Table<EffectId>,
    pub(super) functions: Table<FunId>,
    pub(super) protocols: Table<ProtocolId>,
    pub(super) operations: Table<usize>,
    pub(super) agreements: Table<usize>,
    pub(super) profiles: Table<usize>,
    pub(super) bundles: Table<usize>,
    pub(super) fragments: Table<usize>,
    pub(super) handlers: Table<usize>,
    pub(super) role_sets: Table<Box<[RoleRef]>>,
    /// Modules by alias and by full dotted name.
    pub(super) modules: Table<usize>,
    /// Where each own declaration stands; what is not here is imported.
    pub(super) places: Table<Span>,
    /// The same for constructors, which are names of their own kind.
    pub(super) constructor_places: Table<Span>,
    /// Names whose declaration or import is wrong: reported once, where that is.
    pub(super) poisoned: Table<()>,
}

impl Names {
    /// Whether a mistake with this name was reported already.
    #[must_use]
    pub fn is_poisoned(&self, name: Symbol) -> bool {
        self.poisoned.contains_key(&name)
    }
}

/// The type of that name in `owner`, as `module` sees it: of other modules only what they declare.
pub(super) fn type_name(names: &[Names], module: usize, owner: usize, name: Symbol) -> Option<TypeName> {
    let is_visible = owner == module || names[owner].places.contains_key(&name);
    names[owner].types.get(&name).copied().filter(|_| is_visible)
}

/// What a dotted path is looked up in.
pub(super) enum Place {
    /// This module.
    Module(usize),
    /// A module that is not imported.
    Missing,
}

/// The module a path's prefix names, seen from `module`.
pub(super) fn place(names: &[Names], program: &Program, module: usize, path: &Path) -> Place {
    let [prefix @ .., _] = &*path.names else { return Place::Module(module) };
    if prefix.is_empty() {
        return Place::Module(module);
    }
    let dotted = prefix.iter().map(|name| program.text(name.symbol)).collect::<Vec<_>>().join(".");
    let found = program.interner.find(&dotted).and_then(|symbol| names[module].modules.get(&symbol));
    found.map_or(Place::Missing, |index| Place::Module(*index))
}

macro_rules! lookup {
    ($($(#[$doc:meta])* $name:ident, $similar:ident, $table:ident of $places:ident -> $target:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(names: &[Names], program: &Program, module: usize, path: &Path) -> Option<$target> {
            match place(names, program, module, path) {
                Place::Module(index) => {
                    let name = path.last().symbol;
                    let is_visible = index == module || names[index].$places.contains_key(&name);
                    names[index].$table.get(&name).copied().filter(|_| is_visible)
                }
                Place::Missing => None,
            }
        }

        /// The most similar name of that kind in the module.
        #[must_use]
        pub fn $similar(names: &[Names], program: &Program, module: usize, wanted: Symbol) -> Option<String> {
            let known = names[module].$table.keys().map(|name| program.text(*name));
            did_you_mean(program.text(wanted), known).map(str::to_owned)
        }
    )*};
}

lookup! {
    /// The constructor a path names.
    constructor, similar_constructor, constructors of constructor_places -> (UnionId, u16);
    /// The effect a path names.
    effect, similar_effect, effects of places -> EffectId;
    /// The function a path names.
    function, similar_function, functions of places -> FunId;
    /// The module-level protocol a path names.
    protocol, similar_protocol, protocols of places -> ProtocolId;
    /// The operation of LANGUAGE §6 a path names.
    operation, similar_operation, operations of places -> usize;
    /// The agreement profile a path names.
    agreement, similar_agreement, agreements of places -> usize;
    /// The profile a path names.
    profile, similar_profile, profiles of places -> usize;
    /// The proof bundle a path names.
    bundle, similar_bundle, bundles of places -> usize;
    /// The fragment a path names.
    fragment, similar_fragment, fragments of places -> usize;
    /// The handler a path names.
    handler, similar_handler, handlers of places -> usize;
}

/// The roles a role set of the module lists.
#[must_use]
pub fn role_set(names: &[Names], module: usize, name: Symbol) -> Option<&[RoleRef]> {
    names[module].role_sets.get(&name).map(|roles| &**roles)
}

/// The most similar type name in the module.
pub(super) fn similar_type(names: &[Names], program: &Program, module: usize, wanted: Symbol) -> Option<String> {
    const BUILT_IN: [&str; 12] =
        ["Unit", "Bool", "Int", "String", "Bytes", "Duration", "Session", "Role", "List", "Maybe", "Result", "Map"];
    let own = names[module].types.keys().map(|name| program.text(*name));
    did_you_mean(program.text(wanted), own.chain(BUILT_IN)).map(str::to_owned)
}
