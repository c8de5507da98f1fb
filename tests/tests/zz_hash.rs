//! temp
use std::hash::{Hash, Hasher};
#[test]
fn hash() {
    let mut h = std::collections::hash_map::DefaultHasher::new();
    for seed in 0..5000 {
        tell_tests::generate::program(seed).text.hash(&mut h);
    }
    println!("HASH {:x}", h.finish());
}
#[test]
fn show_full() {
    let count: u64 = std::env::var("N").ok().and_then(|t| t.parse().ok()).unwrap_or(500);
    let mut kinds = std::collections::BTreeMap::new();
    for seed in 0..count {
        let text = tell_tests::generate::full(seed).text;
        let checked = tell_tests::program::check("g.tell", &text);
        if checked.has_errors() {
            let r = tell_tests::program::rendered(&checked.diagnostics, &checked.program.files);
            let first = r.lines().next().unwrap_or_default().to_owned();
            let e = kinds.entry(first.chars().take(60).collect::<String>()).or_insert((0, seed, r.clone()));
            e.0 += 1;
        }
    }
    for (k, (n, seed, r)) in kinds {
        println!("{n} {k} seed {seed}\n{}", r.lines().take(14).collect::<Vec<_>>().join("\n"));
    }
}
#[test]
fn print_one() {
    let seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    let text = tell_tests::generate::full(seed).text;
    let checked = tell_tests::program::check("g.tell", &text);
    println!("{text}\n{}", tell_tests::program::rendered(&checked.diagnostics, &checked.program.files));
}
