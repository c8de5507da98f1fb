//! Robustness campaigns (QUALITY §3): the same code runs as a sample in the tests and in full from the program
//! `campaign`; `docs/robustness.md` has the results.
//!
//! A campaign is a function of its size and nothing else, so every case can be made again.

pub mod endurance;
pub mod execution;
pub mod image;
pub mod schedule;
pub mod stage;

use crate::knockout;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much of a campaign is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As much as fits into the tests.
    Sample,
    /// All of it.
    Full,
}

impl Size {
    /// One number or the other.
    #[must_use]
    pub const fn of(self, sample: u64, full: u64) -> u64 {
        match self {
            Self::Sample => sample,
            Self::Full => full,
        }
    }
}

/// What a campaign found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How often each verdict was given.
    pub verdicts: BTreeMap<String, u64>,
    /// What must not be, each with the way to make it again; no more than [`MOST_FINDINGS`] are kept.
    pub findings: Vec<String>,
    /// Findings that were not kept.
    pub more: u64,
}

/// Findings that are kept.
pub const MOST_FINDINGS: usize = 20;

impl Report {
    /// Cases there were.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// How often a verdict was given.
    #[must_use]
    pub fn of(&self, verdict: &str) -> u64 {
        self.verdicts.get(verdict).copied().unwrap_or(0)
    }

    /// Counts a case.
    pub fn add(&mut self, verdict: &str) {
        match self.verdicts.get_mut(verdict) {
            Some(count) => *count += 1,
            None => drop(self.verdicts.insert(verdict.to_owned(), 1)),
        }
    }

    /// Notes something that must not be.
    pub fn find(&mut self, finding: String) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Runs a case. A panic, or an error, is a finding; `case` says how to make it again.
    pub fn case(&mut self, run: impl FnOnce() -> Result<&'static str, String>, case: impl FnOnce() -> String) {
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(verdict)) => self.add(verdict),
            Ok(Err(what)) => {
                self.add("wrong");
                self.find(format!("{}: {what}", case()));
            }
            Err(_) => {
                self.add("panic");
                self.find(format!("{}: a panic", case()));
            }
        }
    }

    /// Fails a test if something was found.
    ///
    /// # Panics
    /// If there are findings.
    pub fn expect_none(&self) {
        println!("{self}");
        assert!(self.findings.is_empty(), "{} findings: {:#?}", self.findings.len() as u64 + self.more, self.findings);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts: Vec<_> = self.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        write!(f, "{} cases: {}", self.cases(), verdicts.join(", "))
    }
}

/// A campaign.
#[derive(Clone, Copy)]
pub struct Campaign {
    /// Its name on the command line, from QUALITY §3.
    pub id: &'static str,
    /// What it does.
    pub what: &'static str,
    /// Runs it.
    pub run: fn(Size) -> Report,
}

/// All campaigns.
pub const ALL: &[Campaign] = &[
    Campaign { id: "G1-images", what: "hostile images: decode, verify, run with fuel", run: image::hostile },
    Campaign { id: "G1-schedules", what: "hostile handlers and hosts, beside a calm session", run: schedule::hostile },
    Campaign { id: "G2", what: "every bit, byte and length of every example image", run: image::damaged },
    Campaign { id: "G3-knockout", what: "per rule an image that breaks it, and its harm", run: knockout::campaign },
    Campaign { id: "G3-random", what: "random and changed images, all rules masked", run: image::unverified },
    Campaign { id: "G8", what: "one program, many executions: equal traces", run: execution::equal },
    Campaign { id: "G12", what: "every example stopped after 0, 1, 2, … steps and continued", run: execution::fuel },
    Campaign { id: "G13", what: "long sessions, many sessions: memory stays flat", run: endurance::flat },
];
