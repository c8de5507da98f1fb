//! The text of an image: what [`crate::disasm`] writes, [`assemble`] reads.
//!
//! The text holds everything but the positions of the source. `assemble(&disassemble(&image))` is `image` for every image
//! without them, verified or not: a number that leads nowhere is written as `?N`. `docs/assembler.md` describes it.
//!
//! Each part of an image has a file in which it is written and read: `section` the tables that roles share (with `ty`,
//! `constant` and `shape` for their entries), `state` the machines, `function` the code (with `form` and `operand` for
//! instructions, `table` for rows). `name` says what stands for an index; `token` and `cursor` are lines, tokens and
//! mistakes. An instruction of known operands is one row in `crate::instr`; an operand of a new kind, a table and a state
//! are two functions side by side.

pub(crate) mod constant;
mod cursor;
pub(crate) mod form;
pub(crate) mod function;
pub(crate) mod name;
mod near;
pub(crate) mod node;
mod operand;
mod resource;
pub(crate) mod section;
mod shape;
pub(crate) mod state;
mod table;
pub(crate) mod token;
mod ty;

#[cfg(test)]
pub(crate) mod tests;

use crate::hash::content_id;
use crate::image::CodeImage;
use crate::machine::LocalMachine;
use cursor::{CONTENT, Cursor, Lines, Miss, NOTATION, NUMBER, Read};
use form::Forms;
use name::Names;
use section::SECTIONS;
use std::fmt;
use token::TokenKind;

/// Longest text, in bytes.
pub const MAX_TEXT: usize = 64 << 20;

/// Why a text is not that of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// The code of its page in `docs/errors`.
    pub code: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// Where in the line, in characters from 1.
    pub column: usize,
    /// How many characters it is about.
    pub width: usize,
    /// What is wrong there.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, line, column, message, help, .. } = self;
        write!(f, "{code} @ {line}:{column}: {message} ({help})")
    }
}

impl std::error::Error for AsmError {}

/// Headings of the parts of a role.
const PARTS: [&str; 4] = ["states", "registers", "code", "tables"];

/// Reads the text of an image. Total: any text gives an image, which may well not verify, or an error; the work is linear
/// in the text.
///
/// # Errors
/// The first mistake.
pub fn assemble(text: &str) -> Result<CodeImage, AsmError> {
    if text.len() > MAX_TEXT {
        let message = format!("the text is longer than {} MiB", MAX_TEXT >> 20);
        let help = "an image of this size is made by a program".to_owned();
        return Err(AsmError { code: NUMBER, line: 1, column: 1, width: 1, message, help });
    }
    let mut lines = Lines::new(text)?;
    let mut image = CodeImage::default();
    let mut names = Names::default();
    image.protocol = one_line(&mut lines, "image NAME", |cursor| {
        cursor.expect("image")?;
        cursor.name("the name of the protocol")
    })?;
    let id = (lines.first() == "id").then(|| lines.clone());
    if id.is_some() {
        lines.advance()?;
    }
    for section in SECTIONS {
        if lines.heading() == Some(section.title) {
            lines.advance()?;
            if section.title == "types" {
                names.types = ty::expected(lines.clone())?;
            }
            while !lines.is_at_end() && !is_heading(&lines) {
                let mut cursor = Cursor::new(lines.tokens());
                let read = cursor.place(TokenKind::Entry, (section.count)(&image));
                let read = read.and_then(|()| (section.read)(&mut image, &names, &mut cursor));
                read.and_then(|()| cursor.end()).map_err(|miss| lines.error(miss, section.form))?;
                lines.advance()?;
            }
        }
        (section.note)(&image, &mut names);
    }
    let forms = Forms::new();
    for number in 0.. {
        if lines.is_at_end() {
            break;
        }
        role(number, &mut image, &names, &forms, &mut lines)?;
    }
    match id {
        Some(line) => has_id(&image, &line).map(|()| image),
        None => Ok(image),
    }
}

/// Reads a line of its own.
fn one_line<'t, T>(
    lines: &mut Lines<'t>,
    form: &str,
    read: impl for<'a> FnOnce(&mut Cursor<'a, 't>) -> Read<T>,
) -> Result<T, AsmError> {
    let mut cursor = Cursor::new(lines.tokens());
    let read = read(&mut cursor).and_then(|value| cursor.end().map(|()| value));
    let value = read.map_err(|miss| lines.error(miss, form))?;
    lines.advance()?;
    Ok(value)
}

