//! Networks that stand for one client or one place.
//!
//! A throttle per IPv6 address is no throttle: a household holds 2^64 of them. So a client is a
//! /64 there and a place, which has to survive a router's new address, is wider still.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with its host bits cleared, and how many bits are left. Its text is stable and may
/// be part of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    bits: u8,
}

impl IpNetwork {
    /// The first address of the network.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// The length of the prefix.
    pub const fn bits(self) -> u8 {
        self.bits
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// What a throttle takes for one client: /32 of IPv4, /64 of IPv6.
pub fn client_network(address: IpAddr) -> IpNetwork {
    network(address, 32, 64)
}

/// What sign-in takes for one familiar place: /24 of IPv4, /48 of IPv6.
pub fn place_network(address: IpAddr) -> IpNetwork {
    network(address, 24, 48)
}

/// An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address: a dual-stack
/// listener must not give a client a second budget.
fn network(address: IpAddr, v4_bits: u8, v6_bits: u8) -> IpNetwork {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let mask = u32::MAX << (32 - v4_bits);
            IpNetwork { address: Ipv4Addr::from_bits(v4.to_bits() & mask).into(), bits: v4_bits }
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX << (128 - v6_bits);
            IpNetwork { address: Ipv6Addr::from_bits(v6.to_bits() & mask).into(), bits: v6_bits }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: fn(IpAddr) -> IpNetwork, address: &str) -> String {
        of(address.parse().unwrap()).to_string()
    }

    #[test]
    fn a_client_is_one_v4_address_or_a_v6_64() {
        assert_eq!(text(client_network, "192.0.2.77"), "192.0.2.77/32");
        assert_eq!(text(client_network, "2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_place_is_a_v4_24_or_a_v6_48() {
        assert_eq!(text(place_network, "192.0.2.77"), "192.0.2.0/24");
        assert_eq!(text(place_network, "2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }

    #[test]
    fn a_mapped_v4_address_is_the_v4_address() {
        assert_eq!(text(client_network, "::ffff:192.0.2.77"), "192.0.2.77/32");
    }
}
