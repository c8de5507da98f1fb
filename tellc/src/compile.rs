//! From what was read to a checked program and a verified image.

use crate::args::Sizes;
use crate::input::{Input, bad_json};
use crate::outcome::{Exit, Report, Trouble};
use crate::output::Output;
use crate::sources::Library;
use tell_bridge::error::{Fault, ImportError};
use tell_compiler::graph::Graph;
use tell_compiler::pipeline::{self, BuildError, Checked};
use tell_compiler::project::Limits;
use tell_compiler::resolve::family::Binds;
use tell_ir::codec::{self, ImageError};
use tell_ir::disasm;
use tell_ir::image::CodeImage;
use tell_ir::verify::{self, Verified, VerifyError};
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::span::Files;

/// A verified image and, if it was compiled here, its sources.
pub(crate) struct Compiled {
    /// The image.
    pub(crate) image: Verified,
    /// The sources.
    pub(crate) files: Files,
}

/// Checks a program with sizes of its families; its modules are looked for where the file of that name is.
///
/// # Errors
/// `E0704` for a size that no family of it has; a size that is given twice; what is wrong with its package.
pub(crate) fn check_program(name: &str, text: &str, sizes: &Sizes) -> Result<Checked, Trouble> {
    let binds = sizes.by_name()?;
    let checked = check_sized(name, text, &binds)?;
    match binds.keys().find(|bind| !checked.sizes().contains(&bind.as_str())) {
        Some(unknown) => Err(no_size(unknown, &checked.sizes())),
        None => Ok(checked),
    }
}

/// Checks a program with sizes, whether or not its families have them.
///
/// # Errors
/// What is wrong with its package.
pub(crate) fn check_sized(name: &str, text: &str, binds: &Binds) -> Result<Checked, Trouble> {
    Ok(pipeline::check_sized(name, text, &Library::of(name)?, binds, Limits::default()))
}

/// `E0704`: no family has a size of this name.
pub(crate) fn no_size(wanted: &str, known: &[&str]) -> Trouble {
    Trouble::plain(unknown("size", wanted, known))
}

/// Refuses sizes for what has no families of open size.
///
/// # Errors
/// `E0704`, or a size that is given twice.
pub(crate) fn no_sizes(sizes: &Sizes) -> Result<(), Trouble> {
    sizes.by_name()?.keys().next().map_or(Ok(()), |name| Err(no_size(name, &[])))
}

/// Checks a global type in JSON.
///
/// # Errors
/// `E0705`, and `E0704` for sizes: its roles are listed one by one.
pub(crate) fn check_global(name: &str, text: &str, sizes: &Sizes) -> Result<Checked, Trouble> {
    no_sizes(sizes)?;
    let (global, places) = tell_bridge::import::json_to_global_with_places(text)
        .map_err(|error| bad_type(name, text, &error, "it has to be a global type of schema lean_bridge.v1"))?;
    Ok(pipeline::check_global(name, text, &global, &places, Limits::default()))
}

/// `E0705`: JSON that is not the session type it should be.
pub(crate) fn bad_type(name: &str, text: &str, error: &ImportError, help: &str) -> Trouble {
    let place = match &error.fault {
        Fault::Syntax { line, column, .. } => Some((usize::try_from(*line).ok(), usize::try_from(*column).ok())),
        _ => None,
    };
    let place = place.and_then(|(line, column)| line.zip(column));
    bad_json(name, text, place, &error.to_string(), help)
}

/// Most nodes of a session type that is written out.
const MAX_NODES: u64 = 1_000_000;

/// `E0404`: shared parts may make a written type exponentially larger than what is in memory.
///
/// # Errors
/// If `size`, the nodes of `what` written as a tree, is too large, or not known because it is.
pub(crate) fn written_out(checked: &Checked, graph: &Graph, what: &str, size: Option<u64>) -> Result<(), Trouble> {
    if size.is_some_and(|size| size <= MAX_NODES) {
        return Ok(());
    }
    let size = match size {
        None => "more nodes than are counted".to_owned(),
        Some(u64::MAX) => "more than 2^64 nodes".to_owned(),
        Some(size) => format!("{size} nodes"),
    };
    let diagnostic = Diagnostic::new(Code("E0404"), format!("the {what} is too large to write out"))
        .note(format!("written as a tree it has {size}; at most {MAX_NODES} are written"))
        .help("`tellc show --stage project` shows the automata, which share equal parts; the program itself is fine");
    let text = &checked.program.files;
    let has_text = text.iter().any(|(id, file)| id == graph.file && !file.text.is_empty());
    let diagnostic = if has_text { diagnostic.label(graph.file, graph.span, "in this protocol") } else { diagnostic };
    Err(Trouble::report(vec![diagnostic], text.clone()))
}

/// Reports what was found; stops if there are errors.
///
/// # Errors
/// The errors.
pub(crate) fn without_errors(mut checked: Checked, output: &Output) -> Result<Checked, Trouble> {
    let diagnostics = std::mem::take(&mut checked.diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Trouble::report(diagnostics, checked.program.files));
    }
    output.diagnostics(&diagnostics, &checked.program.files);
    Ok(checked)
}

