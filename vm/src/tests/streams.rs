//! Values and traces as bytes: what was written comes back, and nothing else does.

use super::fixture::config;
use super::hostile::Dice;
use super::scopes::{race, round_and_round};
use super::sessions::ping_pong;
use crate::bytes::{BytesError, BytesFault};
use crate::config::{Retention, VMConfig};
use crate::event::Event;
use crate::handler::{Call, HostStep};
use crate::id::{ImageId, SessionId};
use crate::machine::VM;
use crate::trace::BatchView;
use crate::trace::stream::{Decoder, Encoder, Frame, MAGIC, Step};
use crate::value::decode::decode;
use crate::value::encode::encode;
use crate::value::{MAX_DEPTH, Value};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use tell_ir::hash::content_id;
use tell_ir::image::CodeImage;

fn bytes_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes);
    bytes
}

/// A value of every shape, nested.
fn value(dice: &mut Dice, depth: u32) -> Value {
    let built = |value: Result<Value, _>| value.expect("it is small");
    let items =
        |dice: &mut Dice| (0..dice.next() % 4).map(|_| value(dice, depth.saturating_sub(1))).collect::<Vec<_>>();
    match dice.next() % if depth == 0 { 12 } else { 16 } {
        0 => Value::Unit,
        1 => Value::Bool(dice.next().is_multiple_of(2)),
        2 => Value::Int(dice.next().cast_signed()),
        3 => Value::Duration(dice.next().cast_signed()),
        4 => Value::text("Tell – ü".repeat(dice.next() as usize % 3)),
        5 => Value::bytes(dice.next().to_le_bytes()),
        6 => Value::Session(Arc::new(SessionId::root(dice.next() as u32).child(7))),
        7 => Value::Role(dice.next() as u16),
        8 => Value::opaque("Order", "17"),
        9 => Value::Endpoint(Arc::new(SessionId::root(dice.next() as u32))),
        10 => Value::Evidence { layer: dice.next() as u16, number: dice.next() as u32 },
        11 => Value::Witness(dice.next() as u16),
        12 => built(Value::list(items(dice))),
        13 => built(Value::tuple(items(dice))),
        14 => built(Value::variant(dice.next() as u16, items(dice))),
        _ => built(Value::map(items(dice).into_iter().zip(items(dice)).collect())),
    }
}

