//! A table of executions: keyed rows, each of which changes only where its execution did.

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, NamedEntity, rest::ExecutionSummary};

use super::{ElapsedTime, Glyph, Icon, When, WorkerStatus, grouped, silence_text, use_worker_silence};
use crate::realtime::ExecutionRow;

/// What a table can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// When it came to exist; as the server orders them.
    Started,
    /// Its status, in the order in which it can pass through them.
    Status,
    /// The agent's name.
    Agent,
    /// How long it ran.
    Duration,
}

/// A sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl Default for Sort {
    /// The newest first.
    fn default() -> Self {
        Self { key: SortKey::Started, descending: true }
    }
}

impl Sort {
    /// Reads the `sort` of an address: a key, with a `-` before it for the largest first.
    pub fn from_address(text: &str) -> Option<Self> {
        let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let key = match name {
            "started" => SortKey::Started,
            "status" => SortKey::Status,
            "agent" => SortKey::Agent,
            "duration" => SortKey::Duration,
            _ => return None,
        };
        Some(Self { key, descending })
    }

    /// The order as it stands in an address.
    pub fn to_address(self) -> String {
        let name = match self.key {
            SortKey::Started => "started",
            SortKey::Status => "status",
            SortKey::Agent => "agent",
            SortKey::Duration => "duration",
        };
        format!("{}{name}", if self.descending { "-" } else { "" })
    }

    /// The order after a click on the head of `key`: the other way round, or that key's natural direction.
    #[must_use]
    pub fn clicked(self, key: SortKey) -> Self {
        if self.key == key {
            return Self { key, descending: !self.descending };
        }
        Self { key, descending: matches!(key, SortKey::Started | SortKey::Duration) }
    }

    /// Sorts rows that are in the server's order, the newest first. Equal rows keep that order.
    pub fn sort(self, rows: &mut [ExecutionRow]) {
        fn by<K: Ord>(rows: &mut [ExecutionRow], descending: bool, key: impl Fn(&ExecutionSummary) -> K) {
            rows.sort_by(|left, right| {
                let (left, right) = (left.summary.with_untracked(&key), right.summary.with_untracked(&key));
                if descending { right.cmp(&left) } else { left.cmp(&right) }
            });
        }
        match self.key {
            SortKey::Started if self.descending => {}
            SortKey::Started => rows.reverse(),
            SortKey::Status => by(rows, self.descending, |row| row.status as u8),
            SortKey::Agent => {
                by(rows, self.descending, |row| row.agent.as_ref().map(|agent| agent.name.to_lowercase()));
            }
            SortKey::Duration => by(rows, self.descending, duration),
        }
    }
}

/// What is running goes on for longer than anything that has ended; among the running, the oldest is the longest.
fn duration(summary: &ExecutionSummary) -> (bool, u64) {
    match (summary.started_at, summary.finished_at) {
        (Some(started), Some(finished)) => (false, finished.millis_since(started)),
        (Some(started), None) => {
            (true, u64::try_from(i64::MAX.saturating_sub(started.as_millis())).unwrap_or(0))
        }
        (None, _) => (false, 0),
    }
}

/// The table. With `sort`, its heads sort it.
#[component]
pub fn ExecutionTable(
    /// The rows, in the order in which they are shown.
    #[prop(into)]
    rows: Signal<Vec<ExecutionRow>>,
    /// The order that the heads show, and what to call when one is clicked.
    #[prop(optional)]
    sort: Option<(Signal<Sort>, Callback<Sort>)>,
) -> impl IntoView {
    let head = move |key: Option<SortKey>, name: &'static str, class: &'static str| {
        let (Some(key), Some((current, choose))) = (key, sort) else {
            return view! { <th role="columnheader" scope="col" class=class>{name}</th> }.into_any();
        };
        let direction = move || {
            let current = current.get();
            (current.key == key).then_some(if current.descending { "descending" } else { "ascending" })
        };
        let arrow = move || {
            let glyph = if direction()? == "ascending" { Glyph::Up } else { Glyph::Down };
            Some(view! { <Icon glyph=glyph /> })
        };
        view! {
            <th role="columnheader" scope="col" class=class aria-sort=direction>
                <button
                    type="button"
                    class="sort"
                    on:click=move |_| choose.run(current.get_untracked().clicked(key))
                >
                    {name}
                    {arrow}
                </button>
            </th>
        }
        .into_any()
    };
    view! {
        <table class="rows" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    {head(Some(SortKey::Status), "Status", "is-status")}
                    {head(None, "Execution", "is-title")}
                    {head(Some(SortKey::Agent), "Agent", "is-agent")}
                    {head(None, "Department", "is-department")}
                    {head(Some(SortKey::Duration), "Duration", "is-duration is-number")}
                    {head(Some(SortKey::Started), "Started", "is-started")}
                    {head(None, "Events", "is-events is-number")}
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || rows.get() key=|row| row.id.clone() let:row>
                    <TableRow row />
                </For>
            </tbody>
        </table>
    }
}

