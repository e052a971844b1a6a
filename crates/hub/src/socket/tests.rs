//! Sessions over an in-memory pipe, where the clock is driven.

use std::{sync::Arc, time::Duration};

use futures::{SinkExt, StreamExt};
use switchboard_protocol::Handshake;
use switchboard_store::{SqliteOptions, SqliteStore, Store};
use tokio::{
    io::DuplexStream,
    task::JoinHandle,
    time::{Instant, advance, pause, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    ending::Ending,
    handshake,
    session::{HEARTBEAT, Session},
    wire::Wire,
};
use crate::{auth::Keys, feed::Feeds};

type Pipe = WebSocketStream<DuplexStream>;

/// Two ends of a connection that holds `bytes` on the way.
async fn connection(bytes: usize) -> (Wire<DuplexStream>, Pipe) {
    let (server, client) = tokio::io::duplex(bytes);
    let config = WebSocketConfig::default().read_buffer_size(1024);
    let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    (Wire::new(server, Vec::new(), config), client)
}

/// A session whose client has said nothing yet. The clock stands still from here on.
struct Room {
    _folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    client: Pipe,
    stop: CancellationToken,
    session: JoinHandle<Ending>,
}

async fn session(pipe_bytes: usize) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let feeds = Feeds::new(Arc::clone(&store) as Arc<dyn Store>);
    let handshake = Handshake { token: "stream".into(), ..Handshake::default() };
    let admitted = handshake::admit(handshake, &Keys::default(), &feeds).await.unwrap();
    let (server, client) = connection(pipe_bytes).await;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    pause();
    let session =
        tokio::spawn(
            async move { Session::new(server, admitted.outbox, admitted.greeting).run(&stopped).await },
        );
    Room { _folder: folder, store, client, stop, session }
}

/// Lets a span pass in steps in which every task gets to run.
async fn pass(span: Duration) {
    let end = Instant::now() + span;
    while Instant::now() < end {
        advance(Duration::from_secs(1)).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_handshake_within_five_seconds_the_hub_closes_with_4408() {
    let (mut server, mut client) = connection(4096).await;
    let began = Instant::now();
    let ending = handshake::receive(&mut server).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let told = tokio::spawn(async move { ending.tell(&mut server).await });
    let Some(Ok(Message::Close(Some(frame)))) = client.next().await else { panic!("no close") };
    assert_eq!(u16::from(frame.code), 4408);
    drop(client);
    told.await.unwrap();
}

#[tokio::test]
async fn a_client_that_never_speaks_but_answers_pings_stays() {
    let mut room = session(4096).await;
    let reading = tokio::spawn(async move {
        let mut pings = 0;
        while let Some(Ok(message)) = room.client.next().await {
            pings += u32::from(message.is_ping());
        }
        pings
    });
    pass(HEARTBEAT * 30).await;
    assert!(!room.session.is_finished(), "the socket's own pongs are a sign of life");
    room.session.abort();
    assert!(reading.await.unwrap() >= 5);
}

#[tokio::test]
async fn a_client_that_answers_nothing_is_dropped_after_a_ping() {
    let mut room = session(4096).await;
    // A dead machine: what it is sent vanishes in the system's buffers, and nothing comes back.
    pass(HEARTBEAT * 3).await;
    assert!(!room.session.is_finished());
    pass(HEARTBEAT + Duration::from_secs(1)).await;
    assert_eq!(room.session.await.unwrap(), Ending::Lost);
    let mut last = None;
    while let Some(Ok(message)) = room.client.next().await {
        last = Some(message);
    }
    assert!(last.unwrap().is_ping(), "it was asked before");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_what_it_is_sent_is_dropped() {
    // The greeting alone does not fit.
    let room = session(16).await;
    pass(HEARTBEAT * 3 + Duration::from_secs(1)).await;
    assert_eq!(room.session.await.unwrap(), Ending::Lost);
}

#[tokio::test]
async fn a_stop_reaches_a_session_whose_client_does_not_read() {
    let room = session(16).await;
    pass(Duration::from_secs(1)).await;
    room.stop.cancel();
    let ending = timeout(Duration::from_secs(1), room.session).await.unwrap().unwrap();
    assert!(matches!(ending, Ending::Close { code: 1001, .. }));
}

#[tokio::test]
async fn a_client_that_asks_without_reading_is_not_read_and_loses_no_answer() {
    let room = session(256).await;
    let (mut sink, mut stream) = room.client.split();
    let asking = tokio::spawn(async move {
        for _ in 0..250 {
            sink.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
        }
        sink
    });
    pass(Duration::from_secs(5)).await;
    assert!(!asking.is_finished(), "what it asks waits on its side");
    let mut pongs = 0;
    while pongs < 250 {
        let message = stream.next().await.unwrap().unwrap();
        pongs += usize::from(message.to_text().unwrap().contains("pong"));
    }
    drop((asking.await.unwrap(), stream));
    assert_eq!(room.session.await.unwrap(), Ending::Left);
    room.stop.cancel();
    drop(room.store);
}

/// The task of each of ten thousand idle connections is this large, whatever the largest of its states needs.
#[tokio::test]
async fn a_session_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let feeds = Feeds::new(store as Arc<dyn Store>);
    let admitted = handshake::admit(Handshake::default(), &Keys::default(), &feeds).await.unwrap();
    let (server, _client) = connection(16).await;
    let stop = CancellationToken::new();
    let session = Session::new(server, admitted.outbox, admitted.greeting).run(&stop);
    assert!(size_of_val(&session) <= 2048, "{} bytes", size_of_val(&session));
}
