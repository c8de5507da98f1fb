//! `tellc new` and `tellc init`: a package that runs and passes its test.

use crate::args::{Init, New};
use crate::manifest::{self, EDITION, check_name};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tell_language::diagnostic::{Code, Diagnostic};

const MAIN: &str = "\
-- Two people agree on a price.

import std.console exposing (Console)

protocol Main(Buyer, Seller; budget : Int at Buyer) uses Console =
  Buyer -> Seller : Ask(item : String = \"a book\")
  Seller -> Buyer : Offer(price : Int = 12)
  if price <= budget at Buyer then
    Buyer -> Seller : Buy
    do Console.print(\"sold: \" ++ item) at Seller
  else
    Buyer -> Seller : Decline
";

const TEST: &str = "\
--! expect: ok
--! run: --arg Buyer.budget=20
--! final: Buyer.budget = 20

import main as M exposing (Main)
import std.console exposing (Console)

protocol BuysWhatIsNotTooDear(Buyer, Seller; budget : Int at Buyer) uses Console =
  call Main(Buyer, Seller; budget)
";

/// A new folder with a package.
///
/// # Errors
/// A name that cannot be one, and what the operating system refuses.
pub(crate) fn new(args: &New, output: &Output) -> Result<Exit, Trouble> {
    let name = match (&args.name, args.path.file_name().and_then(|name| name.to_str())) {
        (Some(name), _) => name.as_str(),
        (None, Some(name)) => name,
        (None, None) => return Err(Trouble::usage("name the folder of the new package")),
    };
    let name = right_name(name)?;
    if fs::symlink_metadata(&args.path).is_ok() {
        let text = format!("`{}` exists already", args.path.display());
        let help = "choose another name, or make it a package with `tellc init` inside";
        return Err(Trouble::plain(Diagnostic::new(Code("E0703"), text).help(help)));
    }
    create(&args.path, name, output)
}

/// A package in this folder.
///
/// # Errors
/// As [`new`], and if there is a package already.
pub(crate) fn init(args: &Init, output: &Output) -> Result<Exit, Trouble> {
    let folder = args.path.as_path();
    let absolute = fs::canonicalize(folder).map_err(|error| failed("read", folder, &error))?;
    let name = args.name.as_deref().or_else(|| absolute.file_name().and_then(|name| name.to_str()));
    let name = right_name(name.unwrap_or_default())?;
    if fs::symlink_metadata(folder.join(manifest::FILE)).is_ok() {
        let text = format!("`{}` is a package already", absolute.display());
        return Err(Trouble::plain(Diagnostic::new(Code("E0703"), text).help("`tellc check` checks it")));
    }
    create(folder, name, output)
}

fn right_name(name: &str) -> Result<&str, Trouble> {
    match check_name(name) {
        Ok(()) => Ok(name),
        Err((reason, help)) => Err(Trouble::usage(format!(
            "`{name}` cannot be the name of a package: {reason}\n\n  help: {help}; `--name` gives another name than the \
             folder's"
        ))),
    }
}

/// Writes the files that are not there yet.
fn create(folder: &Path, name: &str, output: &Output) -> Result<Exit, Trouble> {
    let manifest = format!("[package]\nname = \"{name}\"\nedition = \"{EDITION}\"\n\n[dependencies]\n");
    // The test uses the program: it is written with it, or not at all.
    let has_main = folder.join("src/main.tell").exists();
    let mut files = vec![("src/main.tell", MAIN), (".gitignore", "*.tellimg\n"), (manifest::FILE, &manifest)];
    if !has_main {
        files.insert(1, ("tests/main.tell", TEST));
    }
    for (file, text) in files {
        let path = folder.join(file);
        match write_new(&path, text) {
            Ok(()) => output.status(format_args!("created  {}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                output.status(format_args!("kept     {}", path.display()));
            }
            Err(error) => return Err(failed("written", &path, &error)),
        }
    }
    let main = folder.join("src/main.tell");
    output.status(format_args!("\nThe package `{name}` is ready. Try:\n"));
    if !has_main {
        output.status(format_args!("  tellc run {} --arg Buyer.budget=20", quoted(&main)));
    }
    output.status(format_args!("  tellc test {}", quoted(folder)));
    output.status(format_args!("  tellc check {}", quoted(folder)));
    Ok(Exit::Ok)
}

/// A file that was not there.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or_else(|_| PathBuf::from(path));
    let text = if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::io(verb, &path.display().to_string(), error)
}
