//! Which code of a method is the last one of a reset: each has a verification of its own.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::VerificationId;

use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store};

statements! {
    const FIND = "
        select number from reset_codes where tenant_id = $1 and verification_id = $2 and expires_at > $3";

    const RECORD = "
        insert into reset_codes (tenant_id, verification_id, number, expires_at) values ($1, $2, $3, $4)
        on conflict (tenant_id, verification_id) do update set number = excluded.number
        where reset_codes.number < excluded.number";
}

impl Store {
    /// The number of the last code, from 0; `first` is the verification of the first one.
    pub(crate) async fn last_reset_code(
        &self,
        scope: &TenantScope,
        first: VerificationId,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        let found: Option<(i64,)> =
            self.database.reader().await?.optional(FIND, values![scope.tenant_id(), first, now]).await?;
        Ok(found.map_or(0, |(number,)| u32::try_from(number).unwrap_or(0)))
    }

    /// Writes down that the code of this number is the last one, unless a later one is. It is forgotten with the reset.
    pub(crate) async fn next_reset_code(
        &self,
        scope: &TenantScope,
        first: VerificationId,
        number: u32,
        expires_at: Timestamp,
    ) -> Result<(), Failure> {
        let values = values![scope.tenant_id(), first, number, expires_at];
        self.database.writer().await?.execute(RECORD, values).await?;
        Ok(())
    }
}
