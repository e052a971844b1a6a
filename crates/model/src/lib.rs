//! Pure reducers: state is a fold over events.
//!
//! Live frames, a snapshot with the frames after it, and a recorded log give the same state by the same
//! reducer. The hub folds its lists with [`apply_event`]; the dashboard folds its pages with [`Execution`],
//! which uses the same function. Nothing here does I/O or looks at a clock: the time of receipt is passed in.

mod agent;
mod agent_id;
mod agents;
mod conversation;
mod doctor;
mod execution;
mod output;
mod rates;
mod ring;
mod scrape_run;
mod scrape_summary;
mod scrape_watch;
mod server_clock;
mod silence;
mod summary;
mod tasks;
mod timeline;
mod wire_frame;
mod wire_recording;

pub use agent::{
    AgentCondition, BEATS_KEPT, DEFAULT_HEARTBEAT_MS, MISSED_HEARTBEATS, agent_condition,
    agent_condition_since, apply_agent_event, heartbeat_ms, silent_since,
};
pub use agents::{Agents, MOST_AGENTS};
pub use conversation::{Conversation, Item, Shown};
pub use doctor::{
    Advice, Answer, Fetched, Finding, Lines, PROXY_LINES, SocketSeen, StreamSeen, Surroundings, Verdict,
    judge_clock, judge_health, judge_origin, judge_socket, judge_stream, page_clock_ahead_ms,
};
pub use execution::{Applied, Execution};
pub use output::{LineSource, OutputLine};
pub use rates::{Counted, RATE_SECONDS, Rates, Tally};
pub use ring::Ring;
pub use scrape_run::{Progressed, ScrapeRun};
pub use scrape_summary::{MOST_PLATFORMS, apply_progress};
pub use scrape_watch::{ScrapeWatch, Seen};
pub use server_clock::{ServerClock, server_time};
pub use silence::{
    Outage, agent_condition_beyond, apply_heartbeat, worker_silent_beyond, worker_silent_since,
};
pub use summary::{apply_event, new_summary};
pub use tasks::{
    ConnectionMark, MOST_PENDING, PendingTask, PendingTasks, Schedule, TaskAnswer, TaskEnd, TaskInput,
    TaskOutput,
};
pub use timeline::{TimelineItem, duration_text};
pub use wire_frame::{Direction, FRAME_TEXT_BYTES, FrameFilter, FrameHead, FrameSort, WireFrame};
pub use wire_recording::{FRAMES_RECORDED, ROUND_TRIPS_RECORDED, Traffic, WireRecording};

/// How many events a view holds: the latest 1,000 (product contract; also what a snapshot carries).
pub const VIEW_CAPACITY: usize = 1000;
