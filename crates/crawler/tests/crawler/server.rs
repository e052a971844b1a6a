//! A server that says exactly what a test wants, byte by byte.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// What a server was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path and query.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: HashMap<String, String>,
}

/// What a server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

/// What a server does after its answer.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// It closes the connection.
    Close,
    /// It waits for the client to go.
    Stall,
    /// It sends a byte every now and then until the client goes.
    Trickle,
    /// It sends the last bytes again and again until the client goes.
    Flood,
}

impl Reply {
    /// An answer with these header lines and this body, whose length it names.
    pub fn new(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            head += header;
            head += "\r\n";
        }
        let mut reply = Self::raw(head + "\r\n");
        reply.bytes.extend_from_slice(body);
        reply
    }

    /// A page.
    pub fn html(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", &["Content-Type: text/html; charset=utf-8"], body)
    }

    /// A text.
    pub fn text(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", &["Content-Type: text/plain"], body)
    }

    /// A status, and nothing else.
    pub fn status(status: &str) -> Self {
        Self::new(status, &[], "")
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::new("302 Found", &[&format!("Location: {to}")], "")
    }

    /// Exactly these bytes.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::Close }
    }

    /// The same, but the connection stays open and nothing comes any more.
    pub fn then_stall(self) -> Self {
        Self { then: Then::Stall, ..self }
    }

    /// The same, but a byte follows every now and then.
    pub fn then_trickle(self) -> Self {
        Self { then: Then::Trickle, ..self }
    }

    /// The same, but more and more of it follows.
    pub fn then_flood(self) -> Self {
        Self { then: Then::Flood, ..self }
    }

    async fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        stream.write_all(&self.bytes).await?;
        match self.then {
            Then::Close => stream.shutdown().await?,
            Then::Stall => {}
            Then::Trickle => loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            },
            Then::Flood => loop {
                stream.write_all(&[b'x'; 4096]).await?;
            },
        }
        // Closing with something unread resets the connection, and what was written may be lost.
        while stream.read(&mut [0; 1024]).await? > 0 {}
        Ok(())
    }
}

/// A server on loopback. It ends with its drop.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// A server that answers each request as the function says.
    pub async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let task = tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let reply = answer(&request);
                    seen.lock().unwrap().push(request);
                    // The client may go at any time.
                    let _ = reply.write(&mut stream).await;
                });
            }
        });
        Self { address, requests, task }
    }

    /// A server that answers everything with the same.
    pub async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    /// A server with these paths, and 404 for all others.
    pub async fn with(paths: &[(&str, Reply)]) -> Self {
        let paths: HashMap<String, Reply> =
            paths.iter().map(|(path, reply)| ((*path).to_owned(), reply.clone())).collect();
        Self::start(move |request| {
            paths.get(&request.path).cloned().unwrap_or_else(|| Reply::status("404 Not Found"))
        })
        .await
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}", self.address)).unwrap().join(path).unwrap()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The paths that it was asked for so far.
    pub fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The head of a request.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some(Request {
        path,
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
    })
}

/// A port on which nobody listens.
pub async fn nobody() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap()
}
