//! Asks a server on this machine whether it answers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Result, bail};

/// A local server answers at once or not at all; a stuck one must not hold up the task.
const PATIENCE: Duration = Duration::from_secs(2);

/// The status that `GET path` is answered with; nothing where nobody answers in HTTP.
pub fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let address = reachable(address);
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    // One write: a server that answers after the first of several may have closed before the last.
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

/// Fails when another program listens on the address, and says which option chooses another one.
///
/// # Errors
/// When the address is in use, or cannot be listened on at all.
pub fn ensure_free(address: SocketAddr, what: &str, option: &str) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "{address}, which {what} would listen on, is used by another program. End that program, or choose another address with `{option}`."
        ),
        Err(error) => {
            bail!("{what} cannot listen on {address}: {error}. Choose another address with `{option}`.")
        }
    }
}

/// Where a client on this machine finds a server that listens on `address`: "every address" includes loopback.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::{ensure_free, reachable, status};

    #[test]
    fn the_status_of_an_answer_is_read() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let request = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
            head
        });
        assert_eq!(status(address, "/api/health"), Some(404));
        assert_eq!(request.join().unwrap()[0], "GET /api/health HTTP/1.1");
    }

    #[test]
    fn a_port_in_use_is_named_with_the_option_that_changes_it() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let message = ensure_free(address, "the hub", "--listen HOST:PORT").unwrap_err().to_string();
        assert!(
            message.contains(&address.to_string()) && message.contains("--listen HOST:PORT"),
            "{message}"
        );
        drop(taken);
        assert_eq!(status(address, "/"), None);
    }

    #[test]
    fn every_address_is_reached_on_loopback() {
        assert_eq!(reachable("0.0.0.0:4100".parse().unwrap()).to_string(), "127.0.0.1:4100");
        assert_eq!(reachable("[::]:4100".parse().unwrap()).to_string(), "[::1]:4100");
        assert_eq!(reachable("192.0.2.7:80".parse().unwrap()).to_string(), "192.0.2.7:80");
    }
}
