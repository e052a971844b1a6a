//! Handshake, ack, and what proves a connection.

use switchboard_link::{Input, LinkOptions, LinkState, Output, ReadWrite, Request};

use crate::player::Player;

#[test]
fn a_new_link_waits_to_be_asked() {
    let mut player = Player::new(LinkOptions::default());
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Disconnected, None));
    player.give(Input::Timer);
    player.give(Input::Online);
    player.give(Input::Visible);
    assert_eq!(player.take().opens(), 0);
    player.give(Input::Connect);
    player.give(Input::Connect);
    assert_eq!(player.take().opens(), 1, "asking twice opens once");
    assert_eq!(player.state(), LinkState::Connecting);
}

#[test]
fn the_handshake_says_everything_once() {
    let mut player = Player::new(LinkOptions {
        token: "secret".into(),
        organization_id: Some("acme".into()),
        binary: true,
        ..LinkOptions::default()
    });
    player.subscribe("e-2");
    player.subscribe("e-1");
    player.give(Input::Connect);
    player.open();
    player.open();
    assert_eq!(
        player.take().sent(),
        [
            r#"{"token":"secret","organizationId":"acme","subscribe":["e-1","e-2"],"batch":true,"binary":true}"#
        ]
    );
}

#[test]
fn an_ack_proves_the_connection_and_is_told_of() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    assert_eq!(player.state(), LinkState::Connecting, "an open socket alone proves nothing");
    player.ack("e", 41);
    let status = player.link.status();
    assert_eq!(status.state, LinkState::Connected);
    assert_eq!(status.connection_id.as_deref(), Some("c"));
    assert_eq!((status.epoch.as_deref(), status.cursor, status.live_from), (Some("e"), Some(41), Some(41)));
    assert!(status.server_has_seq && status.last_message_at.is_some());
    let seen = player.take();
    assert!(seen.0.iter().any(|output| matches!(output, Output::Control(_))), "inspectors see the ack");
    assert_eq!(seen.0.last(), Some(&Output::Status));
}

#[test]
fn without_an_ack_a_ping_asks_after_a_second_and_its_pong_proves() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.wait(999);
    assert_eq!(player.take().pings(), 0);
    player.wait(1);
    assert_eq!(player.take().pings(), 1);
    player.text(r#"{"type":"pong"}"#);
    assert_eq!(player.state(), LinkState::Connected);
}

#[test]
fn a_connection_that_stays_open_for_five_seconds_is_proven() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.wait(4_999);
    assert_eq!(player.state(), LinkState::Connecting);
    player.wait(1);
    assert_eq!(player.state(), LinkState::Connected);
}

/// gloo-net has no event for the opening of a socket, so the first sign of it may be a message.
#[test]
fn a_message_before_the_opening_counts_as_the_opening() {
    let mut player = Player::connecting(LinkOptions::default());
    player.ack("e", 0);
    assert_eq!(player.state(), LinkState::Connected);
    assert_eq!(player.take().sent().len(), 1, "the handshake");
}

#[test]
fn a_socket_that_does_not_open_in_time_is_given_up() {
    let mut player = Player::connecting(LinkOptions { connect_timeout_ms: 3_000, ..LinkOptions::default() });
    player.wait(3_000);
    let seen = player.take();
    assert_eq!(seen.closes().len(), 1);
    assert_eq!(player.state(), LinkState::Disconnected);
    let error = player.link.status().last_error.clone().unwrap().to_string();
    assert_eq!(error, "the server did not answer within 3000 ms");
}

#[test]
fn words_of_an_earlier_generation_are_ignored() {
    let mut player = Player::connected(LinkOptions::default(), 5);
    player.give(Input::Reconnect);
    player.open();
    player.take();
    player.give(Input::Opened { generation: 1 });
    player.give(Input::Message { generation: 1, text: r#"{"type":"connection_ack"}"# });
    player.give(Input::BinaryMessage { generation: 1, bytes: b"\xff" });
    player.give(Input::Failed { generation: 1, error: String::new() });
    player.give(Input::Closed { generation: 1, code: 4401, reason: String::new() });
    assert_eq!(player.state(), LinkState::Connecting);
    assert!(player.take().0.is_empty());
    assert_eq!(player.link.stats().undecodable, 0);
}

#[test]
fn neither_options_nor_inputs_nor_outputs_print_the_token() {
    let options = LinkOptions { token: "hunter2".into(), ..LinkOptions::default() };
    let mut player = Player::connecting(options.clone());
    player.open();
    let printed = format!(
        "{options:?} {:?} {:?}",
        Input::<ReadWrite>::Request(Request::SetToken("hunter2".into())),
        player.take()
    );
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn bad_frames_cost_exactly_themselves() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    let (one, two) = (crate::player::frame(1), crate::player::frame(2));
    player.text(&format!("{one}\n{{\"type\":\n\n[]\n{two}\n{{\"type\":\"news\",\"seq\":3}}\n"));
    let generation = player.generation;
    player.give(Input::BinaryMessage { generation, bytes: b"{\"type\":\"\xff\"}" });
    player.give(Input::BinaryMessage { generation, bytes: crate::player::frame(4).as_bytes() });
    let seen = player.take();
    assert_eq!(seen.frames(), [1, 2, 3, 4]);
    let excerpt = |output: &Output| match output {
        Output::Undecodable { excerpt, .. } => Some(excerpt.clone()),
        _ => None,
    };
    let excerpts: Vec<String> = seen.0.iter().filter_map(excerpt).collect();
    assert_eq!(excerpts, ["{\"type\":", "[]", "{\"type\":\"\u{fffd}\"}"]);
    let stats = player.link.stats();
    assert_eq!((stats.undecodable, stats.unknown, stats.sequenced), (3, 1, 4));
    assert_eq!(player.state(), LinkState::Connected);
}

#[test]
fn a_million_broken_lines_are_counted_and_only_some_are_shown() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.text(&"x\n".repeat(1_000_000));
    assert_eq!(player.link.stats().undecodable, 1_000_000);
    assert!(player.take().0.len() < 100);
}
