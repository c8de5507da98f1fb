//! Pieces with edges on which messages may get lost. All of them carry the first label.

use super::super::coder::{Coder, Env};
use super::super::world::INT;
use tell_ir::image::{ChooseRow, ChooseTable};
use tell_ir::instr::Instr;
use tell_ir::machine::State;

impl Coder<'_> {
    /// A message that may get lost.
    pub(super) fn tell(&mut self, env: &mut Env) {
        let out: Vec<u16> = self.uncertain(env).filter(|edge| edge.0 == self.role).map(|edge| edge.1).collect();
        let Some(to) = out.first().copied() else { return };
        let val = self.value(env, INT);
        let next = self.state();
        self.settle(self.at, State::Send(vec![Self::row(to, 0, next)]));
        self.emit(Instr::Send { to, label: 0, val });
        self.behind(next);
    }

    /// Takes such messages until another one comes.
    pub(super) fn listen(&mut self, env: &mut Env) {
        let into: Vec<u16> = self.uncertain(env).filter(|edge| edge.1 == self.role).map(|edge| edge.0).collect();
        let (Some(from), Some(other)) = (into.first().copied(), self.sender(env)) else { return };
        let (label, ty) = self.message();
        let (home, back, next) = (self.state(), self.state(), self.state());
        let (head, again, out) = (self.label(), self.label(), self.label());
        let (uncertain, certain) = (self.fresh(INT), self.fresh(ty));
        self.settle(self.at, State::Tau(vec![home]));
        self.place(head, home);
        let rows = vec![Self::row(from, 0, back), Self::row(other, label, next)];
        self.settle(home, State::Recv { rows, may_end: false });
        let rows = vec![
            ChooseRow { partner: from, label: 0, dst: uncertain, target: again },
            ChooseRow { partner: other, label, dst: certain, target: out },
        ];
        self.function.chooses.push(ChooseTable { rows, finals: None });
        self.emit(Instr::Choose { table: self.function.chooses.len() as u32 - 1 });
        self.place(again, back);
        let mut inner = env.clone();
        inner.readable.push(uncertain);
        self.perform(&mut inner);
        self.silently_to(home, head);
        self.place(out, next);
        env.readable.push(certain);
    }

    /// The edges that may be used and lose messages.
    fn uncertain(&self, env: &Env) -> impl Iterator<Item = (u16, u16)> {
        let lossy: Vec<(u16, u16)> = self.image.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        env.edges.clone().into_iter().filter(move |edge| lossy.contains(edge))
    }
}
