//! Identifiers of agents and of what they work on, bounded: a daemon may say anything, and lists hold a thousand agents.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
};

use switchboard_protocol::AgentId;

/// The longest identifier that is kept as it is, in bytes: the longest that the hub takes.
const LONGEST: usize = 256;

/// How much is kept of a longer one, in bytes: with an ellipsis and a hash it is no longer than [`LONGEST`].
const KEPT: usize = 236;

/// Whether an identifier is short enough to be kept.
pub(crate) fn is_short(id: &str) -> bool {
    id.len() <= LONGEST
}

/// An agent's identifier as it is kept: a long one is its beginning and a hash of all of it, so that two that begin alike
/// stay two agents.
pub(crate) fn kept(id: &AgentId) -> Cow<'_, AgentId> {
    if is_short(id.as_str()) {
        return Cow::Borrowed(id);
    }
    let mut hasher = DefaultHasher::new();
    id.as_str().hash(&mut hasher);
    let beginning = id.as_str().get(..id.as_str().floor_char_boundary(KEPT)).unwrap_or_default();
    Cow::Owned(format!("{beginning}…{:016x}", hasher.finish()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_identifier_is_shortened_once_and_differs_from_another_that_begins_alike() {
        for letter in ["n", "ä", "画"] {
            let long = AgentId::from(letter.repeat(10_000));
            let short = kept(&long).into_owned();
            assert!(is_short(short.as_str()) && short.as_str().starts_with(letter), "{short}");
            assert_eq!(*kept(&short), short);
            assert_ne!(*kept(&AgentId::from(letter.repeat(10_001))), short);
        }
        let whole = AgentId::from("n".repeat(LONGEST));
        assert_eq!(*kept(&whole), whole, "what the hub takes is kept as it is");
    }
}
