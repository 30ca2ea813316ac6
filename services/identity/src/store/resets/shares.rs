//! The table that a tenant's decoys are drawn from, the same on every replica.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;

use crate::domain::reset::shares::Shares;
use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store, rows};

const UNREADABLE: Failure = Failure::Unreadable { what: "shares of methods" };

/// A table, and until when it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredShares {
    pub(crate) shares: Shares,
    pub(crate) renew_at: Timestamp,
}

statements! {
    const FIND = "select shares, renew_at from method_shares where tenant_id = $1";

    /// Unless another replica was faster.
    const KEEP = "
        insert into method_shares (tenant_id, shares, renew_at) values ($1, $2, $3)
        on conflict (tenant_id) do update set shares = excluded.shares, renew_at = excluded.renew_at
        where method_shares.renew_at <= $4";
}

impl Store {
    /// The table that stands at `now`, if one does.
    pub(crate) async fn method_shares(
        &self,
        scope: &TenantScope,
        now: Timestamp,
    ) -> Result<Option<StoredShares>, Failure> {
        let found: Option<(String, i64)> =
            self.database.reader().await?.optional(FIND, values![scope.tenant_id()]).await?;
        let Some((text, renew_at)) = found else { return Ok(None) };
        let renew_at = rows::at(renew_at);
        if now.has_reached(renew_at) {
            return Ok(None);
        }
        let shares = serde_json::from_str(&text).map_err(|_| UNREADABLE)?;
        Ok(Some(StoredShares { shares, renew_at }))
    }

    /// Stores a table where none stands, and tells which one does: of two at once the first.
    pub(crate) async fn keep_method_shares(
        &self,
        scope: &TenantScope,
        counted: &StoredShares,
        now: Timestamp,
    ) -> Result<StoredShares, Failure> {
        let text = serde_json::to_string(&counted.shares).map_err(|_| UNREADABLE)?;
        let values = values![scope.tenant_id(), text.as_str(), counted.renew_at, now];
        self.database.writer().await?.execute(KEEP, values).await?;
        let stands = self.method_shares(scope, now).await?;
        Ok(stands.unwrap_or_else(|| counted.clone()))
    }
}
