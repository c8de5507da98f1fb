//! Handlers of a machine and the images that need them.

use super::{Driver, Machine};
use crate::error::VMError;
use crate::handler::Handler;
use crate::id::ImageId;
use crate::kernel::program::Program;
use crate::session::{Loaded, Provider};
use std::sync::Arc;
use tell_ir::hash::{ContentId, content_id};
use tell_ir::image::{CodeImage, Const, Role};
use tell_ir::resource::{Nested, Reach};
use tell_ir::ty::{TypeId, same};
use tell_ir::verify::Verified;

impl<D: Driver> Machine<D> {
    /// Installs one handler of an effect for all sessions, called in wave order. Images loaded later use it.
    pub fn install(&mut self, effect: impl Into<String>, handler: impl Handler + 'static) {
        self.shared.push(Box::new(handler));
        self.installed.insert(effect.into(), Provider::Shared(self.shared.len() - 1));
    }

    /// Installs a handler of an effect that every session has for itself; `make` is called at its first use there.
    pub fn install_local<H: Handler + Send + 'static>(
        &mut self,
        effect: impl Into<String>,
        make: impl Fn() -> H + Send + Sync + 'static,
    ) {
        let factory = move || Box::new(make()) as Box<dyn Handler + Send>;
        self.installed.insert(effect.into(), Provider::Local(Arc::new(factory)));
    }

    /// Whether a handler of that effect is installed.
    #[must_use]
    pub fn has_handler(&self, effect: &str) -> bool {
        self.installed.contains_key(effect)
    }

    /// Loads a verified image.
    ///
    /// # Errors
    /// [`VMError::MissingHandler`] for an effect without a handler, [`VMError::LimitExceeded`]
    pub fn load_choreography(&mut self, image: Verified) -> Result<ImageId, VMError> {
        self.load_unverified(image.into_image())
    }

    /// Loads an image that nobody verified. Steps check all they need, so it can do no harm but to its own sessions; this
    /// door is for tests of just that.
    ///
    /// # Errors
    /// As [`Machine::load_choreography`].
    #[doc(hidden)]
    pub fn load_unverified(&mut self, image: CodeImage) -> Result<ImageId, VMError> {
        let mut providers = Vec::with_capacity(image.effects.len());
        for effect in &image.effects {
            match self.installed.get(&effect.name) {
                Some(provider) => providers.push(provider.clone()),
                None => return Err(VMError::MissingHandler { effect: effect.name.clone() }),
            }
        }
        let limits = &self.config.limits;
        let text = image.consts.iter().map(|constant| match constant {
            Const::Str(text) => text.len() as u64 + 1,
            Const::Unit | Const::Bool(_) | Const::Int(_) | Const::Duration(_) | Const::Session => 1,
        });
        at_most("size of a constant", text.max().unwrap_or(0), u64::from(limits.value_size))?;
        at_most("images", self.images.len() as u64 + 1, u64::from(u16::MAX))?;
        let nested = nested(&image, &self.images)?;
        let (id, program) = (content_id(&image), Program::prepare(image));
        at_most("coroutines of a session", program.roles.len() as u64, u64::from(limits.coroutines))?;
        at_most("registers of a session", program.registers as u64, u64::from(limits.registers))?;
        let layers = program.image().resources.layers.iter();
        let layers = layers.map(|layer| (layer.reach == Reach::Shared).then(|| self.shared_state.layer(&layer.name)));
        let layers = layers.collect();
        let number = u16::try_from(self.images.len()).unwrap_or(u16::MAX);
        self.images.push(Arc::new(Loaded { program, id, providers, nested, layers }));
        Ok(ImageId(number))
    }
}

/// The images whose sessions those of an image open; they are loaded before it.
fn nested(image: &CodeImage, loaded: &[Arc<Loaded>]) -> Result<Vec<ImageId>, VMError> {
    let mut found = Vec::with_capacity(image.resources.nested.len());
    for nested in &image.resources.nested {
        let id = ContentId(nested.image);
        let refuse = |reason| VMError::NestedImage { image: id.short(), reason };
        let number = loaded.iter().position(|other| other.id == id).ok_or_else(|| refuse("it is not loaded"))?;
        if !takes(loaded[number].program.image(), image, nested) {
            return Err(refuse("its roles take other arguments"));
        }
        found.push(ImageId(u16::try_from(number).unwrap_or(u16::MAX)));
    }
    Ok(found)
}

/// Whether the roles of an image take what another says they do.
fn takes(image: &CodeImage, other: &CodeImage, said: &Nested) -> bool {
    let fits = |role: &Role, name: &String, params: &[TypeId]| {
        let mut pairs = role.params.iter().zip(params);
        role.name == *name
            && role.params.len() == params.len()
            && pairs.all(|(param, ty)| same(&image.types, param.ty, &other.types, *ty))
    };
    image.roles.len() == said.roles.len()
        && image.roles.iter().zip(&said.roles).all(|(role, (name, params))| fits(role, name, params))
}

pub(super) const fn at_most(what: &'static str, value: u64, max: u64) -> Result<(), VMError> {
    if value > max { Err(VMError::LimitExceeded { what, value, max }) } else { Ok(()) }
}
