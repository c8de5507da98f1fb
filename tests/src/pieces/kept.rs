//! Images that two verifiers disagreed about, as text.

use tell_ir::asm::assemble;
use tell_ir::disasm::disassemble;
use tell_ir::image::CodeImage;

/// What stands for the rule where none refuses.
const NONE: &str = "ok";

/// A kept image.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The rule that refuses it, if one does.
    pub rule: Option<String>,
    /// What became clear about it.
    pub why: String,
    /// It.
    pub image: CodeImage,
}

/// The text of a file. It has no content id: that would change with the format.
#[must_use]
pub fn write(kept: &Kept) -> String {
    let Kept { rule, why, image } = kept;
    let rule = rule.as_deref().unwrap_or(NONE);
    let text = disassemble(image);
    let lines = text.lines().filter(|line| !line.starts_with("id ")).map(|line| format!("{line}\n"));
    format!("-- expect: {rule}\n-- {why}\n{}", lines.collect::<String>())
}

/// What a file keeps.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Kept, String> {
    let mut lines = text.lines();
    let mut line = |start: &str| lines.next().and_then(|line| line.strip_prefix(start)).map(str::to_owned);
    let rule = line("-- expect: ").ok_or("the first line is `-- expect: RULE`, or `ok`")?;
    let why = line("-- ").ok_or("the second line says why it is kept")?;
    let image = assemble(text).map_err(|error| error.to_string())?;
    Ok(Kept { rule: Some(rule).filter(|rule| rule != NONE), why, image })
}
