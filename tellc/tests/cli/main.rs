//! The built `tellc`, run as a person runs it: every command, wrong inputs, exit codes, the forms of its output.

#![allow(clippy::disallowed_methods, reason = "IO lives in tellc")]

mod asm;
mod check_trace;
mod commands;
mod examples;
mod fmt;
mod images;
mod import;
mod inputs;
mod nested;
mod packages;
mod run;
mod schema;
mod streams;
mod subtype;
mod support;
mod traces;
mod workflow;
