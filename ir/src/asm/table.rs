//! Tables of a function: rows of `Choose`, `Switch` and `Halt`, and of scopes.
//!
//! The rows of a table stand below the first instruction that uses it, each behind `|`. There its number is written with a
//! colon, or left out: then it is the one after the table that was written before it. Elsewhere the number alone stands
//! for the table. What no instruction uses is in `tables`.

use super::cursor::{Cursor, Miss, NOTATION, NUMBER, Read};
use super::function::{Reader, Writer};
use super::name::{MAX_NAME, variant_name};
use super::section::{label, register, role, word};
use super::token::{TokenKind, quoted};
use crate::image::{ChooseRow, ChooseTable, Final, Function, Outcome, ScopeRow, ScopeTable};
use crate::instr::{Instr, Kind, Reg};
use crate::resource::OpenTable;
use crate::ty::TypeId;
use std::collections::{BTreeMap, BTreeSet};

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableKind {
    Choose,
    Switch,
    Finals,
    Scope,
    Open,
}

impl TableKind {
    /// All of them: a table may mention one behind it.
    pub(super) const ALL: [Self; 5] = [Self::Choose, Self::Switch, Self::Finals, Self::Scope, Self::Open];

    /// What its numbers begin with.
    const fn letter(self) -> char {
        match self {
            Self::Choose => 'c',
            Self::Switch => 'w',
            Self::Finals => 'f',
            Self::Scope => 'e',
            Self::Open => 'o',
        }
    }

    /// What it is called in `tables`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Switch => "switch",
            Self::Finals => "finals",
            Self::Scope => "scope",
            Self::Open => "open",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Choose => "a choose table `cN`",
            Self::Switch => "a switch table `wN`",
            Self::Finals => "a finals table `fN`",
            Self::Scope => "a scope table `eN`",
            Self::Open => "an open table `oN`",
        }
    }

    /// How a row is written.
    pub(super) const fn form(self) -> &'static str {
        match self {
            Self::Choose => "| ROLE LABEL rN -> BLOCK, or | end",
            Self::Switch => "| VARIANT -> BLOCK",
            Self::Finals => "| NAME = rN",
            Self::Scope => "| scope N within rN, or | OUTCOME rN -> BLOCK",
            Self::Open => "| image N, or | (rN, …)",
        }
    }

    fn len(self, function: &Function) -> usize {
        match self {
            Self::Choose => function.chooses.len(),
            Self::Switch => function.switches.len(),
            Self::Finals => function.finals.len(),
            Self::Scope => function.scopes.len(),
            Self::Open => function.opens.len(),
        }
    }

    const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::ChooseIndex => Some(Self::Choose),
            Kind::SwitchIndex => Some(Self::Switch),
            Kind::FinalsIndex => Some(Self::Finals),
            Kind::ScopeIndex => Some(Self::Scope),
            Kind::OpenIndex => Some(Self::Open),
            _ => None,
        }
    }
}

/// A table whose rows are next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    pub(super) kind: TableKind,
    pub(super) number: u32,
    /// What a switch is on.
    pub(super) ty: Option<TypeId>,
}

/// The tables that are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    uses: [BTreeMap<u32, usize>; TableKind::ALL.len()],
    done: [BTreeSet<u32>; TableKind::ALL.len()],
    last: [Option<u32>; TableKind::ALL.len()],
    /// Whether no rows are written any more.
    is_over: bool,
    /// Tables whose rows are still to be written.
    pub(super) begun: Vec<Begun>,
}

impl Written {
    /// Nothing yet, of that function.
    pub(super) fn new(function: &Function) -> Self {
        let mut written = Self::default();
        let mut note = |kind: TableKind, number: u32| *written.uses[kind as usize].entry(number).or_default() += 1;
        for instr in &function.code {
            let kinds = Instr::TABLE[usize::from(instr.code())].operands;
            for ((_, kind), &number) in kinds.iter().zip(instr.operands().as_slice()) {
                TableKind::of(*kind).into_iter().for_each(|kind| note(kind, number));
            }
        }
        function.chooses.iter().filter_map(|table| table.finals).for_each(|number| note(TableKind::Finals, number));
        written
    }

    /// Everything: numbers stand for tables.
    pub(super) fn over() -> Self {
        Self { is_over: true, ..Self::default() }
    }

