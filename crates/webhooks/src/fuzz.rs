//! Where somebody wants events sent.

use crate::address::{AddressGuard, Network};
use crate::url::{Host, WebhookUrl};

#[test]
fn a_url_that_is_taken_leads_to_no_network_of_ours() {
    let samples: &[&[u8]] = &[
        b"https://hooks.example:8443/audit?key=1",
        b"https://[::ffff:127.0.0.1]/x",
        b"https://192.0.2.1@127.0.0.1:80/",
        b"https://2130706433/",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let guard = AddressGuard::default();
        let Some(url) = WebhookUrl::parse(&String::from_utf8_lossy(bytes), false, &guard) else { return };
        let endpoint = url.endpoint().unwrap();
        assert!(endpoint.is_tls);
        if let Host::Address(address) = endpoint.host {
            assert!(!address.is_loopback() && !address.is_unspecified(), "{address}");
        }
    });
}

#[test]
fn a_network_that_is_taken_reads_as_it_is_written_and_holds_its_own_address() {
    let samples: &[&[u8]] = &[b"10.20.0.0/16", b"fd00::/8", b"127.0.0.1", b"::ffff:10.0.0.0/104"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let Ok(network) = String::from_utf8_lossy(bytes).parse::<Network>() else { return };
        let shown = network.to_string();
        assert_eq!(shown.parse::<Network>().unwrap().to_string(), shown);
        let address = shown.split('/').next().unwrap().parse().unwrap();
        assert!(network.contains(address) && AddressGuard { allowed: vec![network] }.lets_through(address));
    });
}
