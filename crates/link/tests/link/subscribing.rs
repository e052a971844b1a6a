//! Subscriptions to executions, at a server that keeps a log.

use switchboard_link::{Input, LinkOptions};

use crate::player::{Player, held};

fn subscribe(execution: &str) -> String {
    format!(r#"{{"type":"subscribe","executionId":"{execution}"}}"#)
}

fn unsubscribe(execution: &str) -> String {
    format!(r#"{{"type":"unsubscribe","executionId":"{execution}"}}"#)
}

fn answer(player: &mut Player, execution: &str, seq: u64) {
    player.text(&format!(r#"{{"type":"subscribed","executionId":"{execution}","seq":{seq}}}"#));
}

#[test]
fn while_connected_a_subscription_is_sent_at_once_and_counts_from_its_answer() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    let seen = player.take();
    assert_eq!(seen.sent(), [subscribe("e-1")]);
    assert_eq!(seen.subscribed(), []);
    answer(&mut player, "e-1", 6);
    assert_eq!(player.take().subscribed(), [("e-1".into(), Some(6))]);
    answer(&mut player, "e-1", 6);
    answer(&mut player, "e-2", 6);
    assert_eq!(player.take().subscribed(), [], "unasked answers count for nothing");
}

#[test]
fn while_down_a_subscription_waits_for_the_handshake() {
    let mut player = Player::new(LinkOptions::default());
    player.subscribe("e-1");
    player.give(Input::Connect);
    player.open();
    let seen = player.take();
    assert_eq!(seen.sent().len(), 1);
    assert!(seen.sent()[0].contains(r#""subscribe":["e-1"]"#));
    player.ack("e", 5);
    let seen = player.take();
    assert_eq!((seen.subscribed(), seen.sent().len()), (vec![("e-1".into(), Some(5))], 0));
    answer(&mut player, "e-1", 5);
    assert_eq!(player.take().subscribed(), [], "a server that answers the handshake too says nothing new");
}

/// Two components with the same subscription: one leaving must not silence the other.
#[test]
fn one_party_leaving_does_not_silence_the_other() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    player.subscribe("e-1");
    answer(&mut player, "e-1", 5);
    let seen = player.take();
    assert_eq!((seen.sent().len(), seen.subscribed().len()), (1, 1), "one subscription for both");
    assert_eq!(held(&player.link), [("e-1".into(), 2)]);
    player.unsubscribe("e-1");
    assert!(player.take().0.is_empty());
    player.unsubscribe("e-1");
    assert_eq!(player.take().sent(), [unsubscribe("e-1")]);
    player.unsubscribe("e-1");
    assert!(player.take().0.is_empty(), "one unsubscribe too many does no harm");
    assert_eq!(held(&player.link), []);
}

/// The second party would wait for ever for an answer that the first has had already.
#[test]
fn a_party_that_joins_a_live_subscription_is_told_at_once() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    answer(&mut player, "e-1", 5);
    player.frame(8);
    player.take();
    player.subscribe("e-1");
    assert_eq!(player.take().subscribed(), [("e-1".into(), Some(8))]);
}

/// Between the two subscriptions the server delivered nothing, so the first one's answer promises too much.
#[test]
fn of_two_subscriptions_in_a_row_the_last_answer_counts() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    player.unsubscribe("e-1");
    player.subscribe("e-1");
    assert_eq!(player.take().sent(), [subscribe("e-1"), unsubscribe("e-1"), subscribe("e-1")]);
    answer(&mut player, "e-1", 5);
    assert_eq!(player.take().subscribed(), []);
    answer(&mut player, "e-1", 9);
    assert_eq!(player.take().subscribed(), [("e-1".into(), Some(9))]);
}

#[test]
fn what_changes_between_handshake_and_ack_is_settled_at_the_ack() {
    let mut player = Player::new(LinkOptions::default());
    player.subscribe("e-1");
    player.subscribe("e-2");
    player.give(Input::Connect);
    player.open();
    player.unsubscribe("e-1");
    player.unsubscribe("e-2");
    player.subscribe("e-2");
    player.subscribe("e-3");
    player.take();
    player.ack("e", 5);
    let seen = player.take();
    assert_eq!(seen.sent(), [unsubscribe("e-1"), subscribe("e-3")]);
    assert_eq!(seen.subscribed(), [("e-2".into(), Some(5))]);
    answer(&mut player, "e-3", 6);
    assert_eq!(player.take().subscribed(), [("e-3".into(), Some(6))]);
}

#[test]
fn an_unanswered_subscription_begins_with_the_next_connection() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    player.close(1006, "");
    player.wait(1_000);
    player.take();
    player.open();
    assert!(player.take().sent()[0].contains(r#""subscribe":["e-1"]"#));
    player.ack("e", 5);
    assert_eq!(player.take().subscribed(), [], "not before it is known whether the log goes on");
    player.text(r#"{"type":"resumed","from":6,"to":5}"#);
    assert_eq!(player.take().subscribed(), [("e-1".into(), Some(5))]);
}

/// The replay's beginning says nothing about a subscription that the handshake did not hold.
#[test]
fn a_subscription_made_while_resuming_counts_from_its_own_answer() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.close(1006, "");
    player.wait(1_000);
    player.open();
    player.subscribe("e-1");
    player.take();
    player.ack("e", 5);
    player.text(r#"{"type":"resumed","from":6,"to":5}"#);
    let seen = player.take();
    assert_eq!((seen.sent(), seen.subscribed()), (vec![&*subscribe("e-1")], vec![]));
    answer(&mut player, "e-1", 7);
    assert_eq!(player.take().subscribed(), [("e-1".into(), Some(7))]);
}

#[test]
fn what_was_left_while_down_is_not_subscribed_again() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.subscribe("e-1");
    player.subscribe("e-2");
    player.close(1006, "");
    player.unsubscribe("e-1");
    player.wait(1_000);
    player.take();
    player.open();
    assert!(player.take().sent()[0].contains(r#""subscribe":["e-2"]"#));
}
