//! The operands of a role's code, each for itself: V1.8, V1.11, V1.12, V1.17, V2.7, V3.1 to V3.5, V3.8, V3.10, V4.1.

use super::table::all_differ;
use super::{Findings, Role, Spot, primitive, register, typing};
use tell_ir::image::{MAX_REGISTERS, Outcome, ScopeTable, Shape};
use tell_ir::instr::{Instr, Reg};
use tell_ir::prim::Prim;
use tell_ir::resource::OpenTable;
use tell_ir::ty::{Type, TypeId};

pub(super) fn check(role: &Role<'_>, found: &mut Findings) {
    found.require(role.function.regs.len() <= MAX_REGISTERS, "V1.12", role.spot("frame", 0));
    frame(role, found);
    for (at, table) in role.function.scopes.iter().enumerate() {
        scope_table(role, table, role.spot("scope table", at), found);
    }
    for (pc, instr) in role.function.code.iter().enumerate() {
        Operands { role, spot: role.at(pc), found }.check(*instr);
    }
    let spot = role.spot("table", 0);
    let mut tables = Operands { role, spot, found };
    tables.choose_tables();
    for (at, _) in role.function.finals.iter().enumerate() {
        tables.finals(at);
    }
    for table in &role.function.opens {
        tables.open_table(table);
    }
}

/// Registers, parameters, and the states of blocks.
fn frame(role: &Role<'_>, found: &mut Findings) {
    let spot = role.spot("frame", 0);
    let is_type = |ty: &TypeId| (ty.0 as usize) < role.image.types.len();
    found.require(role.function.regs.iter().all(is_type), "V1.8", spot);
    let states = role.machine.states.len();
    found.require(role.function.blocks.iter().all(|block| (block.state.0 as usize) < states), "V1.8", spot);
    let params = role.image.roles.get(usize::from(role.number)).map_or(&[][..], |role| &role.params);
    found.require(all_differ(params.iter().map(|param| &param.name)), "V1.11", spot);
    found.require(all_differ(params.iter().map(|param| param.reg)), "V1.11", spot);
    found.require(params.iter().all(|param| role.type_id(param.reg) == Some(param.ty)), "V1.11", spot);
}

/// V1.17, V3.8
fn scope_table(role: &Role<'_>, table: &ScopeTable, spot: Spot, found: &mut Findings) {
    let Some(scope) = role.image.scopes.get(table.scope as usize) else {
        return found.note("V1.8", spot);
    };
    let outcomes: Vec<Outcome> = table.rows.iter().map(|row| row.outcome).collect();
    let keeps_time = scope.owner == role.number && scope.outcomes.contains(&Outcome::Timeout);
    let binds_right = table.rows.iter().all(|row| row.bind.is_none() || row.outcome == Outcome::Fail);
    let is_right = scope.participants.contains(&role.number) && outcomes == scope.outcomes;
    found.require(is_right && binds_right && keeps_time == table.deadline.is_some(), "V1.17", spot);
    let mut operands = Operands { role, spot, found };
    let binds = table.rows.iter().filter_map(|row| row.bind);
    let typed = table.deadline.map(|reg| (reg, Type::Duration)).into_iter().chain(binds.map(|reg| (reg, Type::String)));
    for (reg, ty) in typed {
        operands.inside(reg);
        operands.require(role.type_of(reg) == Some(&ty), "V3.8");
    }
}

/// The operands of one instruction or table.
struct Operands<'a> {
    role: &'a Role<'a>,
    spot: Spot,
    found: &'a mut Findings,
}

