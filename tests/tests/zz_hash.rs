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
#[test]
fn phases() {
    use std::time::Instant;
    let count = 2000;
    let t = Instant::now();
    let texts: Vec<_> = (0..count).map(|s| tell_tests::generate::full(s).text).collect();
    println!("generate {:?}", t.elapsed());
    let t = Instant::now();
    let checked: Vec<_> = texts.iter().map(|t| tell_tests::program::check("g.tell", t)).collect();
    println!("check {:?}", t.elapsed());
    let t = Instant::now();
    let images: Vec<_> = checked.iter().map(|c| tell_tests::program::image(c)).collect();
    println!("image {:?}", t.elapsed());
    let t = Instant::now();
    let limits = tell_compiler::project::Limits { explored_states: 0, ..Default::default() };
    for c in &checked { let _ = tell_compiler::pipeline::build(c, None, limits); }
    println!("image unexplored {:?}", t.elapsed());
    let t = Instant::now();
    use tell_tests::run::*;
    for (seed, i) in images.iter().enumerate() {
        let Ok(i) = i else { continue };
        let flags = tell_tests::flags::Flags { seed: seed as u64, choose: tell_tests::flags::Choose::ByRole, ..Default::default() };
        let setup = Setup { missing: tell_tests::host::Missing::MakesUp, max_steps: 1_000_000, ..Setup::default() };
        let _ = run(i.clone(), &flags, setup);
    }
    println!("run {:?}", t.elapsed());
    let t = Instant::now();
    for (_, i) in images.iter().enumerate() {
        let Ok(i) = i else { continue };
        let _ = tell_ir::verify::verify(i.clone());
    }
    println!("verify {:?}", t.elapsed());
}