/// Whether the line at hand is the heading of a table, a role or a part of one.
fn is_heading(lines: &Lines<'_>) -> bool {
    let is_title = |word: &str| PARTS.contains(&word) || SECTIONS.iter().any(|section| section.title == word);
    lines.heading().is_some_and(is_title) || lines.first() == "role" && lines.tokens().len() > 1
}

/// Reads the machine and the code of a role.
fn role(
    number: u32,
    image: &mut CodeImage,
    names: &Names,
    forms: &Forms,
    lines: &mut Lines<'_>,
) -> Result<(), AsmError> {
    one_line(lines, "role NAME", |cursor| role_heading(number, names, cursor))?;
    if lines.heading() == Some("states") {
        in_its_turn(image.machines.len(), number, "states", lines)?;
        let machine = machine(names, lines)?;
        image.machines.push(machine);
    }
    if lines.heading().is_some_and(|heading| PARTS[1..].contains(&heading)) {
        in_its_turn(image.functions.len(), number, "code", lines)?;
        let function = function::read(image, names, forms, lines)?;
        image.functions.push(function);
    }
    Ok(())
}

fn role_heading(number: u32, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    if !cursor.sees("role") {
        let titles = SECTIONS.iter().map(|section| section.title).chain(PARTS);
        let found = cursor.peek().map_or("", |token| token.text);
        return match titles.clone().find(|title| *title == found) {
            Some(title) => {
                let order: Vec<_> = titles.collect();
                let help = format!("headings are in this order: {}; the last four for each role", order.join(", "));
                cursor.wrong(NOTATION, format!("`{title}` comes too late here"), Some(help))
            }
            None if number == 0 => Err(cursor::unknown_word(cursor, "a heading", titles.chain(["role"]))),
            None => cursor.expected("role"),
        };
    }
    cursor.at += 1;
    let start = *cursor;
    // More roles than there are names for have numbers.
    let found = match cursor.entry(names.roles.len(), u32::MAX)? {
        Some(found) => found,
        None => section::role(names, cursor)?.into(),
    };
    if found != number {
        let help = format!("roles are in the order of `roles`: this is the place of `{}`", names.roles.name(number));
        return start.wrong(NUMBER, "this is the place of another role", Some(help));
    }
    Ok(())
}

/// A part that the roles before do not have cannot be there.
fn in_its_turn(before: usize, number: u32, what: &str, lines: &Lines<'_>) -> Result<(), AsmError> {
    if before == number as usize {
        return Ok(());
    }
    let help = format!("write `{what}` for all roles before this one, too");
    let miss = Miss::new(0, NUMBER, format!("a role before has no `{what}`"), Some(help));
    Err(lines.error(miss, "role NAME"))
}

fn machine(names: &Names, lines: &mut Lines<'_>) -> Result<LocalMachine, AsmError> {
    let mut machine = LocalMachine::default();
    lines.advance()?;
    while !lines.is_at_end() && !is_heading(lines) {
        let mut cursor = Cursor::new(lines.tokens());
        let place = machine.states.len();
        if node::LOOSE.contains(&lines.first()) {
            let read = node::read_loose(&mut machine, &mut cursor).and_then(|()| cursor.end());
            read.map_err(|miss| lines.error(miss, "entry sN nN, or decision sN nN"))?;
            lines.advance()?;
            continue;
        }
        let read = state::id(&mut cursor).and_then(|id| match id.0 as usize == place {
            true => node::read_places(&mut machine, id, &mut cursor).and_then(|()| state::read(names, &mut cursor)),
            false => {
                let help = format!("states are listed from s0 on: this is s{place}");
                Err(Miss::new(0, NUMBER, "this is another state", Some(help)))
            }
        });
        let read = read.and_then(|state| cursor.end().map(|()| state));
        machine.states.push(read.map_err(|miss| lines.error(miss, state::FORM))?);
        lines.advance()?;
    }
    Ok(machine)
}

/// Compares the id that is written with that of the image.
fn has_id(image: &CodeImage, line: &Lines<'_>) -> Result<(), AsmError> {
    let id = content_id(image).to_string();
    let tokens = line.tokens();
    let written: String = tokens[1..].iter().map(|token| token.text).collect();
    if written == id {
        return Ok(());
    }
    let help = format!("leave the line out, or write `id {id}`");
    let miss = Miss::new(1, CONTENT, "this is not the content id of the image below", Some(help));
    Err(line.error(miss, "id ID"))
}
