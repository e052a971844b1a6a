//! Undoing a `Content-Encoding`, chunk by chunk, into memory that is bounded.
//!
//! A kilobyte can unpack to a gigabyte. The decoders write into a buffer that takes no more than wanted and then
//! refuses, so nothing beyond that is ever unpacked.

use std::{
    fmt,
    io::{self, Write},
};

use flate2::write::MultiGzDecoder;

use super::inflate::Inflate;

/// The unit in which the Brotli decoder writes.
const BROTLI_BUFFER: usize = 16 * 1024;

/// Decodes one body.
pub(super) enum Decoder {
    /// No encoding.
    Plain(Bounded),
    /// `gzip`.
    Gzip(Box<MultiGzDecoder<Bounded>>),
    /// `deflate` before its first byte: servers mean zlib's format by it, as the standard does, or the bare one.
    Deflate(Bounded),
    /// `deflate` from then on.
    Inflate(Box<Inflate<Bounded>>),
    /// `br`.
    Brotli(Box<brotli::DecompressorWriter<Bounded>>),
}

/// What came of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoding {
    /// There is room for more.
    More,
    /// There is more than wanted.
    Full,
}

/// A buffer that refuses what is beyond its limit.
#[derive(Debug, Default)]
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.bytes.len());
        let fitting = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(fitting);
        if fitting.len() < bytes.len() {
            self.full = true;
            return Err(io::Error::other("more than wanted"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// A decoder for what `Content-Encoding` names. An encoding that is not known is handed back.
    pub(super) fn new(encoding: &str, limit: usize) -> Result<Self, String> {
        let names = encoding.split(',').map(|name| name.trim().to_ascii_lowercase());
        let mut names = names.filter(|name| !name.is_empty() && name != "identity");
        let (name, further) = (names.next(), names.next());
        let into = Bounded { bytes: Vec::new(), limit, full: false };
        match (name.as_deref(), further) {
            (None, _) => Ok(Self::Plain(into)),
            (Some("gzip" | "x-gzip"), None) => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(into)))),
            (Some("deflate"), None) => Ok(Self::Deflate(into)),
            (Some("br"), None) => {
                Ok(Self::Brotli(Box::new(brotli::DecompressorWriter::new(into, BROTLI_BUFFER))))
            }
            _ => Err(encoding.to_owned()),
        }
    }

    /// The encoding's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "text",
            Self::Gzip(_) => "gzip",
            Self::Deflate(_) | Self::Inflate(_) => "deflate",
            Self::Brotli(_) => "Brotli",
        }
    }

    /// Decodes a chunk. The error says that it cannot be decoded.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<Decoding, ()> {
        if let (Self::Deflate(into), Some(first)) = (&mut *self, chunk.first()) {
            *self = Self::Inflate(Box::new(Inflate::new(*first, std::mem::take(into))));
        }
        let written = match self {
            Self::Plain(into) | Self::Deflate(into) => into.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Inflate(decoder) => decoder.take(chunk),
            Self::Brotli(decoder) => decoder.write_all(chunk),
        };
        self.outcome(&written)
    }

    /// Checks that nothing is missing at the end of a body that is not empty.
    pub(super) fn finish(&mut self) -> Result<Decoding, ()> {
        let finished = match self {
            Self::Plain(_) | Self::Deflate(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Inflate(decoder) => decoder.finish(),
            Self::Brotli(decoder) => decoder.close(),
        };
        self.outcome(&finished)
    }

    fn outcome(&self, written: &io::Result<()>) -> Result<Decoding, ()> {
        match written {
            _ if self.into().full => Ok(Decoding::Full),
            Ok(()) => Ok(Decoding::More),
            Err(_) => Err(()),
        }
    }

    /// What has been decoded.
    pub(super) fn decoded(&self) -> &[u8] {
        &self.into().bytes
    }

    /// Takes out what has been decoded.
    pub(super) fn take_decoded(&mut self) -> Vec<u8> {
        let into = match self {
            Self::Plain(into) | Self::Deflate(into) => into,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Inflate(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
        };
        std::mem::take(&mut into.bytes)
    }

    fn into(&self) -> &Bounded {
        match self {
            Self::Plain(into) | Self::Deflate(into) => into,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Inflate(decoder) => decoder.get_ref(),
            Self::Brotli(decoder) => decoder.get_ref(),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.into().bytes.len(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    const TEXT: &[u8] = b"What is encoded for the way is decoded.";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn bare(text: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn brotli(text: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        brotli::BrotliCompress(&mut &text[..], &mut encoded, &brotli::enc::BrotliEncoderParams::default())
            .unwrap();
        encoded
    }

    /// Every encoding with its encoder.
    fn all() -> [(&'static str, Vec<u8>); 6] {
        [
            ("", TEXT.to_vec()),
            ("Identity", TEXT.to_vec()),
            ("gzip", gzip(TEXT)),
            ("deflate", zlib(TEXT)),
            ("deflate", bare(TEXT)),
            ("BR", brotli(TEXT)),
        ]
    }

    #[test]
    fn each_encoding_is_undone_however_it_is_cut_into_chunks() {
        for (name, encoded) in all() {
            for size in [1, 7, encoded.len()] {
                let mut decoder = Decoder::new(name, 1000).unwrap();
                for chunk in encoded.chunks(size) {
                    assert_eq!(decoder.take(chunk), Ok(Decoding::More), "{name} {size}");
                }
                assert_eq!(decoder.finish(), Ok(Decoding::More), "{name} {size}");
                assert_eq!(decoder.take_decoded(), TEXT, "{name} {size}");
            }
        }
    }

    #[test]
    fn no_more_is_unpacked_than_wanted() {
        for (name, encoded) in all() {
            let mut decoder = Decoder::new(name, 10).unwrap();
            assert_eq!(decoder.take(&encoded).and_then(|_| decoder.finish()), Ok(Decoding::Full), "{name}");
            assert_eq!(decoder.decoded(), &TEXT[..10], "{name}");
        }
    }

    #[test]
    fn what_is_not_what_it_says_or_not_all_of_it_is_told() {
        for (name, encoded) in all() {
            if matches!(name, "" | "Identity") {
                continue;
            }
            let mut cut_off = Decoder::new(name, 1000).unwrap();
            let half = cut_off.take(&encoded[..encoded.len() / 2]);
            assert_eq!(half.and_then(|_| cut_off.finish()), Err(()), "{name}");
            let mut wrong = Decoder::new(name, 1000).unwrap();
            assert_eq!(
                wrong.take(b"<html>not encoded at all</html>").and_then(|_| wrong.finish()),
                Err(()),
                "{name}"
            );
        }
        assert!(Decoder::new("zstd", 1000).is_err());
        assert!(Decoder::new("gzip, br", 1000).is_err());
    }
}
