//! What is known of one agent, folded over its events, and what its silence means.

use switchboard_protocol::{
    AgentEvent, AgentEventKind, AgentStatus, ExecutionId, NamedEntity, Timestamp,
    rest::{AgentExecution, AgentSummary},
};

use crate::agent_id::is_short;

/// How often an agent is taken to beat while nothing shows it, in milliseconds: the hub's own heartbeat (wire contract,
/// part 2).
pub const DEFAULT_HEARTBEAT_MS: u64 = 20_000;

/// An agent that missed this many heartbeats is stale (wire contract, part 1).
pub const MISSED_HEARTBEATS: u64 = 3;

/// How many heartbeats are kept of an agent: what a sparkline shows.
pub const BEATS_KEPT: usize = 30;

/// What an interval between heartbeats may be, in milliseconds: 1 s to 1 h. Less is a burst, and more would let a dead agent
/// look alive for hours.
const SANE_HEARTBEAT_MS: (u64, u64) = (1_000, 3_600_000);

/// How many executions are told apart that are worked on under one name. Those that were not heard of for longest go first.
const MOST_EXECUTIONS: usize = 16;

/// The longest task, error or department that is kept of an agent, in characters: lists hold a thousand agents.
const LONGEST_TEXT: usize = 500;

/// From how many of the latest intervals the usual one is taken.
const INTERVALS_LOOKED_AT: usize = 8;

/// How an agent is, as a page shows it: its own word, unless it has fallen silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentCondition {
    /// At work.
    Running,
    /// Waiting for work.
    Idle,
    /// Ended.
    Stopped,
    /// Failed.
    Error,
    /// It said that it is at work or waits, and has been silent for longer than three heartbeats.
    Stale,
}

impl AgentCondition {
    /// The condition as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Idle => "idle",
            Self::Stopped => "stopped",
            Self::Error => "error",
            Self::Stale => "stale",
        }
    }
}

/// Folds one event into what is known of its agent. `received_at` is when it was received here, by the clock by which the event says
/// when it was heard: the hub's, where there is one.
///
/// * An agent that beats is alive: a heartbeat without a status, or with one that nobody knows, leaves the status as it is, except
///   that one which had stopped runs again.
/// * An error stays until the agent says that it is otherwise: by a status, by starting, or by stopping.
/// * How often it beats is what its latest heartbeat says. One that says nothing takes back what an earlier one said: it may be
///   another worker's.
/// * A task stays until a heartbeat names another or none, or the agent stops.
/// * Several runs of a program may share an agent's name. The end of one that names its execution, a stop or an error, ends
///   the agent only where no other execution is worked on under that name; else the agent is as the one that was heard of
///   last.
pub fn apply_agent_event(summary: &mut AgentSummary, event: &AgentEvent, received_at: Timestamp) {
    let status_before = summary.status;
    let execution = event.execution_id.as_ref().filter(|id| is_short(id.as_str()));
    let heard = heard_at(event, received_at);
    let at = event.timestamp.unwrap_or(heard);
    summary.heard_at = Some(latest_sign(summary.heard_at, heard, received_at));
    if event.department.is_some() {
        summary.department = event.department.as_ref().map(shortened_entity);
    }
    forget_silent(summary, heard);
    match &event.kind {
        AgentEventKind::Heartbeat { status, current_task, heartbeat_seconds } => {
            summary.last_heartbeat = Some(at);
            summary.heartbeat_seconds = *heartbeat_seconds;
            beat(&mut summary.beats, heard);
            summary.status = match (status, summary.status) {
                (Some(status), _) => *status,
                (None, AgentStatus::Stopped) => AgentStatus::Running,
                (None, status) => status,
            };
            summary.current_task = said(current_task.as_deref());
            summary.execution_id = execution.cloned();
            work_on(summary, execution, *heartbeat_seconds, heard);
            if summary.status != AgentStatus::Error {
                summary.error = None;
            }
        }
        AgentEventKind::Started => {
            summary.status = AgentStatus::Running;
            summary.started_at = Some(at);
            summary.error = None;
            summary.execution_id = execution.cloned();
            work_on(summary, execution, None, heard);
        }
        AgentEventKind::Stopped | AgentEventKind::Error { .. }
            if others_go_on(summary, event.execution_id.as_ref()) => {}
        AgentEventKind::Stopped => {
            summary.status = AgentStatus::Stopped;
            summary.error = None;
            summary.current_task = None;
            summary.execution_id = None;
            summary.executions.clear();
        }
        AgentEventKind::Error { error } => {
            summary.status = AgentStatus::Error;
            summary.error = said(error.as_deref());
        }
    }
    let is_failure = matches!(event.kind, AgentEventKind::Error { .. });
    if summary.status != status_before || summary.status_since.is_none() || is_failure {
        summary.status_since = Some(at);
    }
}

