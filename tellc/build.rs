//! Collects the pages of `docs/errors/` into a table for `tellc explain`.

#![allow(clippy::disallowed_methods, reason = "a build script reads and writes files")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("../docs/errors").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md")
            && let Some(code) = path.file_stem().and_then(|stem| stem.to_str())
        {
            println!("cargo::rerun-if-changed={}", path.display());
            pages.push((code.to_owned(), path));
        }
    }
    pages.sort();
    let mut table = String::from("&[\n");
    for (code, path) in &pages {
        writeln!(table, "({code:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let faults = folder.join("FAULTS.txt");
    println!("cargo::rerun-if-changed={}", faults.display());
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), table)?;
    fs::write(Path::new(&out).join("faults.rs"), format!("{:?}\n", fs::read_to_string(faults)?))
}
