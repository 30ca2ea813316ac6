//! Which addresses events may be sent to: those of the public internet, and the networks a deployment allows.
//!
//! Whoever sets a webhook chooses where this process connects to. Without a guard they could reach what listens beside it
//! and trusts its neighbours (server-side request forgery). What is allowed is listed, not what is forbidden, as far as the
//! registries of special-purpose addresses (RFC 6890) go.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network as operators write it: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network such as 10.0.0.0/8")]
pub struct NoNetwork;

/// Judges the addresses that events are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressGuard {
    /// Let through, whatever they are.
    pub allowed: Vec<Network>,
}

impl AddressGuard {
    /// Whether events may be sent there.
    #[must_use]
    pub fn lets_through(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(address)) || is_public(address)
    }
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    const fn v6(first: u16, second: u16, bits: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)), bits }
    }

    /// Whether it holds the address. An IPv4 address in the clothes of IPv6 is not the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// Not of the public internet, by RFC 6890 and its registry; and addresses of clouds that answer to their guests alone.
const INTERNAL_V4: [Network; 16] = [
    // "This network", the unspecified address among it.
    Network::v4(0, 0, 0, 0, 8),
    Network::v4(10, 0, 0, 0, 8),
    // Shared by carriers (RFC 6598); metadata of some clouds.
    Network::v4(100, 64, 0, 0, 10),
    Network::v4(127, 0, 0, 0, 8),
    // Metadata of Azure's host, at an address that looks public.
    Network::v4(168, 63, 129, 16, 32),
    // Link-local; metadata of most clouds.
    Network::v4(169, 254, 0, 0, 16),
    Network::v4(172, 16, 0, 0, 12),
    Network::v4(192, 0, 0, 0, 24),
    Network::v4(192, 0, 2, 0, 24),
    Network::v4(192, 88, 99, 0, 24),
    Network::v4(192, 168, 0, 0, 16),
    Network::v4(198, 18, 0, 0, 15),
    Network::v4(198, 51, 100, 0, 24),
    Network::v4(203, 0, 113, 0, 24),
    // Multicast.
    Network::v4(224, 0, 0, 0, 4),
    // Reserved, broadcast among it.
    Network::v4(240, 0, 0, 0, 4),
];

/// All that is given out to be reached from anywhere.
const GLOBAL_V6: Network = Network::v6(0x2000, 0, 3);

/// Parts of it that are not: protocols (Teredo among them), documentation, and 6to4, which lead back to IPv4.
const INTERNAL_V6: [Network; 4] = [
    Network::v6(0x2001, 0, 23),
    Network::v6(0x2001, 0x0db8, 32),
    Network::v6(0x2002, 0, 16),
    Network::v6(0x3fff, 0, 20),
];

fn is_public(address: IpAddr) -> bool {
    let is_in = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
    match address {
        IpAddr::V4(_) => !is_in(&INTERNAL_V4),
        IpAddr::V6(_) => GLOBAL_V6.contains(address) && !is_in(&INTERNAL_V6),
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| NoNetwork)?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(NoNetwork) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: [&str; 45] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    ];

    const LET_THROUGH: [&str; 13] = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "168.63.129.17",
        "172.15.255.255",
        "172.32.0.1",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450:4001::1",
    ];

    #[test]
    fn what_is_internal_is_refused_and_what_is_public_is_not() {
        let guard = AddressGuard::default();

        for address in REFUSED {
            assert!(!guard.lets_through(address.parse().unwrap()), "{address}");
        }
        for address in LET_THROUGH {
            assert!(guard.lets_through(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_let_through_and_no_other() {
        let allowed = ["10.1.0.0/16", "fd00::/8", "127.0.0.1"].map(|text| text.parse().unwrap());
        let guard = AddressGuard { allowed: allowed.to_vec() };

        let judged =
            ["10.1.2.3", "fd12::1", "127.0.0.1", "10.2.0.1", "fe80::1", "127.0.0.2", "::ffff:10.1.2.3"]
                .map(|address| guard.lets_through(address.parse().unwrap()));

        assert_eq!(judged, [true, true, true, false, false, false, false]);
    }

    #[test]
    fn a_network_reads_as_it_is_written_or_not_at_all() {
        let read = |text: &str| text.parse::<Network>().map(|network| network.to_string());

        assert_eq!(read("10.0.0.0/8"), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(read("::/0"), Ok("::/0".to_owned()));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "localhost", "10.0.0.0/"] {
            assert_eq!(read(wrong), Err(NoNetwork), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("8.8.8.8".parse().unwrap()));
    }
}