/// How often an agent beats, in milliseconds: what it says, else what its latest heartbeats show, else
/// [`DEFAULT_HEARTBEAT_MS`].
pub fn heartbeat_ms(summary: &AgentSummary) -> u64 {
    match (summary.heartbeat_seconds, usual_interval(&summary.beats)) {
        (None, Some(usual)) => usual.clamp(SANE_HEARTBEAT_MS.0, SANE_HEARTBEAT_MS.1),
        (said, _) => sane_heartbeat_ms(said),
    }
}

/// An interval that somebody says, or the usual one, in milliseconds and within reason.
pub(crate) fn sane_heartbeat_ms(seconds: Option<u64>) -> u64 {
    let said = seconds.map(|seconds| seconds.saturating_mul(1_000));
    said.unwrap_or(DEFAULT_HEARTBEAT_MS).clamp(SANE_HEARTBEAT_MS.0, SANE_HEARTBEAT_MS.1)
}

/// Since when an agent that should beat has been silent; `None` while it is not, or need not beat.
pub fn silent_since(summary: &AgentSummary, now: Timestamp) -> Option<Timestamp> {
    let heard = summary.heard_at?;
    let beats = matches!(summary.status, AgentStatus::Running | AgentStatus::Idle);
    let patience = heartbeat_ms(summary).saturating_mul(MISSED_HEARTBEATS);
    (beats && now.millis_since(heard) > patience).then_some(heard)
}

/// How an agent is at a moment, by the clock of whoever looks.
pub fn agent_condition(summary: &AgentSummary, now: Timestamp) -> AgentCondition {
    if silent_since(summary, now).is_some() {
        return AgentCondition::Stale;
    }
    match summary.status {
        AgentStatus::Running => AgentCondition::Running,
        AgentStatus::Idle => AgentCondition::Idle,
        AgentStatus::Stopped => AgentCondition::Stopped,
        AgentStatus::Error => AgentCondition::Error,
    }
}

/// The same for who has listened since `listening_since` only, and has no hub that says what happened before: an agent that was not
/// listened to was not silent.
pub fn agent_condition_since(
    summary: &AgentSummary,
    now: Timestamp,
    listening_since: Timestamp,
) -> AgentCondition {
    let patience = heartbeat_ms(summary).saturating_mul(MISSED_HEARTBEATS);
    let too_short = now.millis_since(listening_since) <= patience;
    agent_condition(summary, if too_short { summary.heard_at.unwrap_or(now) } else { now })
}

/// When an event was heard: as the hub says, where it does, and never later than now, whatever clocks say.
pub(crate) fn heard_at(event: &AgentEvent, received_at: Timestamp) -> Timestamp {
    event.received_at.unwrap_or(received_at).min(received_at)
}

/// The latest of two signs of life. One that lies in the future was told by a clock that has been set back since, and must not put off
/// the silence until that time has come again.
pub(crate) fn latest_sign(known: Option<Timestamp>, heard: Timestamp, received_at: Timestamp) -> Timestamp {
    known.map_or(heard, |known| known.min(received_at).max(heard))
}

/// An execution is worked on under the agent's name. The one that was heard of last stands last.
fn work_on(
    summary: &mut AgentSummary,
    execution: Option<&ExecutionId>,
    heartbeat_seconds: Option<u64>,
    heard: Timestamp,
) {
    let Some(execution) = execution else { return };
    summary.executions.retain(|known| known.execution_id != *execution);
    if summary.executions.len() >= MOST_EXECUTIONS {
        summary.executions.remove(0);
    }
    summary.executions.push(AgentExecution {
        execution_id: execution.clone(),
        heard_at: heard,
        heartbeat_seconds,
        current_task: summary.current_task.clone(),
    });
}

