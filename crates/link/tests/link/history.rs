//! What a person can read of the connection: each transition with its reason, and a connection that is dropped on purpose.

use switchboard_link::{
    Entry, Happening, Input, LinkError, LinkOptions, LinkState, MOST_ENTRIES, RefetchReason, Why,
};
use switchboard_protocol::ResyncReason;

use crate::player::Player;

/// What the newest state entries say, oldest of them first: state, reason, attempt, delay.
fn newest(player: &Player, count: usize) -> Vec<(LinkState, Option<Why>, u32, Option<u64>)> {
    let state = |entry: &Entry| match &entry.what {
        Happening::State { state, why, attempt, retry_in_ms, .. } => {
            Some((*state, why.clone(), *attempt, *retry_in_ms))
        }
        _ => None,
    };
    let all: Vec<_> = player.history.entries().filter_map(state).collect();
    all[all.len() - count..].to_vec()
}

fn happenings(player: &Player) -> Vec<(Happening, u32)> {
    let others = player.history.entries().filter(|entry| !matches!(entry.what, Happening::State { .. }));
    others.map(|entry| (entry.what.clone(), entry.times)).collect()
}

#[test]
fn a_lost_connection_is_told_with_its_attempts_their_delays_and_what_was_resumed() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    assert_eq!(
        newest(&player, 2),
        [(LinkState::Connecting, None, 1, None), (LinkState::Connected, None, 0, None)]
    );

    player.close(1006, "");
    let broke = LinkError::Closed { code: 1006, reason: String::new() };
    assert_eq!(newest(&player, 1), [(LinkState::Disconnected, Some(Why::Error(broke)), 0, Some(500))]);
    player.wait(500);
    player.fail();
    let refused = Why::Error(LinkError::Failed("refused".into()));
    assert_eq!(
        newest(&player, 2),
        [(LinkState::Connecting, None, 1, None), (LinkState::Disconnected, Some(refused), 1, Some(1_000))],
        "the loss of a proven connection is no failed attempt; this one is"
    );
    player.wait(1_000);
    player.open();
    player.ack("e", 9);
    player.text(r#"{"type":"resumed","from":8,"to":9}"#);
    assert_eq!(
        newest(&player, 2),
        [(LinkState::Connecting, None, 2, None), (LinkState::Connected, None, 0, None)]
    );
    assert_eq!(happenings(&player), [(Happening::Resumed { from: Some(8), to: Some(9) }, 1)]);
    assert_eq!(player.link.stats().gaps, 0);
}

#[test]
fn a_gap_and_what_a_person_does_are_told_apart() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    player.frame(8);
    player.wait(20_000);
    player.pong(9, 2);
    let lost = Why::Error(LinkError::Gap { delivered: 2, received: 1 });
    assert_eq!(
        newest(&player, 2),
        [(LinkState::Disconnected, Some(lost), 0, Some(0)), (LinkState::Connecting, None, 1, None)]
    );
    player.open();
    player.ack("e", 9);
    player.give(Input::Reconnect);
    assert_eq!(newest(&player, 2)[0].1, Some(Why::Replaced));
    player.give(Input::Disconnect);
    assert_eq!(newest(&player, 1), [(LinkState::Disconnected, Some(Why::Disconnected), 0, None)]);
}

#[test]
fn a_retry_that_is_put_off_is_told_with_its_new_delay() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    player.close(1006, "");
    player.wait(100);
    player.give(Input::Offline);
    assert_eq!(newest(&player, 1)[0].3, Some(10_100), "from the beginning of the state on");
    player.give(Input::Online);
    assert_eq!(
        newest(&player, 1)[0].3,
        Some(1_000),
        "and brought forward, as far as attempts may follow each other"
    );
}

#[test]
fn a_resync_is_told_and_one_that_repeats_is_counted() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    for _ in 0..1_000 {
        player.text(r#"{"type":"resync","reason":"too-old"}"#);
    }
    let too_old = Happening::Refetched(RefetchReason::Resync(ResyncReason::TooOld));
    assert_eq!(happenings(&player), [(too_old, 1_000)]);
    player.text(&format!(r#"{{"type":"resync","reason":"{}"}}"#, "x".repeat(100_000)));
    let Some((Happening::Refetched(RefetchReason::Resync(reason)), 1)) = happenings(&player).pop() else {
        panic!("another reason is another entry")
    };
    assert_eq!(reason.as_str().len(), 120, "a server's reason is cut");
}

#[test]
fn the_history_is_bounded() {
    let mut player = Player::connecting(LinkOptions::default());
    for _ in 0..MOST_ENTRIES {
        player.fail();
        player.wait(10_000);
    }
    assert_eq!(player.history.entries().len(), MOST_ENTRIES);
}

#[test]
fn dropping_ends_the_socket_as_a_network_would_and_it_comes_back_by_schedule() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    player.give(Input::Drop);
    assert_eq!(player.take().closes(), [4003]);
    assert_eq!((player.state(), player.retry_in()), (LinkState::Disconnected, Some(500)));
    assert_eq!(player.link.status().last_error, Some(LinkError::Dropped));
    assert_eq!(player.link.status().attempt, 0, "a proven connection that is lost is no failed one");
    assert!(player.link.status().stale_since.is_some());

    player.give(Input::Drop);
    assert_eq!(player.retry_in(), Some(500), "what is down can't be dropped");
    player.wait(500);
    player.open();
    assert!(player.take().sent()[0].contains(r#""resume":{"epoch":"e","seq":7}"#), "it resumes");
    player.ack("e", 7);
    assert_eq!((player.state(), &player.link.status().last_error), (LinkState::Connected, &None));
}

#[test]
fn dropping_does_nothing_where_nobody_wants_a_connection() {
    let mut player = Player::new(LinkOptions::default());
    player.give(Input::Drop);
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Disconnected, None));
    let mut player = Player::connecting(LinkOptions { reconnect: false, ..LinkOptions::default() });
    player.give(Input::Drop);
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Disconnected, None));
}

#[test]
fn a_probe_asks_at_once_and_measures() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    player.wait(3_000);
    player.take();
    player.give(Input::Probe);
    assert_eq!(player.take().pings(), 1);
    player.wait(40);
    player.pong(7, 0);
    assert_eq!((player.link.stats().round_trip_ms, player.link.stats().round_trips), (Some(40), 1));
    player.give(Input::Probe);
    player.wait(60_000);
    assert_ne!(player.state(), LinkState::Connected, "a dead one is found");
}
