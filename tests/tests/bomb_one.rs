//! Temporary.
#![allow(clippy::disallowed_methods)]
use std::time::Instant;
use tell_tests::program::check;
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() >> 10
}
#[test]
fn one() {
    let path = std::env::var("BOMB").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let start = Instant::now();
    let checked = check("bomb.tell", &text);
    let codes: std::collections::BTreeSet<&str> = checked.diagnostics.iter().map(|d| d.code.0).collect();
    let (n, first) = (checked.diagnostics.len(), checked.diagnostics.first().map(|d| d.position().1.start));
    drop(checked);
    println!("{:>6} ms {:>5} MB {n} {codes:?} first {first:?}  {path}", start.elapsed().as_millis(), peak());
}
