//! Identifiers that the hub makes up.

/// 128 random bits as 32 hexadecimal digits: unique without asking anybody.
pub fn identifier() -> String {
    format!("{:016x}{:016x}", bits(), bits())
}

fn bits() -> u64 {
    // Without entropy from the system, the seed that the standard library took at start is left.
    getrandom::u64().unwrap_or_else(|_| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::time::SystemTime::now())
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn identifiers_differ() {
        let first = super::identifier();
        assert_eq!(first.len(), 32);
        assert_ne!(first, super::identifier());
    }
}
