//! Requests that only want to know how they are answered: what the doctor of the page of the wire looks at.

use futures::future::{Either, select};
use gloo_net::http::{Request, RequestBuilder, Response};
use gloo_timers::future::TimeoutFuture;
use switchboard_model::{Answer, Fetched, StreamSeen};
use switchboard_protocol::{OrganizationId, Timestamp};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestMode};

use super::ApiClient;

/// How long an answer may take, in milliseconds.
const ANSWER_MS: u32 = 8_000;

/// How long the first line of an event stream is waited for, in milliseconds. The hub sends it at once, and a sign of life after 15
/// seconds: what comes between is held back.
const STREAM_MS: u32 = 5_000;

/// How much of a body is kept, in characters.
const BODY_CHARACTERS: usize = 2_000;

/// Ends a request when it is dropped: whoever asked may be gone.
struct Abort(Option<AbortController>);

impl Abort {
    fn new() -> Self {
        Self(AbortController::new().ok())
    }

    fn on(&self, request: RequestBuilder) -> RequestBuilder {
        let signal = self.0.as_ref().map(AbortController::signal);
        request.cache(RequestCache::NoStore).abort_signal(signal.as_ref())
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// When a request was sent, on both clocks.
#[derive(Clone, Copy)]
struct Sent {
    at: Timestamp,
    ms: f64,
}

impl Sent {
    fn now() -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        Self { at: Timestamp::from_millis(js_sys::Date::now() as i64), ms: monotonic_ms() }
    }

    fn elapsed_ms(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
        let elapsed = (monotonic_ms() - self.ms).round() as u64;
        elapsed
    }
}

impl ApiClient {
    /// Asks `GET /api/health`, and tells how that went.
    pub async fn look_at_health(&self) -> Fetched {
        let (abort, sent) = (Abort::new(), Sent::now());
        let request = self.authorized(abort.on(Request::get(&self.address("/api/health"))));
        let look = Box::pin(async {
            match request.send().await {
                Ok(response) => {
                    let took_ms = sent.elapsed_ms();
                    let body = response.text().await.unwrap_or_default();
                    Fetched::Answered(answer(&response, &body, sent, took_ms))
                }
                Err(error) => self.why_nothing(&error).await,
            }
        });
        match select(look, TimeoutFuture::new(ANSWER_MS)).await {
            Either::Left((fetched, _)) => fetched,
            Either::Right(_) => Fetched::TimedOut { after_ms: ANSWER_MS.into() },
        }
    }

    /// Begins to read the event stream of all scrape runs, tells when its first bytes came, and ends it.
    pub async fn look_at_stream(&self, organization: &OrganizationId) -> StreamSeen {
        let (abort, sent) = (Abort::new(), Sent::now());
        let request = Request::get(&self.address("/api/scrape/stream"));
        let request = self.authorized(abort.on(request)).query([("organizationId", organization.as_str())]);
        let waited_ms = u64::from(STREAM_MS);
        let response = match select(Box::pin(request.send()), TimeoutFuture::new(STREAM_MS)).await {
            Either::Left((Ok(response), _)) => response,
            Either::Left((Err(error), _)) => return StreamSeen::Not(self.why_nothing(&error).await),
            Either::Right(_) => return StreamSeen::Not(Fetched::TimedOut { after_ms: waited_ms }),
        };
        let took_ms = sent.elapsed_ms();
        let first = match select(Box::pin(first_bytes(&response)), TimeoutFuture::new(STREAM_MS)).await {
            Either::Left((first, _)) => first,
            Either::Right(_) => None,
        };
        let first_ms = first.is_some().then(|| sent.elapsed_ms());
        let answer = answer(&response, &first.unwrap_or_default(), sent, took_ms);
        StreamSeen::Began { answer, first_ms, waited_ms }
    }

    /// A browser does not say whether nothing answered or whether it hides the answer. An answer that it hides can still be asked for
    /// blindly.
    async fn why_nothing(&self, error: &gloo_net::Error) -> Fetched {
        let abort = Abort::new();
        let blind = abort.on(Request::get(&self.address("/api/health"))).mode(RequestMode::NoCors);
        let is_elsewhere = self.address("").starts_with("http");
        if is_elsewhere && blind.send().await.is_ok() {
            return Fetched::Hidden;
        }
        let words = error.to_string();
        let words = words.rsplit("Error: ").next().unwrap_or_default();
        Fetched::Nothing { reason: words.to_owned() }
    }
}

fn answer(response: &Response, body: &str, sent: Sent, took_ms: u64) -> Answer {
    let headers = response.headers();
    Answer {
        status: response.status(),
        content_type: headers.get("content-type"),
        body: body.chars().take(BODY_CHARACTERS).collect(),
        date: headers.get("date").and_then(|date| {
            let milliseconds = js_sys::Date::parse(&date);
            #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
            let milliseconds = milliseconds.is_finite().then_some(milliseconds as i64);
            milliseconds.map(Timestamp::from_millis)
        }),
        sent_at: sent.at,
        took_ms,
    }
}

/// The first bytes of a body, as text; `None` where it ends without any.
async fn first_bytes(response: &Response) -> Option<String> {
    let reader: ReadableStreamDefaultReader = response.body()?.get_reader().dyn_into().ok()?;
    loop {
        let read = JsFuture::from(reader.read()).await.ok()?;
        let member = |name: &str| js_sys::Reflect::get(&read, &JsValue::from_str(name)).ok();
        if member("done").is_some_and(|done| done.is_truthy()) {
            return None;
        }
        let bytes: js_sys::Uint8Array = member("value")?.dyn_into().ok()?;
        if bytes.length() > 0 {
            return Some(String::from_utf8_lossy(&bytes.to_vec()).into_owned());
        }
    }
}

fn monotonic_ms() -> f64 {
    let performance = web_sys::window().and_then(|window| window.performance());
    performance.map_or_else(js_sys::Date::now, |performance| performance.now())
}
