//! URLs that led the senders of other products to themselves, mended since: `docs/public-faults.md`.

use crate::address::AddressGuard;
use crate::url::WebhookUrl;

fn is_taken(url: &str, guard: &AddressGuard) -> bool {
    WebhookUrl::parse(url, true, guard).is_some()
}

// OneUptime #2578: an IPv4 address in the clothes of IPv6 was on no list of what is refused.
#[test]
fn an_internal_address_in_ipv6_clothes_is_refused() {
    let strict = AddressGuard::default();
    let ours = AddressGuard { allowed: vec!["10.0.0.0/8".parse().unwrap()] };

    for host in ["127.0.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0"] {
        let dressed = format!("https://[::ffff:{host}]/hook");

        assert!(!is_taken(&dressed, &strict) && !is_taken(&dressed, &ours), "{dressed}");
    }
    assert!(is_taken("https://10.0.0.1/hook", &ours));
    assert!(is_taken("https://[2a00:1450::1]/hook", &strict));
}

// documenso #3166: and in hexadecimal digits it was not even recognised as one.
#[test]
fn an_internal_address_in_hexadecimal_clothes_is_refused() {
    let guard = AddressGuard::default();

    for host in [
        "::ffff:7f00:1",
        "::FFFF:7F00:0001",
        "0:0:0:0:0:ffff:a9fe:a9fe",
        "::ffff:a00:1",
        "::ffff:c0a8:1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ] {
        assert!(!is_taken(&format!("https://[{host}]/hook"), &guard), "{host}");
        assert!(!is_taken(&format!("http://[{host}]:8080/"), &guard), "{host}");
    }
}
