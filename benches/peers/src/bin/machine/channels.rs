//! Peers that are crates with channels: a ping-pong of a number. Each returns CPU nanoseconds per message.

use futures::executor::block_on;
use futures::try_join;
use rumpsteak::choice::Choice;
use rumpsteak::role::{Role, Roles, ToFrom};
use rumpsteak::{Branch, End, Label, Receive, Select, Send, try_session};

use crate::measure::cpu_nanoseconds_of;

/// Two bounded channels in one thread; nothing waits.
pub(crate) fn crossbeam(messages: u64) -> f64 {
    let (to_b, from_a) = crossbeam_channel::bounded(1);
    let (to_a, from_b) = crossbeam_channel::bounded(1);
    let work = || {
        let mut ball = 7_i64;
        for _ in 0..messages / 2 {
            to_b.send(ball).expect("there is a receiver");
            let back = from_a.recv().expect("there is a message");
            to_a.send(back).expect("there is a receiver");
            ball = from_b.recv().expect("there is a message");
        }
        assert_eq!(ball, 7);
    };
    cpu_nanoseconds_of(work).0 / messages as f64
}

/// Two tasks of a current-thread runtime, with bounded channels.
pub(crate) fn tokio(messages: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    let (to_b, mut from_a) = tokio::sync::mpsc::channel(1);
    let (to_a, mut from_b) = tokio::sync::mpsc::channel(1);
    let ping = async move {
        let mut ball = 7_i64;
        for _ in 0..messages / 2 {
            to_b.send(ball).await.expect("there is a receiver");
            ball = from_b.recv().await.expect("there is a message");
        }
        ball
    };
    let pong = async move {
        while let Some(ball) = from_a.recv().await {
            to_a.send(ball).await.expect("there is a receiver");
        }
    };
    let both = async {
        let (ping, pong) = (tokio::spawn(ping), tokio::spawn(pong));
        let ball = ping.await.expect("it does not panic");
        pong.await.expect("it does not panic");
        ball
    };
    let (time, ball) = cpu_nanoseconds_of(|| runtime.block_on(both));
    assert_eq!(ball, 7);
    time / messages as f64
}

#[derive(Roles)]
struct Both(A, B);

#[derive(Role)]
#[message(Message)]
struct A(#[route(B)] ToFrom<B>);

#[derive(Role)]
#[message(Message)]
struct B(#[route(A)] ToFrom<A>);

#[derive(Label)]
enum Message {
    Ball(Ball),
    Stop(Stop),
}

struct Ball(i64);
struct Stop;

type Ping<'a> = Select<'a, A, B, PingChoice<'a>>;

#[derive(Choice)]
#[role('a, A)]
#[expect(dead_code, reason = "the type says what may be selected")]
enum PingChoice<'a> {
    Ball(Ball, Receive<'a, A, B, Ball, Ping<'a>>),
    Stop(Stop, End<'a>),
}

type Pong<'b> = Branch<'b, B, A, PongChoice<'b>>;

#[derive(Choice)]
#[role('b, B)]
enum PongChoice<'b> {
    Ball(Ball, Send<'b, B, A, Ball, Pong<'b>>),
    Stop(Stop, End<'b>),
}

async fn ping(role: &mut A, rounds: u64) -> rumpsteak::Result<i64> {
    try_session(role, |mut session: Ping<'_>| async move {
        let mut ball = 7;
        for _ in 0..rounds {
            let (Ball(back), next) = session.select(Ball(ball))?.receive().await?;
            (ball, session) = (back, next);
        }
        Ok((ball, session.select(Stop)?))
    })
    .await
}

async fn pong(role: &mut B) -> rumpsteak::Result<()> {
    try_session(role, |mut session: Pong<'_>| async move {
        loop {
            session = match session.branch().await? {
                PongChoice::Ball(ball, session) => session.send(ball)?,
                PongChoice::Stop(Stop, end) => return Ok(((), end)),
            }
        }
    })
    .await
}

/// Two roles whose session types the Rust compiler checks.
pub(crate) fn rumpsteak(messages: u64) -> f64 {
    let Both(mut a, mut b) = Both::default();
    let both = async { try_join!(ping(&mut a, messages / 2), pong(&mut b)) };
    let (time, result) = cpu_nanoseconds_of(|| block_on(both));
    assert_eq!(result.expect("nobody goes away").0, 7);
    time / messages as f64
}
