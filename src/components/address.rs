//! A list's settings as the address has them: what can be bookmarked, shared and reached by Back.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
    params::ParamsMap,
};

/// Sets members of the query, and removes those that are empty.
type Write = Box<dyn Fn(&[(&str, &str)])>;

/// The query of the page's address.
#[derive(Clone, Copy)]
pub struct AddressQuery {
    members: Memo<ParamsMap>,
    write: StoredValue<Write, LocalStorage>,
}

/// The query of the page's address, to read and to write.
pub fn use_address_query() -> AddressQuery {
    let members = use_query_map();
    let path = use_location().pathname;
    let navigate = use_navigate();
    let write = move |changes: &[(&str, &str)]| {
        let mut next: ParamsMap = members.get_untracked();
        for (name, value) in changes {
            if value.is_empty() {
                drop(next.remove(name));
            } else {
                next.replace((*name).to_owned(), (*value).to_owned());
            }
        }
        let address = format!("{}{}", path.get_untracked(), next.to_query_string());
        // A setting is no step of its own: Back leads to the page before, not to the last letter typed.
        navigate(&address, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    AddressQuery { members, write: StoredValue::new_local(Box::new(write)) }
}

impl AddressQuery {
    /// What a member says; empty where it is not there.
    pub fn member(self, name: &'static str) -> Memo<String> {
        Memo::new(move |_| self.members.with(|members| members.get_str(name).unwrap_or_default().to_owned()))
    }

    /// Sets a member. What is empty is left out of the address.
    pub fn set(self, name: &str, value: &str) {
        self.set_all(&[(name, value)]);
    }

    /// Sets several members at once: the address follows a little later, so that one after the other would undo each
    /// other.
    pub fn set_all(self, changes: &[(&str, &str)]) {
        self.write.with_value(|write| write(changes));
    }
}
