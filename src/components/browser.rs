//! Small services of the browser. Each may be refused, and a refusal costs no more than the service.

use web_sys::Storage;

/// Names the tab: `name` and the product.
pub fn set_title(name: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(&format!("{name} · Switchboard"));
    }
}

/// What was remembered under `key`, across reloads.
pub(super) fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten().filter(|value| !value.is_empty())
}

/// Remembers a value across reloads; `None` forgets it.
pub(super) fn remember(key: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    // Storage may be full or forbidden: then the choice holds until the page is left.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}
