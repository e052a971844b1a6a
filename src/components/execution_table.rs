//! A table of executions: keyed rows, each of which changes only where its execution did.

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, Timestamp, rest::ExecutionSummary};

use super::{ElapsedTime, StatusBadge, date_and_time, times::LocalClock};
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
                by(rows, self.descending, |row| row.agent.as_ref().map(|agent| agent.name.to_lowercase()))
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
    let head = move |key: SortKey, name: &'static str, class: &'static str| {
        let Some((current, choose)) = sort else {
            return view! { <th scope="col" class=class>{name}</th> }.into_any();
        };
        let direction = move || {
            let current = current.get();
            (current.key == key).then_some(if current.descending { "descending" } else { "ascending" })
        };
        let arrow = move || match direction() {
            Some("ascending") => "↑",
            Some(_) => "↓",
            None => "",
        };
        view! {
            <th scope="col" class=class aria-sort=direction>
                <button type="button" on:click=move |_| choose.run(current.get_untracked().clicked(key))>
                    {name}
                    <span aria-hidden="true">{arrow}</span>
                </button>
            </th>
        }
        .into_any()
    };
    view! {
        <table class="executions">
            <thead>
                <tr>
                    {head(SortKey::Status, "Status", "column-status")} <th scope="col">"Execution"</th>
                    {head(SortKey::Agent, "Agent", "column-agent")}
                    <th scope="col" class="column-department">
                        "Department"
                    </th> {head(SortKey::Started, "Started", "column-started")}
                    {head(SortKey::Duration, "Duration", "column-duration")}
                </tr>
            </thead>
            <tbody>
                <For each=move || rows.get() key=|row| row.id.clone() let:row>
                    <TableRow row />
                </For>
            </tbody>
        </table>
    }
}

#[component]
fn TableRow(row: ExecutionRow) -> impl IntoView {
    let summary: Signal<ExecutionSummary> = row.summary.into();
    // A cell of its own for each thing that can change: the others stay as they are.
    let status = Memo::new(move |_| summary.with(|row| row.status));
    let title = Memo::new(move |_| summary.with(|row| row.title.clone()));
    let agent = Memo::new(move |_| summary.with(|row| row.agent.as_ref().map(|agent| agent.name.clone())));
    let department =
        Memo::new(move |_| summary.with(|row| row.department.as_ref().map(|entity| entity.name.clone())));
    let error = Memo::new(move |_| {
        summary.with(|row| row.error.clone().filter(|_| row.status == ExecutionStatus::Failed))
    });
    let started = Memo::new(move |_| summary.with(|row| row.started_at));
    let id = row.id.to_string();
    let href = format!("/executions/{}", js_sys::encode_uri_component(&id));
    let name = {
        let id = id.clone();
        move || title.get().unwrap_or_else(|| id.clone())
    };
    view! {
        <tr>
            <td class="cell-status">
                <StatusBadge status />
            </td>
            <td class="row-title">
                <a class="row-link" href=href>
                    {name}
                </a>
                {move || match error.get() {
                    Some(error) => view! { <span class="row-error">{error}</span> }.into_any(),
                    None if title.with(Option::is_some) => {
                        view! { <span class="row-id">{id.clone()}</span> }.into_any()
                    }
                    None => ().into_any(),
                }}
            </td>
            <td class="cell-agent">{move || agent.get().unwrap_or_else(|| "–".into())}</td>
            <td class="cell-department muted">{move || department.get().unwrap_or_else(|| "–".into())}</td>
            <td class="cell-started muted">
                {move || started.get().map(|at| view! { <time datetime=at.to_string() title=date_and_time(at)>{when(at)}</time> })}
            </td>
            <td class="cell-duration">
                <ElapsedTime summary />
            </td>
        </tr>
    }
}

/// Today's by the clock, others by date.
fn when(at: Timestamp) -> String {
    /// Within this long, a clock time alone says which day is meant.
    const RECENT_MS: u64 = 12 * 3_600_000;

    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    let now = Timestamp::from_millis(js_sys::Date::now() as i64);
    if now.millis_since(at) < RECENT_MS { LocalClock::at(at).seconds(at) } else { date_and_time(at) }
}
