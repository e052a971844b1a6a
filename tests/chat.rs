//! Chat over the one socket, in a real browser, against a scriptable server: whichever path answers first, each reply comes
//! once.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::prelude::*;
use support::*;
use switchboard_dashboard::{
    api::ConversationListQuery,
    realtime::{
        UseConversation, UseConversations, WebSocketContext, use_conversation, use_conversations,
        use_websocket_context,
    },
};
use switchboard_model::Shown;
use switchboard_protocol::ConversationId;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

const MESSAGES: &str = "/api/chat/messages";

/// What a test takes out of the page that it mounts.
#[derive(Clone)]
struct Page {
    talk: Notes<UseConversation>,
    list: Notes<UseConversations>,
    context: Notes<WebSocketContext>,
    created: Notes<String>,
    ends: Notes<String>,
}

impl Page {
    /// Mounts a conversation beside the list of them.
    fn mount(stage: &mut Stage, id: Option<&'static str>) -> Self {
        let page = Self {
            talk: Notes::new(),
            list: Notes::new(),
            context: Notes::new(),
            created: Notes::new(),
            ends: Notes::new(),
        };
        let this = page.clone();
        stage.mount(move || {
            let id = RwSignal::new(id.map(ConversationId::from));
            let created = this.created.clone();
            this.talk.add(use_conversation(id, move |name| {
                created.add(name.to_string());
                id.set(Some(name));
            }));
            let query = ConversationListQuery { organization_id: "acme".into(), text: String::new() };
            this.list.add(use_conversations(Signal::stored(query)));
            let context = use_websocket_context();
            let ends = this.ends.clone();
            let listener = context.on_task_end(move |task, _| ends.add(task.task_id.to_string()));
            StoredValue::new_local(listener);
            this.context.add(context);
        });
        page
    }

    fn talk(&self) -> UseConversation {
        self.talk.all()[0]
    }

    /// Each entry in a few words.
    fn shown(&self) -> Vec<String> {
        let words = |shown: Shown| match shown {
            Shown::Message(message) => match message.error {
                Some(error) => format!("failed: {error}"),
                None => message.content,
            },
            Shown::Sending { content } => format!("sending {content}"),
            Shown::NotSent { content, .. } => format!("not sent {content}"),
            Shown::Waiting { partial, .. } => format!("waiting [{partial}]"),
        };
        let entries = self.talk().entries.get_untracked();
        entries.iter().map(|entry| words(entry.shown.get_untracked())).collect()
    }

    async fn until_shown(&self, expected: &[&str]) {
        until(&format!("the page shows {expected:?}"), || self.shown() == expected).await;
    }

    fn pending(&self) -> usize {
        self.context.all()[0].pending_task_ids().get_untracked().len()
    }
}

/// A fake server that queues messages as tasks t-1, t-2 … of the conversation c-1, and begins without memory.
fn stage() -> Stage {
    let storage = window().local_storage().unwrap().unwrap();
    storage.clear().unwrap();
    window().session_storage().unwrap().unwrap().clear().unwrap();
    let stage = Stage::new();
    answer(MESSAGES, 202, r#"{"status":"queued","task_id":"t-{n}","conversationId":"c-1"}"#);
    answer("/api/conversations", 200, r#"{"items":[],"seq":0}"#);
    stage
}

fn completed(task: &str, content: &str) -> String {
    format!(
        r#"{{"event":"update","data":{{"type":"task.completed","task_id":"{task}","result":{{"content":"{content}","lane":"local"}}}}}}"#
    )
}

fn asked_for_tasks() -> usize {
    requests().lines().filter(|request| request.starts_with("/api/tasks/")).count()
}

fn remembered() -> usize {
    let storage = window().local_storage().unwrap().unwrap();
    let names = (0..storage.length().unwrap()).filter_map(|index| storage.key(index).unwrap());
    names.filter(|name| name.starts_with("switchboard.task.")).count()
}

#[wasm_bindgen_test]
async fn while_connected_the_frame_brings_the_reply_and_nothing_is_asked() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    assert_eq!(page.shown(), ["sending Hello"], "it is there at once");
    page.until_shown(&["Hello", "waiting []"]).await;
    assert_eq!((page.created.all(), page.pending(), remembered()), (vec!["c-1".to_owned()], 1, 1));
    // Longer than the first question would take to come.
    gloo_timers::future::TimeoutFuture::new(1_200).await;
    publish(&completed("t-1", "Hi"));
    page.until_shown(&["Hello", "Hi"]).await;
    settle().await;
    assert_eq!((page.ends.all(), page.pending(), remembered()), (vec!["t-1".to_owned()], 0, 0));
    assert_eq!((asked_for_tasks(), constructed()), (0, 1));
}

#[wasm_bindgen_test]
async fn without_a_socket_the_same_message_resolves_by_asking() {
    let mut stage = stage();
    script(r#"{"mode":"refuse"}"#);
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"running"}"#);
    let page = Page::mount(&mut stage, None);
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    until("it was asked for", || asked_for_tasks() == 1).await;
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"completed","result":{"content":"Hi"}}"#);
    page.until_shown(&["Hello", "Hi"]).await;
    assert_eq!((page.ends.len(), remembered()), (1, 0));
}

