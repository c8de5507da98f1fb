//! The canonical encoding of an image, part by part.

use super::{Canon, Canonical};
use crate::choreography::{Node, NodeId, Place};
use crate::image::{
    ChooseTable, CodeImage, Const, Edge, Effect, Final, Function, Label, Op, OpMeta, Outcome, Param, Role, Scope,
    ScopeTable, Shape,
};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::resource::{Bundle, Fact, Layer, Nested, OpenTable, Reach, Resources};
use crate::ty::{Type, TypeId};

/// The canonical encoding of everything but the debug section.
pub(super) fn write_image(image: &CodeImage, out: &mut Canonical) {
    let CodeImage {
        protocol,
        roles,
        labels,
        types,
        effects,
        ops,
        consts,
        shapes,
        functions,
        machines,
        choreography,
        edges,
        scopes,
        resources,
        debug: _,
    } = image;
    out.text(protocol);
    out.list(roles);
    out.list(labels);
    out.list(types);
    out.list(effects);
    out.list(ops);
    out.list(consts);
    out.list(shapes);
    out.list(functions);
    out.list(machines);
    out.list(&choreography.nodes);
    out.list(edges);
    out.list(scopes);
    resources.write(out);
}

impl Canon for TypeId {
    fn write(&self, out: &mut Canonical) {
        out.word(self.0);
    }
}

impl Canon for StateId {
    fn write(&self, out: &mut Canonical) {
        out.word(self.0);
    }
}

impl Canon for u16 {
    fn write(&self, out: &mut Canonical) {
        out.short(*self);
    }
}

impl Canon for Outcome {
    fn write(&self, out: &mut Canonical) {
        out.byte(*self as u8);
    }
}

impl Canon for u32 {
    fn write(&self, out: &mut Canonical) {
        out.word(*self);
    }
}

impl<T: Canon> Canon for Vec<T> {
    fn write(&self, out: &mut Canonical) {
        out.list(self);
    }
}

impl<T: Canon> Canon for (String, T) {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.0);
        self.1.write(out);
    }
}

impl Canon for Role {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        out.list(&self.params);
    }
}

impl Canon for Param {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        self.ty.write(out);
        out.short(self.reg);
    }
}

impl Canon for Label {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        self.payload.write(out);
    }
}

impl Canon for Type {
    fn write(&self, out: &mut Canonical) {
        match self {
            Self::Unit => out.byte(0),
            Self::Bool => out.byte(1),
            Self::Int => out.byte(2),
            Self::String => out.byte(3),
            Self::Bytes => out.byte(4),
            Self::Duration => out.byte(5),
            Self::Session => out.byte(6),
            Self::Role => out.byte(7),
            Self::List(item) => {
                out.byte(8);
                item.write(out);
            }
            Self::Maybe(item) => {
                out.byte(9);
                item.write(out);
            }
            Self::Result(error, item) => {
                out.byte(10);
                error.write(out);
                item.write(out);
            }
            Self::Map(key, value) => {
                out.byte(11);
                key.write(out);
                value.write(out);
            }
            Self::Tuple(items) => {
                out.byte(12);
                out.list(items);
            }
            Self::Record(fields) => {
                out.byte(13);
                out.list(fields);
            }
            Self::Union(name, variants) => {
                out.byte(14);
                out.text(name);
                out.list(variants);
            }
            Self::Opaque(name) => {
                out.byte(15);
                out.text(name);
            }
            Self::Endpoint => out.byte(16),
            Self::Evidence(layer) => {
                out.byte(17);
                out.short(*layer);
            }
            Self::Witness(fact) => {
                out.byte(18);
                out.short(*fact);
            }
        }
    }
}

impl Canon for Effect {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        out.list(&self.args);
    }
}

impl Canon for Op {
    fn write(&self, out: &mut Canonical) {
        out.short(self.effect);
        out.text(&self.name);
        out.list(&self.params);
        self.result.write(out);
        let OpMeta { modality, class, may_block, region, agreement, reentrancy } = self.meta;
        out.byte(modality as u8);
        out.byte(class as u8);
        out.byte(u8::from(may_block));
        out.byte(region as u8);
        out.byte(agreement as u8);
        out.byte(reentrancy as u8);
    }
}

impl Canon for Const {
    fn write(&self, out: &mut Canonical) {
        match self {
            Self::Unit => out.byte(0),
            Self::Bool(value) => {
                out.byte(1);
                out.byte(u8::from(*value));
            }
            Self::Int(value) => {
                out.byte(2);
                out.long(*value);
            }
            Self::Duration(nanoseconds) => {
                out.byte(3);
                out.long(*nanoseconds);
            }
            Self::Str(text) => {
                out.byte(4);
                out.text(text);
            }
            Self::Session => out.byte(5),
        }
    }
}

impl Canon for Shape {
    fn write(&self, out: &mut Canonical) {
        match self {
            Self::Product(ty) => {
                out.byte(0);
                ty.write(out);
            }
            Self::Variant(ty, tag) => {
                out.byte(1);
                ty.write(out);
                out.short(*tag);
            }
            Self::List(ty, count) => {
                out.byte(2);
                ty.write(out);
                out.short(*count);
            }
        }
    }
}

