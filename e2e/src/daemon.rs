//! A daemon that speaks only part 1 of the wire contract, over plain TCP.
//!
//! It writes the WebSocket protocol itself, so that it can count each byte that a client sends after the upgrade, and can say what
//! no library would: binary messages, frames without an end, nothing at all.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Sender, channel},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{Journal, net::free_address};

/// The opcode of a close frame: RFC 6455, section 5.2.
const CLOSE: u8 = 8;

/// How many writes wait for a client that does not read; a flood waits then, as any server's would. Few: what waits here reaches the
/// page after a flood has ended, and would be taken for what a browser keeps.
const WAITING: usize = 4;

/// The handle of a running daemon. It works until the test ends, also after the handle is dropped.
pub struct Daemon {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    journal: Journal,
    connections: Mutex<Vec<Sender<Vec<u8>>>>,
    opened: AtomicUsize,
    refuses: AtomicBool,
    /// Bytes received after the upgrade, those of close frames aside.
    received: AtomicU64,
    closes: Mutex<Vec<u16>>,
}

impl Daemon {
    /// Starts one.
    pub async fn start(journal: &Journal) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.expect("a free port can be bound");
        let shared = Arc::new(Shared {
            journal: journal.clone(),
            connections: Mutex::default(),
            opened: AtomicUsize::new(0),
            refuses: AtomicBool::new(false),
            received: AtomicU64::new(0),
            closes: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if accepting.refuses.load(SeqCst) {
                    let _ = stream.set_zero_linger();
                    continue;
                }
                tokio::spawn(converse(stream, Arc::clone(&accepting)));
            }
        });
        journal.note("daemon", format_args!("listens on {address}"));
        Self { address, shared }
    }

    /// `ws://127.0.0.1:PORT/ws`.
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Says `text` to every client.
    pub async fn say(&self, text: impl AsRef<str>) {
        self.send(1, text.as_ref().as_bytes()).await;
    }

    /// Says `bytes` in a binary message.
    pub async fn say_bytes(&self, bytes: &[u8]) {
        self.send(2, bytes).await;
    }

    /// Says `text(n)` for n from 0 to 999, and again from 0 on, so many times a second, one message each, until `for_how_long` has
    /// passed. Answers how many were said. They are made beforehand, so that a flood costs this machine little.
    pub async fn flood(&self, per_second: u64, for_how_long: Duration, text: impl Fn(u64) -> String) -> u64 {
        const STEP: Duration = Duration::from_millis(10);
        let frames: Vec<_> = (0..1_000).map(|number| frame(1, text(number).as_bytes())).collect();
        let (began, mut said) = (tokio::time::Instant::now(), 0);
        let mut frames = frames.iter().cycle();
        while began.elapsed() < for_how_long {
            let due = u64::try_from(began.elapsed().as_millis()).unwrap_or_default() * per_second / 1_000;
            let mut bytes = Vec::new();
            while said < due {
                bytes.extend(frames.next().into_iter().flatten());
                said += 1;
            }
            self.write(bytes).await;
            tokio::time::sleep(STEP).await;
        }
        said
    }

    /// Breaks every connection without a word.
    pub fn drop_connections(&self) {
        self.shared.journal.note("daemon", "drops all connections");
        self.shared.connections().clear();
    }

    /// Whether new connections are refused.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuses.store(refuse, SeqCst);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.connections().len()
    }

    /// How many connections there have been.
    pub fn connections_ever(&self) -> usize {
        self.shared.opened.load(SeqCst)
    }

    /// How many bytes clients sent after the upgrade, those of close frames aside.
    pub fn bytes_received(&self) -> u64 {
        self.shared.received.load(SeqCst)
    }

    /// The codes with which clients closed.
    pub fn closes(&self) -> Vec<u16> {
        self.shared.closes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn send(&self, opcode: u8, payload: &[u8]) {
        self.write(frame(opcode, payload)).await;
    }

    async fn write(&self, bytes: Vec<u8>) {
        let connections = self.shared.connections().clone();
        for connection in connections {
            // One that is gone hears nothing.
            let _ = connection.send(bytes.clone()).await;
        }
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Vec<Sender<Vec<u8>>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One message of a server: RFC 6455, section 5.2.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    let length = payload.len();
    if let Some(short) = u8::try_from(length).ok().filter(|length| *length < 126) {
        frame.push(short);
    } else if let Ok(middle) = u16::try_from(length) {
        frame.push(126);
        frame.extend(middle.to_be_bytes());
    } else {
        frame.push(127);
        frame.extend((length as u64).to_be_bytes());
    }
    frame.extend(payload);
    frame
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(head) = read_head(&mut stream).await else { return };
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let Some(key) = key else { return };
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    if stream.write_all(answer.as_bytes()).await.is_err() {
        return;
    }
    let number = shared.opened.fetch_add(1, SeqCst) + 1;
    shared.journal.note("daemon", format_args!("connection {number} opens"));
    let (sender, mut outgoing) = channel::<Vec<u8>>(WAITING);
    shared.connections().push(sender.clone());
    let (mut reading, mut writing) = stream.into_split();
    let hearing = {
        let shared = Arc::clone(&shared);
        async move { hear(&mut reading, &shared, number).await }
    };
    let saying = async {
        while let Some(bytes) = outgoing.recv().await {
            if writing.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    // The list has the other sender: without it, and this one, the queue ends and the connection with it.
    let place = sender.downgrade();
    drop(sender);
    tokio::select! {
        () = hearing => {}
        () = saying => {}
    }
    if let Some(gone) = place.upgrade() {
        shared.connections().retain(|other| !other.same_channel(&gone));
    }
    shared.journal.note("daemon", format_args!("connection {number} ends"));
}

/// Counts what a client says, until it is gone.
async fn hear(reading: &mut tokio::net::tcp::OwnedReadHalf, shared: &Shared, number: usize) {
    let (mut buffer, mut pending) = (vec![0; 16 * 1024], Vec::new());
    loop {
        let Ok(read) = reading.read(&mut buffer).await else { return };
        let Some(data) = buffer.get(..read).filter(|data| !data.is_empty()) else { return };
        pending.extend_from_slice(data);
        while let Some((opcode, payload, length)) = client_frame(&pending) {
            if opcode == CLOSE {
                let code = payload.first_chunk::<2>().map_or(1005, |code| u16::from_be_bytes(*code));
                shared.journal.note("daemon", format_args!("connection {number} is closed with {code}"));
                shared.closes.lock().unwrap_or_else(PoisonError::into_inner).push(code);
            } else {
                shared.journal.note("daemon", format_args!("connection {number} SENDS {length} bytes"));
                shared.received.fetch_add(length as u64, SeqCst);
            }
            pending.drain(..length);
        }
    }
}

/// The first whole frame of a client: its opcode, its payload, and how many bytes it took.
fn client_frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk::<2>()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk::<8>()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let mask = bytes.get(at..at + 4)?;
    let payload = bytes.get(at + 4..at + 4 + length)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Some((first & 0x0f, payload, at + 4 + length))
}

/// The request's head, read byte by byte: what follows it is counted.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        if head.len() > 64 * 1024 {
            return None;
        }
    }
    String::from_utf8(head).ok()
}
