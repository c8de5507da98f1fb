//! Peers that are programs of their own. Each prints how much it did and the CPU time that took, start-up apart.

use std::path::Path;
use std::process::Command;

/// The sources of the peers.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What a program prints; none if it cannot be had.
fn output(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().ok()?;
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).ok()
}

/// The numbers in a text.
fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|word| word.parse().expect("it prints numbers")).collect()
}

/// One scheduler thread, without the turns it makes while it waits.
const EMULATOR: &[&str] =
    &["+S1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-noshell", "-run", "machine", "main"];

pub(crate) struct Erlang {
    pub(crate) release: String,
    folder: tempfile::TempDir,
}

impl Erlang {
    /// Compiles the programs, where there is a compiler.
    pub(crate) fn find() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(HERE).join("erlang/machine.erl");
        output("erlc", &[source.to_str().expect("a path of text")], folder.path())?;
        let release = "io:put_chars(erlang:system_info(otp_release)), halt().";
        let release = output("erl", &["-noshell", "-eval", release], folder.path())?;
        Some(Self { release, folder })
    }

    /// CPU nanoseconds per message.
    pub(crate) fn run(&self, program: &str, count: u64) -> f64 {
        let count = count.to_string();
        let arguments = [EMULATOR, &[program, &count]].concat();
        let text = output("erl", &arguments, self.folder.path()).expect("it was found");
        let [messages, milliseconds] = numbers(&text)[..] else { panic!("it prints two numbers: {text}") };
        milliseconds * 1e6 / messages
    }
}

pub(crate) struct Lua {
    pub(crate) version: String,
}

impl Lua {
    pub(crate) fn find() -> Option<Self> {
        let version = output("lua5.4", &["-e", "print(_VERSION)"], Path::new(HERE))?;
        Some(Self { version: version.trim().to_owned() })
    }

    /// CPU nanoseconds per instruction.
    pub(crate) fn run(&self, loops: u64) -> f64 {
        let text = output("lua5.4", &["lua/straight.lua", &loops.to_string()], Path::new(HERE));
        let text = text.expect("it was found");
        let [instructions, nanoseconds] = numbers(&text)[..] else { panic!("it prints two numbers: {text}") };
        nanoseconds / instructions
    }
}
