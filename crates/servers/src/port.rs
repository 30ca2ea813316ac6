//! Ports for servers that cannot be told to pick one and say which.
//!
//! They come from below the range the kernel uses for outgoing connections. A port from inside that range can be
//! taken by anybody's connection between our look and the server's bind, or between a stop and a restart.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A loopback port that nobody listens on right now.
///
/// Processes start at places far apart, so two of them rarely look at the same port in the same instant; callers
/// still retry when the server says that its port is taken.
///
/// # Panics
/// When no port of the range is free.
#[must_use]
pub fn free_port() -> u16 {
    let start = std::process::id().wrapping_mul(2_654_435_761) >> 8;
    (0..COUNT)
        .find_map(|_| {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|_| port)
        })
        .expect("one of 20,000 loopback ports is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_port_is_not_handed_out_twice_in_a_row() {
        let first = free_port();
        let second = free_port();

        assert_ne!(first, second);
    }
}
