//! The examples run as their headers say, from text and from their images.

use crate::support::{Folder, root, tellc};

/// Runs an example and compares its final values with its header.
fn run(name: &str) {
    let path = root().join("examples").join(name);
    let path = path.to_str().expect("UTF-8");
    let text = std::fs::read_to_string(path).expect("readable");
    let header = |key: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix("--! ")?.strip_prefix(key)).map(str::trim)
    };
    let flags = header("run:").next().expect("an example says how it is run");
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let ran = tellc(&[&["run", path, "--quiet"], flags.as_slice()].concat()).ends(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    for wanted in header("final:") {
        assert!(lines.contains(&wanted), "{name}: no `{wanted}` in {ran:?}");
    }
    let folder = Folder::new();
    let image = folder.path("x.tellimg");
    tellc(&["build", path, "-o", &image]).ends(0);
    assert_eq!(tellc(&[&["run", &image, "--quiet"], flags.as_slice()].concat()).ends(0).out, ran.out);
}

#[test]
fn all_examples_run() {
    let entries = std::fs::read_dir(root().join("examples")).expect("there are examples");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let names: Vec<String> = names.filter(|name| name.ends_with(".tell")).collect();
    assert!(names.len() >= 10, "{names:?}");
    names.iter().for_each(|name| run(name));
}

#[test]
fn two_buyers_show_who_sends_what_to_whom() {
    let ran = tellc(&["run", "examples/two_buyer.tell", "--arg", "Alice.title=Dune", "--arg", "Bob.budget=20"]).ends(0);
    let (flow, finals) = ran.out.split_once("\n\n").expect("two parts");
    assert_eq!(
        flow,
        "Alice -> Seller : Title(\"Dune\")\nSeller -> Alice : Quote(32)\nSeller -> Bob : Quote(32)\nAlice -> Bob : Share(16)\n\
         Bob -> Seller : Accept(\"12 Elm Street\")\nSeller -> Bob : Delivery(2)\nBob -> Alice : Accept(2)"
    );
    assert!(finals.starts_with("Alice.title = \"Dune\"\nAlice.price = 32\n"), "{finals}");
}

#[test]
fn five_mistakes_are_five_reports() {
    let ran = tellc(&["check", "tests/corpus/errors/five_mistakes.tell"]).ends(1);
    assert_eq!(ran.err.matches("error[").count(), 5, "{ran:?}");
    assert_eq!(ran.err.matches("  help: ").count(), 5, "{ran:?}");
}
