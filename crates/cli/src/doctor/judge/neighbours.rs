//! Whether the parts that this one calls are there, and know it.

use super::super::finding::Finding;

/// How a neighbour answered a call that asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It refused the empty request itself, so it knows who asks.
    Known,
    /// Nobody answered; why.
    Away(String),
    /// It does not know the token or certificate.
    Unknown,
    /// It knows us, and its entry for us does not allow what we call.
    NotAllowed(String),
    /// It answers, and is not ready.
    NotReady(String),
}

/// A neighbour.
#[derive(Debug, Clone)]
pub(crate) struct NeighbourFacts {
    /// The table of the settings, such as `identity.verification`.
    pub(crate) about: String,
    /// Who asks and who is asked.
    pub(crate) caller: &'static str,
    pub(crate) called: &'static str,
    pub(crate) endpoint: String,
    pub(crate) answer: Answer,
}

pub(crate) fn judge(facts: &NeighbourFacts) -> Option<Finding> {
    let NeighbourFacts { about, caller, called, endpoint, answer } = facts;
    let callers = format!("{called}.server.callers_file");
    match answer {
        Answer::Known => None,
        Answer::Away(why) => Some(Finding::error(
            about,
            format!("{called} does not answer at {endpoint}: {why}"),
            format!("Start {called}, or set {about}.endpoint to where it listens."),
        )),
        Answer::NotReady(why) => Some(Finding::warning(
            about,
            format!("{called} answers and is not ready: {why}"),
            format!(
                "Ask its health port which of its stores is away, or run `rekey doctor {called}` beside it."
            ),
        )),
        Answer::Unknown => Some(Finding::error(
            about,
            format!("{called} has no entry of a caller with the token or certificate of {caller}"),
            format!(
                "Write an entry for {caller} into {callers}, with the digest of {about}.token_file or its SPIFFE ID."
            ),
        )),
        Answer::NotAllowed(what) => Some(Finding::error(
            about,
            format!("the entry of {caller} in {callers} does not allow what it calls: {what}"),
            format!("Add the methods of {called} to that entry."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    fn found(answer: Answer) -> Option<(Severity, String)> {
        let facts = NeighbourFacts {
            about: "identity.verification".to_owned(),
            caller: "identity",
            called: "verification",
            endpoint: "http://127.0.0.1:7302".to_owned(),
            answer,
        };
        judge(&facts).map(|finding| (finding.severity, format!("{} {}", finding.what, finding.mend)))
    }

    #[test]
    fn a_neighbour_that_knows_us_is_in_order() {
        assert_eq!(found(Answer::Known), None);
    }

    #[test]
    fn whoever_is_away_or_does_not_know_us_is_told_with_the_setting_that_mends_it() {
        let (away, text) = found(Answer::Away("connection refused".to_owned())).unwrap();
        let (unknown, entry) = found(Answer::Unknown).unwrap();
        let (_, methods) = found(Answer::NotAllowed("CALLER_NOT_ALLOWED".to_owned())).unwrap();

        assert_eq!((away, unknown), (Severity::Error, Severity::Error));
        assert!(text.contains("at http://127.0.0.1:7302: connection refused"), "{text}");
        assert!(text.contains("identity.verification.endpoint"), "{text}");
        assert!(entry.contains("verification.server.callers_file"), "{entry}");
        assert!(methods.contains("CALLER_NOT_ALLOWED"), "{methods}");
    }
}
