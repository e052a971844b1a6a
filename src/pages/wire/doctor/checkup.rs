//! One run of all checks: what is looked at, in which order, and what came of it.

use leptos::prelude::*;
use switchboard_model::{
    Fetched, Finding, Verdict, judge_clock, judge_health, judge_origin, judge_socket, judge_stream,
};

use super::look::{SocketLook, surroundings};
use crate::{api::Queries, realtime::WebSocketContext};

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Health,
    Socket,
    Stream,
    Origin,
    Clock,
}

impl Check {
    pub const ALL: [Self; 5] = [Self::Health, Self::Socket, Self::Stream, Self::Origin, Self::Clock];

    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "HTTP interface",
            Self::Socket => "WebSocket",
            Self::Stream => "Event streams (SSE)",
            Self::Origin => "Origin",
            Self::Clock => "Clock",
        }
    }
}

/// The checks and their findings.
#[derive(Clone, Copy)]
pub(super) struct Checkup {
    pub is_running: RwSignal<bool>,
    pub has_run: RwSignal<bool>,
    /// As [`Check::ALL`] has them; `None` while a check is under way.
    findings: RwSignal<[Option<Finding>; 5]>,
    context: WebSocketContext,
    queries: Queries,
}

impl Checkup {
    pub fn new(context: WebSocketContext, queries: Queries) -> Self {
        Self {
            is_running: RwSignal::new(false),
            has_run: RwSignal::new(false),
            findings: RwSignal::default(),
            context,
            queries,
        }
    }

    pub fn finding(self, check: Check) -> Memo<Option<Finding>> {
        Memo::new(move |_| self.findings.with(|findings| findings.get(check as usize).cloned().flatten()))
    }

    /// How many are well, once all are done.
    pub fn summary(self) -> Option<String> {
        if !self.has_run.get() {
            return None;
        }
        if self.is_running.get() {
            return Some("checking".to_owned());
        }
        let well = self.findings.with(|findings| {
            findings.iter().flatten().filter(|finding| finding.verdict == Verdict::Well).count()
        });
        let all = Check::ALL.len();
        Some(if well == all { "all is well".to_owned() } else { format!("{well} of {all} are well") })
    }

    /// Looks at everything, one after the other: requests at the same time would only slow each other down.
    pub fn run(self) {
        if self.is_running.get_untracked() {
            return;
        }
        let Some(api) = self.queries.api() else { return };
        self.is_running.set(true);
        self.has_run.set(true);
        self.findings.set(Default::default());
        let organization = self.context.organization().get_untracked();
        let here = surroundings(&api.origin(), &self.context.address());
        let socket = SocketLook::new(self.context);
        leptos::task::spawn_local(async move {
            let health = api.look_at_health().await;
            let found = judge_health(&health, &here);
            let api_answers = found.verdict != Verdict::Wrong;
            let origin = judge_origin(&health, &here);
            let is_refused = origin.verdict == Verdict::Wrong;
            self.note(Check::Health, found);
            self.note(Check::Origin, origin);
            self.note(Check::Clock, judge_clock(&health));
            if !self.is_there() {
                return;
            }
            let seen = socket.look().await;
            self.note(Check::Socket, judge_socket(&seen, api_answers, is_refused, &here));
            if !self.is_there() {
                return;
            }
            let stream = api.look_at_stream(&organization).await;
            self.note(Check::Stream, judge_stream(&stream, is_answer(&health), &here));
            let _ = self.is_running.try_set(false);
        });
    }

    fn note(self, check: Check, finding: Finding) {
        let _ = self.findings.try_update(|findings| {
            if let Some(place) = findings.get_mut(check as usize) {
                *place = Some(finding);
            }
        });
    }

    /// Whether somebody still waits for the findings.
    fn is_there(self) -> bool {
        self.is_running.try_get_untracked().is_some()
    }
}

fn is_answer(fetched: &Fetched) -> bool {
    matches!(fetched, Fetched::Answered(_))
}
