//! A page that is left while something is on its way to it: frames and answers that come then are for nobody. Against a scriptable
//! server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::prelude::*;
use support::*;
use switchboard_dashboard::{
    api::{ConversationListQuery, ExecutionListQuery, ScrapeRunListQuery},
    realtime::{
        LoadPhase, use_conversation, use_conversations, use_daemon, use_dashboard_updates, use_execution,
        use_executions, use_scrape_progress, use_scrape_runs,
    },
};
use switchboard_protocol::{ExecutionStatus, OrganizationId};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

/// A page that can be left and opened again, beside one that stays and hears every update.
struct Pages {
    is_open: RwSignal<bool>,
    heard: Notes<()>,
}

impl Pages {
    fn mount(stage: &mut Stage, page: impl Fn() + Clone + 'static) -> Self {
        let (opened, heard) = (Notes::new(), Notes::new());
        let (give, note) = (opened.clone(), heard.clone());
        stage.mount(move || {
            let is_open = RwSignal::new(true);
            give.add(is_open);
            let page = send_wrapper::SendWrapper::new(page);
            let shown = move || {
                let page = page.clone();
                is_open.get().then(&*page)
            };
            view! {
                {shown}
                <Stays note />
            }
        });
        Self { is_open: opened.all()[0], heard }
    }

    async fn leave(&self) {
        self.is_open.set(false);
        settle().await;
    }

    /// Publishes frames, with an update behind them, and waits until whoever stays has heard that.
    async fn say(&self, frames: &[String]) {
        let before = self.heard.len();
        publish(&[frames, &[update("acme", 1)]].concat().join("\n"));
        until("who stays has heard it", || self.heard.len() > before).await;
    }
}

#[component]
fn Stays(note: Notes<()>) -> impl IntoView {
    use_dashboard_updates(OrganizationId::from("acme"), move |_| note.add(()));
}

fn execution(id: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{id}","executionId":"{id}","organizationId":"acme","status":"{status}","startedAt":"2026-01-31T12:00:00Z","heartbeatAt":"2026-01-31T12:00:00Z"}}"#
    )
}

fn changed(kind: &str, field: &str, item: &str) -> String {
    format!(
        r#"{{"event":"dashboard:update","data":{{"organizationId":"acme","kind":"{kind}","{field}":{item}}}}}"#
    )
}

