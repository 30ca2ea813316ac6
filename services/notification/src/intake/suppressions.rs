//! The addresses that get no messages: showing them, writing one down, taking one back.
//!
//! A caller that reaches the tenant and may use the method sees all of its entries: they are the tenant's, whoever sent the
//! message that bounced. An address is asked about by itself and shown as a mask.

use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::id::{NotificationId, RequestId, from_digest};
use rekey_sealing::digest;

use super::suppression_page_token::{self, Arguments};
use super::{Error, of_caller};
use crate::domain::destination::{Channel, Destination};
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::CallerScope;
use crate::domain::suppression::{Reason, Stream, Suppression};
use crate::receipt_keys::ReceiptKeys;
use crate::store::{
    Entry, ListedSuppressions, Store, SuppressedAddress, SuppressionFilter, SuppressionOutcome,
    SuppressionQuery, SuppressionRequest,
};

/// The list, for callers.
pub(crate) struct Suppressions {
    pub(crate) store: Store,
    /// Without it no address can be looked up.
    pub(crate) keys: Option<ReceiptKeys>,
    /// How long a request id means the same change.
    pub(crate) request_life: Duration,
    pub(crate) clock: SharedClock,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SuppressionPage {
    /// The entries, newest first.
    pub(crate) suppressions: Vec<Suppression>,
    /// Where the next page begins; empty on the last.
    pub(crate) next_page_token: String,
}

/// What is to be written down.
#[derive(Debug, Clone)]
pub(crate) struct NewEntry {
    pub(crate) destination: Destination,
    pub(crate) stream: Stream,
    pub(crate) reason: Reason,
    /// None: until it is taken back.
    pub(crate) expires_at: Option<Timestamp>,
}

impl Suppressions {
    /// A page of the tenant's entries.
    ///
    /// # Errors
    /// There is no key, the token is not ours for these arguments, or the store failed.
    pub(crate) async fn list(
        &self,
        scope: &CallerScope,
        filter: SuppressionFilter,
        page_token: &str,
        page_size: usize,
    ) -> Result<SuppressionPage, Error> {
        self.keys()?;
        let arguments = Arguments::of(scope, filter);
        let after = match page_token {
            "" => None,
            token => Some(suppression_page_token::read(token, arguments).ok_or(Refusal::PageTokenInvalid)?),
        };
        let query = SuppressionQuery { filter, after, most: page_size };
        let listed = self.store.list_suppressions(scope, &query, self.clock.now()).await?;
        let ListedSuppressions { suppressions, next } = listed;
        let next_page_token = next.map(|position| suppression_page_token::write(position, arguments));
        Ok(SuppressionPage { suppressions, next_page_token: next_page_token.unwrap_or_default() })
    }

    /// The entries of one address.
    ///
    /// # Errors
    /// There is no key, the address has none, or the store failed.
    pub(crate) async fn get(
        &self,
        scope: &CallerScope,
        destination: &Destination,
    ) -> Result<Vec<Suppression>, Error> {
        let address = self.address(scope, destination)?;
        let found = self.store.suppressions_of(scope, &address, self.clock.now()).await?;
        if found.is_empty() { Err(Refusal::SuppressionNotFound.into()) } else { Ok(found) }
    }

    /// Writes an address down; its entries as they stand now, also for a repeated request.
    ///
    /// # Errors
    /// There is no key, it would be over already, the request id means something else, or the store failed.
    pub(crate) async fn create(
        &self,
        scope: &CallerScope,
        new: &NewEntry,
        request_id: RequestId,
    ) -> Result<Vec<Suppression>, Error> {
        let SuppressedAddress { channel, address_hash } = self.address(scope, &new.destination)?;
        let now = self.clock.now();
        let masked_destination = new.destination.masked();
        let entry = Entry {
            tenant_id: scope.tenant_id(),
            channel,
            address_hash,
            stream: new.stream,
            reason: new.reason,
            masked_destination: &masked_destination,
            expires_at: new.expires_at,
        };
        let until = new.expires_at.map_or(0, Timestamp::unix_micros).to_be_bytes();
        let (stream, reason) = (new.stream.number().to_be_bytes(), new.reason.number().to_be_bytes());
        let content = content(&[b"create", channel_of(channel), &address_hash, &stream, &reason, &until]);
        let request = self.request(scope, request_id, content, now);
        made(self.store.create_suppression(&entry, request, now).await?)
    }

    /// Takes every entry of an address back.
    ///
    /// # Errors
    /// There is no key, the address has none, the request id means something else, or the store failed.
    pub(crate) async fn delete(
        &self,
        scope: &CallerScope,
        destination: &Destination,
        request_id: RequestId,
    ) -> Result<(), Error> {
        let address = self.address(scope, destination)?;
        let now = self.clock.now();
        let content = content(&[b"delete", channel_of(address.channel), &address.address_hash]);
        let request = self.request(scope, request_id, content, now);
        made(self.store.remove_suppressions(scope, address, request, now).await?).map(drop)
    }

    fn keys(&self) -> Result<&ReceiptKeys, Refusal> {
        self.keys.as_ref().ok_or(Refusal::SuppressionNotConfigured)
    }

    fn address(&self, scope: &CallerScope, destination: &Destination) -> Result<SuppressedAddress, Refusal> {
        let address_hash = self.keys()?.address_hash(scope.tenant_id(), destination);
        Ok(SuppressedAddress { channel: destination.channel(), address_hash })
    }

    fn request(
        &self,
        scope: &CallerScope,
        request_id: RequestId,
        content: NotificationId,
        now: Timestamp,
    ) -> SuppressionRequest {
        let request_id = of_caller(scope, request_id);
        SuppressionRequest { request_id, request_expires_at: now.plus(self.request_life), content }
    }
}

fn channel_of(channel: Channel) -> &'static [u8] {
    channel.as_str().as_bytes()
}

/// What stands for all that a request asks, in the column where other requests name their message.
fn content(parts: &[&[u8]]) -> NotificationId {
    NotificationId::from_uuid(from_digest(&digest(parts)))
}

fn made(outcome: SuppressionOutcome) -> Result<Vec<Suppression>, Error> {
    match outcome {
        SuppressionOutcome::Made(entries) => Ok(entries),
        SuppressionOutcome::NotFound => Err(Refusal::SuppressionNotFound.into()),
        SuppressionOutcome::AlreadyOver => {
            Err(Refusal::FieldsInvalid(vec![Violation::new("expire_time", "is past")]).into())
        }
        SuppressionOutcome::RequestIdReused => Err(Refusal::RequestIdReused.into()),
    }
}
