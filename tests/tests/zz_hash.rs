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
    for c in &checked {
        let _ = tell_compiler::pipeline::build(c, None, limits);
    }
    println!("image unexplored {:?}", t.elapsed());
    let t = Instant::now();
    use tell_tests::run::*;
    for (seed, i) in images.iter().enumerate() {
        let Ok(i) = i else { continue };
        let flags = tell_tests::flags::Flags {
            seed: seed as u64,
            choose: tell_tests::flags::Choose::ByRole,
            ..Default::default()
        };
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
#[test]
fn coverage() {
    use tell_tests::run::*;
    let count = 2000;
    let mut seen = std::collections::BTreeMap::new();
    let mut events = 0;
    for seed in 0..count {
        let p = tell_tests::generate::full(seed);
        let f = p.features;
        for (n, b) in [
            ("branches", f.branches),
            ("scopes", f.scopes),
            ("nested", f.nested_parts),
            ("effectful", f.effectful),
            ("loops", f.loops),
            ("rec", f.recursion),
            ("calls", f.calls),
        ] {
            if b {
                *seen.entry(format!("feature {n}")).or_insert(0) += 1;
            }
        }
        let checked = tell_tests::program::check("g.tell", &p.text);
        let limits = tell_compiler::project::Limits { explored_states: 0, ..Default::default() };
        let Ok(i) = tell_compiler::pipeline::build(&checked, None, limits) else { continue };
        let flags = tell_tests::flags::Flags {
            seed: seed as u64,
            choose: tell_tests::flags::Choose::ByRole,
            ..Default::default()
        };
        let setup = Setup {
            missing: tell_tests::host::Missing::MakesUp,
            max_steps: 1_000_000,
            slice: u32::MAX,
            ..Setup::default()
        };
        let ran = run(i, &flags, setup).unwrap();
        events += ran.events.len();
        let mut kinds = std::collections::BTreeSet::new();
        for e in &ran.events {
            kinds.insert(format!(
                "{}{}",
                e.event,
                e.fields
                    .iter()
                    .filter(|f| f.0 == "outcome" || f.0 == "by_notice" || f.0 == "failure")
                    .map(|f| format!(" {}", f.1))
                    .collect::<String>()
            ));
        }
        for k in kinds {
            *seen.entry(k).or_insert(0) += 1;
        }
        if ran.report.is_none() {
            *seen.entry("unfinished".into()).or_insert(0) += 1;
        }
    }
    println!("{count} events {events}: {seen:#?}");
}
