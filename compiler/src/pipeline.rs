//! All stages in order.
//!
//! [`check`] runs everything up to projection and keeps what each stage made, so that `tellc` can show it;
//! [`build`] emits the image of one protocol. [`check_global`] starts from a pure global type instead of text.

mod alike;
mod repaired;

pub use crate::kept::MAX_DIAGNOSTICS;

use crate::explore::{Bounds, EdgeBound, Exploration, explore};
use crate::graph::Graph;
use crate::hir::{Program, Protocol, ProtocolId};
use crate::kept::{is_unknown_name, is_unread, tidy};
use crate::project::rejection::Rejection;
use crate::project::{Limits, Projection, project, report};
use crate::refused::refusals;
use crate::repair::Repair;
use crate::repair::write::{Notation, Written, written};
use crate::resolve::family::Binds;
use crate::resolve::unread::Unread;
use crate::rung::{self, Needed};
use crate::sources::Sources;
use crate::{check as check_stage, emit, import, lower, resolve};
use repaired::Findings;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::path::Path;
use tell_ir::global::GlobalType;
use tell_ir::image::CodeImage;
use tell_language::diagnostic::{Code, Diagnostic, Fix};

/// Largest protocol whose channels are explored when it is built, in states of all machines.
const MAX_BUILD_STATES: usize = 2_000;

/// A checked file.
pub struct Checked {
    /// Declarations, bodies, files, symbols.
    pub program: Program,
    /// Everything that was found, in source order, each once. With errors, warnings are left out.
    pub diagnostics: Vec<Diagnostic>,
    /// Projections of the protocols nobody else calls, in text order.
    pub projected: Vec<Projected>,
    /// Those that cannot be projected.
    pub rejected: Vec<Rejected>,
}

/// A protocol that cannot be projected.
pub struct Rejected {
    /// Its choreography.
    pub graph: Graph,
    /// What is wrong, one entry per role.
    pub rejections: Vec<Rejection>,
}

/// One projected protocol.
pub struct Projected {
    /// Its choreography.
    pub graph: Graph,
    /// Its machines.
    pub projection: Projection,
}

impl Projected {
    /// The rung every role needs (PROJECTION §3, ladder).
    #[must_use]
    pub fn rungs(&self, program: &Program, limits: Limits) -> Vec<Needed> {
        rung::rungs(program, &self.graph, &self.projection, limits)
    }

    /// Explores the composition of the machines.
    #[must_use]
    pub fn explore(&self, program: &Program, bounds: Bounds) -> Exploration {
        explore(program, &self.graph, &self.projection.machines, bounds)
    }

    /// The most messages each channel holds over all runs, as far as a short exploration finds out.
    fn channels(&self, program: &Program, limits: Limits) -> Vec<EdgeBound> {
        let states: usize = self.projection.machines.iter().map(|machine| machine.states.len()).sum();
        if states > MAX_BUILD_STATES || limits.explored_states == 0 {
            return Vec::new();
        }
        self.explore(program, Bounds { states: limits.explored_states, ..Bounds::default() }).edges
    }
}

impl Checked {
    /// Whether there is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Names of the protocols that can be built: those declared at the top level of the user's file, in text order.
    #[must_use]
    pub fn protocols(&self) -> Vec<&str> {
        self.declared().map(|(_, name)| name).collect()
    }

    /// Names of the sizes that `--bind` can give, each once, in text order.
    #[must_use]
    pub fn sizes(&self) -> Vec<&str> {
        let all = self.program.protocols.iter().flat_map(|protocol| &protocol.header.sizes);
        let names: FxIndexSet<&str> = all.map(|size| self.program.text(size.symbol)).collect();
        names.into_iter().collect()
    }

    /// The sizes that nothing gave, with what was taken for them: `N = 2`.
    #[must_use]
    pub fn assumed_sizes(&self) -> Vec<String> {
        let checked = self.program.protocols.iter().filter(|protocol| protocol.body.is_some());
        let assumed = checked.flat_map(|protocol| &protocol.sizes).filter(|size| size.is_assumed);
        assumed.map(|size| format!("{} = {}", self.program.text(size.name), size.value)).collect()
    }

    /// Protocols as declared at the top level of the user's file, in text order: those that calls made of them for other
    /// sizes are left out.
    fn declared(&self) -> impl Iterator<Item = (ProtocolId, &str)> {
        let all = (0..).map(ProtocolId).zip(&self.program.protocols);
        let own = |id: ProtocolId, protocol: &Protocol| {
            protocol.parent.is_none() && protocol.module == 0 && protocol.template == id
        };
        let top = all.filter(move |(id, protocol)| own(*id, protocol));
        top.map(|(id, protocol)| (id, self.program.text(protocol.name)))
    }

