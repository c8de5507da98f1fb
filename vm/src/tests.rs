//! Tests of the machine on hand-built images, most of which no compiler would emit.

mod effects;
mod faults;
mod fixture;
mod hostile;
mod instructions;
mod sessions;
mod values;
