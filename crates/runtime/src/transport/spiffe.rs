//! The SPIFFE ID of a client certificate: the one URI in its subject alternative names.
//!
//! The TLS layer has verified the certificate before.

use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// Reads the identity off a DER certificate that the TLS layer has already verified.
///
/// X.509-SVID asks for exactly one URI name; a certificate with several is nobody, because choosing one would
/// let the issuer of another decide.
pub(super) fn spiffe_id(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let only = uris.next().filter(|_| uris.next().is_none())?;
    only.starts_with("spiffe://").then(|| only.to_owned())
}

#[cfg(test)]
mod fuzz {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    #[test]
    fn a_certificate_names_one_workload_or_nobody() {
        let mut parameters = CertificateParams::default();
        let uri = "spiffe://acme.example/shop".try_into().unwrap();
        parameters.subject_alt_names = vec![SanType::URI(uri)];
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let der: &[u8] = certificate.der();
        rekey_testing::fuzz(&[der], |bytes: &[u8]| {
            if let Some(id) = spiffe_id(bytes) {
                assert!(id.starts_with("spiffe://"), "{id}");
            }
        });
    }
}
