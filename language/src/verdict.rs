//! What the first lines of a program say about it: `--! expect: E0302 @ 7:12`, `--! final: A.x = 1`.
//!
//! `tellc test` and the tests of this repository hold programs to it; the format is in `tests/corpus/README.md`.

use std::collections::BTreeMap;
use std::fmt;

/// A diagnostic that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its code.
    pub code: String,
    /// Line and column of its primary label, from 1, if the verdict says.
    pub at: Option<(u32, u32)>,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{} @ {line}:{column}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// A final value that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFinal {
    /// The role.
    pub role: String,
    /// The name.
    pub name: String,
    /// The value in Tell syntax.
    pub value: String,
}

/// What the head of a file says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// All its diagnostics, in order.
    pub diagnostics: Vec<Expected>,
    /// The sizes of its families that nothing in it says.
    pub binds: BTreeMap<String, u32>,
    /// The flags it is run with, if it can be run.
    pub run: Option<String>,
    /// Some final values.
    pub finals: Vec<ExpectedFinal>,
    /// The fault a run ends in.
    pub fault: Option<String>,
    /// What `build` refuses of a program that is accepted, in order.
    pub build: Vec<Expected>,
}

impl Verdict {
    /// The verdict of a file that has to have one.
    ///
    /// # Errors
    /// A line that starts with `--!` and is not understood, or no `expect` line.
    pub fn of_corpus(text: &str) -> Result<Self, String> {
        let (verdict, expects) = Self::read(text, "--! ")?;
        if expects == 0 { Err("the file has no `--! expect:` line".to_owned()) } else { Ok(verdict) }
    }

    /// The verdict of a program on a page, where no `expect` line is needed.
    ///
    /// # Errors
    /// A line that starts with `--!` and is not understood.
    pub fn of_page(text: &str) -> Result<Self, String> {
        Self::read(text, "--! ").map(|(verdict, _)| verdict)
    }

    /// The verdict of a Scribble or nuScr file, where comments begin with `//`: what `tellc import` says, or if that is
    /// nothing, what `tellc check` says of the result.
    ///
    /// # Errors
    /// A line that starts with `//!` and is not understood, or no `expect` line.
    pub fn of_scribble(text: &str) -> Result<Self, String> {
        let (verdict, expects) = Self::read(text, "//! ")?;
        if expects == 0 { Err("the file has no `//! expect:` line".to_owned()) } else { Ok(verdict) }
    }

    /// Whether the program is accepted: nothing is expected but warnings.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.diagnostics.iter().all(|expected| expected.code.starts_with('W'))
    }

    fn read(text: &str, mark: &str) -> Result<(Self, usize), String> {
        let mut verdict = Self::default();
        let mut expects = 0;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.lines().map_while(|line| line.strip_prefix(mark)) {
            let (key, rest) = line.split_once(':').ok_or_else(|| format!("`{line}` is not `key: value`"))?;
            let rest = rest.trim();
            match key {
                "expect" => {
                    expects += 1;
                    if rest != "ok" {
                        verdict.diagnostics.push(expected(rest)?);
                    }
                }
                "bind" => {
                    let size =
                        rest.split_once('=').and_then(|(name, size)| Some((name.to_owned(), size.parse().ok()?)));
                    verdict.binds.extend([size.ok_or_else(|| format!("`{rest}` is not `name=size`"))?]);
                }
                "run" => verdict.run = Some(rest.to_owned()),
                "final" => verdict.finals.push(expected_final(rest)?),
                "fault" => verdict.fault = Some(rest.to_owned()),
                "build" => verdict.build.push(expected(rest)?),
                _ => return Err(format!("`{key}` is no key of a verdict")),
            }
        }
        Ok((verdict, expects))
    }
}

fn expected(text: &str) -> Result<Expected, String> {
    let (code, place) = match text.split_once('@') {
        Some((code, place)) => (code.trim(), Some(place.trim())),
        None => (text, None),
    };
    let well_formed = code.len() == 5 && code.starts_with(['E', 'W']) && code[1..].bytes().all(|b| b.is_ascii_digit());
    if !well_formed {
        return Err(format!("`{code}` is no code"));
    }
    let at = match place {
        None => None,
        Some(place) => {
            let (line, column) = place.split_once(':').ok_or_else(|| format!("`{place}` is not line:column"))?;
            let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a number"));
            Some((number(line)?, number(column)?))
        }
    };
    Ok(Expected { code: code.to_owned(), at })
}

fn expected_final(text: &str) -> Result<ExpectedFinal, String> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name.trim().split_once('.')?, value.trim())));
    let Some(((role, name), value)) = parts else { return Err(format!("`{text}` is not `Role.name = value`")) };
    Ok(ExpectedFinal { role: role.to_owned(), name: name.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_to_its_last_line() {
        let text = "--! expect: E0302 @ 7:12\n--! expect: W0201\n--! build: E0901 @ 4:1\n--! run: --seed 1\n\
            --! final: A.x = \"a = b\"\n-- …\n--! no";
        let verdict = Verdict::of_corpus(text).expect("it is right");
        let printed: Vec<String> = verdict.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(printed, ["E0302 @ 7:12", "W0201"]);
        assert_eq!(verdict.build[0].to_string(), "E0901 @ 4:1");
        assert_eq!(verdict.finals[0].value, "\"a = b\"");
        assert_eq!(verdict.run.as_deref(), Some("--seed 1"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["", "--! expect: E1", "--! expect: E0302 @ 7", "--! expects: ok", "--! expect: ok\n--! final: x"] {
            assert!(Verdict::of_corpus(text).is_err(), "{text}");
        }
    }
}
