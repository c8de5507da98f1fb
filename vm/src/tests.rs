//! Tests of the machine on hand-built images, most of which no compiler would emit.

mod branches;
mod buffers;
mod credits;
mod edges;
mod effects;
mod faults;
mod fixture;
mod hostile;
mod instructions;
mod limits;
mod output;
mod policies;
mod rounds;
mod scopes;
mod sessions;
mod topology;
mod values;
