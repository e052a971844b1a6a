use super::*;
use crate::chat::assistant::range::{DayName, Period, Point, Unit};

const TODAY: Range = Range::Period(Period::Day(DayName::DaysAgo(0)));
const YESTERDAY: Range = Range::Period(Period::Day(DayName::DaysAgo(1)));

fn select(range: impl Into<Option<Range>>) -> Selection {
    Selection { range: range.into(), ..Selection::default() }
}

fn about(name: &str, range: impl Into<Option<Range>>) -> Selection {
    Selection { about: Some(name.to_owned()), ..select(range) }
}

fn rows(rows: usize, range: impl Into<Option<Range>>) -> Selection {
    Selection { rows, ..select(range) }
}

fn finds(text: &str) -> Intent {
    Intent::Find { text: text.to_owned(), range: None }
}

fn is(kind: impl Into<Option<Kind>>, name: &str) -> Intent {
    Intent::Status { kind: kind.into(), name: name.to_owned() }
}

fn cannot(nearest: impl Into<Option<Command>>) -> Intent {
    Intent::Unanswerable { nearest: nearest.into() }
}

/// Asserts every row, and tells of all that are wrong at once.
fn assert_parsed(table: &[(&str, Intent)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(question, intent)| (question, parse(question), intent))
        .filter(|(_, parsed, intent)| parsed != *intent)
        .map(|(question, parsed, intent)| format!("{question:?}\n  is  {parsed:?}\n  not {intent:?}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

#[test]
fn commands() {
    assert_parsed(&[
        ("/failed", Intent::Failed(select(None))),
        ("/Failed today", Intent::Failed(select(TODAY))),
        ("  /failed   yesterday.", Intent::Failed(select(YESTERDAY))),
        ("/failed last 7 days", Intent::Failed(select(Range::Last(7, Unit::Day)))),
        ("/failed crawler-7 today", Intent::Failed(about("crawler-7", TODAY))),
        ("/failed 3 today", Intent::Failed(rows(3, TODAY))),
        ("/failed in the last 24h", Intent::Failed(select(Range::Last(24, Unit::Hour)))),
        ("/slow", Intent::Slow(select(None))),
        ("/slow top 5 this week", Intent::Slow(rows(5, Range::Period(Period::ThisWeek)))),
        ("/running", Intent::Running(select(None))),
        ("/running?", Intent::Running(select(None))),
        ("/find", finds("")),
        ("/find connection refused", finds("connection refused")),
        ("/find \"connection refused\"", finds("connection refused")),
        ("/find failed today", finds("failed today")),
        ("/find say \"hi\" twice", finds("say \"hi\" twice")),
        ("/cost", Intent::Cost(None)),
        ("/cost this month", Intent::Cost(Some(Range::Period(Period::ThisMonth)))),
        ("/status", is(None, "")),
        ("/status Crawler-7", is(None, "Crawler-7")),
        ("/status agent crawler-7", is(Kind::Agent, "crawler-7")),
        ("/status scrape run r-1", is(Kind::Scrape, "r-1")),
        ("/status Nightly import", is(None, "Nightly import")),
        ("/status \"the run\"", is(None, "the run")),
        ("/count yesterday", Intent::Count(select(YESTERDAY))),
        ("/HELP", Intent::Help),
        ("/", Intent::Help),
        ("/fialed today", Intent::UnknownCommand("fialed".to_owned())),
        ("/restart e-1", Intent::UnknownCommand("restart".to_owned())),
    ]);
}

#[test]
fn questions_for_failures() {
    let today = || Intent::Failed(select(TODAY));
    assert_parsed(&[
        ("what failed today?", today()),
        ("What has failed today", today()),
        ("TODAY'S FAILURES", today()),
        ("today: which executions failed?", today()),
        ("show me all the failed executions of today please", today()),
        ("did anything fail today?", today()),
        ("did any execution crash today", today()),
        ("how many executions failed today?", today()),
        ("find the failed executions of today", today()),
        ("is everything ok today?", today()),
        ("All good?", today()),
        ("what went wrong?", Intent::Failed(select(None))),
        ("errors?", Intent::Failed(select(None))),
        ("failed", Intent::Failed(select(None))),
        (
            "any errors since yesterday?",
            Intent::Failed(select(Range::Since(Point::Period(Period::Day(DayName::DaysAgo(1)))))),
        ),
        ("Which runs broke in the last hour?", Intent::Failed(select(Range::Last(1, Unit::Hour)))),
        ("what didn't work yesterday", Intent::Failed(select(YESTERDAY))),
        ("errors in the past two days", Intent::Failed(select(Range::Last(2, Unit::Day)))),
        ("what was the last failure?", Intent::Failed(rows(1, None))),
        ("last 3 errors", Intent::Failed(rows(3, None))),
        ("why did executions fail yesterday?", Intent::Failed(select(YESTERDAY))),
        ("which runs of crawler-7 failed today?", Intent::Failed(about("crawler-7", TODAY))),
        ("failures of the agent Crawler today", Intent::Failed(about("Crawler", TODAY))),
        (
            "which \"Nightly import\" runs failed yesterday",
            Intent::Failed(about("Nightly import", YESTERDAY)),
        ),
        ("errors in production today", Intent::Failed(about("production", TODAY))),
        ("is anything failing right now?", Intent::Failed(select(None))),
        ("why did the last run fail?", Intent::Failed(rows(1, None))),
        ("which executions failed because of disk full?", Intent::Failed(about("disk full", None))),
        (
            "what failed for team Markets this week",
            Intent::Failed(about("Markets", Range::Period(Period::ThisWeek))),
        ),
        ("were there any failures overnight", Intent::Failed(select(Range::Period(Period::LastNight)))),
        ("is the hub up?", today()),
        ("how is everything?", today()),
        ("/failed 137", Intent::Failed(rows(10, None))),
    ]);
}

#[test]
fn questions_for_slowness() {
    assert_parsed(&[
        ("what is slow?", Intent::Slow(select(None))),
        ("slowest executions", Intent::Slow(select(None))),
        ("top 5 slowest executions today", Intent::Slow(rows(5, TODAY))),
        ("the 3 longest runs of this week", Intent::Slow(rows(3, Range::Period(Period::ThisWeek)))),
        ("What took so long yesterday?", Intent::Slow(select(YESTERDAY))),
        ("which run takes the longest", Intent::Slow(select(None))),
        ("what took the most time in the last 30 min?", Intent::Slow(select(Range::Last(30, Unit::Minute)))),
        ("long running executions", Intent::Slow(select(None))),
        ("how long did executions take today?", Intent::Slow(select(TODAY))),
        ("what's been running the longest?", Intent::Slow(select(None))),
        ("what was running yesterday?", Intent::Slow(select(YESTERDAY))),
    ]);
}

#[test]
fn questions_for_what_runs() {
    let running = || Intent::Running(select(None));
    assert_parsed(&[
        ("what is running?", running()),
        ("What's running right now?", running()),
        ("whats running", running()),
        ("is anything running?", running()),
        ("are any agents running at the moment", running()),
        ("show running executions", running()),
        ("how many executions are running?", running()),
        ("what's going on?", running()),
        ("what is happening now", running()),
        ("active jobs", running()),
        ("which executions are in progress?", running()),
        ("is it still running?", running()),
        ("what runs right now", running()),
        ("what is running today?", running()),
        (
            "what is running since 14:00",
            Intent::Running(select(Range::Since(Point::Clock(
                None,
                crate::chat::assistant::range::Clock(time::Time::from_hms(14, 0, 0).unwrap()),
            )))),
        ),
    ]);
}

#[test]
fn questions_for_text() {
    let today = |text: &str| Intent::Find { text: text.to_owned(), range: Some(TODAY) };
    assert_parsed(&[
        ("find connection refused", finds("connection refused")),
        ("Search for Connection refused!", finds("Connection refused")),
        ("search the outputs for disk full", finds("disk full")),
        ("please look for ECONNRESET in the logs", finds("ECONNRESET")),
        ("where does it say \"no space left\"?", finds("no space left")),
        ("where does it say no space left?", finds("no space left")),
        ("which executions mention timeout", finds("timeout")),
        ("which outputs contain “out of memory”?", finds("out of memory")),
        ("\"segmentation fault\"", finds("segmentation fault")),
        ("find 'it's late' in the output", finds("it's late")),
        ("find lines with error 42", finds("error 42")),
        ("can you find any output containing panic", finds("panic")),
        ("find \"timeout\" today", today("timeout")),
        ("find timeout today", today("timeout")),
        ("find \"failed today\"", finds("failed today")),
        ("what says \"deprecated\" today", today("deprecated")),
        ("any logs with OutOfMemory?", finds("OutOfMemory")),
        ("who said hello?", finds("hello")),
        ("look for error 500 in outputs of today", today("error 500")),
    ]);
}

#[test]
fn questions_for_cost() {
    assert_parsed(&[
        ("what did it cost?", Intent::Cost(None)),
        ("how much have we spent this week?", Intent::Cost(Some(Range::Period(Period::ThisWeek)))),
        ("chat cost yesterday", Intent::Cost(Some(YESTERDAY))),
        (
            "How many dollars did answers cost in the last 7 days",
            Intent::Cost(Some(Range::Last(7, Unit::Day))),
        ),
        ("how much money does the chat cost", Intent::Cost(None)),
        ("what can you tell me about costs?", Intent::Cost(None)),
    ]);
}

#[test]
fn questions_for_one_thing() {
    assert_parsed(&[
        ("how is agent crawler-7?", is(Kind::Agent, "crawler-7")),
        ("How's crawler-7 doing?", is(None, "crawler-7")),
        ("status of scrape r-1", is(Kind::Scrape, "r-1")),
        ("what is the status of the scrape run r-1", is(Kind::Scrape, "r-1")),
        ("status of Nightly import", is(None, "Nightly import")),
        ("crawler-7 status", is(None, "crawler-7")),
        ("crawler-7's status?", is(None, "crawler-7")),
        ("agent crawler-7", is(Kind::Agent, "crawler-7")),
        ("execution e-1", is(Kind::Execution, "e-1")),
        ("crawler-7?", is(None, "crawler-7")),
        ("is crawler-7 still running?", is(None, "crawler-7")),
        ("is the nightly import done yet?", is(None, "nightly import")),
        ("did e-1 fail?", is(None, "e-1")),
        ("why did e-1 fail today?", is(None, "e-1")),
        ("what happened to \"Nightly import\"", is(None, "Nightly import")),
        ("what is crawler-7 doing?", is(None, "crawler-7")),
        ("how far is scrape r-1?", is(Kind::Scrape, "r-1")),
        ("how long did e-1 take?", is(None, "e-1")),
        ("tell me the status of e-1", is(None, "e-1")),
        ("status", is(None, "")),
        ("show me e-1", is(None, "e-1")),
        ("open e-1", is(None, "e-1")),
        ("what did crawler-7 do today?", is(None, "crawler-7")),
        ("what is the exit code of e-1?", is(None, "e-1")),
        ("show the logs of e-1", is(None, "e-1")),
        ("find agent crawler-7", is(Kind::Agent, "crawler-7")),
        ("/status Nightly run", is(None, "Nightly run")),
        ("how did the nightly import do?", is(None, "nightly import")),
        ("when was crawler-7 last seen", is(None, "crawler-7")),
        ("any news from crawler-7?", is(None, "crawler-7")),
        ("list agents", is(Kind::Agent, "")),
        ("how are the agents doing?", is(Kind::Agent, "")),
        ("which scrapes are running?", is(Kind::Scrape, "")),
    ]);
}

#[test]
fn questions_for_numbers() {
    assert_parsed(&[
        ("how many executions ran today?", Intent::Count(select(TODAY))),
        ("number of runs yesterday", Intent::Count(select(YESTERDAY))),
        ("what happened today?", Intent::Count(select(TODAY))),
        ("how many jobs completed in the last 24 hours", Intent::Count(select(Range::Last(24, Unit::Hour)))),
        ("total executions", Intent::Count(select(None))),
        ("executions today", Intent::Count(select(TODAY))),
        ("give me an overview of this week", Intent::Count(select(Range::Period(Period::ThisWeek)))),
        ("how many runs of crawler-7 were there yesterday?", Intent::Count(about("crawler-7", YESTERDAY))),
        ("and yesterday?", Intent::Count(select(YESTERDAY))),
        ("how many failed and how many completed today?", Intent::Count(select(TODAY))),
        ("how busy were we this week?", Intent::Count(select(Range::Period(Period::ThisWeek)))),
        ("show me the last 5 executions", Intent::Count(rows(5, None))),
    ]);
}

#[test]
fn small_talk_and_help() {
    assert_parsed(&[
        ("", Intent::Help),
        (" ?! ", Intent::Help),
        ("hi", Intent::Help),
        ("Hello there!", Intent::Help),
        ("good morning", Intent::Help),
        ("thanks", Intent::Help),
        ("how are you?", Intent::Help),
        ("help", Intent::Help),
        ("What can you do?", Intent::Help),
        ("what can I ask?", Intent::Help),
    ]);
}

#[test]
fn what_the_data_does_not_say_is_not_guessed() {
    assert_parsed(&[
        ("what is the weather?", cannot(None)),
        ("is the sky blue?", cannot(None)),
        ("write a poem", cannot(None)),
        ("42", cannot(None)),
        ("restart e-1", cannot(Command::Status)),
        ("please cancel all running executions", cannot(Command::Running)),
        ("how do I fix these errors?", cannot(Command::Failed)),
        ("what is the average duration?", cannot(Command::Slow)),
        ("which agent fails most often?", cannot(Command::Status)),
        ("what was the most expensive answer?", cannot(Command::Cost)),
        ("will the import fail tomorrow?", cannot(Command::Failed)),
        ("what percentage of executions failed?", cannot(Command::Failed)),
        ("executions longer than 5 minutes", cannot(Command::Slow)),
        ("which executions run for more than an hour?", cannot(Command::Slow)),
        ("fastest execution today", cannot(Command::Slow)),
        ("failures with exit code 137", cannot(Command::Failed)),
        ("cost per answer?", cannot(Command::Cost)),
        ("is anything stuck?", cannot(Command::Running)),
        ("tell me a joke", cannot(None)),
    ]);
}

#[test]
fn a_long_text_is_read_up_to_a_bound() {
    let question = "blue sky ".repeat(100_000);
    assert_eq!(parse(&question), cannot(None));
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_written_panics(question in "(/?[ a-zäA-Z0-9:\"'“”.,?-]{0,60}|\\PC{0,60})") {
        parse(&question);
    }

    #[test]
    fn no_order_of_known_words_panics(
        words in proptest::collection::vec(proptest::sample::select(&[
            "/failed", "since", "between", "and", "14:00", "2pm", "31", "feb", "last", "of", "the", "status", "is", "\"x\"",
            "99999999999", "days", "ago", "find", "in", "before", "9999-12-31", "until", "at", "top", "yesterday", "a", "half",
        ][..]), 0..9)
    ) {
        parse(&words.join(" "));
    }
}
