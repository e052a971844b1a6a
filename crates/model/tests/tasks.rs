//! Waiting for tasks: any order of what can happen, and each ends exactly once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use switchboard_model::{
    ConnectionMark, PendingTask, PendingTasks, TaskAnswer, TaskEnd, TaskInput, TaskOutput,
};
use switchboard_protocol::{OrganizationId, TaskId, TaskOutcome, TaskResult};

/// 1 s, 2 s, 4 s … at most 30 s, without jitter.
fn schedule(attempt: u32, _random: f64) -> u64 {
    1_000_u64.saturating_mul(1 << attempt.min(10)).min(30_000)
}

fn acme() -> OrganizationId {
    "acme".into()
}

fn task(name: &str) -> PendingTask {
    PendingTask {
        task_id: name.into(),
        organization_id: acme(),
        conversation_id: Some("c-1".into()),
        since: None,
    }
}

fn completed() -> TaskOutcome {
    TaskOutcome::Completed { result: None }
}

fn result(name: &str) -> TaskResult {
    TaskResult { task_id: name.into(), organization_id: None, outcome: completed() }
}

/// A registry, a clock, and what it said.
struct Page {
    tasks: PendingTasks,
    now: u64,
    said: Vec<TaskOutput>,
}

impl Page {
    fn new() -> Self {
        Self { tasks: PendingTasks::new(schedule), now: 0, said: Vec::new() }
    }

    fn connected() -> Self {
        let mut page = Self::new();
        page.tell(TaskInput::Connected(acme()));
        page
    }

    /// What follows from an input.
    fn tell(&mut self, input: TaskInput) -> Vec<TaskOutput> {
        let mut outputs = Vec::new();
        self.tasks.handle(input, self.now, 0.5, &mut outputs);
        self.said.extend(outputs.iter().cloned());
        outputs
    }

    fn register(&mut self, name: &str) -> Vec<TaskOutput> {
        let mark = self.tasks.mark();
        self.tell(TaskInput::Registered { task: task(name), mark })
    }

    /// Lets time pass to the next deadline. Answers how much passed, and the questions that are asked then.
    fn wait(&mut self) -> Option<(u64, Vec<u64>)> {
        let deadline = self.tasks.deadline()?;
        let passed = deadline.saturating_sub(self.now);
        self.now = self.now.max(deadline);
        Some((passed, questions(&self.tell(TaskInput::Timer))))
    }

    fn answer(&mut self, question: u64, answer: TaskAnswer) -> Vec<TaskOutput> {
        self.tell(TaskInput::Answered { question, answer })
    }

    fn ends(&self, name: &str) -> usize {
        let is_end = |output: &&TaskOutput| matches!(output, TaskOutput::Ended { task, .. } if task.task_id.as_str() == name);
        self.said.iter().filter(is_end).count()
    }
}

fn questions(outputs: &[TaskOutput]) -> Vec<u64> {
    let number = |output: &TaskOutput| match output {
        TaskOutput::Ask { question, .. } => Some(*question),
        _ => None,
    };
    outputs.iter().filter_map(number).collect()
}

#[test]
fn while_connected_nothing_is_asked_and_the_frame_ends_it() {
    let mut page = Page::connected();
    page.register("t-1");
    assert_eq!(page.tasks.deadline(), None, "nothing will be asked, however long it takes");
    let outputs = page.tell(TaskInput::Frame(result("t-1")));
    assert_eq!(
        outputs,
        [
            TaskOutput::Forget("t-1".into()),
            TaskOutput::Ended { task: task("t-1"), end: TaskEnd::Result(completed()) }
        ]
    );
    assert!(page.tell(TaskInput::Frame(result("t-1"))).is_empty(), "a second frame changes nothing");
    assert!(questions(&page.said).is_empty());
}

