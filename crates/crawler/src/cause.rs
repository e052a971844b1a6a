//! What lies beneath an error: HTTP libraries wrap what happened several times.

use std::{error::Error, io, iter};

/// The error and all that it was caused by, outermost first.
fn chain<'error>(
    error: &'error (dyn Error + 'static),
) -> impl Iterator<Item = &'error (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        // An error of the system that wraps another names that one's cause as its own, and so skips it.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// The first error of this type.
pub(crate) fn find<'error, E: Error + 'static>(error: &'error (dyn Error + 'static)) -> Option<&'error E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost error in words: what the operating system or the TLS library said.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
