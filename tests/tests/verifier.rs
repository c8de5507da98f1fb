//! x
use std::collections::BTreeMap;
use tell_ir::image::CodeImage;
use tell_ir::verify::verify;
use tell_tests::forge::{self, change, shrink};
use tell_tests::generate::program;
use tell_tests::numbers::Numbers;
use tell_tests::program::build;
use tell_tests::verifier::{Verdict, findings, verdict};
use tell_tests::{corpus, files, root, text_of};

fn disagreement(image: &CodeImage) -> Option<String> {
    let theirs = verify(image.clone());
    match (theirs, verdict(image)) {
        (_, Verdict::Undecided) => None,
        (Ok(_), Verdict::Accepted) => None,
        (Err(error), _) if error.rule == "V9.1" => None,
        (Ok(_), Verdict::Refused(rules)) => Some(format!("ours accepts, reference {rules:?}")),
        (Err(error), Verdict::Refused(rules)) if rules.contains(&error.rule) => None,
        (Err(error), Verdict::Refused(rules)) => Some(format!("ours {}, reference {rules:?}", error.rule)),
        (Err(error), Verdict::Accepted) => Some(format!("ours {}, reference accepts", error.rule)),
    }
}

fn fuzz(cases: u64, seed: u64, base: impl Fn(&mut Numbers) -> CodeImage) {
    let start = std::time::Instant::now();
    let mut kinds: BTreeMap<String, (usize, CodeImage)> = BTreeMap::new();
    let mut accepted = 0;
    let mut rules: BTreeMap<&'static str, usize> = BTreeMap::new();
    for case in 0..cases {
        let mut numbers = Numbers::new(seed.wrapping_add(case));
        let mut image = base(&mut numbers);
        for _ in 0..numbers.below(4) { change(&mut image, &mut numbers); }
        match verify(image.clone()) { Ok(_) => accepted += 1, Err(e) => *rules.entry(e.rule).or_default() += 1 }
        if let Some(what) = disagreement(&image) {
            let size = |i: &CodeImage| i.functions.iter().map(|f| f.code.len()).sum::<usize>();
            let e = kinds.entry(what).or_insert_with(|| (0, image.clone()));
            e.0 += 1;
            if size(&image) < size(&e.1) { e.1 = image; }
        }
    }
    println!("{cases} cases, {accepted} accepted, {:?}", start.elapsed());
    println!("{rules:?}");
    for (what, (count, image)) in kinds {
        let small = shrink(&image, |image| disagreement(image).as_ref() == Some(&what));
        println!("=== {what}: {count}\n{}\n{:?}\nours: {:?}", tell_ir::disasm::disassemble(&small), findings(&small), verify(small.clone()).err().map(|e| e.to_string()));
        println!("{:?}", small.machines);
        println!("{:?}", small.resources);
        println!("{:?}", small.scopes);
    }
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|t| t.parse().ok()).unwrap_or(default)
}

#[test]
fn forged() {
    fuzz(env("CASES", 20000), env("SEED", 0), forge::image);
}
