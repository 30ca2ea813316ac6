//! What hears of messages after they were handed over, and what is known of their addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_database::KeyChecks;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::key_files::{FollowedKeys, KeyFile, KeyFileError};

use super::Shared;
use crate::config::Settings;
use crate::intake::Suppressions;
use crate::providers::PasswordFile;
use crate::receipt_keys::ReceiptKeys;
use crate::receipts::Receipts;
use crate::receipts::callbacks::CallbackPort;
use crate::receipts::lmtp::{LmtpLimits, LmtpPort};
use crate::worker::Correspondence;

/// A port and where it listens.
pub(crate) type Listening<P> = (SocketAddr, P);

fn key_file(settings: &Settings) -> Option<Result<KeyFile, KeyFileError>> {
    let path = settings.keys.receipt_mac_file.as_deref()?;
    Some(KeyFile::of("notification", "receipt_mac", Some(path)))
}

/// The key of addresses and tokens; none where no setting names it.
pub(crate) fn receipt_keys(settings: &Settings) -> anyhow::Result<Option<ReceiptKeys>> {
    let Some(file) = key_file(settings).transpose()? else { return Ok(None) };
    let keys = ReceiptKeys::from_text(file.text()?.expose_secret());
    keys.map(Some).with_context(|| file.setting())
}

impl Shared<'_> {
    /// The same with the file that it goes by.
    pub(crate) fn followed_receipt_keys(&self) -> Result<Option<Arc<FollowedKeys>>, KeyFileError> {
        let (Some(file), Some(keys)) = (key_file(self.settings).transpose()?, &self.receipt_keys) else {
            return Ok(None);
        };
        let known = KeyChecks { database: self.store.database().clone(), clock: Arc::clone(&self.clock) };
        Ok(Some(file.followed_by(keys.keys().clone(), Arc::new(known))))
    }

    /// What workers ask of addresses, and tell those who will report.
    pub(crate) fn correspondence(&self) -> Option<Correspondence> {
        let receipts = &self.settings.receipts;
        let verified = self.settings.providers.iter().filter(|one| one.callback_token_file().is_some());
        let callback_providers: BTreeSet<String> = verified.map(|one| one.name().to_owned()).collect();
        Some(Correspondence {
            keys: self.receipt_keys.clone()?,
            return_path_domain: receipts.return_path_domain.clone(),
            callback_url: receipts.http.public_url.clone(),
            callback_providers,
        })
    }

    /// What callers ask of the list of addresses that get no messages.
    pub(crate) fn suppressions(&self) -> Suppressions {
        Suppressions {
            store: self.store.clone(),
            keys: self.receipt_keys.clone(),
            request_life: Duration::from_secs(3_600 * self.settings.retention.request_hours),
            clock: Arc::clone(&self.clock),
        }
    }

    fn receipts(&self) -> Option<Receipts> {
        Some(Receipts {
            store: self.store.clone(),
            keys: self.receipt_keys.clone()?,
            lives: self.settings.receipts.lives(),
            life: self.settings.receipts.life(),
            clock: Arc::clone(&self.clock),
        })
    }

    /// The port of bounces and complaints, where the settings have one.
    pub(crate) fn lmtp_port(&self) -> Option<Listening<LmtpPort>> {
        let settings = &self.settings.receipts;
        let limits = LmtpLimits {
            connections: settings.lmtp.connections,
            line_within: Duration::from_secs(settings.lmtp.line_seconds),
            connection_within: Duration::from_secs(settings.lmtp.connection_seconds),
            message_bytes: settings.lmtp.message_bytes,
        };
        let return_path_domain = settings.return_path_domain.clone()?;
        Some((settings.lmtp.listen?, LmtpPort { receipts: self.receipts()?, return_path_domain, limits }))
    }

    /// The port of status callbacks, where the settings have one.
    pub(crate) fn callback_port(&self) -> anyhow::Result<Option<Listening<CallbackPort>>> {
        let http = &self.settings.receipts.http;
        let (Some(address), Some(url), Some(receipts)) = (http.listen, &http.public_url, self.receipts())
        else {
            return Ok(None);
        };
        let mut tokens = BTreeMap::new();
        for provider in &self.settings.providers {
            if let Some(file) = provider.callback_token_file() {
                let token = PasswordFile::open(&file);
                let whose = || format!("callback_token_file of the provider `{}`", provider.name());
                tokens.insert(provider.name().to_owned(), token.with_context(whose)?);
            }
        }
        Ok(Some((address, CallbackPort { receipts, public_url: url.clone(), tokens })))
    }
}
