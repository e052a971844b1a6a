//! What the figures were taken on.

use std::{fs, process::Command, thread::available_parallelism};

use crate::Table;

/// The machine and the compiler.
#[derive(Debug, clap::Args)]
pub struct Machine {}

impl Machine {
    /// Reads what the system says of itself; what it does not say is `unknown`.
    #[expect(clippy::unused_self, reason = "one shape for every benchmark")]
    pub fn run(self) -> Table {
        let mut table = Table::new("Machine", &["what", "value"]);
        let cores = available_parallelism().map_or_else(|_| "unknown".into(), |cores| cores.to_string());
        table.row(["cores", &cores]);
        table.row(["CPU", &field("/proc/cpuinfo", "model name")]);
        table.row(["memory", &memory()]);
        table.row(["kernel", &first_line("/proc/sys/kernel/osrelease")]);
        table.row(["compiler", &output("rustc", &["--version"])]);
        table.row(["sources", &output("git", &["describe", "--always", "--dirty", "--abbrev=10"])]);
        table
    }
}

fn memory() -> String {
    let total = field("/proc/meminfo", "MemTotal");
    let kibibytes = total.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    kibibytes.map_or(total, |kibibytes| format!("{:.1} GiB", kibibytes / 1024.0 / 1024.0))
}

/// The value of the first line that begins with `name`, in a file of `name: value` lines.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    output
        .map_or_else(|| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
