//! Whether the process that these settings are of is ready.

use std::net::SocketAddr;

use super::super::finding::Finding;

/// The setting of its port.
const ABOUT: &str = "health.listen";

/// What its page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    /// What it names, with the causes.
    Lacks(Vec<String>),
    /// Nobody is there.
    Nobody,
    /// Somebody else is.
    Strange,
}

/// A health port.
#[derive(Debug, Clone)]
pub(crate) struct HealthFacts {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
}

pub(crate) fn judge(facts: &HealthFacts) -> Option<Finding> {
    let address = facts.address;
    match &facts.readiness {
        Readiness::Ready => None,
        Readiness::Lacks(missing) => Some(Finding::error(
            ABOUT,
            format!("the process at {address} is not ready: {}", missing.join("; ")),
            "Mend what it names; it looks again by itself.",
        )),
        // Nothing has to run while settings are prepared.
        Readiness::Nobody => Some(Finding::note(
            ABOUT,
            format!("nobody answers at {address}, so whether the process is ready was not asked"),
            "Start it, or look at it where it runs.",
        )),
        Readiness::Strange => Some(Finding::warning(
            ABOUT,
            format!("at {address} answers something that is no health port of Rekey"),
            "Name a port of its own in health.listen.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    fn found(readiness: Readiness) -> Option<(Severity, String)> {
        let facts = HealthFacts { address: "127.0.0.1:7390".parse().unwrap(), readiness };
        judge(&facts).map(|finding| (finding.severity, finding.what))
    }

    #[test]
    fn a_process_that_is_not_ready_is_an_error_and_one_that_does_not_run_is_told() {
        assert_eq!(found(Readiness::Ready), None);
        let (severity, what) = found(Readiness::Lacks(vec!["identity: schema".to_owned()])).unwrap();
        assert_eq!(severity, Severity::Error);
        assert_eq!(what, "the process at 127.0.0.1:7390 is not ready: identity: schema");
        assert!(matches!(found(Readiness::Nobody), Some((Severity::Note, _))));
        assert!(matches!(found(Readiness::Strange), Some((Severity::Warning, _))));
    }
}
