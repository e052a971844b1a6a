//! Frames of a realistic size and shape: about 200 bytes on the wire.

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// What the frames tell of when they were made: a reader finds it without parsing the frame.
pub const SENT_AT: &[u8] = b"sent_us=";

/// Microseconds since the Unix epoch, now.
pub fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The time at which the frame in `line` was made, where it says so.
pub fn sent_at(line: &[u8]) -> Option<u64> {
    let start = memchr::memmem::find(line, SENT_AT)? + SENT_AT.len();
    let digits = line.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0_u64, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))))
}

/// A report of a job, which every connection of its organization receives.
pub fn job(number: u64) -> String {
    format!(
        r#"{{"event":"job:event","data":{{"jobId":"job-{}","type":"progress","timestamp":"2026-01-31T12:00:00.000Z","data":{{"message":"stored page {number} of the catalogue, sent_us={}"}}}}}}"#,
        number % 16,
        now_micros()
    )
}

/// A report of a line that an execution wrote, which its subscribers receive.
pub fn output(execution: &str, number: u64) -> String {
    format!(
        r#"{{"type":"event","executionId":"{execution}","event":{{"type":"output","timestamp":"2026-01-31T12:00:00.000Z","data":{{"stream":"stdout","text":"line {number:07} of the catalogue, sent_us={}"}}}}}}"#,
        now_micros()
    )
}

/// A report that an execution starts.
pub fn start(execution: &str) -> String {
    format!(
        r#"{{"type":"event","executionId":"{execution}","event":{{"type":"agent-start","data":{{"agent":"bench","title":"Benchmark"}}}}}}"#
    )
}

/// `frames` as the body of one report: newline-delimited.
pub fn body(frames: impl IntoIterator<Item = String>) -> String {
    frames.into_iter().fold(String::new(), |mut body, frame| {
        // Writing to a string cannot fail.
        let _ = writeln!(body, "{frame}");
        body
    })
}

/// What the hub sends of a busy execution: mostly lines of output, now and then progress, a log message, a job's
/// event and an update of the lists.
pub fn stream(count: u64) -> Vec<String> {
    (1..=count)
        .map(|seq| {
            let second = seq / 1000 % 60;
            let milli = seq % 1000;
            let time = format!("2026-01-31T12:00:{second:02}.{milli:03}Z");
            match seq % 20 {
                7 => format!(
                    r#"{{"seq":{seq},"organizationId":"acme","event":"job:event","data":{{"jobId":"job-{}","type":"progress","timestamp":"{time}","data":{{"current":{milli},"total":1000,"message":"fetching the catalogue"}}}}}}"#,
                    seq % 16
                ),
                11 => format!(
                    r#"{{"seq":{seq},"organizationId":"acme","event":"dashboard:update","data":{{"organizationId":"acme","kind":"execution","execution":{{"executionId":"e-1","organizationId":"acme","status":"running","agent":{{"id":"crawler","name":"crawler"}},"startedAt":"{time}","eventCount":{seq}}}}}}}"#
                ),
                13 => format!(
                    r#"{{"seq":{seq},"organizationId":"acme","type":"event","executionId":"e-1","event":{{"id":"ev-{seq}","type":"progress","timestamp":"{time}","data":{{"current":{milli},"total":1000,"message":"pages of the catalogue"}}}}}}"#
                ),
                17 => format!(
                    r#"{{"seq":{seq},"organizationId":"acme","type":"event","executionId":"e-1","event":{{"id":"ev-{seq}","type":"log","timestamp":"{time}","data":{{"level":"info","message":"page {seq} has 24 entries, 3 of them new"}}}}}}"#
                ),
                _ => format!(
                    r#"{{"seq":{seq},"organizationId":"acme","type":"event","executionId":"e-1","event":{{"id":"ev-{seq}","type":"output","timestamp":"{time}","data":{{"stream":"stdout","text":"GET /catalogue/page/{seq} 200 in {milli} ms"}}}}}}"#
                ),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_one_that_the_decoder_knows() {
        let mut frames = stream(40);
        frames.extend([job(1), output("e-1", 1), start("e-1")]);
        for frame in &frames {
            let envelope = switchboard_protocol::decode(frame).unwrap();
            assert!(!matches!(envelope.frame, switchboard_protocol::Frame::Unknown(_)), "{frame}");
        }
    }

    #[test]
    fn frames_have_about_200_bytes() {
        let total: usize = stream(1000).iter().map(String::len).sum();
        assert!((180..250).contains(&(total / 1000)), "{}", total / 1000);
        for frame in [job(1), output("e-1", 1)] {
            assert!((160..220).contains(&frame.len()), "{} {frame}", frame.len());
        }
    }

    #[test]
    fn the_time_of_sending_is_found() {
        let before = now_micros();
        let sent = sent_at(job(1).as_bytes()).unwrap();
        assert!((before..=now_micros()).contains(&sent));
        assert_eq!(sent_at(b"{}"), None);
    }
}