    fn find(&self, name: &str) -> Option<ProtocolId> {
        self.declared().find(|(_, declared)| *declared == name).map(|(id, _)| id)
    }
}

/// Names, each once, in order.
type FxIndexSet<T> = indexmap::IndexSet<T, rustc_hash::FxBuildHasher>;

/// Checks a file: all stages up to projection.
#[must_use]
pub fn check(name: &str, text: &str, sources: &dyn Sources, limits: Limits) -> Checked {
    check_sized(name, text, sources, &Binds::new(), limits)
}

/// As [`check`], with sizes of role families given from outside (`--bind N=3`). Those of no family are of no effect, see
/// [`Checked::sizes`].
#[must_use]
pub fn check_sized(name: &str, text: &str, sources: &dyn Sources, binds: &Binds, limits: Limits) -> Checked {
    check_file((name, text), sources, binds, limits, Repairs::Searched)
}

/// Whether what is found comes with repairs. A text that tries out a repair is only checked for what its projections
/// find.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repairs {
    Searched,
    Left,
}

fn check_file(
    (name, text): (&str, &str),
    sources: &dyn Sources,
    binds: &Binds,
    limits: Limits,
    repairs: Repairs,
) -> Checked {
    let mut program = Program::default();
    let file = program.files.add(name, text);
    let mut diagnostics = Vec::new();
    let names = resolve::resolve(&mut program, file, sources, binds, &mut diagnostics);
    if diagnostics.iter().any(|diagnostic| diagnostic.code.0 == "E0106") {
        // What was too deep is missing from the tree: anything said about the rest could be wrong.
        return Checked { program, diagnostics: tidy(diagnostics), projected: Vec::new(), rejected: Vec::new() };
    }
    let is_broken = diagnostics.iter().any(is_unread);
    let unread = Unread::new(&program, &diagnostics);
    if diagnostics.iter().any(|diagnostic| is_unread(diagnostic) && diagnostic.position().0 != file) {
        // What an import could not read may be what others miss.
        diagnostics.retain(|diagnostic| is_unread(diagnostic) || is_about_modules(diagnostic.code.0));
        return Checked { program, diagnostics: tidy(diagnostics), projected: Vec::new(), rejected: Vec::new() };
    }
    let read = diagnostics.len();
    check_stage::check(&mut program, &names, &mut diagnostics);
    if is_broken {
        // Only the parser knows what could not be read.
        let found = diagnostics.split_off(read);
        diagnostics.extend(found.into_iter().filter(|one| !is_unread(one)));
        diagnostics.retain(|diagnostic| unread.keeps(diagnostic));
    }
    let (mut projected, mut rejected) = (Vec::new(), Vec::new());
    // With a name that means nothing, who knows what is not known either.
    let is_unsure = is_broken || diagnostics.iter().any(|one| is_unknown_name(one.code.0));
    let roots = if is_unsure { Vec::new() } else { roots(&program) };
    // A protocol of another file is judged there; where it is called, that is not repeated.
    let wrong: FxHashSet<ProtocolId> = called_abroad(&program, &roots)
        .into_iter()
        .filter(|id| can_lower(&program, *id) && !is_right(&program, *id, limits, &mut diagnostics))
        .collect();
    for protocol in roots {
        if !can_lower(&program, protocol) || calls_any(&program, protocol, &wrong) {
            continue;
        }
        let graph = match lower::lower(&program, protocol) {
            Ok(graph) => graph,
            Err(errors) => {
                diagnostics.extend(errors);
                continue;
            }
        };
        // Whether the text says with a repair what the graph says.
        let accept = |repair: &Repair, warnings: usize| {
            let Some(Written { fixes, .. }) = written(&program, &graph, repair, Notation::Tell) else { return false };
            let again = check_file((name, &applied(text, &fixes)), sources, binds, limits, Repairs::Left);
            let same = again.projected.iter().find(|other| other.graph.name == graph.name);
            graph.file == file && same.is_some_and(|other| other.projection.warnings.len() <= warnings)
        };
        let findings = Findings { program: &program, graph: &graph, limits, notation: Notation::Tell, accept: &accept };
        let before = diagnostics.len();
        match (project(&program, &graph, limits), repairs) {
            (Ok(projection), Repairs::Searched) => {
                diagnostics.extend(findings.accepted(&projection));
                projected.push(Projected { graph, projection });
            }
            (Ok(projection), Repairs::Left) => projected.push(Projected { graph, projection }),
            (Err(rejections), Repairs::Searched) => {
                diagnostics.extend(findings.rejected(&rejections));
                rejected.push(Rejected { graph, rejections });
            }
            (Err(_), Repairs::Left) => {}
        }
        if let Some(note) = program.assumed_sizes(protocol) {
            diagnostics[before..].iter_mut().for_each(|found| found.notes.push(note.clone()));
        }
    }
    Checked { program, diagnostics: tidy(diagnostics), projected, rejected }
}

