//! From the tree to the browser's nodes. Nodes that show the same stay the same nodes: a selection, the focus and the
//! place in a scrolled code block survive a text that grows.

use wasm_bindgen::JsCast;
use web_sys::{Document, Node as DomNode};

use super::tree::{Element, Node};

/// Makes the nodes of a tree; `None` where the browser can't.
pub(super) fn create(document: &Document, node: &Node) -> Option<DomNode> {
    match node {
        Node::Text(text) => Some(document.create_text_node(text).into()),
        Node::Element(element) => {
            let made = document.create_element(element.name).ok()?;
            for (name, value) in &element.attributes {
                made.set_attribute(name, value).ok()?;
            }
            for child in &element.children {
                made.append_child(&create(document, child)?).ok()?;
            }
            Some(made.into())
        }
    }
}

/// Makes `shown`, which shows `before`, show `now`.
pub(super) fn patch(document: &Document, shown: &DomNode, before: &Node, now: &Node) {
    if before == now {
        return;
    }
    match (before, now) {
        (Node::Text(_), Node::Text(text)) => shown.set_node_value(Some(text)),
        (Node::Element(before), Node::Element(now)) if before.name == now.name => {
            if let Some(element) = shown.dyn_ref::<web_sys::Element>() {
                patch_attributes(element, before, now);
                patch_children(document, shown, &before.children, &now.children);
            }
        }
        _ => {
            let place = shown.parent_node().zip(create(document, now));
            if let Some((parent, made)) = place {
                // Refused only where `shown` is no child of its own parent.
                let _ = parent.replace_child(&made, shown);
            }
        }
    }
}

fn patch_attributes(shown: &web_sys::Element, before: &Element, now: &Element) {
    if before.attributes == now.attributes {
        return;
    }
    for (name, _) in &before.attributes {
        if now.attributes.iter().all(|(other, _)| other != name) {
            let _ = shown.remove_attribute(name);
        }
    }
    for attribute in now.attributes.iter().filter(|attribute| !before.attributes.contains(attribute)) {
        // Setting a plain attribute fails only for names that are none.
        let _ = shown.set_attribute(attribute.0, &attribute.1);
    }
}

/// Makes the children of `parent`, which show `before`, show `now`.
pub(super) fn patch_children(document: &Document, parent: &DomNode, before: &[Node], now: &[Node]) {
    let mut next = parent.first_child();
    for (before, now) in before.iter().zip(now) {
        let Some(shown) = next else { break };
        // Taken before the node is replaced, for then it has no neighbour any more.
        next = shown.next_sibling();
        patch(document, &shown, before, now);
    }
    for _ in now.len()..before.len() {
        if let Some(last) = parent.last_child() {
            let _ = parent.remove_child(&last);
        }
    }
    for node in now.iter().skip(before.len()) {
        if let Some(made) = create(document, node) {
            let _ = parent.append_child(&made);
        }
    }
}