#[test]
fn values_come_back_and_have_one_form() {
    let mut dice = Dice(0x7E11);
    let mut accepted = 0;
    for _ in 0..5_000 {
        let value = value(&mut dice, 4);
        let bytes = bytes_of(&value);
        assert_eq!(decode(&bytes).as_ref(), Ok(&value));
        let cut = dice.next() as usize % bytes.len();
        assert!(decode(&bytes[..cut]).is_err(), "no value is the beginning of another");
        for _ in 0..20 {
            let mut changed = bytes.clone();
            let at = dice.next() as usize % bytes.len();
            changed[at] = dice.next() as u8 >> (dice.next() % 8);
            if let Ok(other) = decode(&changed) {
                assert_eq!(bytes_of(&other), changed);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 10_000, "{accepted}");
}

#[test]
fn bytes_that_are_no_value_are_refused() {
    let at = |bytes: &[u8], offset, fault| assert_eq!(decode(bytes), Err(BytesError { offset, fault }));
    at(&[], 0, BytesFault::End);
    at(&[0, 0], 1, BytesFault::Rest);
    at(&[16], 0, BytesFault::Unknown { what: "shape of a value", number: 16 });
    at(&[6, 255, 255, 255, 255], 5, BytesFault::End);
    at(&[4, 1, 0, 0, 0, 0xFF], 5, BytesFault::Text);
    let is_form = |bytes: &[u8]| matches!(decode(bytes), Err(BytesError { fault: BytesFault::Form(_), .. }));
    assert!(is_form(&[1, 2]) && is_form(&[9, 0, 0, 2]) && is_form(&[9, 0, 0, 1, 0, 0, 0, 0]));
    assert!(is_form(&[10, 0, 0, 0, 0]) && is_form(&[10, 3, 0, 0, 0, 1, 2, 3]) && is_form(&[12, 0, 0, 0, 0, 4]));
    assert!(is_form(&[7, 1, 0, 0, 0, 0]) && is_form(&[7, 4, 0, 0, 0, 1, 1, 0, 1, 0, 0]));
    // Lists in lists, as deep as they can be and once more.
    let nested = |depth: u32| {
        let mut bytes = [6, 1, 0, 0, 0].repeat(depth as usize - 1);
        bytes.extend([6, 0, 0, 0, 0]);
        decode(&bytes)
    };
    assert_eq!(nested(MAX_DEPTH).map(|value| value.depth()), Ok(MAX_DEPTH));
    assert!(nested(MAX_DEPTH + 1).is_err() && nested(1_000_000).is_err());
}

/// A machine that was given some images, as a stream, and its events.
fn streamed(images: &[CodeImage], note: &str) -> (Vec<u8>, Vec<Event>, VM) {
    let out = Rc::new(RefCell::new((Vec::new(), Vec::new())));
    let encoder = Rc::new(RefCell::new(Encoder::new(&mut out.borrow_mut().0)));
    encoder.borrow_mut().note(note, &mut out.borrow_mut().0);
    let mut vm = VM::new(VMConfig { quantum: 7, trace: Retention::Sink, ..config() }).expect("right");
    vm.install("E", |_: &Call<'_>, _: &[Value]| Ok(Value::Int(3)));
    vm.install("clock", Sleeps);
    let (to, with) = (Rc::clone(&out), Rc::clone(&encoder));
    vm.set_sink(move |batch: &BatchView<'_>| {
        let (bytes, events) = &mut *to.borrow_mut();
        with.borrow_mut().batch(batch, bytes);
        events.extend(batch.events());
        Ok(())
    })
    .expect("it is asked for");
    for image in images {
        let id = vm.load_unverified(image.clone()).expect("loads");
        vm.open(id, &[]).expect("opens");
        vm.open(id, &[]).expect("opens");
    }
    vm.run(5_000, &mut || false);
    let (mut bytes, events) = out.take();
    encoder.take().end(&mut bytes);
    (bytes, events, vm)
}

/// Sleeps a little.
struct Sleeps;

impl crate::handler::Handler for Sleeps {
    fn start(&mut self, call: &Call<'_>, _: &[Value]) -> HostStep {
        HostStep::Sleep(i64::from(call.request.0))
    }
}

/// What a stream says.
#[derive(Debug, Default, PartialEq)]
struct Said {
    notes: Vec<String>,
    images: Vec<(ImageId, String)>,
    events: Vec<Event>,
}

/// Reads a stream that comes a few bytes at a time.
fn read(bytes: &[u8]) -> Result<Said, BytesError> {
    let (mut decoder, mut said, mut at, mut here) = (Decoder::default(), Said::default(), 0, 1);
    loop {
        match decoder.step(&bytes[at..here])? {
            Step::More(_) if here == bytes.len() => return decoder.finish(&bytes[at..]).map(|()| said),
            Step::More(needed) => {
                assert!(needed > here - at || needed == 0, "more than there is");
                here = if needed == 0 { bytes.len() } else { bytes.len().min(at + needed) };
            }
            Step::Frame(used, frame) => {
                at += used;
                here = here.max(at);
                match frame {
                    Frame::Note(text) => said.notes.push(text.to_owned()),
                    Frame::Image(number, id) => said.images.push((number, id.to_string())),
                    Frame::Batch(batch) => {
                        for event in batch {
                            said.events.push(event?);
                        }
                    }
                    Frame::End => {}
                }
            }
        }
    }
}

#[test]
fn a_stream_gives_back_what_was_written() {
    let images = [ping_pong(30), race(3), round_and_round(), ping_pong(30)];
    let (bytes, events, vm) = streamed(&images, "a note – of mine");
    let said = read(&bytes).expect("it was written so");
    assert_eq!(said.notes, ["a note – of mine"]);
    let ids = (0..).zip(&images).map(|(number, image)| (ImageId(number), content_id(image).to_string()));
    assert_eq!(said.images, ids.collect::<Vec<_>>());
    assert!(said.events.len() > 500);
    assert_eq!(said.events, events);
    let described = said.events.iter().all(|event| vm.describe(event).is_some());
    assert!(described, "an event says which image it is of");
    assert!(bytes.len() < 20 * events.len(), "{} bytes for {} events", bytes.len(), events.len());
}

#[test]
fn a_long_batch_goes_into_several_frames() {
    let (mut vm, out) =
        (VM::new(VMConfig { quantum: 1 << 17, trace: Retention::Sink, ..config() }).expect("right"), Rc::default());
    let (to, mut encoder, mut frames): (Rc<RefCell<Vec<u8>>>, _, _) =
        (Rc::clone(&out), Encoder::new(&mut out.borrow_mut()), 0);
    vm.set_sink(move |batch: &BatchView<'_>| {
        encoder.batch(batch, &mut to.borrow_mut());
        Ok(())
    })
    .expect("it is asked for");
    let id = vm.load_unverified(ping_pong(8_000)).expect("loads");
    vm.open(id, &[]).expect("opens");
    vm.run(u64::MAX, &mut || false);
    let (bytes, mut decoder, mut at, mut sequence) = (out.take(), Decoder::default(), 0, 0);
    while let Ok(Step::Frame(used, frame)) = decoder.step(&bytes[at..]) {
        at += used;
        if let Frame::Batch(batch) = frame {
            frames += 1;
            assert!(used < 300_000, "{used}");
            for event in batch {
                assert_eq!(event.map(|event| event.sequence), Ok(sequence));
                sequence += 1;
            }
        }
    }
    assert!(frames >= 3 && sequence > 32_000 && at == bytes.len(), "{frames} frames, {sequence} events");
    let unfinished = decoder.finish(&bytes[at..]);
    assert_eq!(unfinished, Err(BytesError { offset: bytes.len() as u64, fault: BytesFault::End }));
}

#[test]
fn broken_streams_are_refused_or_say_something_else() {
    let (bytes, _, _) = streamed(&[ping_pong(5), race(3)], "note");
    let whole = read(&bytes).expect("it was written so");
    for cut in 0..bytes.len() {
        let error = read(&bytes[..cut.max(1)]).expect_err("it was cut");
        assert!(error.offset <= cut.max(1) as u64 && error.fault == BytesFault::End, "{error} in {cut}");
    }
    let mut dice = Dice(0xDEC0);
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for _ in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (dice.next() % 8);
            match read(&changed) {
                Ok(said) => {
                    assert_ne!(said, whole, "byte {at} says nothing");
                    accepted += 1;
                }
                Err(error) => assert!(error.offset <= changed.len() as u64, "{error}"),
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
    assert_eq!(read(b"TELLIMG\x01").expect_err("no trace").to_string(), "unknown first byte of a trace 73 at byte 4");
    let newer = [&MAGIC[..7], &[2]].concat();
    assert_eq!(read(&newer).expect_err("newer").to_string(), "unknown version of traces 2 at byte 7");
    let more = [&bytes[..], &[0]].concat();
    assert_eq!(read(&more), Err(BytesError { offset: bytes.len() as u64, fault: BytesFault::Rest }));
}

#[test]
fn random_bytes_behind_the_head_never_panic() {
    let mut dice = Dice(0xF00D);
    let (head, _, _) = streamed(&[ping_pong(0)], "");
    let start = head.len() - 7;
    for _ in 0..50_000 {
        let body: Vec<u8> = (0..dice.next() % 60).map(|_| dice.next() as u8 >> (dice.next() % 8)).collect();
        let mut bytes = head[..start].to_vec();
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.push(dice.next() as u8 % 4);
        bytes.extend(body);
        // Whatever it says, it ends.
        let _ = read(&bytes);
    }
}
