//! What happened in a test, from all processes, in one order.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Lines from the test and from every process that it started, with the time since the test's start.
#[derive(Clone)]
pub struct Journal {
    started: Instant,
    lines: Arc<Mutex<Vec<Line>>>,
    verbose: bool,
}

/// How many lines of either end of a long stretch are printed.
const ENDS: usize = 8;

struct Line {
    seconds: f64,
    source: String,
    text: String,
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:8.3} {}: {}", self.seconds, self.source, self.text)
    }
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
        let seconds = self.started.elapsed().as_secs_f64();
        let line = Line { seconds, source: source.to_owned(), text: text.to_string() };
        if self.verbose {
            eprintln!("{line}");
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Prints everything to standard error. Of what one process says at a stretch, the ends will do.
    pub fn print(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("--- what happened");
        for stretch in lines.chunk_by(|one, next| one.source == next.source) {
            let (start, end) = match stretch {
                [start @ .., _] if start.len() >= 2 * ENDS => {
                    (start.get(..ENDS), stretch.get(stretch.len() - ENDS..))
                }
                _ => (Some(stretch), None),
            };
            for line in start.into_iter().flatten() {
                eprintln!("{line}");
            }
            for (at, line) in end.into_iter().flatten().enumerate() {
                if at == 0 {
                    eprintln!("         … {} more lines …", stretch.len() - 2 * ENDS);
                }
                eprintln!("{line}");
            }
        }
        eprintln!("---");
    }
}
