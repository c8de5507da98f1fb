//! Tests of the machine on hand-built images, most of which no compiler would emit.

mod branches;
mod edges;
mod effects;
mod faults;
mod fixture;
mod hostile;
mod instructions;
mod scopes;
mod sessions;
mod streams;
mod traces;
mod values;
