//! The tasks that a page waits for: whichever path answers first, each ends exactly once.
//!
//! ```text
//! connected        a frame brings the end; nothing is asked
//! not connected    the server is asked again and again, by a schedule of growing delays
//! connected again  the server is asked once more, because the frame may have been missed
//! ```
//!
//! A task is in the registry until it ends, and ending takes it out: that is what makes it once. Everything that could go
//! wrong with two paths is a question of order, so there is no I/O here and no clock; [`PendingTasks::handle`] is
//! told what happened and answers what to do.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use switchboard_protocol::{ConversationId, OrganizationId, TaskId, TaskOutcome, TaskResult, Timestamp};

/// How many ends are remembered that nobody waits for. A fast server's frame overtakes the answer that would have told
/// which task to wait for; this is where the frame waits instead.
const EARLY_RESULTS: usize = 256;

/// How many questions are under way at a time: fewer than the six connections that a browser opens to one host over
/// HTTP/1.1, so that sending a message never waits for them.
const MOST_QUESTIONS: usize = 4;

/// How many tasks a page waits for at most. Beyond it the oldest is given up, and said to be.
pub const MOST_PENDING: usize = 10_000;

/// How long to wait before question `attempt` (counted from 0), in milliseconds. The second argument is random, uniform
/// between 0 and 1.
pub type Schedule = fn(attempt: u32, random: f64) -> u64;

/// A task that a page waits for. It is kept by the browser through a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingTask {
    /// Which task.
    pub task_id: TaskId,
    /// Whose. Frames of another organization than the one that the connection follows don't arrive.
    pub organization_id: OrganizationId,
    /// The conversation in which the reply is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Since when the page waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// A connection as it was at one moment. A task that was asked for and registered under the same one cannot have ended
/// unheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectionMark(Option<u64>);

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskInput {
    /// A task is to be waited for. `mark` is of the moment before the server was asked for it.
    Registered {
        /// The task.
        task: PendingTask,
        /// [`PendingTasks::mark`] before the request that made the task.
        mark: ConnectionMark,
    },
    /// The page came back with tasks that it waited for before.
    Restored(Vec<PendingTask>),
    /// Nobody wants the reply any more.
    Removed(TaskId),
    /// The socket is up, and follows this organization.
    Connected(OrganizationId),
    /// It is down.
    Disconnected,
    /// A frame brought an end.
    Frame(TaskResult),
    /// A question was answered.
    Answered {
        /// The question's number, from [`TaskOutput::Ask`].
        question: u64,
        /// The answer.
        answer: TaskAnswer,
    },
    /// The time of [`PendingTasks::deadline`] has come.
    Timer,
}

/// What the server says when it is asked for a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskAnswer {
    /// It is queued or running.
    Open,
    /// It has ended.
    Ended(TaskOutcome),
    /// There is no such task.
    Unknown,
    /// No answer came.
    Unreachable,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskOutput {
    /// Ask the server for the task, and tell the answer with the question's number.
    Ask {
        /// The task.
        task: PendingTask,
        /// The question's number.
        question: u64,
    },
    /// The task has ended. Told once for each task.
    Ended {
        /// The task.
        task: PendingTask,
        /// How.
        end: TaskEnd,
    },
    /// Keep the task through a reload.
    Remember(PendingTask),
    /// It need not be kept any more.
    Forget(TaskId),
}

/// How waiting for a task has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskEnd {
    /// With its result.
    Result(TaskOutcome),
    /// Without: the server does not know the task any more.
    Unknown,
    /// Without: the page waits for too many.
    TooMany,
}

/// The registry.
#[derive(Debug)]
pub struct PendingTasks {
    schedule: Schedule,
    /// Which connection it is, and whom it follows; `None` while there is none.
    connection: Option<(u64, OrganizationId)>,
    connections: u64,
    waiting: BTreeMap<TaskId, Waiting>,
    /// In the order in which they came, so that what is asked first was registered first.
    arrivals: u64,
    /// Ends that came before anybody waited for them.
    early: VecDeque<TaskResult>,
    /// Questions under way.
    questions: BTreeMap<u64, TaskId>,
    asked: u64,
}