/// A verified image of what was read.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(
    input: Input,
    protocol: Option<&str>,
    sizes: &Sizes,
    output: &Output,
) -> Result<Compiled, Trouble> {
    let checked = match input {
        Input::Image { name, bytes } => {
            no_sizes(sizes)?;
            let image = load(&name, &bytes)?;
            return match protocol {
                Some(wanted) if wanted != image.image().protocol => {
                    Err(Trouble::plain(unknown("protocol", wanted, &[&image.image().protocol])))
                }
                _ => Ok(Compiled { image, files: Files::default() }),
            };
        }
        Input::Program { name, text } => check_program(&name, &text, sizes)?,
        Input::Global { name, text } => check_global(&name, &text, sizes)?,
    };
    let checked = without_errors(checked, output)?;
    let image = emit(&checked, protocol)?;
    let image = verify::verify(image).map_err(|error| refused_own(&error))?;
    Ok(Compiled { image, files: checked.program.files })
}

/// The image of a protocol of a program without errors.
///
/// # Errors
/// `E0704` if there is no such protocol, or what is wrong with it.
pub(crate) fn emit(checked: &Checked, protocol: Option<&str>) -> Result<CodeImage, Trouble> {
    let names = protocols(checked);
    let first = names.first().copied();
    pipeline::build(checked, protocol.or(first), Limits::default()).map_err(|error| match error {
        BuildError::NoProtocol => no_protocol(protocol, &names),
        BuildError::Rejected(diagnostics) => Trouble::report(diagnostics, checked.program.files.clone()),
    })
}

/// Names of the protocols of a program or global type.
pub(crate) fn protocols(checked: &Checked) -> Vec<&str> {
    let declared = checked.protocols();
    if !declared.is_empty() {
        return declared;
    }
    checked.projected.iter().map(|projected| projected.graph.name.as_str()).collect()
}

/// There is no protocol of that name, or none at all.
pub(crate) fn no_protocol(wanted: Option<&str>, names: &[&str]) -> Trouble {
    let (Some(wanted), false) = (wanted, names.is_empty()) else {
        let diagnostic = Diagnostic::new(Code("E0704"), "there is no protocol in this file")
            .help("declare one: `protocol Name(A, B) =` and the messages below it");
        let report = Report { diagnostics: vec![diagnostic], files: Files::default(), exit: Exit::Wrong };
        return Trouble::Report(Box::new(report));
    };
    Trouble::plain(unknown("protocol", wanted, names))
}

/// `E0704`: a name that is none of `names`.
pub(crate) fn unknown(what: &str, wanted: &str, names: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code("E0704"), format!("there is no {what} `{wanted}`"));
    if let Some(close) = did_you_mean(wanted, names.iter().copied()) {
        return diagnostic.help(format!("did you mean `{close}`?"));
    }
    let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    diagnostic.help(if listed.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there is {}", listed.join(", "))
    })
}

/// Decodes and verifies an image.
///
/// # Errors
/// `E0601`, `E0602`
pub(crate) fn load(name: &str, bytes: &[u8]) -> Result<Verified, Trouble> {
    verify::verify(decode(name, bytes)?).map_err(|error| {
        // The verifier took the image; a line of it is all that is needed of another.
        Trouble::plain(rejected(name, &error, codec::decode(bytes).ok().as_ref()))
    })
}

/// Decodes an image.
///
/// # Errors
/// `E0601`
pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<CodeImage, Trouble> {
    codec::decode(bytes).map_err(|error| Trouble::plain(undecodable(name, &error)))
}

fn undecodable(name: &str, error: &ImageError) -> Diagnostic {
    let ImageError { rule, offset, message } = error;
    Diagnostic::new(Code("E0601"), format!("`{name}` cannot be loaded: {message}"))
        .note(format!("rule {rule}, byte {offset}"))
        .help(format!("{rule} demands that {}; build the program again with `tellc build`", rule_text(rule)))
}

/// `E0602`; the image, if it is known, shows the instruction.
pub(crate) fn rejected(name: &str, error: &VerifyError, image: Option<&CodeImage>) -> Diagnostic {
    let VerifyError { rule, role, pc, message } = error;
    let mut place = format!("rule {rule}");
    if let Some(role) = role {
        place.push_str(&format!(", role `{role}`"));
    }
    if let Some(pc) = pc {
        place.push_str(&format!(", instruction {pc}"));
    }
    if let Some(line) = image.and_then(|image| line_of(image, error)) {
        place.push_str(&format!(": `{line}`"));
    }
    Diagnostic::new(Code("E0602"), format!("`{name}` is rejected: {message}"))
        .note(place)
        .help(format!("{rule} demands that {}", rule_text(rule)))
}

/// The instruction that breaks a rule, as `tellc show` prints it.
fn line_of(image: &CodeImage, error: &VerifyError) -> Option<String> {
    let role = image.roles.iter().position(|role| Some(&role.name) == error.role.as_ref())?;
    disasm::instruction(image, role, error.pc?)
}

/// What a rule demands.
pub(crate) fn rule_text(rule: &str) -> &'static str {
    let mut rules = codec::RULES.iter().chain(verify::RULES);
    rules.find(|(name, _)| *name == rule).map_or("", |(_, text)| text)
}

/// The verifier refused what the compiler made.
fn refused_own(error: &VerifyError) -> Trouble {
    let diagnostic =
        rejected("the image", error, None).help("this is a bug of `tellc`: please report it with the program");
    Trouble::Report(Box::new(Report { diagnostics: vec![diagnostic], files: Files::default(), exit: Exit::Bug }))
}
