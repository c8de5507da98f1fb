//! The built `tellc`, run as a person runs it: every command, wrong inputs, exit codes, the forms of its output.

mod commands;
mod examples;
mod images;
mod inputs;
mod run;
mod schema;
mod streams;
mod support;
