//! An image as text for people: every table, and per role the machine and the code with names resolved.
//!
//! Also for images that are not verified: an index that leads nowhere is printed as `?` and its number.

use crate::hash::content_id;
use crate::image::{ChooseTable, CodeImage, Const, Function, OpMeta, Scope, ScopeTable, Shape};
use crate::instr::{FailKind, Instr, Reg};
use crate::machine::{State, Transition};
use crate::print::{declaration_text, type_text};
use crate::ty::{Type, TypeId};
use std::fmt::Write;

/// The text of an image.
#[must_use]
pub fn disassemble(image: &CodeImage) -> String {
    let names = Names { image };
    let mut out = Out(String::new());
    out.line(0, format_args!("image {}", image.protocol));
    out.line(0, format_args!("id {}", content_id(image)));
    names.tables(&mut out);
    for role in 0..image.functions.len().max(image.machines.len()) {
        out.line(0, format_args!("\nrole {}", names.role(role)));
        if let Some(machine) = image.machines.get(role) {
            out.line(1, "states");
            for (number, state) in machine.states.iter().enumerate() {
                out.line(2, format_args!("s{number} {}", names.state(state)));
            }
        }
        if let Some(function) = image.functions.get(role) {
            names.function(function, &mut out);
        }
    }
    out.0
}

/// Lines at depths of two columns.
struct Out(String);

impl Out {
    fn line(&mut self, depth: usize, text: impl std::fmt::Display) {
        writeln!(self.0, "{:indent$}{text}", "", indent = 2 * depth).expect("writing to a String succeeds");
    }

    fn table<T>(&mut self, title: &str, rows: &[T], text: impl Fn(&T) -> String) {
        if !rows.is_empty() {
            self.line(0, format_args!("\n{title}"));
            for (index, row) in rows.iter().enumerate() {
                self.line(1, format_args!("{index} {}", text(row)));
            }
        }
    }
}

/// The image, for resolving indices.
struct Names<'a> {
    image: &'a CodeImage,
}

/// The entry at `index` as text, or `?` and the index.
fn entry<T>(table: &[T], index: usize, text: impl FnOnce(&T) -> String) -> String {
    table.get(index).map_or_else(|| format!("?{index}"), text)
}

