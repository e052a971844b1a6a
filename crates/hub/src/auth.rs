//! Keys: who may speak to the hub, and for which organizations.
//!
//! A key is held as its SHA-256 digest only. That keeps it out of logs and core dumps, and makes comparing
//! safe without a constant-time comparison: how long two digests agree says nothing about the key.

use std::fmt;

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use switchboard_protocol::OrganizationId;

use crate::problem::Failure;

/// Every key that the hub knows. Without any, everybody is let in everywhere, which is why the hub then listens
/// on loopback only.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    digest: [u8; 32],
    scope: Scope,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Key").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The organizations that somebody may see and report to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All that there are.
    All,
    /// These.
    Only(Vec<OrganizationId>),
}

/// Why a list of keys cannot be read. The message never repeats the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An entry without `=` or with nothing on one side of it.
    #[error("key {number} is not written as KEY=organization[,organization…] or KEY=*")]
    Malformed {
        /// Which entry, counted from 1.
        number: usize,
    },
    /// A key that is trivially guessed.
    #[error("key {number} is shorter than {SHORTEST_KEY} characters; make one with `openssl rand -hex 24`")]
    TooShort {
        /// Which entry, counted from 1.
        number: usize,
    },
}

/// Short enough for a person to type in a trial, long enough that nobody uses `a`.
const SHORTEST_KEY: usize = 8;

impl Keys {
    /// Reads `KEY=org[,org…]` or `KEY=*`, separated by semicolons or white space.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let entries = text.split(|character: char| character == ';' || character.is_whitespace());
        let keys = entries.filter(|entry| !entry.is_empty()).enumerate().map(|(index, entry)| {
            let number = index + 1;
            // The last `=`: keys in base64 end with some.
            let (key, scope) = entry.rsplit_once('=').ok_or(KeyError::Malformed { number })?;
            let names: Vec<&str> = scope.split(',').collect();
            if key.is_empty() || names.iter().any(|name| name.is_empty()) {
                return Err(KeyError::Malformed { number });
            }
            if key.chars().count() < SHORTEST_KEY {
                return Err(KeyError::TooShort { number });
            }
            let scope = match names.as_slice() {
                ["*"] => Scope::All,
                names => Scope::Only(names.iter().map(|name| OrganizationId::from(*name)).collect()),
            };
            Ok(Key { digest: Sha256::digest(key).into(), scope })
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Adds the keys of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether no key is configured, so that everybody is let in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the holder of `token` may see; `None` where nobody knows it.
    pub fn admit(&self, token: Option<&str>) -> Option<Scope> {
        if self.is_empty() {
            return Some(Scope::All);
        }
        let digest: [u8; 32] = Sha256::digest(token?).into();
        self.0.iter().find(|key| key.digest == digest).map(|key| key.scope.clone())
    }

    /// What the sender of an HTTP request may see, by `Authorization: Bearer KEY`.
    pub fn admit_request(&self, headers: &HeaderMap) -> Result<Scope, Failure> {
        self.admit(bearer(headers)).ok_or_else(Failure::unauthorized)
    }

    /// The same where the client may be one that cannot send headers, and so names its key in the address. Only for event
    /// streams, because addresses are kept in more places than headers.
    pub fn admit_stream(&self, headers: &HeaderMap, token: Option<&str>) -> Result<Scope, Failure> {
        self.admit(bearer(headers).or(token)).ok_or_else(Failure::unauthorized)
    }
}

impl Scope {
    /// Whether the organization is in it.
    pub fn covers(&self, organization: &OrganizationId) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(organization),
        }
    }

    /// The organization meant where nothing names one: the key's only one, else `default`.
    pub fn usual(&self) -> OrganizationId {
        match self {
            Self::Only(names) if let [only] = names.as_slice() => only.clone(),
            _ => OrganizationId::default(),
        }
    }

    /// The organization that a caller means and may use.
    pub fn choose(&self, named: Option<OrganizationId>) -> Result<OrganizationId, Failure> {
        let organization = named.unwrap_or_else(|| self.usual());
        if self.covers(&organization) {
            return Ok(organization);
        }
        Err(Failure::forbidden(format!(
            "This key does not cover the organization `{organization}`. Name one that it covers as organizationId, \
             or ask the hub's administrator to add it to the key."
        )))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_keys_everybody_is_let_in_everywhere() {
        let keys = Keys::parse(" \n").unwrap();
        assert_eq!(keys.admit(None), Some(Scope::All));
        assert_eq!(keys.admit(Some("stream")), Some(Scope::All));
    }

    #[test]
    fn a_key_opens_its_organizations_and_no_other() {
        let keys = Keys::parse("first-key-==acme;second-key=acme,beta\nthird-key=*").unwrap();
        assert_eq!(keys.admit(None), None);
        assert_eq!(keys.admit(Some("first-key")), None);
        let scope = keys.admit(Some("first-key-=")).unwrap();
        assert_eq!(scope.choose(None).unwrap().as_str(), "acme");
        assert!(scope.choose(Some("beta".into())).is_err());
        let scope = keys.admit(Some("second-key")).unwrap();
        assert!(scope.choose(None).is_err(), "it covers two, and `default` is not one of them");
        assert_eq!(scope.choose(Some("beta".into())).unwrap().as_str(), "beta");
        assert_eq!(keys.admit(Some("third-key")), Some(Scope::All));
    }

    #[test]
    fn a_list_that_cannot_be_read_is_refused_without_repeating_the_key() {
        let error = Keys::parse("good-key=acme hunter2hunter2").unwrap_err();
        assert_eq!(error, KeyError::Malformed { number: 2 });
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(Keys::parse("short=acme").unwrap_err(), KeyError::TooShort { number: 1 });
        assert_eq!(Keys::parse("good-key=acme,,beta").unwrap_err(), KeyError::Malformed { number: 1 });
    }

    #[test]
    fn keys_never_show_in_debug_output() {
        let keys = Keys::parse("hunter2hunter2=acme").unwrap();
        assert!(!format!("{keys:?}").contains("hunter2"));
    }
}
