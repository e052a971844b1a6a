//! `/scrape-runs/:runId`: one scrape run, whole and live.

mod cancel;
mod errors;
mod export;
mod head;
mod items;
mod page_row;
mod pages;
mod pages_filter;
mod rates;
mod settings;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use switchboard_protocol::{
    OrganizationId, RunId, ScrapePhase,
    rest::{PlatformProgress, ScrapeRunSummary},
};

use self::{errors::Errors, head::Head, items::Items, pages::Pages, rates::RateCharts, settings::Settings};
use crate::{
    api::ApiError,
    components::{DisconnectedBanner, Failure, Glyph, Icon, Loading, ProgressList, scrape_title, use_title},
    realtime::{LoadPhase, Transport, UseScrapeProgress, use_scrape_progress, use_websocket_context},
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Shared {
    hook: UseScrapeProgress,
    organization: StoredValue<OrganizationId>,
    id: StoredValue<RunId>,
    summary: Memo<ScrapeRunSummary>,
    phase: Memo<ScrapePhase>,
    /// Whether progress comes.
    live: Signal<bool>,
    /// Grows with each new snapshot.
    generation: Memo<u64>,
    /// Told once when the run ends.
    ended: Trigger,
}

/// One scrape run.
#[component]
pub fn ScrapeRunPage() -> impl IntoView {
    let params = use_params_map();
    let organization = use_websocket_context().organization();
    let id = Memo::new(move |_| RunId::from(params.with(|params| params.get("runId").unwrap_or_default())));
    // Another run is another page: nothing of the one before may be left in it.
    move || view! { <Watched id=id.get() organization=organization.get() /> }
}

#[component]
fn Watched(id: RunId, organization: OrganizationId) -> impl IntoView {
    let ended = Trigger::new();
    let hook = use_scrape_progress(Signal::stored(id.clone()), move |_| ended.notify());
    let name = id.to_string();
    use_title(move || {
        hook.run.with(|run| match run {
            Some(run) => format!("{} · {}", run.phase, scrape_title(run)),
            None => name.clone(),
        })
    });
    let id = StoredValue::new(id);
    let organization = StoredValue::new(organization);
    let body = move || match hook.phase.get() {
        LoadPhase::Loading => view! {
            <div class="page">
                <Crumb />
                <Loading label="Loading scrape run" />
            </div>
        }
        .into_any(),
        LoadPhase::Failed(error) => view! { <NotLoaded id=id.get_value() error hook /> }.into_any(),
        LoadPhase::Ready => {
            // This is shown only once there is a run; what stands in for it is never seen.
            let none = move || ScrapeRunSummary::of(organization.get_value(), id.get_value());
            let summary = Memo::new(move |_| hook.run.get().unwrap_or_else(none));
            let shared = Shared {
                hook,
                organization,
                id,
                summary,
                phase: Memo::new(move |_| summary.with(|run| run.phase)),
                live: Signal::derive(move || hook.transport.get().is_live()),
                generation: Memo::new(move |_| {
                    hook.version.track();
                    hook.view.generation()
                }),
                ended,
            };
            view! { <Loaded shared /> }.into_any()
        }
    };
    view! {
        // Over an event stream the page is live though the socket is down.
        <Show when=move || hook.transport.get() == Transport::None>
            <DisconnectedBanner />
        </Show>
        {body}
    }
}

/// The way back, and what this is one of.
#[component]
fn Crumb() -> impl IntoView {
    view! {
        <h2 class="crumb">
            <a class="back" href="/scrape-runs">
                <Icon glyph=Glyph::Back />
                "Scrape runs"
            </a>
        </h2>
    }
}

#[component]
fn NotLoaded(id: RunId, error: ApiError, hook: UseScrapeProgress) -> impl IntoView {
    view! {
        <div class="page">
            <Crumb />
            <h1 class="visually-hidden">{format!("Scrape run {id}")}</h1>
            <Failure what=format!("Scrape run {id}") error on_retry=move |()| hook.retry() />
        </div>
    }
}

#[component]
fn Loaded(shared: Shared) -> impl IntoView {
    let hook = shared.hook;
    let overall = Memo::new(move |_| {
        let overall = hook.overall.get().unwrap_or_else(|| PlatformProgress::of("Overall"));
        // Why the run failed stands above.
        let message = overall.message.filter(|_| overall.phase != ScrapePhase::Failed);
        PlatformProgress { message, ..overall }
    });
    view! {
        <div class="page">
            <Head shared />
            <Reason shared />
            <section class="panel" aria-label="Progress">
                <ProgressList overall platforms=hook.platforms live=shared.live />
            </section>
            <RateCharts shared />
            <Errors shared />
            <Items shared />
            <Pages shared />
            <Settings shared />
        </div>
    }
}

/// Why it failed, before anything else.
#[component]
fn Reason(shared: Shared) -> impl IntoView {
    let reason = Memo::new(move |_| {
        shared.summary.with(|run| {
            let reason = || run.message.clone().unwrap_or_else(|| "No reason was reported.".into());
            (run.phase == ScrapePhase::Failed).then(reason)
        })
    });
    move || {
        reason.get().map(|reason| {
            view! {
                <div class="problem" role="alert">
                    <Icon glyph=Glyph::Failed />
                    <div class="problem-body">
                        <p class="problem-title">"The run failed"</p>
                        <p class="problem-text">{reason}</p>
                    </div>
                </div>
            }
        })
    }
}
