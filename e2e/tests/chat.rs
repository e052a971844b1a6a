//! Chat as a person uses it: over the one socket, without it, and while hub and model fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::{Value, json};
use switchboard_e2e::{Hub, ModelAnswer, Page, Stage, run, until, until_true};

/// What the browser itself writes into the console when a server can't be reached.
const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];

/// A key that must never be seen anywhere but in the request to the model.
const KEY: &str = "sk-test-0123456789abcdef";

/// The requests to `/api/tasks/` that the page has made since it was loaded.
async fn asked_for_tasks(page: &Page) -> Vec<String> {
    let script = "return performance.getEntriesByType('resource').map((entry) => entry.name)\
                  .filter((name) => name.includes('/api/tasks/'))";
    let names = page.script(script, json!([])).await.unwrap();
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Types a message and sends it with the Enter key.
async fn say(page: &Page, text: &str) {
    page.fill("textbox", "Message", text).await;
    page.press("\u{e007}").await;
}

/// The entries of the list of messages.
async fn messages(page: &Page) -> Vec<String> {
    let script = "const list = document.querySelector('ol[aria-label=Messages], ul[aria-label=Messages]');\
                  return list ? [...list.children].map((item) => item.innerText) : []";
    let texts = page.script(script, json!([])).await.unwrap();
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until so many entries hold `text`.
async fn wait_for_messages(page: &Page, text: &str, count: usize) {
    page.wait_for(&format!("{count} messages with “{text}”"), async |page: &Page| {
        let messages = messages(page).await;
        let found = messages.iter().filter(|message| message.contains(text)).count();
        if found == count { Ok(()) } else { Err(format!("{found} in {messages:#?}")) }
    })
    .await;
}

async fn hub_with_model(stage: &Stage) -> (Hub, switchboard_e2e::ModelServer) {
    let model = stage.model().await;
    let hub = stage
        .hub_with(&[
            "--model-url",
            &model.url(),
            "--model",
            "test-model",
            "--model-key",
            KEY,
            "--model-price-input",
            "2",
            "--model-price-output",
            "10",
        ])
        .await;
    (hub, model)
}

/// Tasks of this lane wait until the test itself claims them.
async fn hub_with_lane(stage: &Stage) -> Hub {
    stage.hub_with(&["--worker-lanes", "manual"]).await
}

/// Posts a message for the lane that the test works on, and answers the conversation.
async fn post_manual(hub: &Hub, text: &str) -> String {
    let posted = hub.call("/api/chat/messages", &json!({"content": text, "lane": "manual"})).await;
    assert_eq!(posted["status"], "queued");
    posted["conversationId"].as_str().unwrap().to_owned()
}

/// Takes the oldest task of that lane, as a worker does.
async fn claim(hub: &Hub) -> String {
    let task = until("a task to claim", async || {
        let task = hub.call("/api/tasks/claim", &json!({"lanes": ["manual"], "worker": "test"})).await;
        if task.is_null() { Err("nothing") } else { Ok(task) }
    })
    .await;
    task["task_id"].as_str().unwrap().to_owned()
}

fn completed(task: &str, content: &str) -> Value {
    json!({"event": "update", "data": {"type": "task.completed", "task_id": task, "result": {"content": content}}})
}

#[test]
fn a_question_is_answered_over_the_socket_and_nothing_is_asked() {
    run(async |stage| {
        let hub = stage.hub().await;
        let mut failing = hub.run_script("backup", "echo disk full >&2; exit 3");
        hub.execution_of("backup").await;
        failing.finish().await;
        let page = stage.open(&hub.url(), "/chat").await;
        page.wait_for_status("Connection", "Connected").await;
        page.fill("textbox", "Message", "What failed today?").await;
        page.click("button", "Send").await;
        wait_for_messages(&page, "What failed today?", 1).await;
        wait_for_messages(&page, "exit code 3", 1).await;
        page.find_no("status", "Waiting for a reply").await;
        assert!(page.path().await.starts_with("/chat/"), "the conversation has an address of its own");
        let answer = messages(&page).await.pop().unwrap();
        assert!(answer.contains("local"), "the answer names its lane: {answer}");
        assert_eq!(asked_for_tasks(&page).await, Vec::<String>::new());
        assert_eq!(page.sockets().await.len(), 1, "one socket for everything");

        page.reload().await;
        wait_for_messages(&page, "exit code 3", 1).await;
        let links = page.texts("link", "").await;
        let stands = links.iter().any(|link| link.contains("What failed today?"));
        assert!(stands, "the conversation stands in the list: {links:?}");
        page.assert_console_clean().await;
    });
}

#[test]
fn with_the_socket_refused_the_same_message_resolves_by_asking() {
    run(async |stage| {
        let (hub, model) = hub_with_model(stage).await;
        model.answer_next(ModelAnswer::Pause(vec!["It goes ".into()], vec!["without.".into()]));
        let proxy = stage.proxy(hub.address()).await;
        proxy.refuse_sockets();
        let page = stage.open(&proxy.url(), "/chat").await;
        page.wait_for_status("Connection", "Partial").await;
        say(&page, "Hello").await;
        page.find("status", "Waiting for a reply").await;
        until_true("the task is asked for", async || !asked_for_tasks(&page).await.is_empty()).await;
        model.go_on();
        wait_for_messages(&page, "It goes without.", 1).await;
        page.find_no("status", "Waiting for a reply").await;
        assert!(page.sockets().await.iter().all(|socket| socket.received == 0), "no socket brought it");
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

/// Goes to a conversation as a person does who is connected already.
async fn open_conversation(page: &Page, conversation: &str) {
    page.wait_for_status("Connection", "Connected").await;
    page.click_link(&format!("/chat/{conversation}")).await;
    page.find("status", "Waiting for a reply").await;
}

#[test]
fn when_the_socket_drops_asking_takes_over_and_ends_when_it_returns() {
    run(async |stage| {
        let hub = hub_with_lane(stage).await;
        let proxy = stage.proxy(hub.address()).await;
        let conversation = post_manual(&hub, "First").await;
        let first = claim(&hub).await;
        let page = stage.open(&proxy.url(), "/chat").await;
        open_conversation(&page, &conversation).await;
        assert!(asked_for_tasks(&page).await.is_empty());

        proxy.refuse_sockets();
        page.wait_for_status("Connection", "Partial").await;
        until_true("the task is asked for", async || !asked_for_tasks(&page).await.is_empty()).await;
        page.find("status", "Waiting for a reply").await;
        proxy.heal();
        page.wait_for_status("Connection", "Connected").await;
        let asked = asked_for_tasks(&page).await.len();
        hub.report(&completed(&first, "The first reply")).await;
        wait_for_messages(&page, "The first reply", 1).await;
        page.find_no("status", "Waiting for a reply").await;
        // The catch-up after the return is the last.
        assert!(asked_for_tasks(&page).await.len() <= asked + 1);

        // A second result of the same task changes nothing.
        let second = hub.report(&completed(&first, "Another reply")).await;
        assert_eq!((&second["accepted"], &second["duplicates"]), (&json!(0), &json!(1)));
        post_to(&hub, &conversation, "Second").await;
        wait_for_messages(&page, "Second", 1).await;
        hub.report(&completed(&claim(&hub).await, "The second reply")).await;
        wait_for_messages(&page, "The second reply", 1).await;
        wait_for_messages(&page, "Another reply", 0).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

async fn post_to(hub: &Hub, conversation: &str, text: &str) {
    let body = json!({"content": text, "lane": "manual", "conversationId": conversation});
    hub.call("/api/chat/messages", &body).await;
}

#[test]
fn what_is_awaited_survives_a_reload() {
    run(async |stage| {
        let (hub, model) = hub_with_model(stage).await;
        model.answer_next(ModelAnswer::Pause(vec!["It is ".into()], vec!["done.".into()]));
        let page = stage.open(&hub.url(), "/chat").await;
        page.wait_for_status("Connection", "Connected").await;
        say(&page, "Are you there?").await;
        wait_for_messages(&page, "It is", 1).await;
        page.find("status", "Waiting for a reply").await;
        page.reload().await;
        wait_for_messages(&page, "It is", 1).await;
        page.find("status", "Waiting for a reply").await;
        model.go_on();
        wait_for_messages(&page, "It is done.", 1).await;
        page.find_no("status", "Waiting for a reply").await;
        let kept =
            page.script("return Object.keys(localStorage).filter((key) => key.includes('task'))", json!([]));
        assert_eq!(kept.await.unwrap(), json!([]), "nothing is kept of what has ended");
    });
}

#[test]
fn a_model_streams_costs_and_fails_in_words() {
    run(async |stage| {
        let (hub, model) = hub_with_model(stage).await;
        let page = stage.open(&hub.url(), "/chat").await;
        page.wait_for_status("Connection", "Connected").await;

        model.answer_next(ModelAnswer::Pause(vec!["**Good** ".into()], vec!["morning.".into()]));
        say(&page, "Hello").await;
        wait_for_messages(&page, "Good", 1).await;
        page.find("status", "Waiting for a reply").await;
        model.go_on();
        wait_for_messages(&page, "Good morning.", 1).await;
        let answer = messages(&page).await.pop().unwrap();
        // 1,000 tokens at 2 and 500 at 10 US dollars per million.
        for part in ["model", "test-model", "$0.007"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }

        for refusal in [429, 500] {
            model.answer_next(ModelAnswer::Refuse(refusal));
        }
        model.answer_next(ModelAnswer::Stream(vec!["At last.".into()]));
        say(&page, "Once more").await;
        wait_for_messages(&page, "At last.", 1).await;

        model.answer_next(ModelAnswer::CutOff(vec!["Half an answer, and no".into()]));
        say(&page, "And again").await;
        wait_for_messages(&page, "Half an answer", 1).await;
        model.go_on();
        page.find("alert", "").await;
        wait_for_messages(&page, "Half an answer", 0).await;
        model.answer_next(ModelAnswer::Stream(vec!["A whole answer.".into()]));
        page.click("button", "Retry").await;
        wait_for_messages(&page, "A whole answer.", 1).await;

        model.answer_next(ModelAnswer::Refuse(401));
        say(&page, "The last one").await;
        page.wait_for("two failures", async |page: &Page| match page.texts("alert", "").await.len() {
            2 => Ok(()),
            count => Err(format!("{count} alerts")),
        })
        .await;
        assert!(!page.text().await.contains(KEY), "the key is on no page");
        page.assert_console_clean().await;
    });
}

#[test]
fn a_hub_that_is_killed_with_tasks_queued_and_running_loses_none() {
    run(async |stage| {
        let (mut hub, model) = hub_with_model(stage).await;
        // More than are worked on at a time, so that some run and some wait.
        for number in 1..=8 {
            model.answer_next(ModelAnswer::Pause(vec![format!("Answer {number} ")], vec!["done.".into()]));
        }
        let page = stage.open(&hub.url(), "/chat").await;
        page.wait_for_status("Connection", "Connected").await;
        for number in 1..=8 {
            say(&page, &format!("Question {number}")).await;
            wait_for_messages(&page, &format!("Question {number}"), 1).await;
        }
        model.wait_for_requests(2).await;
        hub.kill().await;
        page.wait_for_status("Connection", "Disconnected").await;
        model.go_on();
        hub.restart().await;
        page.wait_for_status("Connection", "Connected").await;
        until("every question has its answer", async || {
            model.go_on();
            let replies = messages(&page).await;
            let waiting = page.has("status", "Waiting for a reply").await;
            if replies.len() == 16 && !waiting { Ok(()) } else { Err(replies) }
        })
        .await;
        assert!(page.texts("alert", "").await.is_empty(), "none has failed");
        let told = messages(&page).await.iter().filter(|message| message.contains("attempt 2")).count();
        assert!(told >= 1, "what was begun twice says so");
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn bad_input_is_refused_in_words() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/chat/no-such-conversation").await;
        page.wait_for_text("was not found").await;
        page.goto("/chat").await;
        page.wait_for_status("Connection", "Connected").await;
        say(&page, "   ").await;
        assert!(messages(&page).await.is_empty(), "nothing is said by saying nothing");
        let huge = "const field = document.querySelector('textarea');\
                    field.value = 'x'.repeat(1024 * 1024);\
                    field.dispatchEvent(new Event('input', {bubbles: true}));";
        page.script(huge, json!([])).await.unwrap();
        page.wait_for_text("102,400").await;
        page.press("\u{e007}").await;
        assert!(messages(&page).await.is_empty());
        let url = format!("{}/api/chat/messages", hub.url());
        for (body, status, words) in [
            (json!({"content": ""}), 400, "content"),
            (json!({"content": "x".repeat(1024 * 1024)}), 413, "102400"),
            (json!({"content": "Hello", "conversationId": "nowhere"}), 404, "conversation"),
            (json!({"content": "Hello", "lane": "fast"}), 400, "local"),
        ] {
            let answer = switchboard_e2e::post(&url, body.to_string()).await.unwrap();
            assert_eq!(answer.status, status, "{}", answer.body);
            assert!(answer.body.contains(words), "{words}: {}", answer.body);
        }
        // A result for a task that nobody here knows is handed on, and disturbs nothing.
        hub.report(&completed("t-unknown", "Hello?")).await;
        page.goto("/chat").await;
        say(&page, "/help").await;
        wait_for_messages(&page, "/failed", 1).await;
        wait_for_messages(&page, "Hello?", 0).await;
    });
}

#[test]
fn two_tabs_of_one_conversation_show_the_same() {
    run(async |stage| {
        let hub = hub_with_lane(stage).await;
        let conversation = post_manual(&hub, "Anybody?").await;
        let (one, two) = (stage.open(&hub.url(), "/chat").await, stage.open(&hub.url(), "/chat").await);
        for page in [&one, &two] {
            open_conversation(page, &conversation).await;
        }
        let mut result = completed(&claim(&hub).await, "Everybody.");
        result["data"]["result"]["files"] = json!([{"name": "report.csv", "url": "/files/report.csv"}]);
        hub.report(&result).await;
        for page in [&one, &two] {
            wait_for_messages(page, "Everybody.", 1).await;
            page.find_no("status", "Waiting for a reply").await;
            page.find("link", "report.csv").await;
            page.find("list", "Messages").await;
            let links = page.texts("link", "").await;
            assert!(links.iter().any(|link| link.contains("Everybody.")), "the list has followed: {links:?}");
        }
        post_to(&hub, &conversation, "Still?").await;
        hub.report(&completed(&claim(&hub).await, "Still.")).await;
        for page in [&one, &two] {
            wait_for_messages(page, "Still.", 1).await;
            assert!(asked_for_tasks(page).await.is_empty());
        }
    });
}
