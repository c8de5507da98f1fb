//! The verifier knocked out (QUALITY G3): per rule an image that breaks this rule and nothing else, and the harm it does in a
//! machine that runs it all the same.
//!
//! The table is the folder `tests/corpus/knockout`, a text per rule (its README says how one is written):
//!
//! ```text
//! V3_6.tellasm ──good──► verified, does no harm                          ──┐
//!              └─broken─► refused by V3.6 at that place; does its harm  ◄──┘ differ in the lines that are marked
//! ```
//!
//! [`observe`] runs an image in several worlds and says what harm it did, [`harm`] what there is; [`follow`] whether a trace
//! is one of the choreography, [`work`] how much there is to look at. What is too large for a text, or not in one, is made
//! of the good image by [`surgery`].

pub mod follow;
pub mod harm;
pub mod observe;
pub mod surgery;
pub mod work;

use crate::campaign::{Report, Size};
use crate::{files, root, text_of};
use harm::Harm;
use std::path::Path;
use tell_ir::asm::assemble;
use tell_ir::hash::content_id;
use tell_ir::image::CodeImage;
use tell_ir::verify::{VerifyError, check_projection, verify};

/// A line that only the broken image has ends with this.
const BROKEN: &str = "--!";

/// A line that only the good image has begins with this.
const GOOD: &str = "--:";

/// One rule, and what becomes of a machine without it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The rule.
    pub rule: String,
    /// The rule with the place at which the verifier finds it broken: `V3.6, role B, instruction 1`.
    pub place: String,
    /// A later rule that the broken image breaks, too: no image that breaks the one does harm without.
    pub also: Option<String>,
    /// What the broken image does, in words.
    pub what: String,
    /// The harm it does.
    pub verdict: Verdict,
    /// An image without a mistake.
    pub good: CodeImage,
    /// The same with one.
    pub broken: CodeImage,
}

/// What a broken image does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does harm.
    Harm(Harm),
    /// It does what the good one does, under another content id; and what the rule is for all the same.
    Form(String),
}

impl Row {
    /// The row in a table of a page.
    #[must_use]
    pub fn line(&self) -> String {
        let verdict = match &self.verdict {
            Verdict::Harm(harm) => harm.to_string(),
            Verdict::Form(why) => format!("form: {why}"),
        };
        let also = self.also.as_ref().map_or_else(String::new, |rule| format!(", but breaks {rule}, too"));
        format!("| {} | {} | {verdict}{also} |", self.rule, self.what)
    }

    /// Reads the row of a file.
    ///
    /// # Errors
    /// What is missing or cannot be read.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = text_of(path);
        let rule = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', ".");
        let header = |key: &str| text.lines().find_map(|line| line.strip_prefix(&format!("-- {key}: ")));
        let verdict = match (header("harm"), header("form")) {
            (Some(word), None) => Verdict::Harm(Harm::of(word).ok_or_else(|| format!("no harm is called `{word}`"))?),
            (None, Some(why)) => Verdict::Form(why.to_owned()),
            _ => return Err("there is one line `-- harm: …` or `-- form: …`".to_owned()),
        };
        let before = text.lines().take_while(|line| !line.starts_with("image "));
        let good = assemble(&good(&text)).map_err(|error| format!("the good image: {error}"))?;
        let broken = match surgery::of(&rule) {
            Some(operation) => operation(&good),
            None => assemble(&text).map_err(|error| error.to_string())?,
        };
        Ok(Self {
            place: header("expect").ok_or("there is no line `-- expect: …`")?.to_owned(),
            also: header("also").map(str::to_owned),
            what: before.last().and_then(|line| line.strip_prefix("-- ")).ok_or("it does not say what")?.to_owned(),
            rule,
            verdict,
            good,
            broken,
        })
    }

    /// Checks what the row says.
    ///
    /// # Errors
    /// What is otherwise.
    pub fn judge(&self) -> Result<&'static str, String> {
        self.is_refused()?;
        let harmless = observe::harms(&self.good);
        if !harmless.is_empty() {
            return Err(format!("the good image does harm: {harmless:?}"));
        }
        let harms = observe::harms(&self.broken);
        match &self.verdict {
            Verdict::Harm(harm) if harms.contains(harm) => Ok("does harm"),
            Verdict::Form(_) if harms.is_empty() => self.is_alike().map(|()| "form only"),
            verdict => Err(format!("expected {verdict:?}, found {harms:?}")),
        }
    }

    /// Whether the verifier refuses the broken image, and only that, for what the row says.
    fn is_refused(&self) -> Result<(), String> {
        verify(self.good.clone()).map_err(|error| format!("the good image is refused: {error}"))?;
        let refused = verify(self.broken.clone()).err().map_or_else(|| "nothing".to_owned(), |error| place(&error));
        if refused != self.place {
            return Err(format!("expected {}, found {refused}", self.place));
        }
        // The rules V6 do not look at code: what they say of the machines is known by itself.
        let projection = check_projection(&self.broken).err().map(|error| error.rule);
        let is_of_projection = |rule: &&str| rule.starts_with("V6") && !self.rule.starts_with("V6");
        let expected = self.also.as_deref().filter(is_of_projection);
        if projection.filter(|rule| *rule != self.rule) != expected {
            return Err(format!("expected that the machines break {expected:?}, found {projection:?}"));
        }
        Ok(())
    }

    /// Whether both images are different ones that do the same.
    fn is_alike(&self) -> Result<(), String> {
        if content_id(&self.good) == content_id(&self.broken) {
            return Err("both are one image".to_owned());
        }
        if observe::seen(&self.good) != observe::seen(&self.broken) {
            return Err("they do not do the same".to_owned());
        }
        Ok(())
    }
}

/// G3, rule by rule.
#[must_use]
pub fn campaign(_: Size) -> Report {
    let mut report = Report::default();
    for row in rows() {
        report.case(|| row.judge(), || row.rule.clone());
    }
    report
}

/// The rows of all rules that have one, in order of their files.
///
/// # Panics
/// If a file cannot be read.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |path: &std::path::PathBuf| Row::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut rows: Vec<Row> = files(&root().join("tests/corpus/knockout"), "tellasm").iter().map(row).collect();
    rows.sort_by_key(|row| number(&row.rule));
    rows
}

/// Family and number of a rule.
fn number(rule: &str) -> (u32, u32) {
    let (family, number) = rule.trim_start_matches('V').split_once('.').unwrap_or_default();
    (family.parse().unwrap_or(0), number.parse().unwrap_or(0))
}

/// The text of the good image.
fn good(text: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix(GOOD) {
        Some(good) => format!("{good}\n"),
        None => format!("{line}\n"),
    };
    text.lines().filter(|line| !line.ends_with(BROKEN)).map(line).collect()
}

/// `V3.6, role B, instruction 1`
fn place(error: &VerifyError) -> String {
    let role = error.role.iter().map(|role| format!(", role {role}"));
    let pc = error.pc.iter().map(|pc| format!(", instruction {pc}"));
    std::iter::once(error.rule.to_owned()).chain(role).chain(pc).collect()
}
