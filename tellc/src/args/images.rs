//! Commands whose subject is an image.

use super::Source;
use clap::Args;
use std::path::PathBuf;

/// Make an image of its text: what `tellc show IMAGE` prints, or what you wrote yourself
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc show shop.tellimg > shop.tellasm
  tellc asm shop.tellasm -o again.tellimg        the same image, without source positions
  tellc asm broken.tellasm                       writes broken.tellimg, whatever the verifier says
  tellc asm broken.tellasm --check               writes it only if the verifier accepts it

The text is written down as it stands, also where it breaks a rule of images; the
verifier's verdict is printed. docs/assembler.md describes the text.")]
pub(crate) struct Asm {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where the image goes; `-` is standard output
    #[arg(long, short, value_name = "IMAGE")]
    pub(crate) output: Option<PathBuf>,
    /// Refuse what the verifier refuses, and write nothing
    #[arg(long)]
    pub(crate) check: bool,
}

/// Check images by every rule that a machine demands
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc verify shop.tellimg
  tellc verify *.tellimg
  tellc verify --format json shop.tellimg    one JSON object per refused image, on standard output

Exit codes: 0 all are accepted, 1 one is refused or no image, 2 a file cannot be read.")]
pub(crate) struct Verify {
    /// The images; `-` is standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}
