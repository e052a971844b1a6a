//! Who holds which subscription.

use leptos::prelude::*;

use super::Shared;
use crate::realtime::{Asked, Holding};

#[component]
pub(super) fn Holdings(shared: Shared) -> impl IntoView {
    let wire = shared.wire;
    let holdings = Memo::new(move |_| {
        wire.version.track();
        wire.holdings()
    });
    let rows = move || holdings.get().into_iter().map(row).collect_view();
    view! {
        <section class="card" aria-label="Subscriptions">
            <div class="card-head">
                <h2>"Subscriptions"</h2>
                <span class="card-count">{move || holdings.with(Vec::len)}</span>
            </div>
            <div class="item-table" tabindex="0" role="group" aria-label="Subscriptions, scrollable">
                <table aria-label="Subscriptions">
                    <thead>
                        <tr>
                            <th>"Frames"</th>
                            <th>"About"</th>
                            <th>"Held by"</th>
                            <th class="is-number">"References"</th>
                            <th>"At the server"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(holding: Holding) -> impl IntoView {
    let references: usize = holding.holders.iter().map(|(_, times)| times).sum();
    let holders = holding.holders.iter().map(|(holder, times)| match times {
        1 => (*holder).to_owned(),
        times => format!("{holder} ×{times}"),
    });
    let holders = holders.collect::<Vec<_>>().join(", ");
    let about = if holding.key.is_empty() { "all".to_owned() } else { holding.key };
    view! {
        <tr>
            <td>
                <code>{holding.kind}</code>
            </td>
            <td title=about.clone()>{about.clone()}</td>
            <td title=holders.clone()>{holders.clone()}</td>
            <td class="is-number">{references}</td>
            <td>{holding.asked.map_or_else(|| "sent unasked".to_owned(), asked_text)}</td>
        </tr>
    }
}

fn asked_text(asked: Asked) -> String {
    let confirmed = if asked.confirmed { "confirmed" } else { "awaited" };
    match asked.references {
        1 => format!("{confirmed}, 1 reference"),
        references => format!("{confirmed}, {references} references"),
    }
}
