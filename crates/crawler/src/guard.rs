//! Which hosts may be connected to.
//!
//! Who names a target, or writes a page that redirects, must not reach through this process what only this process
//! can reach: the machine itself, its network, a cloud's metadata service. The addresses are judged where the
//! connection is made, so that the address that was judged is the one that is connected to, whatever the name
//! server says a moment later.

mod public;

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::TargetError;

pub(crate) use public::is_public;

/// Decides which addresses may be connected to, and resolves names to those only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    allow_private: bool,
}

impl Guard {
    /// A guard that lets through public addresses, or all.
    pub(crate) fn new(allow_private: bool) -> Self {
        Self { allow_private }
    }

    /// Judges an address that is written out in a URL. No resolver is asked for such a one, so this is the only
    /// check of it.
    pub(crate) fn check_literal(self, url: &Url) -> Result<(), TargetError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(TargetError::NoHost { text: url.as_str().to_owned() }),
        };
        self.pick(&address.to_string(), vec![SocketAddr::new(address, 0)]).map(|_| ())
    }

    /// The addresses of a host to which a connection may be made; at least one.
    pub(crate) async fn resolve(self, host: &str) -> Result<Vec<SocketAddr>, TargetError> {
        let found = tokio::net::lookup_host((host, 0)).await;
        self.pick(host, found.map_err(|error| unresolvable(host, &error))?.collect())
    }

    /// Leaves of a host's addresses those that may be connected to.
    fn pick(self, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, TargetError> {
        let first = found.first().map(SocketAddr::ip);
        let allowed: Vec<_> =
            found.into_iter().filter(|address| self.allow_private || is_public(address.ip())).collect();
        match first {
            None => Err(TargetError::Unresolvable {
                host: host.to_owned(),
                reason: "the name has no address".into(),
            }),
            Some(address) if allowed.is_empty() => {
                Err(TargetError::Private { host: host.to_owned(), address })
            }
            Some(_) => Ok(allowed),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let allowed = guard.resolve(name.as_str()).await?;
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn unresolvable(host: &str, error: &io::Error) -> TargetError {
    // The standard library puts its own words before those of the system.
    let reason = error.to_string();
    let reason = reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
    TargetError::Unresolvable { host: host.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn of_a_name_with_public_and_private_addresses_only_the_public_ones_are_used() {
        let found = addresses(&["10.0.0.1", "93.184.215.14", "::1", "2606:4700::1111"]);
        let allowed = Guard::new(false).pick("example.org", found.clone()).unwrap();
        assert_eq!(allowed, addresses(&["93.184.215.14", "2606:4700::1111"]));
        assert_eq!(Guard::new(true).pick("example.org", found.clone()).unwrap(), found);
    }

    #[test]
    fn a_name_with_private_addresses_only_is_refused_in_words_that_say_what_to_do() {
        let error = Guard::new(false).pick("printer.lan", addresses(&["192.168.1.9"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "printer.lan is a private address (192.168.1.9). Start the hub with --scrape-allow-private to let it scrape such \
             addresses."
        );
    }

    /// Every way to write 127.0.0.1 that a URL knows is the same host once the URL is read.
    #[test]
    fn addresses_in_disguise_are_seen_through() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://2130706433/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://１２７.0.0.1/",
            "http://%31%32%37.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:10.1.2.3]:8080/",
            "http://[64:ff9b::169.254.169.254]/latest/meta-data/",
        ] {
            let url = Url::parse(url).unwrap();
            let refused = Guard::new(false).check_literal(&url);
            assert!(matches!(refused, Err(TargetError::Private { .. })), "{url}: {refused:?}");
            assert_eq!(Guard::new(true).check_literal(&url), Ok(()), "{url}");
        }
        let public = Url::parse("http://1.1.1.1/").unwrap();
        assert_eq!(Guard::new(false).check_literal(&public), Ok(()));
    }

    #[tokio::test]
    async fn the_machine_itself_is_refused_by_name() {
        let refused = Guard::new(false).resolve("localhost").await;
        assert!(matches!(refused, Err(TargetError::Private { .. })), "{refused:?}");
        assert!(Guard::new(true).resolve("localhost").await.is_ok());
    }
}
