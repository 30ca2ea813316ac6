//! The authorities that an image believes: those of Mozilla, as `webpki-root-certs` has them.
//!
//! An image from scratch has none, and relays, gateways and receivers of webhooks are certified by them. Those of the machine
//! that builds would differ from machine to machine; these are pinned in `Cargo.lock`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The line length of PEM (RFC 7468).
const LINE: usize = 64;

/// All of them as PEM.
pub(crate) fn pem() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|certificate| block(certificate)).collect()
}

fn block(certificate: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(certificate);
    let lines: Vec<&str> =
        text.as_bytes().chunks(LINE).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
