//! `tellc verify`: the verifier's verdict on an image.

use crate::args::Verify;
use crate::compile::{decode, rejected};
use crate::input::{bytes, shown};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use tell_ir::hash::content_id;
use tell_ir::verify::verify as check;

/// Decodes and verifies an image.
///
/// # Errors
/// `E0601`, `E0602`, `E0703`
pub(crate) fn verify(args: &Verify, output: &Output) -> Result<Exit, Trouble> {
    let name = shown(&args.file);
    let image = decode(&name, &bytes(&args.file)?)?;
    let id = content_id(&image);
    let image = check(image).map_err(|error| Trouble::plain(rejected(&name, &error)))?;
    if !output.is_quiet() {
        output.line(format_args!("{name}: ok, protocol {}, content id {id}", image.image().protocol))?;
    }
    Ok(Exit::Ok)
}
