//! Functions of two numbers, with cells, decisions, loops, and operations.

use super::Shared;

/// A function that can be called.
pub(super) struct Function {
    pub(super) name: String,
    /// Whether it performs operations.
    pub(super) performs: bool,
    pub(super) text: String,
}

/// The body of a function that is being written.
struct Writer<'a> {
    shared: &'a mut Shared,
    performs: bool,
    names: Vec<String>,
    cells: Vec<String>,
    lines: Vec<String>,
    depth: usize,
}

impl Shared {
    /// One function without operations, and one or two of any kind.
    pub(super) fn write_functions(&mut self) {
        let count = 2 + self.numbers.below(2);
        for index in 0..count {
            let performs = index > 0 && self.numbers.percent(60);
            let name = format!("f{index}");
            let names = vec!["a".to_owned(), "b".to_owned()];
            let mut writer = Writer { shared: self, performs, names, cells: Vec::new(), lines: Vec::new(), depth: 1 };
            writer.statements(5);
            let result = writer.number();
            writer.end(&result);
            let uses = if performs { " uses Random, Clock, Desk" } else { "" };
            let text = format!("fun {name}(a : Int, b : Int) : Int{uses} =\n{}\n", writer.lines.join("\n"));
            self.functions.push(Function { name, performs, text });
        }
    }
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.lines.push(format!("{}{text}", "  ".repeat(self.depth)));
    }

    fn fresh(&mut self) -> String {
        self.shared.next_name += 1;
        format!("x{}", self.shared.next_name)
    }

    fn number(&mut self) -> String {
        let all = [&self.names[..], &self.cells[..]].concat();
        let (a, b) = (self.shared.numbers.pick(&all).clone(), self.shared.numbers.pick(&all).clone());
        let literal = self.shared.numbers.below(10);
        match self.shared.numbers.below(6) {
            0 => literal.to_string(),
            1 => a,
            2 => format!("min({a}, {literal})"),
            3 => format!("(if {a} < {b} then {a} else {literal})"),
            4 => format!("({a} * {b} - {literal}) % 89"),
            _ => format!("({a} + {b} + {literal}) % 89"),
        }
    }

    fn statements(&mut self, most: usize) {
        let count = 1 + self.shared.numbers.below(most);
        (0..count).for_each(|_| self.statement());
    }

    /// Names and cells of a block end with it.
    fn block(&mut self, most: usize, last: &str) {
        let (names, cells) = (self.names.clone(), self.cells.clone());
        self.depth += 1;
        self.statements(most);
        if !last.is_empty() {
            let value = self.number();
            self.line(&format!("{last}{value}"));
        }
        self.depth -= 1;
        (self.names, self.cells) = (names, cells);
    }

    fn statement(&mut self) {
        let value = self.number();
        let fresh = self.fresh();
        match self.shared.numbers.below(10) {
            0 | 1 => {
                self.line(&format!("var {fresh} : Int = {value}"));
                self.cells.push(fresh);
            }
            2 => {
                self.line(&format!("let {fresh} = {value}"));
                self.names.push(fresh);
            }
            3 | 4 if !self.cells.is_empty() => {
                let cell = self.shared.numbers.pick(&self.cells).clone();
                self.line(&format!("{cell} := {value}"));
            }
            5 if self.depth < 4 => {
                self.line(&format!("loop repeat {value} % 4"));
                self.block(2, "");
            }
            6 if self.depth < 4 => {
                let other = self.number();
                self.line(&format!("if {value} < {other} then"));
                self.block(2, &format!("let {fresh} = "));
                self.line("else");
                self.block(2, &format!("let {fresh} = "));
                self.names.push(fresh);
            }
            7 if self.depth < 4 => {
                self.line(&format!("var {fresh} : Int = 3"));
                self.line(&format!("loop while ({fresh} > 0 && {value} != 5)"));
                self.block(2, "");
                self.line(&format!("  {fresh} := {fresh} - 1"));
            }
            8 if self.performs => {
                let operation = *self.shared.numbers.pick(&["Random.int(1, 9)", "Desk.ask(b)"]);
                self.line(&format!("let {fresh} = do {operation}"));
                self.names.push(fresh);
            }
            9 if self.performs => {
                let failing = format!("Random.bytes(if {value} == 7 then 99_999_999 else 1)");
                let operations = ["Clock.sleep(2ms)", "Clock.sleep(5ms)", &failing];
                let operation = self.shared.numbers.pick(&operations).to_owned();
                self.line(&format!("do {operation}"));
            }
            _ => self.line(&format!("assert {value} < 5000")),
        }
    }

    /// Every path ends with a result.
    fn end(&mut self, result: &str) {
        if self.shared.numbers.percent(60) {
            return self.line(&format!("result {result}"));
        }
        let other = self.number();
        self.line(&format!("case {result} % 3 of"));
        self.line(&format!("  | 0 => result {other}"));
        self.line("  | n =>");
        self.depth += 2;
        self.names.push("n".to_owned());
        let last = self.number();
        self.line(&format!("result n * 2 + {last}"));
        self.depth -= 2;
    }
}
