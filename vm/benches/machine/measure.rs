//! The clock, the memory and the lines of the tables. `benches/peers` measures with this, too.

use std::fmt::Display;
use std::fs::read_to_string;

/// Pairs of measurements of a ratio, and measurements of a single number.
pub(crate) const PAIRS: usize = 9;

/// Two things that were measured in turn.
pub(crate) struct Pair {
    /// Median of the first.
    pub(crate) a: f64,
    /// Median of the second.
    pub(crate) b: f64,
    /// Median of second : first, each ratio from one pair.
    pub(crate) ratio: f64,
}

/// A B A B …, [`PAIRS`] times.
pub(crate) fn alternate(mut a: impl FnMut() -> f64, mut b: impl FnMut() -> f64) -> Pair {
    let (mut all_a, mut all_b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let (one, other) = (a(), b());
        all_a.push(one);
        all_b.push(other);
        ratios.push(other / one);
    }
    Pair { a: median(all_a), b: median(all_b), ratio: median(ratios) }
}

/// The median of some measurements.
pub(crate) fn several(mut measure: impl FnMut() -> f64) -> f64 {
    median((0..PAIRS).map(|_| measure()).collect())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU nanoseconds of `run`, and what it returns.
pub(crate) fn cpu_nanoseconds_of<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = cpu_nanoseconds();
    let result = run();
    (cpu_nanoseconds() - start, result)
}

/// CPU nanoseconds the first thread of this process has had. Linux counts them at each tick and when the thread gives
/// its processor away, so it does.
fn cpu_nanoseconds() -> f64 {
    std::thread::yield_now();
    let text = read_to_string("/proc/self/schedstat").expect("Linux counts the time of a process");
    text.split(' ').next().and_then(|word| word.parse().ok()).expect("its first number is the time")
}

/// Bytes of memory this process has.
pub(crate) fn resident_bytes() -> f64 {
    let text = read_to_string("/proc/self/status").expect("Linux counts the memory of a process");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line says how much it has");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("in kilobytes");
    kilobytes * 1024.0
}

/// What this program prints with these arguments: a measurement in a process of its own.
pub(crate) fn child(arguments: &[&str]) -> f64 {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = std::process::Command::new(program).args(arguments).output().expect("this program starts");
    let text = String::from_utf8(output.stdout).expect("it prints a number");
    text.trim().parse().expect("it prints a number")
}

/// The head of a table.
pub(crate) fn head(columns: &[&str]) {
    line(columns);
    println!("|{}", "---|".repeat(columns.len()));
}

/// A line of a table.
pub(crate) fn line(cells: &[impl Display]) {
    for cell in cells {
        print!("| {cell} ");
    }
    println!("|");
}
