//! `use_wire`.

use std::{collections::BTreeMap, rc::Rc};

use leptos::prelude::*;
use switchboard_link::{Entry, History, LinkStats, LinkStatus};
use switchboard_model::{PendingTask, WireRecording};

use crate::realtime::{
    Unreadable, WebSocketContext,
    fanout::Topic,
    use_websocket_context,
    wire::{Recorder, Watch},
};

/// What is on the wire, for those who inspect it.
///
/// Nothing here is a signal but [`version`](Self::version): read the rest whenever that has grown.
#[derive(Clone, Copy)]
pub struct UseWire {
    /// Grows when anything has changed, a few times a second at most, and not at all while nothing happens.
    pub version: Signal<u64>,
    /// The connection itself.
    pub context: WebSocketContext,
    recorder: StoredValue<Option<Rc<Recorder>>, LocalStorage>,
    _watch: StoredValue<Option<Watch>, LocalStorage>,
}

/// The connection as it stands at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WireState {
    /// How it stands.
    pub status: LinkStatus,
    /// What has been counted since the page was loaded.
    pub stats: LinkStats,
    /// How many event streams stand in for the socket.
    pub streams: usize,
}

/// What somebody on the page asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// The kind of frames, as written on the wire.
    pub kind: &'static str,
    /// What they are about; empty for all of the kind.
    pub key: String,
    /// Who holds it, and how many times.
    pub holders: Vec<(&'static str, usize)>,
    /// How the server was asked; `None` for what it sends without being asked.
    pub asked: Option<Asked>,
}

/// A subscription at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// How many parties hold the one subscription that the server knows of.
    pub references: usize,
    /// Whether the server has confirmed it.
    pub confirmed: bool,
}

/// Records what is on the wire until the calling component goes, and gives it to read. Without a caller nothing is recorded but the
/// connection's transitions and the last unreadable frames.
///
/// # Panics
/// Where no `WebSocketProvider` stands above.
pub fn use_wire() -> UseWire {
    let context = use_websocket_context();
    let recorder = context.recorder();
    let version = recorder.as_ref().map(|recorder| recorder.version()).unwrap_or_default();
    let watch = recorder.as_ref().map(Recorder::watch);
    let recorder = StoredValue::new_local(recorder);
    let (subscriptions, tasks) = (context.subscriptions_changed(), context.pending_task_ids());
    let (_, streams) = context.streams();
    Effect::new(move || {
        subscriptions.track();
        tasks.track();
        if let Some(streams) = streams {
            streams.track();
        }
        if let Some(recorder) = recorder.try_get_value().flatten() {
            recorder.tell();
        }
    });
    UseWire { version: version.into(), context, recorder, _watch: StoredValue::new_local(watch) }
}

impl UseWire {
    /// The connection as it stands.
    pub fn state(&self) -> WireState {
        let (streams, _) = self.context.streams();
        WireState { status: self.context.status_now(), stats: self.context.stats(), streams }
    }

    /// What became of the connection since the page was loaded, oldest first.
    pub fn history(&self) -> Vec<Entry> {
        let entries = |recorder: Rc<Recorder>| {
            recorder.with_history(|history| history.entries().cloned().collect::<Vec<_>>())
        };
        self.recorder().map(entries).unwrap_or_default()
    }

    /// Grows with each change of the history.
    pub fn history_version(&self) -> u64 {
        self.recorder().map(|recorder| recorder.with_history(History::version)).unwrap_or_default()
    }

    /// The last frames that could not be read, oldest first; also those of before the call of the hook.
    pub fn unreadable(&self) -> Vec<Unreadable> {
        self.recorder().map(|recorder| recorder.unreadable()).unwrap_or_default()
    }

    /// Reads what was recorded.
    pub fn with_recording<T>(&self, read: impl FnOnce(&WireRecording) -> T) -> Option<T> {
        self.recorder()?.with_recording(read)
    }

    /// Who holds what, by kind and key.
    pub fn holdings(&self) -> Vec<Holding> {
        let asked: BTreeMap<_, _> = self.context.subscriptions().into_iter().collect();
        let holding = |(topic, holders): (Topic, Vec<&'static str>)| {
            let mut counts = BTreeMap::<&'static str, usize>::new();
            for holder in holders {
                *counts.entry(holder).or_default() += 1;
            }
            let asked = match &topic {
                Topic::Execution(execution) => asked.get(execution).map(|references| Asked {
                    references: *references,
                    confirmed: self.context.is_confirmed(execution),
                }),
                _ => None,
            };
            let (kind, key) = topic.words();
            Holding { kind, key, holders: counts.into_iter().collect(), asked }
        };
        let mut holdings: Vec<_> = self.context.holders().into_iter().map(holding).collect();
        holdings.sort();
        holdings
    }

    /// The tasks whose results are awaited, the oldest first.
    pub fn pending_tasks(&self) -> Vec<PendingTask> {
        self.context.pending_tasks()
    }

    fn recorder(&self) -> Option<Rc<Recorder>> {
        self.recorder.try_get_value().flatten()
    }
}
