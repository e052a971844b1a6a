//! A process's bytes to the lines that people see.
//!
//! Knows no I/O and no clock: [`Lines::feed`] takes bytes with the time of their arrival, and [`Lines::due`] says
//! when to call [`Lines::tick`], so that every rhythm of output can be played in a test.

use std::time::{Duration, Instant};

/// The longest text of one event, in bytes. A longer line goes on in the next event.
pub const LONGEST_LINE: usize = 64 * 1024;
/// How long a line without its end is waited for: a prompt shows up this late, and a line that is written in
/// pieces is rarely cut.
const QUIET: Duration = Duration::from_millis(250);
/// How often the state of a progress line (one that returns to its beginning) is reported.
const PROGRESS: Duration = Duration::from_secs(1);

/// Cuts one stream into lines.
///
/// * A line ends with `\n` or `\r\n`. What is not ended is reported after [`QUIET`], and at the end.
/// * `\r` returns to the beginning of the line: what stood there is overwritten. Of a progress display only the
///   last state is reported when its line ends, and in between one state every [`PROGRESS`].
/// * Escape sequences and control characters are left out, `\b` erases, and invalid UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub struct Lines {
    /// The line so far, since the last `\r`.
    pending: Vec<u8>,
    /// Whether a `\r` came, so that the next character overwrites the line.
    returned: bool,
    /// Whether this line has returned to its beginning at all, and so is a progress display.
    progress: bool,
    /// Whether something of this line has been reported, so that its end alone is no empty line.
    reported: bool,
    /// When this line began, or when a state of it was last reported.
    since: Option<Instant>,
    /// When the last bytes came.
    fed: Option<Instant>,
}

impl Lines {
    /// Takes the bytes that came at `now`, and hands each finished line to `emit`.
    pub fn feed(&mut self, bytes: &[u8], now: Instant, emit: &mut impl FnMut(String)) {
        self.fed = Some(now);
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
            let (segment, after) = rest.split_at(end);
            if !segment.is_empty() {
                self.write(segment, now, emit);
            }
            match after.split_first() {
                Some((b'\n', after)) => {
                    self.end_line(emit);
                    rest = after;
                }
                Some((_, after)) => {
                    self.returned = true;
                    rest = after;
                }
                None => return,
            }
        }
    }

    /// When [`tick`](Self::tick) must be called; `None` while nothing waits.
    pub fn due(&self) -> Option<Instant> {
        if self.pending.is_empty() {
            return None;
        }
        let quiet = self.fed? + QUIET;
        Some(if self.progress { quiet.max(self.since? + PROGRESS) } else { quiet })
    }

    /// Reports what waits, if its time has come.
    pub fn tick(&mut self, now: Instant, emit: &mut impl FnMut(String)) {
        if self.due().is_some_and(|due| due <= now) {
            self.report_pending(now, emit);
        }
    }

    /// The stream has ended: reports what is left.
    pub fn finish(&mut self, emit: &mut impl FnMut(String)) {
        if !self.pending.is_empty() {
            self.end_line(emit);
        }
    }

    fn write(&mut self, segment: &[u8], now: Instant, emit: &mut impl FnMut(String)) {
        let since = *self.since.get_or_insert(now);
        if self.returned {
            self.returned = false;
            self.progress = true;
            let overwritten = std::mem::take(&mut self.pending);
            if now >= since + PROGRESS {
                let text = render(&overwritten);
                if !text.trim().is_empty() {
                    emit(text);
                    self.reported = true;
                    self.since = Some(now);
                }
            }
        }
        self.pending.extend_from_slice(segment);
        while self.pending.len() > LONGEST_LINE {
            let cut =
                LONGEST_LINE - unfinished_character(self.pending.get(..LONGEST_LINE).unwrap_or_default());
            let rest = self.pending.split_off(cut);
            emit(render(&std::mem::replace(&mut self.pending, rest)));
            self.reported = true;
        }
    }

    fn end_line(&mut self, emit: &mut impl FnMut(String)) {
        if !self.pending.is_empty() || !self.reported {
            emit(render(&self.pending));
        }
        self.pending.clear();
        self.returned = false;
        self.progress = false;
        self.reported = false;
        self.since = None;
    }

    /// Reports the unfinished line, and keeps what may be half a character.
    fn report_pending(&mut self, now: Instant, emit: &mut impl FnMut(String)) {
        let cut = self.pending.len() - unfinished_character(&self.pending);
        let rest = self.pending.split_off(cut);
        let text = render(&std::mem::replace(&mut self.pending, rest));
        // What would be invisible may be the beginning of a line that says something.
        if !text.is_empty() {
            emit(text);
            self.reported = true;
        }
        self.since = Some(now);
        self.fed = Some(now);
    }
}

