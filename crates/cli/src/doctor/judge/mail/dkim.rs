//! The keys that mails are signed with (DKIM, RFC 6376), as their records have them.

use super::super::super::finding::Finding;
use super::{MailFacts, Records, about, unanswered};

/// Base64 of an RSA key of 1024 bits, which receivers take no more (RFC 8301, 3.2), is shorter than this.
const SHORT_RSA_KEY: usize = 300;

/// What is published of the keys that a relay signs with.
pub(super) fn judge(facts: &MailFacts) -> Vec<Finding> {
    if facts.dkim.is_empty() && !facts.signs_here {
        return vec![Finding::note(
            &about(facts, "DKIM"),
            "was not looked at: DNS does not list the keys that a relay signs with",
            "Name the selector that your relay signs with by --dkim-selector.",
        )];
    }
    facts.dkim.iter().flat_map(|(selector, records)| judge_dkim(&facts.domain, selector, records)).collect()
}

/// A key that signs here against what is published of it.
pub(crate) fn judge_own_key(
    domain: &str,
    selector: &str,
    public_key: &str,
    records: &Records,
) -> Vec<Finding> {
    let mut findings = judge_dkim(domain, selector, records);
    let published = records.iter().flatten().find_map(|record| dkim_tag(record, "p"));
    if published.is_some_and(|key| !key.is_empty() && key != public_key) {
        findings.push(Finding::error(
            &format!("DKIM key {selector} of {domain}"),
            "the record holds another key than the one that signs here, so signatures by it fail",
            format!(
                "Publish `p={public_key}` at {selector}._domainkey.{domain}, or name the key's own selector."
            ),
        ));
    }
    findings
}

/// A tag of a DKIM record, without white space.
fn dkim_tag(record: &str, name: &str) -> Option<String> {
    let mut tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let (_, value) = tags.find(|(key, _)| key.trim() == name)?;
    Some(value.split_ascii_whitespace().collect())
}

fn judge_dkim(domain: &str, selector: &str, records: &Records) -> Vec<Finding> {
    let about = &format!("DKIM key {selector} of {domain}");
    let texts = match records {
        Ok(texts) => texts,
        Err(why) => return vec![unanswered(about, why)],
    };
    let publish = format!("Publish the key that your relay shows you at {selector}._domainkey.{domain}.");
    let Some(record) = texts.iter().find(|text| text.contains("p=")) else {
        return vec![Finding::error(about, "there is no record, so signatures by it fail", publish)];
    };
    let tag = |name: &str| dkim_tag(record, name);
    let key = tag("p").unwrap_or_default();
    let mut findings = Vec::new();
    if key.is_empty() {
        findings.push(Finding::error(about, "the key was revoked (`p=` is empty)", publish));
    } else if tag("k").is_none_or(|kind| kind == "rsa") && key.len() < SHORT_RSA_KEY {
        findings.push(Finding::warning(
            about,
            "the RSA key is shorter than 2048 bits, which receivers distrust",
            "Have your relay make a key of 2048 bits, publish it, and go over to it.",
        ));
    }
    if tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y")) {
        findings.push(Finding::warning(
            about,
            "the key is marked as a test (`t=y`), so receivers treat mail as unsigned",
            "Take the `t=y` out of the record.",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::super::super::finding::Severity;
    use super::super::tests::{found, texts};
    use super::*;

    #[test]
    fn a_key_that_is_revoked_short_or_a_test_is_told() {
        let key = |record: &str| found(|facts| facts.dkim = vec![("one".to_owned(), texts(&[record]))]);

        let revoked = key("v=DKIM1; p=");
        let short = key(&format!("v=DKIM1; p={}", "A".repeat(216)));
        let testing = key("v=DKIM1; k=ed25519; t=y; p=AAAA");

        assert!(matches!(&revoked[..], [(Severity::Error, what)] if what.contains("revoked")), "{revoked:?}");
        assert!(matches!(&short[..], [(Severity::Warning, what)] if what.contains("2048")), "{short:?}");
        assert!(matches!(&testing[..], [(Severity::Warning, what)] if what.contains("t=y")), "{testing:?}");
    }

    #[test]
    fn a_key_that_signs_here_is_held_to_its_record() {
        let judged = |record: &str| judge_own_key("acme.example", "one", "AAAA", &texts(&[record]));
        let what = |record: &str| judged(record).into_iter().map(|finding| finding.what).collect::<Vec<_>>();

        assert_eq!(judged("v=DKIM1; k=ed25519; p=AA AA"), []);
        assert!(matches!(&what("v=DKIM1; k=ed25519; p=BBBB")[..], [one] if one.contains("another key")));
        assert!(matches!(&what("v=DKIM1; p=")[..], [one] if one.contains("revoked")));
        assert_eq!(found(|facts| (facts.dkim, facts.signs_here) = (Vec::new(), true)), []);
    }
}
