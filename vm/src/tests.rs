//! Tests of the machine on hand-built images, most of which no compiler would emit.

mod branches;
mod buffers;
mod credits;
mod edges;
mod effects;
mod faults;
mod fixture;
mod guards;
mod hostile;
mod instructions;
mod knowledge;
mod limits;
mod nested;
mod output;
mod policies;
mod rounds;
mod scopes;
mod sessions;
mod speculation;
mod streams;
mod topology;
mod traces;
mod values;