#[test]
fn while_not_connected_the_server_is_asked_by_a_growing_schedule() {
    let mut page = Page::new();
    page.register("t-1");
    let mut waits = Vec::new();
    for _ in 0..7 {
        let (waited, questions) = page.wait().unwrap();
        waits.push(waited);
        page.answer(questions[0], TaskAnswer::Open);
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    let (_, questions) = page.wait().unwrap();
    page.answer(questions[0], TaskAnswer::Ended(completed()));
    assert_eq!((page.ends("t-1"), page.tasks.deadline()), (1, None));
}

#[test]
fn a_frame_that_overtakes_the_answer_to_the_message_is_not_lost() {
    let mut page = Page::connected();
    let mark = page.tasks.mark();
    assert!(page.tell(TaskInput::Frame(result("t-1"))).is_empty());
    page.tell(TaskInput::Registered { task: task("t-1"), mark });
    assert_eq!(page.ends("t-1"), 1);
    assert!(!page.said.iter().any(|output| matches!(output, TaskOutput::Remember(_))));
}

#[test]
fn when_the_socket_drops_asking_begins_and_when_it_returns_one_question_closes_the_hole() {
    let mut page = Page::connected();
    page.register("t-1");
    page.tell(TaskInput::Disconnected);
    let (waited, asked) = page.wait().unwrap();
    assert_eq!((waited, asked.len()), (1_000, 1));
    page.answer(asked[0], TaskAnswer::Open);
    let asked = questions(&page.tell(TaskInput::Connected(acme())));
    assert_eq!(asked.len(), 1, "the end may have been missed");
    page.answer(asked[0], TaskAnswer::Open);
    assert_eq!(page.tasks.deadline(), None, "from here on the frame comes");
}

/// The answer to a question from before the connection once counted as the catch-up: a task that ended between that answer
/// and the connection was waited for until the page was reloaded.
#[test]
fn an_answer_from_before_the_connection_closes_no_hole() {
    let mut page = Page::new();
    page.register("t-1");
    let (_, old) = page.wait().unwrap();
    let new = questions(&page.tell(TaskInput::Connected(acme())));
    assert_eq!(new.len(), 1);
    page.answer(old[0], TaskAnswer::Open);
    assert_eq!(page.tasks.deadline(), None);
    page.answer(new[0], TaskAnswer::Ended(completed()));
    assert_eq!(page.ends("t-1"), 1);
}

#[test]
fn a_catch_up_that_gets_no_answer_is_repeated_though_the_socket_is_up() {
    let mut page = Page::new();
    page.register("t-1");
    let asked = questions(&page.tell(TaskInput::Connected(acme())));
    page.answer(asked[0], TaskAnswer::Unreachable);
    let (waited, asked) = page.wait().unwrap();
    assert_eq!(waited, 2_000);
    page.answer(asked[0], TaskAnswer::Open);
    assert_eq!(page.tasks.deadline(), None);
}

#[test]
fn a_message_that_was_sent_before_the_connection_came_is_caught_up_on() {
    let mut page = Page::new();
    let mark = page.tasks.mark();
    page.tell(TaskInput::Connected(acme()));
    let outputs = page.tell(TaskInput::Registered { task: task("t-1"), mark });
    assert_eq!(questions(&outputs).len(), 1);
    let mark = page.tasks.mark();
    page.tell(TaskInput::Disconnected);
    page.tell(TaskInput::Connected(acme()));
    let outputs = page.tell(TaskInput::Registered { task: task("t-2"), mark });
    assert_eq!(questions(&outputs).len(), 1, "another connection is not the same one");
}

#[test]
fn what_was_restored_is_asked_for_and_dropped_when_the_server_does_not_know_it() {
    let mut page = Page::new();
    page.tell(TaskInput::Restored(vec![task("t-1"), task("t-2")]));
    let asked = questions(&page.tell(TaskInput::Connected(acme())));
    assert_eq!(asked.len(), 2);
    let outputs = page.answer(asked[0], TaskAnswer::Unknown);
    assert_eq!(
        outputs,
        [TaskOutput::Forget("t-1".into()), TaskOutput::Ended { task: task("t-1"), end: TaskEnd::Unknown }]
    );
    page.answer(asked[1], TaskAnswer::Open);
    page.tell(TaskInput::Frame(result("t-2")));
    assert_eq!((page.ends("t-1"), page.ends("t-2")), (1, 1));
}

/// Frames of another organization do not arrive: a task there would be waited for in vain, though the socket is up.
#[test]
fn a_task_of_another_organization_is_asked_for_though_the_socket_is_up() {
    let mut page = Page::connected();
    page.register("t-1");
    page.tell(TaskInput::Disconnected);
    page.tell(TaskInput::Connected("globex".into()));
    let (_, asked) = page.wait().unwrap();
    page.answer(asked[0], TaskAnswer::Open);
    assert!(page.tasks.deadline().is_some(), "it is asked for again");
}

#[test]
fn after_a_reconnect_a_thousand_tasks_are_asked_for_a_few_at_a_time() {
    let mut page = Page::connected();
    for number in 0..1_000 {
        page.register(&format!("t-{number}"));
    }
    page.tell(TaskInput::Disconnected);
    let mut waiting = questions(&page.tell(TaskInput::Connected(acme())));
    let mut asked = BTreeSet::new();
    while let Some(question) = waiting.pop() {
        assert!(waiting.len() < 4, "more at a time than a browser has connections");
        assert!(asked.insert(question));
        waiting.extend(questions(&page.answer(question, TaskAnswer::Open)));
    }
    assert_eq!((asked.len(), page.tasks.deadline()), (1_000, None));
}

#[test]
fn what_nobody_wants_any_more_is_forgotten() {
    let mut page = Page::connected();
    page.register("t-1");
    assert_eq!(page.tell(TaskInput::Removed("t-1".into())), [TaskOutput::Forget("t-1".into())]);
    page.tell(TaskInput::Frame(result("t-1")));
    assert_eq!(page.ends("t-1"), 0);
}

#[test]
fn what_is_waited_for_is_bounded_and_what_is_given_up_is_said() {
    let mut page = Page::connected();
    for number in 0..=switchboard_model::MOST_PENDING {
        page.register(&format!("t-{number}"));
    }
    assert_eq!(page.tasks.tasks().len(), switchboard_model::MOST_PENDING);
    assert_eq!(page.ends("t-0"), 1);
    assert_eq!(page.tasks.tasks()[0].task_id.as_str(), "t-1");
}

/// One thing that happens to a page and its server.
#[derive(Debug, Clone)]
enum Step {
    /// A message is sent; its answer comes some steps later.
    Send,
    /// The answer to the oldest unanswered message comes.
    Queued,
    /// The server ends one of its tasks.
    Finish(prop::sample::Index),
    /// The answer to one of the questions arrives: what the server said when it was asked, or now, or nothing.
    Answer(prop::sample::Index, u8),
    Drop,
    Connect,
    /// The page is loaded anew, and comes back with what it remembered.
    Reload,
    /// A frame comes a second time.
    Again(prop::sample::Index),
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let step = prop_oneof![
        3 => Just(Step::Send),
        3 => Just(Step::Queued),
        4 => index().prop_map(Step::Finish),
        4 => (index(), 0..3_u8).prop_map(|(which, what)| Step::Answer(which, what)),
        2 => Just(Step::Drop),
        2 => Just(Step::Connect),
        1 => Just(Step::Reload),
        1 => index().prop_map(Step::Again),
        3 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

/// The server, the network, and a page that may be loaded anew.
struct World {
    page: Page,
    connected: bool,
    /// Tasks of the server, and whether they have ended.
    tasks: BTreeMap<TaskId, bool>,
    /// Messages whose answers are on their way, with the mark that the page took.
    sent: Vec<(TaskId, ConnectionMark)>,
    /// Questions on their way, with what the server said when it was asked.
    asked: Vec<(u64, TaskId, bool)>,
    remembered: BTreeMap<TaskId, PendingTask>,
    registered: BTreeSet<TaskId>,
    ends: BTreeMap<TaskId, usize>,
}

impl World {
    fn new() -> Self {
        Self {
            page: Page::new(),
            connected: false,
            tasks: BTreeMap::new(),
            sent: Vec::new(),
            asked: Vec::new(),
            remembered: BTreeMap::new(),
            registered: BTreeSet::new(),
            ends: BTreeMap::new(),
        }
    }

    fn tell(&mut self, input: TaskInput) {
        let outputs = self.page.tell(input);
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<TaskOutput>) {
        for output in outputs {
            match output {
                TaskOutput::Ask { task, question } => {
                    let ended = self.tasks[&task.task_id];
                    self.asked.push((question, task.task_id, ended));
                }
                TaskOutput::Ended { task, end } => {
                    assert_eq!(end, TaskEnd::Result(completed()), "the server knows them all");
                    assert!(self.tasks[&task.task_id], "{} has not ended", task.task_id);
                    *self.ends.entry(task.task_id).or_default() += 1;
                }
                TaskOutput::Remember(task) => {
                    self.remembered.insert(task.task_id.clone(), task);
                }
                TaskOutput::Forget(task) => {
                    self.remembered.remove(&task);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Send => {
                let id = TaskId::from(format!("t-{}", self.tasks.len()));
                self.tasks.insert(id.clone(), false);
                self.sent.push((id, self.page.tasks.mark()));
            }
            Step::Queued if !self.sent.is_empty() => {
                let (id, mark) = self.sent.remove(0);
                self.registered.insert(id.clone());
                self.tell(TaskInput::Registered { task: task(id.as_str()), mark });
            }
            Step::Finish(which) if !self.tasks.is_empty() => {
                let place = which.index(self.tasks.len());
                let (id, ended) = self.tasks.iter_mut().nth(place).unwrap();
                let (id, before) = (id.clone(), std::mem::replace(ended, true));
                if !before && self.connected {
                    self.tell(TaskInput::Frame(result(id.as_str())));
                }
            }
            Step::Again(which) if !self.tasks.is_empty() && self.connected => {
                let (id, ended) = self.tasks.iter().nth(which.index(self.tasks.len())).unwrap();
                if *ended {
                    self.tell(TaskInput::Frame(result(&id.to_string())));
                }
            }
            Step::Answer(which, what) if !self.asked.is_empty() => {
                let (question, id, then) = self.asked.remove(which.index(self.asked.len()));
                let answer = match what {
                    0 if then => TaskAnswer::Ended(completed()),
                    1 if self.tasks[&id] => TaskAnswer::Ended(completed()),
                    2 => TaskAnswer::Unreachable,
                    _ => TaskAnswer::Open,
                };
                self.tell(TaskInput::Answered { question, answer });
            }
            Step::Drop if self.connected => {
                self.connected = false;
                self.tell(TaskInput::Disconnected);
            }
            Step::Connect if !self.connected => {
                self.connected = true;
                self.tell(TaskInput::Connected(acme()));
            }
            Step::Reload => {
                // What was on its way to the old page is lost with it; a message without an answer is the composer's.
                self.page = Page::new();
                (self.asked, self.connected) = (Vec::new(), false);
                self.sent.clear();
                let remembered = self.remembered.values().cloned().collect();
                self.tell(TaskInput::Restored(remembered));
            }
            Step::Wait => {
                if let Some(deadline) = self.page.tasks.deadline() {
                    self.page.now = self.page.now.max(deadline);
                    self.tell(TaskInput::Timer);
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: once everything has ended and the server can be reached again, each
    /// task that the page ever waited for has ended for it exactly once.
    #[test]
    fn in_any_order_each_task_ends_exactly_once(steps in steps(), connect_last in any::<bool>()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            for (task, ends) in &world.ends {
                prop_assert!(*ends <= 1, "{task} ended {ends} times");
            }
        }
        while !world.sent.is_empty() {
            world.step(&Step::Queued);
        }
        let all: Vec<_> = world.tasks.keys().cloned().collect();
        for task in all {
            world.tasks.insert(task, true);
        }
        // Those ends were all missed; either path must find them.
        if world.connected {
            world.step(&Step::Drop);
        }
        if connect_last {
            world.step(&Step::Connect);
        }
        for _ in 0..10_000 {
            if let Some((question, ..)) = world.asked.pop() {
                world.tell(TaskInput::Answered { question, answer: TaskAnswer::Ended(completed()) });
            } else if world.page.tasks.deadline().is_some() {
                world.step(&Step::Wait);
            } else {
                break;
            }
        }
        for task in &world.registered {
            prop_assert_eq!(world.ends.get(task), Some(&1), "{} did not end once", task);
        }
        prop_assert!(world.remembered.is_empty(), "kept for a reload: {:?}", world.remembered);
        prop_assert!(world.page.tasks.tasks().is_empty());
    }

    /// While one connection lasts, nothing is asked about what was sent over its time.
    #[test]
    fn while_one_connection_lasts_nothing_is_asked(order in prop::collection::vec(0..3_u8, 1..60)) {
        let mut world = World::new();
        world.step(&Step::Connect);
        for choice in order {
            match choice {
                0 => world.step(&Step::Send),
                1 => world.step(&Step::Queued),
                _ => {
                    if let Some(task) = world.tasks.iter().find(|(_, ended)| !**ended).map(|(task, _)| task.clone()) {
                        world.tasks.insert(task.clone(), true);
                        world.tell(TaskInput::Frame(result(task.as_str())));
                    }
                }
            }
            prop_assert!(world.asked.is_empty());
            prop_assert_eq!(world.page.tasks.deadline(), None);
        }
    }
}
