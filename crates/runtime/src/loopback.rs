//! Whether a host, as it stands in settings, addresses and headers, is this machine.

use std::net::IpAddr;

/// Whether a host without its port is this machine: `localhost`, or an address that leads back here.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_many_names() {
        let here = ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"];
        let elsewhere = ["db", "10.0.0.1", "localhost.example.com", "::", "0.0.0.0", ""];

        assert!(here.iter().all(|host| is_loopback(host)));
        assert!(!elsewhere.iter().any(|host| is_loopback(host)));
    }
}
