//! The provider and its hooks in a real browser, against a scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::prelude::*;
use support::*;
use switchboard_dashboard::realtime::{
    ConnectionStatus, JobFilter, LoadPhase, WebSocketContext, WebSocketOptions, WebSocketProvider,
    use_connection_status, use_dashboard_updates, use_execution, use_executions, use_job_events,
    use_websocket_context,
};
use switchboard_link::{Backoff, LinkState};
use switchboard_protocol::{ExecutionStatus, OrganizationId};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

/// A handle that a test takes out of the components that it mounts.
fn out<T: Clone + 'static>() -> Notes<T> {
    Notes::new()
}

fn number(update: &switchboard_protocol::DashboardUpdate) -> usize {
    let number = update.data.object().and_then(|data| data.whole("n")).unwrap();
    usize::try_from(number).unwrap()
}

#[wasm_bindgen_test]
async fn hooks_hear_of_their_organization_and_their_run_only() {
    let mut stage = Stage::new();
    let (updates, of_acme, of_run) = (Notes::new(), Notes::new(), Notes::new());
    let (heard_updates, heard_acme, heard_run) = (updates.clone(), of_acme.clone(), of_run.clone());
    stage.mount(move || {
        use_dashboard_updates(OrganizationId::from("acme"), move |update| heard_updates.add(number(update)));
        use_job_events(JobFilter::Organization("acme".into()), move |job| {
            heard_acme.add(job.job_id.to_string());
        });
        use_job_events(JobFilter::Run("j-2".into()), move |job| heard_run.add(job.kind.as_str().to_owned()));
    });
    until_connected().await;
    publish(
        &[
            update("acme", 1),
            update("globex", 2),
            job("acme", "j-1", "queued"),
            job("globex", "j-3", "queued"),
            job("acme", "j-2", "started"),
            update("acme", 3),
            job("acme", "j-2", "completed"),
        ]
        .join("\n"),
    );
    until("both updates came", || updates.len() == 2).await;
    settle().await;
    assert_eq!(updates.all(), [1, 3]);
    assert_eq!(of_acme.all(), ["j-1", "j-2", "j-2"]);
    assert_eq!(of_run.all(), ["started", "completed"]);
    assert_eq!(constructed(), 1);
}

#[wasm_bindgen_test]
async fn a_burst_of_ten_thousand_frames_loses_none() {
    let mut stage = Stage::new();
    let (heard, rendered) = (Notes::new(), Notes::new());
    let (notes, renders) = (heard.clone(), rendered.clone());
    stage.mount(move || {
        let last = RwSignal::new(0);
        use_dashboard_updates(OrganizationId::from("acme"), move |update| {
            notes.add(number(update));
            last.set(number(update));
        });
        Effect::new(move || renders.add(last.get()));
    });
    until_connected().await;
    // As one message a frame and as batches, both within one turn of the browser's loop.
    for number in 0..5_000 {
        publish(&update("acme", number));
    }
    for batch in 0..5 {
        let frames: Vec<_> =
            (0..1_000).map(|number| update("acme", 5_000 + batch * 1_000 + number)).collect();
        publish(&frames.join("\n"));
    }
    until("all came", || heard.len() == 10_000).await;
    settle().await;
    assert!(heard.all().into_iter().eq(0..10_000), "every frame, in order, once");
    assert!(rendered.len() < 20, "a burst renders a few times, not once a frame: {}", rendered.len());
}

#[wasm_bindgen_test]
async fn callbacks_stop_when_their_component_goes() {
    let mut stage = Stage::new();
    let (shown, heard) = (out(), Notes::new());
    let (give, notes) = (shown.clone(), heard.clone());
    stage.mount(move || {
        let show = RwSignal::new(true);
        give.add(show);
        move || {
            let notes = notes.clone();
            show.get().then(move || {
                use_dashboard_updates(OrganizationId::from("acme"), move |update| notes.add(number(update)));
            })
        }
    });
    until_connected().await;
    publish(&update("acme", 1));
    until("the first came", || heard.len() == 1).await;
    shown.all()[0].set(false);
    settle().await;
    publish(&update("acme", 2));
    settle().await;
    assert_eq!(heard.all(), [1]);
}

