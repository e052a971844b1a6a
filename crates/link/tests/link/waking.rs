//! Sleep, hidden tabs, networks that come and go.

use switchboard_link::{Backoff, Input, LinkOptions, LinkState};

use crate::player::Player;

/// Timers stop in sleeping machines, so the schedule's next ping is far away when the lid opens.
#[test]
fn after_a_sleep_a_dead_socket_is_replaced_within_five_seconds() {
    let mut player = Player::connected(LinkOptions::default(), 3);
    player.wait(5_000);
    player.sleep(3_600_000);
    player.give(Input::Timer);
    assert_eq!(player.take().pings(), 1, "the sleep shows in the clocks");
    player.wait(5_000);
    let seen = player.take();
    assert_eq!((seen.closes().len(), seen.opens()), (1, 1));
}

#[test]
fn after_a_sleep_a_living_socket_is_kept() {
    let mut player = Player::connected(LinkOptions::default(), 3);
    player.sleep(3_600_000);
    player.give(Input::Visible);
    player.wait(100);
    player.pong(3, 0);
    player.wait(15_000);
    let seen = player.take();
    assert_eq!((seen.pings(), seen.closes().len(), seen.opens()), (1, 0, 0), "visible and asleep probe once");
    assert_eq!(player.state(), LinkState::Connected);
}

/// The pong deadline passed in the sleep, when nobody could answer; closing on waking threw away good sockets.
#[test]
fn a_deadline_that_passed_in_a_sleep_is_no_proof_of_death() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.wait(21_000);
    player.freeze(600_000);
    player.give(Input::Timer);
    assert_eq!(player.state(), LinkState::Connected);
    player.wait(100);
    player.pong(0, 0);
    player.pong(0, 0);
    player.wait(10_000);
    assert_eq!(player.state(), LinkState::Connected);
}

/// Frames from before the sleep may wait in a buffer. Taken for an answer, they kept a dead socket for half a
/// minute more.
#[test]
fn what_lay_in_the_buffer_is_no_answer_to_a_probe() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.sleep(3_600_000);
    player.frame(1);
    player.wait(10);
    player.frame(2);
    player.wait(5_000);
    assert_eq!(player.link.status().state, LinkState::Connecting);
}

#[test]
fn a_stream_of_frames_answers_a_probe() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.give(Input::Visible);
    for seq in 1..30 {
        player.wait(500);
        player.frame(seq);
    }
    assert_eq!(player.state(), LinkState::Connected);
}

/// In a hidden tab every timer comes up to a minute late. If each late timer gave a dead peer more time, it would
/// never be found.
#[test]
fn a_dead_peer_is_found_also_where_every_timer_is_late() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    for _ in 0..3 {
        player.freeze(60_000);
        player.give(Input::Timer);
    }
    assert_ne!(player.state(), LinkState::Connected);

    let mut player = Player::connecting(LinkOptions::default());
    for _ in 0..3 {
        player.freeze(60_000);
        player.give(Input::Timer);
    }
    assert!(player.generation > 1, "an attempt ends too");
}

#[test]
fn a_page_that_becomes_visible_or_restored_probes_its_socket() {
    for input in [Input::Visible, Input::PageRestored, Input::Online] {
        let mut player = Player::connected(LinkOptions::default(), 0);
        player.give(input.clone());
        assert_eq!(player.take().pings(), 1, "{input:?}");
        player.wait(5_000);
        assert_eq!(player.take().opens(), 1, "{input:?}");
    }
}

#[test]
fn a_page_that_becomes_visible_does_not_wait_for_the_backoff() {
    let mut player = Player::connecting(LinkOptions { backoff: Backoff::chat(), ..LinkOptions::default() });
    for _ in 0..6 {
        player.fail();
        player.wait(player.retry_in().unwrap());
    }
    player.fail();
    player.wait(2_000);
    player.take();
    player.give(Input::Visible);
    assert_eq!(player.take().opens(), 1);
}

/// Switching between tabs brings a `visible` each time; each used to burn an attempt.
#[test]
fn attempts_are_spaced_however_often_the_page_becomes_visible() {
    let backoff = Backoff::new(8_000, 2.0, 30_000, 5);
    let mut player = Player::connecting(LinkOptions { backoff, ..LinkOptions::default() });
    for _ in 0..100 {
        player.fail();
        player.give(Input::Visible);
    }
    assert_eq!(player.take().opens(), 1);
    player.wait(1_000);
    assert_eq!(player.take().opens(), 1, "but a second later it tries");
}

#[test]
fn being_offline_burns_no_attempts_and_coming_online_connects_at_once() {
    let backoff = Backoff::new(1_000, 2.0, 30_000, 3);
    let mut player = Player::connected(LinkOptions { backoff, ..LinkOptions::default() }, 0);
    player.give(Input::Offline);
    player.wait(4_000);
    assert_eq!(player.state(), LinkState::Disconnected, "the socket was probed, and is dead");
    for _ in 0..20 {
        player.wait(30_000);
        if player.socket.is_some() {
            player.fail();
        }
    }
    assert_eq!((player.state(), player.link.status().attempt), (LinkState::Disconnected, 0));
    assert!(!player.link.status().fallback_active);
    player.wait(2_000);
    player.take();
    player.give(Input::Online);
    assert_eq!(player.take().opens(), 1);
}

/// A hub on the same machine works without any network.
#[test]
fn being_offline_does_not_end_a_connection_that_works() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.give(Input::Offline);
    player.pong(0, 0);
    player.wait(15_000);
    assert_eq!(player.state(), LinkState::Connected);
    player.close(1001, "");
    player.wait(30_000);
    player.open();
    player.ack("e", 0);
    assert_eq!(player.state(), LinkState::Connected, "and the hub's restart is noticed, only later");
}

#[test]
fn setting_the_clock_costs_one_ping() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.now.wall_ms -= 86_400_000;
    player.give(Input::Timer);
    player.pong(0, 0);
    player.now.wall_ms += 4_000;
    player.give(Input::Timer);
    assert_eq!(player.take().pings(), 1, "small corrections cost nothing");
    assert_eq!(player.state(), LinkState::Connected);
}
