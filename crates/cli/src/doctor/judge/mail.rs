//! What the domain that mails are from says in DNS: without it codes end among unwanted mail, or strangers send in our name.

mod dkim;

pub(crate) use self::dkim::judge_own_key;
use super::super::finding::Finding;

/// Lookups that a receiver makes for one SPF record at most (RFC 7208, 4.6.4).
const MOST_SPF_LOOKUPS: usize = 10;

/// The records of a name, or why they could not be had. None is an empty list.
pub(crate) type Records = Result<Vec<String>, String>;

/// What was found about one domain.
#[derive(Debug, Clone)]
pub(crate) struct MailFacts {
    /// The domain after the `@` of the sender.
    pub(crate) domain: String,
    /// TXT records of the domain.
    pub(crate) texts: Records,
    /// TXT records of the nearest `_dmarc` at or above it.
    pub(crate) dmarc: Records,
    /// Hosts of its MX records; `.` takes no mail.
    pub(crate) mail_hosts: Records,
    /// TXT records of the DKIM keys that were asked for, by their selectors.
    pub(crate) dkim: Vec<(String, Records)>,
    /// Whether keys of the settings sign for it, which are looked at by themselves.
    pub(crate) signs_here: bool,
}

/// Everything about one domain.
pub(crate) fn judge(facts: &MailFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(spf(facts));
    findings.extend(dmarc(facts));
    findings.extend(mail_hosts(facts));
    findings.extend(dkim::judge(facts));
    findings
}

fn about(facts: &MailFacts, what: &str) -> String {
    format!("{what} of {}", facts.domain)
}

fn unanswered(about: &str, why: &str) -> Finding {
    Finding::warning(
        about,
        format!("DNS was asked and did not answer: {why}"),
        "Let this machine ask DNS, or name a server that answers by --resolver.",
    )
}

fn spf(facts: &MailFacts) -> Vec<Finding> {
    let about = &about(facts, "SPF");
    let texts = match &facts.texts {
        Ok(texts) => texts,
        Err(why) => return vec![unanswered(about, why)],
    };
    let is_spf = |text: &&String| **text == "v=spf1" || text.starts_with("v=spf1 ");
    let records: Vec<&String> = texts.iter().filter(is_spf).collect();
    let publish = format!(
        "Publish one TXT record at {} that names the servers of your relay, as in `v=spf1 include:relay.example -all`.",
        facts.domain
    );
    match records.as_slice() {
        [] => vec![Finding::error(
            about,
            "there is no record, so receivers cannot tell our mail from forged",
            publish,
        )],
        [record] => judge_spf(about, record),
        _ => vec![Finding::error(
            about,
            "there are several records, so all of them count for nothing",
            publish,
        )],
    }
}

fn judge_spf(about: &str, record: &str) -> Vec<Finding> {
    let terms: Vec<String> = record.split_ascii_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
    let mut findings = Vec::new();
    let asks = |term: &&String| {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        let name = term.split([':', '/', '=']).next().unwrap_or(term);
        ["include", "a", "mx", "ptr", "exists", "redirect"].contains(&name)
    };
    let lookups = terms.iter().filter(asks).count();
    if lookups > MOST_SPF_LOOKUPS {
        findings.push(Finding::error(
            about,
            format!("the record asks for {lookups} lookups, and receivers stop after {MOST_SPF_LOOKUPS}"),
            "Write the addresses of the relay into the record in place of some of its includes.",
        ));
    }
    let redirects = terms.iter().any(|term| term.starts_with("redirect="));
    match terms.iter().find(|term| term.trim_start_matches(['+', '-', '~', '?']) == "all").map(String::as_str)
    {
        Some("-all" | "~all") => {}
        Some("?all") => findings.push(Finding::warning(
            about,
            "the record ends in `?all`, which says nothing of forged mail",
            "End it in `-all` or `~all`.",
        )),
        Some(_) => findings.push(Finding::error(
            about,
            "the record lets everybody send in our name (`+all`)",
            "End it in `-all`.",
        )),
        None if redirects => {}
        None => findings.push(Finding::warning(
            about,
            "the record has no `all`, so it says nothing of forged mail",
            "End it in `-all` or `~all`.",
        )),
    }
    findings
}

