//! A list that is fetched over HTTP and kept current by frames: what all lists share.
//!
//! A list and the frames have to meet without a hole: what arrives while a list is on its way is folded in after it, a row knows
//! which frame it shows, and a list that is older than the place from which frames come is fetched again.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_protocol::OrganizationId;

use super::{
    IsShown, LiveFrom, LiveRow, LoadPhase as Phase, Showing, follow_live,
    live_row::{merged_row, new_row},
    subscribe_while_mounted,
};
use crate::{
    api::{ApiError, Queries, use_queries},
    realtime::{WebSocketContext, use_websocket_context},
};

/// How long refetches are held together, in milliseconds, where frames don't say what changed.
const REFETCH_MS: u32 = 500;

/// How long to wait before a list that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What is listed: where it comes from, and in which order it stands.
pub(super) trait Listed: Sized + 'static {
    /// Which of them a list shows.
    type Query: Clone + PartialEq + Send + Sync + 'static;
    /// What names one.
    type Id: Clone + PartialEq + Send + Sync + 'static;
    /// What a row shows.
    type Item: Clone + PartialEq + Send + Sync + 'static;

    /// Whose list it is.
    fn organization(query: &Self::Query) -> &OrganizationId;

    /// What names an item.
    fn id(item: &Self::Item) -> Self::Id;

    /// Whether a new `item` stands above `other`.
    fn is_above(item: &Self::Item, other: &Self::Item) -> bool;

    /// Whether a change brings a row to the top.
    fn rises(_before: &Self::Item, _now: &Self::Item) -> bool {
        false
    }

    /// Whether a list of this query shows the item, as far as this page can tell.
    fn wants(query: &Self::Query, item: &Self::Item) -> bool;

    /// The first page as it was last seen, where that is kept.
    fn cached(_queries: Queries, _query: &Self::Query) -> Option<Page<Self::Item>> {
        None
    }

    /// The first page, fetched now, or the one after `before`.
    fn fetch(
        queries: Queries,
        query: Self::Query,
        before: Option<String>,
    ) -> impl Future<Output = Result<Page<Self::Item>, ApiError>>;

    /// What keeps a list current for as long as it is held.
    type Held: 'static;

    /// Asks for what moves the list.
    fn subscribe(list: &Rc<LiveList<Self>>, context: WebSocketContext) -> Self::Held;
}

/// One page of a list, whatever it lists.
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next_before: Option<String>,
    pub seq: Option<u64>,
}

pub(super) type RowOf<L> = LiveRow<<L as Listed>::Id, <L as Listed>::Item>;

/// What the hook of a list writes and its user reads.
pub(super) struct ListSignals<L: Listed> {
    pub rows: RwSignal<Vec<RowOf<L>>>,
    pub phase: RwSignal<Phase>,
    pub has_more: RwSignal<bool>,
    pub version: RwSignal<u64>,
    /// Why the next page did not come, when it was last asked for.
    pub more_error: RwSignal<Option<ApiError>>,
}

impl<L: Listed> Clone for ListSignals<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: Listed> Copy for ListSignals<L> {}

/// A list under observation.
pub(super) struct LiveList<L: Listed> {
    pub query: L::Query,
    /// Whether the server's updates say what changed: then other frames tell nothing that they don't.
    pub says_what_changed: Cell<bool>,
    queries: Queries,
    connected: Signal<bool>,
    signals: ListSignals<L>,
    next_before: RefCell<Option<String>>,
    /// How new the first page is, where the server says so.
    seq: Cell<Option<u64>>,
    /// From where frames come, while the list that has to reach that far is on its way.
    waiting_for: Cell<Option<LiveFrom>>,
    request: Cell<u64>,
    timer: RefCell<Option<Timeout>>,
    /// What came while a list was on its way.
    waiting: RefCell<Vec<(Option<u64>, L::Item)>>,
    in_flight: Cell<bool>,
    /// Whether the rows are this query's: those of the one before are shown until its own come.
    shown: Cell<bool>,
    on_known: RefCell<Option<OnKnown>>,
    is_shown: IsShown,
    this: Weak<Self>,
}

