//! The gate before a host: how many requests at a time, and how soon after one another.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// Lets requests to one host begin no sooner after one another, and no more at a time, than allowed; first come,
/// first served.
#[derive(Debug)]
pub struct Gate {
    delay: Duration,
    /// As many permits as requests may be under way.
    places: Semaphore,
    /// One permit: who holds it is next, and waits for its time.
    head_of_queue: Semaphore,
    opens: Mutex<Instant>,
}

/// Leave to make one request. It ends with its drop.
#[derive(Debug)]
#[must_use = "the request is over when this is dropped"]
pub struct Pass<'gate> {
    _place: Option<SemaphorePermit<'gate>>,
}

impl Gate {
    /// A gate that leaves `delay` between the beginnings of two requests, and lets in `concurrency` at a time (at
    /// least one).
    pub fn new(delay: Duration, concurrency: usize) -> Self {
        Self {
            delay,
            places: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            head_of_queue: Semaphore::new(1),
            opens: Mutex::new(Instant::now()),
        }
    }

    /// Waits until a request may begin. Dropping the future leaves the queue.
    pub async fn enter(&self) -> Pass<'_> {
        // Neither semaphore is ever closed, so both always give a permit in the end, and both in order of arrival.
        let head = self.head_of_queue.acquire().await.ok();
        let place = self.places.acquire().await.ok();
        loop {
            let opens = *self.opens();
            if opens <= Instant::now() {
                break;
            }
            // A pause may have begun when this ends, so it is looked at anew.
            sleep_until(opens).await;
        }
        self.hold_until(self.delay);
        drop(head);
        Pass { _place: place }
    }

    /// Holds all back that are not in yet, for this long from now. A shorter pause does not end a longer one.
    pub fn pause(&self, duration: Duration) {
        self.hold_until(duration);
    }

    fn hold_until(&self, from_now: Duration) {
        let mut opens = self.opens();
        let then = Instant::now().checked_add(from_now);
        *opens = then.map_or(*opens, |then| then.max(*opens));
    }

    fn opens(&self) -> MutexGuard<'_, Instant> {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Enters, and says how long after `start` that was.
    async fn enter_at(gate: &Gate, start: Instant) -> (Pass<'_>, u128) {
        let pass = gate.enter().await;
        (pass, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn requests_begin_no_sooner_after_one_another_than_the_delay() {
        let gate = Gate::new(Duration::from_millis(500), 10);
        let start = Instant::now();
        let (_first, first) = enter_at(&gate, start).await;
        let (_second, second) = enter_at(&gate, start).await;
        let (_third, third) = enter_at(&gate, start).await;
        assert_eq!((first, second, third), (0, 500, 1000));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_under_way_than_allowed() {
        let gate = Gate::new(Duration::ZERO, 2);
        let start = Instant::now();
        let first = gate.enter().await;
        let _second = gate.enter().await;
        let leave = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            drop(first);
        };
        let ((_third, entered), ()) = tokio::join!(enter_at(&gate, start), leave);
        assert_eq!(entered, 7000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_come_is_the_first_in_and_who_gives_up_holds_nobody_up() {
        let gate = Arc::new(Gate::new(Duration::from_secs(1), 1));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for number in 0..5 {
            let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
            waiting.push(tokio::spawn(async move {
                let _pass = gate.enter().await;
                order.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        waiting.remove(2).abort();
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_even_who_waits_already_and_a_shorter_one_does_not_end_it() {
        let gate = Gate::new(Duration::from_secs(1), 10);
        let start = Instant::now();
        drop(gate.enter().await);
        let pause = async {
            gate.pause(Duration::from_mins(1));
            gate.pause(Duration::from_secs(5));
        };
        let ((_pass, entered), ()) = tokio::join!(enter_at(&gate, start), pause);
        assert_eq!(entered, 60_000);
    }
}
