//! The code of a role as text: registers, blocks with their instructions, and tables.
//!
//! A block begins with a line `NAME in sN`; other lines name it where control goes there. [`Writer`] calls blocks by their
//! numbers. Instructions are written and read in `form.rs` and `operand.rs`, rows of tables in `table.rs`.

use super::cursor::{Cursor, Lines, Miss, NOTATION, NUMBER, Read};
use super::form::{Forms, Operands};
use super::name::Names;
use super::section::register;
use super::table::{Begun, TableKind, Tables, Written};
use super::token::TokenKind;
use super::{AsmError, is_heading, state, ty};
use crate::disasm::Page;
use crate::image::{Block, CodeImage, Function};
use crate::instr::{Instr, Kind};
use crate::ty::TypeId;
use std::collections::BTreeMap;

/// How a register, a block and a table of its own are written.
const REGISTER: &str = "rN TYPE";
const BLOCK: &str = "NAME in sN at N";
const TABLE: &str = "choose cN: (or switch wN:, finals fN:, scope eN:, open oN:)";

/// Writes the code of one role.
pub(super) struct Writer<'a> {
    pub(super) image: &'a CodeImage,
    pub(super) names: &'a Names,
    pub(super) function: &'a Function,
    /// The first block at each instruction that starts one.
    starts: BTreeMap<u32, usize>,
    pub(super) tables: Written,
}

/// Writes the code of a role.
pub(crate) fn write(image: &CodeImage, names: &Names, forms: &Forms, function: &Function, page: &mut Page) {
    let mut writer = Writer::new(image, names, function);
    page.line(1, "registers");
    for (reg, ty) in function.regs.iter().enumerate() {
        page.line(2, format_args!("r{reg} {}", names.types.name(ty.0)));
    }
    page.line(1, "code");
    writer.code(forms, page);
    writer.rest(page);
}

/// The line of one instruction, if it is there.
pub(crate) fn write_one(
    image: &CodeImage,
    names: &Names,
    forms: &Forms,
    function: &Function,
    pc: usize,
) -> Option<String> {
    let instr = function.code.get(pc)?;
    let mut writer = Writer { tables: Written::over(), ..Writer::new(image, names, function) };
    Some(forms.write(instr, |operands, index| writer.operand(operands, index)))
}

impl<'a> Writer<'a> {
    fn new(image: &'a CodeImage, names: &'a Names, function: &'a Function) -> Self {
        let mut starts = BTreeMap::new();
        for (number, block) in function.blocks.iter().enumerate() {
            starts.entry(block.pc).or_insert(number);
        }
        Self { image, names, function, starts, tables: Written::new(function) }
    }

    /// The block that starts at an instruction.
    pub(super) fn block(&self, pc: u32) -> String {
        self.starts.get(&pc).map_or_else(|| format!("?{pc}"), |number| format!("b{number}"))
    }

    fn code(&mut self, forms: &Forms, page: &mut Page) {
        let function = self.function;
        let mut blocks = function.blocks.iter().enumerate().peekable();
        for pc in 0..=function.code.len() {
            // Blocks stand in their order; one that is not at its place says where it is.
            while let Some((number, Block { pc: start, state })) =
                blocks.next_if(|(_, block)| block.pc as usize <= pc || block.pc as usize > function.code.len())
            {
                let place = if *start as usize == pc { String::new() } else { format!(" at {start}") };
                page.line(2, format_args!("b{number} in s{}{place}", state.0));
            }
            if let Some(instr) = function.code.get(pc) {
                let text = forms.write(instr, |operands, index| self.operand(operands, index));
                page.line(3, format_args!("{pc} {text}"));
                self.begun(4, page);
            }
        }
    }

    /// The rows of the tables that were begun.
    fn begun(&mut self, depth: usize, page: &mut Page) {
        while let Some(table) = self.tables.begun.pop() {
            for row in self.rows(table) {
                page.line(depth, row);
            }
        }
    }

    /// The tables that nothing uses.
    fn rest(&mut self, page: &mut Page) {
        let mut is_first = true;
        for kind in TableKind::ALL {
            for (line, table) in self.unused(kind) {
                if std::mem::take(&mut is_first) {
                    page.line(1, "tables");
                }
                page.line(2, line);
                self.begin(table);
                self.begun(3, page);
            }
        }
    }
}

/// Reads the code of one role.
pub(super) struct Reader<'a> {
    pub(super) image: &'a CodeImage,
    pub(super) names: &'a Names,
    regs: Vec<TypeId>,
    /// Where each block starts.
    pub(super) starts: BTreeMap<String, u32>,
    pub(super) tables: Tables,
}

/// Reads the code of a role, up to the next one.
pub(crate) fn read(
    image: &CodeImage,
    names: &Names,
    forms: &Forms,
    lines: &mut Lines<'_>,
) -> Result<Function, AsmError> {
    let heading = lines.clone();
    let mut function = Function::default();
    let mut reader = Reader { image, names, regs: Vec::new(), starts: BTreeMap::new(), tables: Tables::default() };
    if lines.heading() == Some("registers") {
        reader.registers(lines)?;
    }
    if lines.heading() == Some("code") {
        lines.advance()?;
        function.blocks = reader.blocks(lines.clone())?;
        reader.code(forms, lines, &mut function)?;
    }
    if lines.heading() == Some("tables") {
        reader.tables(lines)?;
    }
    function.regs = reader.regs;
    let missing = |message| heading.error(Miss::new(0, NUMBER, message, None), TABLE);
    reader.tables.finish(&mut function).map_err(missing)?;
    Ok(function)
}

