//! Times and numbers in words, in the reader's own time zone.

use std::cell::Cell;

use leptos::prelude::*;
use switchboard_protocol::Timestamp;

use super::use_ticker;

/// Offsets from UTC change on the quarter of an hour at the soonest, in every zone there is.
const OFFSET_STEP_MS: i64 = 15 * 60 * 1000;

const DAY_MS: i64 = 86_400_000;

thread_local! {
    /// The quarter of an hour that was asked for last, and the zone's offset then: asking the browser for each of
    /// thousands of lines a second would cost more than the line.
    static OFFSET: Cell<(i64, i64)> = const { Cell::new((i64::MIN, 0)) };
}

/// The clock on the wall: `12:03:04`.
pub fn clock_text(at: Timestamp) -> String {
    let mut text = String::with_capacity(12);
    write_clock(&mut text, at, false);
    text
}

/// Writes the clock on the wall to the millisecond into `text`: `12:03:04.250`.
pub fn write_exact_clock(text: &mut String, at: Timestamp) {
    text.clear();
    write_clock(text, at, true);
}

/// Date, time and offset, for titles: `2026-01-31 12:03:04.250 +01:00`.
pub fn full_text(at: Timestamp) -> String {
    let (offset, local) = local(at);
    let date = Timestamp::from_millis(local).to_string();
    let date = date.split('T').next().unwrap_or_default();
    let mut text = format!("{date} ");
    write_clock(&mut text, at, true);
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, (offset / 60_000).abs());
    text + &format!(" {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// How long before `now` something was: `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`.
pub fn ago_text(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.millis_since(at) / 1000;
    match seconds {
        0..5 => "just now".into(),
        5..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A number with its thousands apart: `48,213`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment, told by how long it is ago; its title says when exactly.
#[component]
pub fn When(
    /// The moment.
    #[prop(into)]
    at: Signal<Option<Timestamp>>,
    /// Up to when the page knows of it, where that is not the socket's to say.
    #[prop(optional, into)]
    now: Option<Signal<Timestamp>>,
) -> impl IntoView {
    let now = now.unwrap_or_else(|| use_ticker().live);
    let ago = Memo::new(move |_| at.get().map_or_else(|| "–".to_owned(), |at| ago_text(at, now.get())));
    view! {
        <time
            datetime=move || at.get().map(|at| at.to_string())
            title=move || at.get().map(full_text)
        >
            {ago}
        </time>
    }
}

fn write_clock(text: &mut String, at: Timestamp, exact: bool) {
    let (_, local) = local(at);
    let of_day = local.rem_euclid(DAY_MS);
    let seconds = of_day / 1000;
    for (place, part) in [seconds / 3600, seconds / 60 % 60, seconds % 60].into_iter().enumerate() {
        if place > 0 {
            text.push(':');
        }
        push_digits(text, part, 10);
    }
    if exact {
        text.push('.');
        push_digits(text, of_day % 1000, 100);
    }
}

/// Writes a number with as many digits as `unit`, a power of ten, has.
fn push_digits(text: &mut String, number: i64, mut unit: i64) {
    while unit > 0 {
        text.push(
            u32::try_from(number / unit % 10)
                .ok()
                .and_then(|digit| char::from_digit(digit, 10))
                .unwrap_or('0'),
        );
        unit /= 10;
    }
}

/// The zone's offset from UTC at a moment, and the moment as if the zone were UTC, both in milliseconds.
fn local(at: Timestamp) -> (i64, i64) {
    let milliseconds = at.as_millis();
    let step = milliseconds.div_euclid(OFFSET_STEP_MS);
    let (known, mut offset) = OFFSET.get();
    if known != step {
        #[expect(clippy::cast_precision_loss, reason = "RFC 3339 times are far below 2^53 ms")]
        let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(milliseconds as f64));
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        let minutes = date.get_timezone_offset() as i64;
        offset = -minutes * 60_000;
        OFFSET.set((step, offset));
    }
    (offset, milliseconds.saturating_add(offset))
}
