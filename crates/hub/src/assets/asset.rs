//! One file of the dashboard, with what HTTP says of it.

use std::{io::Write, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::policy;

/// Below this, compression saves less than a packet.
const SMALLEST_COMPRESSED: usize = 1024;

/// Above this, a file is that of a development build, many times what a release has: it is looked at on the same
/// machine, where nobody wants to wait for its compression.
const LARGEST_COMPRESSED: usize = 4 * 1024 * 1024;

/// Brotli's quality, of 11: from here on it takes seconds for a percent.
const BROTLI_QUALITY: u32 = 9;

/// The base 2 logarithm of Brotli's window: 4 MiB, more than any of our files has.
const BROTLI_WINDOW: u32 = 22;

/// One file.
pub struct Asset {
    bytes: Bytes,
    etag: String,
    content_type: HeaderValue,
    /// Its name holds a hash of its content.
    immutable: bool,
    compressible: bool,
    /// The content security policy, for a page.
    policy: Option<HeaderValue>,
    gzip: OnceCell<Option<Bytes>>,
    brotli: OnceCell<Option<Bytes>>,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// The best that a client takes.
    pub fn best(headers: &HeaderMap) -> Option<Self> {
        let accepted: Vec<&str> = headers
            .get_all(header::ACCEPT_ENCODING)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let takes = |encoding: Self| {
            accepted.iter().any(|item| {
                let mut parts = item.split(';').map(str::trim);
                let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding.name()));
                named
                    && !parts
                        .any(|part| part.strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0_f32))
            })
        };
        [Self::Brotli, Self::Gzip].into_iter().find(|encoding| takes(*encoding))
    }

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn compress(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let mut writer =
                    brotli::CompressorWriter::new(Vec::new(), 4096, BROTLI_QUALITY, BROTLI_WINDOW);
                writer.write_all(bytes)?;
                writer.flush()?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                writer.write_all(bytes)?;
                writer.finish()
            }
        }
    }
}

impl Asset {
    /// The file `name`, relative to the dashboard's folder.
    pub fn new(name: &str, bytes: Bytes) -> Self {
        let digest = Sha256::digest(&bytes);
        let etag = URL_SAFE_NO_PAD.encode(digest);
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        let is_text =
            kind.type_() == "text" || matches!(kind.subtype().as_str(), "javascript" | "json" | "svg");
        let charset = if is_text { "; charset=utf-8" } else { "" };
        let is_page = kind.subtype() == "html";
        let policy = is_page.then(|| policy::of_page(&String::from_utf8_lossy(&bytes)));
        Self {
            compressible: (SMALLEST_COMPRESSED..=LARGEST_COMPRESSED).contains(&bytes.len())
                && (is_text || kind.subtype() == "wasm"),
            etag,
            content_type: HeaderValue::from_str(&format!("{kind}{charset}"))
                .unwrap_or(HeaderValue::from_static("application/octet-stream")),
            immutable: !is_page && has_hash(name),
            policy,
            bytes,
            gzip: OnceCell::new(),
            brotli: OnceCell::new(),
        }
    }

    /// Whether one of the tags in an `If-None-Match` is this file's, in whichever encoding.
    pub fn is_one_of(&self, tags: &str) -> bool {
        tags.contains(self.etag.as_str()) || tags.trim() == "*"
    }

    /// The content, compressed where that is wanted and helps. The first to ask waits for it.
    pub async fn encoded(self: &Arc<Self>, encoding: Option<Encoding>) -> (Option<Encoding>, Bytes) {
        let Some(encoding) = encoding.filter(|_| self.compressible) else {
            return (None, self.bytes.clone());
        };
        let cell = match encoding {
            Encoding::Brotli => &self.brotli,
            Encoding::Gzip => &self.gzip,
        };
        let compress = async || {
            let bytes = self.bytes.clone();
            let compressed =
                tokio::task::spawn_blocking(move || encoding.compress(&bytes)).await.ok()?.ok()?;
            (compressed.len() < self.bytes.len()).then(|| Bytes::from(compressed))
        };
        match cell.get_or_init(compress).await {
            Some(compressed) => (Some(encoding), compressed.clone()),
            None => (None, self.bytes.clone()),
        }
    }

    /// Writes what HTTP says of the file, apart from its encoding.
    pub fn describe(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        let caching = if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        // Weak: the same file in several encodings.
        if let Ok(etag) = HeaderValue::from_str(&format!("W/\"{}\"", self.etag)) {
            headers.insert(header::ETAG, etag);
        }
        if self.compressible {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(policy) = &self.policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
    }
}

/// Whether a file's name holds a hash, as trunk writes it: `name-0123456789abcdef.js`, `name-…_bg.wasm`.
fn has_hash(name: &str) -> bool {
    let is_hash = |part: &str| part.len() >= 12 && part.chars().all(|digit| digit.is_ascii_hexdigit());
    name.split(['-', '_', '.', '/']).skip(1).any(is_hash)
}