impl Names<'_> {
    fn tables(&self, out: &mut Out) {
        let image = self.image;
        out.table("roles", &image.roles, |role| {
            let params: Vec<_> = role
                .params
                .iter()
                .map(|param| format!("{} : {} in r{}", param.name, self.ty(param.ty), param.reg))
                .collect();
            if params.is_empty() { role.name.clone() } else { format!("{} ({})", role.name, params.join(", ")) }
        });
        out.table("labels", &image.labels, |label| match image.types.get(label.payload.0 as usize) {
            Some(Type::Unit) => label.name.clone(),
            Some(Type::Tuple(_)) => format!("{}{}", label.name, self.ty(label.payload)),
            _ => format!("{}({})", label.name, self.ty(label.payload)),
        });
        let ids: Vec<_> = (0..image.types.len()).map(|id| TypeId(u32::try_from(id).unwrap_or(u32::MAX))).collect();
        out.table("types", &ids, |&id| declaration_text(&image.types, id));
        out.table("effects", &image.effects, |effect| {
            let args: Vec<_> = effect.args.iter().map(|&arg| self.ty(arg)).collect();
            if args.is_empty() { effect.name.clone() } else { format!("{}({})", effect.name, args.join(", ")) }
        });
        out.table("operations", &image.ops, |op| {
            let params: Vec<_> = op.params.iter().map(|&param| self.ty(param)).collect();
            let effect = entry(&image.effects, usize::from(op.effect), |effect| effect.name.clone());
            let signature = format!("({}) -> {}", params.join(", "), self.ty(op.result));
            format!("{effect}.{} : {signature} {}", op.name, meta(&op.meta))
        });
        out.table("constants", &image.consts, constant);
        out.table("shapes", &image.shapes, |shape| self.shape(shape));
        out.table("edges", &image.edges, |edge| {
            let bound = edge.bound.map_or_else(String::new, |bound| format!(" at most {bound}"));
            let lossy = if edge.lossy { " lossy" } else { "" };
            format!("{} -> {}{bound}{lossy}", self.role(usize::from(edge.from)), self.role(usize::from(edge.to)))
        });
        out.table("scopes", &image.scopes, |scope| self.scope(scope));
    }

    fn ty(&self, id: TypeId) -> String {
        type_text(&self.image.types, id)
    }

    fn role(&self, role: usize) -> String {
        entry(&self.image.roles, role, |role| role.name.clone())
    }

    /// Owner, the others, and outcomes of a scope.
    fn scope(&self, scope: &Scope) -> String {
        let Scope { owner, participants, outcomes } = scope;
        let others: Vec<_> =
            participants.iter().filter(|role| *role != owner).map(|&role| self.role(usize::from(role))).collect();
        let with = if others.is_empty() { String::new() } else { format!(" with {}", others.join(", ")) };
        let outcomes: Vec<_> = outcomes.iter().map(|outcome| outcome.text()).collect();
        format!("of {}{with}: {}", self.role(usize::from(*owner)), outcomes.join(" | "))
    }

    /// Partner and label of a communication.
    fn communication(&self, partner: u16, label: u16) -> String {
        let label = entry(&self.image.labels, usize::from(label), |label| label.name.clone());
        format!("{} {label}", self.role(usize::from(partner)))
    }

    fn shape(&self, shape: &Shape) -> String {
        match *shape {
            Shape::Product(ty) => self.ty(ty),
            Shape::Variant(ty, tag) => format!("{} of {}", self.variant(ty, tag), self.ty(ty)),
            Shape::List(ty, len) => format!("{} of {len}", self.ty(ty)),
        }
    }

    fn variant(&self, ty: TypeId, tag: u16) -> String {
        match (self.image.types.get(ty.0 as usize), tag) {
            (Some(Type::Maybe(_)), 0) => "Nothing".to_owned(),
            (Some(Type::Maybe(_)), 1) => "Just".to_owned(),
            (Some(Type::Result(..)), 0) => "Err".to_owned(),
            (Some(Type::Result(..)), 1) => "Ok".to_owned(),
            (Some(Type::Union(_, variants)), _) => entry(variants, usize::from(tag), |(name, _)| name.clone()),
            _ => format!("?{tag}"),
        }
    }

    fn state(&self, state: &State) -> String {
        let rows = |rows: &[Transition]| {
            let row = |row: &Transition| format!("{} -> s{}", self.communication(row.partner, row.label), row.target.0);
            rows.iter().map(row).collect::<Vec<_>>().join(" | ")
        };
        match state {
            State::End => "end".to_owned(),
            State::Send(sends) => format!("send {}", rows(sends)),
            State::Recv { rows: receives, may_end: false } => format!("recv {}", rows(receives)),
            State::Recv { rows: receives, may_end: true } => format!("recv {} | end of session", rows(receives)),
            State::Tau(next) => {
                let next: Vec<_> = next.iter().map(|state| format!("s{}", state.0)).collect();
                format!("silent -> {}", next.join(" | "))
            }
            State::Par { branches, then } => {
                let branches: Vec<_> = branches.iter().map(|state| format!("s{}", state.0)).collect();
                format!("par {} then s{}", branches.join(" | "), then.0)
            }
            State::Scope { scope, body, rows, then } => {
                let row = |(outcome, state): &(crate::image::Outcome, crate::machine::StateId)| {
                    format!(" | {} -> s{}", outcome.text(), state.0)
                };
                let rows: String = rows.iter().map(row).collect();
                format!("scope {scope} -> s{}{rows} then s{}", body.0, then.0)
            }
            State::Join => "join".to_owned(),
        }
    }

    fn function(&self, function: &Function, out: &mut Out) {
        out.line(1, "registers");
        for (reg, &ty) in function.regs.iter().enumerate() {
            out.line(2, format_args!("r{reg} {}", self.ty(ty)));
        }
        out.line(1, "code");
        let mut blocks = function.blocks.iter().enumerate().peekable();
        for (pc, instr) in function.code.iter().enumerate() {
            while let Some((number, block)) = blocks.next_if(|(_, block)| block.pc as usize <= pc) {
                out.line(2, format_args!("b{number} in s{}", block.state.0));
            }
            out.line(3, format_args!("{pc} {}", self.instr(function, instr)));
            for row in self.rows(function, instr) {
                out.line(5, row);
            }
        }
    }

    fn instr(&self, function: &Function, instr: &Instr) -> String {
        let image = self.image;
        match *instr {
            Instr::Send { to, label, val } => format!("send {} r{val}", self.communication(to, label)),
            Instr::Offer { to, label, val } => format!("offer {} r{val}", self.communication(to, label)),
            Instr::Receive { from, label, dst } => format!("receive {} r{dst}", self.communication(from, label)),
            Instr::Choose { table } => match function.chooses.get(table as usize) {
                Some(ChooseTable { finals: Some(finals), .. }) => match function.finals.get(*finals as usize) {
                    Some(_) => "choose, or end of session".to_owned(),
                    None => format!("choose, or end of session ?{finals}"),
                },
                Some(_) => "choose".to_owned(),
                None => format!("choose ?{table}"),
            },
            Instr::Perform { op, args, dst } => {
                let name = |op: &crate::image::Op| {
                    let effect = entry(&image.effects, usize::from(op.effect), |effect| effect.name.clone());
                    format!("{effect}.{}({})", op.name, registers(args, op.params.len()))
                };
                format!("r{dst} = perform {}", entry(&image.ops, usize::from(op), name))
            }
            Instr::Set { dst, value } => format!("r{dst} = {}", entry(&image.consts, value as usize, constant)),
            Instr::Move { dst, src } => format!("r{dst} = r{src}"),
            Instr::Prim { op, dst, a, b } => {
                let args = match op.arity() {
                    1 => format!("r{a}"),
                    2 => format!("r{a}, r{b}"),
                    _ => format!("r{a}, {}", registers(b, 2)),
                };
                format!("r{dst} = {}({args})", op.text())
            }
            Instr::Make { dst, shape, args } => {
                let shape = entry(&image.shapes, usize::from(shape), |shape| self.shape(shape));
                format!("r{dst} = make {shape} from r{args}")
            }
            Instr::Get { dst, src, index } => format!("r{dst} = r{src}.{index}"),
            Instr::Count { dst, src } => format!("r{dst} = count(r{src})"),
            Instr::Switch { val, table } => match function.switches.get(table as usize) {
                Some(_) => format!("switch r{val}"),
                None => format!("switch r{val} ?{table}"),
            },
            Instr::Branch { val, target } => format!("unless r{val} goto {}", block(function, target)),
            Instr::Jump { target } => format!("goto {}", block(function, target)),
            Instr::Yield => "yield".to_owned(),
            Instr::Fail { fault, text } => {
                let text = entry(&image.consts, text as usize, constant);
                format!("fail {} {text}", fail_text(fault))
            }
            Instr::Halt { finals } => match function.finals.get(finals as usize) {
                Some(_) => "halt".to_owned(),
                None => format!("halt ?{finals}"),
            },
            Instr::Spawn { target } => format!("spawn {}", block(function, target)),
            Instr::JoinAll => "join all".to_owned(),
            Instr::Finish => "finish".to_owned(),
            Instr::Enter { scope } => match function.scopes.get(scope as usize) {
                Some(ScopeTable { scope, deadline: Some(reg), .. }) => format!("enter scope {scope} within r{reg}"),
                Some(ScopeTable { scope, deadline: None, .. }) => format!("enter scope {scope}"),
                None => format!("enter ?{scope}"),
            },
            Instr::Exit { scope } => format!("exit {}", scope_of(function, scope)),
            Instr::Leave { scope } => format!("leave {}", scope_of(function, scope)),
        }
    }

    /// The rows of the table an instruction uses.
    fn rows(&self, function: &Function, instr: &Instr) -> Vec<String> {
        match *instr {
            Instr::Choose { table } => {
                let rows = function.chooses.get(table as usize).map_or(&[][..], |table| &table.rows);
                let text = |row: &crate::image::ChooseRow| {
                    let target = block(function, row.target);
                    format!("{} r{} -> {target}", self.communication(row.partner, row.label), row.dst)
                };
                let finals = function.chooses.get(table as usize).and_then(|table| table.finals);
                rows.iter().map(text).chain(finals.into_iter().flat_map(|table| finals_of(function, table))).collect()
            }
            Instr::Switch { val, table } => {
                let ty = function.regs.get(usize::from(val)).copied().unwrap_or(TypeId(u32::MAX));
                let targets = function.switches.get(table as usize).map_or(&[][..], Vec::as_slice);
                let text = |(tag, &to): (u16, &u32)| format!("{} -> {}", self.variant(ty, tag), block(function, to));
                (0..=u16::MAX).zip(targets).map(text).collect()
            }
            Instr::Halt { finals } => finals_of(function, finals).collect(),
            Instr::Enter { scope } => {
                let rows = function.scopes.get(scope as usize).map_or(&[][..], |table| &table.rows);
                let text = |row: &crate::image::ScopeRow| {
                    let bind = row.bind.map_or_else(String::new, |reg| format!(" r{reg}"));
                    format!("{}{bind} -> {}", row.outcome.text(), block(function, row.target))
                };
                rows.iter().map(text).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The names of a finals table and where their values are.
fn finals_of(function: &Function, table: u32) -> impl Iterator<Item = String> {
    let finals = function.finals.get(table as usize).map_or(&[][..], Vec::as_slice);
    finals.iter().map(|value| format!("{} = r{}", value.name, value.reg))
}

/// The scope of a scope table.
fn scope_of(function: &Function, table: u32) -> String {
    entry(&function.scopes, table as usize, |table| format!("scope {}", table.scope))
}

fn registers(first: Reg, len: usize) -> String {
    let first = usize::from(first);
    (first..first + len).map(|reg| format!("r{reg}")).collect::<Vec<_>>().join(", ")
}

/// The block that starts at `pc`.
fn block(function: &Function, pc: u32) -> String {
    match function.blocks.binary_search_by_key(&pc, |block| block.pc) {
        Ok(block) => format!("b{block}"),
        Err(_) => format!("?{pc}"),
    }
}

fn constant(value: &Const) -> String {
    match value {
        Const::Unit => "()".to_owned(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Duration(nanoseconds) => format!("{nanoseconds}ns"),
        Const::Str(text) => format!("{text:?}"),
        Const::Session => "session".to_owned(),
    }
}

const fn fail_text(fault: FailKind) -> &'static str {
    match fault {
        FailKind::Assertion => "assertion",
        FailKind::NoOpenBranch => "no open branch",
        FailKind::Unreachable => "unreachable",
    }
}

fn meta(meta: &OpMeta) -> String {
    let OpMeta { modality, class, may_block, region, agreement, reentrancy } = *meta;
    let progress = if may_block { "may_block" } else { "immediate" };
    let words = [modality.text(), class.text(), progress, region.text(), agreement.text(), reentrancy.text()].join(" ");
    format!("[{words}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_sample_reads_with_its_names() {
        let text = disassemble(&sample::image());
        for line in [
            "  0 Buyer (title : String in r0)",
            "  1 Yes(Int)",
            "  8 Tree = | Leaf | Node(Int, String) | Up(Tree)",
            "  0 std.console.Console.print : (Int) -> Unit [command best_effort may_block session none allow]",
            "  1 Node of Tree",
            "  0 Buyer -> Seller at most 1",
            "    s1 recv Seller Yes -> s2 | Seller No -> s3",
            "    s2 recv Buyer Title -> s1 | end of session",
            "    b0 in s0",
            "      0 send Seller Title r0",
            "          Seller Yes r1 -> b2",
            "      6 r4 = perform std.console.Console.print(r1)",
            "      2 switch r3",
            "          Just -> b2",
            "          Node -> b3",
            "      13 fail unreachable \"too cheap\"",
            "          title = r0",
        ] {
            assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
        }
    }

    #[test]
    fn what_belongs_to_the_end_of_a_session_is_shown() {
        let mut image = sample::image();
        image.functions[1].code[13] = Instr::Yield;
        image.functions[1].finals[0] = vec![crate::image::Final { name: "number".to_owned(), reg: 1 }];
        let text = disassemble(&image);
        let lines = ["      12 choose, or end of session", "          Buyer Title r0 -> b1", "          number = r1"];
        let shown: Vec<_> = text.lines().skip_while(|line| *line != lines[0]).take(3).collect();
        assert_eq!(shown, lines);
        assert!(text.contains("13 yield\n"), "{text}");
        image.functions[1].finals.clear();
        assert!(disassemble(&image).contains("choose, or end of session ?0"));
    }

    #[test]
    fn an_image_with_indices_that_lead_nowhere_is_still_printed() {
        let mut image = sample::image();
        image.labels.clear();
        image.types.clear();
        image.consts.clear();
        image.functions[1].blocks.clear();
        image.functions[1].switches.clear();
        let text = disassemble(&image);
        assert!(text.contains("send Seller ?0 r0"), "{text}");
        assert!(text.contains("switch r3 ?0"), "{text}");
    }
}
