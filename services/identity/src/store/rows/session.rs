//! Sessions and what is counted against logins and methods.

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use uuid::Uuid;

use super::{AccountRow, Failure, at, hash, number, unreadable};
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::attempts::MethodAttempts;
use crate::domain::lockout::LockoutRecord;
use crate::domain::security_info::RemovedAddress;
use crate::domain::session::{Ending, RefreshRecord, Replaced, Session};

/// A session. Its columns are named apart from an account's, so that one statement can read both.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct SessionRow {
    session_id: Uuid,
    session_tenant_id: Uuid,
    session_account_id: Uuid,
    session_epoch: i64,
    authenticated_at: i64,
    strong: bool,
    refresh_hash: Vec<u8>,
    previous_refresh_hash: Option<Vec<u8>>,
    rotated_at: i64,
    earlier_refreshes: Vec<u8>,
    user_agent_family: String,
    backend: String,
    session_created_at: i64,
    refreshed_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    ending: Option<String>,
}

/// A session and whose it is.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct SessionAndAccount {
    #[sqlx(flatten)]
    session: SessionRow,
    #[sqlx(flatten)]
    account: AccountRow,
}

/// A lockout record.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct LockoutRow {
    pub(in crate::store) wrong_in_a_row: i64,
    pub(in crate::store) locked_until: Option<i64>,
    pub(in crate::store) last_wrong: Vec<u8>,
    pub(in crate::store) pending: i64,
    pub(in crate::store) pending_until: Option<i64>,
}

/// The attempts of a method.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct AttemptsRow {
    recent: Vec<u8>,
    in_a_row: i64,
    /// Until when a code is live.
    pub(in crate::store) live_until: i64,
}

/// An address that was removed.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct RemovedAddressRow {
    channel: String,
    address: String,
    removed_at: i64,
}

impl SessionRow {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.session_id
    }

    pub(in crate::store) fn session(self) -> Result<Session, Failure> {
        let torn = || unreadable("a session");
        Ok(Session {
            id: SessionId::from_uuid(self.session_id),
            tenant_id: TenantId::from_uuid(self.session_tenant_id),
            account_id: AccountId::from_uuid(self.session_account_id),
            epoch: CredentialEpoch(self.session_epoch),
            auth_time: at(self.authenticated_at),
            strong: self.strong,
            refresh: RefreshRecord {
                current: hash(&self.refresh_hash)?,
                previous: self.previous_refresh_hash.as_deref().map(hash).transpose()?,
                rotated_at: at(self.rotated_at),
                earlier: replaced(&self.earlier_refreshes)?,
            },
            user_agent_family: self.user_agent_family,
            backend: self.backend,
            created_at: at(self.session_created_at),
            refreshed_at: at(self.refreshed_at),
            expires_at: at(self.expires_at),
            ended: match (self.ended_at, self.ending.as_deref()) {
                (None, None) => None,
                (Some(ended_at), Some(ending)) => {
                    Some((at(ended_at), Ending::parse(ending).ok_or_else(torn)?))
                }
                _ => return Err(torn()),
            },
        })
    }
}

/// Replaced tokens as a column holds them: of each the microseconds, 8 bytes big endian, and the hash.
pub(in crate::store) fn replaced_bytes(tokens: &[Replaced]) -> Vec<u8> {
    tokens
        .iter()
        .flat_map(|token| token.at.unix_micros().to_be_bytes().into_iter().chain(token.hash))
        .collect()
}

fn replaced(bytes: &[u8]) -> Result<Vec<Replaced>, Failure> {
    let (tokens, rest) = bytes.as_chunks::<40>();
    let read = |token: &[u8; 40]| {
        let (micros, token_hash) = token.split_first_chunk::<8>()?;
        Some(Replaced { hash: hash(token_hash).ok()?, at: at(i64::from_be_bytes(*micros)) })
    };
    let read: Option<Vec<_>> = tokens.iter().map(read).collect();
    read.filter(|_| rest.is_empty()).ok_or_else(|| unreadable("a session"))
}

impl SessionAndAccount {
    pub(in crate::store) fn parts(self) -> Result<(Session, Account), Failure> {
        Ok((self.session.session()?, self.account.account()?))
    }
}

impl LockoutRow {
    pub(in crate::store) fn record(self) -> Result<LockoutRecord, Failure> {
        let (fingerprints, rest) = self.last_wrong.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(unreadable("a lockout"));
        }
        Ok(LockoutRecord {
            wrong_in_a_row: number(self.wrong_in_a_row, "a lockout")?,
            locked_until: self.locked_until.map(at),
            last_wrong: fingerprints.to_vec(),
            pending: number(self.pending, "a lockout")?,
            pending_until: self.pending_until.map(at),
        })
    }
}

impl AttemptsRow {
    pub(in crate::store) fn record(self) -> Result<MethodAttempts, Failure> {
        Ok(MethodAttempts::from_parts(&self.recent, number(self.in_a_row, "attempts")?))
    }
}

impl RemovedAddressRow {
    pub(in crate::store) fn removed_address(self) -> Result<RemovedAddress, Failure> {
        let channel = Channel::parse(&self.channel).ok_or_else(|| unreadable("a removed address"))?;
        let destination = Destination::from_stored(channel, self.address);
        Ok(RemovedAddress { destination, removed_at: at(self.removed_at) })
    }
}
