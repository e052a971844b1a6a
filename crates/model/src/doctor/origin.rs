//! Whether the hub lets this page use it.

use super::{Fetched, Finding, Surroundings, hub};

/// Judges by the answer to `GET /api/health` whether the page's origin may use the hub.
pub fn judge_origin(fetched: &Fetched, here: &Surroundings) -> Finding {
    let is_same = here.api.is_empty() || here.api == here.page;
    let name_it = || hub(&format!("--allow-origin {}", here.page));
    match fetched {
        Fetched::Answered(answer) if answer.status == 403 => {
            let words = answer.words().unwrap_or_default();
            Finding::wrong(format!("The hub refuses pages of {} (403). {words}", here.page).trim_end().to_owned())
                .advise_lines(
                    "Name the page's origin to the hub. A hub on loopback without keys knows loopback names only.",
                    name_it(),
                )
        }
        Fetched::Hidden => {
            Finding::wrong(format!("The hub answers, and does not let pages of {} read it.", here.page))
                .advise_lines("Name the page's origin to the hub.", name_it())
        }
        Fetched::Answered(_) if is_same => {
            Finding::well(format!("The page and the HTTP interface share the origin {}.", here.page))
        }
        Fetched::Answered(_) => {
            Finding::well(format!("Pages of {} may use the hub at {}.", here.page, here.api))
        }
        Fetched::Nothing { .. } | Fetched::TimedOut { .. } => {
            Finding::unknown("Nothing answers, so nobody says whom it lets in.")
        }
    }
}
