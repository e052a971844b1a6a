//! Pings, pongs and dead peers.

use switchboard_link::{Input, LinkError, LinkOptions, LinkState};

use crate::player::Player;

#[test]
fn pings_keep_the_servers_rhythm_and_measure_the_round_trip() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.text(r#"{"type":"connection_ack","epoch":"e","seq":0,"heartbeatSeconds":7}"#);
    player.take();
    player.wait(6_999);
    assert_eq!(player.take().pings(), 0);
    player.wait(1);
    assert_eq!(player.take().pings(), 1);
    player.wait(130);
    player.pong(0, 0);
    assert_eq!(player.link.stats().round_trip_ms, Some(130));
    player.wait(6_870);
    assert_eq!(player.take().pings(), 1);
}

#[test]
fn a_senseless_heartbeat_is_held_in_a_sane_range() {
    for (asked, interval_ms) in [(0, 1_000), (u64::MAX, 300_000)] {
        let mut player = Player::connecting(LinkOptions::default());
        player.open();
        player.text(&format!(r#"{{"type":"connection_ack","epoch":"e","heartbeatSeconds":{asked}}}"#));
        assert_eq!(player.link.deadline(), Some(player.now.monotonic_ms + interval_ms));
    }
}

/// A half-open connection looks open for ever: only a ping without an answer shows that it is dead.
#[test]
fn a_ping_without_an_answer_replaces_the_connection() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.wait(29_999);
    assert_eq!(player.state(), LinkState::Connected);
    player.wait(1);
    assert_eq!(player.state(), LinkState::Disconnected);
    assert_eq!(player.link.status().last_error, Some(LinkError::DeadPeer));
    assert_eq!(player.link.status().attempt, 1, "a dead peer is a failure");
    let seen = player.take();
    assert_eq!(seen.closes().len(), 1);
    player.wait(500);
    assert_eq!(player.take().opens(), 1);
}

#[test]
fn any_frame_is_as_good_as_a_pong() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    for seq in 1..50 {
        player.wait(9_000);
        player.frame(seq);
    }
    assert_eq!(player.state(), LinkState::Connected);
    assert!(player.take().pings() > 10);
}

#[test]
fn even_an_unreadable_frame_is_a_sign_of_life() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.wait(25_000);
    player.text("garbage");
    player.wait(14_000);
    assert_eq!(player.state(), LinkState::Connected);
}

#[test]
fn a_server_that_answers_two_pings_with_one_pong_still_has_a_round_trip() {
    let options = LinkOptions { ping_interval_ms: 2_000, ..LinkOptions::default() };
    let mut player = Player::connecting(options);
    player.open();
    player.text(r#"{"type":"connection_ack","epoch":"e","seq":0}"#);
    player.wait(4_000);
    player.pong(0, 0);
    assert_eq!(player.link.stats().round_trip_ms, None);
    player.wait(2_000);
    player.wait(40);
    player.pong(0, 0);
    assert_eq!(player.link.stats().round_trip_ms, Some(40));
}

#[test]
fn intervals_of_zero_are_no_busy_loop() {
    let options = LinkOptions {
        ping_interval_ms: 0,
        pong_timeout_ms: 0,
        connect_timeout_ms: 0,
        ..LinkOptions::default()
    };
    let mut player = Player::connecting(options);
    player.wait(5_000);
    player.open();
    player.give(Input::Timer);
    player.wait(5_000);
}
