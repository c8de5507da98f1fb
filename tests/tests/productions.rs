//! What the corpus does not show is not tested: every production of the grammar and every word of the language occurs
//! in a file.
//!
//! The grammar is read from its text, derivations are found by a parser of our own, so that this is also a second
//! opinion on what the real one accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use tell_language::diagnostic::Diagnostic;
use tell_language::layout::layout;
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::{KEYWORDS, Lexeme, SOFT_WORDS, Token, lex};
use tell_tests::earley::{Derivation, Earley};
use tell_tests::grammar::Grammar;
use tell_tests::numbers::Numbers;
use tell_tests::verdict::Verdict;
use tell_tests::{corpus, files, root, text_of};

const FILE: &str = "language/src/grammar.lalrpop";

/// Longest file that is read, in bytes.
const MOST: usize = 100_000;

/// How reports of `E0102` begin that are made by actions, on texts that the grammar allows.
const BY_ACTIONS: &[&str] = &[
    "a condition in quotes may not contain escapes",
    "comparisons cannot be chained",
    "expected `check` on the right of",
    "expected `fairness` or",
    "expected `from`,",
    "expected `observe` on the right of",
    "expected `required`,",
    "expected `runtime`,",
    "expected `Success` or",
    "expected `timeout` or",
    "expected `to`,",
    "expected `uses` or",
    "expected `version` or",
    "expected `visibility` or",
    "expected `within` or",
    "expected `work`,",
    "expected a field, found `_`",
    "expected a name after `on ",
    "expected a statement, found an expression",
    "expected a type, `=` or the end of the type, found",
    "expected a type, found a function arrow",
    "expected an effect before the operation",
    "expected no name after `on ",
    "this scope has no outcome block",
    "`module` names the file and comes first, once",
];

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(&text_of(&root().join(FILE)), "Start"));
static EARLEY: LazyLock<Earley<'static>> = LazyLock::new(|| Earley::new(&GRAMMAR));
static READ: LazyLock<Vec<Reading>> = LazyLock::new(|| {
    let folders = ["examples", "stdlib/tell", "language/tests/samples"];
    let others = folders.iter().flat_map(|folder| files(&root().join(folder), "tell"));
    corpus().into_iter().chain(others).filter_map(|path| of_file(&path)).collect()
});

/// A file, read.
struct Reading {
    name: String,
    /// It is one of the files that have to cover the grammar: the corpus and the examples.
    counts: bool,
    /// Its verdict says that it is right.
    is_accepted: bool,
    text: String,
    sentence: Sentence,
}

/// A text as this test and as the parser read it.
struct Sentence {
    lexemes: Vec<Lexeme>,
    derivation: Result<Derivation, usize>,
    /// Whether the lexer and the layout pass had nothing to say.
    is_laid: bool,
    /// What the parser reports.
    errors: Vec<Diagnostic>,
}

fn of_file(path: &Path) -> Option<Reading> {
    let text = text_of(path);
    let name = path.strip_prefix(root()).expect("it is below the root").to_string_lossy().into_owned();
    if text.len() > MOST {
        println!("{name} is too long");
        return None;
    }
    let counts = name.starts_with("tests/") || name.starts_with("examples/");
    let is_accepted = Verdict::of_corpus(&text).is_ok_and(|verdict| verdict.is_accepted());
    let sentence = sentence(&text);
    Some(Reading { name, counts, is_accepted, text, sentence })
}

fn terminals(lexemes: &[Lexeme]) -> Vec<usize> {
    let terminal = |lexeme: &Lexeme| {
        let variant = format!("{:?}", lexeme.token);
        GRAMMAR.terminal(&variant).unwrap_or_else(|| panic!("the grammar has no token {variant}"))
    };
    lexemes.iter().map(terminal).collect()
}

fn sentence(text: &str) -> Sentence {
    let lexed = lex(FileId(0), text);
    let laid = layout(FileId(0), text, &lexed.lexemes);
    let is_laid = !lexed.diagnostics.iter().chain(&laid.diagnostics).any(Diagnostic::is_error);
    let derivation = EARLEY.derivation(&terminals(&laid.lexemes)).and_then(|mut whole| {
        for (at, part) in conditions(text, &laid.lexemes) {
            let part = EARLEY.derivation(&part).map_err(|_| at)?;
            whole.counts.iter_mut().zip(&part.counts).for_each(|(all, own)| *all += own);
        }
        Ok(whole)
    });
    let mut errors = parse(FileId(0), text, &mut Interner::default()).diagnostics;
    errors.retain(Diagnostic::is_error);
    Sentence { lexemes: laid.lexemes, derivation, is_laid, errors }
}