/// Whether a code is about which modules there are, not about what is in them.
fn is_about_modules(code: &str) -> bool {
    matches!(code, "E0207" | "E0260" | "E0261" | "E0262")
}

/// Whether an imported protocol can be projected; what is found goes to `diagnostics`.
fn is_right(program: &Program, protocol: ProtocolId, limits: Limits, diagnostics: &mut Vec<Diagnostic>) -> bool {
    match lower_and_project(program, protocol, limits) {
        Ok(projected) => {
            diagnostics.extend(projected.projection.warnings.into_iter().map(|(_, warning)| warning));
            true
        }
        Err(errors) => {
            diagnostics.extend(errors);
            false
        }
    }
}

/// The protocols that these call in other files, be it by way of others, in text order.
fn called_abroad(program: &Program, roots: &[ProtocolId]) -> BTreeSet<ProtocolId> {
    let mut reached = FxHashSet::default();
    roots.iter().for_each(|root| reach(program, *root, &mut reached));
    let abroad = |id: ProtocolId| {
        let module = move |id: ProtocolId| program.protocol(id).module;
        lower::callees(program, id).into_iter().filter(move |callee| module(*callee) != module(id))
    };
    reached.into_iter().flat_map(abroad).collect()
}

/// Whether a protocol calls one of these, be it by way of others.
fn calls_any(program: &Program, protocol: ProtocolId, wanted: &FxHashSet<ProtocolId>) -> bool {
    let mut reached = FxHashSet::default();
    reach(program, protocol, &mut reached);
    !reached.is_disjoint(wanted)
}

/// Checks a pure global type that was read from the file `name` with that text; `places` says where its nodes stand
/// there, and may be empty. The protocol is named after the file.
#[must_use]
pub fn check_global(name: &str, text: &str, global: &GlobalType, places: &[import::Place], limits: Limits) -> Checked {
    let mut program = Program::default();
    let file = program.files.add(name, text);
    let protocol = Path::new(name).file_stem().map_or_else(|| "Global".into(), |stem| stem.to_string_lossy());
    let mut checked = Checked { program, diagnostics: Vec::new(), projected: Vec::new(), rejected: Vec::new() };
    let graph = match import::import(&mut checked.program, file, &protocol, global, places) {
        Ok(graph) => graph,
        Err(errors) => return Checked { diagnostics: tidy(errors), ..checked },
    };
    let notation = if places.is_empty() { Notation::Nowhere } else { Notation::Json };
    let outcome = project(&checked.program, &graph, limits);
    let program = &checked.program;
    let accept = |repair: &Repair, _| written(program, &graph, repair, notation).is_some();
    let findings = Findings { program, graph: &graph, limits, notation, accept: &accept };
    match outcome {
        Ok(projection) => {
            checked.diagnostics = findings.accepted(&projection);
            checked.projected.push(Projected { graph, projection });
        }
        Err(rejections) => {
            checked.diagnostics = findings.rejected(&rejections);
            checked.rejected.push(Rejected { graph, rejections });
        }
    }
    Checked { diagnostics: tidy(std::mem::take(&mut checked.diagnostics)), ..checked }
}

