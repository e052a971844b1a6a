//! Bodies about conversations.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{TaskState, identifier, list, read_members};
use crate::{ConversationId, DecodeError, Json, MessageId, Object, OrganizationId, TaskId, Timestamp};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person.
    User,
    /// What answers.
    Assistant,
    /// Instructions to what answers.
    System,
}

impl Role {
    /// The role's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }

    /// The role of that name. Whoever is not a person and not the system answers: `bot`, `agent`, `model` …
    pub fn from_name(name: &str) -> Self {
        match name {
            "user" | "human" => Self::User,
            "system" | "developer" => Self::System,
            _ => Self::Assistant,
        }
    }
}

/// A file that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatFile {
    /// What it is called.
    pub name: String,
    /// Where it is; absent, it can only be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How large it is, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl<'de> Deserialize<'de> for ChatFile {
    /// An object, or a plain string: its address, or only its name.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        if let Ok(text) = json.read::<String>() {
            let name = text.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&text).to_owned();
            let url = (text.contains("://") || text.starts_with('/')).then_some(text);
            return Ok(Self { name, url, size: None });
        }
        let object = Object::parse(json.text()).map_err(serde::de::Error::custom)?;
        let url = object.text("url").or_else(|| object.text("href")).map(Cow::into_owned);
        let name = ["name", "filename", "path"].into_iter().find_map(|name| object.text(name));
        let name = name.map(Cow::into_owned).or_else(|| url.clone());
        let name = name.ok_or_else(|| serde::de::Error::missing_field("name"))?;
        Ok(Self { name, url, size: object.whole("size") })
    }
}

/// One message. Everything but who wrote what may be absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Which message.
    pub id: MessageId,
    /// Who wrote it.
    pub role: Role,
    /// What it says, as Markdown. Empty on a failure.
    pub content: String,
    /// Which lane answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Which model answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the answer cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The files that belong to it.
    pub files: Vec<ChatFile>,
    /// When it was written.
    #[serde(rename = "createdAt")]
    pub created_at: Option<Timestamp>,
    /// The task that made it or, of a person's message, that it has set off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// Why there is no answer: the message stands for a task that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What a reader should know of how the answer came to be, for instance that it was begun twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Message {
    /// Reads a message from its members.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where no `id` says which message it is.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = DecodeError::MissingField { kind: "message".into(), field: "id" };
        let owned = |name| object.text(name).map(Cow::into_owned).filter(|text| !text.is_empty());
        Ok(Self {
            id: identifier(object, "id").ok_or(missing)?.into(),
            role: Role::from_name(&object.text("role").unwrap_or_default()),
            content: object.text("content").map(Cow::into_owned).unwrap_or_default(),
            lane: owned("lane"),
            model: owned("model"),
            cost_usd: object.number("cost_usd"),
            files: list(object, "files"),
            created_at: object.time("createdAt"),
            task_id: identifier(object, "task_id").map(TaskId::from),
            error: owned("error"),
            note: owned("note"),
        })
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, Self::from_object)
    }
}

/// What a list shows of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSummary {
    /// Which conversation.
    pub id: ConversationId,
    /// What it is about: the beginning of its first message, unless somebody named it.
    pub title: String,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When its latest message came.
    pub updated_at: Option<Timestamp>,
    /// How many messages it has.
    pub message_count: u64,
    /// How many replies it waits for.
    pub pending: u64,
    /// The beginning of its latest message, on one line.
    pub preview: Option<String>,
    /// What its answers have cost together, in US dollars; absent where none had a price.
    #[serde(rename = "cost_usd", skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl ConversationSummary {
    /// Reads a summary from its members.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where neither `id` nor `conversationId` says which conversation it is.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = DecodeError::MissingField { kind: "conversation".into(), field: "id" };
        let id = identifier(object, "id").or_else(|| identifier(object, "conversationId")).ok_or(missing)?;
        Ok(Self {
            id: id.into(),
            title: object.text("title").map(Cow::into_owned).unwrap_or_default(),
            created_at: object.time("createdAt"),
            updated_at: object.time("updatedAt"),
            message_count: object.whole("messageCount").unwrap_or_default(),
            pending: object.whole("pending").unwrap_or_default(),
            preview: object.text("preview").map(Cow::into_owned),
            cost_usd: object.number("cost_usd"),
        })
    }
}

impl<'de> Deserialize<'de> for ConversationSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, Self::from_object)
    }
}

/// `GET /api/conversations`: the one with the latest message first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationList {
    /// One page of conversations.
    pub items: Vec<ConversationSummary>,
    /// What to pass as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before: Option<String>,
    /// The log's head when the list was read: updates up to it are in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for ConversationList {
    /// An object with `items` or `conversations`, or the plain array that a simpler server answers.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        if let Ok(items) = json.read::<Vec<Json>>() {
            let items = items.iter().filter_map(|item| item.read().ok()).collect();
            return Ok(Self { items, next_before: None, seq: None });
        }
        let object = Object::parse(json.text()).map_err(serde::de::Error::custom)?;
        let name = if object.has("items") { "items" } else { "conversations" };
        let next_before = object.text("nextBefore").map(Cow::into_owned);
        Ok(Self { items: list(&object, name), next_before, seq: object.whole("seq") })
    }
}

