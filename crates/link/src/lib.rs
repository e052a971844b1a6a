//! The connection as a pure state machine.
