//! URLs of Redis, as operators write them.

use rekey_primitives::secret::{ExposeSecret as _, SecretString};

use super::{Connection, Options, Topology, addresses};

const PASSWORD: &str = "s3cr3t";

/// Every node that a topology connects to.
fn nodes(topology: &Topology) -> Vec<&SecretString> {
    match topology {
        Topology::Single { url } => vec![url],
        Topology::Cluster { urls } => urls.iter().collect(),
        Topology::Sentinel { sentinels, node, .. } => sentinels.iter().chain([node]).collect(),
    }
}

#[tokio::test]
async fn a_url_with_tls_makes_no_plain_connection_and_no_password_is_shown() {
    let samples: &[&[u8]] =
        &[b"cache:6379/2", b"one:1,two:2,[::1]/codes", b"cache?protocol=resp3", b"a@b/#insecure"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let rest = String::from_utf8_lossy(bytes);
        for kind in ["", "-cluster", "-sentinel"] {
            let url = |scheme: &str| format!("{scheme}{kind}://rekey:{PASSWORD}@{rest}");
            if let Ok(topology) = Topology::parse(&url("rediss")) {
                assert!(nodes(&topology).iter().all(|node| node.expose_secret().starts_with("rediss://")));
                assert!(!format!("{topology:?}").contains(PASSWORD), "{topology:?}");
            }
            let Ok(topology) = Topology::parse(&url("redis")) else { continue };
            let shown = match &topology {
                // Opening one begins to connect.
                Topology::Cluster { urls } => addresses(urls),
                _ => Connection::open(&Options::to(topology.clone()))
                    .map(|connection| format!("{connection:?}")),
            };
            let shown = shown.unwrap_or_else(|error| format!("{error} {error:?}"));
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    });
}