impl Operands<'_> {
    fn require(&mut self, holds: bool, rule: &'static str) {
        self.found.require(holds, rule, self.spot);
    }

    fn index(&mut self, index: usize, len: usize) {
        self.require(index < len, "V1.8");
    }

    /// Registers of that type.
    fn typed(&mut self, regs: impl Iterator<Item = Reg>, ty: &Type, rule: &'static str) {
        for reg in regs {
            if self.inside(reg) {
                self.require(self.role.type_of(reg) == Some(ty), rule);
            }
        }
    }

    /// A register of that type.
    fn of(&mut self, reg: Reg, ty: TypeId, rule: &'static str) {
        if self.inside(reg) {
            self.require(self.role.type_id(reg) == Some(ty), rule);
        }
    }

    /// V3.1
    fn inside(&mut self, reg: Reg) -> bool {
        let inside = usize::from(reg) < self.role.function.regs.len();
        self.require(inside, "V3.1");
        inside
    }

    /// Consecutive registers of these types.
    fn all_of(&mut self, first: Reg, types: &[TypeId], rule: &'static str) {
        let regs = register::consecutive(first, types.len());
        // Without any, the place they would begin at is inside or directly behind the frame.
        let begins = usize::from(first) <= self.role.function.regs.len();
        self.require(begins && regs.len() == types.len(), "V3.1");
        for (reg, ty) in regs.into_iter().zip(types) {
            self.of(reg, *ty, rule);
        }
    }

    fn check(&mut self, instr: Instr) {
        let image = self.role.image;
        let function = self.role.function;
        match instr {
            Instr::Send { to, label, val } | Instr::Offer { to, label, val } => self.message(to, label, val),
            Instr::Receive { from, label, dst } => self.message(from, label, dst),
            Instr::Choose { table } => self.index(table as usize, function.chooses.len()),
            Instr::Perform { op, args, dst } => {
                self.index(usize::from(op), image.ops.len());
                if let Some(op) = image.ops.get(usize::from(op)) {
                    self.all_of(args, &op.params, "V3.3");
                    self.of(dst, op.result, "V3.3");
                }
            }
            Instr::Set { dst, value } => {
                self.index(value as usize, image.consts.len());
                if let Some(value) = image.consts.get(value as usize) {
                    self.typed(std::iter::once(dst), &value.ty(), "V3.4");
                }
            }
            Instr::Move { dst, src } => {
                if self.inside(src)
                    && let Some(ty) = self.role.type_id(src)
                {
                    self.of(dst, ty, "V3.4");
                }
            }
            Instr::Prim { op, dst, a, b } => self.primitive(op, dst, (a, b)),
            Instr::Make { dst, shape, args } => {
                self.index(usize::from(shape), image.shapes.len());
                if let Some(shape) = image.shapes.get(usize::from(shape)) {
                    let (Shape::Product(ty) | Shape::Variant(ty, _) | Shape::List(ty, _)) = shape;
                    self.all_of(args, &register::parts(&image.types, shape), "V3.5");
                    self.of(dst, *ty, "V3.5");
                }
            }
            Instr::Get { dst, src, index } => self.component(dst, src, index),
            Instr::Count { dst, src } => {
                if self.inside(src) {
                    self.require(matches!(self.role.type_of(src), Some(Type::List(_))), "V3.5");
                }
                self.typed(std::iter::once(dst), &Type::Int, "V3.5");
            }
            Instr::Switch { val, table } => self.switch(val, table),
            Instr::Branch { val, .. } => self.typed(std::iter::once(val), &Type::Bool, "V3.5"),
            Instr::Fail { text, .. } => self.text(text as usize),
            Instr::Halt { finals } => self.index(finals as usize, function.finals.len()),
            Instr::Enter { scope } | Instr::Exit { scope } | Instr::Leave { scope } => {
                self.index(scope as usize, function.scopes.len());
            }
            Instr::Open { table, dst } => {
                self.index(table as usize, function.opens.len());
                self.typed(std::iter::once(dst), &Type::Endpoint, "V3.10");
            }
            Instr::Close { .. }
            | Instr::Acquire { .. }
            | Instr::Release { .. }
            | Instr::Transfer { .. }
            | Instr::Tag { .. }
            | Instr::Check { .. } => self.resource(instr),
            Instr::Jump { .. }
            | Instr::Yield
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Finish
            | Instr::Fork { .. }
            | Instr::Join
            | Instr::Abort => {}
        }
    }

    /// The text of a fault.
    fn text(&mut self, text: usize) {
        let consts = &self.role.image.consts;
        self.index(text, consts.len());
        self.require(consts.get(text).is_none_or(|text| text.ty() == Type::String), "V3.4");
    }

    /// Partner, label and payload of a message.
    fn message(&mut self, partner: u16, label: u16, payload: Reg) {
        self.index(usize::from(partner), self.role.image.roles.len());
        self.index(usize::from(label), self.role.image.labels.len());
        if let Some(label) = self.role.image.labels.get(usize::from(label)) {
            self.of(payload, label.payload, "V3.2");
        }
    }

    /// V3.4, and V4.1: a primitive is an operation. The second register is there even if only one is read.
    fn primitive(&mut self, op: Prim, dst: Reg, (a, b): (Reg, Reg)) {
        let arity = usize::from(op.arity());
        let mut regs = vec![a];
        regs.extend(register::consecutive(b, arity.max(2) - 1));
        self.require(regs.len() == arity.max(2), "V3.1");
        for reg in regs.iter().chain([&dst]) {
            self.inside(*reg);
            self.require(!self.role.type_of(*reg).is_some_and(Type::is_confined), "V4.1");
        }
        let types: Vec<TypeId> = regs.iter().take(arity).filter_map(|reg| self.role.type_id(*reg)).collect();
        if let Some(result) = self.role.type_id(dst) {
            self.require(primitive::fits(&self.role.image.types, op, &types, result), "V3.4");
        }
    }

    /// V3.5 of `Get`; whether the variant of a union has the component, is a question of what is known there.
    fn component(&mut self, dst: Reg, src: Reg, index: u16) {
        if !self.inside(src) || !self.inside(dst) {
            return;
        }
        let Some(ty) = self.role.type_of(src) else { return };
        let wanted = self.role.type_id(dst);
        let has = |parts: &[TypeId]| parts.get(usize::from(index)).copied() == wanted;
        let fits = match ty {
            Type::List(item) => Some(*item) == wanted,
            Type::Tuple(_) | Type::Record(_) => has(&typing::components(ty)),
            _ => typing::variants(ty).is_some(),
        };
        self.require(fits, "V3.5");
    }

    /// V3.5, V2.7
    fn switch(&mut self, val: Reg, table: u32) {
        self.index(table as usize, self.role.function.switches.len());
        if !self.inside(val) {
            return;
        }
        match self.role.type_of(val).and_then(typing::variants) {
            None => self.require(false, "V3.5"),
            Some(variants) => {
                let targets = self.role.function.switches.get(table as usize);
                self.require(targets.is_none_or(|targets| targets.len() == variants.len()), "V2.7");
            }
        }
    }

    /// V3.10
    fn resource(&mut self, instr: Instr) {
        let resources = &self.role.image.resources;
        let one = std::iter::once;
        match instr {
            Instr::Close { endpoint, dst } => {
                self.typed(one(endpoint), &Type::Endpoint, "V3.10");
                self.typed(one(dst), &Type::String, "V3.10");
            }
            Instr::Acquire { layer, dst: evidence } | Instr::Release { layer, evidence } => {
                self.index(usize::from(layer), resources.layers.len());
                self.typed(one(evidence), &Type::Evidence(layer), "V3.10");
            }
            Instr::Transfer { endpoint, to, bundle } => {
                self.index(usize::from(to), self.role.image.roles.len());
                self.index(usize::from(bundle), resources.bundles.len());
                // It is the payload of a message, too.
                self.typed(one(endpoint), &Type::Endpoint, "V3.2");
                self.typed(one(endpoint), &Type::Endpoint, "V3.10");
            }
            Instr::Tag { fact, dst } => {
                self.index(usize::from(fact), resources.facts.len());
                self.typed(one(dst), &Type::Witness(fact), "V3.10");
            }
            Instr::Check { fact, to, dst } => {
                self.index(usize::from(fact), resources.facts.len());
                self.index(usize::from(to), self.role.image.roles.len());
                self.typed(one(dst), &Type::Bool, "V3.10");
            }
            _ => {}
        }
    }

    fn choose_tables(&mut self) {
        for table in &self.role.function.chooses {
            for row in &table.rows {
                self.message(row.partner, row.label, row.dst);
            }
            if let Some(finals) = table.finals {
                self.index(finals as usize, self.role.function.finals.len());
            }
        }
    }

    fn finals(&mut self, table: usize) {
        for name in self.role.function.finals.get(table).into_iter().flatten() {
            if self.inside(name.reg) {
                self.require(!self.role.type_of(name.reg).is_some_and(Type::is_confined), "V4.1");
            }
        }
    }

    fn open_table(&mut self, table: &OpenTable) {
        let nested = &self.role.image.resources.nested;
        self.index(usize::from(table.nested), nested.len());
        let Some(nested) = nested.get(usize::from(table.nested)) else { return };
        self.require(nested.roles.len() == table.args.len(), "V3.10");
        for ((_, params), args) in nested.roles.iter().zip(&table.args) {
            self.require(params.len() == args.len(), "V3.10");
            for (param, arg) in params.iter().zip(args) {
                self.of(*arg, *param, "V3.10");
            }
        }
    }
}
