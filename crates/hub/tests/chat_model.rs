//! The model lane, against a server that does what a test tells it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod serve_support;

use std::time::Duration;

use chat_support::{
    Calls, conversation_of, is_end,
    model_server::{Act, Gate, ModelServer, Step, answer_of, text},
    task_of, until_end, until_job,
};
use serde_json::{Value, json};
use serve_support::{Client, TestHub, soon};
use switchboard_hub::config::{ModelConfig, Prices, Secret};

const KEY: &str = "sk-test/0123+456789=";

/// A hub whose model is behind that server. Waits between tries are short.
async fn hub_on(server: &ModelServer, change: impl FnOnce(&mut ModelConfig)) -> TestHub {
    let mut model = ModelConfig::new(server.url(), "test-model");
    model.key = Some(Secret::new(KEY));
    model.retry_delay = Duration::from_millis(5);
    change(&mut model);
    TestHub::start_with(|config| config.chat.model = Some(model)).await
}

/// Says something, and answers how that ended, with the frames before.
async fn say(hub: &TestHub, client: &mut Client, message: Value) -> (Vec<Value>, Value) {
    let posted = Calls::to(hub).say(message).await;
    until_end(client, &task_of(&posted)).await
}

/// How a message ends with a server that acts so: the `data` of the frame, and how often the server was asked.
async fn end_with(acts: Vec<Act>, change: impl FnOnce(&mut ModelConfig)) -> (Value, usize) {
    let server = ModelServer::start(acts).await;
    let hub = hub_on(&server, change).await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let (_, end) = say(&hub, &mut client, json!({"content": "Hello"})).await;
    (end, server.asked().len())
}

