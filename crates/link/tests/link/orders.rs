//! Any inputs in any order: nothing panics, and what must always hold holds ([`Player`] checks it at each step).

use std::collections::BTreeSet;

use proptest::prelude::*;
use switchboard_link::{Backoff, Input, LinkOptions, LinkState, Output, Request};

use crate::player::{Player, Seen, frame};

#[derive(Debug, Clone)]
enum Step {
    Connect,
    Disconnect,
    Reconnect,
    Drop,
    Probe,
    Timer,
    Wait(u64),
    Sleep(i64),
    Freeze(u64),
    /// Something a socket says, so many generations ago.
    Opened(u32),
    Text(u32, String),
    Bytes(u32, Vec<u8>),
    Failed(u32),
    Closed(u32, u16, &'static str),
    Online,
    Offline,
    Visible,
    PageRestored,
    Subscribe(u8),
    Unsubscribe(u8),
    Token(u8),
    Organization(u8),
    Random(f64),
}

fn text() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        6 => (0..60_u64).prop_map(frame),
        3 => ("[ef]", 0..60_u64).prop_map(|(epoch, seq)| format!(
            r#"{{"type":"connection_ack","epoch":"{epoch}","seq":{seq},"heartbeatSeconds":{seq}}}"#
        )),
        1 => Just(r#"{"type":"connection_ack"}"#.to_owned()),
        2 => (0..60_u64, 0..9_u64).prop_map(|(seq, delivered)| format!(
            r#"{{"type":"pong","seq":{seq},"delivered":{delivered}}}"#
        )),
        1 => Just(r#"{"type":"pong"}"#.to_owned()),
        1 => (0..60_u64, 0..60_u64)
            .prop_map(|(from, to)| format!(r#"{{"type":"resumed","from":{from},"to":{to}}}"#)),
        1 => "(too-old|epoch-changed)".prop_map(|reason| format!(r#"{{"type":"resync","reason":"{reason}"}}"#)),
        1 => (0..3_u8, 0..60_u64)
            .prop_map(|(id, seq)| format!(r#"{{"type":"subscribed","executionId":"e-{id}","seq":{seq}}}"#)),
        1 => Just(r#"{"event":"dashboard:update","data":{"organizationId":"acme"}}"#.to_owned()),
        1 => Just(r#"{"type":"news"}"#.to_owned()),
        1 => "\\PC{0,20}",
    ];
    prop::collection::vec(one, 1..4).prop_map(|frames| frames.join("\n"))
}

/// Mostly the live socket, sometimes an earlier one, and one that has never been.
fn age() -> impl Strategy<Value = u32> {
    prop_oneof![8 => Just(0_u32), 1 => 1..4_u32, 1 => Just(u32::MAX)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Reconnect),
        1 => Just(Step::Drop),
        1 => Just(Step::Probe),
        1 => Just(Step::Timer),
        4 => (0..40_000_u64).prop_map(Step::Wait),
        1 => (-100_000..4_000_000_i64).prop_map(Step::Sleep),
        1 => (0..100_000_u64).prop_map(Step::Freeze),
        6 => age().prop_map(Step::Opened),
        10 => (age(), text()).prop_map(|(age, text)| Step::Text(age, text)),
        1 => (age(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(age, bytes)| Step::Bytes(age, bytes)),
        2 => age().prop_map(Step::Failed),
        2 => (
            age(),
            prop::sample::select(vec![1000_u16, 1001, 1006, 4401, 4408, 4429]),
            prop::sample::select(vec!["", "retry_after=3"])
        )
            .prop_map(|(age, code, reason)| Step::Closed(age, code, reason)),
        1 => Just(Step::Online),
        1 => Just(Step::Offline),
        1 => Just(Step::Visible),
        1 => Just(Step::PageRestored),
        2 => (0..3_u8).prop_map(Step::Subscribe),
        2 => (0..3_u8).prop_map(Step::Unsubscribe),
        1 => (0..3_u8).prop_map(Step::Token),
        1 => (0..3_u8).prop_map(Step::Organization),
        1 => prop_oneof![Just(f64::NAN), -1.0..2.0].prop_map(Step::Random),
    ]
}

fn options() -> impl Strategy<Value = LinkOptions> {
    (any::<bool>(), 0..6_u32, 0..3_000_u64, 0.0..3.0, 0..20_000_u64, 0..20_000_u64).prop_map(
        |(keep, max_attempts, initial_ms, factor, ping_interval_ms, pong_timeout_ms)| LinkOptions {
            reconnect: keep,
            backoff: Backoff::new(initial_ms, factor, 10_000, max_attempts),
            ping_interval_ms,
            pong_timeout_ms,
            ..LinkOptions::default()
        },
    )
}

impl Step {
    fn play(self, player: &mut Player) {
        let generation = |age: u32| player.generation.wrapping_sub(age);
        match self {
            Self::Connect => player.give(Input::Connect),
            Self::Disconnect => player.give(Input::Disconnect),
            Self::Reconnect => player.give(Input::Reconnect),
            Self::Drop => player.give(Input::Drop),
            Self::Probe => player.give(Input::Probe),
            Self::Timer => player.give(Input::Timer),
            Self::Wait(milliseconds) => player.wait(milliseconds),
            Self::Sleep(milliseconds) => player.sleep(milliseconds),
            Self::Freeze(milliseconds) => player.freeze(milliseconds),
            Self::Opened(age) => player.give(Input::Opened { generation: generation(age) }),
            Self::Text(age, text) => player.give(Input::Message { generation: generation(age), text: &text }),
            Self::Bytes(age, bytes) => {
                player.give(Input::BinaryMessage { generation: generation(age), bytes: &bytes });
            }
            Self::Failed(age) => {
                player.give(Input::Failed { generation: generation(age), error: "broken".into() });
            }
            Self::Closed(age, code, reason) => {
                player.give(Input::Closed { generation: generation(age), code, reason: reason.into() });
            }
            Self::Online => player.give(Input::Online),
            Self::Offline => player.give(Input::Offline),
            Self::Visible => player.give(Input::Visible),
            Self::PageRestored => player.give(Input::PageRestored),
            Self::Subscribe(id) => player.subscribe(&format!("e-{id}")),
            Self::Unsubscribe(id) => player.unsubscribe(&format!("e-{id}")),
            Self::Token(id) => player.give(Input::Request(Request::SetToken(format!("token-{id}")))),
            Self::Organization(id) => {
                player.give(Input::Request(Request::SetOrganization(Some(format!("org-{id}").into()))));
            }
            Self::Random(random) => player.random = random,
        }
    }
}

/// Between two refetches no number is delivered twice.
fn no_number_twice(seen: &Seen) {
    let mut numbers = BTreeSet::new();
    for output in &seen.0 {
        match output {
            Output::Refetch(_) => numbers.clear(),
            Output::Frame(envelope) => {
                if let Some(seq) = envelope.seq {
                    assert!(numbers.insert(seq), "{seq} was delivered twice");
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order(options in options(), steps in prop::collection::vec(step(), 1..120)) {
        let mut player = Player::new(options);
        for step in steps {
            step.play(&mut player);
        }
        no_number_twice(&player.take());
        // And from anywhere a person gets a working connection.
        player.give(Input::Online);
        player.give(Input::Reconnect);
        player.open();
        player.ack("z", 0);
        prop_assert_eq!(player.state(), LinkState::Connected);
        prop_assert!(!player.link.status().fallback_active);
    }
}
