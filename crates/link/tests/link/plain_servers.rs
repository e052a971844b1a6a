//! Servers that know only part 1 of the wire contract: no epoch, no numbers, no answer to subscribe.

use switchboard_link::{LinkOptions, LinkState, RefetchReason};

use crate::player::Player;

const UPDATE: &str = r#"{"event":"dashboard:update","data":{"organizationId":"acme"}}"#;

#[test]
fn subscriptions_are_sent_by_frame_once_the_server_shows_itself() {
    for proof in [r#"{"type":"connection_ack"}"#, r#"{"type":"pong"}"#, UPDATE, r#"{"type":"news"}"#] {
        let mut player = Player::connecting(LinkOptions::default());
        player.subscribe("e-1");
        player.open();
        player.subscribe("e-2");
        player.take();
        player.text(proof);
        let seen = player.take();
        assert_eq!(
            seen.sent(),
            [r#"{"type":"subscribe","executionId":"e-1"}"#, r#"{"type":"subscribe","executionId":"e-2"}"#],
            "{proof}"
        );
        assert_eq!(seen.subscribed(), [("e-1".into(), None), ("e-2".into(), None)], "it never answers");
        player.subscribe("e-3");
        let seen = player.take();
        assert_eq!(seen.sent(), [r#"{"type":"subscribe","executionId":"e-3"}"#]);
        assert_eq!(seen.subscribed(), [("e-3".into(), None)]);
        assert!(!player.link.status().server_has_seq);
    }
}

#[test]
fn a_server_that_says_nothing_gets_subscriptions_after_five_seconds() {
    let mut player = Player::connecting(LinkOptions::default());
    player.subscribe("e-1");
    player.open();
    player.take();
    player.wait(5_000);
    assert_eq!(player.take().subscribed(), [("e-1".into(), None)]);
}

#[test]
fn every_reconnect_subscribes_again_and_asks_to_refetch() {
    let mut player = Player::connecting(LinkOptions::default());
    player.subscribe("e-1");
    player.open();
    player.text(r#"{"type":"connection_ack"}"#);
    assert_eq!(player.take().refetches(), [], "there is nothing to refetch on the first connection");
    for _ in 0..3 {
        player.close(1006, "");
        player.wait(1_000);
        player.open();
        player.text(r#"{"type":"connection_ack"}"#);
        let seen = player.take();
        assert_eq!(seen.refetches(), [RefetchReason::NoSequence]);
        assert_eq!(seen.subscribed(), [("e-1".into(), None)]);
    }
}

#[test]
fn frames_without_numbers_are_delivered_as_they_come() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.text(UPDATE);
    player.text(UPDATE);
    assert_eq!(player.take().frames(), [0, 0]);
    assert_eq!(player.link.stats().sequenced, 0);
    assert_eq!(player.state(), LinkState::Connected);
}

/// Numbers without an epoch may begin anew with each connection; kept as a cursor they would swallow frames.
#[test]
fn numbers_without_an_epoch_count_on_one_connection_only() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.frame(900);
    player.frame(900);
    assert_eq!(player.take().frames(), [900]);
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    assert!(!player.take().sent()[0].contains("resume"));
    player.frame(3);
    assert_eq!(player.take().frames(), [3]);
}

#[test]
fn a_server_that_learns_to_keep_a_log_is_followed_from_its_head() {
    let mut player = Player::connecting(LinkOptions::default());
    player.subscribe("e-1");
    player.open();
    player.text(r#"{"type":"connection_ack"}"#);
    player.close(1012, "");
    player.wait(1_000);
    player.open();
    player.take();
    player.ack("e", 10);
    let seen = player.take();
    assert_eq!(seen.refetches(), [RefetchReason::NoSequence]);
    assert_eq!(seen.subscribed(), [("e-1".into(), Some(10))]);
    assert_eq!(seen.sent(), [""; 0], "the handshake has subscribed");
}

/// An overloaded hub may take longer than 5 s for its ack. It must not lose its cursor for that.
#[test]
fn a_late_ack_still_resumes() {
    let mut player = Player::connected(LinkOptions::default(), 10);
    player.frame(11);
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    player.wait(5_500);
    assert_eq!(player.state(), LinkState::Connected);
    player.take();
    player.ack("e", 12);
    player.text(r#"{"type":"resumed","from":11,"to":12}"#);
    player.frame(11);
    player.frame(12);
    assert_eq!(player.take().frames(), [12]);
}
