//! Who holds what while a program is written.

/// Type of a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Int,
    Bool,
    Shape,
    Maybe,
    Text,
    List,
    Point,
    Time,
}

impl Ty {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::Bool => "Bool",
            Self::Shape => "Shape",
            Self::Maybe => "Maybe Int",
            Self::Text => "String",
            Self::List => "List Int",
            Self::Point => "Point",
            Self::Time => "Duration",
        }
    }
}

/// Whether a name is a cell of its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Binding,
    Cell,
}

/// A name a role holds.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) name: String,
    /// Which binding it is; roles that hold the same binding agree on its value.
    pub(super) id: u32,
    pub(super) ty: Ty,
    pub(super) storage: Storage,
    /// The role that received it from another one, if it did not make it.
    pub(super) received: bool,
}

/// Per role what it holds, the innermost last.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    roles: Vec<Vec<Held>>,
    next: u32,
}

impl Scopes {
    pub(super) fn new(roles: usize) -> Self {
        Self { roles: vec![Vec::new(); roles], next: 0 }
    }

    /// A new binding at the first of these roles, which the others receive.
    pub(super) fn bind_fresh(&mut self, roles: &[usize], name: &str, ty: Ty) {
        let id = self.fresh_id();
        for (index, role) in roles.iter().enumerate() {
            self.bind(*role, Held { name: name.to_owned(), id, ty, storage: Storage::Binding, received: index > 0 });
        }
    }

    /// A cell.
    pub(super) fn cell(&mut self, role: usize, name: &str) {
        let id = self.fresh_id();
        self.bind(role, Held { name: name.to_owned(), id, ty: Ty::Int, storage: Storage::Cell, received: false });
    }

    /// `to` receives what another role holds.
    pub(super) fn pass(&mut self, held: &Held, to: usize) {
        self.bind(to, Held { received: true, ..held.clone() });
    }

    /// The scopes after some arms, of which each that falls through ended with one of these scopes.
    ///
    /// A name that every arm binds at a role with one type is in scope there. It is the same binding as another one
    /// if it is so in every arm (LANGUAGE §3).
    pub(super) fn join(&mut self, arms: &[Self]) {
        let Some(first) = arms.first() else { return };
        self.next = arms.iter().map(|arm| arm.next).max().unwrap_or(self.next).max(self.next);
        let mut joined: Vec<(Vec<u32>, u32)> = Vec::new();
        for role in 0..self.roles.len() {
            for held in first.held(role).iter().filter(|held| held.storage == Storage::Binding) {
                let in_arms: Option<Vec<&Held>> = arms.iter().map(|arm| arm.find(role, &held.name)).collect();
                let Some(in_arms) = in_arms else { continue };
                if in_arms.iter().any(|other| other.ty != held.ty || other.storage != Storage::Binding) {
                    continue;
                }
                let ids: Vec<u32> = in_arms.iter().map(|other| other.id).collect();
                let id = match joined.iter().find(|(known, _)| *known == ids) {
                    Some((_, id)) => *id,
                    None if ids.iter().all(|id| *id == ids[0]) => ids[0],
                    None => {
                        let id = self.fresh_id();
                        joined.push((ids, id));
                        id
                    }
                };
                let received = in_arms.iter().any(|other| other.received);
                self.bind(role, Held { id, received, ..held.clone() });
            }
        }
    }

    /// The scopes behind branches that bound different names, each of which ended with one of these scopes.
    pub(super) fn unite(&mut self, branches: &[Self]) {
        self.next = branches.iter().map(|branch| branch.next).max().unwrap_or(self.next);
        for role in 0..self.roles.len() {
            for branch in branches {
                let known: Vec<u32> = self.held(role).iter().map(|held| held.id).collect();
                let fresh = branch.held(role).iter().filter(|held| !known.contains(&held.id));
                fresh.cloned().for_each(|held| self.bind(role, held));
            }
        }
    }

    /// Before a branch: it makes bindings that no other one makes.
    pub(super) const fn go_on_from(&mut self, other: &Self) {
        self.next = other.next;
    }

    fn bind(&mut self, role: usize, held: Held) {
        self.roles[role].retain(|other| other.name != held.name);
        self.roles[role].push(held);
    }

    fn fresh_id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(super) fn held(&self, role: usize) -> &[Held] {
        &self.roles[role]
    }

    /// The role's holding of a name.
    pub(super) fn find(&self, role: usize, name: &str) -> Option<&Held> {
        self.roles[role].iter().find(|held| held.name == name)
    }

    /// Roles that hold all these bindings of `role`.
    pub(super) fn sharers(&self, role: usize, names: &[String]) -> Vec<usize> {
        let shares = |other: usize| {
            names.iter().all(|name| match (self.find(role, name), self.find(other, name)) {
                (Some(a), Some(b)) => a.id == b.id,
                _ => false,
            })
        };
        (0..self.roles.len()).filter(|other| shares(*other)).collect()
    }

    /// Whether nobody holds another binding of one of these names than `role` does.
    pub(super) fn undisputed(&self, role: usize, names: &[String]) -> bool {
        names.iter().all(|name| {
            let id = self.find(role, name).map(|held| held.id);
            (0..self.roles.len()).filter_map(|other| self.find(other, name)).all(|held| Some(held.id) == id)
        })
    }
}
