//! What tests run and report.

use std::{ops::RangeInclusive, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A point at which a script waits until the test lets it go on, so that a test decides what happens while a
/// command runs instead of hoping for its timing.
pub struct Gate {
    folder: TempDir,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            folder: TempDir::with_prefix("switchboard-e2e-gate-").expect("a temporary folder can be made"),
        }
    }
}

impl Gate {
    /// A shell command that ends when the gate called `name` is open.
    pub fn wait(&self, name: &str) -> String {
        format!("until [ -e '{}' ]; do sleep 0.05; done", self.file(name).display())
    }

    /// Lets go what waits at the gate called `name`.
    pub fn open(&self, name: &str) {
        std::fs::write(self.file(name), "").expect("the gate's file can be made");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A shell command that prints `line N` for each number.
pub fn print_lines(numbers: RangeInclusive<u32>) -> String {
    format!("seq -f 'line %.0f' {} {}", numbers.start(), numbers.end())
}

/// What [`print_lines`] prints.
pub fn lines(numbers: RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|number| format!("line {number}")).collect()
}

/// An execution as a server of part 1 describes it, without events.
pub fn execution(organization_id: &str, execution_id: &str, agent: &str, status: &str) -> Value {
    json!({
        "id": execution_id,
        "executionId": execution_id,
        "organizationId": organization_id,
        "status": status,
        "agent": { "id": agent, "name": agent },
        "department": null,
        "startedAt": "2026-01-02T03:04:05Z",
        "finishedAt": if status == "running" { Value::Null } else { json!("2026-01-02T03:05:06Z") },
        "events": [],
    })
}

/// An event of an execution.
pub fn event(id: &str, kind: &str, data: &Value) -> Value {
    json!({ "id": id, "type": kind, "timestamp": "2026-01-02T03:04:06Z", "data": data })
}

/// An `output` event with one line.
pub fn output(id: &str, text: &str) -> Value {
    event(id, "output", &json!({ "stream": "stdout", "text": text }))
}

/// An event as a worker reports it to the hub.
pub fn report(organization_id: &str, execution_id: &str, event: &Value) -> Value {
    json!({ "type": "event", "organizationId": organization_id, "executionId": execution_id, "event": event })
}