impl Canon for Function {
    fn write(&self, out: &mut Canonical) {
        out.list(&self.regs);
        out.count(self.code.len());
        for instr in &self.code {
            instr.write_canonical(&mut out.buffer);
            out.drain();
        }
        out.count(self.blocks.len());
        for block in &self.blocks {
            out.word(block.pc);
            block.state.write(out);
        }
        out.list(&self.chooses);
        out.list(&self.switches);
        out.list(&self.finals);
        out.list(&self.scopes);
        out.list(&self.opens);
    }
}

impl Canon for ChooseTable {
    fn write(&self, out: &mut Canonical) {
        out.count(self.rows.len());
        for row in &self.rows {
            out.short(row.partner);
            out.short(row.label);
            out.short(row.dst);
            out.word(row.target);
        }
        out.maybe_word(self.finals);
    }
}

impl Canon for Scope {
    fn write(&self, out: &mut Canonical) {
        out.short(self.owner);
        out.list(&self.participants);
        out.list(&self.outcomes);
    }
}

impl Canon for Resources {
    fn write(&self, out: &mut Canonical) {
        let Self { nested, layers, facts, bundles } = self;
        out.list(nested);
        out.list(layers);
        out.list(facts);
        out.list(bundles);
    }
}

impl Canon for Nested {
    fn write(&self, out: &mut Canonical) {
        out.buffer.extend_from_slice(&self.image);
        out.list(&self.roles);
    }
}

impl Canon for Layer {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        out.byte(match self.reach {
            Reach::Session => 0,
            Reach::Shared => 1,
        });
    }
}

impl Canon for Fact {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        out.maybe_short(self.about);
    }
}

impl Canon for Bundle {
    fn write(&self, out: &mut Canonical) {
        out.short(self.label);
        out.list(&self.facts);
    }
}

impl Canon for OpenTable {
    fn write(&self, out: &mut Canonical) {
        out.short(self.nested);
        out.list(&self.args);
    }
}

impl Canon for ScopeTable {
    fn write(&self, out: &mut Canonical) {
        out.word(self.scope);
        out.maybe_short(self.deadline);
        out.count(self.rows.len());
        for row in &self.rows {
            row.outcome.write(out);
            out.maybe_short(row.bind);
            out.word(row.target);
        }
    }
}

impl Canon for Final {
    fn write(&self, out: &mut Canonical) {
        out.text(&self.name);
        out.short(self.reg);
    }
}

impl Canon for LocalMachine {
    fn write(&self, out: &mut Canonical) {
        out.list(&self.states);
        out.list(&self.entries);
        out.list(&self.decisions);
    }
}

impl Canon for Place {
    fn write(&self, out: &mut Canonical) {
        self.state.write(out);
        self.node.write(out);
    }
}

impl Canon for NodeId {
    fn write(&self, out: &mut Canonical) {
        out.word(self.0);
    }
}

impl Canon for Node {
    fn write(&self, out: &mut Canonical) {
        match self {
            Self::End => out.byte(0),
            Self::Comm { from, to, branches } => {
                out.byte(1);
                out.short(*from);
                out.short(*to);
                out.count(branches.len());
                for branch in branches {
                    out.short(branch.label);
                    branch.target.write(out);
                }
            }
            Self::Choice { decider, arms } => {
                out.byte(2);
                out.short(*decider);
                out.list(arms);
            }
            Self::Case { deciders, arms } => {
                out.byte(3);
                out.list(deciders);
                out.list(arms);
            }
            Self::Local { role, next } => {
                out.byte(4);
                out.short(*role);
                next.write(out);
            }
            Self::Par { branches, then } => {
                out.byte(5);
                out.list(branches);
                then.write(out);
            }
            Self::Scope { scope, body, rows, then } => {
                out.byte(6);
                out.word(*scope);
                body.write(out);
                out.count(rows.len());
                for (outcome, block) in rows {
                    outcome.write(out);
                    block.write(out);
                }
                then.write(out);
            }
            Self::Join { of } => {
                out.byte(7);
                of.write(out);
            }
        }
    }
}

impl Canon for State {
    fn write(&self, out: &mut Canonical) {
        match self {
            Self::End => out.byte(0),
            Self::Send(rows) => {
                out.byte(1);
                out.list(rows);
            }
            Self::Recv { rows, may_end } => {
                out.byte(2);
                out.list(rows);
                out.byte(u8::from(*may_end));
            }
            Self::Tau(next) => {
                out.byte(3);
                out.list(next);
            }
            Self::Par { branches, then } => {
                out.byte(4);
                out.list(branches);
                then.write(out);
            }
            Self::Scope { scope, body, rows, then } => {
                out.byte(5);
                out.word(*scope);
                body.write(out);
                out.count(rows.len());
                for (outcome, target) in rows {
                    outcome.write(out);
                    target.write(out);
                }
                then.write(out);
            }
            Self::Join => out.byte(6),
        }
    }
}

impl Canon for Transition {
    fn write(&self, out: &mut Canonical) {
        out.short(self.partner);
        out.short(self.label);
        self.target.write(out);
    }
}

impl Canon for Edge {
    fn write(&self, out: &mut Canonical) {
        // The bound is a hint: how far somebody explored does not make it another protocol.
        out.short(self.from);
        out.short(self.to);
        out.byte(u8::from(self.lossy));
    }
}