#[wasm_bindgen_test]
async fn when_the_socket_drops_asking_takes_over_and_when_it_returns_one_question_is_the_last() {
    let mut stage = stage();
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"running"}"#);
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("it was asked for", || asked_for_tasks() == 1).await;
    script(r#"{"mode":"hub"}"#);
    until_connected().await;
    until("the hole is closed", || asked_for_tasks() == 2).await;
    gloo_timers::future::TimeoutFuture::new(1_500).await;
    assert_eq!(asked_for_tasks(), 2, "while connected nothing more is asked");
    publish(&completed("t-1", "Hi"));
    page.until_shown(&["Hello", "Hi"]).await;
    assert_eq!(page.ends.len(), 1);
}

/// A fast server's frame once came before the answer that says which task to wait for, and was dropped.
#[wasm_bindgen_test]
async fn a_frame_that_overtakes_the_answer_is_not_lost() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    hold(MESSAGES);
    page.talk().send("Hello".into());
    until("it was sent", || !posted().is_empty()).await;
    publish(&completed("t-1", "Hi"));
    settle().await;
    release(MESSAGES);
    page.until_shown(&["Hello", "Hi"]).await;
    assert_eq!((page.ends.len(), page.pending(), remembered(), asked_for_tasks()), (1, 0, 0, 0));
}

#[wasm_bindgen_test]
async fn when_both_paths_answer_the_reply_comes_once() {
    let mut stage = stage();
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"completed","result":{"content":"Asked"}}"#);
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    hold("/api/tasks/t-1");
    until("it was asked for", || asked_for_tasks() == 1).await;
    script(r#"{"mode":"hub"}"#);
    until_connected().await;
    publish(&completed("t-1", "Heard"));
    page.until_shown(&["Hello", "Heard"]).await;
    release("/api/tasks/t-1");
    settle().await;
    assert_eq!((page.shown(), page.ends.len()), (vec!["Hello".to_owned(), "Heard".to_owned()], 1));
}