#[wasm_bindgen_test]
async fn two_components_share_one_subscription_and_one_leaving_does_not_silence_the_other() {
    let mut stage = Stage::new();
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", [], 0));
    let (shown, versions) = (out(), out());
    let (give, give_version) = (shown.clone(), versions.clone());
    stage.mount(move || {
        let first = RwSignal::new(true);
        let second = RwSignal::new(true);
        give.add((first, second));
        let component = move |show: RwSignal<bool>| {
            let give_version = give_version.clone();
            move || {
                let give_version = give_version.clone();
                show.get()
                    .then(move || give_version.add(use_execution(Signal::stored("e-1".into())).execution))
            }
        };
        (component(first), component(second))
    });
    until_connected().await;
    until("the server knows", || heard().contains("e-1")).await;
    let asked =
        |word: &str| heard().lines().filter(|line| line.contains(word) && line.contains("e-1")).count();
    assert_eq!(asked("subscribe"), 1, "{}", heard());

    let (first, second) = shown.all()[0];
    first.set(false);
    settle().await;
    assert_eq!(asked("unsubscribe"), 0, "one of two left: {}", heard());
    publish(&line("e-1", 1));
    let remaining = versions.all()[1];
    let lines = move || remaining.with_untracked(|execution| execution.output().len());
    until("the other still hears", || lines() == Some(1)).await;

    second.set(false);
    until("the server is told", || asked("unsubscribe") == 1).await;
}

#[wasm_bindgen_test]
async fn a_lost_connection_is_resumed_without_hole_or_double() {
    let mut stage = Stage::new();
    let heard = Notes::new();
    let notes = heard.clone();
    stage.mount(move || {
        use_dashboard_updates(OrganizationId::from("acme"), move |update| notes.add(number(update)));
    });
    until_connected().await;
    for round in 0..10 {
        publish(&update("acme", round * 2));
        drop_connections(1006, "");
        publish(&update("acme", round * 2 + 1));
        until("it is back", || connected() == 1).await;
    }
    until("all came", || heard.len() == 20).await;
    settle().await;
    assert_eq!(heard.all(), (0..20).collect::<Vec<_>>());
    assert_eq!((constructed(), most_at_once()), (11, 1), "one socket at a time");
}

