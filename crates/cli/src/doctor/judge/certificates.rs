//! Certificates: of our ports as they lie in their files, of stores and neighbours as they show them.

use super::super::finding::Finding;

/// A renewal that failed is to be seen while it can be mended calmly: half of what is left when ACME clients begin.
const WARN_DAYS: i64 = 14;

/// A weekend and a day.
const SOON_DAYS: i64 = 3;

/// What is known of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct CertificateFacts {
    /// The setting it belongs to.
    pub(crate) about: String,
    /// The names it carries.
    pub(crate) names: Vec<String>,
    /// Whole days until it ends; below zero it has ended.
    pub(crate) days_left: i64,
    /// Whether it has begun.
    pub(crate) has_begun: bool,
    /// Whether whoever connects may believe it; why not, otherwise.
    pub(crate) trust: Result<(), String>,
}

pub(crate) fn judge(facts: &CertificateFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let names = facts.names.join(", ");
    let renew = format!("Renew the certificate of {names}; it is read again when its file changes.");
    if facts.days_left < 0 {
        let what = format!("the certificate ended {} days ago", -facts.days_left);
        findings.push(Finding::error(&facts.about, what, renew));
    } else if facts.days_left < WARN_DAYS {
        let what = format!("the certificate ends in {} days", facts.days_left);
        let is_soon = facts.days_left < SOON_DAYS;
        let finding = if is_soon { Finding::error } else { Finding::warning };
        findings.push(finding(&facts.about, what.as_str(), renew.as_str()));
    } else if !facts.has_begun {
        let what = "the certificate is of tomorrow: it has not begun";
        findings.push(Finding::error(
            &facts.about,
            what,
            "Set the clocks right, or take a certificate that has begun.",
        ));
    } else if let Err(why) = &facts.trust {
        findings.push(Finding::error(
            &facts.about,
            format!("the certificate of {names} is not believed: {why}"),
            "Name the authority that signed it, or connect by a name that it carries.",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    fn found(days_left: i64, trust: Result<(), &str>) -> Vec<(Severity, String)> {
        let facts = CertificateFacts {
            about: "identity.server.tls".to_owned(),
            names: vec!["id.acme.example".to_owned()],
            days_left,
            has_begun: true,
            trust: trust.map_err(str::to_owned),
        };
        judge(&facts).into_iter().map(|finding| (finding.severity, finding.what)).collect()
    }

    #[test]
    fn what_ends_soon_is_told_in_time_and_what_has_ended_is_an_error() {
        assert_eq!(found(14, Ok(())), []);
        assert!(
            matches!(&found(13, Ok(()))[..], [(Severity::Warning, what)] if what.ends_with("in 13 days"))
        );
        assert!(matches!(&found(2, Ok(()))[..], [(Severity::Error, _)]));
        assert!(matches!(&found(-1, Ok(()))[..], [(Severity::Error, what)] if what.ends_with("1 days ago")));
    }

    #[test]
    fn a_certificate_that_is_not_believed_says_why() {
        let found = found(90, Err("unknown issuer"));

        assert!(
            matches!(&found[..], [(Severity::Error, what)] if what.ends_with("unknown issuer")),
            "{found:?}"
        );
    }
}
