//! The health port of the process that these settings are of: its page `/readyz`, over the few words of HTTP that it takes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::judge::health::{HealthFacts, Readiness};

/// A page names a handful of conditions; more than this is not read.
const PAGE_BYTES: u64 = 16 * 1024;

pub(crate) async fn look(listen: SocketAddr) -> anyhow::Result<HealthFacts> {
    let address = reached(listen);
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return Ok(HealthFacts { address, readiness: Readiness::Nobody });
    };
    let request = format!("GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let mut page = Vec::new();
    // Whoever speaks no HTTP may hang up in between: what was heard until then tells that it is somebody else.
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _heard = stream.take(PAGE_BYTES).read_to_end(&mut page).await;
    }
    Ok(HealthFacts { address, readiness: readiness(&String::from_utf8_lossy(&page)) })
}

/// Where a port is found from here that listens everywhere.
fn reached(listen: SocketAddr) -> SocketAddr {
    let here = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, listen.port())
}

fn readiness(page: &str) -> Readiness {
    let (head, body) = page.split_once("\r\n\r\n").unwrap_or((page, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    let mut lines = body.lines().map(str::to_owned);
    match (status, lines.next().as_deref()) {
        ("200", Some("ready")) => Readiness::Ready,
        ("503", Some("not ready")) => Readiness::Lacks(lines.collect()),
        _ => Readiness::Strange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_read_off_the_page() {
        let page =
            |status: &str, body: &str| format!("HTTP/1.0 {status}\r\ncontent-type: text/plain\r\n\r\n{body}");

        assert_eq!(readiness(&page("200 OK", "ready\n")), Readiness::Ready);
        let missing =
            readiness(&page("503 Service Unavailable", "not ready\nidentity: schema\nidentity: keys\n"));
        assert_eq!(
            missing,
            Readiness::Lacks(vec!["identity: schema".to_owned(), "identity: keys".to_owned()])
        );
        for strange in [page("200 OK", "<html>"), page("404 Not Found", ""), "SSH-2.0-x\r\n".to_owned()] {
            assert_eq!(readiness(&strange), Readiness::Strange, "{strange}");
        }
    }

    #[test]
    fn a_port_that_listens_everywhere_is_found_here() {
        let found =
            ["0.0.0.0:7390", "[::]:7390", "10.0.0.7:7390"].map(|listen| reached(listen.parse().unwrap()));

        assert_eq!(
            found.map(|address| address.to_string()),
            ["127.0.0.1:7390", "[::1]:7390", "10.0.0.7:7390"]
        );
    }
}
