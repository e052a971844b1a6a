//! The harness itself: a fault that it fails to make would let a test pass for nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::{net::SocketAddr, time::Duration};

use switchboard_e2e::run;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

#[test]
fn proxy_passes_cuts_stalls_refuses_and_heals() {
    run(async |stage| {
        let proxy = stage.proxy(echo_server().await).await;
        let address: SocketAddr = proxy.url().trim_start_matches("http://").parse().unwrap();

        let mut first = TcpStream::connect(address).await.unwrap();
        assert_eq!(echo(&mut first).await, Some(true), "it passes data");

        proxy.stall();
        assert_eq!(echo(&mut first).await, None, "a stalled connection swallows data and stays");
        let mut second = TcpStream::connect(address).await.unwrap();
        assert_eq!(echo(&mut second).await, Some(true), "one that was opened after that works");

        proxy.cut();
        assert_eq!(echo(&mut first).await, Some(false), "a stalled connection can be cut");
        assert_eq!(echo(&mut second).await, Some(false), "and so can one that works");

        proxy.refuse();
        if let Ok(mut third) = TcpStream::connect(address).await {
            assert_eq!(echo(&mut third).await, Some(false), "a refused connection ends at once");
        }

        proxy.stall_all();
        proxy.heal();
        let mut fourth = TcpStream::connect(address).await.unwrap();
        assert_eq!(echo(&mut fourth).await, Some(true), "after healing, new connections work");
    });
}

/// `Some(true)` where bytes come back, `Some(false)` where the connection ended, `None` where nothing happens.
async fn echo(stream: &mut TcpStream) -> Option<bool> {
    let mut answer = [0; 4];
    let exchange = async {
        stream.write_all(b"ping").await.ok()?;
        stream.read_exact(&mut answer).await.ok()
    };
    timeout(Duration::from_millis(500), exchange).await.ok().map(|read| read.is_some())
}

async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}
