//! Verified image to trace: sessions, edges, effects, faults, events (MACHINE §1–§4).
//!
//! ```text
//! Verified ──load_choreography──► Program ──open──► Session ──kernel_step_round──► Event …
//! ```
//!
//! Start with [`Machine`]; what an instruction means is in [`kernel`]. This crate has no lock, clock, environment,
//! randomness, `unsafe` or IO: whatever comes from outside comes through a [`Handler`].

pub mod buffer;
pub mod bytes;
mod clock;
pub mod config;
mod edge;
pub mod error;
pub mod event;
pub mod fault;
pub mod flow;
pub mod handler;
mod holdings;
pub mod id;
pub mod kernel;
mod lazy;
pub mod machine;
pub mod output;
pub mod policy;
mod ready;
mod runs;
pub mod session;
pub mod topology;
pub mod trace;
pub mod value;

#[cfg(test)]
mod tests;

pub use buffer::WhenFull;
pub use config::{Limits, MAX_COROUTINES, MAX_QUANTUM, Retention, RoundSemantics, VMConfig};
pub use error::VMError;
pub use event::{Describer, Description, Event, EventKind};
pub use fault::{Fault, FaultReport};
pub use flow::{FlowPolicy, FlowPredicate};
pub use handler::{Call, Failure, FailureKind, Handler, HostStep, Settled};
pub use id::{ImageId, RequestId, SessionId};
pub use kernel::VMKernel;
pub use machine::{Driver, Inline, Machine, Round, RunEnd, SessionStatus, VM};
pub use output::OutputCondition;
pub use policy::{Policy, Priority};
pub use session::{Cancellation, FinalValue, SessionEnd, SessionReport};
pub use topology::{Damage, Topology};
pub use trace::{BatchView, Sink, SinkError};
pub use value::{Value, conforms, show, to_text, type_text};

pub use tell_ir as ir;
