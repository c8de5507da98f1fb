//! Which modules take part: the user's file, the prelude, and everything they import.
//!
//! Names across modules are linked in `imports`.

use super::{Names, Resolver};
use crate::hir::Module;
use crate::sources::{NoModule, Source, Sources, Wanted};
use rustc_hash::FxHashMap;
use tell_language::ast::{Import, Path};
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::parse;
use tell_language::span::{FileId, Span};

/// Most labels of a circle.
const MAX_LABELS: usize = 10;

/// Every other module sees what it declares.
pub(super) const PRELUDE: &str = "std.prelude";

/// Whether a module belongs to the standard library.
pub(super) fn is_std(module: &str) -> bool {
    module == "std" || module.starts_with("std.")
}

/// Whether a text can stand behind `module`.
fn is_path(text: &str) -> bool {
    text.split('.').all(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The modules on their way in.
struct Loading<'a> {
    sources: &'a dyn Sources,
    /// What the `module` line of the user's file says.
    declared: Option<String>,
    /// Modules by full name.
    known: FxHashMap<String, usize>,
}

impl Resolver<'_> {
    /// Parses the user's file and everything it imports.
    pub(super) fn load_modules(&mut self, file: FileId, sources: &dyn Sources) {
        self.parse_module(file, String::new());
        let line = self.program.modules[0].ast.module.clone();
        let declared = line.map(|line| self.dotted(&line));
        let own = sources.own_name(declared.as_deref());
        let known = own.iter().map(|own| (own.clone(), 0)).collect();
        let mut loading = Loading { sources, declared, known };
        self.check_line(0, own.as_deref());
        self.own = own.unwrap_or_else(|| self.program.files.get(file).name.clone());
        if let Ok(prelude) = loading.wanted("", PRELUDE) {
            self.add(&mut loading, prelude);
        }
        let mut module = 0;
        while module < self.program.modules.len() {
            let imports = self.program.modules[module].ast.imports.clone();
            self.imported[module] =
                imports.iter().map(|import| self.load_import(module, import, &mut loading)).collect();
            self.check_imports(module, &imports);
            module += 1;
        }
        self.report_cycles();
    }

    /// The module an import names; what it exposes is poisoned if there is none.
    fn load_import(&mut self, module: usize, import: &Import, loading: &mut Loading<'_>) -> Option<usize> {
        let name = self.dotted(&import.module);
        match loading.wanted(&self.program.modules[module].name, &name) {
            Ok(source) => {
                let known = loading.known.get(&source.module).copied();
                Some(known.unwrap_or_else(|| self.add(loading, source)))
            }
            Err(wrong) => {
                for name in import.exposing.iter().chain(&import.alias) {
                    self.names_mut(module).poisoned.insert(name.symbol, ());
                }
                self.no_module(module, import, &name, wrong);
                None
            }
        }
    }

    fn no_module(&mut self, module: usize, import: &Import, name: &str, wrong: NoModule) {
        let span = import.module.span();
        let file = self.program.modules[module].file;
        let (looked, known) = match wrong {
            NoModule::Unknown { looked, known } => (looked, known),
            NoModule::Unreadable { file: path, reason } => {
                let text = format!("module `{name}` cannot be read: {reason}");
                let diagnostic = Diagnostic::new(Code("E0262"), text).label(file, span, format!("this is `{path}`"));
                return self.push(diagnostic.help("make it a text file in UTF-8 that you may read"));
            }
        };
        let owner = if is_std(name) { " in the standard library" } else { "" };
        let text = format!("there is no module `{name}`{owner}");
        let mut diagnostic = Diagnostic::new(Code("E0207"), text).label(file, span, "unknown module");
        diagnostic.notes = looked.iter().map(|path| format!("there is no file `{path}`")).collect();
        diagnostic = match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")).fix(file, span, similar),
            None if is_std(name) => {
                diagnostic.help(format!("the modules of the standard library are {}", known.join(", ")))
            }
            None => diagnostic.help(
                "write that file; if another package has the module, name the package under `[dependencies]` in `tell.toml`",
            ),
        };
        self.push(diagnostic);
    }

    fn add(&mut self, loading: &mut Loading<'_>, source: Source) -> usize {
        let file = self.program.files.add(source.file, source.text);
        let module = self.parse_module(file, source.module.clone());
        loading.known.insert(source.module, module);
        self.check_line(module, Some(&source.line));
        module
    }

    fn parse_module(&mut self, file: FileId, name: String) -> usize {
        let text = self.program.files.get(file).text.clone();
        let parsed = parse::parse(file, &text, &mut self.program.interner);
        self.diagnostics.extend(parsed.diagnostics);
        self.program.modules.push(Module { file, name, ast: parsed.ast });
        self.names.to_mut().push(Names::default());
        self.imported.push(Vec::new());
        self.program.modules.len() - 1
    }

    /// `E0260`: a `module` line that does not say where the file is.
    fn check_line(&mut self, module: usize, right: Option<&str>) {
        let Some(line) = self.program.modules[module].ast.module.clone() else { return };
        let declared = self.dotted(&line);
        let is_taken = is_std(&declared) && !is_std(&self.program.modules[module].name);
        let file = self.program.modules[module].file;
        let name = &self.program.files.get(file).name;
        let diagnostic = match right {
            _ if is_taken => Diagnostic::new(Code("E0260"), "`std` belongs to the standard library")
                .label(file, line.span(), "not the name of a module of yours")
                .help("give the folder another name"),
            Some(right) if right != declared => {
                let path = declared.replace('.', "/");
                Diagnostic::new(Code("E0260"), format!("`{name}` is not the file of module `{declared}`"))
                    .label(file, line.span(), format!("this is module `{right}`"))
                    .help(format!(
                        "write `module {right}`, or move the file to `{path}.tell` below the root of its package"
                    ))
            }
            _ => return,
        };
        let fix = right.filter(|right| is_path(right) && !is_std(right));
        self.push(match fix {
            Some(right) => diagnostic.fix(file, line.span(), right),
            None => diagnostic,
        });
    }

    /// A path as written.
    pub(super) fn dotted(&self, path: &Path) -> String {
        path.names.iter().map(|name| self.program.text(name.symbol)).collect::<Vec<_>>().join(".")
    }

    /// Notes the names of the imported modules, and reports those that are imported twice.
    fn check_imports(&mut self, module: usize, imports: &[Import]) {
        let mut firsts: FxHashMap<usize, Span> = FxHashMap::default();
        for (index, import) in imports.iter().enumerate() {
            let Some(target) = self.imported[module][index] else { continue };
            let span = import.module.span();
            let first = *firsts.entry(target).or_insert(span);
            if first != span {
                self.report_duplicate(module, "E0210", "import of", first, span);
            }
            let full = self.dotted(&import.module);
            let full = self.program.interner.intern(&full);
            self.names_mut(module).modules.insert(full, target);
            if let Some(alias) = import.alias
                && self.names_mut(module).modules.insert(alias.symbol, target).is_some()
            {
                self.report_duplicate(module, "E0210", "import alias", import.module.span(), alias.span);
            }
        }
    }

    /// `E0261`: a module that imports itself by way of others, with the whole way.
    fn report_cycles(&mut self) {
        let mut is_done = vec![false; self.imported.len()];
        for root in 0..self.imported.len() {
            // Modules on the way from the root, each with how many of its imports were followed.
            let mut way: Vec<(usize, usize)> = if is_done[root] { Vec::new() } else { vec![(root, 0)] };
            while let Some((module, followed)) = way.last_mut() {
                let (module, import) = (*module, *followed);
                *followed += 1;
                match self.imported[module].get(import).copied() {
                    None => {
                        is_done[module] = true;
                        way.pop();
                    }
                    Some(None) => {}
                    Some(Some(target)) => match way.iter().position(|(open, _)| *open == target) {
                        Some(start) => self.cycle(&way[start..]),
                        None if is_done[target] => {}
                        None => way.push((target, 0)),
                    },
                }
            }
        }
    }

    /// A cycle of modules, each with the number of the import that leads on, plus one.
    fn cycle(&mut self, way: &[(usize, usize)]) {
        let name = |module: usize| match self.program.modules[module].name.as_str() {
            "" => self.own.as_str(),
            name => name,
        };
        let place = |(module, followed): (usize, usize)| {
            let module = &self.program.modules[module];
            (module.file, module.ast.imports[followed - 1].module.span())
        };
        let first = way[0].0;
        let path: Vec<&str> = way.iter().map(|(module, _)| name(*module)).chain([name(first)]).collect();
        let text = format!("modules import each other in a circle: {}", path.join(" → "));
        let mut diagnostic = Diagnostic::new(Code("E0261"), text);
        for (index, step) in way.iter().enumerate().take(MAX_LABELS) {
            let (file, span) = place(*step);
            let label = match index + 1 {
                1 if way.len() == 1 => format!("`{}` imports itself", name(first)),
                next => format!("`{}` imports `{}`", name(step.0), path[next]),
            };
            diagnostic = diagnostic.label(file, span, label);
        }
        let help = match way.len() {
            1 => "remove this import: a module sees its own names",
            _ => "move what both need into a module that imports neither",
        };
        self.push(diagnostic.help(help));
    }
}

impl Loading<'_> {
    fn wanted(&self, from: &str, name: &str) -> Result<Source, NoModule> {
        self.sources.module(&Wanted { declared: self.declared.as_deref(), from, name })
    }
}
