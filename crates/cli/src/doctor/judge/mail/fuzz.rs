//! What domains publish in DNS.

use super::*;

#[test]
fn whatever_a_domain_publishes_is_judged_and_every_finding_has_its_mend() {
    let samples: &[&[u8]] = &[
        b"v=spf1 include:relay.example ip4:192.0.2.0/24 -all",
        b"v=DMARC1; p=reject; pct=50; rua=mailto:a@acme.example",
        b"v=DKIM1; k=rsa; t=y; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let said = || Ok(vec![text.clone()]);
        let dkim = vec![("one".to_owned(), said())];
        let domain = "acme.example".to_owned();
        let signs_here = false;
        let facts = MailFacts { domain, texts: said(), dmarc: said(), mail_hosts: said(), dkim, signs_here };
        for finding in judge(&facts) {
            assert!(finding.about.contains("acme.example") && !finding.mend.is_empty(), "{finding:?}");
        }
    });
}
