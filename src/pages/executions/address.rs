//! Filter, search and order as the address has them.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

use crate::components::{AddressQuery, Sort, use_address_query};

/// The list's settings, read from the address and written to it.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub status: Signal<Option<ExecutionStatus>>,
    pub search: Signal<String>,
    pub sort: Signal<Sort>,
    query: AddressQuery,
}

/// The address of the page that is shown.
pub(super) fn use_address() -> Address {
    let query = use_address_query();
    let (status, search, sort) = (query.member("status"), query.member("q"), query.member("sort"));
    Address {
        status: Memo::new(move |_| status.with(|name| ExecutionStatus::from_name(name))).into(),
        search: search.into(),
        sort: Memo::new(move |_| sort.with(|name| Sort::from_address(name)).unwrap_or_default()).into(),
        query,
    }
}

impl Address {
    pub(super) fn set_status(self, status: Option<ExecutionStatus>) {
        self.query.set("status", status.map_or("", ExecutionStatus::as_str));
    }

    pub(super) fn set_search(self, text: &str) {
        self.query.set("q", text);
    }

    pub(super) fn set_sort(self, sort: Sort) {
        let written = if sort == Sort::default() { String::new() } else { sort.to_address() };
        self.query.set("sort", &written);
    }

    /// Filters nothing any more.
    pub(super) fn clear(self) {
        self.query.set_all(&[("status", ""), ("q", "")]);
    }
}
