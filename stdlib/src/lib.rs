//! The standard library: declarations in `tell/*.tell`, their handlers beside them under the same names.
//!
//! No IO happens here: the console goes through [`World`] and the host's answers through [`HostInputs`], both
//! implemented by whoever embeds the machine. Start with [`install`].

pub mod clock;
pub mod console;
pub mod host;
pub mod prelude;
pub mod random;
pub mod state;

pub use console::World;
pub use host::HostInputs;

use tell_vm::{Driver, Machine};

/// The modules: their names and their texts.
#[must_use]
pub fn sources() -> &'static [(&'static str, &'static str)] {
    &[
        ("std.prelude", prelude::SOURCE),
        ("std.clock", clock::SOURCE),
        ("std.console", console::SOURCE),
        ("std.random", random::SOURCE),
        ("std.state", state::SOURCE),
    ]
}

/// Installs the handlers of all standard effects and of the implicit effect `Host`.
pub fn install<D: Driver>(machine: &mut Machine<D>, world: impl World + 'static, inputs: impl HostInputs + 'static) {
    machine.install(console::EFFECT, console::Console::new(world));
    machine.install(host::EFFECT, host::Host::new(inputs));
    machine.install_local(clock::EFFECT, clock::Clock::default);
    machine.install_local(random::EFFECT, random::Random::default);
    machine.install_local(state::EFFECT, state::State::default);
}

#[cfg(test)]
mod tests;
