//! What the product's pages promise to show, under the names that they promise.

use serde_json::json;

use super::{Page, strings};

impl Page {
    /// The text of the element with role status named `name`.
    pub async fn status(&self, name: &str) -> Option<String> {
        self.text_of("status", name).await.ok()
    }

    /// Waits until the status named `name` says exactly `word`.
    pub async fn wait_for_status(&self, name: &str, word: &str) {
        self.wait_for(&format!("the status {name:?} to be {word:?}"), async |page| {
            let status = page.text_of("status", name).await?;
            if status == word { Ok(()) } else { Err(format!("it is {status:?}")) }
        })
        .await;
    }

    /// The lines of the log named `name`, oldest first.
    pub async fn log_lines(&self, name: &str) -> Vec<String> {
        let script = "const log = byRole('log', arguments[0])[0];
            const lines = log ? log.querySelectorAll('.log-line .log-text') : [];
            return [...lines].map((line) => line.textContent)";
        strings(&self.script(script, json!([name])).await.unwrap_or_default())
    }

    /// Waits until the log named `name` holds exactly `expected`.
    pub async fn wait_for_log(&self, name: &str, expected: &[String]) {
        self.wait_for(&format!("{} lines in the log {name:?}", expected.len()), async |page| {
            let lines = page.log_lines(name).await;
            if lines == expected { Ok(()) } else { Err(difference(&lines, expected)) }
        })
        .await;
    }

    /// Waits until the row that links to an execution contains `text`.
    pub async fn wait_for_row(&self, execution_id: &str, text: &str) {
        self.wait_for(&format!("{text:?} in the row of {execution_id}"), async |page| {
            let rows = page.rows().await;
            let row = rows.iter().find(|(id, _)| id == execution_id).ok_or_else(|| format!("{rows:?}"))?;
            if row.1.contains(text) { Ok(()) } else { Err(row.1.clone()) }
        })
        .await;
    }

    /// The rows of the executions page, in order: the execution that each links to, and its text.
    pub async fn rows(&self) -> Vec<(String, String)> {
        let script = "const links = [...document.querySelectorAll('main a[href*=\"/executions/\"]')];
            const shown = links.filter((link) => link.checkVisibility());
            return shown.map((link) => [
                decodeURIComponent(new URL(link.href).pathname.split('/').pop()),
                (link.closest('tr, li, [role=row]') ?? link).innerText,
            ])";
        let rows = self.script(script, json!([])).await.unwrap_or_default();
        let text = |row: &serde_json::Value, at: usize| row[at].as_str().unwrap_or_default().to_owned();
        let mut rows: Vec<(String, String)> =
            rows.as_array().into_iter().flatten().map(|row| (text(row, 0), text(row, 1))).collect();
        rows.dedup_by(|later, earlier| later.0 == earlier.0);
        rows
    }

    /// The executions that the rows of the executions page link to, in order.
    pub async fn row_ids(&self) -> Vec<String> {
        self.rows().await.into_iter().map(|(id, _)| id).collect()
    }

    /// Waits until the executions page has exactly these rows, in this order.
    pub async fn wait_for_rows(&self, expected: &[&str]) {
        self.wait_for(&format!("the rows {expected:?}"), async |page| {
            let rows = page.rows().await;
            if rows.iter().map(|(id, _)| id).eq(expected) { Ok(()) } else { Err(format!("{rows:?}")) }
        })
        .await;
    }

    /// Clicks a visible link to `path`.
    pub async fn click_link(&self, path: &str) {
        let script = "return [...document.querySelectorAll('a')].find((link) =>
            new URL(link.href).pathname === arguments[0] && link.checkVisibility()) ?? null";
        self.wait_for(&format!("the link to {path} to be clicked"), async |page| {
            let found = page.script(script, json!([path])).await?;
            let link = page.element(&found).ok_or("there is no such link")?;
            link.click().await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Has the page show another organization, of those that it lists.
    pub async fn switch_organization(&self, organization_id: &str) {
        self.choose("Organization", organization_id).await;
    }

    /// Chooses a theme by its name.
    pub async fn switch_theme(&self, name: &str) {
        self.choose("Theme", name).await;
    }

    /// How long what the page shows has been running, as written in its elements with role timer.
    pub async fn durations(&self) -> Vec<String> {
        self.texts("timer", "").await
    }
}

/// Where `seen` first differs from `expected`, in one sentence.
fn difference(seen: &[String], expected: &[String]) -> String {
    let at = seen.iter().zip(expected).position(|(seen, expected)| seen != expected);
    let at = at.unwrap_or_else(|| seen.len().min(expected.len()));
    format!(
        "{} lines instead of {}; at index {at} there is {:?} instead of {:?}",
        seen.len(),
        expected.len(),
        seen.get(at),
        expected.get(at)
    )
}
