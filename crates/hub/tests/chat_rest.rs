//! Messages, tasks and conversations over HTTP, and what watchers hear of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod serve_support;

use chat_support::{Calls, completed, conversation_of, is_end, task_of, until_end, until_job};
use serde_json::{Value, json};
use serve_support::TestHub;
use switchboard_hub::auth::Keys;

/// A hub with a lane that only workers outside answer.
async fn hub_with_lane() -> TestHub {
    TestHub::start_with(|config| config.chat.worker_lanes = vec!["crew".into()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_over_the_socket() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let posted = calls.say(json!({"content": "/help"})).await;
    let (task, conversation) = (task_of(&posted), conversation_of(&posted));
    assert_eq!(
        (&posted["message"]["role"], &posted["message"]["content"]),
        (&json!("user"), &json!("/help"))
    );
    let (before, end) = until_end(&mut client, &task).await;
    assert_eq!(end["type"], "task.completed", "{end}");
    assert!(!end["result"]["content"].as_str().unwrap().is_empty());
    assert_eq!(
        (&end["result"]["lane"], &end["result"]["conversationId"]),
        (&json!("local"), &json!(conversation))
    );
    let jobs: Vec<_> = before.iter().filter(|frame| frame["event"] == "job:event").collect();
    let steps: Vec<_> = jobs.iter().map(|frame| frame["data"]["type"].as_str().unwrap()).collect();
    assert_eq!(steps, ["queued", "started"]);
    assert!(before.iter().any(|frame| frame["data"]["kind"] == "conversation"), "lists are told");

    let (_, state) = calls.get(&format!("/api/tasks/{task}")).await;
    assert_eq!(
        (&state["status"], &state["result"]["content"]),
        (&json!("completed"), &end["result"]["content"])
    );
    let (_, read) = calls.get(&format!("/api/conversations/{conversation}")).await;
    let roles: Vec<_> =
        read["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!((roles, &read["pending"]), (vec![json!("user"), json!("assistant")], &json!(0)));
    assert_eq!(read["messages"][1]["id"], end["result"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_refused_in_words_and_stores_nothing() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let long = "x".repeat(102_401);
    let cases: [(String, u16, &str); 14] = [
        (String::new(), 400, "JSON"),
        ("Hello".into(), 400, "JSON"),
        ("[]".into(), 400, "JSON"),
        (json!({"text": "Hello"}).to_string(), 400, "content"),
        (json!({"content": 7}).to_string(), 400, "JSON"),
        (json!({"content": ""}).to_string(), 400, "blank"),
        (json!({"content": " \n\t"}).to_string(), 400, "blank"),
        (json!({"content": long}).to_string(), 413, "102400"),
        (json!({"content": "Hello", "x": "x".repeat(2_000_000)}).to_string(), 413, "1048576"),
        (json!({"content": "Hello", "conversationId": "nobody"}).to_string(), 404, "conversationId"),
        (json!({"content": "Hello", "lane": "fast"}).to_string(), 400, "local, crew"),
        (json!({"content": "Hello", "lane": "model"}).to_string(), 400, "local, crew"),
        (json!({"content": "Hello", "id": " "}).to_string(), 400, "`id`"),
        (json!({"content": "Hello", "organizationId": "a\nb"}).to_string(), 400, "organizationId"),
    ];
    for (body, expected, words) in cases {
        let shown = body.chars().take(80).collect::<String>();
        let (status, problem) = calls.post_text("/api/chat/messages", body).await;
        assert_eq!(status, expected, "{shown}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{shown}: {problem}");
    }
    assert_eq!(calls.get("/api/conversations").await.1["items"], json!([]));
    // The longest that is taken, in characters of several bytes.
    let posted = calls.say(json!({"content": "é".repeat(51_200), "lane": "crew"})).await;
    assert_eq!(posted["message"]["content"].as_str().unwrap().len(), 102_400);
    for (path, expected) in [
        ("/api/tasks/nobody", 404),
        ("/api/conversations/nobody", 404),
        ("/api/conversations?limit=0", 400),
        ("/api/chat/messages", 405),
        ("/api/tasks/claim", 405),
    ] {
        assert_eq!(calls.get(path).await.0, expected, "{path}");
    }
    for path in ["/api/tasks/nobody/cancel", "/api/tasks/nobody/renew"] {
        assert_eq!(calls.post(path, json!({"worker": "w"})).await.0, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_sent_again_is_the_same_message() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let message = json!({"id": "m-1", "content": "Hello", "lane": "crew"});
    let (first, again) = (calls.say(message.clone()).await, calls.say(message.clone()).await);
    assert_eq!(first, again);
    let task = task_of(&first);
    calls.report(completed(&task, "Hi")).await;
    assert_eq!(calls.say(message).await["task_id"], task, "also after it was answered");
    let (_, read) = calls.get(&format!("/api/conversations/{}", conversation_of(&first))).await;
    assert_eq!(read["messageCount"], 2, "{read}");
    assert_eq!(calls.post("/api/tasks/claim", json!({})).await.0, 204, "it is not answered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_and_keys_are_apart() {
    let keys = Keys::parse("acme-key=acme both-keys=acme,beta root-key=*").unwrap();
    let hub = TestHub::start_with(|config| {
        config.keys = keys;
        config.chat.worker_lanes = vec!["crew".into()];
    })
    .await;
    let calls = Calls::to(&hub);
    let (acme, both, root) = (
        calls.clone().with_key("acme-key"),
        calls.clone().with_key("both-keys"),
        calls.clone().with_key("root-key"),
    );
    let message =
        |organization: &str| json!({"content": "Hello", "lane": "crew", "organizationId": organization});
    for (path, body) in [
        ("/api/chat/messages", json!({"content": "Hello"})),
        ("/api/tasks/claim", json!({})),
        ("/api/tasks/t/cancel", json!({})),
        ("/api/tasks/t/renew", json!({})),
    ] {
        assert_eq!(calls.post(path, body).await.0, 401, "{path}");
    }
    for path in ["/api/tasks/t", "/api/conversations", "/api/conversations/c"] {
        assert_eq!(calls.get(path).await.0, 401, "{path}");
    }
    assert_eq!(acme.post("/api/chat/messages", message("beta")).await.0, 403);
    assert_eq!(both.post("/api/chat/messages", json!({"content": "Hello"})).await.0, 403, "it must name one");
    let in_beta = both.say(message("beta")).await;
    let (task, conversation) = (task_of(&in_beta), conversation_of(&in_beta));
    for path in [format!("/api/tasks/{task}"), format!("/api/conversations/{conversation}")] {
        assert_eq!(acme.get(&path).await.0, 404, "{path}");
        assert_eq!(acme.get(&format!("{path}?organizationId=beta")).await.0, 403, "{path}");
        assert_eq!(both.get(&format!("{path}?organizationId=beta")).await.0, 200, "{path}");
    }
    assert_eq!(acme.post(&format!("/api/tasks/{task}/cancel"), json!({})).await.0, 404);
    let continued = json!({"content": "More", "lane": "crew", "conversationId": conversation});
    assert_eq!(
        acme.post("/api/chat/messages", continued).await.0,
        404,
        "another organization's conversation"
    );
    assert_eq!(acme.get("/api/conversations").await.1["items"], json!([]));
    assert_eq!(acme.post("/api/tasks/claim", json!({})).await.0, 204, "the task is not for this key");
    assert_eq!(acme.post("/api/tasks/claim", json!({"organizationId": "beta"})).await.0, 403);
    // A result in another organization's log is about another task.
    acme.report(completed(&task, "Not yours")).await;
    let in_beta = "?organizationId=beta";
    assert_eq!(root.get(&format!("/api/tasks/{task}{in_beta}")).await.1["status"], "queued");
    let (status, claimed) = root.post("/api/tasks/claim", json!({"organizationId": "beta"})).await;
    assert_eq!(
        (status, &claimed["task_id"], &claimed["organizationId"]),
        (200, &json!(task), &json!("beta"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_outside_claims_renews_and_answers_and_the_first_result_counts() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let first = calls.say(json!({"content": "One", "lane": "crew"})).await;
    let conversation = conversation_of(&first);
    let second = calls.say(json!({"content": "Two", "lane": "crew", "conversationId": conversation})).await;
    assert_eq!(calls.post("/api/tasks/claim", json!({"lanes": ["other"]})).await.0, 204);
    let claim = json!({"lanes": ["crew"], "worker": "w-1", "leaseSeconds": 3600});
    let (status, task) = calls.post("/api/tasks/claim", claim.clone()).await;
    assert_eq!(
        (status, &task["task_id"], &task["content"]),
        (200, &first["task_id"], &json!("One")),
        "oldest first"
    );
    assert_eq!(
        (&task["attempt"], &task["worker"], &task["lane"]),
        (&json!(1), &json!("w-1"), &json!("crew"))
    );
    let id = task_of(&first);
    let started = until_job(&mut client, &id, "started").await;
    assert_eq!((&started["data"]["worker"], &started["data"]["lane"]), (&json!("w-1"), &json!("crew")));

    let renew = format!("/api/tasks/{id}/renew");
    let (status, renewed) = calls.post(&renew, json!({"worker": "w-1", "leaseSeconds": 60})).await;
    assert_eq!(status, 200);
    assert!(renewed["leaseUntil"].as_str().unwrap() < task["leaseUntil"].as_str().unwrap(), "from now on");
    let (status, problem) = calls.post(&renew, json!({"worker": "w-2"})).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("running"), "{problem}");
    for (body, words) in [
        (json!({}), "worker"),
        (json!({"worker": "hub:1"}), "hub:"),
        (json!({"worker": "w-1", "leaseSeconds": 4}), "5 to 3600"),
        (json!({"worker": "w-1", "leaseSeconds": 3601}), "5 to 3600"),
    ] {
        let (status, problem) = calls.post(&renew, body).await;
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    assert_eq!(calls.post("/api/tasks/claim", json!({"worker": "hub:1"})).await.0, 400);
    assert_eq!(calls.post_text("/api/tasks/claim", "claim").await.0, 400);

    // The answer comes bit by bit, and who comes later sees what is there.
    for (offset, part) in [(0, "Half "), (5, "an answer")] {
        let data = json!({"delta": part, "offset": offset, "attempt": 1});
        calls
            .report(json!({"event": "job:event", "data": {"jobId": id, "type": "progress", "data": data}}))
            .await;
    }
    assert_eq!(calls.get(&format!("/api/tasks/{id}")).await.1["partial"], "Half an answer");

    let answer = json!({"event": "update", "data": {"type": "task.completed", "task_id": id, "result": {
        "content": "An answer.", "model": "m", "cost_usd": 0.5, "files": [{"name": "a.txt", "url": "/a.txt"}]}}});
    assert_eq!(calls.report(answer).await["accepted"], 1);
    let late = calls.report(completed(&id, "Another answer.")).await;
    assert_eq!((&late["accepted"], &late["duplicates"]), (&json!(0), &json!(1)));
    assert_eq!(calls.post(&renew, json!({"worker": "w-1"})).await.0, 409, "it has ended");
    let (_, end) = until_end(&mut client, &id).await;
    assert_eq!((&end["result"]["content"], &end["result"]["cost_usd"]), (&json!("An answer."), &json!(0.5)));
    let (before_pong, _) = client.ping().await;
    assert!(!before_pong.iter().any(|frame| is_end(frame, &id)), "it ends once");

    let (_, task) = calls.post("/api/tasks/claim", claim).await;
    assert_eq!(task["task_id"], second["task_id"]);
    let said: Vec<_> =
        task["messages"].as_array().unwrap().iter().map(|message| message["content"].clone()).collect();
    assert_eq!(said.first(), Some(&json!("One")), "it brings the conversation: {said:?}");
    assert!(said.contains(&json!("Two")));
    let (_, list) = calls.get("/api/conversations?q=answer").await;
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["pending"]), (&json!(conversation), &json!(1)));
    assert_eq!(list["items"][0]["cost_usd"], 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_worker_is_lost_is_given_to_another() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let posted = calls.say(json!({"content": "Hello", "lane": "crew"})).await;
    let id = task_of(&posted);
    let claim = |worker: &str| json!({"worker": worker, "leaseSeconds": 5});
    assert_eq!(calls.post("/api/tasks/claim", claim("w-1")).await.0, 200);
    until_job(&mut client, &id, "started").await;
    assert_eq!(calls.post("/api/tasks/claim", claim("w-2")).await.0, 204, "it is the first one's");
    let again = until_job(&mut client, &id, "queued").await;
    assert_eq!(again["data"]["attempt"], 1, "{again}");
    let (_, task) = calls.post("/api/tasks/claim", claim("w-2")).await;
    assert_eq!((&task["task_id"], &task["attempt"]), (&json!(id), &json!(2)));
    assert_eq!(calls.post(&format!("/api/tasks/{id}/renew"), json!({"worker": "w-1"})).await.0, 409);
    calls.report(completed(&id, "Hi")).await;
    let (_, end) = until_end(&mut client, &id).await;
    assert!(end["result"]["note"].as_str().unwrap().contains("attempt 2"), "it is no secret: {end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_cancelled_once_whether_it_waits_or_runs() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    for is_claimed in [false, true] {
        let posted = calls.say(json!({"content": "Hello", "lane": "crew"})).await;
        let id = task_of(&posted);
        if is_claimed {
            assert_eq!(calls.post("/api/tasks/claim", json!({"worker": "w"})).await.0, 200);
        }
        let cancel = format!("/api/tasks/{id}/cancel");
        for _ in 0..2 {
            let (status, state) = calls.post(&cancel, json!({})).await;
            let expected = (202, &json!("failed"), &json!("Cancelled."));
            assert_eq!((status, &state["status"], &state["error"]), expected);
        }
        let late = calls.report(completed(&id, "Too late")).await;
        assert_eq!(late["duplicates"], 1);
        let (_, end) = until_end(&mut client, &id).await;
        assert_eq!((&end["type"], &end["error"]), (&json!("task.failed"), &json!("Cancelled.")));
        let (frames, _) = client.ping().await;
        assert!(!frames.iter().any(|frame| is_end(frame, &id)), "it ends once");
        let (_, read) = calls.get(&format!("/api/conversations/{}", conversation_of(&posted))).await;
        assert_eq!((&read["messages"][1]["error"], &read["pending"]), (&json!("Cancelled."), &json!(0)));
    }
    assert_eq!(calls.post("/api/tasks/claim", json!({})).await.0, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_a_task_that_nobody_here_knows_is_relayed_as_it_is() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let result = json!({"event": "update", "data": {"type": "task.failed", "task_id": "elsewhere", "extra": {"a": 1}}});
    for _ in 0..2 {
        assert_eq!(calls.report(result.clone()).await["accepted"], 1);
        let (_, end) = until_end(&mut client, "elsewhere").await;
        assert_eq!((&end["extra"], end.get("error")), (&json!({"a": 1}), None), "{end}");
    }
    assert_eq!(calls.get("/api/tasks/elsewhere").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_and_read_page_by_page() {
    let hub = hub_with_lane().await;
    let calls = Calls::to(&hub);
    let mut conversations = Vec::new();
    for number in 0..5 {
        let posted = calls.say(json!({"content": format!("Question {number}"), "lane": "crew"})).await;
        conversations.push(conversation_of(&posted));
    }
    let ids = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let (_, first) = calls.get("/api/conversations?limit=3").await;
    let before = first["nextBefore"].as_str().unwrap();
    let (_, second) = calls.get(&format!("/api/conversations?limit=3&before={before}")).await;
    let listed = [ids(&first), ids(&second)].concat();
    assert_eq!(listed.iter().rev().collect::<Vec<_>>(), conversations.iter().collect::<Vec<_>>());
    assert_eq!(ids(&calls.get("/api/conversations?q=QUESTION+3").await.1), [conversations[3].clone()]);

    let conversation = &conversations[0];
    for number in 1..5 {
        calls
            .say(json!({"content": format!("More {number}"), "lane": "crew", "conversationId": conversation}))
            .await;
    }
    assert_eq!(
        ids(&calls.get("/api/conversations?limit=1").await.1),
        [conversation.as_str()],
        "latest first"
    );
    let path = format!("/api/conversations/{conversation}?limit=2");
    let (_, last) = calls.get(&path).await;
    let said = |page: &Value| -> Vec<String> {
        page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["content"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(said(&last), ["More 3", "More 4"]);
    assert_eq!(last["tasks"].as_array().unwrap().len(), 5, "all that it waits for");
    let before = last["nextBefore"].as_str().unwrap();
    assert_eq!(said(&calls.get(&format!("{path}&before={before}")).await.1), ["More 1", "More 2"]);
}
