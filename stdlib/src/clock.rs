//! `std.clock`: the session's virtual clock. The machine keeps it; this only passes it on.

use tell_vm::{Call, Handler, HostStep, Value};

/// Text of the module.
pub const SOURCE: &str = include_str!("../tell/clock.tell");

/// Full name of the effect.
pub const EFFECT: &str = "std.clock.Clock";

/// The handler of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Handler for Clock {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        match (call.op, args) {
            ("now", _) => HostStep::Reply(Value::Duration(call.now)),
            ("sleep", [Value::Duration(nanoseconds)]) => HostStep::Sleep(*nanoseconds),
            _ => HostStep::Fail(crate::host::unknown(call)),
        }
    }

    fn checkpoint(&self) -> Option<Box<dyn Handler + Send>> {
        Some(Box::new(*self))
    }
}
