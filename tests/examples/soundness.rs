//! Examines what the projection promises over many seeds: `cargo run --release --example soundness -- 0 1000000`.

#![allow(clippy::disallowed_methods, reason = "a program reads its arguments")]

use tell_tests::globals::{Shape, global, with};
use tell_tests::soundness::{Effort, Tally, examine_all};

const BLOCK: u64 = 50_000;

fn main() {
    let mut ends = std::env::args().skip(1).filter_map(|end| end.parse::<u64>().ok());
    let (start, end) = (ends.next().unwrap_or(0), ends.next().unwrap_or(100_000));
    let mut all = Tally::default();
    for from in (start..end).step_by(BLOCK as usize) {
        let seeds = from..end.min(from + BLOCK);
        let make = |seed: u64| match seed % 5 {
            0..3 => global(seed),
            3 => with(seed, Shape { choice: true, par: false }),
            _ => with(seed, Shape { choice: seed.is_multiple_of(2), par: true }),
        };
        let found =
            examine_all(
                seeds.clone(),
                make,
                |seed| if seed.is_multiple_of(100) { Effort::LARGE } else { Effort::SMALL },
            );
        println!("up to {}: {} wrong", seeds.end, found.wrong.len());
        found.wrong.iter().take(3).for_each(|wrong| println!("{wrong}"));
        all.add(found);
    }
    println!("{}{} wrong", all.shown(), all.wrong.len());
}
