//! Which modules take part: the user's file, the prelude, and the modules of `std` it imports.

use super::{Names, Resolver, Texts};
use crate::hir::Module;
use crate::sources::Sources;
use tell_language::ast::{Import, Path};
use tell_language::diagnostic::did_you_mean;
use tell_language::parse;
use tell_language::span::{FileId, Span};
use tell_language::symbol::Symbol;

/// Modules of the standard library, for suggestions.
const STD: [&str; 4] = ["std.prelude", "std.console", "std.state", "std.random"];

/// Module 1 is the prelude, if the sources have one.
const PRELUDE: &str = "std.prelude";

impl Resolver<'_> {
    /// Parses the user's file and everything it imports.
    pub(super) fn load_modules(&mut self, file: FileId, sources: &dyn Sources) {
        self.parse_module(file, String::new());
        if let Some(text) = sources.module(PRELUDE) {
            self.add_std(PRELUDE, text);
        }
        let mut module = 0;
        while module < self.program.modules.len() {
            for import in self.program.modules[module].ast.imports.clone() {
                self.load_import(module, &import, sources);
            }
            module += 1;
        }
    }

    fn load_import(&mut self, module: usize, import: &Import, sources: &dyn Sources) {
        let name = self.dotted(&import.module);
        let target = match self.program.modules.iter().position(|module| module.name == name) {
            Some(index) => index,
            None => match sources.module(&name) {
                Some(text) => self.add_std(&name, text),
                None => {
                    self.poison_import(module, import);
                    return self.unknown_module(module, import, &name);
                }
            },
        };
        let full = self.program.interner.intern(&name);
        let imports = &self.program.modules[module].ast.imports;
        let first = imports.iter().find(|other| self.dotted(&other.module) == name);
        if let Some(first) = first.map(|first| first.module.span()).filter(|first| *first != import.module.span()) {
            self.report_duplicate(module, "E0210", "import of", first, import.module.span());
        }
        self.names_mut(module).modules.insert(full, target);
        if let Some(alias) = import.alias
            && self.names_mut(module).modules.insert(alias.symbol, target).is_some()
        {
            self.report_duplicate(module, "E0210", "import alias", import.module.span(), alias.span);
        }
    }

    /// What a broken import exposes is not reported again where it is used.
    fn poison_import(&mut self, module: usize, import: &Import) {
        for name in import.exposing.iter().chain(&import.alias) {
            self.names_mut(module).poisoned.insert(name.symbol, ());
        }
    }

    fn unknown_module(&mut self, module: usize, import: &Import, name: &str) {
        let span = import.module.span();
        if name.starts_with("std.") || name == "std" {
            let help = match did_you_mean(name, STD) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("the modules of the standard library are {}", STD.join(", ")),
            };
            let texts =
                Texts::new(format!("there is no module `{name}` in the standard library"), "unknown module", help);
            return self.report(module, "E0207", span, texts);
        }
        let help = "put the declarations into this file; only `std.…` modules can be imported in this version";
        let texts = Texts::new("importing modules of your own is not executable yet", "not a module of `std`", help);
        self.report(module, "E0901", span, texts);
    }

    fn add_std(&mut self, name: &str, text: &str) -> usize {
        let file = self.program.files.add(format!("{}.tell", name.replace('.', "/")), text);
        self.parse_module(file, name.to_owned())
    }

    fn parse_module(&mut self, file: FileId, name: String) -> usize {
        let text = self.program.files.get(file).text.clone();
        let parsed = parse::parse(file, &text, &mut self.program.interner);
        self.diagnostics.extend(parsed.diagnostics);
        self.program.modules.push(Module { file, name, ast: parsed.ast });
        self.names.to_mut().push(Names::default());
        self.program.modules.len() - 1
    }

    /// A path as written.
    pub(super) fn dotted(&self, path: &Path) -> String {
        path.names.iter().map(|name| self.program.text(name.symbol)).collect::<Vec<_>>().join(".")
    }

    /// Makes the types of imported modules visible; before types are resolved, so that they can be mentioned.
    pub(super) fn declare_types_of_imports(&mut self, module: usize) {
        for (target, name) in self.exposed(module) {
            let found = self.names[target].types.get(&name).copied();
            if let Some(ty) = found {
                self.names_mut(module).types.entry(name).or_insert(ty);
            }
            let found = self.names[target].constructors.get(&name).copied();
            if let Some(constructor) = found {
                self.names_mut(module).constructors.entry(name).or_insert(constructor);
            }
        }
    }

    /// Makes effects and functions of imported modules visible and reports names they do not have.
    pub(super) fn link_imports(&mut self) {
        for module in 0..self.program.modules.len() {
            for (target, name) in self.exposed(module) {
                let effect = self.names[target].effects.get(&name).copied();
                let function = self.names[target].functions.get(&name).copied();
                if let Some(effect) = effect {
                    self.names_mut(module).effects.entry(name).or_insert(effect);
                }
                if let Some(function) = function {
                    self.names_mut(module).functions.entry(name).or_insert(function);
                }
            }
            for import in self.program.modules[module].ast.imports.clone() {
                self.check_exposing(module, &import);
            }
        }
    }

    fn check_exposing(&mut self, module: usize, import: &Import) {
        let Some(target) = self.target(module, import) else { return };
        for name in &import.exposing {
            let names = &self.names[target];
            let known = names.types.contains_key(&name.symbol)
                || names.constructors.contains_key(&name.symbol)
                || names.effects.contains_key(&name.symbol)
                || names.functions.contains_key(&name.symbol);
            if known {
                continue;
            }
            self.names_mut(module).poisoned.insert(name.symbol, ());
            let names = &self.names[target];
            let text = self.program.text(name.symbol).to_owned();
            let all = names.types.keys().chain(names.effects.keys()).chain(names.functions.keys());
            let similar = did_you_mean(&text, all.map(|name| self.program.text(*name)));
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "remove it from `exposing`".to_owned(),
            };
            let owner = self.program.modules[target].name.clone();
            let texts = Texts::new(format!("module `{owner}` has no `{text}`"), "not declared there", help);
            self.report(module, "E0208", name.span, texts);
        }
    }

    fn target(&self, module: usize, import: &Import) -> Option<usize> {
        let name = self.dotted(&import.module);
        self.program.modules.iter().position(|module| module.name == name).filter(|index| *index != module)
    }

    /// Pairs of imported module and exposed name; the prelude exposes all it has to every other module.
    fn exposed(&self, module: usize) -> Vec<(usize, Symbol)> {
        let mut exposed = Vec::new();
        for import in &self.program.modules[module].ast.imports {
            if let Some(target) = self.target(module, import) {
                exposed.extend(import.exposing.iter().map(|name| (target, name.symbol)));
            }
        }
        if let Some(prelude) = self.program.modules.iter().position(|module| module.name == PRELUDE)
            && prelude != module
        {
            let names = &self.names[prelude];
            let all = names.types.keys().chain(names.constructors.keys()).chain(names.effects.keys());
            exposed.extend(all.chain(names.functions.keys()).map(|name| (prelude, *name)));
        }
        exposed
    }

    /// Warns about imports whose names do not occur in the user's file again.
    pub(super) fn report_unused_imports(&mut self) {
        let file = self.program.modules[0].file;
        let text = &self.program.files.get(file).text;
        let comments: Vec<Span> = self.program.modules[0].ast.comments.iter().map(|comment| comment.span).collect();
        let occurs = |word: &str, after: u32| {
            text.match_indices(word).any(|(at, _)| {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                at >= after
                    && !is_part(text[..at as usize].chars().next_back())
                    && !is_part(text[at as usize + word.len()..].chars().next())
                    && !comments.iter().any(|span| span.start <= at && at < span.end)
            })
        };
        let mut unused = Vec::new();
        for import in &self.program.modules[0].ast.imports {
            let after = import.span.end;
            for name in &import.exposing {
                let word = self.program.text(name.symbol);
                if !occurs(word, after) {
                    unused.push((name.span, word.to_owned()));
                }
            }
            let prefix = import.alias.unwrap_or(import.module.names[0]);
            let word = self.program.text(prefix.symbol);
            if import.exposing.is_empty() && !occurs(word, after) {
                unused.push((import.module.span(), self.dotted(&import.module)));
            }
        }
        for (span, name) in unused {
            let texts = Texts::new(format!("`{name}` is imported but not used"), "never used", "remove it");
            self.report(0, "W0202", span, texts);
        }
    }
}
