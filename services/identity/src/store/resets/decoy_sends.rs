//! Sends of a reset's code that a limit stopped where nobody may see it: when each seemed to go out.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::VerificationId;

use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store, rows};

/// A send that did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecoySend {
    /// The verification whose send it stands for.
    pub(crate) verification_id: VerificationId,
    /// Which of its sends, from 0.
    pub(crate) number: u32,
    /// When it seemed to go out.
    pub(crate) sent_at: Timestamp,
    /// When it is forgotten: at the end of the reset.
    pub(crate) expires_at: Timestamp,
}

statements! {
    const FIND = "
        select number, sent_at from decoy_sends
        where tenant_id = $1 and verification_id = $2 and number >= $3 and expires_at > $4
        order by number";

    const RECORD = "
        insert into decoy_sends (tenant_id, verification_id, number, sent_at, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (tenant_id, verification_id, number) do update set expires_at = decoy_sends.expires_at
        returning sent_at";
}

impl Store {
    /// When the decoy sends of a verification went out, from number `first` on without a gap.
    pub(crate) async fn decoy_sends(
        &self,
        scope: &TenantScope,
        verification_id: VerificationId,
        first: u32,
        now: Timestamp,
    ) -> Result<Vec<Timestamp>, Failure> {
        let values = values![scope.tenant_id(), verification_id, first, now];
        let found: Vec<(i64, i64)> = self.database.all(FIND, values).await?;
        let in_a_row = (i64::from(first)..).zip(found).take_while(|(wanted, (number, _))| wanted == number);
        Ok(in_a_row.map(|(_, (_, sent_at))| rows::at(sent_at)).collect())
    }

    /// Records a decoy send, and tells when the one of that number went out: of two at once the first stands.
    pub(crate) async fn record_decoy_send(
        &self,
        scope: &TenantScope,
        send: &DecoySend,
    ) -> Result<Timestamp, Failure> {
        let DecoySend { verification_id, number, sent_at, expires_at } = *send;
        let values = values![scope.tenant_id(), verification_id, number, sent_at, expires_at];
        let stands: i64 = self.database.writer().await?.scalar(RECORD, values).await?;
        Ok(rows::at(stands))
    }
}
