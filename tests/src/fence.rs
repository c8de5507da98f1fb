//! Programs on pages: the fenced blocks of a Markdown text.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What stands behind the opening back-ticks: `tell,ok`.
    pub info: String,
    /// Its text.
    pub text: String,
    /// Line of its first line of text, from 1.
    pub line: usize,
    /// Whether it is one of several files of a program: `tell,file PATH`, or the program behind such blocks. `tellc`
    /// tests those.
    pub is_in_group: bool,
}

/// Whether a block is a file beside a program.
fn is_file(info: &str) -> bool {
    info.contains(",file ")
}

/// The fenced blocks of a page.
#[must_use]
pub fn fences(page: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(fence)) => found.push(fence),
            (Some(info), None) => {
                let is_in_group = is_file(info) || found.last().is_some_and(|before: &Fence| is_file(&before.info));
                let info = info.trim().to_owned();
                open = Some(Fence { info, text: String::new(), line: index + 2, is_in_group });
            }
            (None, Some(mut fence)) => {
                fence.text.push_str(line);
                fence.text.push('\n');
                open = Some(fence);
            }
            (None, None) => {}
        }
    }
    found
}
