//! What of a conversation a model gets to read.

use switchboard_protocol::rest::{ClaimedTask, Message, Role};

use super::request::Turn;

/// How many characters of earlier messages go with a message. About 15,000 tokens, which every model of today takes.
const HISTORY_CHARACTERS: usize = 60_000;

/// The instructions, the conversation's latest messages that fit, and the message itself. Failures are left out, as
/// they say nothing that was said.
pub fn turns(system: Option<&str>, task: &ClaimedTask) -> Vec<Turn> {
    let question = Turn { role: Role::User.as_str(), content: task.content.clone() };
    let mut room = HISTORY_CHARACTERS.saturating_sub(task.content.chars().count());
    let mut turns = vec![question];
    for message in earlier(&task.messages) {
        let length = message.content.chars().count();
        if length > room {
            break;
        }
        room -= length;
        match turns.last_mut().filter(|later| later.role == message.role.as_str()) {
            // Several models insist on turns that alternate, and after a failure there are two in a row.
            Some(later) => later.content = format!("{}\n\n{}", message.content, later.content),
            None => turns.push(Turn { role: message.role.as_str(), content: message.content.clone() }),
        }
    }
    // An answer whose question does not fit is no beginning.
    while turns.len() > 1 && turns.last().is_some_and(|turn| turn.role == Role::Assistant.as_str()) {
        turns.pop();
    }
    turns.extend(system.map(|system| Turn { role: Role::System.as_str(), content: system.to_owned() }));
    turns.reverse();
    turns
}

/// The messages before the last one of a person, which is the question, the latest first.
fn earlier(messages: &[Message]) -> impl Iterator<Item = &Message> {
    let question = messages.iter().rposition(|message| message.role == Role::User).unwrap_or(messages.len());
    let before = messages.get(..question).unwrap_or_default();
    before.iter().rev().filter(|message| message.error.is_none() && !message.content.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::Timestamp;

    use super::*;

    fn task(messages: &[(&str, &str)], content: &str) -> ClaimedTask {
        let message = |(number, (role, content)): (usize, &(&str, &str))| {
            let error = (*role == "failed").then_some("Nobody answered.");
            let text = serde_json::json!({"id": number, "role": role, "content": content, "error": error});
            serde_json::from_value::<Message>(text).unwrap()
        };
        let mut messages: Vec<_> = messages.iter().enumerate().map(message).collect();
        messages.push(message((99, &("user", content))));
        ClaimedTask {
            task_id: "t".into(),
            organization_id: "default".into(),
            conversation_id: "c".into(),
            lane: "model".into(),
            attempt: 1,
            worker: "w".into(),
            lease_until: Timestamp::from_millis(0),
            content: content.into(),
            messages,
        }
    }

    fn read(system: Option<&str>, task: &ClaimedTask) -> Vec<(String, String)> {
        turns(system, task).into_iter().map(|turn| (turn.role.to_owned(), turn.content)).collect()
    }

    fn pairs(turns: &[(&str, &str)]) -> Vec<(String, String)> {
        turns.iter().map(|(role, content)| ((*role).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn the_model_reads_the_conversation_without_its_failures() {
        let task = task(&[("user", "1"), ("assistant", "2"), ("user", "3"), ("failed", "")], "4");
        let expected = [("system", "Be brief."), ("user", "1"), ("assistant", "2"), ("user", "3\n\n4")];
        assert_eq!(read(Some("Be brief."), &task), pairs(&expected), "and turns alternate");
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_beginning_on() {
        let long = "x".repeat(HISTORY_CHARACTERS);
        let task = task(&[("user", &long), ("assistant", "2"), ("user", "3"), ("assistant", "4")], "5");
        assert_eq!(read(None, &task), pairs(&[("user", "3"), ("assistant", "4"), ("user", "5")]));
        let alone = super::tests::task(&[("user", "1"), ("assistant", "2")], &long);
        assert_eq!(read(None, &alone).len(), 1, "a long message goes alone");
    }
}
