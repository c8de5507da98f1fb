//! What a program does when it is run with the flags of its first lines, in words; kept in `tests/snapshots`.

use crate::flags::Flags;
use crate::program::{check, image};
use crate::run::{Setup, run};
use crate::verdict::Verdict;
use crate::{files, root, text_of};
use std::path::{Path, PathBuf};

/// The programs whose accounts are kept.
#[must_use]
pub fn programs() -> Vec<PathBuf> {
    ["examples", "tests/corpus/runtime"].iter().flat_map(|folder| files(&root().join(folder), "tell")).collect()
}

/// `folder/file.tell`
#[must_use]
pub fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Trace, what was printed, how it ended, and the final values.
///
/// # Errors
/// Why it cannot be run.
pub fn of(path: &Path) -> Result<String, String> {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text)?;
    let flags = Flags::parse(verdict.run.as_deref().unwrap_or(""), path.parent().unwrap_or(path))?;
    let ran = run(image(&check(&name_of(path), &text))?, &flags, Setup::default())?;
    let mut lines: Vec<String> = ran.printed.iter().map(|line| format!("printed {line}")).collect();
    lines.push(format!("end     {}", ran.ending()));
    lines.extend(ran.finals().into_iter().map(|line| format!("final   {line}")));
    Ok(format!("{}\n{}\n", ran.trace(), lines.join("\n")))
}

/// Compares it with what another process found, built in another way: the tests keep theirs.
///
/// # Errors
/// That they differ.
pub fn compare(path: &Path) -> Result<&'static str, String> {
    let kept = root().join("tests/snapshots").join(format!("trace@{}.snap", name_of(path).replace('/', "__")));
    let is_kept = text_of(&kept).trim_end().ends_with(of(path)?.trim_end());
    if is_kept { Ok("as kept") } else { Err("it is not what the tests keep".to_owned()) }
}
