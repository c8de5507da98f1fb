//! The reference, `telltale-machine` 17.0.0: a ping-pong of two roles with `strict_minimal`, retention off, payload
//! validation off. It runs one instruction per round, as Tell does with quantum 1; it has no other way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use telltale_machine::coroutine::Value;
use telltale_machine::instr::ImmValue;
use telltale_machine::model::effects::{EffectHandler, EffectResult};
use telltale_machine::runtime::loader::CodeImage;
use telltale_machine::{
    Instr, ObservabilityRetentionConfig, ObservabilityRetentionMode, PayloadValidationMode, ProtocolMachine,
    ProtocolMachineConfig, RunStatus,
};
use telltale_types::{GlobalType, Label, LocalTypeR};

use crate::measure::{cpu_nanoseconds_of, resident_bytes};

/// Rounds of a measurement.
const ROUNDS: usize = 12_000;

/// Answers what the machine asks for each message, and counts them.
#[derive(Default)]
struct Host {
    sent: AtomicU64,
}

impl EffectHandler for Host {
    fn handle_send(&self, _: &str, _: &str, _: &str, _: &[Value]) -> EffectResult<Value> {
        EffectResult::success(Value::Nat(7))
    }

    fn handle_recv(&self, _: &str, _: &str, _: &str, _: &mut Vec<Value>, _: &Value) -> EffectResult<()> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        EffectResult::success(())
    }

    fn handle_choose(&self, _: &str, _: &str, labels: &[String], _: &[Value]) -> EffectResult<String> {
        EffectResult::success(labels[0].clone())
    }

    fn step(&self, _: &str, _: &mut Vec<Value>) -> EffectResult<()> {
        EffectResult::success(())
    }
}

/// The code its own compiler makes of the local types: it calls the host after each message.
pub(crate) fn compiled() -> CodeImage {
    let ball = || Label::new("Ball");
    let send = |partner: &str, next| LocalTypeR::send(partner, ball(), next);
    let recv = |partner: &str, next| LocalTypeR::recv(partner, ball(), next);
    let again = || LocalTypeR::var("again");
    let a = LocalTypeR::mu("again", send("B", recv("B", again())));
    let b = LocalTypeR::mu("again", recv("A", send("A", again())));
    let back = GlobalType::send("B", "A", ball(), GlobalType::var("again"));
    let global = GlobalType::mu("again", GlobalType::send("A", "B", ball(), back));
    CodeImage::from_local_types(&BTreeMap::from([("A".to_owned(), a), ("B".to_owned(), b)]), &global)
}

/// The instructions Tell runs.
pub(crate) fn same() -> CodeImage {
    let mut image = compiled();
    let (send, receive) = (Instr::Send { chan: 0, val: 1 }, Instr::Receive { chan: 0, dst: 1 });
    let set = Instr::Set { dst: 1, val: ImmValue::Nat(7) };
    let a = vec![set, send.clone(), receive.clone(), Instr::Jump { target: 1 }];
    image.programs.insert("A".to_owned(), a);
    image.programs.insert("B".to_owned(), vec![receive, send, Instr::Jump { target: 0 }]);
    image
}

fn config() -> ProtocolMachineConfig {
    ProtocolMachineConfig {
        observability_retention: ObservabilityRetentionConfig {
            mode: ObservabilityRetentionMode::Disabled,
            capacity: 1,
        },
        payload_validation_mode: PayloadValidationMode::Off,
        ..ProtocolMachineConfig::strict_minimal()
    }
}

/// CPU nanoseconds per message.
pub(crate) fn message(image: &CodeImage) -> f64 {
    let mut machine = ProtocolMachine::new(config());
    machine.load_choreography(image).expect("the image is right");
    let host = Host::default();
    let mut run = || {
        let status = machine.run(&host, ROUNDS).expect("nothing goes wrong");
        assert_eq!(status, RunStatus::MaxRoundsExceeded, "it goes on for ever");
    };
    run();
    host.sent.store(0, Ordering::Relaxed);
    let (time, ()) = cpu_nanoseconds_of(run);
    time / host.sent.load(Ordering::Relaxed) as f64
}

/// Bytes of each of some open sessions; in a process of its own.
pub(crate) fn memory() -> f64 {
    const SESSIONS: usize = 2_000;
    let config = ProtocolMachineConfig { max_sessions: SESSIONS + 1, max_coroutines: 4 * SESSIONS, ..config() };
    let mut machine = ProtocolMachine::new(config);
    let image = compiled();
    machine.load_choreography(&image).expect("the image is right");
    let before = resident_bytes();
    for _ in 0..SESSIONS {
        machine.load_choreography(&image).expect("within the limits");
    }
    (resident_bytes() - before) / SESSIONS as f64
}
