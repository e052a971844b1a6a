//! How an agent is: said at its turning points, and by a heartbeat in between.

use std::{
    convert::Infallible,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use switchboard_protocol::{
    AgentEvent, AgentEventKind, AgentId, AgentStatus, Envelope, ExecutionId, Frame, Json, NamedEntity,
    Object, OrganizationId,
};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use super::{
    event::{Event, Kind},
    outbox::Outbox,
};
use crate::clock::now;

/// The longest task that a heartbeat tells, in characters: a line of a table.
const LONGEST_TASK: usize = 200;
/// The longest error, in characters.
const LONGEST_ERROR: usize = 500;
/// The longest name of an agent that a hub takes, in bytes.
const LONGEST_NAME: usize = 256;

/// An agent as it reports itself.
///
/// **Its identifier is its name**, and not one made for each run: whoever looks for the agent looks for one row, and not for
/// a row for each time that it ran. Two runs of one agent at the same time therefore share it. That is why each frame
/// names the execution: the end of one is the end of the agent only where no other beats under that name, which whoever
/// folds the frames decides (`switchboard_model::apply_agent_event`). No run can know of the others.
#[derive(Debug)]
pub struct Pulse {
    agent: AgentId,
    department: Option<NamedEntity>,
    organization: Option<OrganizationId>,
    /// How often it beats, in seconds; 0 is never, and then nothing else is said of the agent either.
    every: u64,
    /// What all ids of its reports begin with.
    prefix: String,
    next: AtomicU64,
    state: Mutex<State>,
    /// Something began that is worth a beat at once.
    begun: Notify,
}

#[derive(Debug)]
struct State {
    status: AgentStatus,
    task: String,
    execution: Option<ExecutionId>,
    /// Whether the command has said something, so that its last words may explain its end.
    last_words: Option<String>,
}

impl Pulse {
    /// An agent that beats every so many seconds.
    pub fn new(
        name: &str,
        department: Option<NamedEntity>,
        organization: Option<OrganizationId>,
        every: u64,
    ) -> Self {
        let agent = sayable(name);
        // A hub takes no nameless agent, and would say so again and again.
        let every = if agent.trim().is_empty() { 0 } else { every };
        let state =
            State { status: AgentStatus::Running, task: String::new(), execution: None, last_words: None };
        Self {
            agent: agent.into(),
            department,
            organization,
            every,
            prefix: uuid::Uuid::now_v7().simple().to_string(),
            next: AtomicU64::new(1),
            state: Mutex::new(state),
            begun: Notify::new(),
        }
    }

    /// It works on an execution, which is about `title` until the command says more.
    pub fn works_on(&self, execution: &ExecutionId, title: &str) {
        *self.state() = State {
            status: AgentStatus::Running,
            task: shortened(title, LONGEST_TASK),
            execution: Some(execution.clone()),
            last_words: None,
        };
    }

    /// The command has written a line. What it said last is what it is doing: that tells a watcher more than a title,
    /// which stands on the execution's page.
    pub fn said(&self, line: &str) {
        let mut state = self.state();
        state.task = shortened(line.trim(), LONGEST_TASK);
        state.last_words = Some(state.task.clone());
    }

    /// It works on nothing, and waits.
    pub fn waits(&self, status: AgentStatus, task: String) {
        *self.state() = State { status, task, execution: None, last_words: None };
        self.begin();
    }

    /// Beats at once, and from now on in its rhythm.
    pub fn begin(&self) {
        self.begun.notify_one();
    }

    /// Beats for as long as it is polled.
    pub async fn beat(&self, outbox: &Outbox) -> Infallible {
        if self.every == 0 {
            return std::future::pending().await;
        }
        self.begun.notified().await;
        let mut rhythm = interval(Duration::from_secs(self.every));
        rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rhythm.tick() => {}
                () = self.begun.notified() => rhythm.reset(),
            }
            outbox.beat(self.heartbeat());
        }
    }

    /// That it started.
    pub fn started(&self) -> Event {
        self.event(AgentEventKind::Started, Kind::Lifecycle)
    }

    /// That it stopped.
    pub fn stopped(&self, kind: Kind) -> Event {
        self.event(AgentEventKind::Stopped, kind)
    }

    /// That it failed, and why, with the command's last words.
    pub fn failed(&self, why: &str, kind: Kind) -> Event {
        let error = match &self.state().last_words {
            Some(words) => format!("{why}; its last line was: {words}"),
            None => why.to_owned(),
        };
        self.event(AgentEventKind::Error { error: Some(shortened(&error, LONGEST_ERROR)) }, kind)
    }

    /// Whether anything is said of the agent.
    pub fn is_on(&self) -> bool {
        self.every > 0
    }

    fn heartbeat(&self) -> Event {
        let (status, task) = {
            let state = self.state();
            (state.status, state.task.clone())
        };
        let heartbeat = AgentEventKind::Heartbeat {
            status: Some(status),
            current_task: Some(task).filter(|task| !task.is_empty()),
            heartbeat_seconds: Some(self.every),
        };
        self.event(heartbeat, Kind::Beat)
    }

    fn event(&self, what: AgentEventKind, kind: Kind) -> Event {
        let event = AgentEvent {
            timestamp: Some(now()),
            department: self.department.clone(),
            execution_id: self.state().execution.clone(),
            ..AgentEvent::of(self.agent.clone(), what)
        };
        let id = format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        // Strings and numbers: there is nothing here that JSON cannot write.
        Event { line: self.line(event, &id).unwrap_or_default().into(), kind }
    }

    fn line(&self, event: AgentEvent, id: &str) -> Option<String> {
        let text = Envelope::unsequenced(Frame::AgentEvent(event)).encode().ok()?;
        let mut report = Object::parse(&text).ok()?;
        report.set("id", &Json::write(&id).ok()?);
        if let Some(organization) = &self.organization {
            report.set("organizationId", &Json::write(organization).ok()?);
        }
        report.to_json().ok().map(|report| report.text().to_owned())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name as a hub takes it: without control characters, and not too long.
fn sayable(name: &str) -> String {
    let mut sayable = String::new();
    for character in name.chars().filter(|character| !character.is_control()) {
        if sayable.len() + character.len_utf8() > LONGEST_NAME {
            break;
        }
        sayable.push(character);
    }
    sayable
}

/// A text of at most so many characters.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::decode;

    use super::*;
    use crate::command::work::outbox::Limits;

    fn outbox() -> Outbox {
        Outbox::new(Limits { events: 10, bytes: 100_000, patience: Duration::ZERO })
    }

    fn read(event: &Event) -> AgentEvent {
        match decode(&event.line).unwrap().frame {
            Frame::AgentEvent(event) => event,
            other => panic!("{other:?}"),
        }
    }

    fn task(event: &Event) -> Option<String> {
        match read(event).kind {
            AgentEventKind::Heartbeat { current_task, .. } => current_task,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_heartbeat_is_a_frame_that_names_its_execution_and_its_rhythm() {
        let pulse = Pulse::new("crawler", Some(NamedEntity::named("tools")), Some("acme".into()), 7);
        pulse.works_on(&"e-1".into(), "Nightly");
        let beat = pulse.heartbeat();
        assert_eq!(decode(&beat.line).unwrap().organization_id, Some("acme".into()));
        assert!(Object::parse(&beat.line).unwrap().has("id"), "sent twice, it is stored once");
        let event = read(&beat);
        assert_eq!((event.agent_id, event.execution_id), ("crawler".into(), Some("e-1".into())));
        assert_eq!(event.department, Some(NamedEntity::named("tools")));
        let status = Some(AgentStatus::Running);
        let current_task = Some("Nightly".to_owned());
        assert_eq!(
            event.kind,
            AgentEventKind::Heartbeat { status, current_task, heartbeat_seconds: Some(7) }
        );
    }

    #[tokio::test(start_paused = true)]
    async fn it_beats_from_the_beginning_in_its_rhythm_with_what_was_said_last() {
        let (pulse, outbox) = (Pulse::new("a", None, None, 20), outbox());
        pulse.works_on(&"e-1".into(), "Nightly");
        let watch = async {
            pulse.begin();
            let began = tokio::time::Instant::now();
            let first = outbox.take().await.unwrap();
            assert_eq!(task(&first[0]).as_deref(), Some("Nightly"));
            pulse.said("  page 7 of 9  ");
            pulse.said(&"x".repeat(10_000));
            let second = outbox.take().await.unwrap();
            assert!(began.elapsed() >= Duration::from_secs(20), "{:?}", began.elapsed());
            assert_eq!(task(&second[0]).unwrap().chars().count(), LONGEST_TASK + 1);
            assert!(pulse.failed("exited with code 3", Kind::Beat).line.contains("its last line was: xxx"));
        };
        tokio::select! {
            never = pulse.beat(&outbox) => match never {},
            () = watch => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rhythm_or_a_name_nothing_is_said() {
        for pulse in [Pulse::new("a", None, None, 0), Pulse::new(" \n", None, None, 20)] {
            let outbox = outbox();
            pulse.begin();
            assert!(!pulse.is_on());
            tokio::select! {
                never = pulse.beat(&outbox) => match never {},
                _ = outbox.take() => panic!("it said something"),
                () = tokio::time::sleep(Duration::from_hours(1)) => {}
            }
        }
    }

    #[test]
    fn a_name_that_no_hub_would_take_is_made_one() {
        let pulse = Pulse::new(&format!("a\nb{}", "ä".repeat(1_000)), None, None, 1);
        let agent = read(&pulse.heartbeat()).agent_id;
        assert!(agent.as_str().starts_with("abä") && agent.as_str().len() <= LONGEST_NAME);
    }
}
