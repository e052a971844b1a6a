//! The built dashboard over HTTP.
//!
//! A path that is a file answers the file, any other the page, which has its own router. Files with a hash of
//! their content in the name may be kept forever; all others are asked for again with their `ETag`. Each file is
//! compressed once, not once a request.

mod asset;
mod policy;
mod source;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    response::IntoResponse,
};

use crate::problem::Failure;
use asset::{Asset, Encoding};
use source::{Source, Version};

/// The page, for every path that is no file.
const PAGE: &str = "index.html";

/// How many files are held: more than a dashboard has. A folder that is rebuilt again and again does not fill the
/// memory.
const MOST_HELD: usize = 256;

/// Answered instead of a dashboard that was not built.
const NOT_BUILT: &str = include_str!("not_built.html");

/// The built dashboard.
pub struct Assets {
    source: Source,
    held: Mutex<HashMap<String, (Version, Arc<Asset>)>>,
}

impl Assets {
    /// The dashboard in `folder`, or else the one inside the binary.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { source: Source::new(folder), held: Mutex::default() }
    }

    /// Answers a request for a file or a page.
    pub async fn respond(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            return Failure::new(StatusCode::METHOD_NOT_ALLOWED, "Pages are read with GET.").into_response();
        }
        let path = uri.path().trim_start_matches('/');
        if let Some(asset) = self.find(path).await {
            return answer(&asset, headers).await;
        }
        let has_extension = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if has_extension && !accepts_html(headers) {
            return Failure::not_found("There is no such file.").into_response();
        }
        match self.find(PAGE).await {
            Some(page) => answer(&page, headers).await,
            None => not_built(),
        }
    }

    async fn find(&self, path: &str) -> Option<Arc<Asset>> {
        let found = self.source.find(path).await?;
        if let Some((version, asset)) = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(path)
            && *version == found.version()
        {
            return Some(Arc::clone(asset));
        }
        let version = found.version();
        let bytes = found.read().await?;
        let name = path.to_owned();
        // Hashing a megabyte is too long for a thread that serves everybody.
        let asset = tokio::task::spawn_blocking(move || Arc::new(Asset::new(&name, bytes))).await.ok()?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST_HELD {
            held.clear();
        }
        held.insert(path.to_owned(), (version, Arc::clone(&asset)));
        Some(asset)
    }
}

async fn answer(asset: &Arc<Asset>, headers: &HeaderMap) -> Response<Body> {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let mut response = if known.is_some_and(|known| asset.is_one_of(known)) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let encoding = Encoding::best(headers);
        let (encoding, bytes) = asset.encoded(encoding).await;
        let mut response = Response::new(Body::from(bytes));
        if let Some(encoding) = encoding {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        response
    };
    asset.describe(response.headers_mut());
    policy::protect(response.headers_mut());
    response
}

fn not_built() -> Response<Body> {
    let mut response = Response::new(Body::from(NOT_BUILT));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    policy::protect(headers);
    response
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

#[cfg(test)]
mod tests;
