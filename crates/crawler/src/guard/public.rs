//! Whether an address is one of the public internet.
//!
//! The standard library has this under an unstable name only. The tables are those of IANA's special-purpose
//! registries for IPv4 and IPv6, read so that what is in doubt is not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IPv4 addresses: its first address, and the length of its prefix.
type Block4 = ([u8; 4], u32);
/// A block of IPv6 addresses: its first three groups, and the length of its prefix.
type Block6 = ([u16; 3], u32);

/// What is not public in IPv4.
const SPECIAL_4: &[Block4] = &[
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // behind a provider's address translation
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, and the metadata services of clouds
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // relays from 6to4, given up
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// The one block of IPv6 out of which public addresses are given.
const GLOBAL_6: Block6 = ([0x2000, 0, 0], 3);

/// What is not public within that block.
const SPECIAL_6: &[Block6] = &[
    ([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarking, ORCHID
    ([0x2001, 0xdb8, 0], 32), // documentation
    ([0x2002, 0, 0], 16),     // 6to4, which wraps any IPv4 address
    ([0x3fff, 0, 0], 20),     // documentation
];

/// The prefix under which an IPv6-only network reaches the IPv4 internet (RFC 6052).
const NAT64: Block6 = ([0x64, 0xff9b, 0], 96);

/// Whether the address is one of the public internet, so that everybody can reach what answers there.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_4(address),
        IpAddr::V6(address) => is_public_6(address),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    !SPECIAL_4.iter().any(|(first, length)| {
        let differing = address.to_bits() ^ Ipv4Addr::from(*first).to_bits();
        differing.leading_zeros() >= *length
    })
}

fn is_public_6(address: Ipv6Addr) -> bool {
    if within(address, NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_public_4(Ipv4Addr::new(a, b, c, d));
    }
    within(address, GLOBAL_6) && !SPECIAL_6.iter().any(|block| within(address, *block))
}

fn within(address: Ipv6Addr, ([a, b, c], length): Block6) -> bool {
    let differing = address.to_bits() ^ Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits();
    differing.leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn the_edges_of_each_special_block_are_not_public_and_their_neighbours_are() {
        for (first, last, before, after) in [
            ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
            ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
            ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
            ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
            ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
            ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
            ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
            ("2001::", "2001:1ff:ffff::", "2000:ffff::", "2001:200::"),
            ("2001:db8::", "2001:db8:ffff::", "2001:db7:ffff::", "2001:db9::"),
            ("2002::", "2002:ffff::", "2001:ffff::", "2003::"),
            ("3fff::", "3fff:fff:ffff::", "3ffe:ffff::", "3fff:1000::"),
        ] {
            assert!(!public(first) && !public(last), "{first} to {last}");
            assert!(public(before) && public(after), "{before} and {after}");
        }
    }

    #[test]
    fn what_no_site_can_have_is_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "100::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456:789a::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    /// An IPv4 address that is wrapped into an IPv6 one is what it wraps, or refused where nobody needs the
    /// wrapping.
    #[test]
    fn wrapped_addresses_do_not_get_past() {
        for address in [
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::",
            "2002:808:808::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!public(address), "{address}");
        }
        assert!(public("::ffff:8.8.8.8"));
        // A machine in an IPv6-only network sees all of the IPv4 internet so.
        assert!(public("64:ff9b::8.8.8.8"));
    }

    #[test]
    fn ordinary_servers_are_public() {
        for address in ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::200e"]
        {
            assert!(public(address), "{address}");
        }
    }
}
