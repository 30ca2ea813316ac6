//! What a provider of kind `smtp` takes from the settings.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::dkim::DkimSettings;

/// How a relay's connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::providers) enum SmtpTls {
    /// STARTTLS, demanded.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None, to loopback addresses only.
    None,
}

/// `[[notification.providers]]` with `kind = "smtp"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::providers) struct SmtpSettings {
    pub(super) host: Option<String>,
    /// 587: submission by people and programs, with STARTTLS (RFC 6409).
    pub(super) port: u16,
    pub(super) tls: SmtpTls,
    /// A certificate authority besides those of the system, PEM.
    pub(super) ca_file: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    /// Who messages are from. Its domain is that of every Message-ID.
    pub(super) from: Option<String>,
    pub(super) from_name: String,
    /// Where answers go; without it to nobody.
    pub(super) reply_to: Option<String>,
    /// The name this client gives in EHLO. Without it the domain of `from`.
    pub(super) hello: Option<String>,
    /// Idle connections kept for the next message: enough for a burst of codes.
    pub(super) idle_connections: usize,
    /// A minute: relays hang up after a few.
    pub(super) idle_seconds: u64,
    /// Seconds a kept connection may take over its first answer before a fresh one is opened: a firewall in between may
    /// have forgotten it, and says nothing. A living relay answers MAIL in milliseconds.
    pub(super) kept_answer_seconds: u64,
    /// The keys that sign mails; without any the relay does.
    pub(super) dkim: Vec<DkimSettings>,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            tls: SmtpTls::StartTls,
            ca_file: None,
            username: None,
            password_file: None,
            from: None,
            from_name: String::new(),
            reply_to: None,
            hello: None,
            idle_connections: 4,
            idle_seconds: 60,
            kept_answer_seconds: 5,
            dkim: Vec::new(),
        }
    }
}

impl SmtpSettings {
    /// What can be said without reading a file.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let host = self.host.as_deref().context("`host` is not set")?;
        let loopback = ["localhost", "127.0.0.1", "::1"];
        let is_protected = self.tls != SmtpTls::None || loopback.contains(&host);
        ensure!(is_protected, "`tls = \"none\"` is for a relay on this machine only");
        let have_login = self.username.is_some() == self.password_file.is_some();
        ensure!(have_login, "`username` and `password_file` go together");
        let is_name = |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(self.hello.as_ref().is_none_or(is_name), "`hello` is no host name");
        self.dkim.iter().try_for_each(DkimSettings::check)
    }
}
