//! What is written is read back, whatever the image; what is no text of an image is refused, whatever the text.

mod arbitrary;

use super::*;
use crate::disasm::disassemble;
use crate::fuzz::Numbers;
use crate::sample;

/// The image without what a text leaves out.
fn without_debug(mut image: CodeImage) -> CodeImage {
    image.debug = None;
    image
}

/// Writes an image, reads that, and compares.
#[track_caller]
pub(crate) fn comes_back(image: CodeImage) -> String {
    let image = without_debug(image);
    let text = disassemble(&image);
    match assemble(&text) {
        Ok(again) if again == image => text,
        Ok(again) => panic!("another image:\n{text}\n--- is read as\n{}", disassemble(&again)),
        Err(error) => panic!("{error}\n{text}"),
    }
}

#[test]
fn the_samples_come_back() {
    comes_back(sample::image());
    comes_back(sample::scoped::image());
    comes_back(sample::resources::image());
    comes_back(CodeImage::default());
}

#[test]
fn blanks_comments_and_line_ends_do_not_matter() {
    let text = comes_back(sample::scoped::image());
    let image = assemble(&text).expect("it was read before");
    let changed = [
        text.replace('\n', "\r\n"),
        text.replace('\n', " -- ( said\n\n\t"),
        text.replace(' ', "  \t"),
        text.lines().map(|line| format!("{}\n", line.trim())).collect(),
        format!("\u{feff}{text}{text}"),
    ];
    for changed in &changed[..4] {
        assert_eq!(assemble(changed).as_ref(), Ok(&image), "{changed}");
    }
    let error = assemble(&changed[4]).expect_err("it is there twice");
    assert_eq!((error.code, error.line), ("E0604", 1 + text.lines().count()), "{error}");
}

#[test]
fn any_image_comes_back() {
    let mut numbers = Numbers::new(11);
    for _ in 0..10_000 {
        comes_back(arbitrary::image(&mut numbers));
    }
}

/// Reads a text; what is read is written and read back.
fn surface(text: &str) -> bool {
    match assemble(text) {
        Ok(image) => {
            comes_back(image);
            true
        }
        Err(error) => {
            assert!(!error.message.is_empty() && !error.help.is_empty(), "{error}");
            let line = text.split('\n').nth(error.line - 1).unwrap_or_default();
            assert!(error.column <= line.chars().count() + 1, "{error}: the line is {line:?}");
            false
        }
    }
}

/// Pieces that mean something somewhere.
const PIECES: [&str; 28] = [
    "\n",
    " ",
    "\r\n",
    "--",
    "|",
    "->",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "=",
    ".",
    "..",
    "#0",
    "?9",
    "r1",
    "s0",
    "b1",
    "c0:",
    "f0",
    "end",
    "of",
    "in",
    "\"",
    "9999999999999999999",
    "Int",
];

#[test]
fn changed_texts_are_read_or_refused() {
    let mut numbers = Numbers::new(12);
    let texts = [comes_back(sample::image()), comes_back(sample::scoped::image())].map(|text| {
        // The id would refuse every change, and the numbers many.
        let lines = text.lines().filter(|line| !line.starts_with("id "));
        let unnumbered = |line: &str| match line.trim_start().split_once(' ') {
            Some((first, rest)) if first.trim_start_matches('#').parse::<u32>().is_ok() => rest.to_owned(),
            _ => line.to_owned(),
        };
        lines.map(unnumbered).collect::<Vec<_>>().join("\n")
    });
    let mut read = 0;
    for round in 0..20_000 {
        let mut text = texts[round % 2].clone();
        for _ in 0..=numbers.below(3) {
            change(&mut text, &mut numbers);
        }
        read += usize::from(surface(&text));
    }
    assert!((1_000..16_000).contains(&read), "{read} are read");
}