#[derive(Debug)]
struct Waiting {
    task: PendingTask,
    arrival: u64,
    /// Questions since the connection last changed.
    attempts: u32,
    /// When to ask next.
    next_at: Option<u64>,
    /// The question whose answer decides when to ask next. Earlier ones may still bring the end.
    question: Option<u64>,
}

impl PendingTasks {
    /// A registry that waits for nothing, and has no connection.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            connection: None,
            connections: 0,
            waiting: BTreeMap::new(),
            arrivals: 0,
            early: VecDeque::new(),
            questions: BTreeMap::new(),
            asked: 0,
        }
    }

    /// The connection as it is now. To be taken before a request that may make a task.
    pub fn mark(&self) -> ConnectionMark {
        ConnectionMark(self.connection.as_ref().map(|(number, _)| *number))
    }

    /// The tasks that are waited for, the oldest first.
    pub fn tasks(&self) -> Vec<&PendingTask> {
        let mut waiting: Vec<_> = self.waiting.values().collect();
        waiting.sort_by_key(|waiting| waiting.arrival);
        waiting.into_iter().map(|waiting| &waiting.task).collect()
    }

    /// Whether the task is waited for.
    pub fn contains(&self, task: &TaskId) -> bool {
        self.waiting.contains_key(task)
    }

    /// When [`TaskInput::Timer`] is due, in the terms of `now`; `None` while nothing is to be asked.
    pub fn deadline(&self) -> Option<u64> {
        let due = || self.waiting.values().filter_map(|waiting| waiting.next_at).min();
        // An answer makes room, and is an input of its own.
        (self.questions.len() < MOST_QUESTIONS).then(due).flatten()
    }

    /// Takes in what happened, and appends what to do to `outputs`. `now` is a monotonic time in milliseconds, `random`
    /// uniform between 0 and 1.
    pub fn handle(&mut self, input: TaskInput, now: u64, random: f64, outputs: &mut Vec<TaskOutput>) {
        match input {
            TaskInput::Registered { task, mark } => self.register(task, mark, now, random, outputs),
            TaskInput::Restored(tasks) => {
                for task in tasks {
                    self.register(task, ConnectionMark::default(), now, random, outputs);
                }
            }
            TaskInput::Removed(task) => {
                if self.waiting.remove(&task).is_some() {
                    outputs.push(TaskOutput::Forget(task));
                }
            }
            TaskInput::Connected(organization) => {
                self.connections += 1;
                self.connection = Some((self.connections, organization));
                self.reschedule(now, random);
            }
            TaskInput::Disconnected => {
                self.connection = None;
                self.reschedule(now, random);
            }
            TaskInput::Frame(result) => self.hear(result, outputs),
            TaskInput::Answered { question, answer } => self.answer(question, answer, now, random, outputs),
            TaskInput::Timer => {}
        }
        self.ask_what_is_due(now, outputs);
    }

    fn register(
        &mut self,
        task: PendingTask,
        mark: ConnectionMark,
        now: u64,
        random: f64,
        outputs: &mut Vec<TaskOutput>,
    ) {
        if self.waiting.contains_key(&task.task_id) {
            return;
        }
        if let Some(place) = self.early.iter().position(|result| result.task_id == task.task_id)
            && let Some(result) = self.early.remove(place)
        {
            // It may have been remembered by an earlier life of the page.
            outputs.push(TaskOutput::Forget(task.task_id.clone()));
            outputs.push(TaskOutput::Ended { task, end: TaskEnd::Result(result.outcome) });
            return;
        }
        outputs.push(TaskOutput::Remember(task.clone()));
        let unbroken = mark.0.is_some() && mark == self.mark();
        let next_at = match (self.hears_of(&task), unbroken) {
            (true, true) => None,
            (true, false) => Some(now),
            (false, _) => Some(now.saturating_add((self.schedule)(0, random))),
        };
        self.arrivals += 1;
        let waiting =
            Waiting { task: task.clone(), arrival: self.arrivals, attempts: 0, next_at, question: None };
        self.waiting.insert(task.task_id, waiting);
        if self.waiting.len() > MOST_PENDING
            && let Some(oldest) = self.waiting.values().min_by_key(|waiting| waiting.arrival)
        {
            let oldest = oldest.task.task_id.clone();
            self.end(&oldest, TaskEnd::TooMany, outputs);
        }
    }

    /// Whether a frame would bring the task's end.
    fn hears_of(&self, task: &PendingTask) -> bool {
        self.connection.as_ref().is_some_and(|(_, followed)| *followed == task.organization_id)
    }

    /// The connection has changed. Where it now brings ends, each task is asked for once, at once: its end may have been
    /// missed. An answer that was under way does not count, because it may be older than the connection. Where it does
    /// not, asking begins.
    fn reschedule(&mut self, now: u64, random: f64) {
        let followed = self.connection.as_ref().map(|(_, followed)| followed.clone());
        for (place, waiting) in self.waiting.values_mut().enumerate() {
            waiting.attempts = 0;
            waiting.question = None;
            waiting.next_at = Some(if followed.as_ref() == Some(&waiting.task.organization_id) {
                now
            } else {
                now.saturating_add((self.schedule)(0, spread(random, place)))
            });
        }
    }

    fn hear(&mut self, result: TaskResult, outputs: &mut Vec<TaskOutput>) {
        if self.waiting.contains_key(&result.task_id) {
            return self.end(&result.task_id.clone(), TaskEnd::Result(result.outcome), outputs);
        }
        if self.early.len() == EARLY_RESULTS {
            self.early.pop_front();
        }
        self.early.push_back(result);
    }

    fn answer(
        &mut self,
        question: u64,
        answer: TaskAnswer,
        now: u64,
        random: f64,
        outputs: &mut Vec<TaskOutput>,
    ) {
        let Some(task) = self.questions.remove(&question) else { return };
        let open = match answer {
            TaskAnswer::Ended(outcome) => return self.end(&task, TaskEnd::Result(outcome), outputs),
            TaskAnswer::Unknown => return self.end(&task, TaskEnd::Unknown, outputs),
            TaskAnswer::Open => true,
            TaskAnswer::Unreachable => false,
        };
        let hears = self.waiting.get(&task).is_some_and(|waiting| self.hears_of(&waiting.task));
        let Some(waiting) = self.waiting.get_mut(&task) else { return };
        if waiting.question != Some(question) {
            return;
        }
        waiting.question = None;
        // One answer closes the hole; from there on the frame comes.
        waiting.next_at = if hears && open {
            None
        } else {
            waiting.attempts = waiting.attempts.saturating_add(1);
            Some(now.saturating_add((self.schedule)(waiting.attempts, random)))
        };
    }

    fn end(&mut self, task: &TaskId, end: TaskEnd, outputs: &mut Vec<TaskOutput>) {
        if let Some(waiting) = self.waiting.remove(task) {
            outputs.push(TaskOutput::Forget(task.clone()));
            outputs.push(TaskOutput::Ended { task: waiting.task, end });
        }
    }

    fn ask_what_is_due(&mut self, now: u64, outputs: &mut Vec<TaskOutput>) {
        while self.questions.len() < MOST_QUESTIONS {
            let due = self.waiting.values_mut().filter(|waiting| waiting.next_at.is_some_and(|at| at <= now));
            let Some(waiting) = due.min_by_key(|waiting| (waiting.next_at, waiting.arrival)) else { return };
            self.asked += 1;
            waiting.next_at = None;
            waiting.question = Some(self.asked);
            self.questions.insert(self.asked, waiting.task.task_id.clone());
            outputs.push(TaskOutput::Ask { task: waiting.task.clone(), question: self.asked });
        }
    }
}

/// Another random number for each place, so that what is rescheduled together does not ask together.
fn spread(random: f64, place: usize) -> f64 {
    // The golden ratio's fraction: its multiples fall far from each other.
    #[expect(clippy::cast_precision_loss, reason = "places are few")]
    let place = place as f64;
    place.mul_add(0.618_033_988_749_895, random).fract()
}
