//! A tab, asked in the words that a person would use.

mod access;
mod console;
mod contract;
mod look;

use fantoccini::{
    elements::{Element, ElementRef},
    error::CmdError,
    wd::WindowHandle,
};
use serde_json::{Value, json};

pub use access::Ledger;
pub use console::ConsoleEntry;
pub use look::{NARROW, Scheme, WIDE};

use crate::{Journal, browser::Session, until};

/// How the standard names an element in JSON: W3C WebDriver, section 12.1, the web element identifier.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A tab of a browser.
#[derive(Clone)]
pub struct Page {
    session: Session,
    window: WindowHandle,
    base: String,
    journal: Journal,
}

/// A WebSocket that the page constructed since its document was loaded.
#[derive(Debug, Clone)]
pub struct SocketRecord {
    /// Where to.
    pub url: String,
    /// `connecting`, `open`, `closing` or `closed`.
    pub state: String,
    /// The close code, once closed.
    pub code: Option<u64>,
    /// The text messages sent, in order.
    pub sent: Vec<String>,
    /// How many messages arrived.
    pub received: u64,
    /// Whether it was the page that closed it.
    pub closed_by_page: bool,
}

impl Page {
    pub(crate) async fn new(session: Session, window: WindowHandle, base: &str, journal: &Journal) -> Self {
        let page = Self { session, window, base: base.into(), journal: journal.clone() };
        page.devtools("Page.enable", json!({})).await;
        let script = json!({ "source": include_str!("instruments.js") });
        page.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
        page
    }

    /// Loads `path` of the server that the tab was opened for, as typed into the address bar.
    pub async fn goto(&self, path: &str) {
        self.journal.note("page", format_args!("goes to {path}"));
        self.front().await.client.goto(&format!("{}{path}", self.base)).await.expect("the page loads");
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.journal.note("page", "reloads");
        self.front().await.client.refresh().await.expect("the page loads again");
    }

    /// The browser's back button.
    pub async fn back(&self) {
        self.journal.note("page", "goes back");
        self.front().await.client.back().await.expect("the browser goes back");
    }