    fn begin(&mut self, table: Begun) {
        self.done[table.kind as usize].insert(table.number);
        self.last[table.kind as usize] = Some(table.number);
        self.begun.push(table);
    }
}

impl Writer<'_> {
    /// What stands for a table; its rows follow where it is used first.
    pub(super) fn table(&mut self, kind: TableKind, number: u32, ty: Option<TypeId>) -> String {
        let (letter, tables) = (kind.letter(), &mut self.tables);
        let is_there = (number as usize) < kind.len(self.function);
        if !is_there || tables.is_over || tables.done[kind as usize].contains(&number) {
            return format!("{letter}{number}");
        }
        let is_next = tables.last[kind as usize].map_or(0, |last| last + 1) == number;
        let is_alone = tables.uses[kind as usize].get(&number) == Some(&1);
        tables.begin(Begun { kind, number, ty });
        if is_next && is_alone { String::new() } else { format!("{letter}{number}:") }
    }

    /// The tables nothing uses: each begins with the line given here.
    pub(super) fn unused(&mut self, kind: TableKind) -> Vec<(String, Begun)> {
        let all = (0..).take(kind.len(self.function));
        let unused: Vec<u32> = all.filter(|number| !self.tables.done[kind as usize].contains(number)).collect();
        unused
            .into_iter()
            .map(|number| (format!("{} {}{number}:", kind.word(), kind.letter()), Begun { kind, number, ty: None }))
            .collect()
    }

    /// Begins a table that nothing uses.
    pub(super) fn begin(&mut self, table: Begun) {
        self.tables.begin(table);
    }

    /// The rows of a table.
    pub(super) fn rows(&mut self, table: Begun) -> Vec<String> {
        let function = self.function;
        let index = table.number as usize;
        match table.kind {
            TableKind::Choose => {
                let ChooseTable { rows, finals } = &function.chooses[index];
                let mut out: Vec<_> = rows.iter().map(|row| self.choose_row(row)).collect();
                if let Some(finals) = finals {
                    let finals = self.table(TableKind::Finals, *finals, None);
                    out.push(format!("| end {finals}").trim_end().to_owned());
                }
                out
            }
            TableKind::Switch => {
                let rows = (0..).zip(&function.switches[index]);
                rows.map(|(tag, &target)| format!("| {} -> {}", self.variant(table.ty, tag), self.block(target)))
                    .collect()
            }
            TableKind::Finals => {
                let row = |value: &Final| format!("| {} = r{}", quoted(&value.name), value.reg);
                function.finals[index].iter().map(row).collect()
            }
            TableKind::Scope => {
                let ScopeTable { scope, deadline, rows } = &function.scopes[index];
                let within = deadline.map_or_else(String::new, |reg| format!(" within r{reg}"));
                let row = |row: &ScopeRow| {
                    let bind = row.bind.map_or_else(String::new, |reg| format!(" r{reg}"));
                    format!("| {}{bind} -> {}", row.outcome.text(), self.block(row.target))
                };
                std::iter::once(format!("| scope {scope}{within}")).chain(rows.iter().map(row)).collect()
            }
            TableKind::Open => {
                let OpenTable { nested, args } = &function.opens[index];
                let row = |args: &Vec<Reg>| {
                    let args: Vec<_> = args.iter().map(|reg| format!("r{reg}")).collect();
                    format!("| ({})", args.join(", "))
                };
                std::iter::once(format!("| image {nested}")).chain(args.iter().map(row)).collect()
            }
        }
    }

    fn choose_row(&self, row: &ChooseRow) -> String {
        let (partner, label) = (self.names.roles.name(row.partner.into()), self.names.labels.name(row.label.into()));
        format!("| {partner} {label} r{} -> {}", row.dst, self.block(row.target))
    }

    /// The variant of a row: by its name where the type has one.
    fn variant(&self, ty: Option<TypeId>, tag: u32) -> String {
        let tag_of = u16::try_from(tag).ok();
        match ty.zip(tag_of).and_then(|(ty, tag)| variant_name(&self.image.types, ty, tag)) {
            Some(name) if name.len() <= MAX_NAME => quoted(name),
            _ => format!("?{tag}"),
        }
    }
}