/// The image of a protocol of a file without errors; of the first one if no name is given.
///
/// # Errors
/// `None` inside if there is no such protocol; else what is wrong with it, which `check` need not have found for a
/// protocol that others call.
pub fn build(checked: &Checked, protocol: Option<&str>, limits: Limits) -> Result<CodeImage, BuildError> {
    let first =
        || checked.protocols().first().copied().or(checked.projected.first().map(|one| one.graph.name.as_str()));
    let name = protocol.or_else(first).ok_or(BuildError::NoProtocol)?;
    let emit = |projected: &Projected| {
        let refused = refusals(&checked.program, &projected.graph);
        if !refused.is_empty() {
            return Err(BuildError::Rejected(refused));
        }
        let channels = projected.channels(&checked.program, limits);
        let image = emit::emit(&checked.program, &projected.graph, &projected.projection.machines, &channels);
        image.map_err(|diagnostic| BuildError::Rejected(vec![*diagnostic]))
    };
    let found = checked.find(name);
    let unsized_families: Vec<Diagnostic> = found.map_or_else(Vec::new, |id| missing_sizes(&checked.program, id));
    if !unsized_families.is_empty() {
        return Err(BuildError::Rejected(unsized_families));
    }
    if let Some(projected) = checked.projected.iter().find(|projected| projected.graph.name == name) {
        return emit(projected);
    }
    let id = found.filter(|id| can_lower(&checked.program, *id)).ok_or(BuildError::NoProtocol)?;
    let projected = lower_and_project(&checked.program, id, limits).map_err(BuildError::Rejected)?;
    emit(&projected)
}

/// Sizes of families that nothing gives: one image is for one size.
fn missing_sizes(program: &Program, id: ProtocolId) -> Vec<Diagnostic> {
    let protocol = program.protocol(id);
    let missing = protocol.header.sizes.iter().zip(&protocol.sizes).filter(|(_, size)| size.is_assumed);
    let missing = missing.map(|(name, _)| {
        let text = program.text(name.symbol);
        Diagnostic::new(Code("E0230"), format!("nothing says how large `{text}` is"))
            .label(protocol.file, name.span, "the size of a family")
            .help(format!("say it on the command line: `--bind {text}=3`"))
    });
    missing.collect()
}

/// Why no image was made.
#[derive(Debug)]
pub enum BuildError {
    /// There is no protocol of that name, or none at all.
    NoProtocol,
    /// The protocol is wrong.
    Rejected(Vec<Diagnostic>),
}

/// Lowers and projects a protocol whose body, and those of all it calls, is checked.
///
/// # Errors
/// What is wrong with it.
pub fn lower_and_project(
    program: &Program,
    protocol: ProtocolId,
    limits: Limits,
) -> Result<Projected, Vec<Diagnostic>> {
    let graph = lower::lower(program, protocol)?;
    let projection =
        project(program, &graph, limits).map_err(|rejections| explained(program, &graph, &rejections, limits))?;
    Ok(Projected { graph, projection })
}

/// The rejections in words.
fn explained(program: &Program, graph: &Graph, rejections: &[Rejection], limits: Limits) -> Vec<Diagnostic> {
    rejections.iter().map(|rejection| report::rejected(program, graph, rejection, limits)).collect()
}

/// The text with replacements made; those at one place in their order.
#[must_use]
pub fn applied(text: &str, fixes: &[Fix]) -> String {
    let mut ordered: Vec<&Fix> = fixes.iter().collect();
    ordered.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for fix in ordered {
        let range = fix.span.range();
        if range.start < at || range.end > text.len() {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&fix.replacement);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// Protocols of the user's file that are checked as a whole: those no other calls, and the first of every circle of calls
/// that none of them reaches.
fn roots(program: &Program) -> Vec<ProtocolId> {
    let all = || (0..).map(ProtocolId).take(program.protocols.len()).filter(|id| program.protocol(*id).module == 0);
    let called: FxHashSet<ProtocolId> =
        all().flat_map(|id| lower::callees(program, id).into_iter().filter(move |callee| *callee != id)).collect();
    let mut roots: Vec<ProtocolId> = all().filter(|id| !called.contains(id)).collect();
    let mut reached = FxHashSet::default();
    roots.iter().for_each(|root| reach(program, *root, &mut reached));
    for id in all() {
        if !reached.contains(&id) {
            roots.push(id);
            reach(program, id, &mut reached);
        }
    }
    roots.sort_unstable();
    roots
}

/// Adds a protocol and all it calls.
fn reach(program: &Program, from: ProtocolId, reached: &mut FxHashSet<ProtocolId>) {
    let mut todo = vec![from];
    while let Some(id) = todo.pop() {
        if reached.insert(id) {
            todo.extend(lower::callees(program, id));
        }
    }
}

/// Whether the protocol and all it calls were checked without errors.
fn can_lower(program: &Program, protocol: ProtocolId) -> bool {
    let mut reached = FxHashSet::default();
    reach(program, protocol, &mut reached);
    reached.iter().all(|id| program.protocol(*id).body.is_some())
}
