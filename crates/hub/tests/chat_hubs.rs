//! Two hubs on one store: what one queues the other answers, and neither takes the other's tasks for lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod serve_support;

use std::sync::Arc;

use chat_support::{
    Calls, is_end,
    model_server::{Act, Gate, ModelServer, Step, text},
    task_of, until_end, until_job,
};
use serde_json::json;
use serve_support::{Client, soon};
use switchboard_hub::{Config, RunningHub, config::ModelConfig, start_on};
use switchboard_store::{SqliteOptions, SqliteStore, Store};

async fn hub(store: &Arc<SqliteStore>, change: impl FnOnce(&mut Config)) -> RunningHub {
    let mut config = Config::default();
    change(&mut config);
    start_on(config, Arc::clone(store) as Arc<dyn Store>).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_answers_what_another_queued_and_keeps_it_when_a_third_starts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let gate = Gate::closed();
    let server =
        ModelServer::start([Act::Stream(vec![text("Hi"), Step::Wait(gate.clone()), Step::End])]).await;
    let front = hub(&store, |config| config.chat.worker_lanes = vec!["model".into()]).await;
    let model = ModelConfig::new(server.url(), "m");
    let _back = hub(&store, |config| config.chat.model = Some(model.clone())).await;
    let mut client = Client::open(front.addr(), json!({"token": "stream"})).await;
    let calls = Calls::at(&format!("http://{}", front.addr()));
    let task = task_of(&calls.say(json!({"content": "Hello"})).await);
    until_job(&mut client, &task, "progress").await;

    // A hub that starts puts back what was lost. This is not.
    let third = hub(&store, |config| config.chat.model = Some(model)).await;
    let third_calls = Calls::at(&format!("http://{}", third.addr()));
    let other = task_of(&third_calls.say(json!({"content": "Another"})).await);
    until_end(&mut client, &other).await;
    gate.open();
    let (_, end) = until_end(&mut client, &task).await;
    let expected = (&json!("task.completed"), &json!("Hi"), None);
    assert_eq!((&end["type"], &end["result"]["content"], end["result"].get("note")), expected, "{end}");
    assert_eq!(server.asked().len(), 2);
    let (frames, _) = client.ping().await;
    assert!(!frames.iter().any(|frame| is_end(frame, &task)), "it ends once");
    soon("the end", third.shutdown()).await.unwrap();
}
