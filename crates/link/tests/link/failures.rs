//! Failed connections: backoff, attempts, fallback.

use switchboard_link::{Backoff, Input, LinkError, LinkOptions, LinkState};

use crate::player::Player;

fn chat() -> LinkOptions {
    LinkOptions { backoff: Backoff::chat(), ..LinkOptions::default() }
}

/// Lets every attempt fail at once, and notes how long each wait is.
fn waits(player: &mut Player, count: usize) -> Vec<u64> {
    let mut waits = Vec::new();
    for _ in 0..count {
        player.fail();
        let wait = player.retry_in().expect("a retry is due");
        waits.push(wait);
        player.wait(wait);
    }
    waits
}

#[test]
fn delays_double_up_to_the_cap() {
    let mut player = Player::connecting(chat());
    assert_eq!(waits(&mut player, 7), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    player.random = 0.0;
    assert_eq!(waits(&mut player, 1), [15_000], "jitter is taken after the cap");
}

/// Jitter before the cap made all clients wait alike from the cap on, and come back in one wave.
#[test]
fn jitter_spreads_also_at_the_cap_and_never_beyond_it() {
    let backoff = Backoff::chat();
    let delays: Vec<u64> =
        [0.0, 0.25, 0.5, 1.0].into_iter().map(|random| backoff.delay_ms(40, random)).collect();
    assert_eq!(delays, [15_000, 18_750, 22_500, 30_000]);
    assert_eq!(backoff.delay_ms(u32::MAX, f64::INFINITY), 30_000);
    assert_eq!(backoff.delay_ms(0, f64::NAN), 750, "a broken random number is no broken delay");
    assert_eq!(Backoff::new(0, f64::INFINITY, 0, 0).delay_ms(7, 1.0), 0);
    assert_eq!(Backoff::new(100, 0.5, 1_000, 0).delay_ms(7, 1.0), 100, "delays never shrink");
    assert_eq!(Backoff::new(100, f64::NAN, 1_000, 0).delay_ms(7, 1.0), 100);
    assert_eq!(
        (Backoff::new(1, 1.0, 1, 0).max_attempts, Backoff::new(1, 1.0, 1, 4).max_attempts),
        (None, Some(4))
    );
}

#[test]
fn delays_of_a_daemon_grow_by_half() {
    let mut player = Player::connecting(LinkOptions { backoff: Backoff::daemon(), ..LinkOptions::default() });
    assert_eq!(waits(&mut player, 4), [2_000, 3_000, 4_500, 6_750]);
}

#[test]
fn a_proven_connection_resets_the_delays() {
    let mut player = Player::connecting(chat());
    waits(&mut player, 4);
    player.open();
    player.ack("e", 0);
    player.close(1006, "");
    assert_eq!(player.retry_in(), Some(1_000));
}

/// A server that accepts and drops used to reset the backoff with each acceptance, so clients hammered it, and
/// never fell back to another transport.
#[test]
fn a_server_that_accepts_and_drops_is_still_a_failure() {
    let mut player = Player::connecting(chat());
    for (failures, wait) in [(1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000)] {
        player.open();
        player.close(1006, "");
        assert_eq!(player.link.status().attempt, failures);
        assert_eq!(player.retry_in(), Some(wait));
        assert_eq!(player.link.status().fallback_active, failures >= 3);
        player.wait(wait);
    }
}

/// A half-open server, or a proxy without a server behind it, accepts and then says nothing: staying open for
/// 5 s counted as proof each time, so the fallback never came.
#[test]
fn a_server_that_accepts_and_stays_silent_is_a_failure_too() {
    let mut player = Player::connecting(chat());
    for _ in 0..3 {
        assert!(!player.link.status().fallback_active);
        player.open();
        player.wait(11_000);
        assert_eq!(player.link.status().last_error, Some(LinkError::DeadPeer));
        let wait = player.retry_in().expect("a retry is due");
        player.wait(wait);
    }
    assert_eq!(player.link.status().attempt, 3);
    assert!(player.link.status().fallback_active);
}

#[test]
fn the_fallback_starts_at_three_failures_and_ends_with_a_proven_connection() {
    let mut player = Player::connecting(chat());
    waits(&mut player, 2);
    assert!(!player.link.status().fallback_active);
    waits(&mut player, 1);
    assert!(player.link.status().fallback_active);
    player.open();
    assert!(player.link.status().fallback_active, "an open socket alone proves nothing");
    player.ack("e", 0);
    assert!(!player.link.status().fallback_active);
    assert_eq!((player.link.status().attempt, &player.link.status().last_error), (0, &None));
}

/// A fallback that never starts because a transport once opened.
#[test]
fn the_fallback_starts_also_after_a_connection_that_once_worked() {
    let mut player = Player::connected(chat(), 0);
    player.close(1006, "");
    assert_eq!(player.link.status().attempt, 0, "the loss of a working connection is no failed connection");
    player.wait(1_000);
    waits(&mut player, 3);
    assert!(player.link.status().fallback_active);
}

#[test]
fn a_manual_reconnect_keeps_the_fallback_until_a_connection_works() {
    let mut player = Player::connecting(chat());
    waits(&mut player, 3);
    player.give(Input::Reconnect);
    assert_eq!(player.link.status().attempt, 0);
    assert!(player.link.status().fallback_active);
}

/// A retry limit that counted a connection's lifetime instead of consecutive failures.
#[test]
fn the_limit_counts_consecutive_failures_only() {
    let backoff = Backoff::new(1_000, 2.0, 30_000, 3);
    let mut player = Player::connecting(LinkOptions { backoff, ..LinkOptions::default() });
    for _ in 0..10 {
        waits(&mut player, 2);
        player.open();
        player.ack("e", 0);
        player.close(1006, "");
        player.wait(1_000);
    }
    waits(&mut player, 2);
    player.fail();
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Error, None));
    let error = player.link.status().last_error.clone().unwrap().to_string();
    assert_eq!(error, "gave up after 3 failed attempts in a row; the last: the connection failed: refused");
    player.give(Input::Connect);
    player.give(Input::Online);
    player.give(Input::Visible);
    assert_eq!(player.state(), LinkState::Error);
    player.give(Input::Reconnect);
    assert_eq!((player.state(), player.link.status().attempt), (LinkState::Connecting, 0));
}

