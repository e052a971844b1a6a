//! A conversation: what the page did, what it heard, and what snapshots say, folded together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_model::{Conversation, Shown, TaskEnd};
use switchboard_protocol::{
    Json, MessageId, TaskId, TaskOutcome, Timestamp,
    rest::{Conversation as Snapshot, TaskDelta},
};

fn now() -> Timestamp {
    Timestamp::from_millis(1_774_958_400_000)
}

/// `messages`: `user m-1 t-1`, `assistant m-2 t-1` …; `tasks`: those that are open.
fn snapshot(messages: &[&str], tasks: &[&str], seq: Option<u64>) -> Snapshot {
    let messages: Vec<String> = messages
        .iter()
        .map(|message| {
            let parts: Vec<&str> = message.split(' ').collect();
            let task = parts.get(2).map(|task| format!(r#","task_id":"{task}""#)).unwrap_or_default();
            format!(r#"{{"id":"{}","role":"{}","content":"{}"{task}}}"#, parts[1], parts[0], parts[1])
        })
        .collect();
    let tasks: Vec<String> = tasks
        .iter()
        .map(|task| format!(r#"{{"task_id":"{task}","status":"running","partial":"so","attempt":1}}"#))
        .collect();
    let text = format!(
        r#"{{"id":"c-1","messageCount":{},"messages":[{}],"tasks":[{}],"seq":{}}}"#,
        messages.len(),
        messages.join(","),
        tasks.join(","),
        seq.map_or("null".to_owned(), |seq| seq.to_string())
    );
    serde_json::from_str(&text).unwrap()
}

fn completed(content: &str) -> TaskEnd {
    let result = Json::from_text(format!(
        r#"{{"id":"m-9","content":"{content}","lane":"local","cost_usd":0.12,"files":["a.txt"]}}"#
    ));
    TaskEnd::Result(TaskOutcome::Completed { result: Some(result.unwrap()) })
}

/// Each entry in a few words.
fn shown(conversation: &Conversation) -> Vec<String> {
    let words = |shown: &Shown| match shown {
        Shown::Message(message) => match &message.error {
            Some(error) => format!("failed: {error}"),
            None => message.content.clone(),
        },
        Shown::Sending { content } => format!("sending {content}"),
        Shown::NotSent { content, error } => format!("not sent {content}: {error}"),
        Shown::Waiting { task_id, partial, .. } => format!("waiting {task_id} [{partial}]"),
    };
    conversation.items().iter().map(|item| words(&item.shown)).collect()
}

fn id(text: &str) -> MessageId {
    text.into()
}

fn task(text: &str) -> TaskId {
    text.into()
}

#[test]
fn a_message_is_sent_awaited_and_answered_in_place() {
    let mut conversation = Conversation::default();
    conversation.sending(&id("m-1"), "Hello".into());
    assert_eq!(shown(&conversation), ["sending Hello"]);
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    assert_eq!(shown(&conversation), ["Hello", "waiting t-1 []"]);
    let key = conversation.items()[1].key.clone();
    conversation.ended(&task("t-1"), &completed("Hi"), now());
    assert_eq!(shown(&conversation), ["Hello", "Hi"]);
    assert_eq!(conversation.items()[1].key, key, "the same entry, so nothing else is drawn anew");
    let Shown::Message(message) = &conversation.items()[1].shown else { panic!() };
    assert_eq!(
        (message.lane.as_deref(), message.cost_usd, message.files.len()),
        (Some("local"), Some(0.12), 1)
    );
    conversation.ended(&task("t-1"), &completed("Hi again"), now());
    assert_eq!(shown(&conversation), ["Hello", "Hi"], "a second end changes nothing");
}

#[test]
fn a_failure_says_why_and_one_without_a_reason_says_that() {
    let failed = |error: Option<&str>| {
        TaskEnd::Result(TaskOutcome::Failed { error: error.map(Into::into), result: None })
    };
    for (end, words) in [
        (failed(Some("The model is asleep.")), "failed: The model is asleep."),
        (failed(None), "failed: The task failed; no reason was given."),
        (TaskEnd::Unknown, "failed: The server no longer knows this task. Send the message again."),
    ] {
        let mut conversation = Conversation::default();
        conversation.sending(&id("m-1"), "Hello".into());
        conversation.queued(&id("m-1"), &task("t-1"), None, now());
        conversation.ended(&task("t-1"), &end, now());
        assert_eq!(shown(&conversation), ["Hello", words]);
    }
}

#[test]
fn what_could_not_be_sent_is_kept_until_it_is_sent_or_given_up() {
    let mut conversation = Conversation::default();
    conversation.sending(&id("m-1"), "Hello".into());
    conversation.not_sent(&id("m-1"), "no network".into());
    let asked_at = conversation.stamp();
    conversation.show(snapshot(&["user m-0"], &[], Some(7)), asked_at, now());
    assert_eq!(shown(&conversation), ["m-0", "not sent Hello: no network"]);
    conversation.sending(&id("m-1"), "Hello".into());
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    assert_eq!(shown(&conversation), ["m-0", "Hello", "waiting t-1 []"]);
    conversation.sending(&id("m-2"), "More".into());
    conversation.not_sent(&id("m-2"), "no network".into());
    let key = conversation.items()[3].key.clone();
    conversation.discard(&key);
    assert_eq!(shown(&conversation).len(), 3);
}

#[test]
fn a_snapshot_shows_what_others_wrote_and_what_is_awaited_where_it_belongs() {
    let mut conversation = Conversation::default();
    let messages = ["user m-1 t-1", "assistant m-2 t-1", "user m-3 t-2", "user m-4 t-3", "assistant m-5 t-3"];
    assert!(!conversation.show(snapshot(&messages, &["t-2"], Some(9)), 0, now()));
    assert_eq!(shown(&conversation), ["m-1", "m-2", "m-3", "waiting t-2 [so]", "m-4", "m-5"]);
    assert_eq!(conversation.awaited().count(), 1);
}

/// A snapshot that was asked for before the end came once put the reply back to "awaited", and nothing ended it again.
#[test]
fn a_snapshot_from_before_the_end_does_not_take_the_reply_back() {
    let mut conversation = Conversation::default();
    conversation.sending(&id("m-1"), "Hello".into());
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    let asked_at = conversation.stamp();
    conversation.ended(&task("t-1"), &completed("Hi"), now());
    conversation.show(snapshot(&["user m-1 t-1"], &["t-1"], Some(3)), asked_at, now());
    assert_eq!(shown(&conversation), ["m-1", "Hi"]);
}

/// The same on a page that was just opened, where nothing had said yet that the reply is awaited.
#[test]
fn an_end_that_comes_before_the_first_snapshot_is_not_lost() {
    let mut conversation = Conversation::default();
    conversation.ended(&task("t-1"), &completed("Hi"), now());
    conversation.show(snapshot(&["user m-1 t-1"], &["t-1"], Some(3)), 0, now());
    assert_eq!(shown(&conversation), ["m-1", "Hi"]);
    assert!(!conversation.changed(snapshot(&["user m-1", "assistant m-2"], &[], None).summary));
}

#[test]
fn a_snapshot_from_before_the_message_does_not_take_the_message_back() {
    let mut conversation = Conversation::default();
    let asked_at = conversation.stamp();
    conversation.sending(&id("m-1"), "Hello".into());
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    conversation.show(snapshot(&["user m-0"], &[], Some(3)), asked_at, now());
    assert_eq!(shown(&conversation), ["m-0", "Hello", "waiting t-1 []"]);
    assert!(!conversation.changed(snapshot(&["user m-0", "user m-1"], &[], None).summary), "both are here");
}

/// A server that gives names of its own: what the page kept may be in the snapshot under another one.
#[test]
fn what_a_server_may_know_by_another_name_is_asked_for_again() {
    let mut conversation = Conversation::default();
    conversation.sending(&id("m-1"), "Hello".into());
    let asked_at = conversation.stamp();
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    assert!(conversation.show(snapshot(&["user 17"], &[], None), asked_at, now()));
    let asked_at = conversation.stamp();
    conversation.ended(&task("t-1"), &completed("Hi"), now());
    let asked_later = conversation.stamp();
    assert!(conversation.show(snapshot(&["user 17"], &[], None), asked_at, now()));
    assert!(!conversation.show(snapshot(&["user 17", "assistant 18"], &[], None), asked_later, now()));
    assert_eq!(shown(&conversation), ["17", "18"]);
}

#[test]
fn an_update_that_counts_more_messages_asks_for_them() {
    let mut conversation = Conversation::default();
    conversation.show(snapshot(&["user m-1 t-1"], &["t-1"], Some(3)), 0, now());
    let with = |messages: &[&str]| snapshot(messages, &[], None).summary;
    assert!(!conversation.changed(with(&["user m-1"])));
    conversation.ended(&task("t-1"), &completed("Hi"), now());
    assert!(!conversation.changed(with(&["user m-1", "assistant m-2"])));
    assert!(conversation.changed(with(&["user m-1", "assistant m-2", "user m-3"])), "somebody else wrote");
}

#[test]
fn deltas_build_the_reply_once_each_and_a_hole_is_noticed() {
    let delta =
        |delta: &str, offset, attempt| TaskDelta { delta: delta.into(), offset, attempt: Some(attempt) };
    let mut conversation = Conversation::default();
    conversation.sending(&id("m-1"), "Hello".into());
    conversation.queued(&id("m-1"), &task("t-1"), None, now());
    conversation.started(&task("t-1"), 1);
    assert!(!conversation.delta(&task("t-1"), &delta("Grüß", 0, 1)));
    assert!(!conversation.delta(&task("t-1"), &delta("Grüß", 0, 1)), "the same again");
    assert!(!conversation.delta(&task("t-1"), &delta("üß Gott", 2, 1)), "partly known");
    assert_eq!(shown(&conversation), ["Hello", "waiting t-1 [Grüß Gott]"]);
    assert!(conversation.delta(&task("t-1"), &delta("!", 40, 1)), "something is missing before it");
    assert!(!conversation.delta(&task("t-1"), &delta("Anew", 0, 2)), "a second attempt begins anew");
    assert_eq!(shown(&conversation), ["Hello", "waiting t-1 [Anew]"]);
    assert!(!conversation.delta(&task("t-1"), &delta(" old", 4, 1)), "what the first still says is left out");
    assert_eq!(shown(&conversation), ["Hello", "waiting t-1 [Anew]"]);
    assert!(!conversation.delta(&task("t-7"), &delta("?", 3, 1)), "nobody waits for that here");
}

#[test]
fn older_pages_stay_above_through_later_snapshots() {
    let mut conversation = Conversation::default();
    let mut latest = snapshot(&["user m-3", "assistant m-4"], &[], Some(3));
    latest.next_before = Some("3".into());
    conversation.show(latest.clone(), 0, now());
    assert_eq!(conversation.older(), Some("3"));
    conversation.show_older(snapshot(&["user m-1", "assistant m-2"], &[], None).messages, None);
    assert_eq!(shown(&conversation), ["m-1", "m-2", "m-3", "m-4"]);
    let asked_at = conversation.stamp();
    conversation.show(latest, asked_at, now());
    assert_eq!(shown(&conversation), ["m-1", "m-2", "m-3", "m-4"]);
    assert_eq!(conversation.older(), None, "the first page is known");
}
