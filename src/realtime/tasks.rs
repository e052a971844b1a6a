//! The browser around the registry of pending tasks: carries out what `switchboard_model::PendingTasks` decides.
//!
//! It lives in the provider, so that a reply is awaited whichever page is shown.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use futures::future::{Either, select};
use gloo_timers::{callback::Timeout, future::TimeoutFuture};
use leptos::prelude::*;
use switchboard_link::Backoff;
use switchboard_model::{
    ConnectionMark, PendingTask, PendingTasks, TaskAnswer, TaskEnd, TaskInput, TaskOutput,
};
use switchboard_protocol::{OrganizationId, TaskId};

use super::{clock, task_storage};
use crate::api::{ApiClient, ApiError};

/// How long an answer may take, in milliseconds. A connection that only looks alive would hold its place for ever.
const ANSWER_MS: u32 = 15_000;

/// Called when a task has ended.
type OnEnd = dyn Fn(&PendingTask, &TaskEnd);

/// The registry, its timer, and who listens.
pub(super) struct Tasks {
    api: ApiClient,
    pending: RefCell<PendingTasks>,
    ids: RwSignal<Vec<TaskId>>,
    listeners: RefCell<Vec<Rc<OnEnd>>>,
    timer: RefCell<Option<(u64, Timeout)>>,
    /// What was remembered is asked for once the provider stands.
    restored: Cell<bool>,
    this: Weak<Self>,
}

/// Hears of ends until it is dropped.
#[must_use = "dropping it ends it"]
pub struct TaskListener {
    tasks: Weak<Tasks>,
    listener: Rc<OnEnd>,
}

impl Drop for TaskListener {
    fn drop(&mut self) {
        if let Some(tasks) = self.tasks.upgrade() {
            tasks.listeners.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.listener));
        }
    }
}

impl Tasks {
    pub(super) fn new(api: ApiClient) -> Rc<Self> {
        let schedule = |attempt, random| Backoff::chat().delay_ms(attempt, random);
        Rc::new_cyclic(|this| Self {
            api,
            pending: RefCell::new(PendingTasks::new(schedule)),
            ids: RwSignal::new(Vec::new()),
            listeners: RefCell::default(),
            timer: RefCell::default(),
            restored: Cell::new(false),
            this: this.clone(),
        })
    }

    /// Waits again for what the page waited for before it was loaded anew.
    pub(super) fn restore(&self) {
        if !self.restored.replace(true) {
            self.tell(TaskInput::Restored(task_storage::all()));
        }
    }

    pub(super) fn ids(&self) -> Signal<Vec<TaskId>> {
        self.ids.into()
    }

    /// What is waited for, the oldest first.
    pub(super) fn all(&self) -> Vec<PendingTask> {
        self.pending.borrow().tasks().into_iter().cloned().collect()
    }

    pub(super) fn mark(&self) -> ConnectionMark {
        self.pending.borrow().mark()
    }

    pub(super) fn listen(&self, on_end: impl Fn(&PendingTask, &TaskEnd) + 'static) -> TaskListener {
        let listener: Rc<OnEnd> = Rc::new(on_end);
        self.listeners.borrow_mut().push(Rc::clone(&listener));
        TaskListener { tasks: self.this.clone(), listener }
    }

    /// The socket is up and follows an organization, or it is down.
    pub(super) fn connection(&self, followed: Option<OrganizationId>) {
        self.tell(followed.map_or(TaskInput::Disconnected, TaskInput::Connected));
    }

    pub(super) fn tell(&self, input: TaskInput) {
        let mut outputs = Vec::new();
        self.pending.borrow_mut().handle(
            input,
            clock::now().monotonic_ms,
            js_sys::Math::random(),
            &mut outputs,
        );
        let mut ended = Vec::new();
        let mut changed = false;
        for output in outputs {
            match output {
                TaskOutput::Ask { task, question } => self.ask(task, question),
                TaskOutput::Remember(task) => {
                    changed = true;
                    task_storage::remember(&task);
                }
                TaskOutput::Forget(task) => {
                    changed = true;
                    task_storage::forget(&task);
                }
                TaskOutput::Ended { task, end } => ended.push((task, end)),
            }
        }
        if changed {
            let ids = self.pending.borrow().tasks().into_iter().map(|task| task.task_id.clone()).collect();
            let _ = self.ids.try_set(ids);
        }
        self.arm_timer();
        // Last, and with nothing borrowed: who hears of an end may send the next message.
        let listeners = if ended.is_empty() { Vec::new() } else { self.listeners.borrow().clone() };
        for (task, end) in ended {
            for listener in &listeners {
                listener(&task, &end);
            }
        }
    }

    fn ask(&self, task: PendingTask, question: u64) {
        let (this, api) = (self.this.clone(), self.api.clone());
        leptos::task::spawn_local(async move {
            let answer = Box::pin(api.task(&task.organization_id, &task.task_id));
            let answer = match select(answer, TimeoutFuture::new(ANSWER_MS)).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) => Err(ApiError::Unreachable { reason: "no answer in time".into() }),
            };
            let answer = match answer.map(|state| state.outcome()) {
                Ok(Some(outcome)) => TaskAnswer::Ended(outcome),
                Ok(None) => TaskAnswer::Open,
                Err(ApiError::NotFound { .. }) => TaskAnswer::Unknown,
                Err(_) => TaskAnswer::Unreachable,
            };
            if let Some(tasks) = this.upgrade() {
                tasks.tell(TaskInput::Answered { question, answer });
            }
        });
    }

    fn arm_timer(&self) {
        let deadline = self.pending.borrow().deadline();
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|(armed, _)| *armed) == deadline {
            return;
        }
        *timer = deadline.map(|deadline| {
            let this = self.this.clone();
            let ring = move || {
                let Some(tasks) = this.upgrade() else { return };
                tasks.timer.take();
                tasks.tell(TaskInput::Timer);
            };
            let wait = deadline.saturating_sub(clock::now().monotonic_ms);
            (deadline, Timeout::new(u32::try_from(wait).unwrap_or(u32::MAX >> 1), ring))
        });
    }
}