/// Called with how new the first page is.
type OnKnown = Box<dyn Fn(Option<u64>)>;

/// The list that a hook holds, for what its user asks of it.
pub(super) type Held<L> = StoredValue<Option<Rc<LiveList<L>>>, LocalStorage>;

/// Holds a list for what `query` says, until the calling component goes.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub(super) fn use_live_list<L: Listed>(query: Signal<L::Query>) -> (ListSignals<L>, Held<L>) {
    let (context, queries) = (use_websocket_context(), use_queries());
    let signals = ListSignals {
        rows: RwSignal::new(Vec::new()),
        phase: RwSignal::new(Phase::Loading),
        has_more: RwSignal::new(false),
        version: RwSignal::new(0),
        more_error: RwSignal::new(None),
    };
    let list: Held<L> = StoredValue::new_local(None);
    subscribe_while_mounted(query, move |query| {
        // Rows of another filter are shown until the new ones come; rows of another organization are not.
        let before = list.try_get_value().flatten();
        if before.is_some_and(|before| L::organization(&before.query) != L::organization(query)) {
            let _ = signals.rows.try_set(Vec::new());
            let _ = signals.phase.try_set(Phase::Loading);
        }
        let _ = signals.more_error.try_set(None);
        let (next, showing) = LiveList::begin(query, context, queries, signals);
        let _ = list.try_set_value(Some(next));
        showing
    });
    follow_live(context, move |live_from| {
        if let Some(list) = list.try_get_value().flatten() {
            list.follow_from(live_from);
        }
    });
    (signals, list)
}

/// Asks for the next page of a list.
pub(super) fn load_more<L: Listed>(list: Held<L>) {
    if let Some(list) = list.try_get_value().flatten() {
        list.load_more();
    }
}

/// Asks for a list again.
pub(super) fn retry<L: Listed>(list: Held<L>) {
    if let Some(list) = list.try_get_value().flatten() {
        let _ = list.signals.phase.try_set(Phase::Loading);
        list.fetch();
    }
}

impl<L: Listed> LiveList<L> {
    fn begin(
        query: &L::Query,
        context: WebSocketContext,
        queries: Queries,
        signals: ListSignals<L>,
    ) -> (Rc<Self>, Showing<L::Held>) {
        let (is_shown, sign) = IsShown::begin();
        let list = Rc::new_cyclic(|this| Self {
            query: query.clone(),
            says_what_changed: Cell::new(false),
            queries,
            connected: context.is_connected(),
            signals,
            next_before: RefCell::default(),
            seq: Cell::new(None),
            waiting_for: Cell::new(None),
            request: Cell::new(0),
            timer: RefCell::default(),
            waiting: RefCell::default(),
            in_flight: Cell::new(false),
            shown: Cell::new(false),
            on_known: RefCell::default(),
            is_shown,
            this: this.clone(),
        });
        match L::cached(queries, query) {
            Some(cached) => list.show(&cached),
            None => {
                let _ = signals.phase.try_set(Phase::Loading);
            }
        }
        list.fetch();
        let held = L::subscribe(&list, context);
        (list, Showing { _sign: sign, _held: held })
    }

    /// Whether updates come that say what changed: the server sends them, and the socket that brings them is up.
    pub fn is_told_of_changes(&self) -> bool {
        self.says_what_changed.get() && self.connected.try_get_untracked() == Some(true)
    }

    /// Calls `on_known` with how new the first page is, whenever one has come.
    pub fn on_known(&self, on_known: impl Fn(Option<u64>) + 'static) {
        self.on_known.replace(Some(Box::new(on_known)));
    }

    /// What was derived from frames is worth nothing.
    pub fn begin_anew(&self) {
        self.waiting.borrow_mut().clear();
        self.fetch();
    }