/// The tables that are read, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) chooses: BTreeMap<u32, ChooseTable>,
    pub(super) switches: BTreeMap<u32, Vec<u32>>,
    pub(super) finals: BTreeMap<u32, Vec<Final>>,
    /// With the scope, once it is known.
    pub(super) scopes: BTreeMap<u32, (Option<u32>, ScopeTable)>,
    /// With the nested image, once it is known.
    pub(super) opens: BTreeMap<u32, (Option<u16>, Vec<Vec<Reg>>)>,
    last: [Option<u32>; TableKind::ALL.len()],
    /// The table the next row belongs to.
    pub(super) begun: Option<Begun>,
}

impl Tables {
    /// Begins a table.
    pub(super) fn begin(&mut self, table: Begun, cursor: &Cursor<'_, '_>) -> Read {
        let Begun { kind, number, ty: _ } = table;
        let is_new = match kind {
            TableKind::Choose => self.chooses.insert(number, ChooseTable::default()).is_none(),
            TableKind::Switch => self.switches.insert(number, Vec::new()).is_none(),
            TableKind::Finals => self.finals.insert(number, Vec::new()).is_none(),
            TableKind::Scope => self.scopes.insert(number, (None, ScopeTable::default())).is_none(),
            TableKind::Open => self.opens.insert(number, (None, Vec::new())).is_none(),
        };
        if !is_new {
            let help = "without `:` it stands for the table that was written before".to_owned();
            return cursor.wrong(NUMBER, format!("`{}{number}` is written twice", kind.letter()), Some(help));
        }
        self.last[kind as usize] = Some(number);
        self.begun = Some(table);
        Ok(())
    }
}

impl Reader<'_> {
    /// A table: its number, that with a colon, or nothing.
    pub(super) fn table(
        &self,
        kind: TableKind,
        cursor: &mut Cursor<'_, '_>,
        begun: &mut Option<(TableKind, u32)>,
    ) -> Read<u32> {
        if cursor.peek().is_none() {
            let number = self.tables.last[kind as usize].map_or(0, |last| last.saturating_add(1));
            *begun = Some((kind, number));
            return Ok(number);
        }
        let number = cursor.lettered(kind.letter(), kind.what(), u32::MAX)?;
        if cursor.eats(":") {
            *begun = Some((kind, number));
        }
        Ok(number)
    }

    /// Reads a row of the table that was begun, behind its `|`.
    pub(super) fn row(&mut self, cursor: &mut Cursor<'_, '_>) -> Read {
        let Some(Begun { kind, number, ty }) = self.tables.begun else {
            let help = "rows stand below the instruction that uses them first".to_owned();
            return Err(Miss::new(0, NOTATION, "a row without a table", Some(help)));
        };
        match kind {
            TableKind::Choose => return self.choose(number, cursor),
            TableKind::Switch => {
                let target = self.switch_row(number, ty, cursor)?;
                cursor.end()?;
                self.tables.switches.entry(number).or_default().push(target);
            }
            TableKind::Finals => {
                let name = cursor.name("the name of a value")?;
                cursor.expect("=")?;
                let reg = register(cursor)?;
                cursor.end()?;
                self.tables.finals.entry(number).or_default().push(Final { name, reg });
            }
            TableKind::Scope => return self.scope_row(number, cursor),
            TableKind::Open => return self.open_row(number, cursor),
        }
        Ok(())
    }

    fn choose(&mut self, number: u32, cursor: &mut Cursor<'_, '_>) -> Read {
        if cursor.eats("end") {
            let mut begun = None;
            let finals = self.table(TableKind::Finals, cursor, &mut begun)?;
            cursor.end()?;
            self.tables.chooses.entry(number).or_default().finals = Some(finals);
            self.tables.begun = None;
            return match begun {
                Some((kind, number)) => self.tables.begin(Begun { kind, number, ty: None }, cursor),
                None => Ok(()),
            };
        }
        let (partner, label, dst) = (role(self.names, cursor)?, label(self.names, cursor)?, register(cursor)?);
        cursor.expect("->")?;
        let target = self.target(cursor)?;
        cursor.end()?;
        self.tables.chooses.entry(number).or_default().rows.push(ChooseRow { partner, label, dst, target });
        Ok(())
    }

    /// Rows are in the order of the variants: a name has to be that of its place.
    fn switch_row(&self, number: u32, ty: Option<TypeId>, cursor: &mut Cursor<'_, '_>) -> Read<u32> {
        let place = self.tables.switches.get(&number).map_or(0, Vec::len);
        let name = u16::try_from(place).ok().and_then(|tag| variant_name(&self.image.types, ty?, tag));
        let start = *cursor;
        let is_right = match cursor.peek() {
            Some(token) if matches!(token.kind, TokenKind::Entry | TokenKind::Raw) => {
                cursor.at += 1;
                token.text[1..].parse() == Ok(place)
            }
            _ => Some(cursor.name("a variant")?.as_str()) == name,
        };
        if !is_right {
            let help = match name {
                Some(name) => format!("row {place} is that of `{name}`: rows are in the order of the variants"),
                None => format!("row {place} is written `?{place}`: no type says what it is of"),
            };
            return start.wrong(NUMBER, "this is another row", Some(help));
        }
        cursor.expect("->")?;
        self.target(cursor)
    }

    fn scope_row(&mut self, number: u32, cursor: &mut Cursor<'_, '_>) -> Read {
        if cursor.sees("scope") {
            if self.tables.scopes.get(&number).is_some_and(|(known, _)| known.is_some()) {
                return cursor.wrong(NOTATION, "the scope of this table is written twice", None);
            }
            cursor.at += 1;
            let scope = cursor.number("the number of a scope", u32::MAX)?;
            let deadline = if cursor.eats("within") { Some(register(cursor)?) } else { None };
            cursor.end()?;
            let (known, table) = self.tables.scopes.entry(number).or_default();
            *known = Some(scope);
            (table.scope, table.deadline) = (scope, deadline);
            return Ok(());
        }
        let outcome = word(cursor, "an outcome", Outcome::ALL)?;
        let bind = if cursor.sees("->") { None } else { Some(register(cursor)?) };
        cursor.expect("->")?;
        let target = self.target(cursor)?;
        cursor.end()?;
        let (_, table) = self.tables.scopes.entry(number).or_default();
        table.rows.push(ScopeRow { outcome, bind, target });
        Ok(())
    }
}

