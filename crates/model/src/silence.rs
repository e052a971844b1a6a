//! An execution whose worker beats: its signs of life, and what their absence means.

use switchboard_protocol::{
    AgentEvent, AgentEventKind, ExecutionStatus, Timestamp,
    rest::{AgentSummary, ExecutionSummary},
};

use crate::agent::{
    AgentCondition, MISSED_HEARTBEATS, agent_condition, heard_at, heartbeat_ms, latest_sign,
    sane_heartbeat_ms, silent_since,
};

/// Takes a heartbeat that names this execution as a sign of life of its worker. Answers whether anything changed. It moves no
/// status: who beats may be waiting, and who has ended may have a last heartbeat on its way.
///
/// Which execution it names is for the caller to see to.
pub fn apply_heartbeat(summary: &mut ExecutionSummary, event: &AgentEvent, received_at: Timestamp) -> bool {
    let AgentEventKind::Heartbeat { heartbeat_seconds, .. } = &event.kind else { return false };
    let before = (summary.heartbeat_at, summary.heartbeat_seconds);
    let heard = heard_at(event, received_at);
    summary.heartbeat_at = Some(latest_sign(summary.heartbeat_at, heard, received_at));
    summary.heartbeat_seconds = heartbeat_seconds.or(summary.heartbeat_seconds);
    before != (summary.heartbeat_at, summary.heartbeat_seconds)
}

/// Since when the worker of a running execution has been silent; `None` while it is not, where it never beat, and where
/// the execution does not run.
///
/// Silence is longer than three heartbeats, as it is for agents. What it is not: an end. The worker may come back.
pub fn worker_silent_since(summary: &ExecutionSummary, now: Timestamp) -> Option<Timestamp> {
    if summary.status != ExecutionStatus::Running {
        return None;
    }
    let heard = summary.heartbeat_at?;
    (now.millis_since(heard) > patience_ms(summary)).then_some(heard)
}

/// A time in which a page was cut off from its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Up to when the page knew what happened.
    pub from: Timestamp,
    /// When it was connected again.
    pub to: Timestamp,
}

/// As [`worker_silent_since`], for a page that was cut off meanwhile. What it did not hear then is no silence of the worker:
/// a server that was away cannot have heard it either, and what it did hear is on its way. So the worker has three heartbeats
/// from the end of the outage on, unless it was silent before.
pub fn worker_silent_beyond(
    summary: &ExecutionSummary,
    now: Timestamp,
    outage: Option<Outage>,
) -> Option<Timestamp> {
    let since = worker_silent_since(summary, now)?;
    let Some(outage) = outage else { return Some(since) };
    let was_silent = worker_silent_since(summary, outage.from).is_some();
    (was_silent || now.millis_since(outage.to) > patience_ms(summary)).then_some(since)
}

/// How an agent is, for a page that was cut off meanwhile: what [`worker_silent_beyond`] is for executions.
pub fn agent_condition_beyond(
    summary: &AgentSummary,
    now: Timestamp,
    outage: Option<Outage>,
) -> AgentCondition {
    let patience = heartbeat_ms(summary).saturating_mul(MISSED_HEARTBEATS);
    let may_have_beaten = outage.is_some_and(|outage| {
        silent_since(summary, outage.from).is_none() && now.millis_since(outage.to) <= patience
    });
    agent_condition(summary, if may_have_beaten { summary.heard_at.unwrap_or(now) } else { now })
}