#[test]
fn without_reconnect_a_drop_is_final() {
    let mut player = Player::connected(LinkOptions { reconnect: false, ..LinkOptions::default() }, 0);
    player.close(1006, "");
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Disconnected, None));
    assert!(player.link.status().last_error.is_some());
    player.give(Input::Online);
    assert_eq!(player.take().opens(), 0);
    player.give(Input::Connect);
    assert_eq!(player.state(), LinkState::Connecting);
}

/// gloo-net reports a failure as an error, then a close, then the end of the stream.
#[test]
fn an_error_followed_by_a_close_reconnects_once() {
    let mut player = Player::connected(chat(), 0);
    player.fail();
    player.close(1006, "");
    player.close(1006, "");
    assert_eq!(player.link.stats().failures, 0);
    assert_eq!(player.retry_in(), Some(1_000));
    player.wait(1_000);
    assert_eq!(player.take().opens(), 1);
}

/// Of an error followed by a close, only the close says that the token was refused.
#[test]
fn the_close_after_an_error_still_explains_it() {
    let mut player = Player::connecting(chat());
    player.open();
    player.fail();
    player.close(4401, "expired");
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Error, None));

    let mut player = Player::connecting(chat());
    player.open();
    player.fail();
    player.close(4429, "retry_after=20");
    assert_eq!(player.retry_in(), Some(20_000));
}

/// Sockets multiplied with each reconnect, and reconnecting stopped after close and reopen.
#[test]
fn a_hundred_drops_make_a_hundred_single_sockets() {
    let mut player = Player::connecting(chat());
    for _ in 0..100 {
        player.open();
        player.ack("e", 0);
        player.give(Input::Disconnect);
        player.give(Input::Connect);
        player.open();
        player.ack("e", 0);
        player.close(1006, "");
        player.wait(1_000);
    }
    assert_eq!(player.take().opens(), 201);
    assert_eq!(player.link.stats().connections, 200);
}