    /// An update says how an item is now.
    pub fn receive(&self, seq: Option<u64>, item: L::Item) {
        self.says_what_changed.set(true);
        if self.in_flight.get() {
            self.waiting.borrow_mut().push((seq, item.clone()));
        }
        self.fold(seq, item);
    }

    /// A frame moves what a row shows. `change` answers whether anything did. Answers `false` where no row is about it.
    pub fn change(&self, id: &L::Id, seq: Option<u64>, change: impl FnOnce(&mut L::Item) -> bool) -> bool {
        let Some(row) = self.row(id) else { return false };
        if seq.is_some_and(|seq| seq <= row.seq()) {
            return true;
        }
        let Some(mut item) = row.summary.try_get_untracked() else { return true };
        if !change(&mut item) {
            return true;
        }
        if self.in_flight.get() {
            self.waiting.borrow_mut().push((seq, item.clone()));
        }
        self.fold(seq, item);
        true
    }

    /// Whether a row is about it.
    pub fn shows(&self, id: &L::Id) -> bool {
        self.row(id).is_some()
    }

    fn row(&self, id: &L::Id) -> Option<RowOf<L>> {
        let find = |rows: &Vec<RowOf<L>>| rows.iter().find(|row| row.id == *id).cloned();
        self.signals.rows.try_with_untracked(find).flatten()
    }

    /// Brings one row to what a frame says.
    fn fold(&self, seq: Option<u64>, item: L::Item) {
        let row = self.row(&L::id(&item));
        let wanted = L::wants(&self.query, &item);
        match row {
            Some(row) if seq.is_some_and(|seq| seq <= row.seq()) => {}
            Some(row) if wanted => {
                row.set_seq(seq);
                let rises = row.summary.try_with_untracked(|current| L::rises(current, &item)) == Some(true);
                if row.summary.try_with_untracked(|current| *current != item) == Some(true) {
                    let _ = row.summary.try_set(item);
                    self.has_changed();
                }
                let is_first = self.signals.rows.try_with_untracked(|rows| rows.first() == Some(&row));
                if rises && is_first == Some(false) {
                    let _ = self.signals.rows.try_update(|rows| {
                        rows.retain(|other| *other != row);
                        rows.insert(0, row);
                    });
                }
            }
            Some(row) => {
                let _ = self.signals.rows.try_update(|rows| rows.retain(|other| other.id != row.id));
            }
            None if wanted => self.insert(item, seq),
            None => {}
        }
    }

    /// Puts a new row where it belongs. What belongs below all that is loaded comes with its page.
    fn insert(&self, item: L::Item, seq: Option<u64>) {
        let is_whole = self.signals.has_more.try_get_untracked() == Some(false);
        let place = self.signals.rows.try_with_untracked(|rows| {
            let is_below = |row: &RowOf<L>| {
                row.summary.try_with_untracked(|shown| L::is_above(&item, shown)) == Some(true)
            };
            rows.iter().position(is_below).or(is_whole.then_some(rows.len()))
        });
        if let Some(place) = place.flatten() {
            let row = new_row::<L>(item, seq);
            let _ = self.signals.rows.try_update(|rows| rows.insert(place.min(rows.len()), row));
        }
    }

    fn has_changed(&self) {
        let _ = self.signals.version.try_update(|version| *version += 1);
    }

    fn fetch(&self) {
        let Some(this) = self.this.upgrade() else { return };
        self.timer.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        leptos::task::spawn_local(async move {
            let answer = L::fetch(this.queries, this.query.clone(), None).await;
            if this.request.get() != request || !this.is_shown.get() {
                return;
            }
            this.in_flight.set(false);
            match answer {
                Ok(list) => {
                    this.show(&list);
                    if let Some(LiveFrom(live_from)) = this.waiting_for.take() {
                        this.follow_from(live_from);
                    }
                }
                Err(error) => this.failed(error),
            }
        });
    }

