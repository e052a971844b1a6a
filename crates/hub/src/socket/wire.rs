//! The WebSocket protocol on a connection, without a copy of what is sent.
//!
//! Reading, the control frames and the closing handshake are tungstenite's. What it would do with a message to send
//! is to copy it into a buffer of the connection, which keeps the size of the largest message ever: ten thousand
//! connections that once met a frame of a megabyte would hold ten gigabytes. A server's frames are not masked, so a
//! frame is a header of a few bytes before the payload as it stands, and the payload can stay what it is here:
//! shared by all connections, and written from where it is.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Read, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::{
    Error as SocketError, Message,
    error::ProtocolError,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

/// With this many bytes or frames waiting nothing more is taken, until they are written.
const MOST_WAITING_BYTES: usize = 16 * 1024;
const MOST_WAITING_FRAMES: usize = 64;

/// How many pieces one write gathers: a header and a payload of each frame that may wait. Linux takes 1,024.
const PIECES: usize = 2 * MOST_WAITING_FRAMES;

/// Beyond this an empty queue gives its memory back.
const KEPT_FRAMES: usize = 4;

/// A server's end of a WebSocket.
pub struct Wire<T> {
    io: T,
    context: WebSocketContext,
    queue: VecDeque<Piece>,
    /// How many bytes wait in the queue.
    waiting: usize,
    ended: bool,
}

/// A frame on its way, or what is left of it.
struct Piece {
    header: Header,
    payload: Bytes,
}

/// The header of a frame that a server sends: RFC 6455, section 5.2.
struct Header {
    bytes: [u8; 10],
    start: u8,
    end: u8,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// A connection that was just upgraded; `early` are the bytes that came with the request.
    pub fn new(io: T, early: Vec<u8>, config: WebSocketConfig) -> Self {
        // Control frames are queued here as they are made.
        let config = config.write_buffer_size(0);
        let context = WebSocketContext::from_partially_read(early, Role::Server, Some(config));
        Self { io, context, queue: VecDeque::new(), waiting: 0, ended: false }
    }

    /// The connection below. What is read there is lost here.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Runs what tungstenite does with a stream that never blocks when written to, and queues what it wrote.
    fn with_context<R>(
        &mut self,
        task: Option<&mut Context<'_>>,
        run: impl FnOnce(&mut WebSocketContext, &mut Door<'_, '_, T>) -> R,
    ) -> R {
        let mut door = Door { io: &mut self.io, task, written: Vec::new() };
        let result = run(&mut self.context, &mut door);
        let written = door.written;
        // A peer that sends pings and reads nothing gets no pongs; RFC 6455, section 5.5.3, allows to answer the
        // latest only.
        if !written.is_empty() && (self.waiting < MOST_WAITING_BYTES || !self.context.can_write()) {
            self.push(Piece { header: Header::none(), payload: written.into() });
        }
        result
    }

    fn push(&mut self, piece: Piece) {
        self.waiting += piece.len();
        self.queue.push_back(piece);
    }

