//! Programs and a machine to run them on, whose handlers are functions of session, role and request: what a session
//! does depends on nothing else.

use crate::flags::Flags;
use crate::host::{Inputs, Missing, Paper};
use crate::numbers::Numbers;
use crate::program::build;
use crate::value::made_up;
use crate::{account, text_of};
use std::path::PathBuf;
use tell_ir::image::CodeImage;
use tell_ir::verify::verify;
use tell_vm::{Call, Event, Failure, Handler, HostStep, ImageId, SessionId, VM, VMConfig, Value};

/// Answers the same to the same call, whenever it comes.
#[derive(Clone, Copy, Debug)]
pub struct Calm;

impl Handler for Calm {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        let mut numbers = numbers_of(call);
        if call.effect == "Host" && call.op == "choose" {
            let count = args.first().and_then(Value::as_list).map_or(1, <[Value]>::len);
            return HostStep::Reply(Value::Int(numbers.below(count) as i64));
        }
        match made_up(call.result, call.types, &mut numbers) {
            Ok(value) => HostStep::Reply(value),
            Err(error) => HostStep::Fail(Failure::unavailable(error)),
        }
    }
}

/// Numbers that belong to a call.
fn numbers_of(call: &Call<'_>) -> Numbers {
    let path = call.session.path().fold(17_u64, |key, number| key.wrapping_mul(1_000_003) ^ u64::from(number));
    let key = path.wrapping_mul(65_537) ^ u64::from(call.role) << 32 ^ u64::from(call.request.0);
    let mut numbers = Numbers::new(key);
    numbers.word();
    numbers
}

/// The examples and the programs of the corpus that are meant to be run, by name.
#[must_use]
pub fn programs() -> Vec<(String, CodeImage)> {
    let image = |path: PathBuf| {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        build(&name, &text_of(&path)).ok().map(|image| (name, image))
    };
    account::programs().into_iter().filter_map(image).collect()
}

/// A machine with an image, and arguments for its sessions.
///
/// # Errors
/// What the verifier or the machine refuses.
pub fn machine(
    config: VMConfig,
    image: CodeImage,
    handler: impl Handler + Clone + 'static,
) -> Result<(VM, ImageId, Vec<Vec<Value>>), String> {
    let mut machine = VM::new(config).map_err(|error| error.to_string())?;
    tell_stdlib::install(&mut machine, Paper::default(), Inputs::new(&Flags::default(), Missing::Fails));
    for effect in &image.effects {
        if effect.name == "Host" || !machine.has_handler(&effect.name) {
            machine.install(effect.name.as_str(), handler.clone());
        }
    }
    let (mut numbers, types) = (Numbers::new(11), image.types.clone());
    let roles = image.roles.clone();
    let mut value = |ty| made_up(ty, &types, &mut numbers);
    let args = roles.iter().map(|role| role.params.iter().map(|param| value(param.ty)).collect());
    let args = args.collect::<Result<_, String>>()?;
    let verified = verify(image).map_err(|error| error.to_string())?;
    let id = machine.load_choreography(verified).map_err(|error| error.to_string())?;
    Ok((machine, id, args))
}

/// The events of one session.
#[must_use]
pub fn events_of(machine: &VM, session: &SessionId) -> Vec<Event> {
    machine.events().filter(|event| event.session == *session).collect()
}
