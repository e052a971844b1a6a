//! Reading a body: what is encoded for the way is decoded, and no more is taken than wanted.

mod decoder;
mod inflate;

use reqwest::{Response, header::CONTENT_ENCODING};

use crate::{cause, transport::Trouble, words};
use decoder::{Decoder, Decoding};

/// A body as far as it has been read.
#[derive(Debug)]
pub(crate) struct Body {
    response: Response,
    decoder: Decoder,
    limit: u64,
    received: u64,
    end: End,
}

/// How far a body has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There may be more.
    Open,
    /// All of it.
    Complete,
    /// There was more than wanted.
    Cut,
}

impl Body {
    /// A body of which at most `limit` bytes are wanted.
    pub(crate) fn new(response: Response, limit: u64) -> Result<Self, Trouble> {
        let encodings = response.headers().get_all(CONTENT_ENCODING).iter();
        let encoding = encodings.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
        let limit_in_memory = usize::try_from(limit).unwrap_or(usize::MAX);
        let decoder = Decoder::new(&encoding, limit_in_memory).map_err(|encoding| {
            let host = words::host(response.url());
            Trouble::Lasting(format!(
                "{host} sent the page in the encoding {}, which was not asked for.",
                words::quote(&encoding)
            ))
        })?;
        Ok(Self { response, decoder, limit, received: 0, end: End::Open })
    }

    /// Reads on until `enough` bytes are there, or the end. What has been read stays when the future is dropped.
    pub(crate) async fn read(&mut self, enough: usize) -> Result<(), Trouble> {
        while self.end == End::Open && self.decoder.decoded().len() < enough {
            let chunk = self.response.chunk().await.map_err(|error| self.broken(&error))?;
            let Some(chunk) = chunk else {
                // Servers name an encoding for no body at all.
                if self.received > 0 {
                    self.decoder.finish().map_err(|()| self.garbled())?;
                }
                self.end = End::Complete;
                break;
            };
            self.received += chunk.len() as u64;
            match self.decoder.take(&chunk).map_err(|()| self.garbled())? {
                // What decodes to nothing at all would otherwise be read for ever.
                Decoding::More if self.received > self.limit => self.end = End::Cut,
                Decoding::More => {}
                Decoding::Full => self.end = End::Cut,
            }
        }
        Ok(())
    }

    /// What has been read, decoded.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.decoder.decoded()
    }

    /// Takes out what has been read.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        self.decoder.take_decoded()
    }

    /// How many bytes came over the network.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Whether there was more than wanted.
    pub(crate) fn is_cut(&self) -> bool {
        self.end == End::Cut
    }

    fn broken(&self, error: &reqwest::Error) -> Trouble {
        let host = words::host(self.response.url());
        let cause = cause::innermost(error);
        Trouble::Transient(format!("The connection to {host} broke before the page was complete ({cause})."))
    }

    fn garbled(&self) -> Trouble {
        let host = words::host(self.response.url());
        let encoding = self.decoder.name();
        Trouble::Lasting(format!(
            "What {host} sent is not the {encoding} that it said it was, or is not all of it."
        ))
    }
}