    /// Path, query and fragment of the address.
    pub async fn path(&self) -> String {
        let path = self.script("return location.pathname + location.search + location.hash", json!([])).await;
        path.ok().and_then(|path| path.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page satisfies `look`; what it says in `Err` is reported if that never comes.
    pub async fn wait_for<T>(&self, what: &str, mut look: impl AsyncFnMut(&Page) -> Result<T, String>) -> T {
        self.journal.note("page", format_args!("waits for {what}"));
        until(what, async || look(self).await).await
    }

    /// Waits until an element of `role` named `name` is visible.
    pub async fn find(&self, role: &str, name: &str) -> Element {
        self.wait_for(&format!("the {role} {name:?}"), async |page| page.look_up(role, name).await).await
    }

    /// Whether an element of `role` named `name` is visible now.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.look_up(role, name).await.is_ok()
    }

    /// Waits until no element of `role` named `name` is visible.
    pub async fn find_no(&self, role: &str, name: &str) {
        self.wait_for(&format!("no {role} {name:?}"), async |page| {
            if page.has(role, name).await { Err("it is there".to_owned()) } else { Ok(()) }
        })
        .await;
    }

    /// Clicks the element of `role` named `name`, as soon as it can be clicked.
    pub async fn click(&self, role: &str, name: &str) {
        self.wait_for(&format!("the {role} {name:?} to be clicked"), async |page| {
            page.look_up(role, name).await?.click().await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Replaces the content of the field of `role` named `name`.
    pub async fn fill(&self, role: &str, name: &str, text: &str) {
        self.wait_for(&format!("the {role} {name:?} to be filled"), async |page| {
            let field = page.look_up(role, name).await?;
            field.clear().await.map_err(|error| error.to_string())?;
            field.send_keys(text).await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Chooses the option with the text `option` in the select box named `name`.
    pub async fn choose(&self, name: &str, option: &str) {
        let script = "const box = byRole('combobox', arguments[0])[0];
            const found = [...box.options].find((o) => o.textContent.trim() === arguments[1]);
            if (!found) throw new Error('options: ' + [...box.options].map((o) => o.textContent.trim()));
            box.value = found.value;
            box.dispatchEvent(new Event('input', { bubbles: true }));
            box.dispatchEvent(new Event('change', { bubbles: true }));";
        self.wait_for(&format!("{option:?} to be chosen in {name:?}"), async |page| {
            page.script(script, json!([name, option])).await.map(drop)
        })
        .await;
    }

    /// Types `keys` at whatever has the focus.
    pub async fn press(&self, keys: &str) {
        self.journal.note("page", format_args!("presses {keys:?}"));
        // What had the focus may be gone by the time at which the keys come; then they were typed at nothing.
        until("the keys to be typed", async || {
            let element =
                self.front().await.client.active_element().await.map_err(|error| error.to_string())?;
            element.send_keys(keys).await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// The visible text of each element of `role`, with `name` where it isn't empty.
    pub async fn texts(&self, role: &str, name: &str) -> Vec<String> {
        let script = "return byRole(arguments[0], arguments[1] || null).map((e) => e.innerText.trim())";
        strings(&self.script(script, json!([role, name])).await.unwrap_or_default())
    }

    /// The visible text of the element of `role` named `name`.
    pub async fn text_of(&self, role: &str, name: &str) -> Result<String, String> {
        self.texts(role, name).await.into_iter().next().ok_or_else(|| format!("there is no {role} {name:?}"))
    }

    /// All visible text of the page.
    pub async fn text(&self) -> String {
        let text = self.script("return document.body?.innerText ?? ''", json!([])).await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page shows `text` somewhere, and answers all that it shows.
    pub async fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(&format!("the text {text:?}"), async |page| {
            let shown = page.text().await;
            if shown.contains(text) { Ok(shown) } else { Err(shown) }
        })
        .await
    }

    /// Waits until the page shows `text` nowhere.
    pub async fn wait_for_no_text(&self, text: &str) {
        self.wait_for(&format!("the text {text:?} to go"), async |page| {
            let shown = page.text().await;
            if shown.contains(text) { Err(shown) } else { Ok(()) }
        })
        .await;
    }

    /// The WebSockets that the page constructed since its document was loaded.
    pub async fn sockets(&self) -> Vec<SocketRecord> {
        let records = self.script("return window.__sockets", json!([])).await.unwrap_or_default();
        let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let record = |record: &Value| SocketRecord {
            url: text(record, "url"),
            state: text(record, "state"),
            code: record["code"].as_u64(),
            sent: strings(&record["sent"]),
            received: record["received"].as_u64().unwrap_or_default(),
            closed_by_page: record["closedByPage"] == true,
        };
        records.as_array().into_iter().flatten().map(record).collect()
    }

    /// The event streams that the page constructed since its document was loaded: where to, and whether it is still open.
    pub async fn streams(&self) -> Vec<(String, bool)> {
        let script =
            "return window.__streams.map((stream) => [stream.url, stream.readyState !== EventSource.CLOSED])";
        let streams = self.script(script, json!([])).await.unwrap_or_default();
        let stream = |stream: &Value| (stream[0].as_str().unwrap_or_default().to_owned(), stream[1] == true);
        streams.as_array().into_iter().flatten().map(stream).collect()
    }

    /// Runs the body of a function in the page, with `byRole` at hand.
    pub async fn script(&self, body: &str, arguments: Value) -> Result<Value, String> {
        let script = concat!(include_str!("find.js"), "\n");
        let arguments = arguments.as_array().cloned().unwrap_or_default();
        let result = self.front().await.client.execute(&format!("{script}{body}"), arguments).await;
        result.map_err(|error| error.to_string())
    }

    /// Hides the window, as a person does who turns to something else: the page draws no frames then.
    pub async fn hide(&self) {
        self.journal.note("page", "is hidden");
        self.front().await.client.minimize_window().await.expect("the window can be minimized");
    }

    /// Shows the window again after [`Page::hide`].
    pub async fn show(&self) {
        self.journal.note("page", "is shown");
        self.front().await.client.maximize_window().await.expect("the window can be shown");
    }

    /// Puts the tab in front, as a click on it would.
    pub async fn activate(&self) {
        self.devtools("Page.bringToFront", json!({})).await;
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let result: Result<Value, CmdError> = self.front().await.devtools(command, parameters).await;
        result.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn look_up(&self, role: &str, name: &str) -> Result<Element, String> {
        let script =
            "return byRole(arguments[0], arguments[1])[0] ?? byRole(arguments[0]).map((e) => e.computedName)";
        let found = self.script(script, json!([role, name])).await?;
        let missing = || format!("no {role} is named {name:?}; these are there: {found}");
        self.element(&found).ok_or_else(missing)
    }

    /// The element that a script answered, if it is one.
    fn element(&self, value: &Value) -> Option<Element> {
        let id = value.get(ELEMENT)?.as_str()?.to_owned();
        Some(Element::from_element_id(self.session.client.clone(), ElementRef::from(id)))
    }

    async fn front(&self) -> &Session {
        self.session.to_front(&self.window).await.expect("the tab is open");
        &self.session
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