/// Changes one thing in a text.
fn change(text: &mut String, numbers: &mut Numbers) {
    let lines: Vec<&str> = text.lines().collect();
    let (line, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
    let words: Vec<&str> = text.split_whitespace().collect();
    let (word, with) = (words[numbers.below(words.len())], words[numbers.below(words.len())]);
    let piece = PIECES[numbers.below(PIECES.len())];
    let mut at = numbers.below(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    match numbers.below(6) {
        0 => text.insert_str(at, piece),
        1 => drop(text.remove(at)),
        2 => *text = text.replacen(word, with, 1),
        3 => {
            let kept: Vec<_> =
                lines.iter().enumerate().filter(|(number, _)| *number != line).map(|(_, line)| *line).collect();
            *text = kept.join("\n");
        }
        4 => {
            let mut lines = lines.clone();
            lines.swap(line, other);
            *text = lines.join("\n");
        }
        _ => {
            let mut lines = lines.clone();
            lines.insert(line, lines[other]);
            *text = lines.join("\n");
        }
    }
    if text.trim().is_empty() {
        *text = "image A".to_owned();
    }
}

#[test]
fn random_pieces_are_no_image() {
    let mut numbers = Numbers::new(13);
    for _ in 0..20_000 {
        let pieces = (0..numbers.below(60)).map(|_| PIECES[numbers.below(PIECES.len())]);
        let text = pieces.collect::<Vec<_>>().join(" ");
        assert!(!surface(&text));
    }
}

/// Texts in which something occurs very often: what is not linear in it would not end.
#[test]
fn long_texts_end() {
    let head = "image A\ntypes\n  Int\nroles\n  A\n";
    let many = 100_000;
    for repeated in [
        "(", "((Int)", "List ", "{ a : ", "\"", "\"a\" ", "| ", "#0 ", "?0 ", "r0 ", "a.", "[0]", "\\", "Int, ", "A ",
        "= ",
    ] {
        let long = repeated.repeat(many);
        for before in ["", "(", "List ", "{ a : ", "T = | A(", "opaque ", "A."] {
            assert!(!surface(&format!("image A\ntypes\n  Int\n  {before}{long}\n")), "{before}{repeated}");
        }
        for section in [
            "labels\n  L(",
            "operations\n  A.",
            "shapes\n  Just of ",
            "role A\n  code\n    r0 = ",
            "role A\n  code\n    r0 = make ",
        ] {
            assert!(!surface(&format!("{head}{section}{long}\n")), "{section}{repeated}");
        }
    }
    let deep: String = (1..many / 4).map(|number| format!("List #{}\n", number - 1)).collect();
    assert!(surface(&format!("image A\ntypes\nInt\n{deep}")));
    let same = "Int\n".repeat(many);
    assert!(surface(&format!("image A\ntypes\n{same}")));
    let rows = "| done -> ?1\n".repeat(many);
    assert!(surface(&format!("image A\nrole ?0\ncode\nenter\n| scope 0\n{rows}")));
    assert!(surface(&format!("image A\nrole ?0\ncode\n{}", "halt\n".repeat(many))));
    let name = "x".repeat(many);
    let union = format!("image A\ntypes\nT = | {name}\nroles\n{name}\nrole {name}\nregisters\nr0 T\ncode\n");
    assert!(surface(&format!("{union}{}", "switch r0\n| ?0 -> ?0\n".repeat(10_000))));
}

/// What is said about one line of code.
fn said(line: &str) -> String {
    let head = "image A\ntypes\nInt\n(Int, Int)\nroles\nA\nB\nlabels\nYes(Int)\nconstants\n1\nshapes\n(Int, Int)\nrole A\ncode\nb0 in s0\n";
    let error = assemble(&format!("{head}{line}\n")).expect_err(line);
    assert_eq!(error.line, 17, "{error}");
    format!("{}:{} {}; {}", error.code, error.column, error.message, error.help)
}

#[test]
fn messages_say_what_fits() {
    for (line, expected) in [
        ("sent B Yes r0", "E0604:1 `sent` is not an instruction; did you mean `send`?"),
        ("r1 == 1", "E0603:5 "),
        ("r1 = ad(r0, r1)", "E0604:6 `ad` is not known here; did you mean `add`?"),
        ("r1 = cuont(r0)", "E0604:6 `cuont` is not known here; did you mean `count`?"),
        ("r1 = foobar(r0)", "E0603:6 `foobar` stands where an operand of the instruction should be; "),
        ("r1 = 7", "E0604:6 `7` is not the name of a constant; list it with the others, or write `?N`"),
        ("r1 = add(r0)", "E0603:12 `)` stands where `,` should be; such a line is written `rN = PRIMITIVE(rN, rN)`"),
        ("r1 = add(r0, r1", "E0603:16 the line ends where `)` should be; "),
        ("r1 = make (Int, Int) (r0)", "E0605:22 this takes 2 registers, not 1; "),
        ("r1 = make (Int, Int) (r0, r2)", "E0605:27 r1 has to follow; "),
        (
            "send B Yes",
            "E0603:11 the line ends where a register should be; such a line is written `send ROLE LABEL rN`",
        ),
        ("send C Yes r0", "E0604:6 `C` is not the name of a role; list it"),
        ("goto b1", "E0604:6 there is no block `b1` here; did you mean `b0`?"),
        ("goto", "E0603:5 the line ends where a block should be; such a line is written `goto BLOCK`"),
        ("choose x", "E0603:8 `x` stands where a choose table `cN` should be; such a line is written `choose cN`"),
        ("| A Yes r0 -> b0", "E0603:1 a row without a table; rows stand below the instruction that uses them first"),
        ("fail asertion 1", "E0604:6 `asertion` is not a fault; did you mean `assertion`?"),
        ("b0 in s1", "E0605:1 a block `b0` was begun before; give it another name"),
        ("7 yield", "E0605:1 `7` is not the number of this place; the number is 0; it can be left out"),
        ("cod", "E0604:1 `cod` is not an instruction; "),
    ] {
        let found = said(line);
        assert!(found.starts_with(expected), "{line}: {found}");
    }
}
