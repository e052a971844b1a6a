//! Pure reducers: state is a fold over events.
