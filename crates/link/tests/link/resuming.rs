//! Cursor, duplicates, resume and resync.

use switchboard_link::{Input, LinkOptions, LinkState, RefetchReason};
use switchboard_protocol::ResyncReason;

use crate::player::Player;

/// Drops the connection and opens the next; what was sent on it.
fn reopen(player: &mut Player) -> String {
    player.close(1006, "");
    player.wait(1_000);
    player.take();
    player.open();
    player.take().sent()[0].to_owned()
}

#[test]
fn a_duplicate_is_dropped_and_counted() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    for seq in [6, 6, 5, 9, 7, 10] {
        player.frame(seq);
    }
    assert_eq!(player.take().frames(), [6, 9, 10]);
    assert_eq!((player.link.stats().duplicates, player.link.stats().sequenced), (3, 6));
    assert_eq!(player.link.status().cursor, Some(10));
}

#[test]
fn a_reconnect_resumes_and_nothing_is_refetched() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    player.text(r#"{"type":"subscribed","executionId":"e-1","seq":5}"#);
    player.frame(6);
    player.pong(6, 1);
    let handshake = reopen(&mut player);
    assert!(handshake.contains(r#""resume":{"epoch":"e","seq":6}"#), "{handshake}");
    player.ack("e", 8);
    player.text(r#"{"type":"resumed","from":7,"to":8}"#);
    player.frame(7);
    player.frame(8);
    let seen = player.take();
    assert_eq!(seen.frames(), [7, 8]);
    assert_eq!((seen.refetches(), seen.subscribed()), (vec![], vec![]), "continuity was kept");
    assert_eq!(player.link.stats().resumed, 1);
}

/// Frames that came after the last proof are asked for again, because one of them may have been lost on the way;
/// what has come is not delivered twice.
#[test]
fn what_is_not_proven_is_replayed_and_not_delivered_twice() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    for seq in [6, 7, 9] {
        player.frame(seq);
    }
    player.take();
    assert!(reopen(&mut player).contains(r#""resume":{"epoch":"e","seq":5}"#));
    player.ack("e", 10);
    player.text(r#"{"type":"resumed","from":6,"to":10}"#);
    for seq in [6, 7, 9, 10] {
        player.frame(seq);
    }
    let seen = player.take();
    assert_eq!((seen.frames(), seen.refetches()), (vec![10], vec![]));
    assert_eq!(player.link.stats().duplicates, 3);
}

#[test]
fn a_pong_moves_the_cursor_past_frames_meant_for_others() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.pong(500, 0);
    assert_eq!(player.link.status().cursor, Some(500));
    assert!(reopen(&mut player).contains(r#""seq":500"#));
}

#[test]
fn a_resync_begins_anew_at_the_acks_head() {
    for (reason, known) in [("too-old", ResyncReason::TooOld), ("moon", ResyncReason::Other("moon".into()))] {
        let mut player = Player::connected(LinkOptions::default(), 5);
        player.subscribe("e-1");
        player.text(r#"{"type":"subscribed","executionId":"e-1","seq":5}"#);
        reopen(&mut player);
        player.ack("e", 90);
        player.text(&format!(r#"{{"type":"resync","reason":"{reason}"}}"#));
        let seen = player.take();
        assert_eq!(seen.refetches(), [RefetchReason::Resync(known)]);
        assert_eq!(seen.subscribed(), [("e-1".into(), Some(90))], "each subscription begins anew");
        assert_eq!((player.link.status().cursor, player.link.status().live_from), (Some(90), Some(90)));
        player.frame(91);
        assert_eq!(player.take().frames(), [91]);
    }
}

#[test]
fn another_epoch_is_another_log_whether_or_not_a_resync_says_so() {
    for says_so in [true, false] {
        let mut player = Player::connected(LinkOptions::default(), 500);
        reopen(&mut player);
        player.ack("f", 3);
        if says_so {
            player.text(r#"{"type":"resync","reason":"epoch-changed"}"#);
        }
        player.frame(4);
        let seen = player.take();
        assert_eq!(seen.refetches(), [RefetchReason::Resync(ResyncReason::EpochChanged)], "once");
        assert_eq!(seen.frames(), [4]);
        assert_eq!(player.link.status().epoch.as_deref(), Some("f"));
    }
}

/// A server restored from a backup gives the same numbers to other frames; with the old cursor all of them would
/// be dropped as duplicates.
#[test]
fn a_log_that_ends_before_the_cursor_is_not_taken_for_duplicates() {
    let mut player = Player::connected(LinkOptions::default(), 500);
    reopen(&mut player);
    player.ack("e", 100);
    player.text(r#"{"type":"resumed","from":501,"to":100}"#);
    player.frame(101);
    let seen = player.take();
    assert_eq!(seen.refetches().len(), 1);
    assert_eq!(seen.frames(), [101]);
    assert_eq!(player.link.stats().resumed, 0);
}

#[test]
fn a_replay_that_leaves_a_hole_is_a_resync() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    reopen(&mut player);
    player.ack("e", 20);
    player.text(r#"{"type":"resumed","from":10,"to":20}"#);
    player.frame(10);
    let seen = player.take();
    assert_eq!((seen.refetches().len(), seen.frames()), (1, vec![10]));
}

/// A server that passes over a resume delivers from its head on; what lies between would be missing for good.
#[test]
fn a_resume_that_is_not_answered_is_a_resync() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    reopen(&mut player);
    player.ack("e", 20);
    player.frame(21);
    let seen = player.take();
    assert_eq!((seen.refetches().len(), seen.frames()), (1, vec![21]));

    let mut player = Player::connected(LinkOptions::default(), 5);
    reopen(&mut player);
    player.ack("e", 20);
    player.pong(20, 0);
    assert_eq!(player.take().refetches().len(), 1);
}

#[test]
fn a_replay_without_a_word_is_still_a_replay() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    reopen(&mut player);
    player.ack("e", 8);
    for seq in 6..10 {
        player.frame(seq);
    }
    let seen = player.take();
    assert_eq!((seen.refetches(), seen.frames()), (vec![], vec![6, 7, 8, 9]));
}

/// Retention may overtake a slow reader in the middle of a connection.
#[test]
fn a_resync_in_the_middle_accepts_whatever_comes_next() {
    let mut player = Player::connected(LinkOptions::default(), 500);
    player.text(r#"{"type":"resync","reason":"too-old"}"#);
    player.frame(400);
    player.frame(900);
    let seen = player.take();
    assert_eq!(seen.refetches(), [RefetchReason::Resync(ResyncReason::TooOld)]);
    assert_eq!(seen.frames(), [400, 900]);
    player.pong(900, 2);
    assert!(reopen(&mut player).contains(r#""resume":{"epoch":"e","seq":900}"#));
}

#[test]
fn an_ack_without_a_head_takes_its_place_from_the_first_frame() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.text(r#"{"type":"connection_ack","epoch":"e"}"#);
    assert_eq!(player.link.status().cursor, None);
    player.frame(70);
    player.pong(70, 1);
    assert!(reopen(&mut player).contains(r#""seq":70"#));
}

#[test]
fn a_manual_reconnect_resumes_too() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.give(Input::Reconnect);
    player.take();
    player.open();
    assert!(player.take().sent()[0].contains(r#""resume":{"epoch":"e","seq":5}"#));
    assert_eq!(player.state(), LinkState::Connecting);
}

#[test]
fn a_connection_that_dies_before_its_replay_ends_is_resumed_again() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    reopen(&mut player);
    player.ack("e", 9);
    player.text(r#"{"type":"resumed","from":6,"to":9}"#);
    player.frame(6);
    player.frame(7);
    assert_eq!(player.take().frames(), [6, 7]);
    reopen(&mut player);
    player.ack("e", 9);
    player.text(r#"{"type":"resumed","from":6,"to":9}"#);
    for seq in 6..10 {
        player.frame(seq);
    }
    assert_eq!(player.take().frames(), [8, 9]);
}