impl Reader<'_> {
    fn registers(&mut self, lines: &mut Lines<'_>) -> Result<(), AsmError> {
        lines.advance()?;
        while !lines.is_at_end() && !is_heading(lines) {
            let mut cursor = Cursor::new(lines.tokens());
            let ty = self.register(&mut cursor).map_err(|miss| lines.error(miss, REGISTER))?;
            self.regs.push(ty);
            lines.advance()?;
        }
        Ok(())
    }

    fn register(&self, cursor: &mut Cursor<'_, '_>) -> Read<TypeId> {
        let (start, place) = (*cursor, self.regs.len());
        if usize::from(register(cursor)?) != place {
            let help = format!("registers are listed from r0 on: this is r{place}");
            return start.wrong(NUMBER, "this is another register", Some(help));
        }
        let ty = ty::read_reference(self.names, cursor)?;
        cursor.end().map(|()| ty)
    }

    /// The blocks in the lines that follow, before their instructions are read: control goes forward, too.
    fn blocks(&mut self, mut lines: Lines<'_>) -> Result<Vec<Block>, AsmError> {
        let mut blocks = Vec::new();
        let mut pc = 0;
        while !lines.is_at_end() && !is_heading(&lines) {
            if is_block(&lines) {
                let mut cursor = Cursor::new(lines.tokens());
                let block = self.block_line(pc, &mut cursor).map_err(|miss| lines.error(miss, BLOCK))?;
                blocks.push(block);
            } else if lines.first() != "|" {
                pc += 1;
            }
            lines.advance()?;
        }
        Ok(blocks)
    }

    /// `NAME in sN`, at instruction `pc` if it does not say otherwise.
    fn block_line(&mut self, pc: u32, cursor: &mut Cursor<'_, '_>) -> Read<Block> {
        let start = *cursor;
        let name = cursor.name("the name of a block")?;
        cursor.expect("in")?;
        let state = state::id(cursor)?;
        let pc = if cursor.eats("at") { cursor.number("the number of an instruction", u32::MAX)? } else { pc };
        cursor.end()?;
        let message = format!("a block `{name}` was begun before");
        match self.starts.insert(name, pc) {
            None => Ok(Block { pc, state }),
            Some(_) => start.wrong(NUMBER, message, Some("give it another name".to_owned())),
        }
    }

    fn code(&mut self, forms: &Forms, lines: &mut Lines<'_>, function: &mut Function) -> Result<(), AsmError> {
        while !lines.is_at_end() && !is_heading(lines) {
            let tokens = lines.tokens();
            if lines.first() == "|" {
                self.row_line(lines)?;
            } else if is_block(lines) {
                self.tables.begun = None;
            } else {
                let mut cursor = Cursor::new(tokens);
                let place = cursor.place(TokenKind::Number, function.code.len());
                place.map_err(|miss| lines.error(miss, "N INSTRUCTION"))?;
                let (instr, begun) = self.instr(forms, &cursor).map_err(|(miss, form)| lines.error(miss, &form))?;
                self.tables.begun = None;
                if let Some(table) = begun {
                    self.tables.begin(table, &cursor).map_err(|miss| lines.error(miss, TABLE))?;
                }
                function.code.push(instr);
            }
            lines.advance()?;
        }
        Ok(())
    }

    /// An instruction, and the table that begins with it.
    fn instr(&self, forms: &Forms, cursor: &Cursor<'_, '_>) -> Result<(Instr, Option<Begun>), (Miss, String)> {
        // A form that does not fit begins nothing.
        let (mut tried, mut begun) = (None, None);
        let instr = forms.read(cursor, |operands, index, cursor| {
            if tried.replace(operands.row.code) != Some(operands.row.code) {
                begun = None;
            }
            self.operand(operands, index, cursor, &mut begun)
        })?;
        let begun = begun.filter(|_| tried == Some(instr.code()));
        let numbers = instr.operands();
        let operands = Operands { row: &Instr::TABLE[usize::from(instr.code())], values: numbers.as_slice() };
        let ty = operands.of(Kind::Reg).and_then(|reg| self.regs.get(reg as usize)).copied();
        Ok((instr, begun.map(|(kind, number)| Begun { kind, number, ty })))
    }

    fn row_line(&mut self, lines: &Lines<'_>) -> Result<(), AsmError> {
        let form = self.tables.begun.map_or("| …", |table| table.kind.form());
        let mut cursor = Cursor::new(lines.tokens());
        let read = cursor.expect("|").and_then(|()| self.row(&mut cursor));
        read.map_err(|miss| lines.error(miss, form))
    }

    /// Tables that no instruction begins.
    fn tables(&mut self, lines: &mut Lines<'_>) -> Result<(), AsmError> {
        lines.advance()?;
        self.tables.begun = None;
        while !lines.is_at_end() && !is_heading(lines) {
            if lines.first() == "|" {
                self.row_line(lines)?;
            } else {
                let mut cursor = Cursor::new(lines.tokens());
                self.table_line(&mut cursor).map_err(|miss| lines.error(miss, TABLE))?;
            }
            lines.advance()?;
        }
        Ok(())
    }

    fn table_line(&mut self, cursor: &mut Cursor<'_, '_>) -> Read {
        let Some(kind) = TableKind::ALL.into_iter().find(|kind| cursor.eats(kind.word())) else {
            return cursor.expected("a kind of table");
        };
        let mut begun = None;
        let start = *cursor;
        let number = self.table(kind, cursor, &mut begun)?;
        cursor.end()?;
        match begun {
            Some(_) => self.tables.begin(Begun { kind, number, ty: None }, &start),
            None => cursor.wrong(NOTATION, "a table begins with its number and `:`", None),
        }
    }
}

/// Whether the line at hand begins a block.
fn is_block(lines: &Lines<'_>) -> bool {
    matches!(lines.tokens(), [name, is_in, ..] if is_in.text == "in" && matches!(name.kind, TokenKind::Word | TokenKind::Text))
}