impl Reader<'_> {
    fn open_row(&mut self, number: u32, cursor: &mut Cursor<'_, '_>) -> Read {
        let (known, args) = self.tables.opens.entry(number).or_default();
        if cursor.sees("image") {
            if known.is_some() {
                return cursor.wrong(NOTATION, "the image of this table is written twice", None);
            }
            cursor.at += 1;
            let nested = cursor.number("the number of a nested image", u16::MAX.into())?;
            *known = u16::try_from(nested).ok();
            return cursor.end();
        }
        cursor.expect("(")?;
        let mut registers = Vec::new();
        while !cursor.eats(")") {
            if !registers.is_empty() {
                cursor.expect(",")?;
            }
            registers.push(register(cursor)?);
        }
        args.push(registers);
        cursor.end()
    }
}

impl Tables {
    /// Puts the tables into their function; says which one is missing.
    pub(super) fn finish(self, function: &mut Function) -> Result<(), String> {
        let Self { chooses, switches, finals, scopes, opens, last: _, begun: _ } = self;
        if let Some((number, _)) = scopes.iter().find(|(_, (scope, _))| scope.is_none()) {
            return Err(format!("scope table `e{number}` does not say which scope it is of: `| scope N`"));
        }
        if let Some((number, _)) = opens.iter().find(|(_, (nested, _))| nested.is_none()) {
            return Err(format!("open table `o{number}` does not say which image it opens: `| image N`"));
        }
        let opens = in_order(TableKind::Open, opens)?.into_iter();
        let open = |(nested, args): (Option<u16>, _)| OpenTable { nested: nested.unwrap_or(u16::MAX), args };
        function.opens = opens.map(open).collect();
        function.chooses = in_order(TableKind::Choose, chooses)?;
        function.switches = in_order(TableKind::Switch, switches)?;
        function.finals = in_order(TableKind::Finals, finals)?;
        function.scopes = in_order(TableKind::Scope, scopes)?.into_iter().map(|(_, table)| table).collect();
        Ok(())
    }
}

fn in_order<T>(kind: TableKind, tables: BTreeMap<u32, T>) -> Result<Vec<T>, String> {
    match (0..).zip(tables.keys()).find(|(place, number)| place != *number) {
        Some((place, number)) => {
            let letter = kind.letter();
            Err(format!("there is a table `{letter}{number}`, but no `{letter}{place}`"))
        }
        None => Ok(tables.into_values().collect()),
    }
}
