//! A body into frames: one object, an array of them, or one after the other, usually a line each.
//!
//! The content type decides nothing, because reporters send what their tool sends by default; the first character
//! does.

use serde_json::value::RawValue;

use super::{LONGEST_FRAME, MOST_FRAMES};
use crate::problem::Failure;

/// The frames of a body, each still as text.
pub fn frames(body: &str) -> Result<Vec<&str>, Failure> {
    let body = body.trim_start_matches('\u{feff}').trim();
    let items = if body.starts_with('[') { array(body)? } else { sequence(body)? };
    if items.is_empty() {
        return Err(Failure::bad_request(
            "The body holds no frame. Send one JSON object, an array of them, or one a line.",
        ));
    }
    match items.iter().position(|item| item.len() > LONGEST_FRAME) {
        Some(index) => Err(Failure::too_large(format!(
            "The frame has more than {LONGEST_FRAME} bytes, the most that one may have. Send less data in one event."
        ))
        .at(index)),
        None => Ok(items),
    }
}

fn array(body: &str) -> Result<Vec<&str>, Failure> {
    let items: Vec<&RawValue> = serde_json::from_str(body)
        .map_err(|error| Failure::bad_request(format!("The body is not a JSON array of frames: {error}.")))?;
    if items.len() > MOST_FRAMES {
        return Err(too_many());
    }
    Ok(items.into_iter().map(RawValue::get).collect())
}

fn sequence(body: &str) -> Result<Vec<&str>, Failure> {
    let mut items = Vec::new();
    for value in serde_json::Deserializer::from_str(body).into_iter::<&RawValue>() {
        let index = items.len();
        if index == MOST_FRAMES {
            return Err(too_many());
        }
        let value = value
            .map_err(|error| Failure::bad_request(format!("The frame is not JSON: {error}.")).at(index))?;
        items.push(value.get());
    }
    Ok(items)
}

fn too_many() -> Failure {
    Failure::too_large(format!(
        "The body holds more than {MOST_FRAMES} frames, the most that one request may have. Send them in several \
         requests."
    ))
}
