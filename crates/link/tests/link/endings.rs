//! Close codes, disconnecting, and what a changed token or organization does.

use switchboard_link::{Input, LinkOptions, LinkState, RefetchReason, Request};

use crate::player::Player;

#[test]
fn refusals_stop_until_a_person_reconnects_or_the_token_changes() {
    for code in [4400, 4401, 4403, 4406] {
        let mut player = Player::connecting(LinkOptions::default());
        player.open();
        player.close(code, "no");
        assert_eq!((player.state(), player.link.deadline()), (LinkState::Error, None), "{code}");
        let error = player.link.status().last_error.clone().unwrap().to_string();
        assert!(error.ends_with(&format!("(code {code}: no)")), "{error}");
        player.give(Input::Online);
        player.give(Input::Visible);
        player.give(Input::Request(Request::SetToken("stream".into())));
        assert_eq!(player.state(), LinkState::Error, "the same token is no change");
        player.give(Input::Request(Request::SetToken("other".into())));
        assert_eq!(player.state(), LinkState::Connecting);
        player.open();
        assert!(player.take().sent().last().unwrap().contains("\"other\""));
        player.close(code, "no");
        player.give(Input::Reconnect);
        assert_eq!(player.state(), LinkState::Connecting);
    }
}

#[test]
fn all_other_codes_reconnect() {
    for code in [1000, 1001, 1006, 1009, 1011, 1012, 1013, 1014, 3000, 4408, 4499] {
        let mut player = Player::connected(LinkOptions::default(), 0);
        player.close(code, "");
        assert!(player.retry_in().is_some(), "{code}");
    }
}

#[test]
fn a_server_with_too_many_is_left_alone_as_long_as_it_asks() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.close(4429, "retry_after=30");
    assert_eq!(player.retry_in(), Some(30_500), "and those told the same do not return in one wave");
    player.wait(2_000);
    player.give(Input::Visible);
    player.give(Input::Online);
    player.sleep(10_000);
    player.give(Input::Timer);
    assert_eq!(player.retry_in(), Some(28_000), "only the extra backoff is cut short");
    player.give(Input::Reconnect);
    assert_eq!(player.state(), LinkState::Connecting, "a person may overrule it");
}

/// A pending retry timer survived `close()`, and opened a socket that nobody wanted any more.
#[test]
fn disconnecting_closes_with_1000_and_cancels_everything() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.give(Input::Disconnect);
    assert_eq!(player.take().closes(), [1000]);
    assert_eq!((player.state(), player.link.deadline()), (LinkState::Disconnected, None));
    player.close(1000, "");
    player.give(Input::Online);
    player.wait(100_000);
    assert_eq!(player.take().opens(), 0);

    player.give(Input::Connect);
    player.fail();
    assert!(player.link.deadline().is_some());
    player.give(Input::Disconnect);
    assert_eq!((player.link.deadline(), player.link.status().next_retry_at), (None, None));
    player.take();
    player.wait(100_000);
    assert_eq!(player.take().opens(), 0);
    player.give(Input::Connect);
    assert_eq!(player.take().opens(), 1, "a later connect works");
}

#[test]
fn a_manual_reconnect_replaces_a_working_socket_at_once() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.give(Input::Reconnect);
    let seen = player.take();
    assert_eq!((seen.closes().len(), seen.opens()), (1, 1));
    assert_eq!(player.state(), LinkState::Connecting);
}

/// The token changed while the old one was being refused: stopping would leave the new one untried.
#[test]
fn a_refusal_of_a_token_that_has_been_replaced_is_no_reason_to_stop() {
    let mut player = Player::connecting(LinkOptions::default());
    player.open();
    player.give(Input::Request(Request::SetToken("new".into())));
    player.close(4401, "");
    assert_eq!(player.state(), LinkState::Connecting);
    player.open();
    player.close(4401, "");
    assert_eq!(player.state(), LinkState::Error);
}

#[test]
fn another_organization_replaces_the_connection_and_resumes_nothing() {
    let mut player = Player::connected(LinkOptions::default(), 7);
    player.give(Input::Request(Request::SetOrganization(Some("acme".into()))));
    let seen = player.take();
    assert_eq!((seen.closes().len(), seen.opens()), (1, 1));
    assert_eq!(seen.refetches(), [RefetchReason::OrganizationChanged]);
    assert_eq!(player.link.status().cursor, None);
    player.open();
    assert_eq!(player.take().sent(), [r#"{"token":"stream","organizationId":"acme","batch":true}"#]);
    player.ack("f", 2);
    assert_eq!(player.take().refetches(), [], "once is enough");
    player.give(Input::Request(Request::SetOrganization(Some("acme".into()))));
    assert!(player.take().0.is_empty(), "the same organization is no change");
}

#[test]
fn what_is_stale_says_since_when() {
    let mut player = Player::connecting(LinkOptions::default());
    assert_eq!(player.link.status().stale_since, Some(player.now.wall_ms));
    player.wait(50);
    player.open();
    player.ack("e", 0);
    assert_eq!(player.link.status().stale_since, None);
    player.wait(3_000);
    player.close(1006, "");
    let lost_at = player.now.wall_ms;
    player.wait(60_000);
    player.fail();
    assert_eq!(player.link.status().stale_since, Some(lost_at));
}

#[test]
fn a_dead_connection_is_stale_since_it_was_last_heard() {
    let mut player = Player::connected(LinkOptions::default(), 0);
    player.wait(7_000);
    player.frame(1);
    let heard_at = player.now.wall_ms;
    player.wait(24_000);
    assert_ne!(player.state(), LinkState::Connected);
    assert_eq!(player.link.status().stale_since, Some(heard_at));
}
