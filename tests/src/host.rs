//! The host of a test run: supplies fields, makes choices, keeps what is printed.

use crate::flags::{Choose, Flags};
use crate::numbers::Numbers;
use crate::value::{from_json, from_text, made_up};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tell_ir::ty::Type;
use tell_stdlib::host::random_choice;
use tell_stdlib::{HostInputs, World};
use tell_vm::{Call, Failure, Handler, HostStep, Value};

/// What a host does about a field its inputs do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Refuses.
    Fails,
    /// Makes up a value of its type.
    MakesUp,
}

/// Answers as the flags say.
#[derive(Debug)]
pub struct Inputs {
    fields: BTreeMap<(String, String), Json>,
    /// Values of fields from the command line.
    args: Vec<(String, String, String)>,
    /// How many values of a field were used.
    used: BTreeMap<(String, String), usize>,
    choose: Choose,
    missing: Missing,
    seed: u64,
    /// How often each role has chosen.
    turns: BTreeMap<u16, u32>,
    /// Per role, so that the answers do not depend on how roles take turns.
    numbers: BTreeMap<u16, Numbers>,
}

impl Inputs {
    /// A host with these flags.
    #[must_use]
    pub fn new(flags: &Flags, missing: Missing) -> Self {
        Self {
            fields: flags.inputs.clone(),
            args: flags.args.clone(),
            used: BTreeMap::new(),
            choose: flags.choose,
            missing,
            seed: flags.seed,
            turns: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    fn numbers(&mut self, role: u16) -> &mut Numbers {
        let seed = self.seed.wrapping_mul(31).wrapping_add(u64::from(role));
        self.numbers.entry(role).or_insert_with(|| Numbers::new(seed))
    }
}

impl HostInputs for Inputs {
    fn supply(&mut self, call: &Call<'_>, field: &str) -> Result<Value, Failure> {
        let key = (call.role_name.to_owned(), field.to_owned());
        let mut args = self.args.iter().filter(|(role, name, _)| (role, name) == (&key.0, &key.1));
        if let Some((_, _, text)) = args.nth(self.used.get(&key).copied().unwrap_or(0)) {
            *self.used.entry(key).or_default() += 1;
            return from_text(text, call.result, call.types).map_err(Failure::invalid_input);
        }
        let Some(json) = self.fields.get(&key) else {
            return match self.missing {
                Missing::Fails => Err(Failure::unavailable(format!("no value for `{}.{field}`", call.role_name))),
                Missing::MakesUp => {
                    made_up(call.result, call.types, self.numbers(call.role)).map_err(Failure::unavailable)
                }
            };
        };
        let used = self.used.entry(key).or_default();
        let is_list = matches!(call.types.get(call.result.0 as usize), Some(Type::List(_)));
        let json = match json {
            Json::Array(values) if !is_list => {
                values.get(*used).ok_or_else(|| Failure::unavailable("no value left"))?
            }
            json => json,
        };
        *used += 1;
        from_json(json, call.result, call.types).map_err(Failure::invalid_input)
    }

    fn choose(&mut self, call: &Call<'_>, names: &[&str]) -> Result<usize, Failure> {
        Ok(match self.choose {
            Choose::First => 0,
            Choose::Random => {
                let turn = self.turns.entry(call.role).or_default();
                *turn += 1;
                random_choice(call, *turn, names.len())
            }
            Choose::ByRole => self.numbers(call.role).below(names.len()),
        })
    }
}

/// Answers every operation of an effect with a value of its type; one of four that may have none has none.
#[derive(Debug)]
pub struct MadeUp(pub Numbers);

impl Handler for MadeUp {
    fn start(&mut self, call: &Call<'_>, _: &[Value]) -> HostStep {
        let is_maybe = matches!(call.types.get(call.result.0 as usize), Some(Type::Maybe(_)));
        if is_maybe && self.0.percent(25) {
            return HostStep::Reply(Value::nothing());
        }
        match made_up(call.result, call.types, &mut self.0) {
            Ok(value) => HostStep::Reply(value),
            Err(error) => HostStep::Fail(Failure::unavailable(error)),
        }
    }
}

/// Keeps what is printed; there is nothing to read.
#[derive(Clone, Debug, Default)]
pub struct Paper(pub Rc<RefCell<Vec<String>>>);

impl World for Paper {
    fn print(&mut self, call: &Call<'_>, text: &str) -> Result<(), Failure> {
        self.0.borrow_mut().push(format!("{}: {text}", call.role_name));
        Ok(())
    }

    fn read_line(&mut self, _: &Call<'_>) -> Result<Option<String>, Failure> {
        Ok(None)
    }
}