    /// Fetches again unless the list is at least as new as the place from which frames come. One that is on its
    /// way is looked at when it is there.
    fn follow_from(&self, live_from: Option<u64>) {
        if self.in_flight.get() {
            self.waiting_for.set(Some(LiveFrom(live_from)));
            return;
        }
        self.waiting_for.set(None);
        let enough = self.seq.get().zip(live_from).is_some_and(|(seq, live_from)| seq >= live_from);
        if !enough {
            self.fetch();
        }
    }

    fn failed(&self, error: ApiError) {
        let transient = error.is_transient();
        if self.is_not_ready() || !transient {
            let _ = self.signals.phase.try_set(Phase::Failed(error));
        }
        if transient {
            self.refetch_in(RETRY_MS);
        }
    }

    /// Shows a fetched list. Rows that stay keep their identity, and their signals change only where they differ.
    fn show(&self, list: &Page<L::Item>) {
        let Some(before) = self.signals.rows.try_get_untracked() else { return };
        let mut rows: Vec<_> =
            list.items.iter().map(|item| merged_row::<L>(&before, item, list.seq)).collect();
        // Pages that were loaded before stay below the first one.
        let first_page_has_all = list.next_before.is_none();
        let end_of_first_page = list.items.last().map(L::id);
        let keep_from = before.iter().position(|row| end_of_first_page.as_ref() == Some(&row.id));
        match keep_from {
            Some(place) if !first_page_has_all && self.shown.get() => {
                rows.extend(before.iter().skip(place + 1).cloned());
            }
            _ => {
                self.next_before.replace(list.next_before.clone());
            }
        }
        self.shown.set(true);
        self.seq.set(list.seq);
        let unchanged =
            before.len() == rows.len() && before.iter().zip(&rows).all(|(old, new)| old.id == new.id);
        if !unchanged {
            let _ = self.signals.rows.try_set(rows);
        }
        if self.is_not_ready() {
            let _ = self.signals.phase.try_set(Phase::Ready);
        }
        let _ = self.signals.has_more.try_set(self.next_before.borrow().is_some());
        self.has_changed();
        for (seq, item) in self.waiting.take() {
            self.fold(seq, item);
        }
        if let Some(on_known) = &*self.on_known.borrow() {
            on_known(list.seq);
        }
    }

    fn is_not_ready(&self) -> bool {
        self.signals.phase.try_with_untracked(|phase| *phase != Phase::Ready) == Some(true)
    }

    fn load_more(&self) {
        let (Some(this), Some(before)) = (self.this.upgrade(), self.next_before.borrow().clone()) else {
            return;
        };
        let _ = self.signals.more_error.try_set(None);
        leptos::task::spawn_local(async move {
            let page = L::fetch(this.queries, this.query.clone(), Some(before.clone())).await;
            // Another call may have loaded the same page meanwhile.
            if !this.is_shown.get() || this.next_before.borrow().as_ref() != Some(&before) {
                return;
            }
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let _ = this.signals.more_error.try_set(Some(error));
                    return;
                }
            };
            let _ = this.signals.rows.try_update(|rows| {
                for item in page.items {
                    let id = L::id(&item);
                    if rows.iter().all(|row| row.id != id) {
                        rows.push(new_row::<L>(item, page.seq));
                    }
                }
            });
            let _ = this.signals.has_more.try_set(page.next_before.is_some());
            this.next_before.replace(page.next_before);
        });
    }

    /// Fetches once for all that asks for it in a while.
    pub fn refetch_soon(&self) {
        self.refetch_in(REFETCH_MS);
    }

    fn refetch_in(&self, wait: u32) {
        if self.timer.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let fetch = move || {
            if let Some(list) = this.upgrade() {
                list.fetch();
            }
        };
        self.timer.replace(Some(Timeout::new(wait, fetch)));
    }
}
