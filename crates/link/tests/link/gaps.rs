//! Frames that were lost, and how that is found out.

use switchboard_link::{LinkError, LinkOptions, LinkState, RefetchReason};

use crate::player::Player;

/// Lets a gap be found, and opens the connection that repairs it.
fn gap(player: &mut Player, head: u64, delivered: u64) {
    player.pong(head, delivered);
    player.open();
    player.ack("e", head);
}

#[test]
fn equal_counts_prove_that_nothing_is_missing() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(3);
    player.frame(3);
    player.frame(8);
    player.pong(9, 3);
    assert_eq!(
        (player.state(), player.link.stats().gaps),
        (LinkState::Connected, 0),
        "duplicates were delivered too"
    );
}

/// A broadcast channel that lags silently leaves a hole that no sequence number shows.
#[test]
fn a_count_that_differs_reconnects_at_once_and_fetches_exactly_what_was_missed() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(1);
    player.pong(1, 1);
    player.frame(2);
    player.frame(5);
    player.take();
    player.pong(6, 4);
    let seen = player.take();
    assert_eq!((seen.closes().len(), seen.opens()), (1, 1));
    assert_eq!(player.link.stats().gaps, 1);
    assert_eq!(player.link.status().last_error, Some(LinkError::Gap { delivered: 4, received: 3 }));
    player.open();
    let handshake = player.take().sent()[0].to_owned();
    assert!(handshake.contains(r#""resume":{"epoch":"e","seq":1}"#), "from the last proof: {handshake}");
    player.ack("e", 6);
    player.text(r#"{"type":"resumed","from":2,"to":6}"#);
    for seq in [2, 4, 5, 6] {
        player.frame(seq);
    }
    let seen = player.take();
    assert_eq!(seen.frames(), [4, 6], "what has come is not delivered twice");
    assert_eq!(seen.refetches(), [RefetchReason::Gap], "4 comes after 5, so folds must begin anew");
    player.pong(6, 4);
    assert_eq!(player.link.stats().gaps, 1);
    assert_eq!(player.link.status().cursor, Some(6));
}

#[test]
fn a_loss_at_the_end_is_repaired_without_refetching() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(1);
    gap(&mut player, 2, 2);
    player.text(r#"{"type":"resumed","from":1,"to":2}"#);
    player.take();
    player.frame(1);
    player.frame(2);
    let seen = player.take();
    assert_eq!((seen.frames(), seen.refetches()), (vec![2], vec![]));
}

/// The connection broke before a pong could show the loss; resuming from the newest number would have kept the
/// hole for good.
#[test]
fn a_loss_that_no_pong_could_show_is_repaired_by_the_next_resume() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(1);
    player.frame(3);
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    player.ack("e", 3);
    player.text(r#"{"type":"resumed","from":1,"to":3}"#);
    player.take();
    for seq in 1..4 {
        player.frame(seq);
    }
    let seen = player.take();
    assert_eq!((seen.frames(), seen.refetches()), (vec![2], vec![RefetchReason::Gap]));
}

/// An unreadable frame may or may not have had a number. Taken for a gap, one that a server cannot help sending
/// made clients reconnect for ever.
#[test]
fn an_unreadable_frame_is_no_gap() {
    for delivered in [1, 2] {
        let mut player = Player::connected(LinkOptions::default(), 0);
        player.frame(1);
        player.text("{\"seq\":2,");
        player.pong(2, delivered);
        assert_eq!((player.state(), player.link.stats().gaps), (LinkState::Connected, 0));
        player.frame(3);
        player.pong(4, delivered + 2);
        assert_eq!(player.link.stats().gaps, 1, "and excuses no later difference");
    }
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.text("garbage");
    player.pong(2, 2);
    assert_eq!(player.link.stats().gaps, 1, "nor two with one");
}

#[test]
fn a_server_that_counts_less_than_came_is_a_gap_too() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(1);
    player.pong(1, 0);
    assert_eq!(player.link.stats().gaps, 1);
}

#[test]
fn repeated_gaps_go_through_backoff() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.frame(1);
    player.pong(9, 9);
    assert_eq!(player.state(), LinkState::Connecting, "the first is repaired at once");
    for wait in [500, 1_000, 2_000, 4_000] {
        player.open();
        player.ack("e", 9);
        player.text(r#"{"type":"resumed","from":1,"to":9}"#);
        player.frame(9);
        player.pong(9, 9);
        assert_eq!(player.retry_in(), Some(wait));
        player.wait(wait);
    }
    player.open();
    player.ack("e", 9);
    player.pong(9, 0);
    player.pong(9, 1);
    assert_eq!(player.state(), LinkState::Connecting, "a matching count forgives the earlier gaps");
}

/// A ping may be answered in the middle of a replay, when the connection is still behind what has come before.
#[test]
fn a_proof_in_the_middle_of_a_replay_forgets_only_what_it_proves() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    for seq in [1, 3, 5] {
        player.frame(seq);
    }
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    player.ack("e", 6);
    player.text(r#"{"type":"resumed","from":1,"to":6}"#);
    player.take();
    player.frame(1);
    player.pong(2, 1);
    for seq in [3, 5, 6] {
        player.frame(seq);
    }
    player.pong(6, 4);
    assert_eq!(player.take().frames(), [6]);
    assert_eq!((player.link.status().cursor, player.link.stats().gaps), (Some(6), 0));
}

#[test]
fn while_a_ping_is_under_way_no_early_proof_is_asked_for() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.wait(20_000);
    for seq in 1..=4_000 {
        player.frame(seq);
    }
    assert_eq!(player.take().pings(), 1);
}

#[test]
fn many_frames_between_two_pings_ask_for_an_early_proof() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    for seq in 1..=2_047 {
        player.frame(seq);
    }
    assert_eq!(player.take().pings(), 0);
    player.frame(2_048);
    player.frame(2_048);
    player.frame(2_049);
    assert_eq!(player.take().pings(), 1);
    player.pong(2_048, 2_050);
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    assert!(player.take().sent()[0].contains(r#""seq":2048"#));
}

/// Too many frames came since the last proof for the missing ones to be told apart.
#[test]
fn a_gap_beyond_memory_is_refetched() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.subscribe("e-1");
    player.text(r#"{"type":"subscribed","executionId":"e-1","seq":0}"#);
    for seq in 1..=10_000 {
        player.frame(seq);
    }
    player.pong(10_001, 10_001);
    player.take();
    player.open();
    assert!(player.take().sent()[0].contains(r#""seq":10000"#));
    player.ack("e", 10_001);
    player.text(r#"{"type":"resumed","from":10001,"to":10001}"#);
    player.frame(10_001);
    let seen = player.take();
    assert_eq!(seen.refetches(), [RefetchReason::Gap]);
    assert_eq!(seen.subscribed(), [("e-1".into(), Some(10_000))]);
    assert_eq!(seen.frames(), [10_001]);
}
