//! One connection after its handshake: answers what the client asks, and sends what its cursor meets.
//!
//! Generic over the message stream, so that tests drive it without a network. Everything happens in one task and
//! in one order: an answer that names a sequence number is made at the moment it is handed to the socket, so
//! whatever the client reads before it was sent before it.

use std::{
    collections::VecDeque,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{Sink, SinkExt, Stream, StreamExt, future::poll_fn};
use switchboard_protocol::{ClientFrame, Control, Envelope, ExecutionId, Frame, Pong, Subscribed, close};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_util::sync::CancellationToken;

use super::{
    ending::Ending,
    outbox::{Outbox, Step},
    rate::Rate,
};
use crate::feed::CatchingUp;

/// How often the hub wants a ping. Proxies cut connections that are silent for a minute.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// After how many silent heartbeats the hub pings by itself; one more without a sign of life ends the connection.
const SILENT_HEARTBEATS: u32 = 3;

/// For how many heartbeats a client may take nothing of what is being written to it.
const STALLED_HEARTBEATS: u32 = 3;

/// How many of a client's messages may wait for their answers. Beyond it the client is not read until it reads.
const MOST_WAITING: usize = 64;

/// How many executions one connection may subscribe to.
pub const MOST_SUBSCRIPTIONS: usize = 1000;

/// The longest execution id that the hub takes, in bytes.
pub const LONGEST_ID: usize = 256;

/// A connection after its handshake.
pub struct Session<S> {
    socket: S,
    outbox: Outbox,
    /// What the client asked and was not answered yet.
    waiting: VecDeque<Request>,
    catching_up: Option<CatchingUp>,
    rate: Rate,
    /// Something was handed to the socket that it may not have written yet.
    unflushed: bool,
    /// The socket takes nothing more at the moment.
    blocked: bool,
    silent: u32,
    stalled: u32,
    /// Messages that could not be read.
    malformed: u64,
}

/// What is done when the socket is ready to take the answer.
enum Request {
    Subscribe(ExecutionId),
    Unsubscribe(ExecutionId),
    Ping,
    /// Text made by the handshake.
    Say(String),
    /// A ping of the WebSocket protocol, which every client answers by itself.
    Probe,
}

/// What the socket has to tell.
enum Told {
    Message(Option<Result<Message, SocketError>>),
    Writable(Result<(), SocketError>),
}

impl<S> Session<S>
where
    S: Stream<Item = Result<Message, SocketError>> + Sink<Message, Error = SocketError> + Unpin,
{
    /// A session that begins with saying `greeting`, each a control frame.
    pub fn new(socket: S, outbox: Outbox, greeting: Vec<String>) -> Self {
        Self {
            socket,
            outbox,
            waiting: greeting.into_iter().map(Request::Say).collect(),
            catching_up: None,
            rate: Rate::full(Instant::now()),
            unflushed: false,
            blocked: false,
            silent: 0,
            stalled: 0,
            malformed: 0,
        }
    }

    /// Runs until the client leaves, something ends it, or `stop` is cancelled. Answers how to close the socket.
    pub async fn run(mut self, stop: &CancellationToken) -> Ending {
        let ending = self.live(stop).await;
        tracing::debug!(
            delivered = self.outbox.delivered(),
            cursor = self.outbox.cursor(),
            malformed = self.malformed,
            ?ending,
            "connection ends"
        );
        ending
    }

    async fn live(&mut self, stop: &CancellationToken) -> Ending {
        let mut stopped = pin!(stop.cancelled());
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let catching_up = self.catching_up.is_some();
            let wants_write = !self.waiting.is_empty() || (!catching_up && self.outbox.has_more());
            let ending = tokio::select! {
                biased;
                () = &mut stopped => Some(Ending::close(close::GOING_AWAY, "the hub is stopping")),
                told = poll_fn(|context| {
                    let wants_read = self.waiting.len() < MOST_WAITING;
                    poll_socket(&mut self.socket, wants_read, wants_write, &mut self.unflushed, &mut self.blocked, context)
                }) => self.hear(told),
                _ = heartbeat.tick() => self.beat(),
                read = arrival(&mut self.catching_up), if catching_up => {
                    self.catching_up = None;
                    self.take_over(read)
                }
                () = self.outbox.changed(), if !wants_write && !catching_up => None,
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    fn hear(&mut self, told: Told) -> Option<Ending> {
        match told {
            Told::Writable(Ok(())) => {
                if std::mem::take(&mut self.blocked) {
                    // It has taken what it had not: as good as a message.
                    self.silent = 0;
                }
                self.say_next().err().map(Ending::from)
            }
            Told::Writable(Err(error)) | Told::Message(Some(Err(error))) => Some(Ending::from(error)),
            Told::Message(None) => Some(Ending::Left),
            Told::Message(Some(Ok(message))) => self.listen(&message),
        }
    }

    /// Hands one message to the socket, which is ready for it.
    fn say_next(&mut self) -> Result<(), SocketError> {
        let message = if let Some(request) = self.waiting.pop_front() {
            self.answer(request)
        } else {
            match self.outbox.step() {
                Step::Send(message) => Some(message),
                Step::Wait => None,
                Step::CatchUp => {
                    self.catching_up = Some(self.outbox.catch_up());
                    None
                }
            }
        };
        if let Some(message) = message {
            self.unflushed = true;
            self.socket.start_send_unpin(message)?;
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Option<Message> {
        let control = match request {
            Request::Say(text) => return Some(Message::text(text)),
            Request::Probe => return Some(Message::Ping(Bytes::new())),
            Request::Unsubscribe(execution) => {
                self.outbox.interest().remove(&execution);
                return None;
            }
            Request::Subscribe(execution) => {
                self.outbox.interest().insert(execution.clone());
                Control::Subscribed(Subscribed { execution_id: execution, seq: Some(self.outbox.cursor()) })
            }
            Request::Ping => Control::Pong(Pong {
                seq: Some(self.outbox.cursor()),
                delivered: Some(self.outbox.delivered()),
            }),
        };
        encode(control).map(Message::text)
    }

    fn listen(&mut self, message: &Message) -> Option<Ending> {
        self.silent = 0;
        if !self.rate.take(Instant::now()) {
            return Some(Ending::close(close::TOO_MANY, "too many messages; retry_after=5"));
        }
        let frame = match message {
            Message::Text(text) => ClientFrame::decode(text).ok(),
            Message::Binary(bytes) => {
                std::str::from_utf8(bytes).ok().and_then(|text| ClientFrame::decode(text).ok())
            }
            Message::Close(_) => return Some(Ending::Left),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return None,
        };
        match frame {
            Some(ClientFrame::Subscribe(execution)) if execution.as_str().len() <= LONGEST_ID => {
                let waiting =
                    self.waiting.iter().filter(|request| matches!(request, Request::Subscribe(_))).count();
                let interest = self.outbox.interest();
                if !interest.contains(&execution) && interest.len() + waiting >= MOST_SUBSCRIPTIONS {
                    return Some(Ending::close(close::TOO_MANY, "too many subscriptions; retry_after=5"));
                }
                self.waiting.push_back(Request::Subscribe(execution));
            }
            Some(ClientFrame::Unsubscribe(execution)) => {
                self.waiting.push_back(Request::Unsubscribe(execution));
            }
            Some(ClientFrame::Ping) => self.waiting.push_back(Request::Ping),
            // A second handshake changes nothing, and what is unknown is a newer client's.
            Some(ClientFrame::Handshake(_) | ClientFrame::Unknown(_)) => {}
            Some(ClientFrame::Subscribe(_)) | None => self.malformed += 1,
        }
        None
    }

    /// Once a heartbeat: is anybody there?
    fn beat(&mut self) -> Option<Ending> {
        self.stalled = if self.blocked { self.stalled + 1 } else { 0 };
        if self.stalled >= STALLED_HEARTBEATS {
            return Some(Ending::Lost);
        }
        self.silent += 1;
        if self.silent == SILENT_HEARTBEATS {
            self.waiting.push_back(Request::Probe);
        }
        (self.silent > SILENT_HEARTBEATS).then_some(Ending::Lost)
    }

    fn take_over(&mut self, read: <CatchingUp as Future>::Output) -> Option<Ending> {
        match read {
            Ok((what, size)) => {
                let goes_on = self.outbox.caught_up(what, |reader| reader.learn(size));
                // The client resumes, and is told by the answer that its cursor is too old.
                (!goes_on)
                    .then(|| Ending::close(TRY_AGAIN_LATER, "retention has passed this connection; resume"))
            }
            Err(error) => {
                tracing::error!(%error, "cannot read the log for a connection");
                Some(Ending::close(close::INTERNAL_ERROR, "the hub's storage failed"))
            }
        }
    }
}

/// RFC 6455's registry: the server cannot go on now, reconnect.
const TRY_AGAIN_LATER: u16 = 1013;

/// A control frame as text. There is nothing in one that JSON cannot write.
pub fn encode(control: Control) -> Option<String> {
    Envelope::unsequenced(Frame::Control(control)).encode().ok()
}

/// What a read of the log brings; never, where none is on its way.
async fn arrival(catching_up: &mut Option<CatchingUp>) -> <CatchingUp as Future>::Output {
    match catching_up {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}

/// Reads before it writes, so that a fast reader's replay does not keep its pings waiting; flushes when there is
/// nothing more to write.
fn poll_socket<S>(
    socket: &mut S,
    wants_read: bool,
    wants_write: bool,
    unflushed: &mut bool,
    blocked: &mut bool,
    context: &mut Context<'_>,
) -> Poll<Told>
where
    S: Stream<Item = Result<Message, SocketError>> + Sink<Message, Error = SocketError> + Unpin,
{
    if wants_read && let Poll::Ready(message) = socket.poll_next_unpin(context) {
        return Poll::Ready(Told::Message(message));
    }
    if wants_write {
        let ready = socket.poll_ready_unpin(context);
        *blocked |= ready.is_pending();
        return ready.map(Told::Writable);
    }
    if *unflushed {
        match socket.poll_flush_unpin(context) {
            Poll::Ready(Ok(())) => (*unflushed, *blocked) = (false, false),
            Poll::Ready(Err(error)) => return Poll::Ready(Told::Writable(Err(error))),
            Poll::Pending => *blocked = true,
        }
    }
    Poll::Pending
}
