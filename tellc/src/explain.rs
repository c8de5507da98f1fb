//! `tellc explain`: the pages of `docs/errors/`, and the rules of images.

use crate::args::Explain;
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use tell_ir::{codec, verify};
use tell_language::diagnostic::did_you_mean;

/// Codes and their pages, ascending; written by `build.rs`.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Lines of a code `F…`, the machine's name of the fault, and a title.
const FAULTS: &str = include!(concat!(env!("OUT_DIR"), "/faults.rs"));

/// Prints the page of a code, or the list of all.
///
/// # Errors
/// An unknown code, and those of standard output.
pub(crate) fn explain(args: &Explain, output: &Output) -> Result<Exit, Trouble> {
    let Some(wanted) = &args.code else {
        return list(output);
    };
    let wanted = wanted.trim();
    let code = fault_code(wanted).unwrap_or(wanted);
    if let Some((_, page)) = PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)) {
        output.bytes(page.as_bytes())?;
        return Ok(Exit::Ok);
    }
    if let Some((rule, text)) = rules().find(|(rule, _)| rule.eq_ignore_ascii_case(wanted)) {
        output.bytes(rule_page(rule, text).as_bytes())?;
        return Ok(Exit::Ok);
    }
    Err(unknown(wanted))
}

/// What the rules of a family are about.
const FAMILIES: &[(&str, &str)] = &[
    ("V1", "the file and its tables"),
    ("V2", "where control goes"),
    ("V3", "registers and the types of what is in them"),
    ("V4", "what must be given up exactly once: endpoints, guard layers, speculation"),
    ("V5", "that code does what its local machine says"),
    ("V6", "that the machines of the roles can carry the choreography out"),
    ("V7", "effects"),
    ("V8", "facts and where they may flow"),
    ("V9", "what verifying may cost"),
];

/// The page of a rule of images.
fn rule_page(rule: &str, text: &str) -> String {
    let is_of_file = codec::RULES.iter().any(|(known, _)| *known == rule);
    let (code, place) = if is_of_file { ("E0601", "the byte") } else { ("E0602", "role and instruction") };
    let family = rule.split('.').next().unwrap_or_default();
    let mut page = format!("# {rule}: rule of images\n\nIn an image that a machine loads, {text}.\n\n");
    page.push_str(&format!("An image that breaks it is refused with {code}; `tellc verify IMAGE` names {place}"));
    // What cannot be read cannot be shown, and has no text it could be made of.
    page.push_str(match is_of_file {
        true => ".\nImages that `tellc build` writes keep all rules: build the program again.\n",
        false => {
            ", and\n`tellc show IMAGE` prints all of it. Images that `tellc build` writes keep all rules: build\n\
             the program again. `tellc asm` makes images that do not, for tests.\n"
        }
    });
    if let Some((_, subject)) = FAMILIES.iter().find(|(known, _)| *known == family) {
        page.push_str(&format!("\nThe rules {family} are about {subject}:\n\n"));
    }
    for (other, text) in rules().filter(|(other, _)| other.split('.').next() == Some(family)) {
        page.push_str(&format!("{other:<6} {text}\n"));
    }
    page
}

fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    codec::RULES.iter().chain(verify::RULES).copied()
}

/// Code and name of every fault.
fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    FAULTS.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().zip(words.next())
    })
}

/// Whether there is a page of that code.
pub(crate) fn is_code(code: &str) -> bool {
    PAGES.iter().any(|(known, _)| known.eq_ignore_ascii_case(code))
}

/// The code of the page of a fault that the machine calls `name`.
pub(crate) fn fault_code(name: &str) -> Option<&'static str> {
    faults().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(code, _)| code)
}

fn list(output: &Output) -> Result<Exit, Trouble> {
    for (code, page) in PAGES {
        let title = page.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, title)| title);
        output.line(format_args!("{code}  {title}"))?;
    }
    for (rule, text) in rules() {
        output.line(format_args!("{rule:<5}  {text}"))?;
    }
    Ok(Exit::Ok)
}

fn unknown(wanted: &str) -> Trouble {
    let codes = PAGES.iter().map(|(code, _)| *code);
    let names = codes.chain(faults().map(|(_, name)| name)).chain(rules().map(|(rule, _)| rule));
    let upper = wanted.to_uppercase();
    let close = did_you_mean(&upper, names).or_else(|| did_you_mean(wanted, faults().map(|(_, name)| name)));
    Trouble::usage(match close {
        Some(close) => format!("there is no code `{wanted}`; did you mean `{close}`?"),
        None => format!("there is no code `{wanted}`; `tellc explain` lists all"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_of_a_family_that_is_described() {
        for (rule, _) in rules() {
            assert!(FAMILIES.iter().any(|(family, _)| rule.split('.').next() == Some(family)), "{rule}");
        }
    }
}
