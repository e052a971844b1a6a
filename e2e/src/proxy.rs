//! A TCP proxy that breaks connections in the ways that networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::{Journal, net::free_address};

/// A proxy in front of a server. It works until the test ends, also after its handle is dropped.
pub struct Proxy {
    address: SocketAddr,
    journal: Journal,
    rules: watch::Sender<Rules>,
    accepted: Arc<AtomicUsize>,
}

/// What happens to connections. Those numbered below a bound are met by what the bound stands for, so that the
/// connections of before can be broken while the ones after them work.
#[derive(Debug, Clone, Copy, Default)]
struct Rules {
    cut_below: usize,
    stall_below: usize,
    refuse: bool,
    cut_sockets_below: usize,
    refuse_sockets: bool,
    delay: Duration,
}

impl Proxy {
    /// Listens on a port of its own and passes everything to `target`.
    pub async fn start(journal: &Journal, target: SocketAddr) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.expect("a free port can be bound");
        let (rules, watch) = watch::channel(Rules::default());
        let accepted = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(listener, target, watch, Arc::clone(&accepted)));
        Self { address, journal: journal.clone(), rules, accepted }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes all connections with a reset; new ones work.
    pub fn cut(&self) {
        self.change("cuts what is open", |rules, now| rules.cut_below = now);
    }

    /// Makes all connections half open: they stay, and swallow every byte in both directions. New ones work.
    pub fn stall(&self) {
        self.change("stalls what is open", |rules, now| rules.stall_below = now);
    }

    /// Makes all connections half open, those of the future too, until [`Proxy::heal`].
    pub fn stall_all(&self) {
        self.change("stalls everything", |rules, _| rules.stall_below = usize::MAX);
    }

    /// Closes what is open, and resets every new connection at once, until [`Proxy::heal`].
    pub fn refuse(&self) {
        self.change("refuses", |rules, now| {
            rules.cut_below = now;
            rules.refuse = true;
        });
    }

    /// Closes the WebSockets with a reset; HTTP goes on, and new WebSockets work.
    pub fn cut_sockets(&self) {
        self.change("cuts the WebSockets", |rules, now| rules.cut_sockets_below = now);
    }

    /// Closes the WebSockets, and resets every new one, until [`Proxy::heal`]; HTTP goes on. So do firewalls and proxies that
    /// know no WebSocket.
    pub fn refuse_sockets(&self) {
        self.change("refuses WebSockets", |rules, now| {
            rules.cut_sockets_below = now;
            rules.refuse_sockets = true;
        });
    }

    /// Holds every piece of data back for `delay`.
    pub fn delay(&self, delay: Duration) {
        self.change("delays", |rules, _| rules.delay = delay);
    }

    /// New connections work from here on; those that were stalled stay so.
    pub fn heal(&self) {
        self.change("heals", |rules, now| {
            rules.stall_below = rules.stall_below.min(now);
            rules.refuse = false;
            rules.refuse_sockets = false;
            rules.delay = Duration::ZERO;
        });
    }

    /// How many connections it has accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    fn change(&self, what: &str, change: impl FnOnce(&mut Rules, usize)) {
        let now = self.accepted();
        self.journal.note("proxy", format_args!("{what} (connections so far: {now})"));
        self.rules.send_modify(|rules| change(rules, now));
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    rules: watch::Receiver<Rules>,
    accepted: Arc<AtomicUsize>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let number = accepted.fetch_add(1, Ordering::SeqCst);
        let rules = rules.clone();
        if rules.borrow().refuse {
            reset(&client);
            continue;
        }
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(target).await else { return reset(&client) };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let is_socket = AtomicBool::new(false);
            let up = pump(number, from_client, to_server, rules.clone(), &is_socket, true);
            let down = pump(number, from_server, to_client, rules, &is_socket, false);
            // An end in either direction ends both: dropping the halves closes the sockets.
            tokio::select! { () = up => {}, () = down => {} }
        });
    }
}

/// Passes data in one direction until it ends, or the connection is cut.
async fn pump(
    number: usize,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut rules: watch::Receiver<Rules>,
    is_socket: &AtomicBool,
    is_up: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Rules { cut_below, stall_below, cut_sockets_below, delay, .. } = *rules.borrow_and_update();
        if number < cut_below || (number < cut_sockets_below && is_socket.load(Ordering::SeqCst)) {
            reset(from.as_ref());
            reset(to.as_ref());
            return;
        }
        let read = tokio::select! {
            () = changed(&mut rules) => continue,
            read = from.read(&mut buffer) => read.unwrap_or_default(),
        };
        let stalled = number < stall_below;
        if read == 0 && stalled {
            // A half-open connection does not even tell of its end.
            while number >= rules.borrow_and_update().cut_below {
                changed(&mut rules).await;
            }
            return;
        }
        let Some(data) = buffer.get(..read).filter(|data| !data.is_empty()) else { return };
        if stalled {
            continue;
        }
        // The first that a client writes on a connection for a WebSocket.
        if is_up && [b"GET /api/ws".as_slice(), b"GET /ws"].iter().any(|head| data.starts_with(head)) {
            is_socket.store(true, Ordering::SeqCst);
            if rules.borrow().refuse_sockets {
                reset(from.as_ref());
                reset(to.as_ref());
                return;
            }
        }
        tokio::time::sleep(delay).await;
        if to.write_all(data).await.is_err() {
            return;
        }
    }
}

/// Waits for new rules; for ever, once nobody can give any.
async fn changed(rules: &mut watch::Receiver<Rules>) {
    if rules.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Has the socket's close sent as a reset, which is what a broken path looks like.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