fn patience_ms(summary: &ExecutionSummary) -> u64 {
    sane_heartbeat_ms(summary.heartbeat_seconds).saturating_mul(MISSED_HEARTBEATS)
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{ExecutionEvent, ExecutionEventKind};

    use super::*;
    use crate::{apply_event, new_summary};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn event(kind: &str, second: i64) -> ExecutionEvent {
        ExecutionEvent {
            id: None,
            kind: ExecutionEventKind::from(kind),
            timestamp: Some(at(second)),
            data: None,
        }
    }

    fn heartbeat(seconds: Option<u64>) -> AgentEvent {
        let kind = AgentEventKind::Heartbeat { status: None, current_task: None, heartbeat_seconds: seconds };
        AgentEvent::of("a-1".into(), kind)
    }

    fn running() -> ExecutionSummary {
        let mut summary = new_summary(&"acme".into(), &"e-1".into());
        apply_event(&mut summary, &event("agent-start", 0), at(0));
        summary
    }

    #[test]
    fn a_worker_that_never_beat_is_never_silent() {
        assert_eq!(worker_silent_since(&running(), at(1_000_000)), None);
    }

    #[test]
    fn three_missed_heartbeats_are_silence_and_the_next_one_ends_it() {
        let mut summary = running();
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(10));
        assert_eq!(worker_silent_since(&summary, at(25)), None);
        assert_eq!(worker_silent_since(&summary, at(26)), Some(at(10)));
        assert!(apply_heartbeat(&mut summary, &heartbeat(None), at(30)));
        assert_eq!((worker_silent_since(&summary, at(45)), summary.heartbeat_seconds), (None, Some(5)));
    }

    #[test]
    fn without_an_interval_the_usual_one_is_assumed_and_an_absurd_one_is_held_at_an_hour() {
        let mut summary = running();
        apply_heartbeat(&mut summary, &heartbeat(None), at(0));
        assert_eq!(worker_silent_since(&summary, at(60)), None);
        assert_eq!(worker_silent_since(&summary, at(61)), Some(at(0)));
        apply_heartbeat(&mut summary, &heartbeat(Some(u64::MAX)), at(0));
        assert_eq!(worker_silent_since(&summary, at(3 * 3_600 + 1)), Some(at(0)));
    }

    #[test]
    fn any_event_is_a_sign_of_life_as_old_as_it_says_and_never_newer_than_now() {
        let mut summary = running();
        apply_event(&mut summary, &event("output", 5), at(5));
        assert_eq!(summary.heartbeat_at, None, "a worker that never beat");
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(10));
        apply_event(&mut summary, &event("output", 20), at(20));
        assert_eq!(worker_silent_since(&summary, at(35)), None);
        apply_event(&mut summary, &event("output", 22), at(600));
        assert_eq!(worker_silent_since(&summary, at(600)), Some(at(22)), "a replay");
        apply_event(&mut summary, &event("output", 605), at(601));
        assert_eq!(summary.heartbeat_at, Some(at(601)), "a clock that is a little ahead");
    }

    // What a worker said whose clock is an hour ahead counted as said just now whenever it was replayed.
    #[test]
    fn an_event_from_the_future_says_nothing_of_when_it_was_sent() {
        let mut live = running();
        apply_heartbeat(&mut live, &heartbeat(Some(5)), at(10));
        let mut replayed = live.clone();
        apply_event(&mut live, &event("output", 3_620), at(20));
        apply_event(&mut replayed, &event("output", 3_620), at(600));
        assert_eq!((live.heartbeat_at, replayed.heartbeat_at), (Some(at(10)), Some(at(10))));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_put_off_the_silence() {
        let mut summary = running();
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(3_600));
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(10));
        assert_eq!(worker_silent_since(&summary, at(26)), Some(at(10)));
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(3_600));
        apply_event(&mut summary, &event("output", 12), at(12));
        assert_eq!(worker_silent_since(&summary, at(28)), Some(at(12)));
    }

    #[test]
    fn an_agent_that_could_not_be_heard_was_not_silent_either() {
        let mut agent = AgentSummary::of("acme".into(), "a".into());
        crate::apply_agent_event(&mut agent, &heartbeat(Some(5)), at(10));
        agent.status = switchboard_protocol::AgentStatus::Running;
        let condition = |now, outage| agent_condition_beyond(&agent, at(now), outage);
        let outage = Some(Outage { from: at(12), to: at(100) });
        assert_eq!(condition(115, outage), AgentCondition::Running);
        assert_eq!(condition(116, outage), AgentCondition::Stale);
        assert_eq!(condition(26, None), AgentCondition::Stale);
        let late = Some(Outage { from: at(26), to: at(100) });
        assert_eq!(condition(100, late), AgentCondition::Stale, "it was silent before");
    }

    #[test]
    fn what_has_ended_is_not_silent_and_a_retry_begins_anew() {
        let mut summary = running();
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(10));
        apply_event(&mut summary, &event("agent-complete", 11), at(11));
        assert!(summary.heartbeat_at.is_some());
        assert_eq!(worker_silent_since(&summary, at(1_000)), None);
        apply_event(&mut summary, &event("agent-start", 500), at(500));
        assert_eq!(worker_silent_since(&summary, at(1_000)), None, "the one that retries may not beat");
    }

    // After a hub was away for a while, every execution once looked lost until its worker had reached the hub again.
    #[test]
    fn what_could_not_be_heard_is_no_silence() {
        let mut summary = running();
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(10));
        let outage = Some(Outage { from: at(12), to: at(100) });
        assert_eq!(worker_silent_beyond(&summary, at(100), outage), None);
        assert_eq!(worker_silent_beyond(&summary, at(115), outage), None);
        assert_eq!(worker_silent_beyond(&summary, at(116), outage), Some(at(10)));
        let late = Some(Outage { from: at(26), to: at(100) });
        assert_eq!(worker_silent_beyond(&summary, at(100), late), Some(at(10)), "it was silent before");
        apply_heartbeat(&mut summary, &heartbeat(Some(5)), at(105));
        assert_eq!(worker_silent_beyond(&summary, at(120), outage), None);
        assert_eq!(worker_silent_beyond(&summary, at(121), outage), Some(at(105)));
    }

    #[test]
    fn only_heartbeats_say_that_a_worker_beats() {
        let mut summary = running();
        assert!(!apply_heartbeat(&mut summary, &AgentEvent::of("a".into(), AgentEventKind::Started), at(1)));
        assert_eq!(summary.heartbeat_at, None);
    }
}
