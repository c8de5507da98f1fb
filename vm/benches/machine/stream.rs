//! Traces in files (V8): what it costs to write one while the machine runs, and to read it.

use super::measure::cpu_nanoseconds_of;
use super::{config, machine, run};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use tell_vm::ir::image::CodeImage;
use tell_vm::trace::stream::{Decoder, Encoder, Frame, Step};
use tell_vm::{BatchView, Retention, SinkError, VMConfig};

/// CPU nanoseconds per message of a new session whose events are written to a file.
pub(crate) fn written(image: &CodeImage, messages: u64, file: &Path) -> f64 {
    let mut vm = machine(VMConfig { trace: Retention::Sink, ..config() }, image.clone(), 0);
    vm.set_sink(writer(file)).expect("the machine has a sink");
    vm.open(tell_vm::ImageId(0), &[]).expect("within the limits");
    run(&mut vm, 1_000);
    let run = || {
        run(&mut vm, 3 * messages);
        drop(vm);
    };
    cpu_nanoseconds_of(run).0 / messages as f64
}

/// A sink that writes to a file as `tellc run` does.
fn writer(file: &Path) -> impl FnMut(&BatchView<'_>) -> Result<(), SinkError> + 'static {
    let mut file = BufWriter::new(File::create(file).expect("there is a place for it"));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    move |batch| {
        encoder.batch(batch, &mut bytes);
        let written = file.write_all(&bytes);
        bytes.clear();
        written.map_err(|error| SinkError::new(error.to_string()))
    }
}

/// CPU nanoseconds per event to read a file.
pub(crate) fn read_back(file: &Path) -> f64 {
    let (nanoseconds, events) = cpu_nanoseconds_of(|| {
        let bytes = std::fs::read(file).expect("it was written");
        let (mut decoder, mut at, mut events) = (Decoder::default(), 0, 0_u64);
        while let Ok(Step::Frame(used, frame)) = decoder.step(&bytes[at..]) {
            at += used;
            if let Frame::Batch(batch) = frame {
                for event in batch {
                    event.expect("it was written so");
                    events += 1;
                }
            }
        }
        events
    });
    nanoseconds / events as f64
}