/// How many bytes at the end are the beginning of a character of UTF-8 whose rest has not come: 0 to 3.
fn unfinished_character(bytes: &[u8]) -> usize {
    for (behind, byte) in bytes.iter().rev().take(3).enumerate() {
        let length = match byte {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if behind + 1 < length { behind + 1 } else { 0 };
    }
    0
}

/// The text that a terminal would show of a line.
fn render(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    if !text.contains(char::is_control) {
        return text.into_owned();
    }
    if !text.contains('\u{8}') {
        return anstream::adapter::strip_str(&text).to_string();
    }
    let mut shown = String::with_capacity(text.len());
    for (index, part) in text.split('\u{8}').enumerate() {
        if index > 0 {
            shown.pop();
        }
        shown.push_str(&anstream::adapter::strip_str(part).to_string());
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds chunks, each some milliseconds after the last with the timer served in between, then ends.
    fn lines(chunks: &[(u64, &[u8])]) -> Vec<String> {
        let mut now = Instant::now();
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for (milliseconds, chunk) in chunks {
            let next = now + Duration::from_millis(*milliseconds);
            while let Some(due) = lines.due().filter(|due| *due <= next) {
                now = due;
                lines.tick(now, &mut |line| out.push(line));
            }
            now = next;
            lines.feed(chunk, now, &mut |line| out.push(line));
        }
        lines.finish(&mut |line| out.push(line));
        out
    }

    #[test]
    fn a_line_ends_with_a_line_feed_however_it_is_cut() {
        assert_eq!(lines(&[(0, b"one\ntwo\r\n\nfour")]), ["one", "two", "", "four"]);
        assert_eq!(
            lines(&[(0, b"o"), (1, b"ne\nt"), (1, b"wo\r"), (1, b"\n"), (1, b"\n")]),
            ["one", "two", ""]
        );
    }

    #[test]
    fn a_prompt_shows_without_its_end_and_the_end_adds_no_empty_line() {
        assert_eq!(lines(&[(0, b"Name: "), (300, b"\nHello\n")]), ["Name: ", "Hello"]);
        assert_eq!(lines(&[(0, b"slow"), (200, b" but"), (200, b" whole\n")]), ["slow but whole"]);
    }

    #[test]
    fn of_a_fast_progress_display_only_the_last_state_stays() {
        assert_eq!(lines(&[(0, b"1%\r2%\r"), (100, b"50%\r"), (100, b"100%\ndone\n")]), ["100%", "done"]);
        assert_eq!(lines(&[(0, b"1%\r2%\r\n")]), ["2%"]);
    }

    #[test]
    fn of_a_long_progress_display_a_state_is_reported_every_second() {
        let states: Vec<String> = (0..50).map(|percent| format!("{percent}%\r")).collect();
        let chunks: Vec<(u64, &[u8])> = states.iter().map(|state| (100, state.as_bytes())).collect();
        assert_eq!(lines(&chunks), ["9%", "19%", "29%", "39%", "49%"]);
    }

    #[test]
    fn what_a_terminal_acts_on_is_left_out() {
        assert_eq!(lines(&[(0, b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain\tend\n")]), ["red plain\tend"]);
        assert_eq!(lines(&[(0, b"\r\x1b[K   Compiling\n")]), ["   Compiling"]);
        assert_eq!(lines(&[(0, b"-\x08\\\x08|\x08/ done\n")]), ["/ done"]);
    }

    #[test]
    fn invalid_text_is_replaced_and_a_character_is_not_torn() {
        assert_eq!(lines(&[(0, b"a\xffb\n")]), ["a\u{fffd}b"]);
        assert_eq!(lines(&[(0, "caf\u{e9}".as_bytes().split_at(4).0), (300, b"\xa9\n")]), ["caf", "\u{e9}"]);
        assert_eq!(lines(&[(0, b"\xf0\x9f"), (9999, b"\x92\xa1\n")]), ["\u{1f4a1}"]);
        assert_eq!(lines(&[(0, b"half \xf0\x9f")]), ["half \u{fffd}"]);
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_event() {
        let long = "\u{e9}".repeat(LONGEST_LINE);
        let parts = lines(&[(0, long.as_bytes()), (0, b"\n")]);
        assert_eq!(parts.concat(), long);
        assert!(parts.iter().all(|part| part.len() <= LONGEST_LINE));

        let exact = "x".repeat(LONGEST_LINE);
        assert_eq!(lines(&[(0, exact.as_bytes()), (0, b"\n")]), [exact]);
    }

    proptest! {
        #[test]
        fn plain_lines_survive_any_cutting(
            text in proptest::collection::vec("[a-z\u{e9}\u{1f4a1} ]{0,12}", 0..20),
            cuts in proptest::collection::vec(1_usize..9, 1..40),
        ) {
            let whole = text.join("\n") + if text.is_empty() { "" } else { "\n" };
            let (mut rest, mut chunks) = (whole.as_bytes(), Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push((1, chunk));
                rest = after;
            }
            prop_assert_eq!(lines(&chunks), text);
        }

        #[test]
        fn any_bytes_are_taken(chunks in proptest::collection::vec((0_u64..2000, any::<Vec<u8>>()), 0..20)) {
            let chunks: Vec<(u64, &[u8])> = chunks.iter().map(|(wait, chunk)| (*wait, chunk.as_slice())).collect();
            let plain = lines(&chunks).iter().all(|line| !line.contains(['\n', '\r', '\u{1b}']));
            prop_assert!(plain);
        }
    }
}
