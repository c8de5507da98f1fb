//! The host of a run: what it supplies, which branches it takes, and its console.

use crate::args::Choose;
use crate::compile::unknown;
use crate::output::Output;
use crate::prompt::{NoLine, Prompt};
use crate::values::{Types, json, literal};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;
use tell_ir::ty::TypeId;
use tell_stdlib::host::random_choice;
use tell_stdlib::{HostInputs, World};
use tell_vm::{Call, Failure, FailureKind, SessionId, Value};

/// A value as it was given.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    /// On the command line.
    Literal(String),
    /// In an inputs file.
    Json(serde_json::Value),
}

impl Raw {
    /// The value, if it is of that type.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(&self, ty: TypeId, types: &Types<'_>) -> Result<Value, String> {
        match self {
            Self::Literal(text) => literal::read(text, ty, types),
            Self::Json(value) => json::read(value, ty, types),
        }
    }
}

/// What the host supplies for one field.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// The same value each time.
    Always(Raw),
    /// These, one after the other, in each session.
    Each(Vec<Raw>),
}

/// Who takes open choices.
#[derive(Clone, Debug)]
pub(crate) enum Chooser {
    /// The first branch.
    First,
    /// A function of the seed.
    Random,
    /// The person at the keyboard.
    Ask,
    /// These branches, one after the other, in each session.
    Script(Vec<String>),
}

impl Chooser {
    /// Its name in a trace.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Random => "random",
            Self::Ask => "ask",
            Self::Script(_) => "file",
        }
    }

    /// What was asked for, unless that is a file.
    pub(crate) const fn simple(choose: &Choose) -> Option<Self> {
        match choose {
            Choose::First => Some(Self::First),
            Choose::Random => Some(Self::Random),
            Choose::Ask => Some(Self::Ask),
            Choose::File(_) => None,
        }
    }
}

/// What was given for fields, by role and name.
pub(crate) type Fields = BTreeMap<(u16, String), Given>;

/// Answers of the implicit effect `Host`.
pub(crate) struct Host {
    /// What was given.
    pub(crate) fields: Fields,
    /// Who chooses.
    pub(crate) chooser: Chooser,
    /// Names of the roles.
    pub(crate) roles: Vec<String>,
    /// The keyboard, if somebody is there to be asked for fields.
    pub(crate) keyboard: Option<Prompt>,
    /// The keyboard for choices, asked for explicitly.
    pub(crate) prompt: Prompt,
    /// How many values of a field, and how many branches, a session has used.
    pub(crate) used: Used,
}

/// How many values of a list a session has used.
#[derive(Debug, Default)]
pub(crate) struct Used {
    fields: BTreeMap<(SessionId, u16, String), usize>,
    branches: BTreeMap<SessionId, usize>,
    /// How often a role of a session has chosen.
    turns: BTreeMap<(SessionId, u16), u32>,
}

impl HostInputs for Host {
    fn supply(&mut self, call: &Call<'_>, field: &str) -> Result<Value, Failure> {
        let types = Types::new(call.types, &self.roles);
        let place = format!("{}.{field}", call.role_name);
        // What is given is for the roles of the sessions that the host opened.
        let given = if call.session.depth() == 0 { self.fields.get(&(call.role, field.to_owned())) } else { None };
        let raw = match given {
            Some(Given::Always(raw)) => raw,
            Some(Given::Each(values)) => {
                let used = self.used.fields.entry((call.session.clone(), call.role, field.to_owned())).or_default();
                let value = values.get(*used);
                *used += 1;
                value.ok_or_else(|| {
                    Failure::unavailable(format!("the {} values given for `{place}` are used up", values.len()))
                })?
            }
            None => {
                let nothing = || Failure::unavailable(format!("no value was given for `{place}`"));
                let keyboard = self.keyboard.as_ref().ok_or_else(nothing)?;
                let question = format!("{place} : {} = ", types.text(call.result));
                return keyboard.ask(&question, |line| literal::read(line, call.result, &types)).map_err(no_line);
            }
        };
        raw.read(call.result, &types).map_err(|wrong| Failure::invalid_input(format!("`{place}`: {wrong}")))
    }

    fn choose(&mut self, call: &Call<'_>, names: &[&str]) -> Result<usize, Failure> {
        match &self.chooser {
            Chooser::First => Ok(0),
            Chooser::Random => {
                let turn = self.used.turns.entry((call.session.clone(), call.role)).or_default();
                *turn += 1;
                Ok(random_choice(call, *turn, names.len()))
            }
            Chooser::Ask => {
                let numbered = (1..).zip(names).map(|(number, name): (usize, _)| format!("{number} {name}"));
                let offered: Vec<String> = numbered.collect();
                let question = format!("{} chooses ({}): ", call.role_name, offered.join(", "));
                self.prompt.ask(&question, |line| branch(line, names)).map_err(no_line)
            }
            Chooser::Script(lines) => {
                let used = self.used.branches.entry(call.session.clone()).or_default();
                let line = lines.get(*used);
                *used += 1;
                let line = line
                    .ok_or_else(|| Failure::unavailable(format!("the {} branches given are used up", lines.len())))?;
                let taken = names.iter().position(|name| name == line);
                taken.ok_or_else(|| {
                    let (role, offered) = (call.role_name, names.join(", "));
                    Failure::invalid_input(format!("`{line}` is not among the branches of `{role}`: {offered}"))
                })
            }
        }
    }
}

/// The branch a person means: its number or its name.
fn branch(line: &str, names: &[&str]) -> Result<usize, String> {
    if let Some(index) = names.iter().position(|name| *name == line) {
        return Ok(index);
    }
    match line.parse::<usize>() {
        Ok(number) if (1..=names.len()).contains(&number) => Ok(number - 1),
        Ok(_) => Err(format!("there are {} branches", names.len())),
        Err(_) => {
            let unknown = unknown("branch", line, names);
            Err(format!("{}; {}", unknown.message, unknown.help.unwrap_or_default()))
        }
    }
}

fn no_line(error: NoLine) -> Failure {
    let kind = match error {
        NoLine::Interrupted => FailureKind::Cancelled,
        NoLine::End | NoLine::Failed(_) => FailureKind::Unavailable,
    };
    Failure::new(kind, error.to_string())
}

/// Where the console of the program prints.
#[derive(Clone, Debug)]
pub(crate) enum Paper {
    /// With the results.
    Output(Output),
    /// On standard error: the results are for another program.
    Error,
}

/// The console of a program.
pub(crate) struct Terminal {
    /// Where it prints.
    pub(crate) paper: Paper,
    /// Where it reads.
    pub(crate) prompt: Prompt,
    /// Why it could not print.
    pub(crate) failed: Rc<RefCell<Option<io::Error>>>,
}

impl World for Terminal {
    fn print(&mut self, _: &Call<'_>, text: &str) -> Result<(), Failure> {
        let printed = match &self.paper {
            Paper::Output(output) => output.line(text),
            Paper::Error => writeln!(io::stderr(), "{text}"),
        };
        printed.map_err(|error| {
            let failure = Failure::unavailable(format!("the console cannot be written: {error}"));
            *self.failed.borrow_mut() = Some(error);
            failure
        })
    }

    fn read_line(&mut self, _: &Call<'_>) -> Result<Option<String>, Failure> {
        match self.prompt.line() {
            Ok(line) => Ok(Some(line)),
            Err(NoLine::End) => Ok(None),
            Err(error) => Err(no_line(error)),
        }
    }
}
