//! `tellc show`: what a stage made of a file, as text; [`trace`] prints traces.

mod trace;

use crate::args::{Show, Stage};
use crate::compile::{check_global, check_program, decode, emit, without_errors, written_out};
use crate::input::{Input, read};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::trace::is_binary;
use tell_bridge::export::global_with_roles_to_json;
use tell_compiler::erase;
use tell_compiler::graph::Graph;
use tell_compiler::pipeline::Checked;
use tell_compiler::show::stage as checked_stage;
use tell_ir::disasm::disassemble;
use tell_language::diagnostic::Diagnostic;
use tell_language::dump::ast_dump;
use tell_language::layout::layout_dump;
use tell_language::parse::parse;
use tell_language::span::Files;
use tell_language::symbol::Interner;
use tell_language::token::{lex, lex_dump};

/// Shows a stage of a program, the instructions of an image, or a trace.
///
/// # Errors
/// What is wrong with the program before that stage; what is wrong with the trace.
pub(crate) fn show(args: &Show, output: &Output) -> Result<Exit, Trouble> {
    let name = args.source.file.display();
    match &args.image {
        Some(image) => return trace::show(args, image, output),
        None if is_binary(&args.source.file) => {
            return Err(Trouble::usage(format!(
                "`{name}` is a trace: say of what, as in `tellc show {name} --image FILE`"
            )));
        }
        None => {}
    }
    let input = read(&args.source)?;
    if args.protocol.is_some() && args.stage != Some(Stage::Emit) {
        return Err(Trouble::usage("`--protocol` belongs to `--stage emit`; the other stages show all protocols"));
    }
    if args.json && args.stage != Some(Stage::Lower) {
        return Err(Trouble::usage("`--json` belongs to `--stage lower`: the global type of each protocol"));
    }
    match (input, args.stage) {
        (Input::Image { name, bytes }, None | Some(Stage::Emit)) if args.protocol.is_none() => {
            // Not verified: a rejected image is what one wants to look at.
            output.bytes(disassemble(&decode(&name, &bytes)?).as_bytes())?;
            Ok(Exit::Ok)
        }
        (Input::Image { name, .. }, _) => {
            Err(Trouble::usage(format!("`{name}` is an image: `tellc show {name}` shows its instructions")))
        }
        (_, None) => {
            Err(Trouble::usage("say which stage: `--stage lex|layout|parse|resolve|check|lower|project|emit`"))
        }
        (Input::Program { name, text }, Some(stage)) => program(&name, &text, stage, args, output),
        (Input::Global { name, text }, Some(stage @ (Stage::Lower | Stage::Project | Stage::Emit))) => {
            from_checked(check_global(&name, &text, &args.sizes)?, stage, args, output)
        }
        (Input::Global { name, .. }, Some(_)) => {
            let text = format!("`{name}` is a global type; it has the stages `lower`, `project` and `emit`");
            Err(Trouble::usage(text))
        }
    }
}

fn program(name: &str, text: &str, stage: Stage, args: &Show, output: &Output) -> Result<Exit, Trouble> {
    let mut files = Files::default();
    let file = files.add(name, text);
    let (dump, diagnostics) = match stage {
        Stage::Lex => (lex_dump(text), lex(file, text).diagnostics),
        Stage::Layout => {
            let lexed = lex(file, text);
            let laid = tell_language::layout::layout(file, text, &lexed.lexemes);
            (layout_dump(text), [lexed.diagnostics, laid.diagnostics].concat())
        }
        Stage::Parse => {
            let mut interner = Interner::default();
            let parsed = parse(file, text, &mut interner);
            (ast_dump(&parsed.ast, &interner), parsed.diagnostics)
        }
        Stage::Resolve | Stage::Check | Stage::Lower | Stage::Project | Stage::Emit => {
            return from_checked(check_program(name, text, &args.sizes)?, stage, args, output);
        }
    };
    output.bytes(dump.as_bytes())?;
    output.flush()?;
    output.diagnostics(&diagnostics, &files);
    Ok(if diagnostics.iter().any(Diagnostic::is_error) { Exit::Wrong } else { Exit::Ok })
}

/// A stage behind parsing. The first two are shown also for programs with errors: as far as they came.
fn from_checked(checked: Checked, stage: Stage, args: &Show, output: &Output) -> Result<Exit, Trouble> {
    let name = match stage {
        Stage::Emit => {
            let checked = without_errors(checked, output)?;
            output.bytes(disassemble(&emit(&checked, args.protocol.as_deref())?).as_bytes())?;
            return Ok(Exit::Ok);
        }
        Stage::Resolve => "resolve",
        Stage::Check => "check",
        Stage::Lower if args.json => {
            let checked = without_errors(checked, output)?;
            for projected in &checked.projected {
                output.bytes(global_type(&checked, &projected.graph)?.as_bytes())?;
            }
            return Ok(Exit::Ok);
        }
        Stage::Lower => "lower",
        Stage::Project => "project",
        Stage::Lex | Stage::Layout | Stage::Parse => panic!("bug: these stages are before the checker"),
    };
    let dump = checked_stage(&checked, name).expect("the compiler shows these stages");
    output.bytes(dump.as_bytes())?;
    output.flush()?;
    without_errors(checked, output)?;
    Ok(Exit::Ok)
}

/// A line: the pure global type of a choreography, as JSON.
fn global_type(checked: &Checked, graph: &Graph) -> Result<String, Trouble> {
    let global = erase::global_type(&checked.program, graph);
    let size = global.as_ref().map(|global| erase::expanded_size(&global.nodes, global.root.0));
    written_out(checked, graph, "global type", size)?;
    let global = global.expect("what has no size is not written out");
    Ok(global_with_roles_to_json(&global) + "\n")
}
