//! What the browser remembers. Storage may be forbidden or full; then nothing is remembered, and nothing breaks.

use web_sys::Storage;

/// How long something is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Until a person forgets it: preferences.
    Local,
    /// As long as the tab: where it stands.
    Session,
}

impl Store {
    fn open(self) -> Option<Storage> {
        let window = web_sys::window()?;
        match self {
            Self::Local => window.local_storage().ok()?,
            Self::Session => window.session_storage().ok()?,
        }
    }
}

/// What is remembered under `switchboard.NAME`.
pub fn recall(store: Store, name: &str) -> Option<String> {
    store.open()?.get_item(&key(name)).ok()?
}

/// Remembers `value` under `switchboard.NAME`, or forgets it.
pub fn remember(store: Store, name: &str, value: Option<&str>) {
    let Some(storage) = store.open() else { return };
    let _ = match value {
        Some(value) => storage.set_item(&key(name), value),
        None => storage.remove_item(&key(name)),
    };
}

fn key(name: &str) -> String {
    format!("switchboard.{name}")
}
