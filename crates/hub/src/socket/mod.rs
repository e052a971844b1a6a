//! `GET /api/ws`: the WebSocket.

mod ending;
mod handshake;
mod outbox;
mod rate;
mod session;
mod upgrade;
mod wire;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use switchboard_protocol::close;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::hub::Hub;
use ending::Ending;
use session::Session;
use wire::Wire;

/// How much of an oversized message is read and thrown away, so that the client gets to read why.
const DRAIN_BYTES: u64 = 32 * 1024 * 1024;

/// For how long that is done.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Takes a connection over from HTTP.
pub async fn connect(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    let (answer, upgraded) = match upgrade::accept(request) {
        Ok(accepted) => accepted,
        Err(failure) => return failure.into_response(),
    };
    let seat = Arc::clone(&hub.seats).try_acquire_owned();
    hub.connections.clone().spawn(async move {
        let Some(mut socket) = upgraded.socket().await else { return };
        let ending = match seat {
            // The seat is taken as long as the connection lasts.
            Ok(_seat) => converse(&hub, &mut socket).await,
            Err(_) => Ending::close(close::TOO_MANY, "this hub has too many connections; retry_after=5"),
        };
        part(socket, ending).await;
    });
    answer
}

/// Handshake, then the session.
async fn converse<T>(hub: &Hub, socket: &mut Wire<T>) -> Ending
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let admitted = async {
        let handshake = handshake::receive(socket).await?;
        handshake::admit(handshake, &hub.keys, &hub.feeds).await
    };
    // On the heap, and gone before the session starts: an idle connection does not carry it.
    let admitted = tokio::select! {
        biased;
        () = hub.stop.cancelled() => return Ending::close(close::GOING_AWAY, "the hub is stopping"),
        admitted = Box::pin(admitted) => match admitted {
            Ok(admitted) => admitted,
            Err(ending) => {
                tracing::debug!(?ending, "connection refused");
                return ending;
            }
        }
    };
    tracing::debug!(connection = admitted.connection_id, organization = %admitted.organization, "connection opens");
    Session::new(socket, admitted.outbox, admitted.greeting).run(&hub.stop).await
}

/// Ends a connection so that the client learns why.
async fn part<T>(mut socket: Wire<T>, ending: Ending)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    ending.tell(&mut socket).await;
    if ending == Ending::TooBig {
        // Closing with unread bytes resets the connection, and the client would never see the reason.
        let mut rest = socket.get_mut().take(DRAIN_BYTES);
        let _ = tokio::time::timeout(DRAIN_TIME, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

#[cfg(test)]
mod tests;
