//! How a run ended: final values, faults, exit code.

use super::Watch;
use crate::explain::fault_code;
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::trace::Sessions;
use std::io;
use tell_ir::image::CodeImage;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::render::one_line;
use tell_language::span::{FileId, Files, Span};
use tell_vm::{Cancellation, FailureKind, Fault, FaultReport, SessionEnd, SessionId, SessionReport, VM};

/// Most faults that are reported one by one.
const MAX_FAULTS: usize = 10;

/// Why the machine was no longer stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All sessions have ended.
    Done,
    /// The allowed steps are used up.
    Limit {
        /// Steps in all.
        steps: u64,
    },
    /// Ctrl-C.
    Interrupted {
        /// Steps in all.
        steps: u64,
    },
    /// Every session waits for an answer that nobody will give.
    Waiting,
}

/// Prints final values and faults.
pub(super) fn conclude(
    vm: &mut VM,
    sessions: &[SessionId],
    files: &Files,
    end: End,
    watch: Watch,
    output: &Output,
) -> Result<Exit, Trouble> {
    let (mut closed, mut count, mut faults) = (0_usize, 0_usize, Vec::new());
    let (mut cancelled, mut called_off) = (0_usize, Vec::new());
    let is_interrupted = matches!(end, End::Interrupted { .. });
    for session in sessions {
        let Some(report) = vm.take_report(session) else { continue };
        let image = vm.image(report.image).expect("a session's image is loaded");
        if watch.results {
            final_values(session, &report, image, watch, output)?;
        }
        match &report.end {
            SessionEnd::Closed => closed += 1,
            SessionEnd::Cancelled(cancellation) => {
                cancelled += 1;
                if cancelled <= MAX_FAULTS {
                    called_off.push(cancellation_text(session, *cancellation, image, watch.sessions));
                }
            }
            // What waited for the keyboard was called off.
            SessionEnd::Faulted(fault) if is_interrupted && is_cancelled(&fault.fault) => {}
            SessionEnd::Faulted(fault) => {
                count += 1;
                if count <= MAX_FAULTS {
                    faults.push(fault_diagnostic(session, fault, image, files, watch.sessions));
                }
            }
        }
    }
    if watch.results && watch.sessions == Sessions::Several && !output.is_quiet() {
        let active = sessions.len() - closed - count - cancelled;
        let called_off = if cancelled == 0 { String::new() } else { format!("{cancelled} called off, ") };
        let ends = format!("{closed} closed, {count} faulted, {called_off}{active} not ended");
        output.line(format_args!("{} sessions: {ends}", sessions.len()))?;
    }
    output.flush()?;
    let stopped = stopped(end, watch);
    let exit = if count + cancelled > 0 || end != End::Done { Exit::Faulted } else { Exit::Ok };
    faults.extend(stopped);
    output.diagnostics(&faults, files);
    called_off.iter().for_each(|text| output.status(one_line(text)));
    if count > MAX_FAULTS {
        output.status(format_args!("and {} more faults", count - MAX_FAULTS));
    }
    Ok(exit)
}

/// Who called a session off.
fn cancellation_text(session: &SessionId, cancellation: Cancellation, image: &CodeImage, sessions: Sessions) -> String {
    let why = match cancellation {
        Cancellation::Host => "its host called it off".to_owned(),
        Cancellation::Crash(role) => {
            let name = image.roles.get(usize::from(role)).map_or("?", |role| role.name.as_str());
            format!("`{name}` crashed")
        }
    };
    match sessions {
        Sessions::One => format!("the session did not end: {why}"),
        Sessions::Several => format!("session {session} did not end: {why}"),
    }
}

const fn is_cancelled(fault: &Fault) -> bool {
    matches!(fault, Fault::Perform { kind: FailureKind::Cancelled, .. })
}

/// What is to be said about a run that did not end by itself.
fn stopped(end: End, watch: Watch) -> Option<Diagnostic> {
    match end {
        End::Done => None,
        End::Interrupted { steps } => {
            let text = format!("the run was interrupted after {steps} steps");
            Some(Diagnostic::new(Code("F0006"), text).help(match watch.trace {
                true => "what the sessions did so far is in the trace",
                false => "`--trace FILE` writes down what the sessions do",
            }))
        }
        End::Limit { steps } => {
            let text = format!("the run was stopped after {steps} steps");
            Some(Diagnostic::new(Code("F0006"), text).help("if it is not endless, allow more with `--max-steps`"))
        }
        End::Waiting => Some(
            Diagnostic::new(Code("F0004"), "every session waits for an answer of the host that will not come")
                .help("this is a bug of `tellc`: please report it with the program"),
        ),
    }
}

/// `Alice.price = 32`, for each role and name in order.
fn final_values(
    session: &SessionId,
    report: &SessionReport,
    image: &CodeImage,
    watch: Watch,
    output: &Output,
) -> io::Result<()> {
    if watch.sessions == Sessions::Several {
        output.line(format_args!("session {session}"))?;
    } else if watch.messages && report.finals.iter().flatten().any(|values| !values.is_empty()) {
        output.line("")?;
    }
    for (role, values) in image.roles.iter().zip(&report.finals) {
        for value in values.iter().flatten() {
            output.line(one_line(&format!("{}.{} = {}", role.name, value.name, value.shown)))?;
        }
    }
    Ok(())
}

fn fault_diagnostic(
    session: &SessionId,
    report: &FaultReport,
    image: &CodeImage,
    files: &Files,
    sessions: Sessions,
) -> Diagnostic {
    let name = report.fault.code();
    let code = fault_code(name).unwrap_or("F0011");
    let message = match sessions {
        Sessions::One => report.to_string(),
        Sessions::Several => format!("session {session}: {report}"),
    };
    let mut diagnostic = Diagnostic::new(Code(code), message);
    let file = image.debug.as_ref().map_or("", |debug| debug.file.as_str());
    if let Some((start, end)) = report.span {
        let known: Option<FileId> = files.iter().find(|(_, known)| known.name == file).map(|(id, _)| id);
        diagnostic = match known {
            Some(id) => diagnostic.label(id, Span::new(start, end), "raised here"),
            None => diagnostic.note(format!("raised at bytes {start} to {end} of `{file}`")),
        };
    }
    let steps = if report.tick == 1 { "1 step".to_owned() } else { format!("{} steps", report.tick) };
    diagnostic
        .note(format!("`{name}` after {steps} of the session"))
        .help(format!("`tellc explain {code}` says what this means"))
}
