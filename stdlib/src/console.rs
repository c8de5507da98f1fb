//! `std.console`: lines of text, through the trait [`World`].

use tell_vm::{Call, Failure, Handler, HostStep, Value};

/// Text of the module.
pub const SOURCE: &str = include_str!("../tell/console.tell");

/// Full name of the effect.
pub const EFFECT: &str = "std.console.Console";

/// The outside world of a run. A run calls it in wave order, from one thread.
pub trait World {
    /// Prints one line; the text is without its line break.
    ///
    /// # Errors
    /// A failure ends the session.
    fn print(&mut self, call: &Call<'_>, text: &str) -> Result<(), Failure>;

    /// The next line without its line break, or `None` at the end.
    ///
    /// # Errors
    /// A failure ends the session.
    fn read_line(&mut self, call: &Call<'_>) -> Result<Option<String>, Failure>;
}

/// The handler, shared by all sessions.
#[derive(Debug)]
pub struct Console<W> {
    world: W,
}

impl<W: World> Console<W> {
    /// A console in that world.
    pub const fn new(world: W) -> Self {
        Self { world }
    }

    fn answer(&mut self, call: &Call<'_>, args: &[Value]) -> Result<Value, Failure> {
        match (call.op, args) {
            ("print", [Value::Str(text)]) => self.world.print(call, text.as_str()).map(|()| Value::Unit),
            ("read_line", _) => Ok(match self.world.read_line(call)? {
                None => Value::nothing(),
                Some(line) => Value::just(Value::text(line)).map_err(|e| Failure::invalid_input(e.to_string()))?,
            }),
            _ => Err(crate::host::unknown(call)),
        }
    }
}

impl<W: World> Handler for Console<W> {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        crate::host::step(self.answer(call, args))
    }
}
