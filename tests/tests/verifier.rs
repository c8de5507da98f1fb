//! Two verifiers, one verdict: that of `tell-ir` and the reference in `tests/src/verifier.rs`.
//!
//! They agree on an image if both accept it, or if the rule that refuses it is among those the reference finds broken.
//! Images come from the corpus, from generated programs, from pieces, and from all of these with one to three changes;
//! limits have a file of their own, and so have the rules V6. `TELL_CASES` asks for another number of changed images. What
//! they disagree about is made smaller and written to a file; in `tests/corpus/images`, or `projections` for the rules V6,
//! it is compared for ever.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

#[path = "verifier/limits.rs"]
mod limits;
#[path = "verifier/projection.rs"]
mod projection;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use tell_ir::asm::assemble;
use tell_ir::disasm::disassemble;
use tell_ir::image::CodeImage;
use tell_ir::verify::{VerifyError, check_code, check_projection};
use tell_tests::generate::program;
use tell_tests::numbers::Numbers;
use tell_tests::pieces::{self, Kept, change, shrink};
use tell_tests::program::build;
use tell_tests::verifier::{Findings, Verdict, of_code, of_projection};
use tell_tests::{corpus, files, root, text_of};

/// Changed images in all, and programs.
const CHANGED: usize = 150_000;
const PROGRAMS: u64 = 2_000;

/// Most instructions of an image that is changed, so that there can be many.
const SMALL: usize = 100;

/// What both verifiers are asked of an image.
#[derive(Clone, Copy)]
struct Question {
    ours: fn(&CodeImage) -> Result<(), VerifyError>,
    reference: fn(&CodeImage) -> Findings,
    /// Where images are kept that they disagreed about.
    kept: &'static str,
}

/// Whether each role's code is in order.
const CODE: Question =
    Question { ours: |image| check_code(image).map(drop), reference: of_code, kept: "tests/corpus/images" };

/// Whether the machines are projections of the choreography.
const PROJECTION: Question =
    Question { ours: check_projection, reference: of_projection, kept: "tests/corpus/projections" };

impl Question {
    /// The rule that refuses an image.
    fn refused_by(self, image: &CodeImage) -> Option<&'static str> {
        (self.ours)(image).err().map(|error| error.rule)
    }

    /// The verdict of the reference.
    fn verdict(self, image: &CodeImage) -> Verdict {
        (self.reference)(image).verdict()
    }

    /// How the two verdicts differ, if they do. Budgets have no counterpart.
    fn disagreement(self, image: &CodeImage) -> Option<String> {
        let ours = self.refused_by(image);
        match (ours, self.verdict(image)) {
            (Some("V9.1" | "V9.2"), _) | (_, Verdict::Undecided) | (None, Verdict::Accepted) => None,
            (Some(rule), Verdict::Refused(broken)) if broken.contains(&rule) => None,
            (None, Verdict::Refused(broken)) => Some(format!("accepted, and the reference finds {broken:?} broken")),
            (Some(rule), Verdict::Refused(broken)) => {
                Some(format!("{rule}, and the reference finds {broken:?} broken"))
            }
            (Some(rule), Verdict::Accepted) => Some(format!("{rule}, and the reference accepts")),
        }
    }

    #[track_caller]
    fn is_accepted_by_both(self, image: &CodeImage, name: &dyn Display) {
        let found = (self.reference)(image);
        assert_eq!((self.refused_by(image), found.verdict()), (None, Verdict::Accepted), "{name}: {found:?}");
    }
}

fn instructions(image: &CodeImage) -> usize {
    image.functions.iter().map(|function| function.code.len()).sum()
}

/// What became of many images.
struct Tally {
    question: Question,
    accepted: usize,
    refused: BTreeMap<&'static str, usize>,
    /// How often the reference finds just this rule broken: a verifier without it would be found out.
    alone: BTreeMap<&'static str, usize>,
    undecided: usize,
    /// By how they differ: how often, and the smallest image.
    disagreements: BTreeMap<String, (usize, CodeImage)>,
}

impl Tally {
    fn new(question: Question) -> Self {
        let (refused, alone, disagreements) = Default::default();
        Self { question, accepted: 0, refused, alone, undecided: 0, disagreements }
    }

    fn add(&mut self, image: CodeImage) {
        match self.question.refused_by(&image) {
            None => self.accepted += 1,
            Some(rule) => *self.refused.entry(rule).or_default() += 1,
        }
        match self.question.verdict(&image) {
            Verdict::Accepted => {}
            Verdict::Refused(broken) if broken.len() == 1 => *self.alone.entry(broken[0]).or_default() += 1,
            Verdict::Refused(_) => {}
            Verdict::Undecided => self.undecided += 1,
        }
        if let Some(how) = self.question.disagreement(&image) {
            let (count, smallest) = self.disagreements.entry(how).or_insert_with(|| (0, image.clone()));
            *count += 1;
            if instructions(&image) < instructions(smallest) {
                *smallest = image;
            }
        }
    }

    fn all(&self) -> usize {
        self.accepted + self.refused.values().sum::<usize>()
    }

