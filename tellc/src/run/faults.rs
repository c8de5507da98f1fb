//! `--faults FILE`: what happens to roles and to what lies between them, one JSON object per line (schema
//! `docs/schema/faults.json`).

use crate::input::{bad_json, bytes, shown, text};
use crate::outcome::Trouble;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use tell_vm::{Damage, SessionId, Topology, VM, VMError};

const HELP: &str = "write one object per line, {\"session\": 0, \"tick\": 12, \"crash\": \"Buyer\"}; \
                    `docs/schema/faults.json` has them all";

/// One line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    session: u32,
    tick: u64,
    crash: Option<String>,
    partition: Option<Vec<String>>,
    heal: Option<bool>,
    corrupt: Option<Object<Corrupt>>,
    timeout: Option<Object<Timeout>>,
}

/// What is written as an object: serde would take a list of the values, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

struct Keys<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corrupt {
    from: String,
    to: String,
    part: Part,
}

/// What is damaged.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Payload,
    Label,
    Sequence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeout {
    role: String,
    nanoseconds: u64,
}

/// What a file says.
pub(super) struct Faults {
    name: String,
    text: String,
    inputs: Vec<Fault>,
}

struct Fault {
    /// Where it stands, from 1.
    line: usize,
    session: u32,
    tick: u64,
    input: Topology,
}

impl Faults {
    /// Reads a file for a protocol with these roles.
    ///
    /// # Errors
    /// `E0703`, `E0705`
    pub(super) fn read(path: &Path, roles: &[String], sessions: u32) -> Result<Self, Trouble> {
        let name = shown(path);
        let text = text(&name, bytes(path)?)?;
        let lines = (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.trim().is_empty());
        let inputs = lines.map(|(line, content)| {
            let trouble = |column: usize, message: &str| bad_json(&name, &text, Some((line, column)), message, HELP);
            let Object(read): Object<Line> = serde_json::from_str(content).map_err(|error| {
                let message = error.to_string();
                let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                trouble(error.column(), message)
            })?;
            if read.session >= sessions {
                return Err(trouble(1, &format!("there is no session {}; the first one is 0", read.session)));
            }
            let (session, tick) = (read.session, read.tick);
            let input = topology(read, roles).map_err(|Wrong { word, message }| {
                let quoted = serde_json::Value::from(word).to_string();
                let before = content.find(&quoted).map_or("", |at| &content[..at]);
                trouble(before.chars().count() + 1, &message)
            })?;
            Ok(Fault { line, session, tick, input })
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        Ok(Self { name, text, inputs })
    }

    /// Gives the inputs to the sessions, which have made no step.
    ///
    /// # Errors
    /// `E0705`: two roles between whom there are no messages.
    pub(super) fn give(self, vm: &mut VM, sessions: &[SessionId]) -> Result<(), Trouble> {
        for Fault { line, session, tick, input } in self.inputs {
            let Some(id) = sessions.get(session as usize) else { continue };
            vm.perturb(id, tick, input).map_err(|error| {
                let message = match error {
                    VMError::UnknownEdge { .. } => "no messages go from the one role to the other".to_owned(),
                    other => other.to_string(),
                };
                bad_json(&self.name, &self.text, Some((line, 1)), &message, HELP)
            })?;
        }
        Ok(())
    }
}

/// A line that makes no sense, and the word in it that is to blame.
struct Wrong {
    word: String,
    message: String,
}

fn topology(line: Line, roles: &[String]) -> Result<Topology, Wrong> {
    let number = |name: &str| {
        let at = roles.iter().position(|role| role == name);
        at.and_then(|at| u16::try_from(at).ok())
            .ok_or_else(|| Wrong { word: name.to_owned(), message: format!("there is no role `{name}`") })
    };
    let Line { session: _, tick: _, crash, partition, heal, corrupt, timeout } = line;
    match (crash, partition, heal, corrupt, timeout) {
        (Some(role), None, None, None, None) => Ok(Topology::Crash(number(&role)?)),
        (None, Some(names), None, None, None) => {
            Ok(Topology::Partition(names.iter().map(|name| number(name)).collect::<Result<_, _>>()?))
        }
        (None, None, Some(true), None, None) => Ok(Topology::Heal),
        (None, None, None, Some(Object(Corrupt { from, to, part })), None) => {
            let damage = match part {
                Part::Payload => Damage::Payload,
                Part::Label => Damage::Label,
                Part::Sequence => Damage::Sequence,
            };
            Ok(Topology::Corrupt { from: number(&from)?, to: number(&to)?, damage })
        }
        (None, None, None, None, Some(Object(Timeout { role, nanoseconds }))) => {
            Ok(Topology::Timeout { role: number(&role)?, nanoseconds })
        }
        _ => Err(Wrong {
            word: String::new(),
            message: "a line says one thing: `crash`, `partition`, `heal` (true), `corrupt` or `timeout`".to_owned(),
        }),
    }
}