#[wasm_bindgen_test]
async fn a_refused_token_stops_until_a_person_reconnects() {
    let mut stage = Stage::new();
    script(r#"{"close":[4401,"unknown token"]}"#);
    let contexts = out::<WebSocketContext>();
    let give = contexts.clone();
    stage.mount(move || give.add(use_websocket_context()));
    let context = contexts.all()[0];
    let status = context.status();
    until("it gives up", || status.get_untracked().state == LinkState::Error).await;
    let reason = status.get_untracked().last_error.unwrap().to_string();
    assert!(reason.contains("does not accept this token"), "{reason}");
    settle().await;
    assert_eq!(constructed(), 1, "a refusal is not retried");

    script(r#"{"close":null}"#);
    context.reconnect();
    until_connected().await;
    assert_eq!(status.get_untracked().state, LinkState::Connected);
    assert_eq!((constructed(), most_at_once()), (2, 1));
}

#[wasm_bindgen_test]
async fn a_manual_reconnect_replaces_the_socket_and_a_disconnect_lasts() {
    let mut stage = Stage::new();
    let contexts = out::<WebSocketContext>();
    let give = contexts.clone();
    stage.mount(move || give.add(use_websocket_context()));
    until_connected().await;
    let context = contexts.all()[0];
    context.reconnect();
    until("a second socket is connected", || constructed() == 2 && connected() == 1).await;
    settle().await;
    assert_eq!(most_at_once(), 1, "the old one goes before the new one comes");

    context.disconnect();
    until("it is closed", || connected() == 0).await;
    settle().await;
    assert!(closed_by_client().ends_with("1000"), "{}", closed_by_client());
    assert_eq!(constructed(), 2, "nobody asked for another");
    assert_eq!(context.status().get_untracked().state, LinkState::Disconnected);
    context.reconnect();
    until_connected().await;
}

#[wasm_bindgen_test]
async fn unmounting_the_provider_closes_the_socket_and_cancels_what_is_due() {
    let mut stage = Stage::new();
    stage.mount(|| ());
    until_connected().await;
    stage.unmount();
    until("it is closed", || connected() == 0).await;

    script(r#"{"mode":"refuse"}"#);
    let before = constructed();
    stage.mount_with(
        WebSocketOptions {
            backoff: Backoff { initial_ms: 40, factor: 1.0, cap_ms: 40, max_attempts: None },
            ..quick()
        },
        || (),
    );
    until("the first attempt was made", || constructed() == before + 1).await;
    settle().await;
    stage.unmount();
    let after = constructed();
    gloo_timers::future::TimeoutFuture::new(120).await;
    assert_eq!(constructed(), after, "a retry survived the page that wanted it");
}

#[wasm_bindgen_test]
async fn the_callbacks_and_limits_of_a_socket() {
    let mut stage = Stage::new();
    let notes = Notes::<String>::new();
    let (opened, got, closed, failed) = (notes.clone(), notes.clone(), notes.clone(), notes.clone());
    let contexts = out::<WebSocketContext>();
    let give = contexts.clone();
    let options = WebSocketOptions {
        backoff: Backoff { initial_ms: 1, factor: 1.0, cap_ms: 1, max_attempts: Some(2) },
        ..WebSocketOptions::default()
    };
    let handle = mount_to(parent(), move || {
        view! {
            <WebSocketProvider
                config=config()
                options=options
                on_open=Callback::new(move |()| opened.add("open".into()))
                on_message=UnsyncCallback::new(move |envelope: switchboard_protocol::Envelope| got.add(envelope.frame.kind().to_owned()))
                on_close=Callback::new(move |reason: String| closed.add(format!("close: {reason}")))
                on_error=Callback::new(move |reason: String| failed.add(format!("error: {reason}")))
            >
                {
                    give.add(use_websocket_context());
                }
            </WebSocketProvider>
        }
    });
    stage.keep(handle);
    until_connected().await;
    publish(&update("acme", 1));
    say(r#"{"type":"heartbeat","agentId":"a-1"}"#);
    until("both came", || notes.len() == 3).await;
    let context = contexts.all()[0];
    assert!(context.last_message_at().get_untracked().is_some());
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1001, "restarting");
    until("it gives up", || context.status().get_untracked().state == LinkState::Error).await;
    let all = notes.all();
    assert_eq!(all[..3], ["open", "dashboard:update", "heartbeat"]);
    assert!(all[3..].iter().any(|note| note.starts_with("close: the server is restarting")), "{all:?}");
    let last = context.status().get_untracked().last_error.unwrap().to_string();
    assert!(last.starts_with("gave up after"), "{last}");
}

#[wasm_bindgen_test]
async fn with_reconnecting_off_a_drop_is_final() {
    let mut stage = Stage::new();
    let contexts = out::<WebSocketContext>();
    let give = contexts.clone();
    stage.mount_with(WebSocketOptions { reconnect: false, ..quick() }, move || {
        give.add(use_websocket_context());
    });
    until_connected().await;
    drop_connections(1006, "");
    let status = contexts.all()[0].status();
    until("it is down", || status.get_untracked().state == LinkState::Disconnected).await;
    settle().await;
    assert_eq!(constructed(), 1);
}

#[wasm_bindgen_test]
async fn bad_frames_cost_only_themselves() {
    let mut stage = Stage::new();
    let heard = Notes::new();
    let (notes, contexts) = (heard.clone(), out::<WebSocketContext>());
    let give = contexts.clone();
    stage.mount(move || {
        give.add(use_websocket_context());
        use_dashboard_updates(OrganizationId::from("acme"), move |update| notes.add(number(update)));
    });
    until_connected().await;
    say("{\"event\":");
    say(r#"{"type":"firmware","x":1}"#);
    say(r#"{"type":"event","event":{}}"#);
    say(&format!("{}\nnonsense\n{}", update("acme", 1), update("acme", 2)));
    say("[]");
    until("the good ones came", || heard.len() == 2).await;
    let stats = contexts.all()[0].stats();
    assert_eq!((stats.undecodable, stats.unknown), (4, 1));
    assert_eq!(constructed(), 1, "nobody reconnects over a bad frame");
}

#[wasm_bindgen_test]
async fn an_execution_is_its_snapshot_and_what_follows() {
    let mut stage = Stage::new();
    for id in 1..=5 {
        publish(&line("e-1", id));
    }
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=5, 5));
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || give.add(use_execution(Signal::stored("e-1".into()))));
    let hook = hooks.all()[0];
    until_connected().await;
    until("it is live", || hook.is_live.get_untracked()).await;
    publish(&(6..=9).map(|id| line("e-1", id)).collect::<Vec<_>>().join("\n"));
    publish(&line("e-2", 99));
    publish(&event("e-1", 10, "agent-complete", r#"{"exitCode":0}"#));
    let status = move || hook.summary.get_untracked().map(|summary| summary.status);
    until("it ended", || status() == Some(ExecutionStatus::Completed)).await;
    let lines = hook.execution.with_untracked(|execution| {
        execution.output().iter().map(|line| line.text.to_string()).collect::<Vec<_>>()
    });
    assert_eq!(lines.unwrap(), (1..=9).map(|id| format!("line {id}")).collect::<Vec<_>>());
    assert!(!hook.is_live.get_untracked(), "what has ended is not live");
}

/// A snapshot that was fetched before the server confirmed the subscription lacks what happened in between.
#[wasm_bindgen_test]
async fn a_snapshot_older_than_the_subscription_is_fetched_again() {
    let mut stage = Stage::new();
    for id in 1..=8 {
        publish(&line("e-1", id));
    }
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=5, 5));
    let hooks = out();
    let give = hooks.clone();
    script(r#"{"mode":"silent"}"#);
    stage.mount(move || give.add(use_execution(Signal::stored("e-1".into()))));
    let hook = hooks.all()[0];
    until("the old snapshot is shown", || hook.phase.get_untracked() == LoadPhase::Ready).await;
    assert!(!hook.is_live.get_untracked(), "nobody confirmed anything");
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=8, 8));
    script(r#"{"mode":"hub"}"#);
    drop_connections(1006, "");
    let count = move || hook.execution.with_untracked(|execution| execution.output().len());
    until("the hole is closed", || count() == Some(8)).await;
    until("it is live", || hook.is_live.get_untracked()).await;
}

#[wasm_bindgen_test]
async fn a_resync_fetches_what_is_shown_anew() {
    let mut stage = Stage::new();
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=1, 1));
    publish(&line("e-1", 1));
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || give.add(use_execution(Signal::stored("e-1".into()))));
    let hook = hooks.all()[0];
    until_connected().await;
    until("it is live", || hook.is_live.get_untracked()).await;
    let before = hook.execution.generation();
    answer("/api/executions/e-1", 200, &snapshot("e-1", "completed", 1..=3, 1));
    script(r#"{"epoch":"two"}"#);
    drop_connections(1001, "");
    let status = move || hook.summary.get_untracked().map(|summary| summary.status);
    until("it shows the other log", || status() == Some(ExecutionStatus::Completed)).await;
    assert!(hook.execution.generation() > before);
}

