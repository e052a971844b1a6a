//! The link's shell over tokio-tungstenite: a task that does what the link says, and tells what it says.

use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _, future::BoxFuture};
use reqwest::Url;
use switchboard_link::{Input, Link, LinkOptions, LinkStatus, Moment, Output, RefetchReason, Request};
use switchboard_protocol::{DecodeError, Envelope, ExecutionId, close};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, protocol::CloseFrame},
};

use crate::clock;

/// How many happenings may wait to be printed. Beyond it the socket is not read, so that a terminal that stands
/// still costs the hub's buffer and not our memory.
const WAITING: usize = 1_024;
/// How long a message to the hub may take to leave. They are tiny; a connection that cannot take them is dead.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How long a farewell may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What the link tells whoever follows.
#[derive(Debug)]
pub enum Happening {
    /// A data frame, never twice.
    Frame(Envelope),
    /// A frame that could not be read.
    Undecodable(DecodeError),
    /// From here on each event of the execution arrives: its snapshot is wanted.
    Subscribed,
    /// Events may have been missed for good.
    Refetch(RefetchReason),
    /// The connection stands otherwise than before.
    Status(Box<LinkStatus>),
}

/// A socket on its way, or there.
enum Socket {
    Opening(BoxFuture<'static, Result<Stream, tungstenite::Error>>),
    Open(Box<Stream>),
}

/// One connection to one hub, kept up by a link.
struct Connection {
    link: Link,
    address: Url,
    socket: Option<(u32, Socket)>,
    began: Instant,
    to: mpsc::Sender<Happening>,
}

/// Connects to the socket at `address`, and tells what happens until the receiver is dropped.
pub fn connect(
    address: Url,
    options: LinkOptions,
    execution: Option<ExecutionId>,
) -> mpsc::Receiver<Happening> {
    let (to, happenings) = mpsc::channel(WAITING);
    let connection =
        Connection { link: Link::new(options), address, socket: None, began: Instant::now(), to };
    tokio::spawn(connection.run(execution));
    happenings
}

impl Connection {
    async fn run(mut self, execution: Option<ExecutionId>) -> Option<()> {
        if let Some(execution) = execution {
            self.handle(Input::Request(Request::Subscribe(execution))).await?;
        }
        self.handle(Input::Connect).await?;
        loop {
            let deadline = self.link.deadline().map(|due| self.began + Duration::from_millis(due));
            let generation = self.socket.as_ref().map_or(0, |(generation, _)| *generation);
            let met = tokio::select! {
                met = next(&mut self.socket) => met,
                () = sleep_until(deadline) => Met::Deadline,
                // Nobody listens any more.
                () = self.to.closed() => return None,
            };
            match met {
                Met::Deadline => self.handle(Input::Timer).await?,
                Met::Opened(stream) => {
                    self.socket = Some((generation, Socket::Open(stream)));
                    self.handle(Input::Opened { generation }).await?;
                }
                Met::Text(text) => self.handle(Input::Message { generation, text: &text }).await?,
                Met::Bytes(bytes) => self.handle(Input::BinaryMessage { generation, bytes: &bytes }).await?,
                Met::Nothing => {}
                Met::Failed(error) => {
                    self.socket = None;
                    self.handle(Input::Failed { generation, error }).await?;
                }
                Met::Closed(code, reason) => {
                    self.socket = None;
                    self.handle(Input::Closed { generation, code, reason }).await?;
                }
            }
        }
    }

    /// Tells the link, and does what it says; `None` once nobody listens.
    async fn handle(&mut self, input: Input<'_>) -> Option<()> {
        let mut out = Vec::new();
        self.link.handle(input, self.now(), fastrand::f64(), &mut out);
        let mut outputs = std::collections::VecDeque::from(out);
        while let Some(output) = outputs.pop_front() {
            let happening = match output {
                Output::Open { generation } => {
                    let address = self.address.as_str().to_owned();
                    let opening = async move { Ok(connect_async_with_config(address, None, true).await?.0) };
                    self.socket = Some((generation, Socket::Opening(Box::pin(opening))));
                    continue;
                }
                Output::Send { generation, text } => {
                    if let Err(error) = self.send(generation, text).await {
                        self.socket = None;
                        let mut more = Vec::new();
                        self.link.handle(
                            Input::Failed { generation, error },
                            self.now(),
                            fastrand::f64(),
                            &mut more,
                        );
                        outputs.extend(more);
                    }
                    continue;
                }
                Output::Close { generation, code, reason } => {
                    if let Some((_, Socket::Open(stream))) =
                        self.socket.take_if(|(open, _)| *open == generation)
                    {
                        say_goodbye(stream, code, reason);
                    }
                    continue;
                }
                Output::Control(_) => continue,
                Output::Frame(envelope) => Happening::Frame(envelope),
                Output::Undecodable { error, .. } => Happening::Undecodable(error),
                Output::Subscribed { .. } => Happening::Subscribed,
                Output::Refetch(reason) => Happening::Refetch(reason),
                Output::Status => Happening::Status(Box::new(self.link.status().clone())),
            };
            self.to.send(happening).await.ok()?;
        }
        Some(())
    }

    async fn send(&mut self, generation: u32, text: String) -> Result<(), String> {
        let Some((open, Socket::Open(stream))) = &mut self.socket else { return Ok(()) };
        if *open != generation {
            return Ok(());
        }
        match timeout(SEND_LIMIT, stream.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|error| words(&error)),
            Err(_) => Err("the hub takes no messages".into()),
        }
    }

    fn now(&self) -> Moment {
        let elapsed = self.began.elapsed().as_millis();
        Moment { monotonic_ms: u64::try_from(elapsed).unwrap_or(u64::MAX), wall_ms: clock::now().as_millis() }
    }
}

/// What was met while waiting.
enum Met {
    Deadline,
    Opened(Box<Stream>),
    Text(tungstenite::Utf8Bytes),
    Bytes(bytes::Bytes),
    /// A ping or pong of the WebSocket protocol itself, which tungstenite answers.
    Nothing,
    Failed(String),
    Closed(u16, String),
}

/// What the socket does next; waits for ever where there is none.
async fn next(socket: &mut Option<(u32, Socket)>) -> Met {
    match socket {
        None => std::future::pending().await,
        Some((_, Socket::Opening(opening))) => match opening.await {
            Ok(stream) => Met::Opened(Box::new(stream)),
            Err(error) => Met::Failed(words(&error)),
        },
        Some((_, Socket::Open(stream))) => match stream.next().await {
            Some(Ok(Message::Text(text))) => Met::Text(text),
            Some(Ok(Message::Binary(bytes))) => Met::Bytes(bytes),
            Some(Ok(Message::Close(frame))) => frame
                .map_or(Met::Closed(close::ABNORMAL, String::new()), |frame| {
                    Met::Closed(frame.code.into(), frame.reason.as_str().to_owned())
                }),
            Some(Ok(_)) => Met::Nothing,
            Some(Err(error)) => Met::Failed(words(&error)),
            None => Met::Closed(close::ABNORMAL, String::new()),
        },
    }
}

/// Closes politely, without making anybody wait.
fn say_goodbye(mut stream: Box<Stream>, code: u16, reason: &'static str) {
    tokio::spawn(async move {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        // A hub that does not hear it will find the connection gone.
        let _ = timeout(CLOSE_LIMIT, stream.as_mut().close(Some(frame))).await;
    });
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// What went wrong, for a person.
fn words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(error) => error.to_string(),
        tungstenite::Error::Http(response) => {
            format!("the answer was status {}; is it a hub?", response.status())
        }
        error => error.to_string(),
    }
}
