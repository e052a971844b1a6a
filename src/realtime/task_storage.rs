//! What the browser remembers of pending tasks. Each has an entry of its own, so that two tabs which remember and forget at
//! the same time do not undo each other.

use switchboard_model::{MOST_PENDING, PendingTask};
use switchboard_protocol::TaskId;
use web_sys::Storage;

/// What the names of the entries begin with.
const PREFIX: &str = "switchboard.task.";

fn open() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// Remembers a task. Where the storage is full or forbidden, it is waited for until the page is left.
pub(super) fn remember(task: &PendingTask) {
    if let (Some(storage), Ok(text)) = (open(), serde_json::to_string(task)) {
        let _ = storage.set_item(&name(&task.task_id), &text);
    }
}

/// Forgets a task.
pub(super) fn forget(task: &TaskId) {
    if let Some(storage) = open() {
        let _ = storage.remove_item(&name(task));
    }
}

/// All remembered tasks, the oldest first. What cannot be read is thrown away.
pub(super) fn all() -> Vec<PendingTask> {
    let Some(storage) = open() else { return Vec::new() };
    let length = storage.length().unwrap_or_default();
    let names: Vec<String> = (0..length)
        .filter_map(|index| storage.key(index).ok().flatten())
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    let mut tasks = Vec::new();
    for name in names {
        let text = storage.get_item(&name).ok().flatten();
        match text.and_then(|text| serde_json::from_str::<PendingTask>(&text).ok()) {
            Some(task) if tasks.len() < MOST_PENDING => tasks.push(task),
            _ => {
                let _ = storage.remove_item(&name);
            }
        }
    }
    tasks.sort_by_key(|task| task.since);
    tasks
}

fn name(task: &TaskId) -> String {
    format!("{PREFIX}{task}")
}
