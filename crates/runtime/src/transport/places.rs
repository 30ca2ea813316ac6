//! How many connections a port may hold, and how many of them one peer.

use std::net::IpAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Far more than a process needs for its ports, stores and files; beyond it some systems charge memory for each.
const DESCRIPTORS: u64 = 65_536;
/// A fifth of the descriptors for each port: four parts in one process leave a fifth for health, stores and files.
const PORTS: usize = 5;

/// Raises the limit of open descriptors as far as this process may, since the usual one of 1,024 is less than what the
/// ports of a suite hold. Call it before a port is opened.
pub fn raise_descriptor_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        tracing::warn!(%error, "the limit of open descriptors stays as it is");
    }
}

/// The connections a port may hold: those that its settings name, and never more than its part of the descriptors.
pub(crate) fn connections(wanted: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    within(wanted, descriptors)
}

fn within(wanted: usize, descriptors: Option<usize>) -> usize {
    descriptors.map_or(wanted, |descriptors| wanted.min(descriptors / PORTS).max(1))
}

/// Who a connection counts for: an address, or the /64 that a single IPv6 customer is given.
pub(crate) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{IpAddr, holder, within};

    #[test]
    fn a_port_holds_what_it_is_told_and_at_most_a_fifth_of_the_descriptors() {
        assert_eq!(within(4096, Some(65_536)), 4096);
        assert_eq!(within(4096, Some(1024)), 204);
        assert_eq!(within(4096, None), 4096);
        assert_eq!(within(4096, Some(2)), 1);
    }

    #[test]
    fn one_network_is_one_holder() {
        let of = |text: &str| holder(text.parse::<IpAddr>().unwrap());

        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
