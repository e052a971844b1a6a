//! What is to be told of a run's platforms, and telling it not too often.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use switchboard_protocol::ScrapePhase;
use switchboard_store::{PlatformNews, StoreError, Telling};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use super::Run;

/// The least time from one telling to the next. Nobody reads faster, and each is a frame for everybody who watches.
const PACE: Duration = Duration::from_millis(100);

/// What has not been told yet: the latest of each platform.
#[derive(Default)]
pub struct News {
    untold: Mutex<Vec<PlatformNews>>,
    changed: Notify,
    closed: CancellationToken,
}

impl News {
    /// Learns something of a platform. No message leaves the one before as it is.
    pub fn say(&self, platform: &str, phase: ScrapePhase, message: Option<String>) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = untold.iter_mut().find(|news| news.platform == platform) {
            news.phase = phase;
            news.message = message.or(news.message.take());
        } else {
            untold.push(PlatformNews { platform: platform.to_owned(), phase, message });
        }
        drop(untold);
        self.changed.notify_one();
    }

    /// Takes what has not been told.
    pub fn take(&self) -> Vec<PlatformNews> {
        std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets [`keep_telling`](Self::keep_telling) end. What it has not told is left for who takes it.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Tells what comes: the first at once, what comes soon after it together. What has begun to be told is told.
    pub async fn keep_telling(&self, run: &Run) -> Result<(), StoreError> {
        while !self.closed.is_cancelled() {
            tokio::select! {
                () = self.closed.cancelled() => break,
                () = self.changed.notified() => {}
            }
            let platforms = self.take();
            if !platforms.is_empty() {
                run.tell(Telling { platforms, ..Telling::default() }).await?;
            }
            tokio::select! {
                () = self.closed.cancelled() => break,
                () = sleep(PACE) => {}
            }
        }
        Ok(())
    }
}
