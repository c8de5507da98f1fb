//! Syntax trees to declarations: every name of a type, constructor, effect, function and protocol gets its index.
//!
//! Names of roles and variables inside bodies are resolved by `check`, which knows who holds what. The submodules
//! hold one kind of declaration each; this file drives them in dependency order.

mod authority;
mod declared;
mod effects;
pub mod family;
mod functions;
mod imports;
mod modules;
mod names;
pub(crate) mod once;
mod protocols;
#[cfg(test)]
mod tests;
pub mod unread;

pub(crate) use authority::{AGREEMENT, fact_name};
pub use names::{
    Names, agreement, bundle, constructor, effect, fragment, function, handler, operation, profile, protocol, role_set,
    similar_agreement, similar_bundle, similar_constructor, similar_effect, similar_fragment, similar_function,
    similar_handler, similar_operation, similar_profile, similar_protocol,
};

use crate::hir::Program;
use crate::kept;
use crate::sources::Sources;
use family::Binds;
use std::borrow::Cow;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};
use tell_language::symbol::Symbol;

/// Resolves the declarations of `file` and of the modules it imports into `program`; `binds` gives sizes of families.
pub fn resolve(
    program: &mut Program,
    file: FileId,
    sources: &dyn Sources,
    binds: &Binds,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Names> {
    let mut resolver = Resolver::new(program, Cow::Owned(Vec::new()), binds, diagnostics);
    resolver.load_modules(file, sources);
    resolver.declare_types();
    resolver.link_types();
    resolver.resolve_types();
    resolver.declare_effects();
    resolver.declare_functions();
    resolver.link_effects();
    resolver.declare_function_rows();
    resolver.declare_surface();
    resolver.declare_protocols();
    resolver.link_protocols();
    resolver.check_topologies();
    resolver.report_unused_imports();
    resolver.names.into_owned()
}

/// State of resolution; `names[i]` belongs to `program.modules[i]`.
struct Resolver<'a> {
    program: &'a mut Program,
    diagnostics: &'a mut Vec<Diagnostic>,
    names: Cow<'a, [Names]>,
    aliases: Vec<declared::Alias>,
    binds: &'a Binds,
    /// Per module and import in text order, the module it names.
    imported: Vec<Vec<Option<usize>>>,
    /// Full name of the user's file.
    own: String,
}

impl<'a> Resolver<'a> {
    fn new(
        program: &'a mut Program,
        names: Cow<'a, [Names]>,
        binds: &'a Binds,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { program, diagnostics, names, aliases: Vec::new(), binds, imported: Vec::new(), own: String::new() }
    }

    /// The names of a module, to be added to.
    fn names_mut(&mut self, module: usize) -> &mut Names {
        &mut self.names.to_mut()[module]
    }

    /// Keeps a report, as long as there are not too many.
    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        // Who checks a body, and only borrows the names, counts what is found in it.
        if matches!(self.names, Cow::Owned(_)) {
            kept::crop(self.diagnostics);
        }
    }

    /// Reports an error or warning with one label and a help line.
    fn report(&mut self, module: usize, code: &'static str, span: Span, texts: Texts<'_>) {
        let file = self.program.modules[module].file;
        let mut diagnostic = Diagnostic::new(Code(code), texts.message).label(file, span, texts.label);
        if !texts.help.is_empty() {
            diagnostic = diagnostic.help(texts.help);
        }
        self.push(diagnostic);
    }

    /// Reports a name that is declared twice, with both places.
    fn report_duplicate(&mut self, module: usize, code: &'static str, what: &str, first: Span, second: Span) {
        let file = self.program.modules[module].file;
        let name = &self.program.files.get(file).text[second.range()];
        let diagnostic = Diagnostic::new(Code(code), format!("{what} `{name}` is declared twice"))
            .label(file, second, "declared again here")
            .label(file, first, "first declared here")
            .help("rename or remove one of them");
        self.push(diagnostic);
    }
}

/// What to do about an effect that is not there.
pub fn declare_or_import(name: &str) -> String {
    let module = name.to_lowercase();
    match module.as_str() {
        "clock" | "console" | "random" | "state" => format!("import it: `import std.{module} exposing ({name})`"),
        _ => format!("declare `effect {name}`, or import it: `import … exposing ({name})`"),
    }
}

/// Message, label and help of a report.
struct Texts<'a> {
    message: String,
    label: &'a str,
    help: String,
}

impl<'a> Texts<'a> {
    fn new(message: impl Into<String>, label: &'a str, help: impl Into<String>) -> Self {
        Self { message: message.into(), label, help: help.into() }
    }
}

/// The type written in a body where `type_vars` are the type variables; what is wrong with it is reported.
pub fn body_type(
    program: &mut Program,
    (names, module): (&[Names], usize),
    type_vars: &[Symbol],
    ty: tell_language::ast::TypeId,
    diagnostics: &mut Vec<Diagnostic>,
) -> crate::ty::Ty {
    let binds = Binds::new();
    let mut resolver = Resolver::new(program, Cow::Borrowed(names), &binds, diagnostics);
    let mut generics = declared::Generics { names: type_vars.to_vec(), open: false };
    resolver.ty(module, ty, &mut generics)
}

/// The effect instance written in the body of a protocol; what is wrong with it is reported.
pub fn body_instance(
    program: &mut Program,
    names: &[Names],
    module: usize,
    written: &tell_language::ast::Use,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<crate::hir::Use> {
    let binds = Binds::new();
    let mut resolver = Resolver::new(program, Cow::Borrowed(names), &binds, diagnostics);
    resolver.instance(module, written, &mut declared::Generics::default())
}
