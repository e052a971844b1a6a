//! What a reported `scrape_progress` frame must keep to, beyond what every frame must.

use switchboard_protocol::{Json, Object, ScrapeProgress};

use super::stamp::broken;
use crate::problem::Failure;

/// The most pages, and the most results, that one frame may hold.
const MOST_ROWS: usize = 1_000;

/// The type of these frames.
const TYPE: &str = "scrape_progress";

/// Checks the frame's pages and results, and answers the progress as it is folded. The decoder leaves out what it cannot
/// read, because a bad row must not cost a frame; who reports it wants to know.
pub fn stamp(frame: &mut Object<'_>, progress: ScrapeProgress) -> Result<ScrapeProgress, Failure> {
    rows(frame, "pages", |page| {
        if page.text("url").is_some_and(|url| !url.trim().is_empty()) {
            Ok(())
        } else {
            Err("needs `url`, a string: the page's address")
        }
    })?;
    rows(frame, "results", |item| {
        if item.object("fields").is_some() { Ok(()) } else { Err("needs `fields`, an object") }
    })?;
    // JSON has many spellings of a string. Event streams look for this one before they read a frame.
    if frame.raw("type").is_some_and(|raw| raw.get() != "\"scrape_progress\"") {
        frame.set("type", &Json::write(TYPE).map_err(broken)?);
    }
    Ok(ScrapeProgress { timestamp: frame.time("timestamp"), ..progress })
}

/// Checks each row of a member that lists some.
fn rows(
    frame: &Object<'_>,
    member: &str,
    check: impl Fn(&Object<'_>) -> Result<(), &'static str>,
) -> Result<(), Failure> {
    let Some(listed) = frame.json(member).filter(|listed| listed.text() != "null") else { return Ok(()) };
    let rows: Vec<Json> =
        listed.read().map_err(|_| Failure::bad_request(format!("`{member}` must be a list, of objects.")))?;
    if rows.len() > MOST_ROWS {
        return Err(Failure::bad_request(format!(
            "`{member}` has {} entries; one frame may have {MOST_ROWS}. Send them in several frames.",
            rows.len()
        )));
    }
    for (place, row) in rows.iter().enumerate() {
        let checked = row.object().map_or(Err("must be an object"), |row| check(&row));
        checked.map_err(|reason| Failure::bad_request(format!("`{member}[{place}]` {reason}.")))?;
    }
    Ok(())
}
