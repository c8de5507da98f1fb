//! The clock and the memory of this process, from Linux' `/proc`; elsewhere the time on the wall and no memory.

use std::fs::read_to_string;
use std::time::Instant;

/// Least CPU time of a measurement: the clock of `/proc` moves in steps of some milliseconds.
const LEAST: f64 = 0.3;

/// Measurements of which the best counts.
const ROUNDS: usize = 3;

/// CPU seconds of one `run`.
pub(crate) fn cpu_seconds_of(mut run: impl FnMut()) -> f64 {
    run();
    let started = Instant::now();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (start, mut runs) = (cpu_seconds(started), 0.0);
        while cpu_seconds(started) - start < LEAST {
            repeat_for(0.02, || {
                run();
                runs += 1.0;
            });
        }
        best = best.min((cpu_seconds(started) - start) / runs);
    }
    best
}

/// Seconds on the wall of the best of some runs.
pub(crate) fn wall_seconds_of(runs: usize, mut run: impl FnMut()) -> f64 {
    let one = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(one).fold(f64::MAX, f64::min)
}

/// Runs again and again until the seconds on the wall are over.
pub(crate) fn repeat_for(seconds: f64, mut run: impl FnMut()) {
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < seconds {
        run();
    }
}

/// CPU seconds this process has had.
fn cpu_seconds(started: Instant) -> f64 {
    let text = read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.map_or_else(|| started.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Most memory this process has had, in kilobytes.
pub(crate) fn peak_kilobytes() -> f64 {
    let text = read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0.0)
}
