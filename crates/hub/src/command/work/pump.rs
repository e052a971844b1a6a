//! One of the command's output streams: passed on byte for byte, and reported line by line.

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use switchboard_protocol::OutputStream;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::watch,
    task::yield_now,
    time::{Instant, sleep_until},
};

use super::{event::Events, lines::Lines, outbox::Outbox, pulse::Pulse};
use crate::{clock::now, command::client::say};

/// How much is read at once: what a pipe holds by default on Linux.
const CHUNK: usize = 64 * 1024;
/// How long a stream may stay open after the command's end. What the command itself wrote is in the pipe by then
/// and is read in any case; what is waited for is a process that it left behind and that still holds the pipe.
const GRACE: Duration = Duration::from_secs(2);

/// Which of our own streams cannot be written any more, where that must not end the command: kept over its restarts.
#[derive(Debug, Default)]
pub struct LostReaders {
    stdout: AtomicBool,
    stderr: AtomicBool,
}

impl LostReaders {
    fn of(&self, stream: OutputStream) -> &AtomicBool {
        match stream {
            OutputStream::Stdout => &self.stdout,
            OutputStream::Stderr => &self.stderr,
        }
    }

    /// Whether a stream can be written, as far as is known.
    pub fn may_read(&self, stream: OutputStream) -> bool {
        !self.of(stream).load(Ordering::Relaxed)
    }

    /// A stream cannot be written any more. Said once: on the other one, where that is still read.
    fn lost(&self, stream: OutputStream, error: &io::Error) {
        if !self.of(stream).swap(true, Ordering::Relaxed) {
            let name = match stream {
                OutputStream::Stdout => "standard output",
                OutputStream::Stderr => "standard error",
            };
            say(format_args!(
                "{name} cannot be written any more ({error}); the command runs on, and is reported"
            ));
        }
    }
}

/// Reads `source` to its end, passes it on to `sink`, puts its lines into the outbox, and tells the pulse of the latest.
///
/// A process that the command left behind may hold the pipe open: once `ended` holds the time of the command's
/// end, the stream ends [`GRACE`] later at the latest. Where `sink` cannot be written any more (`run … | head`) reading
/// ends too, so that the command meets the broken pipe that it would meet without us; with `lost_readers` reading goes on, because
/// a command that is started again whenever it dies would die of each line.
pub async fn pump(
    source: Option<impl AsyncRead>,
    mut sink: Option<impl AsyncWrite + Unpin>,
    stream: OutputStream,
    (events, outbox, pulse): (&Arc<Events>, &Outbox, &Pulse),
    lost_readers: Option<&LostReaders>,
    mut ended: watch::Receiver<Option<Instant>>,
) -> io::Result<()> {
    let Some(source) = source else { return Ok(()) };
    let mut source = pin!(source);
    let mut chunk = vec![0; CHUNK];
    let mut lines = Lines::default();
    let mut found = Vec::new();
    let outcome = loop {
        let last_moment = ended.borrow_and_update().map(|end| end + GRACE);
        if last_moment.is_some_and(|moment| moment <= Instant::now()) {
            // A fresh share of the scheduler's budget: without one, a read may pretend that nothing is there.
            yield_now().await;
        }
        let due = lines.due();
        tokio::select! {
            // In this order: what is there is read before any clock is asked.
            biased;
            read = source.read(&mut chunk) => match read {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    let bytes = chunk.get(..length).unwrap_or_default();
                    if let Some(writer) = &mut sink
                        && let Err(error) = pass_on(writer, bytes).await
                    {
                        let Some(lost_readers) = lost_readers else { break Err(error) };
                        lost_readers.lost(stream, &error);
                        sink = None;
                    }
                    lines.feed(bytes, std::time::Instant::now(), &mut |line| found.push(line));
                    let drained = length < CHUNK;
                    report(&mut found, stream, (events, outbox, pulse)).await;
                    if drained && last_moment.is_some_and(|moment| moment <= Instant::now()) {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            },
            Ok(()) = ended.changed(), if last_moment.is_none() => {}
            () = wait_until(last_moment) => break Ok(()),
            () = wait_until(due.map(Instant::from_std)) => {
                lines.tick(std::time::Instant::now(), &mut |line| found.push(line));
                report(&mut found, stream, (events, outbox, pulse)).await;
            }
        }
    };
    lines.finish(&mut |line| found.push(line));
    report(&mut found, stream, (events, outbox, pulse)).await;
    outcome
}

/// Writes and flushes, so that a prompt shows at once.
async fn pass_on(sink: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    sink.write_all(bytes).await?;
    sink.flush().await
}

async fn report(
    found: &mut Vec<String>,
    stream: OutputStream,
    (events, outbox, pulse): (&Arc<Events>, &Outbox, &Pulse),
) {
    let at = now();
    if let Some(line) = found.iter().rev().find(|line| !line.trim().is_empty()) {
        pulse.said(line);
    }
    for line in found.drain(..) {
        outbox.put(events.output(&line, stream, at)).await;
    }
}

async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
