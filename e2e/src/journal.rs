//! What happened in a test, from all processes, in one order.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Lines from the test and from every process that it started, with the time since the test's start.
#[derive(Clone)]
pub struct Journal {
    started: Instant,
    lines: Arc<Mutex<Vec<String>>>,
    verbose: bool,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            lines: Arc::default(),
            verbose: std::env::var_os("E2E_VERBOSE").is_some(),
        }
    }
}

impl Journal {
    /// Writes one line from `source`.
    pub fn note(&self, source: &str, text: impl std::fmt::Display) {
        let line = format!("{:8.3} {source}: {text}", self.started.elapsed().as_secs_f64());
        if self.verbose {
            eprintln!("{line}");
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Prints the last `most` lines to standard error.
    pub fn print(&self, most: usize) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = lines.len().saturating_sub(most);
        eprintln!("--- what happened ({skipped} earlier lines left out)");
        for line in lines.iter().skip(skipped) {
            eprintln!("{line}");
        }
        eprintln!("---");
    }
}
