//! What DNS says of a domain that mails are from. The system's own resolver knows addresses only.

use std::net::SocketAddr;

use anyhow::Context as _;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::super::judge::mail::{MailFacts, Records};

/// Asks DNS; clones share what it was told.
#[derive(Clone)]
pub(crate) struct Dns(TokioResolver);

impl Dns {
    /// Asks this server, or those of this machine.
    pub(crate) fn asking(server: Option<SocketAddr>) -> anyhow::Result<Self> {
        let builder = match server {
            Some(address) => {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                (udp.port, tcp.port) = (address.port(), address.port());
                let server = NameServerConfig::new(address.ip(), true, vec![udp, tcp]);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio().context("the DNS servers of this machine")?,
        };
        Ok(Self(builder.build().context("the DNS servers of this machine")?))
    }

    /// Everything about a domain and the keys of these selectors.
    pub(crate) async fn look(&self, domain: &str, selectors: &[String]) -> MailFacts {
        let (texts, dmarc, mail_hosts) =
            tokio::join!(self.texts(domain), self.nearest_dmarc(domain), self.mail_hosts(domain));
        let mut dkim = Vec::new();
        for selector in selectors {
            dkim.push((selector.clone(), self.texts(&format!("{selector}._domainkey.{domain}")).await));
        }
        MailFacts { domain: domain.to_owned(), texts, dmarc, mail_hosts, dkim, signs_here: false }
    }

    /// What is published of a key.
    pub(crate) async fn dkim_key(&self, domain: &str, selector: &str) -> Records {
        self.texts(&format!("{selector}._domainkey.{domain}")).await
    }

    /// The policy of the domain, or of the nearest one above it that has any; a single label has none.
    async fn nearest_dmarc(&self, domain: &str) -> Records {
        let mut domain = domain;
        loop {
            let texts = self.texts(&format!("_dmarc.{domain}")).await?;
            match domain.split_once('.') {
                Some((_, above)) if texts.is_empty() && above.contains('.') => domain = above,
                _ => return Ok(texts),
            }
        }
    }

    async fn texts(&self, name: &str) -> Records {
        self.records(name, RecordType::TXT, |data| match data {
            RData::TXT(text) => {
                Some(text.txt_data.iter().map(|piece| String::from_utf8_lossy(piece)).collect())
            }
            _ => None,
        })
        .await
    }

    async fn mail_hosts(&self, domain: &str) -> Records {
        self.records(domain, RecordType::MX, |data| match data {
            RData::MX(server) => Some(server.exchange.to_string()),
            _ => None,
        })
        .await
    }

    async fn records(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<String>,
    ) -> Records {
        // With a dot at its end it is looked up as it stands, and not below the domains of this machine.
        match self.0.lookup(format!("{name}."), kind).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|record| read(&record.data)).collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}
