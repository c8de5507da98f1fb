//! The implicit effect `Host`: values a host supplies and choices it makes, through the trait [`HostInputs`].

use tell_vm::{Call, Failure, Handler, HostStep, Value};

/// Name of the effect. It is in every row and has no declaration.
pub const EFFECT: &str = "Host";

/// What the host of a run answers. The machine checks the type of what it supplies and the range of what it chooses.
pub trait HostInputs {
    /// The value of the message field `field`, of type `call.result`.
    ///
    /// # Errors
    /// A failure ends the session.
    fn supply(&mut self, call: &Call<'_>, field: &str) -> Result<Value, Failure>;

    /// The index of one of these branches.
    ///
    /// # Errors
    /// A failure ends the session.
    fn choose(&mut self, call: &Call<'_>, names: &[&str]) -> Result<usize, Failure>;
}

/// A choice among `count` branches that is a function of the seed, the session, the role and how often the role has
/// chosen; so it does not depend on how roles take turns.
#[must_use]
pub fn random_choice(call: &Call<'_>, turn: u32, count: usize) -> usize {
    let mut draws = crate::random::Draws::of_choice(call, turn);
    usize::try_from(draws.below(count.max(1) as u64)).unwrap_or(0)
}

/// The handler, shared by all sessions.
#[derive(Debug)]
pub struct Host<I> {
    inputs: I,
}

impl<I: HostInputs> Host<I> {
    /// A host that answers so.
    pub const fn new(inputs: I) -> Self {
        Self { inputs }
    }

    fn answer(&mut self, call: &Call<'_>, args: &[Value]) -> Result<Value, Failure> {
        match (call.op, args) {
            ("supply", [Value::Str(field)]) => self.inputs.supply(call, field.as_str()),
            ("choose", [Value::List(names)]) => {
                let names: Vec<&str> = names.items().iter().filter_map(Value::as_str).collect();
                let index = self.inputs.choose(call, &names)?;
                Ok(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)))
            }
            _ => Err(unknown(call)),
        }
    }
}

impl<I: HostInputs> Handler for Host<I> {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        step(self.answer(call, args))
    }
}

pub(crate) fn step(answer: Result<Value, Failure>) -> HostStep {
    match answer {
        Ok(value) => HostStep::Reply(value),
        Err(failure) => HostStep::Fail(failure),
    }
}

/// An operation this library does not know, or with other arguments: the effect was declared differently.
pub(crate) fn unknown(call: &Call<'_>) -> Failure {
    Failure::invalid_input(format!("`{}` has no operation `{}` with such arguments", call.effect, call.op))
}