/// The tokens of conditions in quotes, which the parser reads as expressions, with the indices of their strings.
fn conditions(text: &str, lexemes: &[Lexeme]) -> Vec<(usize, Vec<usize>)> {
    let pairs = lexemes.windows(3).enumerate().filter(|(_, three)| {
        let is_condition = (three[0].token, three[1].token) == (Token::While, Token::String);
        is_condition && matches!(three[2].token, Token::By | Token::Indent | Token::BlockOpen | Token::Newline)
    });
    let start = |span| Lexeme { token: Token::ExprStart, span, column: 0 };
    pairs
        .map(|(at, three)| {
            let span = three[1].span;
            let inner = lex(FileId(0), &text[span.start as usize + 1..span.end as usize - 1]);
            (at + 1, terminals(&[vec![start(span)], inner.lexemes].concat()))
        })
        .collect()
}

impl Sentence {
    /// Whether the parser has no error of syntax.
    fn is_right(&self) -> bool {
        !self.errors.iter().any(|error| error.code.0.starts_with("E01"))
    }

    /// What the two parsers do not agree on.
    fn disagreement(&self) -> Option<String> {
        let by_grammar = |error: &&Diagnostic| {
            error.code.0 == "E0102" && !BY_ACTIONS.iter().any(|start| error.message.starts_with(start))
        };
        match (&self.derivation, self.errors.iter().find(by_grammar)) {
            (Err(at), None) if self.errors.is_empty() => Some(format!("no derivation from token {at} on")),
            (Ok(_), Some(error)) if self.is_laid => Some(format!("a derivation, but also: {}", error.message)),
            _ => None,
        }
    }
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn the_text_of_the_grammar_accepts_what_the_parser_accepts() {
    let readings = READ.iter();
    let found: Vec<String> =
        readings.filter_map(|read| Some(format!("{}: {}", read.name, read.sentence.disagreement()?))).collect();
    none("files that the parser and its grammar read otherwise", &found);
}

/// Texts with a token left out, doubled, or replaced by one from elsewhere.
#[test]
fn the_text_of_the_grammar_accepts_what_the_parser_accepts_of_broken_texts() {
    let right: Vec<&Reading> = READ.iter().filter(|read| read.sentence.is_right()).collect();
    let lexemes: Vec<Vec<Lexeme>> = right.iter().map(|read| lex(FileId(0), &read.text).lexemes).collect();
    let mut numbers = Numbers::new(1);
    let (mut found, mut derived) = (Vec::new(), 0);
    const COUNT: usize = 4_000;
    for _ in 0..COUNT {
        let (chosen, other) = (numbers.below(right.len()), numbers.below(right.len()));
        let (Some(own), false) = (lexemes.get(chosen).filter(|own| !own.is_empty()), lexemes[other].is_empty()) else {
            continue;
        };
        let place = numbers.pick(own).span.range();
        let mut text = right[chosen].text.clone();
        let word = match numbers.below(3) {
            0 => "",
            1 => &right[chosen].text[place.start..place.end],
            _ => &right[other].text[numbers.pick(&lexemes[other]).span.range()],
        };
        text.replace_range(place.clone(), if word.is_empty() { " " } else { word });
        if numbers.percent(50) {
            text.insert_str(place.end.min(place.start + word.len()), &format!(" {word}"));
        }
        let sentence = sentence(&text);
        derived += usize::from(sentence.derivation.is_ok());
        let line = text[..place.start].lines().count();
        found.extend(sentence.disagreement().map(|what| format!("{}:{line} `{word}`: {what}", right[chosen].name)));
    }
    println!("{derived} of {COUNT} broken texts have a derivation");
    none("broken texts that the parser and its grammar read otherwise", &found);
}

/// How often each production occurs in the files that `wanted` accepts.
fn coverage(wanted: impl Fn(&Reading) -> bool) -> Vec<u32> {
    let mut all = vec![0; GRAMMAR.productions.len()];
    for read in READ.iter().filter(|read| wanted(read) && read.sentence.is_right()) {
        let Ok(derivation) = &read.sentence.derivation else { continue };
        all.iter_mut().zip(&derivation.counts).for_each(|(all, own)| *all += own);
    }
    all
}

#[test]
fn every_production_occurs_in_the_corpus_or_the_examples() {
    let places = |of: &[u32]| -> Vec<usize> {
        let all = GRAMMAR.productions.iter().enumerate();
        all.filter(|(at, production)| !production.recovers && of[*at] == 0).map(|(at, _)| at).collect()
    };
    let total = GRAMMAR.productions.iter().filter(|production| !production.recovers).count();
    let accepted = places(&coverage(|read| read.counts && read.is_accepted));
    let counted = places(&coverage(|read| read.counts));
    let all = places(&coverage(|_| true));
    println!("{} files, {total} productions and {} of recovery", READ.len(), GRAMMAR.productions.len() - total);
    println!("{} occur in an accepted file of the corpus or the examples", total - accepted.len());
    println!("{} occur in a file of these", total - counted.len());
    println!("{} occur in one of all files", total - all.len());
    let show = |at: &usize| format!("{FILE}:{}: {}", GRAMMAR.productions[*at].line, GRAMMAR.show(*at));
    accepted.iter().for_each(|at| println!("in no accepted file: {}", show(at)));
    none("productions in no file of the corpus or the examples", &counted.iter().map(show).collect::<Vec<_>>());
}

/// Words of LANGUAGE that have no token of their own: they are read as words where their rule expects them.
const WORDS: &[&str] = &[
    // scopes and regions
    "cancel done fail abort",
    // metadata
    "class progress region agreement_use reentrancy best_effort observational immediate may_block session fragment",
    "global required none forbidden allow reject_same_operation reject_same_fragment",
    // messages
    "priority low normal high lossy",
    // receipts, handoff, facts, obligations
    "from to work Success Failure Timeout Cancelled",
    // authority and agreement
    "within requires under agreement prestate compose stall all_success first_success threshold_success visibility rule",
    "usable_at finalized_at evidence fairness admissibility escalation_window version issuer constraint runtime",
    // types and constructors
    "Unit Bool Int String Bytes Duration List Maybe Result Map Session Role Fn Just Nothing Ok Err",
];

/// Nonterminals that read a word as a name.
const NAMES: &[&str] = &["Ident", "TypeWord", "SoftWord", "HardWord"];

/// The words that stand in a file where a rule expects them; those without a token, wherever.
fn words(read: &Reading) -> BTreeSet<&str> {
    let Ok(derivation) = &read.sentence.derivation else { return BTreeSet::new() };
    let pairs = read.sentence.lexemes.iter().zip(&derivation.owners);
    let in_place = pairs.filter(|(lexeme, owner)| {
        let head = GRAMMAR.productions[**owner].head;
        lexeme.token == Token::Ident || !NAMES.contains(&GRAMMAR.nonterminals[head].as_str())
    });
    in_place.filter(|(lexeme, _)| lexeme.token.is_word()).map(|(lexeme, _)| &read.text[lexeme.span.range()]).collect()
}

#[test]
fn every_word_occurs_in_an_accepted_file_of_the_corpus() {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for read in READ.iter().filter(|read| read.counts && read.is_accepted) {
        for word in words(read) {
            found.entry(word).or_insert(&read.name);
        }
    }
    let listed = WORDS.iter().flat_map(|line| line.split(' '));
    let all: Vec<&str> = KEYWORDS.iter().chain(SOFT_WORDS).copied().chain(listed).collect();
    for word in &all {
        println!("{word:<22} {}", found.get(word).unwrap_or(&"—"));
    }
    let missing = all.iter().filter(|word| !found.contains_key(**word)).map(|word| (*word).to_owned());
    none("words in no accepted file of the corpus", &missing.collect::<Vec<_>>());
}

/// The table of the layout rules names files that exist.
#[test]
fn the_table_of_the_layout_rules_names_files_of_the_corpus() {
    let folder = root().join("tests/corpus/syntax");
    let table = text_of(&folder.join("README.md"));
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let names = rows.flat_map(|row| row.split('|').rev().take(3).flat_map(|cell| cell.split('`').skip(1).step_by(2)));
    let is_name =
        |name: &&str| name.len() > 4 && name.contains('_') || name.ends_with("lines") || name.starts_with("..");
    let missing = names
        .filter(is_name)
        .filter(|name| ["", "../errors/"].iter().all(|place| !folder.join(format!("{place}{name}.tell")).exists()));
    none("files that are not there", &missing.map(str::to_owned).collect::<Vec<_>>());
}
