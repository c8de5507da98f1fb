//! What an image says about other sessions, guards and knowledge (MACHINE §1): nested images, layers, facts, bundles.
//!
//! The language has no words for them yet; they are written in assembler.

use crate::instr::Reg;
use crate::ty::TypeId;
use serde::{Deserialize, Serialize};

/// The tables of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Images whose sessions `Open` opens.
    pub nested: Vec<Nested>,
    /// Guard layers, acquired in increasing order.
    pub layers: Vec<Layer>,
    /// What a role can know.
    pub facts: Vec<Fact>,
    /// What `Transfer` sends.
    pub bundles: Vec<Bundle>,
}

impl Resources {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let Self { nested, layers, facts, bundles } = self;
        nested.is_empty() && layers.is_empty() && facts.is_empty() && bundles.is_empty()
    }
}

/// An image that has to be loaded first, and what its roles take, in types of this image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nested {
    /// Its content id.
    pub image: [u8; 32],
    /// Per role its name and the types of its parameters.
    pub roles: Vec<(String, Vec<TypeId>)>,
}

/// A guard layer: at most one coroutine holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name; images that name one shared layer mean the same one.
    pub name: String,
    /// Among whom.
    pub reach: Reach,
}

/// Among whom a layer excludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reach {
    /// The coroutines of one session.
    Session,
    /// All sessions of the machine.
    Shared,
}

/// Something a role can know and show a witness of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// The role it is about, if about one.
    pub about: Option<u16>,
}

/// What goes with an endpoint that is transferred.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bundle {
    /// The label of its message; it carries an Endpoint.
    pub label: u16,
    /// Facts the receiver knows afterwards, ascending.
    pub facts: Vec<u16>,
}

/// One place where a session is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTable {
    /// Index into [`Resources::nested`].
    pub nested: u16,
    /// Per role the registers of its arguments.
    pub args: Vec<Vec<Reg>>,
}
