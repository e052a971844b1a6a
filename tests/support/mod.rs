//! What the browser tests share: the fake server, mounting, and waiting for a condition.

#![allow(dead_code)]

use std::{cell::RefCell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use leptos::{mount::UnmountHandle, prelude::*};
use send_wrapper::SendWrapper;
use switchboard_dashboard::{
    api::{ApiClient, Queries},
    config::Config,
    realtime::{WebSocketOptions, WebSocketProvider},
};
use switchboard_link::Backoff;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/support/fake_server.js")]
extern "C" {
    pub fn install();
    pub fn uninstall();
    pub fn script(json: &str);
    pub fn publish(lines: &str);
    pub fn say(text: &str);
    pub fn drop_connections(code: u16, reason: &str);
    pub fn answer(path: &str, status: u16, body: &str);
    pub fn log_length() -> u32;
    pub fn constructed() -> u32;
    pub fn most_at_once() -> u32;
    pub fn connected() -> u32;
    pub fn heard() -> String;
    pub fn closed_by_client() -> String;
    pub fn requests() -> String;
    pub fn posted() -> String;
    pub fn hold(path: &str);
    pub fn release(path: &str);
    pub fn drop_streams();
    pub fn stream_urls() -> String;
    pub fn streams_open() -> u32;
    pub fn daemon_say(lines: &str);
    pub fn daemon_say_bytes(bytes: &[u8]);
    pub fn daemon_drop(code: u16);
    pub fn daemon_connections() -> u32;
    pub fn daemon_constructed() -> u32;
    pub fn daemon_heard() -> String;
    pub fn daemon_closed_by_client() -> String;
}

/// A fresh fake server, and everything mounted against it. Dropping it unmounts and gives the page back.
pub struct Stage {
    mounted: Option<Box<dyn std::any::Any>>,
}

impl Stage {
    /// Installs the fake server. Its health check answers.
    pub fn new() -> Self {
        install();
        answer("/api/health", 200, r#"{"status":"ok","version":"0"}"#);
        Self { mounted: None }
    }

    /// Mounts `children` under a provider that retries without delay.
    pub fn mount<V: IntoView + 'static>(&mut self, children: impl FnOnce() -> V + 'static) {
        self.mount_with(quick(), children);
    }

    /// Mounts `children` under a provider.
    pub fn mount_with<V: IntoView + 'static>(
        &mut self,
        options: WebSocketOptions,
        children: impl FnOnce() -> V + 'static,
    ) {
        self.mount_as(config(), options, children);
    }

    /// Mounts `children` under a provider with this configuration.
    pub fn mount_as<V: IntoView + 'static>(
        &mut self,
        config: Config,
        options: WebSocketOptions,
        children: impl FnOnce() -> V + 'static,
    ) {
        // Leptos wants children that could be sent between threads; a page has one.
        let children = SendWrapper::new(children);
        let handle = mount_to(parent(), move || {
            Queries::provide(ApiClient::new(&config));
            view! {
                <WebSocketProvider config=config options=options>
                    {children.take()()}
                </WebSocketProvider>
            }
        });
        self.keep(handle);
    }

    /// Keeps what is mounted until [`unmount`](Self::unmount).
    pub fn keep<M: leptos::tachys::view::Mountable + 'static>(&mut self, handle: UnmountHandle<M>) {
        self.mounted = Some(Box::new(handle));
    }

    /// Takes everything down, as closing the page does.
    pub fn unmount(&mut self) {
        self.mounted = None;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.unmount();
        uninstall();
    }
}

/// The page's configuration in tests.
pub fn config() -> Config {
    Config {
        organization_id: "acme".into(),
        token: "stream".into(),
        api_token: None,
        ws_url: "ws://127.0.0.1:1/api/ws".into(),
        api_url: String::new(),
        daemon_hub_ws_url: None,
    }
}

/// The same with a daemon of its own, at this address.
pub fn config_with_daemon(address: &str) -> Config {
    Config { daemon_hub_ws_url: Some(address.to_owned()), ..config() }
}

/// Options with which a retry takes a few milliseconds.
pub fn quick() -> WebSocketOptions {
    let backoff = Backoff { initial_ms: 2, factor: 1.0, cap_ms: 4, max_attempts: None };
    WebSocketOptions { backoff, ..WebSocketOptions::default() }
}

/// An element of its own for what a test mounts.
pub fn parent() -> web_sys::HtmlElement {
    let document = document();
    let element = document.create_element("div").unwrap();
    document.body().unwrap().append_child(&element).unwrap();
    element.unchecked_into()
}

/// Waits until `condition` holds. A test that waits in vain fails with what it waited for.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        TimeoutFuture::new(5).await;
    }
    panic!("waited in vain until {what}");
}

/// Waits until the page is connected, in the fake server's eyes and in its own.
pub async fn until_connected() {
    until("the page is connected", || connected() == 1).await;
    settle().await;
}

/// Lets everything that is under way arrive: two animation frames, and what they set off.
pub async fn settle() {
    for _ in 0..2 {
        let (sender, receiver) = futures::channel::oneshot::channel();
        request_animation_frame(move || {
            let _ = sender.send(());
        });
        let _ = receiver.await;
        TimeoutFuture::new(0).await;
    }
}

/// A list that callbacks fill and tests read. Leptos wants closures that could be sent between threads.
pub struct Notes<T>(SendWrapper<Rc<RefCell<Vec<T>>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Notes<T> {
    pub fn new() -> Self {
        Self(SendWrapper::new(Rc::default()))
    }
    pub fn add(&self, note: T) {
        self.0.borrow_mut().push(note);
    }
    pub fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// A `dashboard:update` of an organization with a number in it.
pub fn update(organization: &str, number: usize) -> String {
    format!(r#"{{"event":"dashboard:update","data":{{"organizationId":"{organization}","n":{number}}}}}"#)
}

/// A `job:event`.
pub fn job(organization: &str, job: &str, kind: &str) -> String {
    format!(
        r#"{{"event":"job:event","data":{{"organizationId":"{organization}","jobId":"{job}","type":"{kind}"}}}}"#
    )
}

/// An event of an execution.
pub fn event(execution: &str, id: usize, kind: &str, data: &str) -> String {
    format!(
        r#"{{"type":"event","executionId":"{execution}","event":{{"id":"ev-{id}","type":"{kind}","timestamp":"2026-01-31T12:00:00Z","data":{data}}}}}"#
    )
}

/// An `output` event whose text says its number.
pub fn line(execution: &str, id: usize) -> String {
    event(execution, id, "output", &format!(r#"{{"text":"line {id}"}}"#))
}

/// A snapshot as the hub answers it: events with their seq, as of `seq`; a `seq` of 0 leaves the numbers out.
pub fn snapshot(execution: &str, status: &str, lines: impl IntoIterator<Item = usize>, seq: usize) -> String {
    let events: Vec<_> = lines
        .into_iter()
        .map(|id| format!(r#"{{"id":"ev-{id}","type":"output","timestamp":"2026-01-31T12:00:00Z","data":{{"text":"line {id}"}}}}"#))
        .collect();
    let seq = if seq == 0 { "null".to_owned() } else { seq.to_string() };
    format!(
        r#"{{"id":"{execution}","executionId":"{execution}","organizationId":"acme","status":"{status}","agent":null,"department":null,"startedAt":"2026-01-31T12:00:00Z","finishedAt":null,"events":[{}],"seq":{seq}}}"#,
        events.join(",")
    )
}