/// Rows without contents, while the first ones are on their way.
#[component]
pub fn SkeletonRows(
    /// What is on its way, as in "Loading executions".
    label: &'static str,
) -> impl IntoView {
    let row = |()| {
        view! {
            <tr>
                <td class="is-status">
                    <span class="skeleton"></span>
                </td>
                <td class="is-title">
                    <span class="skeleton"></span>
                </td>
                <td class="is-agent">
                    <span class="skeleton"></span>
                </td>
            </tr>
        }
    };
    view! {
        <div role="status" aria-label=label>
            <table class="rows appears-late" aria-hidden="true">
                <tbody>{[(); 8].map(row)}</tbody>
            </table>
        </div>
    }
}

#[component]
fn TableRow(row: ExecutionRow) -> impl IntoView {
    let summary: Signal<ExecutionSummary> = row.summary.into();
    // A cell of its own for each thing that can change: the others stay as they are.
    let silence = use_worker_silence(summary);
    let title = Memo::new(move |_| summary.with(title_of));
    let agent = Memo::new(move |_| summary.with(|row| name_of(row.agent.as_ref())));
    let department = Memo::new(move |_| summary.with(|row| name_of(row.department.as_ref())));
    let started = Memo::new(move |_| summary.with(|row| row.started_at));
    let events = Memo::new(move |_| summary.with(|row| grouped(row.event_count)));
    let error = Memo::new(move |_| {
        summary.with(|row| row.error.clone().filter(|_| row.status == ExecutionStatus::Failed))
    });
    let id = row.id.to_string();
    let href = format!("/executions/{}", js_sys::encode_uri_component(&id));
    // Beside the title: why it failed, or that nobody hears of it, else the identifier, unless that is the title already.
    let trouble = move || {
        let failed = error.get().map(|error| ("bad", error));
        failed.or_else(|| silence.get().map(|since| ("warn", silence_text(since))))
    };
    let aside = move || match trouble() {
        Some((tone, text)) => view! { <span class="row-error" data-tone=tone>{text}</span> }.into_any(),
        None if title.with(|title| *title != id) => {
            view! { <span class="row-id mono">{id.clone()}</span> }.into_any()
        }
        None => ().into_any(),
    };
    view! {
        <tr role="row">
            <td role="cell" class="is-status">
                <WorkerStatus summary />
            </td>
            <td role="cell" class="is-title">
                <a class="row-link" href=href title=title>
                    {title}
                </a>
                {aside}
            </td>
            <td role="cell" class="is-agent truncate">
                {agent}
            </td>
            <td role="cell" class="is-department truncate muted">
                {department}
            </td>
            <td role="cell" class="is-duration is-number">
                <ElapsedTime summary />
            </td>
            <td role="cell" class="is-started muted">
                <When at=started />
            </td>
            <td role="cell" class="is-events is-number muted">
                {events}
            </td>
        </tr>
    }
}

/// What an execution is called: its title, or its identifier where it has none.
pub fn title_of(summary: &ExecutionSummary) -> String {
    let title = summary.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    title.unwrap_or(summary.execution_id.as_str()).to_owned()
}

/// The name of an agent or a department; a dash where there is none.
pub fn name_of(entity: Option<&NamedEntity>) -> String {
    entity.map_or_else(|| "–".to_owned(), |entity| entity.name.clone())
}
