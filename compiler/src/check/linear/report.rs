//! The rules of receipts and operations in words, one function each.

use super::{Inside, Op, Paths, State};
use tell_language::ast::Name;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

impl Paths<'_, '_> {
    /// Reports with the place where the receipt or operation comes from as second label; the same place only once.
    fn tell(
        &mut self,
        code: &'static str,
        (span, label): (Span, &str),
        text: String,
        others: &[(Span, &str)],
        help: &str,
    ) {
        if !self.reported.insert(span) {
            return;
        }
        let file = self.checker.program.modules[self.checker.module].file;
        let mut diagnostic = self.checker.diagnostic(code, span, text, label);
        for (span, label) in others {
            diagnostic = diagnostic.label(file, *span, *label);
        }
        self.checker.diagnostics.push(diagnostic.help(help));
    }

    fn receipt_text(&self, index: usize) -> (String, Span) {
        let name = self.receipts[index].name;
        (self.checker.text(name.symbol).to_owned(), name.span)
    }

    /// E0504
    pub(super) fn dropped(&mut self, index: usize, end: Span) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("the receipt `{name}` is dropped");
        let end = Span::new(end.end.saturating_sub(1).max(end.start), end.end);
        let help = format!("use it once on every path: `handoff … with {name}`, or pass it in a call");
        self.tell("E0504", (bound, "never used on some path"), text, &[(end, "it goes out of scope here")], &help);
    }

    /// E0504, of a `transfer` without `let`
    pub(super) fn not_bound(&mut self, span: Span) {
        let text = "the receipt of this transfer is dropped".to_owned();
        self.tell("E0504", (span, "nobody can use it"), text, &[], "bind it: `let r = transfer …`");
    }

    /// E0505
    pub(super) fn used_twice(&mut self, index: usize, first: Span, span: Span) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("the receipt `{name}` is used twice");
        let others = [(first, "first used here"), (bound, "bound here")];
        self.tell("E0505", (span, "used again here"), text, &others, "a receipt is good for one use: transfer again");
    }

    /// E0506
    pub(super) fn used_in_one(&mut self, index: usize, used: Span, missing: Span) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("the receipt `{name}` is used in one branch only");
        let others = [(missing, "not used here"), (bound, "bound here")];
        self.tell("E0506", (used, "used here"), text, &others, "use it in every branch, or behind them");
    }

    /// E0507
    pub(super) fn used_inside(&mut self, index: usize, span: Span, inside: Inside) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("the receipt `{name}` comes from outside this `{}`", inside.word);
        let others = [(inside.span, "this may run not at all, or again"), (bound, "bound here")];
        let help = format!("use it before or behind the `{}`, or transfer inside", inside.word);
        self.tell("E0507", (span, "used inside"), text, &others, &help);
        self.reported.insert(bound); // It is not dropped besides.
    }

    /// E0508
    pub(super) fn used_as_value(&mut self, index: usize, span: Span) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("the receipt `{name}` is used as a value");
        let help = format!("a receipt is only good for `handoff … with {name}` and as the argument of a call");
        self.tell("E0508", (span, "not a use of a receipt"), text, &[(bound, "bound here")], &help);
    }

    /// E0509
    pub(super) fn bound_again(&mut self, index: usize, span: Span) {
        let (name, bound) = self.receipt_text(index);
        let text = format!("`{name}` is the name of a receipt and cannot be bound again");
        self.tell("E0509", (span, "bound again here"), text, &[(bound, "the receipt")], "choose another name");
    }

    /// E0510
    pub(super) fn does_not_fit(&mut self, index: usize, span: Span, text: String, other: (Span, &str)) {
        let (_, bound) = self.receipt_text(index);
        let help = "hand an operation of the role that transferred to the role it transferred to";
        self.tell("E0510", (span, "does not fit the receipt"), text, &[(bound, "the receipt"), other], help);
    }

    /// E0510
    pub(super) fn needs_receipt(&mut self, span: Span) {
        let text = "the protocol that is called needs a receipt here".to_owned();
        self.tell("E0510", (span, "not a receipt"), text, &[], "bind one: `let r = transfer Session from A to B`");
    }

    /// E0511
    pub(super) fn not_begun(&mut self, op: Name) {
        let name = self.checker.text(op.symbol).to_owned();
        let text = format!("`{name}` was not begun on every path to this");
        self.tell(
            "E0511",
            (op.span, "nothing to go on with"),
            text,
            &[],
            &format!("begin it first: `begin {name}(…)`"),
        );
    }

    /// E0512
    pub(super) fn ended_before(&mut self, op: Name, known: &Op, ended: Span) {
        let name = self.checker.text(op.symbol).to_owned();
        let others = [(ended, "it ended here"), (known.begun, "begun here")];
        let help = "an operation ends once; begin another";
        self.tell("E0512", (op.span, "too late"), format!("`{name}` has ended already"), &others, help);
    }

    /// E0512
    pub(super) fn begun_before(&mut self, op: Name, begun: Span) {
        let name = self.checker.text(op.symbol).to_owned();
        let help = format!("resolve it first: `resolve {name} as …`");
        let text = format!("`{name}` is begun while it is open");
        self.tell("E0512", (op.span, "begun again here"), text, &[(begun, "first begun here")], &help);
    }

    /// E0513
    pub(super) fn differs(&mut self, op: Symbol, begun: Span, place: Span, missing: Span) {
        let name = self.checker.text(op).to_owned();
        let text = format!("`{name}` is open behind one branch, and not behind another");
        let others = [(missing, "not in this branch"), (begun, "begun here")];
        self.tell("E0513", (place, "changed here"), text, &others, "begin and end it in every branch, or in none");
    }

    /// E0513
    pub(super) fn ends_inside(&mut self, op: Symbol, begun: Span, ended: Span, round: Span) {
        let name = self.checker.text(op).to_owned();
        let text = format!("`{name}` was begun outside, and ends in what may run not at all, or again");
        let others = [(begun, "begun here"), (round, "this may run again, or be left")];
        self.tell("E0513", (ended, "ended here"), text, &others, "end it before or behind this");
    }

    /// E0513
    pub(super) fn stays_open(&mut self, op: Symbol, begun: Span, round: Span) {
        let name = self.checker.text(op).to_owned();
        let text = format!("`{name}` is still open when this goes on");
        let others = [(round, "this may run again, or be left")];
        self.tell(
            "E0513",
            (begun, "begun here"),
            text,
            &others,
            &format!("resolve or invalidate `{name}` before the end"),
        );
    }

    /// E0516
    pub(super) fn still_waits(&mut self, op: Name, work: Name) {
        let (name, wanted) = (self.checker.text(op.symbol).to_owned(), self.checker.text(work.symbol).to_owned());
        let text = format!("`{name}` cannot succeed before `{wanted}` has ended");
        let others = [(work.span, "required for it")];
        let help = format!("begin and resolve `{wanted}` first");
        self.tell("E0516", (op.span, "too early"), text, &others, &help);
    }

    /// E0405
    pub(super) fn too_many(&mut self, span: Span) {
        let text = format!("a body has at most {} receipts and operations in scope", super::MAX_OPEN);
        self.tell("E0405", (span, "one too many"), text, &[], "put some of them into protocols of their own");
    }

    /// E0405
    pub(super) fn too_much_work(&mut self, span: Span) {
        let text = format!("at most {} operations are required for another", super::MAX_WAITS);
        self.tell("E0405", (span, "one too many"), text, &[], "let the work depend on other work in turn");
    }

    /// W0501
    pub(super) fn warn_open(&mut self, state: &State) {
        for (name, op) in state.ops.iter().filter(|(_, op)| op.ended.is_none() && !op.is_broken) {
            let name = self.checker.text(*name).to_owned();
            let help = format!("write `resolve {name} as …` or `invalidate {name}`");
            self.tell("W0501", (op.begun, "begun here"), format!("`{name}` never ends"), &[], &help);
        }
    }
}
