//! temp
#![allow(clippy::all, warnings)]
use tell_tests::run::*;
fn cpu() -> f64 {
    let t = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    t.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}
#[test]
fn phases() {
    let count = 2000u64;
    let mut at = cpu();
    let mut lap = |name: &str| {
        let now = cpu();
        println!("{name:<12} {:.3} ms each", (now - at) / count as f64);
        at = now;
    };
    let texts: Vec<_> = (0..count).map(|s| tell_tests::generate::full(s).text).collect();
    println!("{} bytes each", texts.iter().map(|t| t.len()).sum::<usize>() / 2000);
    lap("generate");
    let mut names = tell_language::symbol::Interner::default();
    for t in &texts {
        let _ = tell_language::parse::parse(tell_language::span::FileId(0), t, &mut names);
    }
    lap("parse");
    for t in 0..count {
        let _ = tell_tests::program::check(
            "g.tell",
            "import std.random exposing (Random)\nimport std.clock exposing (Clock)\nprotocol P(A, B) uses Random, Clock =\n  A -> B : X\n",
        );
    }
    lap("check empty");
    let checked: Vec<_> = texts.iter().map(|t| tell_tests::program::check("g.tell", t)).collect();
    lap("check");
    let limits = tell_compiler::project::Limits { explored_states: 0, ..Default::default() };
    let images: Vec<_> = checked.iter().map(|c| tell_compiler::pipeline::build(c, None, limits)).collect();
    lap("build");
    for i in &images {
        if let Ok(i) = i {
            let _ = tell_ir::verify::verify(i.clone());
        }
    }
    lap("verify");
    let mut rans = Vec::new();
    for (seed, i) in images.iter().enumerate() {
        let Ok(i) = i else { continue };
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
        rans.push(run(i.clone(), &flags, setup).unwrap());
    }
    lap("run");
    for r in &rans {
        let _ = tell_tests::trace::of_machine(&r.events);
    }
    lap("of_machine");
    for (seed, c) in checked.iter().enumerate() {
        let Some(p) = c.projected.first() else { continue };
        let Ok(i) = &images[seed] else { continue };
        let flags = tell_tests::flags::Flags {
            seed: seed as u64,
            choose: tell_tests::flags::Choose::ByRole,
            ..Default::default()
        };
        let handlers = tell_tests::handlers::Handlers::new(
            &c.program,
            &flags,
            tell_tests::host::Missing::MakesUp,
            Default::default(),
        );
        let args = arguments(i, &flags, tell_tests::host::Missing::MakesUp).unwrap();
        let mut s =
            tell_tests::reference::Session::new(&c.program, (&p.graph, &p.projection.machines), &args, 64, handlers);
        s.run(usize::MAX, usize::MAX);
    }
    lap("reference");
}
