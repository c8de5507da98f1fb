//! Forged images: what somebody would try who wants the verifier to take machines that do not belong together.
//!
//! [`base`] has the images that are changed. [`machines`] changes the machines of an image and what they say about themselves, [`graph`] its choreography;
//! [`derive()`] makes machines for any choreography, also for one that cannot be carried out. What the rules V6 accept
//! must explore without a problem, whoever made it: [`judge`].

pub mod base;
mod derive;
pub mod graph;
pub mod machines;

pub use derive::derive;

use std::collections::BTreeMap;
use tell_compiler::explore::{Bounds, explore_image, shares_decisions};
use tell_ir::disasm::disassemble;
use tell_ir::image::CodeImage;
use tell_ir::verify::check_projection;

/// How far an accepted image is explored.
pub const BOUNDS: Bounds = Bounds { states: 3_000, queue: 3 };

/// What became of forged images: refused by which rule, or accepted.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// By rule.
    pub refused: BTreeMap<&'static str, u64>,
    /// Accepted, and explored without a problem.
    pub clean: u64,
    /// Accepted, but data would have to be followed to explore it.
    pub unexplored: u64,
    /// Accepted, and something goes wrong.
    pub wrong: Vec<String>,
}

impl Judged {
    /// Number of images that were refused.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Prints the numbers.
    #[allow(clippy::disallowed_macros, reason = "shown with --nocapture")]
    pub fn print(&self, name: &str) {
        println!("{name}: {} clean, {} not explored, refused {:?}", self.clean, self.unexplored, self.refused);
    }
}

/// Asks the rules V6, and explores what they accept.
pub fn judge(image: &CodeImage, name: &str, judged: &mut Judged) {
    if let Err(error) = check_projection(image) {
        *judged.refused.entry(error.rule).or_default() += 1;
        return;
    }
    if shares_decisions(image) {
        judged.unexplored += 1;
        return;
    }
    match explore_image(image, BOUNDS).problem {
        None => judged.clean += 1,
        Some(problem) => judged.wrong.push(format!("{name}: {problem:?}\n{}", disassemble(image))),
    }
}

/// Whether something goes wrong, so far as it was looked for; not where the tables or machines are no such.
#[must_use]
pub fn goes_wrong(image: &CodeImage) -> bool {
    let is_one = check_projection(image).map_or_else(|error| error.rule.starts_with("V6"), |()| true);
    is_one && explore_image(image, BOUNDS).problem.is_some()
}
