//! The two formats that `deflate` is used for, with their end: a stream that stops before it is not the whole.

use std::io::{self, Write};

use flate2::{Decompress, FlushDecompress, Status};

/// The unit in which it is unpacked.
const BUFFER: usize = 16 * 1024;

/// Unpacks one stream.
pub(super) struct Inflate<W> {
    state: Decompress,
    buffer: Box<[u8]>,
    has_ended: bool,
    into: W,
}

impl<W: Write> Inflate<W> {
    /// A decoder for a stream that begins with this byte.
    pub(super) fn new(first: u8, into: W) -> Self {
        // Zlib's first byte names its method, 8, in the low half. In a bare stream that would be a kind of block
        // with which no encoder begins.
        let is_zlib = first & 15 == 8;
        Self { state: Decompress::new(is_zlib), buffer: vec![0; BUFFER].into(), has_ended: false, into }
    }

    /// Unpacks a chunk. What follows the end is left alone.
    pub(super) fn take(&mut self, mut chunk: &[u8]) -> io::Result<()> {
        while !self.has_ended {
            let before = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(chunk, &mut self.buffer, FlushDecompress::None)?;
            let taken = usize::try_from(self.state.total_in() - before.0).unwrap_or(usize::MAX);
            let given = usize::try_from(self.state.total_out() - before.1).unwrap_or(usize::MAX);
            chunk = chunk.get(taken..).unwrap_or_default();
            self.into.write_all(self.buffer.get(..given).unwrap_or_default())?;
            self.has_ended = status == Status::StreamEnd;
            if given < self.buffer.len() && (chunk.is_empty() || taken == 0) {
                break;
            }
        }
        Ok(())
    }

    /// Checks that nothing is missing.
    pub(super) fn finish(&self) -> io::Result<()> {
        if self.has_ended { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// What it unpacks into.
    pub(super) fn get_ref(&self) -> &W {
        &self.into
    }

    /// What it unpacks into.
    pub(super) fn get_mut(&mut self) -> &mut W {
        &mut self.into
    }
}
