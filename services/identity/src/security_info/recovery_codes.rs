//! Making recovery codes. A new list voids the old ones in the step that writes it; the codes are shown once.

use rekey_primitives::id::{RequestId, SecurityInfoId};
use rekey_primitives::method::{MethodChange, MethodKind};
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{EntryChange, Holder, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::recovery_codes::{CODES, draw};
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::operation::idempotency::{Answer, sealed_secret};
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Owner, Repeatable, Rpc};
use crate::store::accounts::AccountChange;
use crate::views::SecurityInfoView;

const RPC: Rpc = Rpc { name: "GenerateRecoveryCodes", event: EventKind::RecoveryCodesGenerated };

/// A new list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GeneratedCodes {
    pub codes: Vec<ShownCode>,
    pub entry: SecurityInfoView,
}

/// A code as its person reads it once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ShownCode(#[serde(with = "sealed_secret")] pub SecretString);

impl SecurityInfoEntries {
    /// Makes new recovery codes; those made before are void.
    pub(crate) async fn generate_recovery_codes(
        &self,
        owner: &Owner,
        request_id: RequestId,
    ) -> Result<GeneratedCodes, Error> {
        let operation = self.change_operation(RPC, owner, request_id, &[])?;
        self.idempotency.run(&operation, self.generate_once(&operation, owner)).await
    }

    async fn generate_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
    ) -> Result<Answer<GeneratedCodes>, Error> {
        let (tenant_id, account_id) = (operation.scope.tenant_id(), owner.person.account_id);
        let codes: Vec<ShownCode> = (0..CODES).map(|_| ShownCode(draw(&*self.entropy))).collect();
        let hash = |code: &ShownCode| self.keys.recovery_code_hash(tenant_id, account_id, &code.0);
        let hashes: Vec<[u8; 32]> = codes.iter().map(hash).collect();
        let id = SecurityInfoId::generate(&*self.entropy, operation.now);
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, account_id).await?;
            let entry = self.new_list(operation, &holder, id).await?;
            let view = SecurityInfoView::of(&entry, &holder.rules, operation.now);
            let generated = GeneratedCodes { codes: codes.clone(), entry: view };
            let answering = self.idempotency.answering(operation.key, |_: &Account| generated.clone());
            let event = self.audit.event(operation);
            let change = AccountChange::ReplaceRecoveryCodes { entry: entry.clone(), hashes: hashes.clone() };
            let changed = EntryChange { entry: &entry, word: MethodChange::Added, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The entry of a new list. Whoever has one is in quarantine with the next, as for any change.
    async fn new_list(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        id: SecurityInfoId,
    ) -> Result<SecurityInfo, Error> {
        let entries = &holder.account.security_info;
        let older = entries.iter().find(|entry| entry.kind() == MethodKind::RecoveryCode);
        let others = SecurityInfoId::from_uuid(Uuid::nil());
        Ok(SecurityInfo {
            id,
            holding: Holding::RecoveryCodes { remaining: CODES },
            label: None,
            is_default: older.map_or(entries.is_empty(), |entry| entry.is_default),
            standing: Standing::Confirmed { at: operation.now },
            disabled: false,
            is_first: self.would_be_first(operation, holder, others).await?,
            added_at: operation.now,
            changed_at: operation.now,
        })
    }
}
