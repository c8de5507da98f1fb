//! How instructions are written: the forms of [`Instr::TABLE`], for both directions.

use super::cursor::{Cursor, Miss, Problem, Read, unknown_word};
use super::token::{Token, lex};
use crate::instr::{Instr, Kind, Row};

/// A part of a form.
#[derive(Clone, Debug)]
enum Piece {
    /// A word or mark.
    Literal(&'static str),
    /// The operand of that number.
    Operand(usize),
}

/// How one instruction is written.
#[derive(Clone, Debug)]
struct Form {
    row: &'static Row,
    pieces: Vec<Piece>,
}

/// How all instructions are written.
#[derive(Clone, Debug)]
pub(crate) struct Forms(Vec<Form>);

/// Most operands of an instruction.
pub(crate) const MAX_OPERANDS: usize = 4;

/// The operands of an instruction as far as they are known.
pub(crate) struct Operands<'a> {
    pub(crate) row: &'static Row,
    pub(crate) values: &'a [u32],
}

impl Operands<'_> {
    /// The first operand of that kind.
    pub(crate) fn of(&self, kind: Kind) -> Option<u32> {
        let index = self.row.operands.iter().position(|(_, found)| *found == kind)?;
        self.values.get(index).copied()
    }
}

impl Forms {
    /// Of this version of the machine.
    pub(crate) fn new() -> Self {
        Self(Instr::TABLE.iter().map(|row| Form { row, pieces: pieces(row) }).collect())
    }