/// `GET /api/conversations/{id}`: a conversation and its latest messages, as of `seq`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ConversationSummary,
    /// Its latest messages, oldest first.
    pub messages: Vec<Message>,
    /// The tasks whose replies it waits for, oldest first.
    pub tasks: Vec<TaskState>,
    /// What to pass as `before` for the messages before these; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before: Option<String>,
    /// The log's head when this was read: frames after it bring what is not in it. Absent from servers without
    /// a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for Conversation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, |object| {
            let messages: Vec<Message> = list(object, "messages");
            let mut summary = ConversationSummary::from_object(object)?;
            summary.message_count = summary.message_count.max(messages.len() as u64);
            Ok(Self {
                summary,
                messages,
                tasks: list(object, "tasks"),
                next_before: object.text("nextBefore").map(Cow::into_owned),
                seq: object.whole("seq"),
            })
        })
    }
}

/// The body of `POST /api/chat/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostMessage {
    /// What the person says.
    pub content: String,
    /// The conversation that it belongs to; absent, it begins one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Whose conversation; absent, the key's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who is to answer; absent, the server decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Makes sending it again harmless: the same message is stored once, and answered with its own task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
}

/// The answer of `POST /api/chat/messages`.
#[derive(Debug, Clone, PartialEq)]
pub enum Posted {
    /// The reply is here.
    Completed {
        /// The conversation, which may be new.
        conversation_id: Option<ConversationId>,
        /// The reply.
        message: Message,
    },
    /// The reply comes later, as the result of a task.
    Queued {
        /// The task.
        task_id: TaskId,
        /// The conversation, which may be new.
        conversation_id: Option<ConversationId>,
        /// The person's message as it is stored, where the server says so.
        message: Option<Message>,
    },
}

impl Serialize for Posted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let (conversation, message) = match self {
            Self::Completed { conversation_id, message } => {
                map.serialize_entry("status", "completed")?;
                (conversation_id, Some(message))
            }
            Self::Queued { task_id, conversation_id, message } => {
                map.serialize_entry("status", "queued")?;
                map.serialize_entry("task_id", task_id)?;
                (conversation_id, message.as_ref())
            }
        };
        if let Some(conversation) = conversation {
            map.serialize_entry("conversationId", conversation)?;
        }
        if let Some(message) = message {
            map.serialize_entry("message", message)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Posted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, |object| {
            let conversation_id = identifier(object, "conversationId").map(ConversationId::from);
            let message = object.json("message").and_then(|message| message.read::<Message>().ok());
            if object.text("status").is_some_and(|status| status == "completed") {
                let missing = DecodeError::MissingField { kind: "answer".into(), field: "message" };
                return Ok(Self::Completed { conversation_id, message: message.ok_or(missing)? });
            }
            // Whatever else a server calls it, what has a task has an end to wait for.
            let missing = DecodeError::MissingField { kind: "answer".into(), field: "task_id" };
            let task_id = identifier(object, "task_id").ok_or(missing)?.into();
            Ok(Self::Queued { task_id, conversation_id, message })
        })
    }
}

/// The payload of the `dashboard:update` frames that the hub derives when a conversation comes to exist or changes
/// in what lists show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationChanged {
    /// Whose lists changed.
    pub organization_id: OrganizationId,
    /// `conversation`.
    pub kind: String,
    /// The conversation as it is now.
    pub conversation: ConversationSummary,
}

impl ConversationChanged {
    /// The `kind` of these updates.
    pub const KIND: &'static str = "conversation";

    /// Reads the payload of a dashboard update; `None` where it is about something else.
    pub fn read(data: &Json) -> Option<Self> {
        data.read::<Self>().ok().filter(|changed| changed.kind == Self::KIND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_a_simple_server_is_read() {
        let message: Message = serde_json::from_str(
            r#"{"id":17,"role":"bot","content":"Hi","model":null,"cost_usd":0.5,"files":["/f/report.pdf",{"url":"https://x.example/a"},7]}"#,
        )
        .unwrap();
        assert_eq!((message.id.as_str(), message.role), ("17", Role::Assistant));
        let files: Vec<_> = message.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(files, ["report.pdf", "https://x.example/a"], "what is no file costs no other");
        assert!(serde_json::from_str::<Message>(r#"{"role":"user"}"#).is_err());
    }

    #[test]
    fn lists_are_read_in_every_shape() {
        for text in
            [r#"[{"id":"c-1"},{}]"#, r#"{"items":[{"id":"c-1"}]}"#, r#"{"conversations":[{"id":"c-1"}]}"#]
        {
            let list: ConversationList = serde_json::from_str(text).unwrap();
            assert_eq!(list.items.len(), 1, "{text}");
        }
    }

    #[test]
    fn an_answer_is_read_and_written_back() {
        for text in [
            r#"{"status":"queued","task_id":"t-1","conversationId":"c-1"}"#,
            r#"{"status":"completed","conversationId":"c-1","message":{"id":"m-1","role":"assistant","content":"Hi","files":[],"createdAt":null}}"#,
        ] {
            let posted: Posted = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&posted).unwrap(), text);
        }
        let error = serde_json::from_str::<Posted>(r#"{"status":"queued"}"#).unwrap_err().to_string();
        assert!(error.contains("task_id"), "{error}");
    }

    #[test]
    fn a_conversation_outlives_its_round_trip() {
        let text = r#"{"id":"c-1","title":"Hello","createdAt":"2026-01-31T12:00:00Z","updatedAt":null,"messageCount":1,"pending":1,"preview":null,"messages":[{"id":"m-1","role":"user","content":"Hello","files":[],"createdAt":"2026-01-31T12:00:00Z"}],"tasks":[{"task_id":"t-1","status":"queued"}],"seq":4}"#;
        let conversation: Conversation = serde_json::from_str(text).unwrap();
        let again: Conversation =
            serde_json::from_str(&serde_json::to_string(&conversation).unwrap()).unwrap();
        assert_eq!(conversation, again);
        assert_eq!((again.messages.len(), again.tasks.len(), again.seq), (1, 1, Some(4)));
    }
}
