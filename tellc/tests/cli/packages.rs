//! Programs of several files: the cases of `tests/corpus/packages`, and the pages of `docs/errors` that need files.

use crate::support::{Folder, Ran, command, root};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Runs a command in a folder.
fn tellc_in(folder: &Path, args: &[&str]) -> Ran {
    Ran::of(&command(args).current_dir(folder).stdin(Stdio::null()).output().expect("it starts"))
}

/// `CODE @ file:line:column` of everything that `tellc check` finds.
fn found(folder: &Path, args: &[&str]) -> Vec<String> {
    let ran = tellc_in(folder, &[&["check", "--format", "json"], args].concat());
    assert!(ran.code < 2, "{}: {ran:?}", folder.display());
    let lines = format!("{}{}", ran.out, ran.err);
    let place = |line: &str| {
        let found: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let label = &found["labels"][0];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} @ {}:{}:{}", text(&found["code"]), text(&label["file"]), label["line"], label["column"])
    };
    lines.lines().map(place).collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it exists");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_package_of_the_corpus_is_judged_as_its_expect_file_says() {
    let mut complaints = Vec::new();
    let cases = sorted(&root().join("tests/corpus/packages"));
    assert!(cases.len() >= 25, "the cases are there");
    for case in cases {
        let expect = std::fs::read_to_string(case.join("expect")).expect("every case has a verdict");
        let (checks, expected): (Vec<&str>, Vec<&str>) = expect.lines().partition(|line| line.starts_with("check:"));
        let args = checks.iter().flat_map(|line| line["check:".len()..].split_whitespace()).collect::<Vec<_>>();
        let found = found(&case, &args);
        if found != expected {
            complaints.push(format!("{}: expected {expected:#?}, found {found:#?}", case.display()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A program of a page with the files before it: path and text of each, the program itself last.
struct Group {
    /// `fails` or `ok`.
    verdict: String,
    line: usize,
    files: Vec<(String, String)>,
}

/// The groups of a page: blocks `tell,file PATH` or `toml,file PATH`, then `tell,fails` (`main.tell`) or `toml,ok`
/// (`tell.toml`) and the like.
fn groups(page: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let Some(info) = text.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let body: String = body.map(|line| format!("{line}\n")).collect();
        match info.split_once(',') {
            Some((_, kind)) if kind.starts_with("file ") => files.push((kind["file ".len()..].to_owned(), body)),
            Some((language, verdict)) if !files.is_empty() || language == "toml" => {
                let name = if language == "toml" { "tell.toml" } else { "main.tell" };
                files.push((name.to_owned(), body));
                groups.push(Group { verdict: verdict.to_owned(), line, files: std::mem::take(&mut files) });
            }
            _ => {}
        }
    }
    groups
}

#[test]
fn programs_of_several_files_on_error_pages_are_as_they_say() {
    let mut complaints = Vec::new();
    let mut count = 0;
    for page in sorted(&root().join("docs/errors")) {
        let code = page.file_stem().expect("a page has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&page).expect("it can be read");
        for Group { verdict, line, files } in groups(&text) {
            count += 1;
            let folder = Folder::new();
            folder.file("here/main.tell", "");
            for (path, text) in &files {
                folder.file(&format!("here/{path}"), text);
            }
            let found = found(Path::new(&folder.path("here")), &["main.tell"]);
            let codes: Vec<&str> = found.iter().filter_map(|found| found.split(' ').next()).collect();
            let is_right = match verdict.as_str() {
                "ok" => codes.is_empty(),
                _ => codes == [code.as_str()],
            };
            if !is_right {
                complaints.push(format!("{}:{line}: {verdict}, but found {found:?}", page.display()));
            }
        }
    }
    assert!(count >= 20, "{count} programs of several files");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