fn dmarc(facts: &MailFacts) -> Vec<Finding> {
    let about = &about(facts, "DMARC");
    let texts = match &facts.dmarc {
        Ok(texts) => texts,
        Err(why) => return vec![unanswered(about, why)],
    };
    let records: Vec<&String> = texts.iter().filter(|text| text.starts_with("v=DMARC1")).collect();
    let publish = format!(
        "Publish one TXT record at _dmarc.{}, as in `v=DMARC1; p=quarantine; rua=mailto:dmarc@{}`.",
        facts.domain, facts.domain
    );
    let [record] = records.as_slice() else {
        let what = if records.is_empty() {
            "there is no record, and large receivers refuse mail without one"
        } else {
            "there are several records, so none of them counts"
        };
        return vec![Finding::error(about, what, publish)];
    };
    let tag = |name: &str| {
        let tags = record.split(';').filter_map(|tag| tag.split_once('='));
        tags.map(|(key, value)| (key.trim(), value.trim()))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let mut findings = Vec::new();
    match tag("p").map(str::to_ascii_lowercase).as_deref() {
        Some("reject" | "quarantine") => {}
        Some("none") => findings.push(Finding::warning(
            about,
            "the policy is `p=none`: forged mail about passwords is let through",
            "Read the reports, and when our own mail passes set `p=quarantine` or `p=reject`.",
        )),
        _ => findings.push(Finding::error(about, "the record has no policy (`p=`)", publish)),
    }
    if tag("rua").is_none() {
        findings.push(Finding::note(
            about,
            "nobody gets the reports of receivers (`rua=`)",
            "Add `rua=mailto:` with an address that somebody reads.",
        ));
    }
    findings
}

fn mail_hosts(facts: &MailFacts) -> Vec<Finding> {
    let about = &about(facts, "MX");
    let mend = format!("Publish an MX record at {} for a server that takes its mail.", facts.domain);
    match &facts.mail_hosts {
        Err(why) => vec![unanswered(about, why)],
        Ok(hosts) if hosts.is_empty() => {
            vec![Finding::warning(
                about,
                "there is no record, so bounces get lost and some receivers refuse",
                mend,
            )]
        }
        Ok(hosts) if hosts.iter().any(|host| host == ".") => {
            vec![Finding::error(
                about,
                "the domain says that it takes no mail, and many then take none from it",
                mend,
            )]
        }
        Ok(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    fn good() -> MailFacts {
        let texts = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect());
        MailFacts {
            domain: "acme.example".to_owned(),
            texts: texts(&["some=proof", "v=spf1 include:relay.example -all"]),
            dmarc: texts(&["v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"]),
            mail_hosts: texts(&["mx.acme.example."]),
            dkim: vec![("one".to_owned(), texts(&[&format!("v=DKIM1; k=rsa; p={}", "A".repeat(392))]))],
            signs_here: false,
        }
    }

    pub(super) fn found(change: impl FnOnce(&mut MailFacts)) -> Vec<(Severity, String)> {
        let mut facts = good();
        change(&mut facts);
        judge(&facts).into_iter().map(|finding| (finding.severity, finding.what)).collect()
    }

    pub(super) fn texts(texts: &[&str]) -> Records {
        Ok(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn a_domain_in_order_has_no_findings() {
        assert_eq!(judge(&good()), []);
        assert_eq!(found(|facts| facts.texts = texts(&["v=spf1 redirect=_spf.relay.example"])), []);
    }

    #[test]
    fn a_record_that_is_missing_or_stands_twice_is_an_error() {
        for (records, expected) in
            [(&[][..], "no record"), (&["v=spf1 -all", "v=spf1 ~all"], "several records")]
        {
            let spf = found(|facts| facts.texts = texts(records));
            assert!(matches!(&spf[..], [(Severity::Error, what)] if what.contains(expected)), "{spf:?}");
        }
        for (records, expected) in
            [(&[][..], "no record"), (&["v=DMARC1; p=none", "v=DMARC1; p=none"], "several")]
        {
            let dmarc = found(|facts| facts.dmarc = texts(records));
            assert!(matches!(&dmarc[..], [(Severity::Error, what)] if what.contains(expected)), "{dmarc:?}");
        }
        let key = found(|facts| facts.dkim = vec![("one".to_owned(), texts(&[]))]);
        assert!(matches!(&key[..], [(Severity::Error, what)] if what.contains("no record")), "{key:?}");
    }

    #[test]
    fn what_lets_strangers_send_in_our_name_is_told() {
        let open = found(|facts| facts.texts = texts(&["v=spf1 a +all"]));
        let bare = found(|facts| facts.texts = texts(&["v=spf1 all"]));
        let neutral = found(|facts| facts.texts = texts(&["v=spf1 mx ?all"]));
        let watching = found(|facts| facts.dmarc = texts(&["v=DMARC1; p=none; rua=mailto:a@b.example"]));

        assert!(matches!(&open[..], [(Severity::Error, what)] if what.contains("everybody")), "{open:?}");
        assert_eq!(bare, open);
        assert!(matches!(&neutral[..], [(Severity::Warning, _)]), "{neutral:?}");
        assert!(
            matches!(&watching[..], [(Severity::Warning, what)] if what.contains("p=none")),
            "{watching:?}"
        );
    }

    #[test]
    fn an_eleventh_lookup_is_one_too_many() {
        let includes = |count: usize| format!("v=spf1 {}-all", "include:x.example ".repeat(count));

        assert_eq!(found(|facts| facts.texts = texts(&[&includes(10)])), []);
        let many = found(|facts| facts.texts = texts(&[&includes(11)]));
        assert!(matches!(&many[..], [(Severity::Error, what)] if what.contains("11 lookups")), "{many:?}");
    }

    #[test]
    fn a_domain_without_mail_and_a_silent_dns_are_told() {
        let none = found(|facts| facts.mail_hosts = texts(&[]));
        let null = found(|facts| facts.mail_hosts = texts(&["."]));
        let silent = found(|facts| facts.mail_hosts = Err("timed out".to_owned()));
        let unnamed = found(|facts| facts.dkim = Vec::new());

        assert!(matches!(&none[..], [(Severity::Warning, _)]), "{none:?}");
        assert!(matches!(&null[..], [(Severity::Error, _)]), "{null:?}");
        assert!(
            matches!(&silent[..], [(Severity::Warning, what)] if what.ends_with("timed out")),
            "{silent:?}"
        );
        assert!(matches!(&unnamed[..], [(Severity::Note, _)]), "{unnamed:?}");
    }
}

#[cfg(test)]
mod fuzz;
