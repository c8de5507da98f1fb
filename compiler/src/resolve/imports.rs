//! Names across modules: what `exposing` makes visible, and what is wrong with it or not needed.
//!
//! A module gives others what it declares itself, nothing that it imports. Its own names come first, then what its
//! imports expose, then the prelude.

use super::Resolver;
use super::modules::{PRELUDE, is_std};
use super::names::{Names, Table};
use rustc_hash::FxHashMap;
use tell_language::ast::Name;
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What a module declares under a name: constructors are names of their own kind.
#[derive(Clone, Copy)]
struct Declared {
    constructor: bool,
    other: bool,
}

/// A name in an `exposing` list: of which import, and the module it is to come from.
#[derive(Clone, Copy)]
struct Exposed {
    import: usize,
    target: usize,
    name: Name,
}

/// An imported name that is not used, and the text that can go.
struct Unused {
    name: String,
    span: Span,
    removed: Span,
}

impl Declared {
    fn of(names: &Names, name: Symbol) -> Self {
        Self { constructor: names.constructor_places.contains_key(&name), other: names.places.contains_key(&name) }
    }

    /// Whether both declare something of one kind.
    const fn clashes(self, other: Self) -> bool {
        self.constructor && other.constructor || self.other && other.other
    }
}

impl Resolver<'_> {
    /// Makes types and constructors of imported modules visible; before types are resolved, so that they can be
    /// mentioned.
    pub(super) fn link_types(&mut self) {
        self.link(|names| (&mut names.types, &names.places));
        self.link(|names| (&mut names.constructors, &names.constructor_places));
    }

    /// Makes effects and functions of imported modules visible, so that protocols can use them.
    pub(super) fn link_effects(&mut self) {
        self.link(|names| (&mut names.effects, &names.places));
        self.link(|names| (&mut names.functions, &names.places));
    }

    /// Makes protocols of imported modules visible; now all is declared, and what `exposing` says can be checked.
    pub(super) fn link_protocols(&mut self) {
        self.link(|names| (&mut names.protocols, &names.places));
        for module in 0..self.program.modules.len() {
            self.check_exposing(module);
        }
    }

    /// Copies the entries of one kind, picked with where the module's own declarations of that kind stand.
    fn link<T: Copy>(&mut self, pick: impl Fn(&mut Names) -> (&mut Table<T>, &Table<Span>)) {
        for module in 0..self.program.modules.len() {
            for (target, name) in self.exposed(module) {
                let (table, places) = pick(self.names_mut(target));
                let declared = table.get(&name).copied().filter(|_| places.contains_key(&name));
                if let Some(declared) = declared {
                    pick(self.names_mut(module)).0.entry(name).or_insert(declared);
                }
            }
        }
    }

    /// Pairs of imported module and exposed name; the prelude exposes all it has to every other module.
    fn exposed(&self, module: usize) -> Vec<(usize, Symbol)> {
        let mut exposed: Vec<(usize, Symbol)> =
            self.exposing(module).into_iter().map(|exposed| (exposed.target, exposed.name.symbol)).collect();
        if let Some(prelude) = self.program.modules.iter().position(|module| module.name == PRELUDE)
            && prelude != module
        {
            let names = &self.names[prelude];
            exposed.extend(names.places.keys().chain(names.constructor_places.keys()).map(|name| (prelude, *name)));
        }
        exposed
    }

    /// The names in the `exposing` lists of a module.
    fn exposing(&self, module: usize) -> Vec<Exposed> {
        let mut all = Vec::new();
        for (import, target) in self.imported[module].iter().enumerate() {
            let Some(target) = target.filter(|target| *target != module) else { continue };
            let names = &self.program.modules[module].ast.imports[import].exposing;
            all.extend(names.iter().map(|name| Exposed { import, target, name: *name }));
        }
        all
    }

    /// Reports exposed names that their module does not declare, and those that mean something else already.
    fn check_exposing(&mut self, module: usize) {
        let mut seen: FxHashMap<Symbol, Vec<(Exposed, Declared)>> = FxHashMap::default();
        for exposed in self.exposing(module) {
            let Exposed { import, target, name } = exposed;
            let declared = Declared::of(&self.names[target], name.symbol);
            if !declared.constructor && !declared.other {
                self.names_mut(module).poisoned.insert(name.symbol, ());
                self.not_declared(module, target, name);
                continue;
            }
            let earlier = seen.entry(name.symbol).or_default();
            let first = earlier.iter().find(|(_, kind)| kind.clashes(declared)).map(|(first, _)| *first);
            let own = Declared::of(&self.names[module], name.symbol);
            match first {
                // That a module is imported twice is said once.
                Some(first) if first.target == target && first.import != import => {}
                Some(first) => self.report_duplicate(module, "E0210", "name", first.name.span, name.span),
                None if own.clashes(declared) => self.own_and_exposed(module, name, declared),
                None => earlier.push((exposed, declared)),
            }
        }
    }

    /// `E0208`
    fn not_declared(&mut self, module: usize, target: usize, name: Name) {
        let names = &self.names[target];
        let text = self.program.text(name.symbol);
        let all = names.places.keys().chain(names.constructor_places.keys());
        let similar = did_you_mean(text, all.map(|name| self.program.text(*name)));
        let file = self.program.modules[module].file;
        let owner = match self.program.modules[target].name.as_str() {
            "" => &self.own,
            name => name,
        };
        let diagnostic = Diagnostic::new(Code("E0208"), format!("module `{owner}` has no `{text}`")).label(
            file,
            name.span,
            "not declared there",
        );
        let diagnostic = match similar {
            Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")).fix(file, name.span, similar),
            None => diagnostic.help("remove it from `exposing`"),
        };
        self.push(diagnostic);
    }

    /// `E0210`: a name that this file declares and an import exposes.
    fn own_and_exposed(&mut self, module: usize, exposed: Name, declared: Declared) {
        let names = &self.names[module];
        let own = names.places.get(&exposed.symbol).filter(|_| declared.other);
        let own = own.or_else(|| names.constructor_places.get(&exposed.symbol)).copied().unwrap_or(exposed.span);
        let file = self.program.modules[module].file;
        let text = self.program.text(exposed.symbol);
        let diagnostic =
            Diagnostic::new(Code("E0210"), format!("name `{text}` is declared here and exposed by an import"))
                .label(file, exposed.span, "exposed here")
                .label(file, own, "declared here")
                .help("remove it from `exposing` and write the module's name before it, or rename your own");
        self.push(diagnostic);
    }

    /// Warns about imports whose names do not occur in the importing file again.
    pub(super) fn report_unused_imports(&mut self) {
        for module in 0..self.program.modules.len() {
            if is_std(&self.program.modules[module].name) {
                continue;
            }
            let file = self.program.modules[module].file;
            let unused = self.unused_imports(module);
            self.diagnostics.extend(unused.into_iter().map(|Unused { name, span, removed }| {
                Diagnostic::new(Code("W0202"), format!("`{name}` is imported but not used"))
                    .label(file, span, "never used")
                    .help("remove it")
                    .fix(file, removed, "")
            }));
        }
    }

    fn unused_imports(&self, module: usize) -> Vec<Unused> {
        let imports = &self.program.modules[module].ast.imports;
        let words = if imports.is_empty() { FxHashMap::default() } else { self.last_words(module) };
        let mut found = Vec::new();
        for import in imports {
            let is_used =
                |name: Symbol| words.get(self.program.text(name)).is_some_and(|last| *last >= import.span.end);
            let unused: Vec<bool> = import.exposing.iter().map(|name| !is_used(name.symbol)).collect();
            let none_exposed = unused.iter().all(|unused| *unused);
            let prefix = import.alias.map_or(import.module.last().symbol, |alias| alias.symbol);
            let whole = (none_exposed && !is_used(prefix)).then(|| self.with_line_end(module, import.span));
            if let (true, Some(removed)) = (import.exposing.is_empty(), whole) {
                found.push(Unused { name: self.dotted(&import.module), span: import.module.span(), removed });
            }
            let list = import.alias.map_or(import.module.span().end, |alias| alias.span.end);
            for (index, name) in import.exposing.iter().enumerate().filter(|(index, _)| unused[*index]) {
                let removed = match (whole, index.checked_sub(1)) {
                    (Some(whole), _) => whole,
                    (None, _) if none_exposed => Span::new(list, import.span.end),
                    (None, Some(before)) => Span::new(import.exposing[before].span.end, name.span.end),
                    (None, None) => Span::new(name.span.start, import.exposing[1].span.start),
                };
                found.push(Unused { name: self.program.text(name.symbol).to_owned(), span: name.span, removed });
            }
        }
        found
    }

    /// Every word of a module's text, comments apart, and where it stands last.
    fn last_words(&self, module: usize) -> FxHashMap<&str, u32> {
        let module = &self.program.modules[module];
        let text = &self.program.files.get(module.file).text;
        let comments = &module.ast.comments;
        let mut words = FxHashMap::default();
        let is_between = |c: char| !c.is_alphanumeric() && c != '_';
        let mut at = 0;
        for piece in text.split_inclusive(is_between) {
            let comment = comments.partition_point(|comment| comment.span.start <= at).checked_sub(1);
            if comment.is_none_or(|index| at >= comments[index].span.end) {
                words.insert(piece.trim_end_matches(is_between), at);
            }
            at = at.saturating_add(u32::try_from(piece.len()).unwrap_or(u32::MAX));
        }
        words
    }

    /// A span, and the line end behind it if nothing else stands there.
    fn with_line_end(&self, module: usize, span: Span) -> Span {
        let text = &self.program.files.get(self.program.modules[module].file).text;
        let rest = text.get(span.end as usize..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        let length = if rest[blank..].starts_with('\n') { blank + 1 } else { 0 };
        Span::new(span.start, span.end + u32::try_from(length).unwrap_or(0))
    }
}
