//! `tellc verify`: the verifier's verdict on images.

use crate::args::Verify;
use crate::build::summary;
use crate::compile::load;
use crate::input::{bytes, no_text_of_image, shown};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::path::Path;

/// Decodes and verifies images.
///
/// # Errors
/// Those of standard output. What is wrong with an image is reported, and does not keep the others from being looked at.
pub(crate) fn verify(args: &Verify, output: &Output) -> Result<Exit, Trouble> {
    let mut exit = Exit::Ok;
    for file in &args.files {
        match verify_one(file, output) {
            Err(Trouble::Report(report)) => {
                output.findings(&report.diagnostics, &report.files)?;
                exit = if exit as u8 > report.exit as u8 { exit } else { report.exit };
            }
            other => other?,
        }
    }
    Ok(exit)
}

fn verify_one(file: &Path, output: &Output) -> Result<(), Trouble> {
    let name = shown(file);
    let bytes = bytes(file)?;
    no_text_of_image(&name, &bytes)?;
    let image = load(&name, &bytes)?;
    if !output.is_quiet() {
        output.text(&summary("verified", &name, image.image(), Some(image.bound()), bytes.len()))?;
    }
    output.flush()?;
    Ok(())
}
