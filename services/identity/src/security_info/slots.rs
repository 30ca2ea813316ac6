//! Which verification stands behind an entry: found again by the entry and the time, without being kept.
//!
//! Its id is made of the entry, a slot of time, and a round within the slot. A slot is as long as a code can live at
//! most, so a live code is of this slot or of the one before, whatever life verification gives it. Where that is
//! shorter, a code dies within its slot and the next one is of the next round. A verification that was spent on wrong
//! codes takes no round more before its time: guessing goes on no faster than codes die.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{SecurityInfoId, TenantId, VerificationId, from_digest};
use rekey_sealing::digest;

use super::SecurityInfoEntries;
use crate::domain::refusal::Refusal;
use crate::operation::{Error, Operation};

/// The longest that a code may live (NIST SP 800-63B 3.1.3.2), beyond which verification's settings are refused.
const SLOT_SECONDS: i64 = 600;

/// Most rounds of a slot. Codes that live half a minute, too short for mail, would be out of them.
const ROUNDS: u32 = 20;

impl SecurityInfoEntries {
    /// The verification of an entry whose code is live, if there is one.
    pub(super) async fn running_code(
        &self,
        operation: &Operation<'_>,
        entry: SecurityInfoId,
    ) -> Result<Option<VerificationId>, Error> {
        let (tenant_id, now) = (operation.scope.tenant_id(), operation.now);
        for slot in [slot(now), slot(now) - 1] {
            for round in 0..ROUNDS {
                let id = verification(tenant_id, entry, slot, round);
                match self.verification.progress(tenant_id, id).await? {
                    Some(progress) if !now.has_reached(progress.code_expires_at) => return Ok(Some(id)),
                    Some(_) => {}
                    None => break,
                }
            }
        }
        Ok(None)
    }

    /// The verification that a code of the entry is started under: the first of this slot whose code has not died.
    pub(super) async fn next_verification(
        &self,
        operation: &Operation<'_>,
        entry: SecurityInfoId,
    ) -> Result<VerificationId, Error> {
        let (tenant_id, now) = (operation.scope.tenant_id(), operation.now);
        for round in 0..ROUNDS {
            let id = verification(tenant_id, entry, slot(now), round);
            let progress = self.verification.progress(tenant_id, id).await?;
            if progress.is_none_or(|progress| !now.has_reached(progress.code_expires_at)) {
                return Ok(id);
            }
        }
        Err(until_next_slot(now).into())
    }
}

/// No more codes for this address until the next slot begins.
pub(super) fn until_next_slot(now: Timestamp) -> Refusal {
    let left = SLOT_SECONDS - now.unix_seconds().rem_euclid(SLOT_SECONDS);
    Refusal::SendLimited { retry_after: Duration::from_secs(left.unsigned_abs()) }
}

fn slot(now: Timestamp) -> i64 {
    now.unix_seconds().div_euclid(SLOT_SECONDS)
}

fn verification(tenant_id: TenantId, entry: SecurityInfoId, slot: i64, round: u32) -> VerificationId {
    let (tenant, entry) = (tenant_id.as_uuid(), entry.as_uuid());
    let time = [slot.to_be_bytes().as_slice(), &round.to_be_bytes()].concat();
    let hash = digest(&[b"security info", tenant.as_bytes(), entry.as_bytes(), &time]);
    VerificationId::from_uuid(from_digest(&hash))
}
