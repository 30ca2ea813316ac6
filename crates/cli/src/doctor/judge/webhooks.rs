//! Keys that sign events to webhooks: what their receivers verify with.

use rekey_notification::WebhookPublicKey;

use super::super::finding::Finding;

const ABOUT: &str = "notification.webhooks";

/// A note for each public half, which nothing else shows.
pub(crate) fn judge(keys: anyhow::Result<Vec<WebhookPublicKey>>) -> Vec<Finding> {
    match keys {
        Ok(keys) => keys.iter().map(note).collect(),
        Err(error) => {
            let mend = "Name files with `whsec_` and 24 to 64 bytes or `whsk_` and an Ed25519 key, in base64, that this user may read.";
            vec![Finding::error(ABOUT, format!("{error:#}"), mend)]
        }
    }
}

fn note(key: &WebhookPublicKey) -> Finding {
    Finding::note(
        &format!("{ABOUT}: `{}`", key.endpoint),
        format!("{} is the public half of a key that signs its events", key.public_key),
        "Let the receiver verify `v1a` signatures with it; it is no secret.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_public_half_is_noted_by_its_endpoint() {
        let key = WebhookPublicKey { endpoint: "shop".to_owned(), public_key: "whpk_AAAA".to_owned() };

        let findings = judge(Ok(vec![key]));

        let [Finding { severity, about, what, .. }] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((*severity, about.as_str()), (Severity::Note, "notification.webhooks: `shop`"));
        assert!(what.starts_with("whpk_AAAA "), "{what}");
        assert_eq!(judge(Ok(Vec::new())), []);
    }

    #[test]
    fn a_secret_that_does_not_read_is_an_error() {
        let findings = judge(Err(anyhow::anyhow!("cannot read the secret file /x")));

        let [Finding { severity, what, .. }] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((*severity, what.as_str()), (Severity::Error, "cannot read the secret file /x"));
    }
}