#[wasm_bindgen_test]
async fn without_sequence_numbers_identifiers_and_refetching_keep_it_whole() {
    let mut stage = Stage::new();
    script(r#"{"mode":"part1"}"#);
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=2, 0));
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || give.add(use_execution(Signal::stored("e-1".into()))));
    let hook = hooks.all()[0];
    until_connected().await;
    until("it is live", || hook.is_live.get_untracked()).await;
    publish(&line("e-1", 2));
    publish(&line("e-1", 3));
    let lines = move || {
        let read = |execution: &switchboard_model::Execution| {
            execution.output().iter().map(|line| line.text.to_string()).collect::<Vec<_>>()
        };
        hook.execution.with_untracked(read).unwrap_or_default()
    };
    until("the new line came", || lines().len() == 3).await;
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", 1..=5, 0));
    drop_connections(1006, "");
    until("what was missed is fetched", || lines().len() == 5).await;
    assert_eq!(lines(), (1..=5).map(|id| format!("line {id}")).collect::<Vec<_>>());
}

#[wasm_bindgen_test]
async fn a_failed_fetch_says_so_and_is_retried() {
    let mut stage = Stage::new();
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || give.add(use_execution(Signal::stored("e-9".into()))));
    let hook = hooks.all()[0];
    until("it failed", || matches!(hook.phase.get_untracked(), LoadPhase::Failed(_))).await;
    let LoadPhase::Failed(error) = hook.phase.get_untracked() else { panic!() };
    assert!(error.to_string().contains("no such execution"), "{error}");
    answer("/api/executions/e-9", 200, &snapshot("e-9", "running", 1..=1, 0));
    hook.retry();
    until("it is there", || hook.phase.get_untracked() == LoadPhase::Ready).await;
}

fn summary(id: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{id}","executionId":"{id}","organizationId":"acme","status":"{status}","title":"{id}"}}"#
    )
}

fn changed(id: &str, status: &str) -> String {
    format!(
        r#"{{"event":"dashboard:update","data":{{"organizationId":"acme","kind":"execution","execution":{}}}}}"#,
        summary(id, status)
    )
}

