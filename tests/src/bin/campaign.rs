//! Runs robustness campaigns (QUALITY §3) and prints a row of `docs/robustness.md` for each.
//!
//! `cargo run -p tell-tests --release --bin campaign -- G2 --full`; without a name, all of them.

#![allow(clippy::disallowed_methods, reason = "a program reads its command line and measures time")]

use std::process::ExitCode;
use std::time::Instant;
use tell_tests::campaign::{ALL, Campaign, Report, Size};

fn main() -> ExitCode {
    let (flags, names): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with('-'));
    let size = if flags.iter().any(|flag| flag == "--full") { Size::Full } else { Size::Sample };
    let is_known = |name: &String| ALL.iter().any(|campaign| campaign.id.starts_with(name.as_str()));
    let stranger = names.iter().find(|name| !is_known(name)).or_else(|| flags.iter().find(|flag| *flag != "--full"));
    if let Some(stranger) = stranger {
        let known: Vec<_> = ALL.iter().map(|campaign| campaign.id).collect();
        eprintln!("campaign: `{stranger}` is neither `--full` nor one of {}", known.join(", "));
        return ExitCode::from(2);
    }
    let chosen = ALL
        .iter()
        .filter(|campaign| names.is_empty() || names.iter().any(|name| campaign.id.starts_with(name.as_str())));
    let mut is_clean = true;
    for campaign in chosen {
        let start = Instant::now();
        let report = (campaign.run)(size);
        print(campaign, &report, start.elapsed().as_secs());
        is_clean &= report.findings.is_empty();
    }
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(campaign: &Campaign, report: &Report, seconds: u64) {
    let findings = report.findings.len() as u64 + report.more;
    println!("| {} | {} | {report} | {findings} | {seconds} s |", campaign.id, campaign.what);
    for finding in &report.findings {
        println!("  {finding}");
    }
}
