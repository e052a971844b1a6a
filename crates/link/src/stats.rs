//! What a link has counted since it was made.

/// Counters over all connections of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkStats {
    /// Sockets that opened.
    pub connections: u64,
    /// Connections that failed: never opened, lost before they proved themselves, or found dead.
    pub failures: u64,
    /// Reconnects that went on exactly where the last connection stopped.
    pub resumed: u64,
    /// Times that the log could not be continued.
    pub resyncs: u64,
    /// Messages received, text or binary.
    pub messages: u64,
    /// Bytes received in them.
    pub bytes: u64,
    /// Frames received that could be read, control frames included.
    pub frames: u64,
    /// Those of them with a sequence number, duplicates included.
    pub sequenced: u64,
    /// Sequenced frames dropped because they had come before.
    pub duplicates: u64,
    /// Frames of a kind that nobody here knows.
    pub unknown: u64,
    /// Frames that could not be read.
    pub undecodable: u64,
    /// Proofs by the server's count that frames were lost.
    pub gaps: u64,
    /// Pings sent.
    pub pings: u64,
    /// Pongs received.
    pub pongs: u64,
    /// Pings whose round trip was measured.
    pub round_trips: u64,
    /// How long the last ping took to be answered, in milliseconds.
    pub round_trip_ms: Option<u64>,
}