    /// Writes all that waits.
    fn poll_drain(&mut self, task: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        while self.waiting > 0 {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let pieces = self.queue.iter().flat_map(Piece::slices).filter(|slice| !slice.is_empty());
            let count =
                slices.iter_mut().zip(pieces).map(|(place, slice)| *place = IoSlice::new(slice)).count();
            let slices = slices.get(..count).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(task, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into()));
            }
            self.waiting = self.waiting.saturating_sub(written);
            self.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes written bytes off the queue.
    fn advance(&mut self, mut written: usize) {
        while let Some(piece) = self.queue.front_mut() {
            let here = written.min(piece.len());
            piece.advance(here);
            written -= here;
            if piece.len() > 0 {
                return;
            }
            self.queue.pop_front();
        }
        if self.queue.capacity() > KEPT_FRAMES {
            self.queue = VecDeque::new();
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for Wire<T> {
    type Item = Result<Message, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.with_context(Some(task), |context, door| context.read(door)) {
            Ok(message) => Poll::Ready(Some(Ok(message))),
            Err(SocketError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => {
                self.ended = true;
                let closed = matches!(error, SocketError::ConnectionClosed | SocketError::AlreadyClosed);
                Poll::Ready((!closed).then_some(Err(error)))
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Sink<Message> for Wire<T> {
    type Error = SocketError;

    fn poll_ready(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        if self.waiting >= MOST_WAITING_BYTES || self.queue.len() >= MOST_WAITING_FRAMES {
            return self.poll_drain(task);
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SocketError> {
        let (opcode, payload) = match message {
            Message::Text(text) => (Header::TEXT, text.into()),
            Message::Binary(bytes) => (Header::BINARY, bytes),
            control => return self.with_context(None, |context, door| context.write(door, control)),
        };
        if !self.context.can_write() {
            return Err(ProtocolError::SendAfterClosing.into());
        }
        self.push(Piece { header: Header::of(opcode, payload.len()), payload });
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        // A pong or the answer to a close that tungstenite still holds. That this ends the connection is told by
        // the next read.
        match self.with_context(None, |context, door| context.flush(door)) {
            Ok(()) | Err(SocketError::ConnectionClosed | SocketError::AlreadyClosed) => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
        ready!(self.poll_drain(task))?;
        Pin::new(&mut self.io).poll_flush(task).map_err(SocketError::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        ready!(self.as_mut().poll_flush(task))?;
        Pin::new(&mut self.io).poll_shutdown(task).map_err(SocketError::from)
    }
}

/// What tungstenite reads from and writes to: reading says when it would wait, writing never does.
struct Door<'d, 't, T> {
    io: &'d mut T,
    task: Option<&'d mut Context<'t>>,
    written: Vec<u8>,
}

impl<T: AsyncRead + Unpin> Read for Door<'_, '_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(task) = &mut self.task else { return Err(io::ErrorKind::WouldBlock.into()) };
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.io).poll_read(task, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<T> Write for Door<'_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Piece {
    fn len(&self) -> usize {
        self.header.rest().len() + self.payload.len()
    }

    fn slices(&self) -> [&[u8]; 2] {
        [self.header.rest(), &self.payload]
    }

    fn advance(&mut self, written: usize) {
        let of_header = written.min(self.header.rest().len());
        // At most ten.
        self.header.start += u8::try_from(of_header).unwrap_or(u8::MAX);
        self.payload.advance(written - of_header);
    }
}

impl Header {
    const TEXT: u8 = 0x1;
    const BINARY: u8 = 0x2;

    /// What already is whole frames needs none.
    fn none() -> Self {
        Self { bytes: [0; 10], start: 0, end: 0 }
    }

    /// The header of a whole message in one frame.
    fn of(opcode: u8, length: usize) -> Self {
        const FINAL: u8 = 0x80;
        let mut bytes = [0; 10];
        let mut rest = bytes.as_mut_slice();
        let mut put = |piece: &[u8]| rest.write_all(piece);
        // Ten bytes are enough for each of these.
        let _ = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..=125), _) => put(&[FINAL | opcode, short]),
            (_, Ok(middle)) => put(&[FINAL | opcode, 126]).and_then(|()| put(&middle.to_be_bytes())),
            _ => put(&[FINAL | opcode, 127]).and_then(|()| put(&(length as u64).to_be_bytes())),
        };
        let left = u8::try_from(rest.len()).unwrap_or(0);
        Self { bytes, start: 0, end: 10 - left }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt, StreamExt};
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;

    use super::*;

    async fn connection(bytes: usize) -> (Wire<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (server, client) = tokio::io::duplex(bytes);
        let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        (Wire::new(server, Vec::new(), WebSocketConfig::default().read_buffer_size(64)), client)
    }

    /// Every header length, at its edges, through a pipe that takes a few bytes at a time.
    #[tokio::test]
    async fn messages_of_every_size_arrive_whole_and_in_order() {
        for pipe in [1, 7, 5000] {
            let (mut wire, mut client) = connection(pipe).await;
            let sizes = [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000];
            let sent = sizes.map(|size| Message::text("é".repeat(size / 2)));
            let expected = sent.clone();
            let sending = tokio::spawn(async move {
                for message in sent {
                    wire.feed(message.clone()).await.unwrap();
                    wire.feed(Message::binary(Bytes::from(message))).await.unwrap();
                }
                wire.flush().await.unwrap();
                wire
            });
            for message in expected {
                assert_eq!(client.next().await.unwrap().unwrap(), message);
                assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(Bytes::from(message)));
            }
            let wire = sending.await.unwrap();
            assert!(wire.queue.capacity() <= KEPT_FRAMES, "an idle connection holds nothing");
        }
    }

    #[tokio::test]
    async fn pings_are_answered_between_messages_and_a_close_is_answered() {
        let (mut wire, mut client) = connection(1 << 16).await;
        client.send(Message::Ping("hello".into())).await.unwrap();
        assert_eq!(wire.next().await.unwrap().unwrap(), Message::Ping("hello".into()));
        wire.feed(Message::text("before")).await.unwrap();
        wire.send(Message::text("after")).await.unwrap();
        for expected in [Message::text("before"), Message::text("after"), Message::Pong("hello".into())] {
            assert_eq!(client.next().await.unwrap().unwrap(), expected);
        }
        client.close(None).await.unwrap();
        assert!(wire.next().await.unwrap().unwrap().is_close());
        wire.flush().await.unwrap();
        assert!(client.next().await.unwrap().unwrap().is_close());
        assert!(wire.next().await.is_none());
        assert!(wire.feed(Message::text("too late")).await.is_err());
    }

    #[tokio::test]
    async fn who_sends_pings_and_reads_nothing_does_not_fill_the_memory() {
        let (mut wire, mut client) = connection(1 << 20).await;
        let payload = Bytes::from(vec![0; 125]);
        for _ in 0..5000 {
            client.feed(Message::Ping(payload.clone())).await.unwrap();
        }
        client.flush().await.unwrap();
        for _ in 0..5000 {
            wire.next().await.unwrap().unwrap();
        }
        assert!(wire.waiting < 2 * MOST_WAITING_BYTES, "{} bytes wait", wire.waiting);
    }
}
