//! Filter, search and order as the address has them: what can be bookmarked, shared and reached by Back.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
    params::ParamsMap,
};
use switchboard_protocol::ExecutionStatus;

use crate::components::Sort;

/// Sets one of the query's members, or removes it.
type Write = Box<dyn Fn(&str, Option<&str>)>;

/// The list's settings, read from the address and written to it.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub status: Signal<Option<ExecutionStatus>>,
    pub search: Signal<String>,
    pub sort: Signal<Sort>,
    write: StoredValue<Write, LocalStorage>,
}

/// The address of the page that is shown.
pub(super) fn use_address() -> Address {
    let query = use_query_map();
    let path = use_location().pathname;
    let navigate = use_navigate();
    let status = Memo::new(move |_| query.with(|query| ExecutionStatus::from_name(query.get_str("status")?)));
    let search = Memo::new(move |_| query.with(|query| query.get_str("q").unwrap_or_default().to_owned()));
    let sort = Memo::new(move |_| {
        query.with(|query| Sort::from_address(query.get_str("sort")?)).unwrap_or_default()
    });
    let write = move |name: &str, value: Option<&str>| {
        let mut next: ParamsMap = query.get_untracked();
        match value {
            Some(value) => next.replace(name.to_owned(), value.to_owned()),
            None => drop(next.remove(name)),
        }
        let address = format!("{}{}", path.get_untracked(), next.to_query_string());
        // A setting is no step of its own: Back leads to the page before, not to the last letter typed.
        navigate(&address, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    Address {
        status: status.into(),
        search: search.into(),
        sort: sort.into(),
        write: StoredValue::new_local(Box::new(write)),
    }
}

impl Address {
    pub(super) fn set_status(self, status: Option<ExecutionStatus>) {
        self.set("status", status.map(ExecutionStatus::as_str));
    }

    pub(super) fn set_search(self, text: &str) {
        self.set("q", (!text.is_empty()).then_some(text));
    }

    pub(super) fn set_sort(self, sort: Sort) {
        let written = sort.to_address();
        self.set("sort", (sort != Sort::default()).then_some(&written));
    }

    /// Filters nothing any more.
    pub(super) fn clear(self) {
        self.set_status(None);
        self.set_search("");
    }

    fn set(self, name: &str, value: Option<&str>) {
        self.write.with_value(|write| write(name, value));
    }
}