    /// Fails if there is a disagreement; each is made smaller and written to a file.
    #[track_caller]
    fn settle(self, what: &str) {
        let (all, refused) = (self.all(), &self.refused);
        println!(
            "{what}: {all} images, {} accepted, {} undecided, refused by {refused:?}",
            self.accepted, self.undecided
        );
        println!("{what}: refused by one rule alone {:?}", self.alone);
        assert!(self.undecided * 1000 <= all, "{} of {all} are undecided", self.undecided);
        let question = self.question;
        let mut report = String::new();
        for (number, (how, (count, image))) in self.disagreements.into_iter().enumerate() {
            let small = shrink(&image, |image| question.disagreement(image).as_deref() == Some(&*how));
            let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{what}_{number}.tellasm"));
            let rule = question.refused_by(&small).map(str::to_owned);
            let kept = Kept { rule, why: how.clone(), image: small.clone() };
            std::fs::write(&file, pieces::write(&kept)).expect("the folder for such files can be written");
            let (text, file) = (disassemble(&small), file.display());
            let (found, error) = ((question.reference)(&small), (question.ours)(&small).err());
            report += &format!("\n{count} times {how}: {file}\n{text}\n{found:?}\n{error:?}\n");
        }
        assert!(
            report.is_empty(),
            "{what}: the verifiers disagree; settle it and keep the file in tests/corpus/images{report}"
        );
    }
}

fn cases(share: usize) -> usize {
    let all = std::env::var("TELL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CHANGED);
    all * share / 100
}

/// Images with one to three changes each.
fn changed(what: &str, cases: usize, seed: u64, base: impl Fn(&mut Numbers) -> CodeImage) -> Tally {
    let mut tally = Tally::new(CODE);
    let mut numbers = Numbers::new(seed);
    for _ in 0..cases {
        let mut image = base(&mut numbers);
        for _ in 0..*numbers.pick(&[1, 1, 1, 2, 3]) {
            change(&mut image, &mut numbers);
        }
        tally.add(image);
    }
    assert!(cases < 1000 || tally.accepted * 100 >= 15 * cases, "{what}: {} of {cases} are accepted", tally.accepted);
    tally
}

/// The images of the corpus and the examples.
fn built() -> Vec<(PathBuf, CodeImage)> {
    let paths = corpus().into_iter().chain(files(&root().join("examples"), "tell"));
    paths.filter_map(|path| Some((path.clone(), build(&path.to_string_lossy(), &text_of(&path)).ok()?))).collect()
}

/// Those that are small, without positions: these move when code changes.
fn small(images: impl Iterator<Item = CodeImage>) -> Vec<CodeImage> {
    let images = images.filter(|image| instructions(image) <= SMALL);
    images.map(|image| CodeImage { debug: None, ..image }).collect()
}

fn generated(seeds: std::ops::Range<u64>) -> impl Iterator<Item = CodeImage> {
    seeds.map(|seed| build("generated.tell", &program(seed).text).unwrap_or_else(|error| panic!("{seed}: {error}")))
}

#[test]
fn built_images_are_accepted_by_both() {
    let mut count = 0;
    for (path, image) in built() {
        CODE.is_accepted_by_both(&image, &path.display());
        count += 1;
    }
    assert!(count >= 300, "{count} programs of the corpus and the examples are built");
}

#[test]
fn generated_programs_are_accepted_by_both() {
    for (seed, image) in generated(0..PROGRAMS).enumerate() {
        CODE.is_accepted_by_both(&image, &format!("seed {seed}"));
    }
}

#[test]
fn images_from_pieces_are_accepted_by_both() {
    let mut numbers = Numbers::new(1);
    let mut used = BTreeMap::new();
    for case in 0..cases(5) {
        let image = pieces::image(&mut numbers);
        for instr in image.functions.iter().flat_map(|function| &function.code) {
            *used.entry(instr.code()).or_insert(0) += 1;
        }
        CODE.is_accepted_by_both(&image, &format!("{case}: {}", disassemble(&image)));
    }
    assert_eq!(used.len(), tell_ir::instr::Instr::TABLE.len(), "every instruction is among them: {used:?}");
}

#[test]
fn changed_images_from_pieces() {
    let tally = changed("pieces", cases(50), 2, pieces::image);
    assert!(tally.all() < 50_000 || tally.refused.len() >= 45, "only these rules refuse: {:?}", tally.refused);
    tally.settle("pieces");
}

#[test]
fn changed_images_of_the_corpus() {
    let images = small(built().into_iter().map(|built| built.1));
    assert!(images.len() >= 100, "{} are small", images.len());
    changed("corpus", cases(30), 3, |numbers| numbers.pick(&images).clone()).settle("corpus");
}

#[test]
fn changed_images_of_generated_programs() {
    let images = small(generated(0..1000));
    assert!(images.len() >= 100, "{} are small", images.len());
    changed("generated", cases(20), 4, |numbers| numbers.pick(&images).clone()).settle("generated");
}

#[test]
fn kept_images_have_their_verdicts() {
    for question in [CODE, PROJECTION] {
        let files = files(&root().join(question.kept), "tellasm");
        assert!(!files.is_empty(), "there are kept images");
        for path in files {
            let kept = pieces::read(&text_of(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let found = question.refused_by(&kept.image);
            assert_eq!(found, kept.rule.as_deref(), "{}: {}", path.display(), kept.why);
            assert_eq!(question.disagreement(&kept.image), None, "{}: {}", path.display(), kept.why);
        }
    }
}

#[test]
fn images_that_break_one_rule() {
    let files = files(&root().join("tests/corpus/knockout"), "tellasm");
    assert!(files.len() > 60, "there is one per rule");
    for path in files {
        let image = assemble(&text_of(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for question in [CODE, PROJECTION] {
            assert_eq!(question.disagreement(&image), None, "{}", path.display());
        }
    }
}