#[wasm_bindgen_test]
async fn what_is_awaited_survives_a_reload_and_is_dropped_when_the_server_forgot_it() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("One".into());
    page.talk().send("Two".into());
    page.until_shown(&["One", "waiting []", "Two", "waiting []"]).await;
    stage.unmount();
    assert_eq!(remembered(), 2);
    // The first has ended meanwhile; of the second the server knows nothing any more.
    answer("/api/conversations/c-1", 200, r#"{"id":"c-1","messages":[],"seq":0}"#);
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"completed","result":{"content":"Hi"}}"#);
    let page = Page::mount(&mut stage, Some("c-1"));
    until("both have ended", || page.ends.len() == 2).await;
    assert_eq!((page.pending(), remembered()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_failed_reply_is_sent_again_and_what_was_not_sent_is_kept() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    publish(r#"{"event":"update","data":{"type":"task.failed","task_id":"t-1","error":"No luck."}}"#);
    page.until_shown(&["Hello", "failed: No luck."]).await;
    answer(MESSAGES, 0, "");
    let failed = page.talk().entries.get_untracked()[1].clone();
    page.talk().retry(&failed);
    page.until_shown(&["Hello", "failed: No luck.", "not sent Hello"]).await;
    answer(MESSAGES, 202, r#"{"status":"queued","task_id":"t-7","conversationId":"c-1"}"#);
    // What is sent again may have been answered before, so that is asked for.
    answer("/api/tasks/t-7", 200, r#"{"task_id":"t-7","status":"running"}"#);
    let unsent = page.talk().entries.get_untracked()[2].clone();
    page.talk().retry(&unsent);
    page.until_shown(&["Hello", "failed: No luck.", "Hello", "waiting []"]).await;
    let names: Vec<_> =
        posted().lines().map(|body| body.split(r#""id":""#).nth(1).unwrap()[..32].to_owned()).collect();
    assert_eq!(names[1], names[2], "by the same name, so that it is not stored twice");
    assert_ne!(names[0], names[1]);
}

/// What could not be sent was once gone with the page that showed it.
#[wasm_bindgen_test]
async fn what_was_not_sent_is_found_again() {
    let mut stage = stage();
    answer(MESSAGES, 0, "");
    let page = Page::mount(&mut stage, Some("c-1"));
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["not sent Hello"]).await;
    stage.unmount();
    let page = Page::mount(&mut stage, Some("c-1"));
    page.until_shown(&["not sent Hello"]).await;
    answer(MESSAGES, 202, r#"{"status":"queued","task_id":"t-1","conversationId":"c-1"}"#);
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"running"}"#);
    let entry = page.talk().entries.get_untracked()[0].clone();
    page.talk().retry(&entry);
    page.until_shown(&["Hello", "waiting []"]).await;
    stage.unmount();
    let page = Page::mount(&mut stage, Some("c-1"));
    page.until_shown(&["Hello", "waiting []"]).await;
}

#[wasm_bindgen_test]
async fn messages_go_out_in_order_and_the_first_names_the_conversation() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    for number in 0..20 {
        page.talk().send(format!("Message {number}"));
    }
    until("all were sent", || posted().lines().count() == 20).await;
    for (number, body) in posted().lines().enumerate() {
        assert!(body.contains(&format!("\"Message {number}\"")), "{body}");
        assert_eq!(body.contains("conversationId"), number > 0, "{body}");
    }
    assert_eq!(page.created.all(), ["c-1"]);
}

#[wasm_bindgen_test]
async fn a_streamed_reply_grows_in_place() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    let delta = |text: &str, offset: usize| {
        format!(
            r#"{{"event":"job:event","data":{{"organizationId":"acme","jobId":"t-1","type":"progress","data":{{"delta":"{text}","offset":{offset},"attempt":1}}}}}}"#
        )
    };
    let before = page.talk().entries.get_untracked();
    publish(&[delta("Good ", 0), delta("morning", 5)].join("\n"));
    page.until_shown(&["Hello", "waiting [Good morning]"]).await;
    publish(&completed("t-1", "Good morning"));
    page.until_shown(&["Hello", "Good morning"]).await;
    assert_eq!(page.talk().entries.get_untracked(), before, "the same entries: nothing else is drawn anew");
}

#[wasm_bindgen_test]
async fn what_somebody_else_writes_is_fetched_and_its_reply_awaited() {
    let mut stage = stage();
    let page = Page::mount(&mut stage, Some("c-1"));
    until_connected().await;
    until("it is shown", || {
        page.talk().phase.get_untracked() == switchboard_dashboard::realtime::LoadPhase::Ready
    })
    .await;
    answer(
        "/api/conversations/c-1",
        200,
        r#"{"id":"c-1","messageCount":1,"messages":[{"id":"m-1","role":"user","content":"Theirs","task_id":"t-9"}],"tasks":[{"task_id":"t-9","status":"queued"}],"seq":1}"#,
    );
    publish(
        r#"{"event":"dashboard:update","data":{"organizationId":"acme","kind":"conversation","conversation":{"id":"c-1","title":"Theirs","messageCount":1,"pending":1}}}"#,
    );
    page.until_shown(&["Theirs", "waiting []"]).await;
    publish(&completed("t-9", "Answer"));
    page.until_shown(&["Theirs", "Answer"]).await;
}

#[wasm_bindgen_test]
async fn the_list_follows_updates_and_asks_for_nothing() {
    let mut stage = stage();
    answer(
        "/api/conversations",
        200,
        r#"{"items":[{"id":"c-2","title":"Two","messageCount":2},{"id":"c-1","title":"One","messageCount":2}],"seq":0}"#,
    );
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    let list = page.list.all()[0];
    until("the list is there", || list.rows.get_untracked().len() == 2).await;
    settle().await;
    let asked = requests().lines().count();
    let update = |id: &str, title: &str, count: usize| {
        format!(
            r#"{{"event":"dashboard:update","data":{{"organizationId":"acme","kind":"conversation","conversation":{{"id":"{id}","title":"{title}","messageCount":{count}}}}}}}"#
        )
    };
    let titles = || -> Vec<String> {
        let rows = list.rows.get_untracked();
        rows.iter().map(|row| row.summary.with_untracked(|summary| summary.title.clone())).collect()
    };
    publish(&[update("c-1", "One", 3), update("c-3", "Three", 1), update("c-2", "Second", 2)].join("\n"));
    until("the list has followed", || titles() == ["Three", "One", "Second"]).await;
    settle().await;
    assert_eq!(requests().lines().count(), asked);
}

/// A server that knows part 1 of the contract only: no numbers, no updates that say what changed, names of its own.
#[wasm_bindgen_test]
async fn a_server_without_a_log_works_too() {
    let mut stage = stage();
    script(r#"{"mode":"part1"}"#);
    answer("/api/conversations", 200, r#"[{"id":"c-1","title":"Hello"}]"#);
    answer(
        "/api/conversations/c-1",
        200,
        r#"{"id":"c-1","messages":[{"id":1,"role":"user","content":"Hello"}]}"#,
    );
    let page = Page::mount(&mut stage, None);
    until_connected().await;
    page.talk().send("Hello".into());
    page.until_shown(&["Hello", "waiting []"]).await;
    answer(
        "/api/conversations/c-1",
        200,
        r#"{"id":"c-1","messages":[{"id":1,"role":"user","content":"Hello"},{"id":2,"role":"assistant","content":"Hi"}]}"#,
    );
    let lists = || requests().lines().filter(|request| request.starts_with("/api/conversations?")).count();
    let before = lists();
    publish(&completed("t-1", "Hi"));
    page.until_shown(&["Hello", "Hi"]).await;
    until("the list was asked for again", || lists() > before).await;
    settle().await;
    assert_eq!((page.shown(), page.ends.len()), (vec!["Hello".to_owned(), "Hi".to_owned()], 1));
}
