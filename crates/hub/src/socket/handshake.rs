//! From a client's first message to what it is sent: who it is, whose log it follows, and from where on.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use switchboard_protocol::{
    ClientFrame, ConnectionAck, Control, Handshake, OrganizationId, Resume, Resumed, Resync, ResyncReason,
    Subscribed, close,
};
use switchboard_store::Bounds;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::{
    ending::Ending,
    outbox::{Form, Outbox},
    session::{HEARTBEAT, LONGEST_ID, MOST_SUBSCRIPTIONS, encode},
};
use crate::{auth::Keys, feed::Feeds, random};

/// A connection that was let in.
pub struct Admitted {
    /// The frames that it will be sent.
    pub outbox: Outbox,
    /// The control frames that come first.
    pub greeting: Vec<String>,
    /// Whose log it follows.
    pub organization: OrganizationId,
    /// The hub's name for it.
    pub connection_id: String,
}

/// Reads the first message.
pub async fn receive<S>(socket: &mut S) -> Result<Handshake, Ending>
where
    S: Stream<Item = Result<Message, SocketError>> + Unpin,
{
    let first = async {
        loop {
            return match socket.next().await {
                Some(Ok(Message::Text(text))) => read(&text),
                Some(Ok(Message::Binary(bytes))) => match std::str::from_utf8(&bytes) {
                    Ok(text) => read(text),
                    Err(_) => Err(malformed("the handshake is not UTF-8")),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => Err(Ending::Left),
                Some(Err(error)) => Err(error.into()),
            };
        }
    };
    let too_late =
        || Ending::close(close::HANDSHAKE_TIMEOUT, "no handshake within 5 s; send {\"token\":\"…\"} first");
    timeout(close::HANDSHAKE_LIMIT, first).await.unwrap_or_else(|_| Err(too_late()))
}

/// Decides what a handshake opens.
pub async fn admit(handshake: Handshake, keys: &Keys, feeds: &Feeds) -> Result<Admitted, Ending> {
    let Handshake { token, organization_id, resume, subscribe, batch, binary } = handshake;
    let Some(scope) = keys.admit(Some(&token)) else {
        return Err(Ending::close(close::BAD_TOKEN, "this hub does not know the token"));
    };
    let organization = scope
        .choose(organization_id)
        .map_err(|_| Ending::close(close::NOT_ALLOWED, "the token does not cover this organization"))?;
    if subscribe.len() > MOST_SUBSCRIPTIONS {
        return Err(Ending::close(close::TOO_MANY, "too many subscriptions; retry_after=5"));
    }
    if subscribe.iter().any(|execution| execution.as_str().len() > LONGEST_ID) {
        return Err(malformed("an execution id has more than 256 bytes"));
    }
    let (feed, bounds) = feeds.join(&organization).await.map_err(|error| {
        tracing::error!(%error, "cannot open a log for a connection");
        Ending::close(close::INTERNAL_ERROR, "the hub's storage failed")
    })?;

    let (cursor, answer) = place(resume, &bounds);
    let connection_id = random::identifier();
    let ack = Control::ConnectionAck(ConnectionAck {
        connection_id: Some(connection_id.clone()),
        epoch: Some(bounds.epoch.to_string()),
        seq: Some(bounds.head),
        heartbeat_seconds: Some(HEARTBEAT.as_secs()),
    });
    let subscribed = subscribe.iter().map(|execution| {
        Control::Subscribed(Subscribed { execution_id: execution.clone(), seq: Some(cursor) })
    });
    let greeting = [ack].into_iter().chain(subscribed).chain(answer).filter_map(encode).collect();
    let form = Form { batch, binary };
    let outbox = Outbox::new(Arc::clone(&feed).reader(cursor), subscribe.into_iter().collect(), form);
    Ok(Admitted { outbox, greeting, organization, connection_id })
}

/// Where the cursor starts, and what a client that wants to resume is told.
fn place(resume: Option<Resume>, bounds: &Bounds) -> (u64, Option<Control>) {
    let Some(resume) = resume else { return (bounds.head, None) };
    let resync = |reason| (bounds.head, Some(Control::Resync(Resync { reason })));
    if resume.epoch != *bounds.epoch || resume.seq > bounds.head {
        // A cursor beyond the log's end belongs to another log, whatever its name.
        resync(ResyncReason::EpochChanged)
    } else if resume.seq < bounds.first.saturating_sub(1) {
        resync(ResyncReason::TooOld)
    } else {
        (resume.seq, Some(Control::Resumed(Resumed { from: resume.seq + 1, to: bounds.head })))
    }
}

fn read(text: &str) -> Result<Handshake, Ending> {
    match ClientFrame::decode(text) {
        Ok(ClientFrame::Handshake(handshake)) => Ok(handshake),
        Ok(_) => Err(malformed("the first message must be the handshake, {\"token\":\"…\"}")),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

fn malformed(reason: &str) -> Ending {
    Ending::close(close::MALFORMED_HANDSHAKE, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_resumed_where_the_log_still_holds_what_it_missed() {
        let bounds = Bounds { epoch: "a".into(), first: 11, head: 20 };
        let at = |epoch: &str, seq| place(Some(Resume { epoch: epoch.into(), seq }), &bounds);
        let resumed = |from| Some(Control::Resumed(Resumed { from, to: 20 }));
        let resync = |reason| (20, Some(Control::Resync(Resync { reason })));
        assert_eq!(place(None, &bounds), (20, None));
        assert_eq!(at("a", 20), (20, resumed(21)));
        assert_eq!(at("a", 15), (15, resumed(16)));
        assert_eq!(at("a", 10), (10, resumed(11)));
        assert_eq!(at("a", 9), resync(ResyncReason::TooOld));
        assert_eq!(at("a", 21), resync(ResyncReason::EpochChanged));
        assert_eq!(at("b", 15), resync(ResyncReason::EpochChanged));
    }
}