/// How a failure is worded.
fn error(end: &Value) -> &str {
    assert_eq!(end["type"], "task.failed", "{end}");
    end["error"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_shown_while_it_is_written_and_then_whole_with_its_cost() {
    let gate = Gate::closed();
    let steps = vec![text("Hel"), text("lo "), Step::Wait(gate.clone()), text("wörld."), Step::End];
    let server = ModelServer::start([Act::Stream(steps)]).await;
    let hub = hub_on(&server, |model| {
        model.prices = Some(Prices { input: 2.0, output: 6.0 });
        model.system = Some("Be brief.".into());
    })
    .await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let posted = calls.say(json!({"content": "Hello?"})).await;
    let task = task_of(&posted);
    // The server waits, so what is shown now is shown before the answer is whole.
    let mut shown = String::new();
    while shown != "Hello " {
        let delta = until_job(&mut client, &task, "progress").await;
        assert_eq!(delta["data"]["offset"], shown.chars().count());
        shown.push_str(delta["data"]["delta"].as_str().unwrap());
    }
    let (_, state) = calls.get(&format!("/api/tasks/{task}")).await;
    assert_eq!(
        (&state["status"], &state["partial"]),
        (&json!("running"), &json!("Hello ")),
        "for who comes later"
    );
    gate.open();
    let (_, end) = until_end(&mut client, &task).await;
    let result = &end["result"];
    assert_eq!((&end["type"], &result["content"]), (&json!("task.completed"), &json!("Hello wörld.")));
    assert_eq!(
        (&result["lane"], &result["model"]),
        (&json!("model"), &json!("test-model-2")),
        "as the server says"
    );
    // 1,000 tokens read for 2 dollars a million, 500 written for 6.
    assert_eq!(result["cost_usd"], 0.005);

    let asked = server.asked().remove(0);
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}").as_str());
    assert_eq!((&asked.body["model"], &asked.body["stream"]), (&json!("test-model"), &json!(true)));
    assert_eq!(asked.body["stream_options"], json!({"include_usage": true}));
    let turns = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]);
    assert_eq!(asked.body["messages"], turns);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_goes_with_a_message_without_its_failures_and_commands_stay_here() {
    let server = ModelServer::start([answer_of(&["One."]), Act::Status(400, vec![], "{}".into())]).await;
    let hub = hub_on(&server, |_| {}).await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let posted = Calls::to(&hub).say(json!({"content": "First"})).await;
    let conversation = conversation_of(&posted);
    let (_, end) = until_end(&mut client, &task_of(&posted)).await;
    assert_eq!(end["result"].get("cost_usd"), None, "without prices nobody knows: {end}");
    let again = |content: &str| json!({"content": content, "conversationId": conversation});
    let (_, end) = say(&hub, &mut client, again("Second")).await;
    assert!(error(&end).contains("status 400"), "{end}");
    say(&hub, &mut client, again("Third")).await;
    let asked = server.asked();
    let turns = json!([
        {"role": "user", "content": "First"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "Second\n\nThird"},
    ]);
    assert_eq!(asked[2].body["messages"], turns);
    let (_, end) = say(&hub, &mut client, again("/help")).await;
    assert_eq!(end["result"]["lane"], "local");
    let (_, end) = say(&hub, &mut client, json!({"content": "What failed?", "lane": "local"})).await;
    assert_eq!(end["result"]["lane"], "local");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_the_moment_is_asked_again() {
    let limit = |wait: &str| Act::Status(429, vec![("retry-after", wait.into())], String::new());
    let broken = || Act::Status(500, vec![], "<html>oops</html>".into());
    let cases: [(&str, Vec<Act>, usize); 5] = [
        ("a limit, with nothing to wait for", vec![limit("0")], 2),
        ("a limit, with a second to wait", vec![limit("1")], 2),
        ("a failure, and an overload", vec![broken(), Act::Status(503, vec![], "{}".into())], 3),
        ("a connection that breaks before the answer", vec![Act::Stream(vec![Step::Cut])], 2),
        (
            "an error instead of an answer",
            vec![Act::Stream(vec![Step::Data(json!({"error": {"message": "busy"}}))])],
            2,
        ),
    ];
    for (what, acts, requests) in cases {
        let (end, asked) = end_with(acts, |_| {}).await;
        assert_eq!((&end["result"]["content"], asked), (&json!("ok"), requests), "{what}: {end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_broken_is_asked_four_times_and_then_told_in_words() {
    let broken = Act::Status(500, vec![], json!({"error": {"message": "out of\nmemory."}}).to_string());
    let (end, asked) = end_with(vec![broken; 9], |_| {}).await;
    assert_eq!(asked, 4);
    let words = error(&end);
    assert!(words.contains("failed 4 times (status 500, it says: “out of memory”)"), "{words}");
    assert!(words.contains("127.0.0.1:"), "it names the server: {words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_told_in_words_at_once() {
    let json = |status, body: Value| {
        Act::Status(status, vec![("content-type", "application/json".into())], body.to_string())
    };
    let cases = [
        (
            json(401, json!({"error": "who are you"})),
            vec!["key", "401", "who are you", "SWITCHBOARD_MODEL_KEY"],
        ),
        (json(403, json!({})), vec!["key", "403"]),
        (
            json(404, json!({"error": {"message": "no such model"}})),
            vec!["`test-model`", "no such model", "--model"],
        ),
        (json(400, json!({"detail": "context too long"})), vec!["400", "context too long"]),
        (
            Act::Status(429, vec![("retry-after", "3600".into())], String::new()),
            vec!["too often", "in 3600 seconds"],
        ),
        (
            Act::Status(302, vec![("location", "http://127.0.0.1:1/".into())], String::new()),
            vec!["redirects", "--model-url"],
        ),
        (
            Act::Status(200, vec![("content-type", "text/html".into())], "<html>".into()),
            vec!["no chat completion", "text/html"],
        ),
        (json(200, json!({"hello": "world"})), vec!["no chat completion", "choices"]),
        (Act::Stream(vec![Step::Raw("data: {oops\n\n".into())]), vec!["no chat completion", "JSON"]),
        (Act::Stream(vec![Step::End]), vec!["answered nothing"]),
    ];
    for (act, words) in cases {
        let (end, asked) = end_with(vec![act], |_| {}).await;
        let said = error(&end);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        assert_eq!(asked, 1, "the same again would be refused again: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_with_its_name() {
    let address = {
        let server = ModelServer::start([]).await;
        server.host()
    };
    let model = ModelConfig {
        retry_delay: Duration::from_millis(5),
        ..ModelConfig::new(format!("http://{address}/v1"), "m")
    };
    let hub = TestHub::start_with(|config| config.chat.model = Some(model)).await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    // The listener goes with the server's task, a moment after it was told to.
    let mut words = String::new();
    while !words.contains("cannot be reached") {
        let (_, end) = say(&hub, &mut client, json!({"content": "Hello"})).await;
        words = end["error"].as_str().unwrap_or_default().to_owned();
    }
    assert!(
        words.contains(&address) && words.contains("refused") && words.contains("--model-url"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_no_answer() {
    let cut = vec![text("The answer is 4"), Step::Cut];
    let ended = vec![text("The answer is 4")];
    let error_inside =
        vec![text("The answer is 4"), Step::Data(json!({"error": {"message": "worker died"}}))];
    for (steps, words) in [(cut, "broke off"), (ended, "broke off"), (error_inside, "worker died")] {
        let (end, asked) = end_with(vec![Act::Stream(steps)], |_| {}).await;
        assert!(error(&end).contains(words), "{end}");
        assert_eq!(asked, 1, "something of it was shown, so it is not begun again behind the reader's back");
        assert!(!end.to_string().contains("The answer is 4"), "{end}");
    }
    let gate = Gate::closed();
    let silent = vec![text("The answer is 4"), Step::Wait(gate), Step::End];
    let (end, _) =
        end_with(vec![Act::Stream(silent)], |model| model.idle_timeout = Duration::from_millis(50)).await;
    assert!(error(&end).contains("nothing more came"), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_too_long_fails_in_words_and_the_server_is_let_go() {
    let server = ModelServer::start([Act::Stream(vec![Step::Wait(Gate::closed())])]).await;
    let model = ModelConfig::new(server.url(), "m");
    let hub = TestHub::start_with(|config| {
        config.chat.model = Some(model);
        config.chat.task_timeout = Duration::from_millis(200);
    })
    .await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let (_, end) = say(&hub, &mut client, json!({"content": "Hello"})).await;
    assert!(error(&end).contains("--task-timeout"), "{end}");
    server.under_way(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_the_request_and_what_was_shown_is_no_answer() {
    let server = ModelServer::start([Act::Stream(vec![text("Once upon"), Step::Wait(Gate::closed())])]).await;
    let hub = hub_on(&server, |_| {}).await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let posted = calls.say(json!({"content": "Tell me"})).await;
    let task = task_of(&posted);
    until_job(&mut client, &task, "progress").await;
    let (status, state) = calls.post(&format!("/api/tasks/{task}/cancel"), json!({})).await;
    assert_eq!((status, &state["error"]), (202, &json!("Cancelled.")));
    server.under_way(0).await;
    let (_, end) = until_end(&mut client, &task).await;
    assert_eq!(error(&end), "Cancelled.");
    // The lane goes on.
    let (frames, end) = say(&hub, &mut client, json!({"content": "Again"})).await;
    assert_eq!(end["result"]["content"], "ok");
    assert!(!frames.iter().any(|frame| is_end(frame, &task)), "it ended once");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_asked_at_the_same_time_than_is_allowed() {
    let gates = [Gate::closed(), Gate::closed(), Gate::closed()];
    let acts = gates.clone().map(|gate| Act::Stream(vec![Step::Wait(gate), text("done"), Step::End]));
    let server = ModelServer::start(acts).await;
    let hub = hub_on(&server, |model| model.concurrency = 2).await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let mut tasks = Vec::new();
    for number in 0..3 {
        tasks.push(task_of(&calls.say(json!({"content": format!("{number}")})).await));
    }
    server.under_way(2).await;
    assert_eq!(calls.get(&format!("/api/tasks/{}", tasks[2])).await.1["status"], "queued");
    // The other lane is not held up.
    assert_eq!(say(&hub, &mut client, json!({"content": "/help"})).await.1["result"]["lane"], "local");
    gates.iter().for_each(Gate::open);
    until_end(&mut client, &tasks[2]).await;
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_stream_or_count_or_end_properly_are_understood() {
    let whole = json!({"model": "m-2", "choices": [{"message": {"role": "assistant", "content": "Whole."}, "finish_reason": "stop"}]});
    let kind = vec![("content-type", "application/json; charset=utf-8".into())];
    let (end, _) = end_with(vec![Act::Status(200, kind, whole.to_string())], |_| {}).await;
    assert_eq!((&end["result"]["content"], &end["result"]["model"]), (&json!("Whole."), &json!("m-2")));

    let finish = |reason: &str| Step::Data(json!({"choices": [{"delta": {}, "finish_reason": reason}]}));
    let prices = |model: &mut ModelConfig| model.prices = Some(Prices { input: 1.0, output: 1.0 });
    let (end, _) = end_with(vec![Act::Stream(vec![text("Hi"), finish("stop")])], prices).await;
    assert_eq!((&end["result"]["content"], end["result"].get("cost_usd")), (&json!("Hi"), None));
    let raw = ": a comment\r\nevent: message\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\r\n\r\ndata: [DONE]\r\n\r\n";
    let (end, _) = end_with(vec![Act::Stream(vec![Step::Raw(raw.into())])], |_| {}).await;
    assert_eq!(end["result"]["content"], "Hi");
    // The connection breaks when all is said.
    let (end, _) = end_with(vec![Act::Stream(vec![text("Hi"), finish("stop"), Step::Cut])], |_| {}).await;
    assert_eq!(end["result"]["content"], "Hi");
    let (end, _) =
        end_with(vec![Act::Stream(vec![text("And then"), finish("length"), Step::End])], |_| {}).await;
    let note = end["result"]["note"].as_str();
    assert!(note.is_some_and(|note| note.contains("limit")), "a cut answer says so: {end}");
}

/// A careless server repeats the key in its errors, and a strange one in its answers, also cut in two. Nobody may read it:
/// not in frames, not in what is stored, not in what is listed.
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_key_never_comes_back() {
    let (front, back) = KEY.split_at(7);
    let encoded = "sk-test%2F0123%2B456789%3D";
    let strange = vec![
        text(&format!("Your key is {front}")),
        text(&format!("{back}. In a link: {encoded}.")),
        Step::Data(json!({"model": format!("model-of-{KEY}"), "choices": []})),
        Step::End,
    ];
    let error_inside = vec![Step::Data(json!({"error": {"message": format!("bad {KEY}")}})); 1];
    let acts = [Act::EchoKey(401), Act::EchoKey(400), Act::Stream(strange), Act::Stream(error_inside)];
    let server = ModelServer::start(acts).await;
    let hub = hub_on(&server, |model| model.concurrency = 1).await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let mut seen = String::new();
    for number in 0..4 {
        let posted = calls.say(json!({"content": format!("{number}")})).await;
        let (frames, end) = until_end(&mut client, &task_of(&posted)).await;
        seen.extend(frames.iter().map(Value::to_string));
        seen.push_str(&end.to_string());
        seen.push_str(&calls.get(&format!("/api/tasks/{}", task_of(&posted))).await.1.to_string());
        let conversation = conversation_of(&posted);
        seen.push_str(&calls.get(&format!("/api/conversations/{conversation}")).await.1.to_string());
    }
    seen.push_str(&calls.get("/api/conversations").await.1.to_string());
    assert!(seen.contains("No such key: Bearer [key]"), "the server's words are there: {seen}");
    assert!(seen.contains("Your key is [key]. In a link: [key]."), "{seen}");
    assert!(seen.contains("model-of-[key]"), "{seen}");
    for spelling in [KEY, encoded, "0123+456789", "0123%2B"] {
        assert!(!seen.contains(spelling), "{spelling} is in {seen}");
    }
    assert_eq!(server.asked().len(), 5, "the error before an answer is tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_is_refused_at_the_start() {
    let start = |model: ModelConfig| async {
        let data = tempfile::tempdir().unwrap();
        let mut config = switchboard_hub::Config { data: data.path().to_owned(), ..Default::default() };
        config.chat.model = Some(model);
        soon("the refusal", switchboard_hub::start(config)).await.err().unwrap().to_string()
    };
    for url in ["nowhere", "ftp://127.0.0.1/v1", "file:///v1", ""] {
        assert!(start(ModelConfig::new(url, "m")).await.contains("--model-url"), "{url}");
    }
    let words = start(ModelConfig::new("http://me:hunter2hunter2@127.0.0.1/v1", "m")).await;
    assert!(words.contains("SWITCHBOARD_MODEL_KEY") && !words.contains("hunter2"), "{words}");
    let mut model = ModelConfig::new("http://127.0.0.1/v1", "m");
    model.key = Some(Secret::new("hunter2\nhunter2"));
    let words = start(model).await;
    assert!(words.contains("SWITCHBOARD_MODEL_KEY") && !words.contains("hunter2"), "{words}");
}