/// One of the executions has ended. Answers whether others go on, and then shows the one that was heard of last.
fn others_go_on(summary: &mut AgentSummary, ended: Option<&ExecutionId>) -> bool {
    // Who names no execution speaks for the agent as a whole.
    let Some(ended) = ended else { return false };
    summary.executions.retain(|known| known.execution_id != *ended);
    let Some(latest) = summary.executions.last() else { return false };
    summary.execution_id = Some(latest.execution_id.clone());
    summary.current_task.clone_from(&latest.current_task);
    summary.heartbeat_seconds = latest.heartbeat_seconds;
    true
}

/// Forgets executions whose workers fell silent: a killed one never says that it ended, and must not keep the others' end
/// from being the agent's. Each has its own rhythm, which another's must not cut short.
fn forget_silent(summary: &mut AgentSummary, now: Timestamp) {
    let unsaid = heartbeat_ms(summary);
    summary.executions.retain(|known| {
        let interval = known.heartbeat_seconds.map_or(unsaid, |said| sane_heartbeat_ms(Some(said)));
        now.millis_since(known.heard_at) <= interval.saturating_mul(MISSED_HEARTBEATS)
    });
}

/// What is said, unless it is blank; shortened, because a list holds many.
fn said(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(shortened)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn shortened_entity(entity: &NamedEntity) -> NamedEntity {
    NamedEntity { id: shortened(&entity.id), name: shortened(&entity.name) }
}

fn beat(beats: &mut Vec<Timestamp>, at: Timestamp) {
    if beats.len() >= BEATS_KEPT {
        let excess = beats.len() + 1 - BEATS_KEPT;
        beats.drain(..excess);
    }
    beats.push(at);
}

/// The median of the latest intervals: one that was missed, or a burst after a pause, does not move it.
fn usual_interval(beats: &[Timestamp]) -> Option<u64> {
    let pairs = beats.iter().zip(beats.iter().skip(1));
    let mut intervals: Vec<u64> =
        pairs.rev().take(INTERVALS_LOOKED_AT).map(|(earlier, later)| later.millis_since(*earlier)).collect();
    intervals.sort_unstable();
    intervals.get(intervals.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: AgentEventKind) -> AgentEvent {
        AgentEvent::of("a-1".into(), kind)
    }

    fn heartbeat(status: Option<AgentStatus>, task: Option<&str>) -> AgentEvent {
        let current_task = task.map(str::to_owned);
        event(AgentEventKind::Heartbeat { status, current_task, heartbeat_seconds: None })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn agent() -> AgentSummary {
        AgentSummary::of("acme".into(), "a-1".into())
    }

    #[test]
    fn an_agent_from_start_to_stop() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &event(AgentEventKind::Started), at(0));
        assert_eq!((agent.status, agent.started_at), (AgentStatus::Running, Some(at(0))));
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), Some("mail")), at(20));
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), Some("mail")), at(40));
        assert_eq!(agent.status_since, Some(at(0)), "a mere beat is no change");
        assert_eq!((agent.last_heartbeat, agent.current_task.as_deref()), (Some(at(40)), Some("mail")));
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Idle), None), at(60));
        assert_eq!((agent.status, &agent.current_task), (AgentStatus::Idle, &None));
        apply_agent_event(&mut agent, &event(AgentEventKind::Stopped), at(61));
        assert_eq!(agent_condition(&agent, at(10_000)), AgentCondition::Stopped, "who stopped need not beat");
    }

    #[test]
    fn an_error_stays_until_the_agent_says_otherwise() {
        let mut agent = agent();
        apply_agent_event(
            &mut agent,
            &event(AgentEventKind::Error { error: Some("disk full".into()) }),
            at(0),
        );
        apply_agent_event(&mut agent, &heartbeat(None, None), at(20));
        assert_eq!((agent.status, agent.error.as_deref()), (AgentStatus::Error, Some("disk full")));
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), None), at(40));
        assert_eq!((agent.status, agent.error.as_deref()), (AgentStatus::Running, None));
    }

    // A run that failed and one that succeeded after it, both too short for a heartbeat, left "stopped" with the first one's error.
    #[test]
    fn who_stops_has_no_error_any_more() {
        let mut agent = agent();
        apply_agent_event(
            &mut agent,
            &event(AgentEventKind::Error { error: Some("exit code 1".into()) }),
            at(0),
        );
        apply_agent_event(&mut agent, &event(AgentEventKind::Stopped), at(1));
        assert_eq!((agent.status, agent.error), (AgentStatus::Stopped, None));
    }

    #[test]
    fn who_stopped_and_beats_runs_again() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &event(AgentEventKind::Stopped), at(0));
        apply_agent_event(&mut agent, &heartbeat(None, None), at(1));
        assert_eq!(agent.status, AgentStatus::Running);
    }

    #[test]
    fn three_missed_heartbeats_make_it_stale_by_its_own_interval() {
        let mut agent = agent();
        for second in [0, 5, 10, 15, 20] {
            apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), None), at(second));
        }
        assert_eq!(agent_condition(&agent, at(35)), AgentCondition::Running);
        assert_eq!(agent_condition(&agent, at(36)), AgentCondition::Stale);
        assert_eq!(silent_since(&agent, at(36)), Some(at(20)));
        agent.heartbeat_seconds = Some(60);
        assert_eq!(agent_condition(&agent, at(36)), AgentCondition::Running, "what it says wins");
    }

    #[test]
    fn without_an_interval_the_usual_one_is_assumed() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &event(AgentEventKind::Started), at(0));
        assert_eq!(agent_condition(&agent, at(60)), AgentCondition::Running);
        assert_eq!(agent_condition(&agent, at(61)), AgentCondition::Stale);
    }

    // After a break of the connection every agent looked dead, though nobody had listened to it.
    #[test]
    fn who_was_not_listened_to_was_not_silent() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), None), at(0));
        let condition = |now| agent_condition_since(&agent, at(now), at(600));
        assert_eq!(condition(660), AgentCondition::Running);
        assert_eq!(condition(661), AgentCondition::Stale);
        assert_eq!(agent_condition(&agent, at(61)), AgentCondition::Stale);
    }

    // An agent whose clock is an hour ahead looked alive for an hour after its death, and one whose clock is behind never did.
    #[test]
    fn an_agents_own_clock_does_not_decide_whether_it_is_stale() {
        for hours in [-1, 1] {
            let mut agent = agent();
            let mut beat = heartbeat(Some(AgentStatus::Running), None);
            beat.timestamp = Some(at(hours * 3_600));
            apply_agent_event(&mut agent, &beat, at(0));
            assert_eq!(agent_condition(&agent, at(60)), AgentCondition::Running);
            assert_eq!(agent_condition(&agent, at(61)), AgentCondition::Stale);
        }
    }

    #[test]
    fn what_a_replay_brings_is_as_old_as_the_hub_says() {
        let mut agent = agent();
        let mut beat = heartbeat(Some(AgentStatus::Running), None);
        beat.received_at = Some(at(0));
        apply_agent_event(&mut agent, &beat, at(600));
        assert_eq!(agent_condition(&agent, at(600)), AgentCondition::Stale);
        let mut ahead = beat;
        ahead.received_at = Some(at(9_000));
        apply_agent_event(&mut agent, &ahead, at(600));
        assert_eq!(agent.heard_at, Some(at(600)), "a hub whose clock is ahead does not put off the silence");
    }

    // A hub whose clock was set back by an hour kept a killed agent alive for an hour.
    #[test]
    fn a_clock_that_is_set_back_does_not_put_off_the_silence() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), None), at(3_600));
        apply_agent_event(&mut agent, &heartbeat(Some(AgentStatus::Running), None), at(20));
        assert_eq!(agent.heard_at, Some(at(20)));
        assert_eq!(agent_condition(&agent, at(81)), AgentCondition::Stale);
    }

    #[test]
    fn beats_are_bounded_and_a_pause_does_not_move_the_usual_interval() {
        let mut agent = agent();
        for second in (0..200).chain(1_000..1_004) {
            apply_agent_event(&mut agent, &heartbeat(None, None), at(second * 2));
        }
        assert_eq!(agent.beats.len(), BEATS_KEPT);
        assert_eq!(heartbeat_ms(&agent), 2_000);
    }

    fn heartbeat_every(seconds: Option<u64>) -> AgentEvent {
        event(AgentEventKind::Heartbeat {
            status: Some(AgentStatus::Running),
            current_task: None,
            heartbeat_seconds: seconds,
        })
    }

    // An interval of one second that was said once held for ever: a worker that beat every 30 s after it was stale most of the time.
    #[test]
    fn an_interval_that_is_not_said_any_more_is_taken_from_the_beats() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &heartbeat_every(Some(1)), at(0));
        assert_eq!(heartbeat_ms(&agent), 1_000);
        for second in [30, 60, 90] {
            apply_agent_event(&mut agent, &heartbeat_every(None), at(second));
        }
        assert_eq!(heartbeat_ms(&agent), 30_000);
    }

    // The quickest of several runs decided how soon the others were forgotten, so its end was taken for the end of all.
    #[test]
    fn each_run_of_a_name_has_its_own_rhythm() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &of_execution("slow", heartbeat_every(Some(60))), at(0));
        apply_agent_event(&mut agent, &of_execution("quick", heartbeat_every(Some(1))), at(10));
        apply_agent_event(&mut agent, &of_execution("quick", event(AgentEventKind::Stopped)), at(11));
        assert_eq!((agent.status, &agent.execution_id), (AgentStatus::Running, &Some("slow".into())));
        assert_eq!(agent_condition(&agent, at(60)), AgentCondition::Running, "it beats every minute");
    }

    // Identifiers that a daemon's connection brings were kept however long they were: 16 of 200 kB for each of 1,000 agents.
    #[test]
    fn an_execution_with_an_absurd_name_is_not_kept() {
        let mut agent = agent();
        let long = "e".repeat(200_000);
        apply_agent_event(&mut agent, &of_execution(&long, event(AgentEventKind::Started)), at(0));
        apply_agent_event(&mut agent, &of_execution(&long, heartbeat(None, None)), at(1));
        assert_eq!((agent.execution_id, agent.executions), (None, Vec::new()));
    }

    fn of_execution(execution: &str, event: AgentEvent) -> AgentEvent {
        AgentEvent { execution_id: Some(execution.into()), ..event }
    }

    #[test]
    fn the_end_of_one_run_is_not_the_end_of_the_others_of_that_name() {
        for end in [AgentEventKind::Stopped, AgentEventKind::Error { error: Some("disk full".into()) }] {
            let mut agent = agent();
            let beat = |task| heartbeat(Some(AgentStatus::Running), Some(task));
            apply_agent_event(&mut agent, &of_execution("e-1", beat("one")), at(0));
            apply_agent_event(&mut agent, &of_execution("e-2", beat("two")), at(1));
            apply_agent_event(&mut agent, &of_execution("e-2", event(end.clone())), at(2));
            assert_eq!((agent.status, agent.error.as_deref()), (AgentStatus::Running, None));
            assert_eq!(agent.execution_id, Some("e-1".into()));
            assert_eq!(agent.current_task.as_deref(), Some("one"));
            apply_agent_event(&mut agent, &of_execution("e-1", event(end.clone())), at(3));
            assert_ne!(agent.status, AgentStatus::Running, "the last one ends the agent");
            assert!(agent.executions.is_empty());
        }
    }

    #[test]
    fn a_killed_run_does_not_keep_the_agent_from_stopping() {
        let mut agent = agent();
        apply_agent_event(&mut agent, &of_execution("killed", heartbeat(None, None)), at(0));
        for second in [20, 40, 60, 80] {
            apply_agent_event(&mut agent, &of_execution("e-2", heartbeat(None, None)), at(second));
        }
        apply_agent_event(&mut agent, &of_execution("e-2", event(AgentEventKind::Stopped)), at(81));
        assert_eq!(agent.status, AgentStatus::Stopped);
    }

    #[test]
    fn runs_of_one_name_and_what_is_kept_of_them_are_bounded() {
        let mut agent = agent();
        let long = "ä".repeat(100_000);
        for number in 0..1_000 {
            let beat = heartbeat(None, Some(&long));
            apply_agent_event(&mut agent, &of_execution(&format!("e-{number}"), beat), at(1));
        }
        assert_eq!(agent.executions.len(), MOST_EXECUTIONS);
        assert_eq!(agent.executions.last().unwrap().execution_id, "e-999".into());
        assert_eq!(agent.current_task.unwrap().chars().count(), LONGEST_TEXT + 1);
    }
}
