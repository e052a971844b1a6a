use switchboard_protocol::{Json, TaskOutcome, TaskResult};
use switchboard_store::NewMessage;

use super::*;

/// Has a message answered, at a price or without one.
async fn answered(room: &Room, number: u32, price: Option<f64>) {
    let message = NewMessage {
        id: format!("m-{number}").into(),
        conversation: None,
        new_conversation: format!("c-{number}").into(),
        task: format!("t-{number}").into(),
        content: "Hello".to_owned(),
        lane: "model".to_owned(),
    };
    room.store.post_message("acme".into(), message).await.unwrap();
    let price = price.map(|price| format!(r#","cost_usd":{price}"#)).unwrap_or_default();
    let result = Json::from_text(format!(r#"{{"content":"Hi"{price}}}"#)).unwrap();
    let result = TaskResult {
        task_id: format!("t-{number}").into(),
        organization_id: None,
        outcome: TaskOutcome::Completed { result: Some(result) },
    };
    let body = Envelope::unsequenced(Frame::TaskResult(result.clone())).encode().unwrap();
    room.append("acme", vec![Report { id: None, body: body.into(), fold: Some(Fold::TaskResult(result)) }])
        .await;
}

#[tokio::test]
async fn without_answers_there_is_no_cost() {
    assert_eq!(Room::new().ask("/cost").await, "The chat gave no answers so far, so they cost nothing.");
}

#[tokio::test]
async fn without_prices_it_says_what_prices_need() {
    let room = Room::new();
    answered(&room, 1, None).await;
    let cost = room.ask("what did it cost?").await;
    assert!(cost.starts_with("**1 answer so far, none with a price.**"), "{cost}");
    assert!(cost.contains("a cost only when prices are configured"), "{cost}");
}

#[tokio::test]
async fn the_cost_is_that_of_the_range() {
    let room = Room::new();
    answered(&room, 1, Some(0.25)).await;
    answered(&room, 2, Some(1.0)).await;
    answered(&room, 3, None).await;
    let cost = room.ask("how much have we spent?").await;
    assert!(cost.starts_with("**$1.25** for 3 answers so far.\n\n1 of them had no price."), "{cost}");
    // The store takes the time of an answer from its own clock, which is not at the tests' moment.
    let before = room.ask("/cost before 1980-01-01").await;
    assert!(before.starts_with("The chat gave no answers before Jan 1, 1980, 00:00 UTC"), "{before}");
    assert!(room.ask_as("beta", "/cost").await.starts_with("The chat gave no answers"));
}
