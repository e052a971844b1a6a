//! The only file that constructs a WebSocket.
//!
//! A [`Socket`] is one connection, of one generation. Its task owns the gloo-net socket whole, not split in
//! halves, so that closing needs no agreement between them. What it meets it tells the shell in the link's own
//! words. gloo-net ends a failed connection with an error, a close and the end of the stream, and has no
//! event for "open", which shows as its sink becoming ready.

use std::{future::poll_fn, pin::Pin, rc::Weak};

use futures::{
    FutureExt, Sink, SinkExt, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{Either, select},
};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use switchboard_link::Input;
use switchboard_protocol::close;

use super::shell::Shell;

/// What the shell asks of a socket.
enum Command {
    Send(String),
    Close(u16, &'static str),
}

/// A handle on one connection. Dropping it ends the connection and its task.
pub(super) struct Socket {
    generation: u32,
    commands: UnboundedSender<Command>,
}

impl Socket {
    /// Begins to connect. Everything that follows reaches `shell` as inputs of this generation.
    ///
    /// # Errors
    /// What the browser says of an address that it can't use.
    pub(super) fn open(url: &str, generation: u32, shell: Weak<Shell>) -> Result<Self, String> {
        let socket = WebSocket::open(url).map_err(|error| error.to_string())?;
        let (commands, received) = unbounded();
        wasm_bindgen_futures::spawn_local(run(socket, received, generation, shell));
        Ok(Self { generation, commands })
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// Sends a text message. One that can't be sent any more is lost with the connection; the link learns of
    /// that as the connection's end.
    pub(super) fn send(&self, text: String) {
        let _ = self.commands.unbounded_send(Command::Send(text));
    }

    /// Closes the connection.
    pub(super) fn close(self, code: u16, reason: &'static str) {
        let _ = self.commands.unbounded_send(Command::Close(code, reason));
    }
}

async fn run(
    mut socket: WebSocket,
    mut commands: UnboundedReceiver<Command>,
    generation: u32,
    shell: Weak<Shell>,
) {
    let tell = |input: Input<'_>| {
        if let Some(shell) = shell.upgrade() {
            shell.handle(input);
        }
    };

    // Connecting: until the sink is ready, only a wish to close matters, and nothing is sent before `Opened`.
    let opened = poll_fn(|context| Pin::new(&mut socket).poll_ready(context).map(drop));
    if let Either::Right((command, _)) = select(opened, commands.next()).await {
        finish(socket, command.as_ref());
        return;
    }
    if matches!(socket.state(), State::Open) {
        tell(Input::Opened { generation });
    }

    loop {
        // Biased to what was received: commands are few, and a burst is drained in one go.
        let next = match socket.next().now_or_never() {
            Some(received) => Either::Left(received),
            None => match select(socket.next(), commands.next()).await {
                Either::Left((received, _)) => Either::Left(received),
                Either::Right((command, _)) => Either::Right(command),
            },
        };
        match next {
            Either::Left(Some(Ok(Message::Text(text)))) => tell(Input::Message { generation, text: &text }),
            Either::Left(Some(Ok(Message::Bytes(bytes)))) => {
                tell(Input::BinaryMessage { generation, bytes: &bytes });
            }
            Either::Left(Some(Err(WebSocketError::ConnectionClose(event)))) => {
                tell(Input::Closed { generation, code: event.code, reason: event.reason });
                return;
            }
            Either::Left(Some(Err(error))) => tell(Input::Failed { generation, error: error.to_string() }),
            Either::Left(None) => {
                tell(Input::Closed { generation, code: close::ABNORMAL, reason: String::new() });
                return;
            }
            Either::Right(Some(Command::Send(text))) => {
                if let Err(error) = socket.send(Message::Text(text)).await {
                    tell(Input::Failed { generation, error: error.to_string() });
                }
            }
            Either::Right(command) => {
                finish(socket, command.as_ref());
                return;
            }
        }
    }
}

/// Closes with the code that was asked for, or, where the handle was just dropped, as dropping does.
fn finish(socket: WebSocket, command: Option<&Command>) {
    if let Some(&Command::Close(code, reason)) = command {
        // A browser refuses only codes that no page may send; dropping the socket then closes it all the same.
        let _ = socket.close(Some(code), Some(reason));
    }
}