    /// An instruction; `operand` writes the operand of that number.
    pub(crate) fn write(&self, instr: &Instr, mut operand: impl FnMut(&Operands<'_>, usize) -> String) -> String {
        let row = &Instr::TABLE[usize::from(instr.code())];
        let numbers = instr.operands();
        let operands = Operands { row, values: numbers.as_slice() };
        let mut out = String::new();
        parts(row, |part| match part {
            Part::Text(text) => out.push_str(text),
            Part::Operand(index) => out.push_str(&operand(&operands, index)),
        });
        out.truncate(out.trim_end().len());
        out
    }

    /// Reads an instruction; `operand` reads the operand of that number. What the line comes closest to says why it is none.
    pub(crate) fn read<'a, 't>(
        &self,
        cursor: &Cursor<'a, 't>,
        mut operand: impl FnMut(&Operands<'_>, usize, &mut Cursor<'a, 't>) -> Read<u32>,
    ) -> Result<Instr, (Miss, String)> {
        let head = cursor.peek().map_or("", |token| token.text);
        let named = self.0.iter().filter(|form| matches!(form.pieces[0], Piece::Literal(word) if word == head));
        let mut forms: Vec<&Form> = named.collect();
        if forms.is_empty() && cursor.tokens.get(cursor.at + 1).is_some_and(|token| token.text == "=") {
            forms = self.0.iter().filter(|form| matches!(form.pieces[0], Piece::Operand(_))).collect();
        }
        let mut misses: Vec<(Miss, &Form)> = Vec::new();
        for form in forms {
            match form.read(*cursor, &mut operand) {
                Ok(instr) => return Ok(instr),
                Err(miss) => misses.push((miss, form)),
            }
        }
        Err(self.closest(cursor, misses))
    }

    /// Why no form fits, and the form that is closest.
    fn closest(&self, cursor: &Cursor<'_, '_>, misses: Vec<(Miss, &Form)>) -> (Miss, String) {
        let farthest = misses.iter().map(|(miss, _)| miss.at).max();
        let Some(farthest) = farthest else {
            let heads = self.0.iter().filter_map(|form| match form.pieces[0] {
                Piece::Literal(word) => Some(word),
                Piece::Operand(_) => None,
            });
            return (unknown_word(cursor, "an instruction", heads), "send ROLE LABEL rN".to_owned());
        };
        let mut misses = misses.into_iter().filter(|(miss, _)| miss.at == farthest).collect::<Vec<_>>();
        let wrong = misses.iter().position(|(miss, _)| matches!(miss.problem, Problem::Wrong { .. }));
        if misses.len() == 1 || wrong.is_some() {
            let (miss, form) = misses.swap_remove(wrong.unwrap_or(0));
            return (miss, form.usage());
        }
        // Several forms go on in different ways: one of their words may be meant.
        let words = misses.iter().flat_map(|(miss, form)| form.words(miss));
        let place = Cursor { at: farthest, ..*cursor };
        let found = place.peek().map_or("", |token| token.text);
        let near = super::near::nearest(found, words);
        let usages: Vec<_> = misses.iter().map(|(_, form)| form.usage()).collect();
        let miss = match near {
            Some(_) => unknown_word(&place, "known here", near),
            None => Miss { at: farthest, problem: Problem::Expected("an operand of the instruction") },
        };
        (miss, usages.join("`, `"))
    }
}

impl Form {
    fn read<'a, 't>(
        &self,
        mut cursor: Cursor<'a, 't>,
        operand: &mut impl FnMut(&Operands<'_>, usize, &mut Cursor<'a, 't>) -> Read<u32>,
    ) -> Read<Instr> {
        let mut values = [0; MAX_OPERANDS];
        for piece in &self.pieces {
            match *piece {
                Piece::Literal(text) => cursor.expect(text)?,
                Piece::Operand(index) => {
                    values[index] = operand(&Operands { row: self.row, values: &values }, index, &mut cursor)?;
                }
            }
        }
        cursor.end()?;
        let values = &values[..self.row.operands.len()];
        Ok(Instr::from_operands(self.row.code, values).expect("operands are compared with the greatest"))
    }

    /// The form with a word for each operand.
    fn usage(&self) -> String {
        let mut out = String::new();
        parts(self.row, |part| match part {
            Part::Text(text) => out.push_str(text),
            Part::Operand(index) => out.push_str(self.row.operands[index].1.form()),
        });
        out
    }

    /// The words that could stand where this form does not fit.
    fn words(&self, miss: &Miss) -> Vec<&'static str> {
        match miss.problem {
            Problem::Expected(word)
                if self.pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if *text == word)) =>
            {
                vec![word]
            }
            _ if self.row.operands.iter().any(|(_, kind)| *kind == Kind::Prim) => {
                crate::prim::Prim::ALL.iter().map(|prim| prim.text()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A part of a form as it is written.
enum Part {
    Text(&'static str),
    Operand(usize),
}

/// Goes through the form of an instruction.
fn parts(row: &'static Row, mut visit: impl FnMut(Part)) {
    let mut rest = row.form;
    while let Some((text, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').expect("a brace of a form is closed");
        visit(Part::Text(text));
        let index = row.operands.iter().position(|(operand, _)| *operand == name);
        visit(Part::Operand(index.expect("a form names operands of its instruction")));
        rest = after;
    }
    visit(Part::Text(rest));
}

fn pieces(row: &'static Row) -> Vec<Piece> {
    let mut pieces = Vec::new();
    parts(row, |part| match part {
        Part::Text(text) => {
            let mut tokens: Vec<Token<'static>> = Vec::new();
            lex(text, &mut tokens).expect("the words of a form are tokens");
            pieces.extend(tokens.iter().map(|token| Piece::Literal(token.text)));
        }
        Part::Operand(index) => pieces.push(Piece::Operand(index)),
    });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_every_operand_once() {
        for (form, row) in Forms::new().0.iter().zip(Instr::TABLE) {
            let mut operands: Vec<_> = form
                .pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Operand(index) => Some(*index),
                    Piece::Literal(_) => None,
                })
                .collect();
            operands.sort_unstable();
            assert_eq!(operands, (0..row.operands.len()).collect::<Vec<_>>(), "{}", row.name);
            assert!(row.operands.len() <= MAX_OPERANDS, "{}", row.name);
        }
    }

    #[test]
    fn an_operation_or_shape_is_read_before_its_registers() {
        for form in &Forms::new().0 {
            let at = |wanted: &[Kind]| {
                let kinds = form.pieces.iter().map(|piece| match piece {
                    Piece::Operand(index) => Some(form.row.operands[*index].1),
                    Piece::Literal(_) => None,
                });
                kinds.into_iter().position(|kind| kind.is_some_and(|kind| wanted.contains(&kind)))
            };
            for (late, early) in [(Kind::Args, [Kind::OpIndex, Kind::ShapeIndex]), (Kind::Second, [Kind::Prim; 2])] {
                if let Some(late) = at(&[late]) {
                    assert!(at(&early).is_some_and(|early| early < late), "{}", form.row.name);
                }
            }
        }
    }
}