fn everything() -> Vec<String> {
    vec![
        changed("execution", "execution", &execution("e-1", "failed")),
        changed("execution", "execution", &execution("e-2", "running")),
        changed("conversation", "conversation", r#"{"id":"c-1","title":"Theirs","messageCount":9}"#),
        r#"{"type":"heartbeat","agentId":"a","executionId":"e-1"}"#.to_owned(),
        r#"{"type":"scrape_progress","runId":"r-1","phase":"running","current":3,"total":9}"#.to_owned(),
        line("e-1", 7),
    ]
}

fn lists() {
    use_executions(Signal::stored(ExecutionListQuery {
        organization_id: "acme".into(),
        ..Default::default()
    }));
    use_scrape_runs(Signal::stored(ScrapeRunListQuery {
        organization_id: "acme".into(),
        ..Default::default()
    }));
    use_conversations(Signal::stored(ConversationListQuery {
        organization_id: "acme".into(),
        ..Default::default()
    }));
}

// Subscriptions stood in what the request held: a frame that came before its answer reached signals that were gone, and took the
// whole page with it.
#[wasm_bindgen_test]
async fn a_list_that_is_left_before_it_has_come_hears_nothing_more() {
    const PATHS: [&str; 3] = ["/api/executions", "/api/scrape/runs", "/api/conversations"];
    let mut stage = Stage::new();
    answer(PATHS[0], 200, &format!(r#"{{"items":[{}],"seq":0}}"#, execution("e-1", "running")));
    answer(PATHS[2], 200, r#"{"items":[{"id":"c-1","messageCount":1}],"seq":0}"#);
    let pages = Pages::mount(&mut stage, lists);
    until_connected().await;
    pages.say(&[]).await;
    pages.leave().await;
    // Opened again, they show what was last seen, so that there are rows to change.
    PATHS.into_iter().for_each(hold);
    pages.is_open.set(true);
    settle().await;
    pages.say(&everything()).await;
    pages.leave().await;
    pages.say(&everything()).await;
    // What has the page fetch anew comes in the middle of the connection's own work.
    script(r#"{"epoch":"two"}"#);
    drop_connections(1012, "");
    until_connected().await;
    PATHS.into_iter().for_each(release);
    settle().await;
    pages.say(&everything()).await;
}

// The same where two requests held it: of a next page, and of the first one again.
#[wasm_bindgen_test]
async fn answers_that_come_to_a_page_that_was_left_are_for_nobody() {
    let mut stage = Stage::new();
    let first = format!(r#"{{"items":[{}],"nextBefore":"5","seq":0}}"#, execution("e-1", "running"));
    answer("/api/executions", 200, &first);
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", [1], 0));
    answer("/api/scrape/runs/r-1", 200, r#"{"runId":"r-1","organizationId":"acme","phase":"running"}"#);
    answer(
        "/api/conversations/c-1",
        200,
        r#"{"id":"c-1","messages":[{"id":"m-2","role":"user","content":"b"}],"nextBefore":"2","seq":0}"#,
    );
    answer("/api/agents", 200, r#"{"items":[],"seq":0}"#);
    let retries = Notes::new();
    let give = retries.clone();
    let pages = Pages::mount(&mut stage, move || {
        let query = ExecutionListQuery { organization_id: "acme".into(), ..Default::default() };
        let list = use_executions(Signal::stored(query));
        let one = use_execution(Signal::stored("e-1".into()));
        let run = use_scrape_progress(Signal::stored("r-1".into()), |_| ());
        let talk = use_conversation(Signal::stored(Some("c-1".into())), |_| ());
        let agents = use_daemon();
        let ready = move || {
            [list.phase, one.phase, run.phase, talk.phase, agents.phase]
                .iter()
                .all(|phase| phase.get_untracked() == LoadPhase::Ready)
        };
        let again = move || {
            list.load_more();
            list.retry();
            one.retry();
            run.retry();
            talk.load_older();
            talk.reload();
            agents.retry();
        };
        give.add((std::rc::Rc::new(ready) as std::rc::Rc<dyn Fn() -> bool>, std::rc::Rc::new(again)));
    });
    until_connected().await;
    let (ready, _) = retries.all().remove(0);
    until("all is there", || ready()).await;
    let paths = [
        "/api/executions",
        "/api/executions/e-1",
        "/api/scrape/runs/r-1",
        "/api/conversations/c-1",
        "/api/agents",
    ];
    for status in [200, 503] {
        paths.into_iter().for_each(hold);
        if !pages.is_open.get_untracked() {
            pages.is_open.set(true);
        }
        settle().await;
        let (_, again) = retries.all().pop().unwrap();
        again();
        again();
        settle().await;
        pages.leave().await;
        pages.say(&everything()).await;
        if status != 200 {
            for path in paths {
                answer(path, status, "{}");
            }
        }
        paths.into_iter().for_each(release);
        settle().await;
        pages.say(&everything()).await;
    }
}

// The list of the filter before went on writing into the rows until its request was answered: what runs stood among what has failed.
#[wasm_bindgen_test]
async fn the_list_of_the_filter_before_writes_no_more() {
    let mut stage = Stage::new();
    hold("/api/executions");
    answer("/api/executions", 200, r#"{"items":[],"seq":0}"#);
    let made = Notes::new();
    let give = made.clone();
    stage.mount(move || {
        let query = RwSignal::new(ExecutionListQuery {
            organization_id: "acme".into(),
            status: Some(ExecutionStatus::Running),
            ..Default::default()
        });
        give.add((query, use_executions(query)));
    });
    until_connected().await;
    let (query, list) = made.all()[0];
    let ids =
        || list.rows.with_untracked(|rows| rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>());
    query.update(|query| query.status = Some(ExecutionStatus::Failed));
    settle().await;
    publish(
        &[
            changed("execution", "execution", &execution("e-1", "running")),
            changed("execution", "execution", &execution("e-2", "failed")),
        ]
        .join("\n"),
    );
    until("what failed is listed", || ids().contains(&"e-2".to_owned())).await;
    assert_eq!(ids(), ["e-2"], "and nothing that runs");
    release("/api/executions");
    until("the list has come", || list.phase.get_untracked() == LoadPhase::Ready).await;
    settle().await;
    assert_eq!(ids(), ["e-2"]);
}
