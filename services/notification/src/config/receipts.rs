//! `[notification.receipts]`: what is heard of messages after they were handed over.

use std::net::SocketAddr;
use std::time::Duration;

use rekey_runtime::gateway::is_protected;
use serde::Deserialize;

use crate::domain::receipt::SuppressionLives;

/// `[notification.receipts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipts {
    /// The domain that bounces are addressed to.
    #[serde(default)]
    pub return_path_domain: Option<String>,
    /// How long a message is reported of.
    pub life_days: u64,
    /// How long an address that does not exist gets nothing.
    pub bounce_life_days: u64,
    /// How long a complaint counts.
    pub complaint_life_days: u64,
    /// Where a mail server delivers bounces.
    pub lmtp: LmtpPort,
    /// Where gateways post to.
    pub http: CallbackPort,
}

/// `[notification.receipts.lmtp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LmtpPort {
    /// On this machine.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// Connections at the same time.
    pub connections: usize,
    /// How long a line may be waited for.
    pub line_seconds: u64,
    /// How long a connection may last.
    pub connection_seconds: u64,
    /// The largest mail.
    pub message_bytes: usize,
}

/// `[notification.receipts.http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackPort {
    /// Behind what ends TLS for it.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// Where gateways reach it.
    #[serde(default)]
    pub public_url: Option<String>,
}

/// Receipts that could not be heard, or not be told from forged ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongReceipts {
    /// Without it no report can be told from a forged one.
    #[error("notification.receipts needs notification.keys.receipt_mac_file")]
    NoKey,
    /// It is not one.
    #[error("notification.receipts.return_path_domain is no domain name of ASCII letters")]
    NoDomain,
    /// Nothing would be taken.
    #[error("notification.receipts.lmtp.listen needs notification.receipts.return_path_domain")]
    LmtpWithoutDomain,
    /// It speaks plain text and asks for no login.
    #[error("notification.receipts.lmtp.listen must be on this machine")]
    LmtpBeyondLoopback,
    /// No signature could be verified.
    #[error("notification.receipts.http.listen needs notification.receipts.http.public_url")]
    HttpWithoutUrl,
    /// What is signed would cross the network in plain text.
    #[error(
        "notification.receipts.http.public_url must be https, without a query, a fragment or a slash at its end"
    )]
    NoUrl,
}

impl Receipts {
    /// Refuses what could not be heard, or not be told from what is forged.
    pub(super) fn check(&self, has_key: bool) -> Result<(), WrongReceipts> {
        let wants_reports = self.return_path_domain.is_some() || self.http.public_url.is_some();
        let finding = [
            (
                self.lmtp.listen.is_some() && self.return_path_domain.is_none(),
                WrongReceipts::LmtpWithoutDomain,
            ),
            (self.lmtp.listen.is_some_and(|at| !at.ip().is_loopback()), WrongReceipts::LmtpBeyondLoopback),
            (self.http.listen.is_some() && self.http.public_url.is_none(), WrongReceipts::HttpWithoutUrl),
            (
                self.return_path_domain.as_deref().is_some_and(|domain| !is_domain(domain)),
                WrongReceipts::NoDomain,
            ),
            (self.http.public_url.as_deref().is_some_and(|url| !is_public_url(url)), WrongReceipts::NoUrl),
            (wants_reports && !has_key, WrongReceipts::NoKey),
        ];
        finding.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, wrong)| Err(wrong))
    }

    /// How long what follows from receipts lasts.
    pub(crate) fn lives(&self) -> SuppressionLives {
        SuppressionLives { bounce: days(self.bounce_life_days), complaint: days(self.complaint_life_days) }
    }

    /// How long a message is reported of.
    pub(crate) fn life(&self) -> Duration {
        days(self.life_days)
    }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(24 * 3_600))
}

/// Of labels and dots, and short enough for an address (RFC 5321, 4.5.3.1.2).
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 189 && text.contains('.') && text.split('.').all(is_label)
}

/// What a path can be appended to. The parser drops a fragment, and what is signed is the whole text.
fn is_public_url(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else { return false };
    is_protected(&url) && url.query().is_none() && !text.contains('#') && !text.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts() -> Receipts {
        crate::config::for_tests().receipts
    }

    fn hearing() -> Receipts {
        let mut receipts = receipts();
        receipts.return_path_domain = Some("bounces.example.com".to_owned());
        receipts.lmtp.listen = Some("127.0.0.1:2424".parse().unwrap());
        receipts.http.listen = Some("0.0.0.0:7305".parse().unwrap());
        receipts.http.public_url = Some("https://id.example.com".to_owned());
        receipts
    }

    #[test]
    fn by_default_nothing_is_heard_and_no_key_is_needed() {
        assert_eq!(receipts().check(false), Ok(()));
        assert_eq!((receipts().lmtp.listen, receipts().http.listen), (None, None));
    }

    #[test]
    fn what_could_not_be_heard_or_be_told_from_forged_is_refused() {
        let after = |change: fn(&mut Receipts)| {
            let mut receipts = hearing();
            change(&mut receipts);
            receipts.check(true)
        };

        assert_eq!(hearing().check(true), Ok(()));
        assert_eq!(hearing().check(false), Err(WrongReceipts::NoKey));
        assert_eq!(after(|one| one.return_path_domain = None), Err(WrongReceipts::LmtpWithoutDomain));
        assert_eq!(after(|one| one.http.public_url = None), Err(WrongReceipts::HttpWithoutUrl));
        let beyond = after(|one| one.lmtp.listen = Some("0.0.0.0:24".parse().unwrap()));
        assert_eq!(beyond, Err(WrongReceipts::LmtpBeyondLoopback));
        for domain in ["", "bounces", "a@b.example", "b.example.", "bücher.example", "b.example\r\n"] {
            let receipts = Receipts { return_path_domain: Some(domain.to_owned()), ..hearing() };
            assert_eq!(receipts.check(true), Err(WrongReceipts::NoDomain), "{domain}");
        }
    }

    #[test]
    fn a_public_url_is_protected_and_a_path_can_be_appended_to_it() {
        let judged = |url: &str| {
            let mut receipts = hearing();
            receipts.http.public_url = Some(url.to_owned());
            receipts.check(true)
        };

        for url in ["https://id.example.com/rekey", "http://127.0.0.2:7305", "http://[::1]:7305"] {
            assert_eq!(judged(url), Ok(()), "{url}");
        }
        for url in ["http://id.example.com", "ftp://127.0.0.1", "/receipts", "x"] {
            assert_eq!(judged(url), Err(WrongReceipts::NoUrl), "{url}");
        }
        for end in ["/", "?a=b", "?", "#a", "#"] {
            let url = format!("https://id.example.com{end}");
            assert_eq!(judged(&url), Err(WrongReceipts::NoUrl), "{url}");
        }
    }
}
