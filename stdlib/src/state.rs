//! `std.state`: one map per session and role.

use std::collections::BTreeMap;
use tell_vm::value::MAX_SIZE;
use tell_vm::{Call, Failure, FailureKind, Handler, HostStep, Settled, Value};

/// Text of the module.
pub const SOURCE: &str = include_str!("../tell/state.tell");

/// Full name of the effect.
pub const EFFECT: &str = "std.state.State";

/// The map of one role.
#[derive(Clone, Debug, Default)]
struct Cells {
    entries: BTreeMap<Value, Value>,
    /// Sum of the sizes of keys and values, at most [`MAX_SIZE`].
    size: u64,
}

/// The handler of one session. A `put` is made when its answer is committed.
#[derive(Clone, Debug, Default)]
pub struct State {
    roles: BTreeMap<u16, Cells>,
    pending: Option<(Value, Value)>,
}

impl State {
    fn answer(&mut self, call: &Call<'_>, args: &[Value]) -> Result<Value, Failure> {
        self.pending = None;
        match (call.op, args) {
            ("get", [key]) => {
                let found = self.roles.get(&call.role).and_then(|cells| cells.entries.get(key));
                let Some(value) = found else { return Ok(Value::nothing()) };
                Value::just(value.clone()).map_err(|e| Failure::invalid_input(e.to_string()))
            }
            ("put", [key, value]) => {
                let cells = self.roles.entry(call.role).or_default();
                let old = cells.entries.get(key).map_or(0, |old| entry_size(key, old));
                if cells.size - old + entry_size(key, value) > u64::from(MAX_SIZE) {
                    return Err(Failure::new(FailureKind::Denied, format!("the map is full: {MAX_SIZE}")));
                }
                self.pending = Some((key.clone(), value.clone()));
                Ok(Value::Unit)
            }
            _ => Err(crate::host::unknown(call)),
        }
    }
}

fn entry_size(key: &Value, value: &Value) -> u64 {
    u64::from(key.size()) + u64::from(value.size())
}

impl Handler for State {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        crate::host::step(self.answer(call, args))
    }

    fn checkpoint(&self) -> Option<Box<dyn Handler + Send>> {
        Some(Box::new(self.clone()))
    }

    fn settle(&mut self, call: &Call<'_>, settled: Settled) {
        let Some((key, value)) = self.pending.take() else { return };
        if settled == Settled::Committed {
            let cells = self.roles.entry(call.role).or_default();
            cells.size += entry_size(&key, &value);
            let size = u64::from(key.size());
            if let Some(old) = cells.entries.insert(key, value) {
                cells.size -= size + u64::from(old.size());
            }
        }
    }
}
