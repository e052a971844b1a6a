//! Keeps `docs/wire-protocol.md` true: the product's decoder reads every example on it, and it names every close code.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use switchboard_protocol::{ClientFrame, Frame, close, decode};

const PAGE: &str = include_str!("../../../docs/wire-protocol.md");

/// The lines of all code blocks that are marked so.
fn examples(mark: &str) -> Vec<&'static str> {
    let fence = format!("```json {mark}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()).collect()
}

#[test]
fn every_frame_of_a_server_is_one_that_the_decoder_knows() {
    let examples = examples("server");
    assert!(examples.len() > 20, "the page has examples");
    for example in examples {
        let frame = decode(example).unwrap_or_else(|error| panic!("{error}: {example}")).frame;
        assert!(!matches!(frame, Frame::Unknown(_)), "{example}");
    }
}

#[test]
fn every_frame_of_a_client_is_one_that_the_hub_knows() {
    let examples = examples("client");
    assert!(examples.len() >= 5, "the page has examples");
    for example in examples {
        let frame = ClientFrame::decode(example).unwrap_or_else(|error| panic!("{error}: {example}"));
        assert!(!matches!(frame, ClientFrame::Unknown(_)), "{example}");
    }
}

#[test]
fn every_close_code_that_means_something_is_on_the_page() {
    for code in (1000..1015).chain(4400..4500) {
        if close::describe(code) != close::describe(0) {
            assert!(PAGE.contains(&code.to_string()), "{code}: {}", close::describe(code));
        }
    }
}
