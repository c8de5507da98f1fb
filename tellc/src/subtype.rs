//! `tellc subtype`: whether one local type can replace another.

use crate::args::{Relation, Subtype};
use crate::compile::bad_type;
use crate::input::{Input, is_dash, read_as};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use std::path::Path;
use tell_bridge::import::json_to_local;
use tell_compiler::subtype::{
    Answer, Bound, Counterexample, IllFormed, async_subtype, conservative_async_subtype, sync_subtype,
};
use tell_ir::local::LocalType;
use tell_language::diagnostic::{Code, Diagnostic};

/// Most steps of a counterexample that are printed for people.
const MAX_SHOWN: usize = 40;

/// Compares two local types.
///
/// # Errors
/// What is wrong with them; with `--json` that is part of the result.
pub(crate) fn subtype(args: &Subtype, output: &Output) -> Result<Exit, Trouble> {
    match (decide(args), args.json) {
        (Ok((relation, answer)), is_json) => {
            output.line(if is_json { as_json(relation, &answer) } else { as_text(args, relation, &answer) })?;
            Ok(if matches!(answer, Answer::Yes(_)) { Exit::Ok } else { Exit::Wrong })
        }
        (Err(Trouble::Report(report)), true) => {
            output.refusal(&report.diagnostics, &report.files)?;
            Ok(report.exit)
        }
        (Err(trouble), _) => Err(trouble),
    }
}

/// The answer, and the relation it is about.
fn decide(args: &Subtype) -> Result<(Relation, Answer), Trouble> {
    if is_dash(&args.first) && is_dash(&args.second) {
        return Err(Trouble::usage("standard input can be one of the two types only"));
    }
    let (first, second) = (local_type(&args.first)?, local_type(&args.second)?);
    let by = |relation| {
        let answer = match relation {
            Relation::Sync => sync_subtype(&first, &second),
            Relation::Async => async_subtype(&first, &second, args.bound),
            Relation::Conservative => conservative_async_subtype(&first, &second),
        };
        answer.map(|answer| (relation, answer)).map_err(|error| ill_formed(args, &error))
    };
    match args.mode {
        Some(relation) => by(relation),
        None => match by(Relation::Sync)? {
            (relation, answer @ Answer::Yes(_)) => Ok((relation, answer)),
            _ => by(Relation::Async),
        },
    }
}

fn local_type(path: &Path) -> Result<LocalType, Trouble> {
    let (name, text) = match read_as(path, None)? {
        Input::Global { name, text } | Input::Program { name, text } => (name, text),
        Input::Image { name, .. } => {
            return Err(Trouble::usage(format!("`{name}` is an image, not a local type in JSON")));
        }
    };
    json_to_local(&text).map_err(|error| {
        let help = if serde_json::from_str::<Projected>(&text).is_ok() {
            "this is all that `tellc project --json` prints: take `.roles.ROLE.local` of it"
        } else {
            "it has to be a local type of schema lean_bridge.v1, as `tellc project --json` writes them"
        };
        bad_type(&name, &text, &error, help)
    })
}

/// What only the object of `tellc project --json` has.
#[derive(Deserialize)]
struct Projected {
    #[serde(rename = "protocol")]
    _protocol: IgnoredAny,
    #[serde(rename = "roles")]
    _roles: IgnoredAny,
}

/// `E0420`
fn ill_formed(args: &Subtype, error: &IllFormed) -> Trouble {
    let path = if error.is_second { &args.second } else { &args.first };
    let text = format!("`{}` is ill-formed: {}", crate::input::shown(path), error.fault);
    let help = "a local type is closed, acts in every recursion, and has distinct labels towards one partner";
    Trouble::plain(Diagnostic::new(Code("E0420"), text).help(help))
}

const fn name(relation: Relation) -> &'static str {
    match relation {
        Relation::Sync => "sync",
        Relation::Async => "async",
        Relation::Conservative => "conservative",
    }
}

fn as_text(args: &Subtype, relation: Relation, answer: &Answer) -> String {
    let name = name(relation);
    match answer {
        Answer::Yes(witness) => {
            let pairs = if witness.pairs == 1 { "pair" } else { "pairs" };
            format!("yes ({name}): the first can replace the second ({} {pairs} of states)", witness.pairs)
        }
        Answer::No(counterexample) => {
            let Counterexample { path, first, second, why } = counterexample;
            let place = shown_path(path);
            format!("no ({name}): {why}\n  {place}\n  first   {first}\n  second  {second}")
        }
        Answer::Unknown(bound) => {
            let sync = if args.mode.is_none() { "; not in sync" } else { "" };
            let advice = match (relation, bound) {
                (Relation::Async, Bound::Pairs(_)) => "; try a larger --bound, or --mode conservative",
                (Relation::Async, _) => "; try --mode conservative",
                (Relation::Sync | Relation::Conservative, _) => "",
            };
            format!("unknown ({name}{sync}): {bound}{advice}")
        }
    }
}

fn shown_path(path: &[String]) -> String {
    if path.is_empty() {
        return "at the start".to_owned();
    }
    let half = MAX_SHOWN / 2;
    if path.len() <= MAX_SHOWN {
        return format!("after   {}", path.join(" . "));
    }
    let (start, end) = (path[..half].join(" . "), path[path.len() - half..].join(" . "));
    format!("after   {start} . (… {} more …) . {end}", path.len() - 2 * half)
}

/// The object of `docs/schema/subtype.json`.
fn as_json(relation: Relation, answer: &Answer) -> String {
    let mode = name(relation);
    let object = match answer {
        Answer::Yes(witness) => json!({ "ok": true, "mode": mode, "verdict": "yes", "pairs": witness.pairs }),
        Answer::No(found) => json!({
            "ok": true, "mode": mode, "verdict": "no",
            "path": found.path, "first": found.first, "second": found.second, "why": found.why.to_string(),
        }),
        Answer::Unknown(bound) => {
            json!({ "ok": true, "mode": mode, "verdict": "unknown", "bound": bound.to_string() })
        }
    };
    object.to_string()
}
