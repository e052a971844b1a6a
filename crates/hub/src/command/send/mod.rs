//! `switchboard send`: reports events from a file or from standard input.

mod items;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Write as _},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use switchboard_link::Backoff;
use switchboard_protocol::{Json, Object, OrganizationId, rest::Accepted};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

use self::items::{Item, Items, Unreadable};
use super::client::{Hub, HubArgs, ReportError, say, seconds};

/// How many events make a batch go out at once.
const BATCH: usize = 500;
/// How many bytes make a batch go out at once. With the last item it may be as large again; then the hub refuses
/// it, and it goes out in halves.
const BATCH_BYTES: usize = 256 * 1024;
/// How long a smaller batch waits for company, where the input is a stream.
const LINGER: Duration = Duration::from_millis(50);
/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How many chunks are read ahead while a batch is on its way.
const WAITING_CHUNKS: usize = 4;
/// How long to wait between attempts.
const BACKOFF: Backoff = Backoff::new(250, 2.0, 5_000, 0);

/// What `--help` says below the options.
const BEHAVIOUR: &str = "\
Events are the frames of docs/wire-protocol.md, for example
  {\"type\":\"event\",\"executionId\":\"e-1\",\"event\":{\"type\":\"output\",\"data\":{\"text\":\"hello\"}}}
An event without an id gets one, so that trying again stores it once. An event with an id may be sent again at any time.
At the first event that cannot be read or is refused, sending stops: what stands before it is stored, nothing from it on.";

/// Arguments of `switchboard send`.
#[derive(Debug, clap::Args)]
#[command(after_help = BEHAVIOUR)]
pub struct SendArgs {
    #[command(flatten)]
    hub: HubArgs,
    /// How long one batch is tried again while the hub is away or busy
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, help_heading = "Delivery")]
    retry_timeout: Duration,
    /// A file of events: a JSON array, one object, or one object a line; without it, or as -, standard input
    file: Option<PathBuf>,
}

/// Sends everything, and says what became of it.
///
/// # Errors
/// A file that cannot be read, input that is no JSON, an event that the hub refuses, or a hub that cannot be reached:
/// in words for a person, with the line, and with what is stored already.
pub async fn execute(args: SendArgs) -> anyhow::Result<ExitCode> {
    let hub = Hub::new(&args.hub)?;
    let mut sending = Sending::new(&hub, args.retry_timeout);
    let outcome = match args.file.filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
            sending.all(chunks(file)?).await
        }
        None => sending.all(chunks(io::stdin())?).await,
    };
    let Accepted { accepted, duplicates, seq } = sending.total;
    // A reader that has left does not want to know.
    let _ = writeln!(io::stdout(), "accepted {accepted}, duplicates {duplicates}, seq {seq}");
    outcome.map(|()| ExitCode::SUCCESS)
}

/// One event that waits to be sent.
#[derive(Debug)]
struct Waiting {
    /// Where it stood in the input.
    line: usize,
    /// The report on one line.
    report: String,
}

/// The way from the input to the hub.
#[derive(Debug)]
struct Sending<'a> {
    hub: &'a Hub,
    patience: Duration,
    /// What the ids that are added begin with.
    prefix: String,
    count: u64,
    batch: Vec<Waiting>,
    bytes: usize,
    /// When the batch goes out at the latest.
    due: Instant,
    total: Accepted,
}

impl<'a> Sending<'a> {
    fn new(hub: &'a Hub, patience: Duration) -> Self {
        Self {
            hub,
            patience,
            prefix: uuid::Uuid::now_v7().simple().to_string(),
            count: 0,
            batch: Vec::new(),
            bytes: 0,
            due: Instant::now(),
            total: Accepted { accepted: 0, duplicates: 0, seq: 0 },
        }
    }

    /// Sends all that `input` holds, while it still flows. What stands before something unreadable is sent.
    async fn all(&mut self, mut input: mpsc::Receiver<io::Result<Vec<u8>>>) -> anyhow::Result<()> {
        let mut items = Items::default();
        loop {
            let read = if self.batch.is_empty() {
                input.recv().await
            } else if let Ok(read) = timeout_at(self.due, input.recv()).await {
                read
            } else {
                self.flush().await?;
                continue;
            };
            let chunk = read.transpose().context("cannot read the input")?;
            let mut found = VecDeque::new();
            let outcome = match &chunk {
                Some(bytes) => items.feed(bytes, &mut |item| found.push_back(item)),
                None => items.finish(),
            };
            for item in found {
                let prepared = self.prepare(&item);
                self.stop_at(prepared).await?;
                if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES {
                    self.flush().await?;
                }
            }
            self.stop_at(outcome).await?;
            if chunk.is_none() {
                return self.flush().await;
            }
        }
    }

    /// Adds an item to the batch.
    fn prepare(&mut self, item: &Item) -> Result<(), Unreadable> {
        self.count += 1;
        let id = format!("{}-{}", self.prefix, self.count);
        let report = report(&item.text, &id, self.hub.organization())
            .map_err(|reason| Unreadable { line: item.line, reason })?;
        if self.batch.is_empty() {
            self.due = Instant::now() + LINGER;
        }
        self.bytes += report.len() + 1;
        self.batch.push(Waiting { line: item.line, report });
        Ok(())
    }