#[wasm_bindgen_test]
async fn a_list_follows_updates_row_by_row() {
    let mut stage = Stage::new();
    answer(
        "/api/executions",
        200,
        &format!(r#"{{"items":[{},{}],"seq":0}}"#, summary("e-2", "running"), summary("e-1", "running")),
    );
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || {
        let query = switchboard_dashboard::api::ExecutionListQuery {
            organization_id: "acme".into(),
            ..Default::default()
        };
        give.add(use_executions(Signal::stored(query)));
    });
    let hook = hooks.all()[0];
    let ids = move || {
        hook.rows.with_untracked(|rows| rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>())
    };
    until("the list is there", || ids().len() == 2).await;
    until_connected().await;
    let row = hook.rows.get_untracked()[1].summary.clone();
    answer(
        "/api/executions",
        200,
        &format!(
            r#"{{"items":[{},{},{}],"seq":2}}"#,
            summary("e-3", "running"),
            summary("e-2", "running"),
            summary("e-1", "failed")
        ),
    );
    publish(&changed("e-1", "failed"));
    until("the row changed in place", || row.with_untracked(|row| row.status == ExecutionStatus::Failed))
        .await;
    publish(&changed("e-3", "running"));
    until("the new one is on top", || ids() == ["e-3", "e-2", "e-1"]).await;
    assert_eq!(
        requests().lines().filter(|path| path.starts_with("/api/executions?")).count(),
        1,
        "{}",
        requests()
    );
}

/// A list that was fetched before the socket was up used to lack the updates in between for good.
#[wasm_bindgen_test]
async fn a_list_older_than_the_connection_is_fetched_again() {
    let mut stage = Stage::new();
    answer("/api/executions", 200, r#"{"items":[],"seq":0}"#);
    script(r#"{"mode":"refuse"}"#);
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || {
        let query = switchboard_dashboard::api::ExecutionListQuery {
            organization_id: "acme".into(),
            ..Default::default()
        };
        give.add(use_executions(Signal::stored(query)));
    });
    let hook = hooks.all()[0];
    until("the empty list is shown", || hook.phase.get_untracked() == LoadPhase::Ready).await;
    publish(&changed("e-1", "running"));
    answer("/api/executions", 200, &format!(r#"{{"items":[{}],"seq":1}}"#, summary("e-1", "running")));
    script(r#"{"mode":"hub"}"#);
    until("the execution is listed", || hook.rows.with_untracked(Vec::len) == 1).await;
}

#[wasm_bindgen_test]
async fn the_connection_is_told_in_one_word() {
    let mut stage = Stage::new();
    let hooks = out();
    let give = hooks.clone();
    stage.mount(move || give.add(use_connection_status()));
    let hook = hooks.all()[0];
    until("both are up", || hook.status.get_untracked() == ConnectionStatus::Connected).await;
    until_connected().await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("only the interface is up", || hook.status.get_untracked() == ConnectionStatus::Partial).await;
    assert!(hook.stale_since.get_untracked().is_some(), "a page says since when it is stale");
    answer("/api/health", 0, "");
    script(r#"{"mode":"hub"}"#);
    until("the socket is back", || hook.socket_up.get_untracked()).await;

    until("only the socket is up", || hook.status.get_untracked() == ConnectionStatus::Partial).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("neither is up", || hook.status.get_untracked() == ConnectionStatus::Disconnected).await;
    assert_eq!(hook.status.get_untracked().to_string(), "Disconnected");
}

#[wasm_bindgen_test]
async fn another_organization_is_another_connection_and_another_key() {
    let mut stage = Stage::new();
    let (heard_updates, contexts) = (Notes::new(), out::<WebSocketContext>());
    let (notes, give) = (heard_updates.clone(), contexts.clone());
    stage.mount(move || {
        let context = use_websocket_context();
        give.add(context);
        use_dashboard_updates(context.organization(), move |update| notes.add(number(update)));
    });
    until_connected().await;
    publish(&update("acme", 1));
    until("it came", || heard_updates.len() == 1).await;
    contexts.all()[0].set_organization("globex".into());
    until("it is connected anew", || constructed() == 2 && connected() == 1).await;
    assert!(heard().lines().last().unwrap().contains(r#""organizationId":"globex""#), "{}", heard());
    assert!(!heard().lines().last().unwrap().contains("resume"), "another log is not resumed");
    settle().await;
    publish(&update("acme", 2));
    publish(&update("globex", 3));
    until("it came", || heard_updates.len() == 2).await;
    assert_eq!(heard_updates.all(), [1, 3]);
}
