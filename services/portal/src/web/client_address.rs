//! Where a person is: the other end of the connection, or what proxies of the operator say of it.
//!
//! A browser can write anything into `X-Forwarded-For`; each proxy adds at its end whom it was called by. So the list is read from its
//! end, for as long as the one who wrote an entry is trusted. What does not read is never passed over: behind it could stand anything.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use rekey_webhooks::address::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the person; none where a proxy that is trusted says nothing that reads.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return Some(peer);
    }
    let lines = headers.get_all(FORWARDED_FOR).iter();
    // Bytes, not text: a browser that writes a letter beyond ASCII must not hide what a proxy added to its line.
    let entries: Vec<&[u8]> = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).collect();
    for entry in entries.into_iter().rev() {
        let address = named(std::str::from_utf8(entry).ok()?.trim())?.to_canonical();
        if !is_trusted(address) {
            return Some(address);
        }
    }
    None
}

/// The address that an entry names. Some proxies write the port behind it, and IPv6 in brackets (RFC 7239, 6).
fn named(entry: &str) -> Option<IpAddr> {
    let bracketed = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bracketed {
        return address.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    entry.parse::<IpAddr>().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> Option<String> {
        let entry = |line: &&str| (FORWARDED_FOR.parse().unwrap(), line.parse().unwrap());
        let headers: HeaderMap = forwarded.iter().map(entry).collect();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).map(|address| address.to_string())
    }

    #[test]
    fn a_stranger_is_where_the_connection_comes_from_whatever_they_say() {
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(seen("::ffff:192.0.2.7", &[]).as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn proxies_of_ours_are_believed_as_far_as_they_go() {
        let client = Some("192.0.2.7".to_owned());

        assert_eq!(seen("10.0.0.1", &["192.0.2.7"]), client);
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 192.0.2.7, 10.9.9.9"]), client);
        assert_eq!(seen("10.0.0.1", &["203.0.113.9", "192.0.2.7"]), client);
    }

    #[test]
    fn a_port_behind_an_address_is_read_past() {
        let client = Some("192.0.2.7".to_owned());
        let of_v6 = Some("2001:db8::7".to_owned());

        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 192.0.2.7:51234, 10.9.9.9:80"]), client);
        assert_eq!(seen("10.0.0.1", &["[::ffff:192.0.2.7]:51234"]), client);
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]:51234"]), of_v6);
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]"]), of_v6);
        assert_eq!(seen("10.0.0.1", &["2001:db8::7"]), of_v6);
        for wrong in ["192.0.2.7:", "192.0.2.7:99999", "[192.0.2.7]", "[2001:db8::7", "192.0.2.7:1:2"] {
            assert_eq!(seen("10.0.0.1", &["203.0.113.9", wrong]), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_browser_writes_hides_nothing_that_a_proxy_adds() {
        let seen = seen("10.0.0.1", &["198.51.100.1", "\u{fc}, 192.0.2.7"]);

        assert_eq!(seen.as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_proxy_that_says_nothing_leaves_the_person_unknown() {
        assert_eq!(seen("10.0.0.1", &[]), None);
        assert_eq!(seen("10.0.0.1", &["unknown"]), None);
        assert_eq!(seen("10.0.0.1", &["10.0.0.2"]), None);
    }
}
