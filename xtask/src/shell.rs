//! Runs other programs: shows what is run, and passes their output on.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};

/// Says what a task is about to do.
pub fn step(text: &str) {
    eprintln!("\n==> {text}");
}

/// Says something that a person should know, but that stops nothing.
pub fn notice(text: &str) {
    eprintln!("note: {text}");
}

/// Runs the command with this process's terminal, and fails when it fails.
///
/// # Errors
/// When the program cannot be started, or ends with anything but success.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    eprintln!("    $ {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Whether the command can be started and succeeds. Its output is not shown.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What the command writes to its standard output, trimmed; nothing where it cannot be started or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs the command, shows both of its outputs as they come, and returns them too, each line without colours.
///
/// # Errors
/// When the program cannot be started. How it ended is part of the answer.
pub fn run_and_read(command: &mut Command) -> Result<(ExitStatus, Vec<String>)> {
    eprintln!("    $ {}", line_of(command));
    // The programs see a pipe and would drop their colours; whoever looks at this terminal wants them.
    if std::io::stderr().is_terminal() && std::env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let lines = std::thread::scope(|scope| {
        let errors = scope.spawn(|| stderr.map(|pipe| tee(pipe, std::io::stderr())).unwrap_or_default());
        let mut lines = stdout.map(|pipe| tee(pipe, std::io::stdout())).unwrap_or_default();
        lines.extend(errors.join().unwrap_or_default());
        lines
    });
    Ok((child.wait()?, lines))
}

fn tee(from: impl Read, mut to: impl Write) -> Vec<String> {
    let mut reader = BufReader::new(from);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        // A closed terminal must not end the tests: the summary still decides.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        lines.push(without_colours(String::from_utf8_lossy(&line).trim_end()));
        line.clear();
    }
    lines
}

/// Removes the escape sequences that colour a line (`ESC [ … letter`).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The command as it would be typed.
fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{tee, without_colours};

    #[test]
    fn colours_are_removed_and_text_is_kept() {
        assert_eq!(
            without_colours("\u{1b}[32;1m     Summary\u{1b}[0m [ 0.1s] 3 tests"),
            "     Summary [ 0.1s] 3 tests"
        );
        assert_eq!(without_colours("no colours, ünïcode"), "no colours, ünïcode");
        assert_eq!(without_colours("cut off \u{1b}["), "cut off ");
    }

    #[test]
    fn output_is_passed_on_as_it_is_and_read_line_by_line() {
        let mut shown = Vec::new();
        let lines = tee(&b"one\r\n\x1b[1mtwo\x1b[0m\nlast"[..], &mut shown);
        assert_eq!(lines, ["one", "two", "last"]);
        assert_eq!(shown, b"one\r\n\x1b[1mtwo\x1b[0m\nlast");
    }
}