    /// Where the input is unreadable, sends what stands before it, and ends.
    async fn stop_at(&mut self, outcome: Result<(), Unreadable>) -> anyhow::Result<()> {
        let Err(error) = outcome else { return Ok(()) };
        self.flush().await?;
        Err(anyhow!("{error}; what stands before it is stored, nothing from it on"))
    }

    /// Sends the batch, to the end or to the first event that the hub refuses.
    async fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        // What is refused as a whole goes out in halves, until the event is found that is to blame.
        let mut parts = VecDeque::from([std::mem::take(&mut self.batch)]);
        let mut refused = None;
        while let Some(mut part) = parts.pop_front() {
            let Some(first) = part.first() else { continue };
            match self.post(&part).await {
                Ok(()) => {}
                Err(ReportError::Refused(problem)) => {
                    let line = first.line;
                    let named = problem.index.filter(|index| *index < part.len());
                    let message = ReportError::Refused(problem).to_string();
                    if let Some(index) = named.filter(|index| *index > 0) {
                        let line = part.get(index).map_or(line, |bad| bad.line);
                        part.truncate(index);
                        parts = VecDeque::from([part]);
                        refused = Some((line, message));
                    } else if named.is_some() || part.len() == 1 {
                        refused = Some((line, message));
                        break;
                    } else {
                        let second = part.split_off(part.len() / 2);
                        parts.push_front(second);
                        parts.push_front(part);
                    }
                }
                Err(error) => {
                    return Err(anyhow!("{error}; nothing from line {} on is stored", first.line));
                }
            }
        }
        match refused {
            None => Ok(()),
            Some((line, message)) => Err(anyhow!(
                "line {line}: {message}; correct it and send it and what follows again: what stands before it is \
                 stored, nothing from it on"
            )),
        }
    }

    /// Posts events, again and again while the hub is away or busy.
    async fn post(&mut self, part: &[Waiting]) -> Result<(), ReportError> {
        let began = Instant::now();
        let mut lines = String::new();
        for waiting in part {
            lines.push_str(&waiting.report);
            lines.push('\n');
        }
        for attempt in 0.. {
            let (reason, retry_after) = match self.hub.report(lines.clone()).await {
                Ok(Accepted { accepted, duplicates, seq }) => {
                    self.total.accepted += accepted;
                    self.total.duplicates += duplicates;
                    self.total.seq = self.total.seq.max(seq);
                    return Ok(());
                }
                Err(ReportError::Transient { reason, retry_after }) => (reason, retry_after),
                Err(error) => return Err(error),
            };
            let delay = Duration::from_millis(BACKOFF.delay_ms(attempt, fastrand::f64()));
            let delay = delay.max(retry_after.unwrap_or_default());
            if began.elapsed() + delay > self.patience {
                return Err(ReportError::Hopeless(format!(
                    "{reason}; start a hub with `switchboard serve`, or name another with --hub"
                )));
            }
            if attempt == 0 {
                say(format_args!("{reason}; trying again for {} s", self.patience.as_secs_f64()));
            }
            sleep(delay).await;
        }
        Ok(())
    }
}

/// What `input` holds, in chunks, read by a thread of its own: one that waits for a terminal or a pipe holds up nobody,
/// and least of all our end.
fn chunks(mut input: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    thread::Builder::new().name("input".into()).spawn(move || {
        loop {
            let mut chunk = vec![0; CHUNK];
            let read = match input.read(&mut chunk) {
                Ok(0) => return,
                Ok(length) => {
                    chunk.truncate(length);
                    Ok(chunk)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if sender.blocking_send(read).is_err() || failed {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The report on one line, with an id and an organization where it has none.
fn report(text: &str, id: &str, organization: Option<&OrganizationId>) -> Result<String, String> {
    let mut object = Object::parse(text).map_err(|error| error.to_string())?;
    let unwritable = |error: serde_json::Error| error.to_string();
    if !object.has("id") {
        object.set("id", &Json::write(id).map_err(unwritable)?);
    }
    if let Some(organization) = organization
        && !object.has("organizationId")
    {
        object.set("organizationId", &Json::write(organization).map_err(unwritable)?);
    }
    Ok(object.to_json().map_err(unwritable)?.on_one_line().text().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_keeps_what_it_says_and_gets_what_it_lacks() {
        let organization = OrganizationId::from("acme");
        assert_eq!(
            report("{\n\"type\":\"x\",\n\"n\":1.50}", "p-1", Some(&organization)).unwrap(),
            r#"{"type":"x","n":1.50,"id":"p-1","organizationId":"acme"}"#
        );
        let whole = r#"{"id":"mine","organizationId":"theirs","data":{"a":  1}}"#;
        assert_eq!(report(whole, "p-1", Some(&organization)).unwrap(), whole);
        assert_eq!(
            report("{\"data\":{\n\"a\":1}}", "p", None).unwrap(),
            "{\"data\":{ \"a\":1},\"id\":\"p\"}"
        );
    }
}
