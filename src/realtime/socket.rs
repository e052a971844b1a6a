//! The only file that constructs a WebSocket.
//!
//! A [`Socket`] is one connection, of one generation: gloo-net's stream, read by a task of its own, and a handle
//! that sends and closes at once. Closing must not wait for the task's next turn, or the next socket would be
//! constructed while this one is still open. What the task meets it tells the shell in the link's own words.
//! gloo-net ends a failed connection with an error, a close and the end of the stream; it has no event for
//! "open", which shows as its sink becoming ready.

use std::{
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    rc::{Rc, Weak},
};

use futures::{
    Sink, StreamExt,
    channel::oneshot::{Receiver, Sender, channel},
    future::{Either, select},
};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use switchboard_link::{Access, Input, ReadOnly, ReadWrite};
use switchboard_protocol::close;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::Event;

use super::{clock, shell::Shell};

/// A handle on one connection. Dropping it ends the connection and its task. Only one that may be written to has a method that
/// sends.
pub(super) struct Socket<A> {
    generation: u32,
    raw: web_sys::WebSocket,
    /// Dropped with the handle, which ends the task.
    _alive: Sender<()>,
    _gate: Option<Gate>,
    access: PhantomData<A>,
}

/// Sends what a link wants sent.
pub(super) trait Carries: Access {
    /// Sends a message of its type, of which there may be none.
    ///
    /// # Errors
    /// What the browser says of a connection that can't send.
    fn carry(socket: &Socket<Self>, message: Self::Message) -> Result<(), String>;

    /// Whether all that comes is read, however much it is.
    const READS_ALL: bool;
}

impl Carries for ReadWrite {
    const READS_ALL: bool = true;

    fn carry(socket: &Socket<Self>, message: String) -> Result<(), String> {
        socket.send(&message)
    }
}

impl Carries for ReadOnly {
    const READS_ALL: bool = false;

    fn carry(_: &Socket<Self>, message: Self::Message) -> Result<(), String> {
        match message {}
    }
}

impl Socket<ReadWrite> {
    fn send(&self, text: &str) -> Result<(), String> {
        self.raw.send_with_str(text).map_err(|error| words(&error))
    }
}

impl<A: Carries> Socket<A> {
    /// Begins to connect. Everything that follows reaches `shell` as inputs of this generation.
    ///
    /// # Errors
    /// What the browser says of an address that it can't use.
    pub(super) fn open(url: &str, generation: u32, shell: Weak<Shell<A>>) -> Result<Self, String> {
        let raw = web_sys::WebSocket::new(url).map_err(|error| words(&error))?;
        // Before gloo-net's own listener, which copies each message.
        let gate = if A::READS_ALL { None } else { Gate::stand_before(&raw, shell.clone()) };
        let socket = WebSocket::try_from(raw.clone()).map_err(|error| error.to_string())?;
        let (alive, ended) = channel();
        wasm_bindgen_futures::spawn_local(run(socket, ended, generation, shell));
        Ok(Self { generation, raw, _alive: alive, _gate: gate, access: PhantomData })
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// Closes the connection. A browser refuses only codes that no page may send; then dropping the handle
    /// closes it, without a code.
    pub(super) fn close(self, code: u16, reason: &str) {
        let _ = self.raw.close_with_code_and_reason(code, reason);
    }
}

/// Turns away the messages that are more than a page can read, before they are copied: in a flood that is most of them, and the copy
/// is most of what they cost.
struct Gate {
    raw: web_sys::WebSocket,
    listener: Closure<dyn Fn(Event)>,
}

impl Gate {
    /// `None` where the browser lets nobody listen; then all is copied, and left out later.
    fn stand_before<A: Carries>(raw: &web_sys::WebSocket, shell: Weak<Shell<A>>) -> Option<Self> {
        let listener = Closure::<dyn Fn(Event)>::new(move |message: Event| {
            let looks = |shell: Rc<Shell<A>>| shell.pace().looks_at_next(|| clock::now().monotonic_ms);
            if !shell.upgrade().is_some_and(looks) {
                message.stop_immediate_propagation();
            }
        });
        raw.add_event_listener_with_callback("message", listener.as_ref().unchecked_ref()).ok()?;
        Some(Self { raw: raw.clone(), listener })
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Nothing is left to be done where it is gone already.
        let _ =
            self.raw.remove_event_listener_with_callback("message", self.listener.as_ref().unchecked_ref());
    }
}

async fn run<A: Carries>(
    mut socket: WebSocket,
    mut ended: Receiver<()>,
    generation: u32,
    shell: Weak<Shell<A>>,
) {
    let tell = |input: Input<'_, A>| {
        if let Some(shell) = shell.upgrade() {
            shell.handle(input);
        }
    };
    let is_read = |message: &[u8]| {
        let admits = |shell: Rc<Shell<A>>| shell.pace().admits(message, || clock::now().monotonic_ms);
        A::READS_ALL || shell.upgrade().is_some_and(admits)
    };
    let opened = poll_fn(|context| Pin::new(&mut socket).poll_ready(context).map(drop));
    if let Either::Right(_) = select(opened, &mut ended).await {
        return;
    }
    if matches!(socket.state(), State::Open) {
        tell(Input::Opened { generation });
    }
    // The handle goes when the link closes the connection, also in the middle of what it is told here.
    while let Either::Left((received, _)) = select(socket.next(), &mut ended).await {
        match received {
            Some(Ok(Message::Text(text))) if is_read(text.as_bytes()) => {
                tell(Input::Message { generation, text: &text });
            }
            Some(Ok(Message::Bytes(bytes))) if is_read(&bytes) => {
                tell(Input::BinaryMessage { generation, bytes: &bytes });
            }
            Some(Ok(_)) => {}
            Some(Err(WebSocketError::ConnectionClose(event))) => {
                tell(Input::Closed { generation, code: event.code, reason: event.reason });
                return;
            }
            Some(Err(error)) => tell(Input::Failed { generation, error: error.to_string() }),
            None => {
                tell(Input::Closed { generation, code: close::ABNORMAL, reason: String::new() });
                return;
            }
        }
    }
}

fn words(error: &JsValue) -> String {
    let error: &js_sys::Error = error.unchecked_ref();
    String::from(error.message())
}
