//! Whether everybody can use the page: axe-core's rules, the focus, and live regions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Page, strings};
use crate::paths;

/// What pages offered to be acted on, and what of it was acted on by keyboard, an entry each, as in
/// `/executions | Status | button “failed”`: the page, the part of it, and the action.
#[derive(Debug, Default)]
pub struct Ledger {
    offered: BTreeSet<String>,
    taken: BTreeSet<String>,
}

impl Ledger {
    /// What was offered and never acted on.
    pub fn left(&self) -> Vec<&String> {
        self.offered.difference(&self.taken).collect()
    }

    /// How many different actions were offered.
    pub fn offered(&self) -> usize {
        self.offered.len()
    }
}

impl Page {
    /// Keeps a ledger in each document that is loaded from here on: [`Page::read_ledger`].
    pub async fn keep_ledger(&self) {
        let script = json!({ "source": include_str!("ledger.js") });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
    }

    /// Adds what this document's ledger holds. Another document begins another.
    pub async fn read_ledger(&self, ledger: &mut Ledger) {
        let script = "return [[...window.__ledger.offered], [...window.__ledger.taken]]";
        let read = self.script(script, json!([])).await.expect("a ledger is kept in this document");
        ledger.offered.extend(strings(&read[0]));
        ledger.taken.extend(strings(&read[1]));
    }

    /// What axe-core finds wrong with the page that is serious or critical: a line each, with the elements.
    pub async fn barriers(&self) -> Vec<String> {
        let has_axe = self.script("return 'axe' in window", json!([])).await;
        if has_axe != Ok(Value::Bool(true)) {
            let source = std::fs::read_to_string(paths::axe()).expect("the script of axe-core can be read");
            self.script(&source, json!([])).await.expect("axe-core can be loaded");
        }
        self.colours_settled().await.expect("the page settles");
        let script = "return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, impact, help, nodes }) => `${impact}: ${help} (${id}): ` + nodes.slice(0, 6)
                .map(({ html, failureSummary }) => `${html.slice(0, 200)} [${failureSummary.replace(/\\s+/g, ' ').slice(0, 300)}]`)
                .join('; ')))";
        strings(&self.script(script, json!([])).await.expect("axe-core can look at the page"))
    }

    /// Goes through the page by Tab from its beginning to its end, and answers what can be acted on and never had the focus, or had it
    /// without showing it.
    pub async fn out_of_reach(&self) -> Vec<String> {
        /// More than any page has.
        const MOST_STOPS: usize = 400;

        let begin = "window.__reached = new Set();
            window.__wanted = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]
                .filter((it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !it.disabled && it.tabIndex >= 0 && !it.closest('[inert]'));
            document.activeElement?.blur();
            getSelection().collapse(document.body, 0);
            return window.__wanted.length";
        self.script(begin, json!([])).await.expect("the page has elements");
        let stop = "const it = document.activeElement;
            if (!it || it === document.body || window.__reached.has(it)) return false;
            if (it.matches(':focus-visible')) window.__reached.add(it);
            return true";
        for _ in 0..MOST_STOPS {
            self.press("\u{E004}").await;
            if self.script(stop, json!([])).await != Ok(Value::Bool(true)) {
                break;
            }
        }
        let left = "return window.__wanted.filter((it) => it.isConnected && it.checkVisibility() && !window.__reached.has(it))
            .map((it) => `${it.computedRole} \"${it.computedName}\" ${it.outerHTML.slice(0, 120)}`)";
        strings(&self.script(left, json!([])).await.expect("the page can be asked"))
    }

    /// Role and accessible name of what has the focus, and its entry where a ledger is kept: `button "Send" (/chat | button “Send”)`.
    pub async fn focused(&self) -> String {
        let script = "const it = document.activeElement;
            if (!it || it === document.body) return 'nothing';
            const entry = window.__ledger?.entry(it);
            return `${it.computedRole} \"${it.computedName}\"` + (entry ? ` (${entry})` : '')";
        let focused = self.script(script, json!([])).await.unwrap_or_default();
        focused.as_str().unwrap_or_default().to_owned()
    }
}
