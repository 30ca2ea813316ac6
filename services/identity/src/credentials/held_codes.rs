//! Codes that a person has already: those of an authenticator, and those of a saved list. We judge them ourselves, and the
//! step that takes one spends it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId};
use rekey_primitives::secret::SecretString;

use super::Credentials;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::operation::Error;
use crate::store::accounts::{HeldCode, HeldCodeKind};
use crate::store::resets::NOBODY;

/// A code that somebody typed for methods whose codes the person has.
pub(crate) struct TypedCode<'a> {
    /// Whose; nobody's where the login is unknown.
    pub account_id: Option<AccountId>,
    /// The entries that it may be of.
    pub entries: Vec<&'a SecurityInfo>,
    pub code: &'a SecretString,
}

impl Credentials {
    /// The code of one of the entries that was typed, if it is of one and was not used. The work is that of one entry at
    /// least, so that an account without any costs what another does.
    pub(crate) async fn held_code(
        &self,
        scope: &TenantScope,
        typed: &TypedCode<'_>,
        now: Timestamp,
    ) -> Result<Option<HeldCode>, Error> {
        let account_id = typed.account_id.unwrap_or(NOBODY);
        let mut found = None;
        for entry in &typed.entries {
            let of_entry = match &entry.holding {
                Holding::Authenticator { .. } => {
                    self.keys.authenticator_code(&*self.entropy, scope.tenant_id(), entry, (typed.code, now))
                }
                Holding::RecoveryCodes { .. } => {
                    self.saved_code(scope, account_id, entry.id, typed.code).await?
                }
                Holding::Email(_) | Holding::Phone(_) | Holding::Passkey(_) => None,
            };
            found = found.or(of_entry);
        }
        if typed.entries.is_empty() {
            // What an entry would have cost: a read, and the codes of its steps.
            let nothing = SecurityInfoId::from_uuid(NOBODY.as_uuid());
            self.saved_code(scope, NOBODY, nothing, typed.code).await?;
            std::hint::black_box(self.keys.code_of_nobody(typed.code, now));
        }
        Ok(found)
    }

    async fn saved_code(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        list: SecurityInfoId,
        code: &SecretString,
    ) -> Result<Option<HeldCode>, Error> {
        let hash = self.keys.recovery_code_hash(scope.tenant_id(), account_id, code);
        let holds = self.store.holds_recovery_code(scope, account_id, list, &hash).await?;
        Ok(holds.then_some(HeldCode { entry: list, kind: HeldCodeKind::Saved { hash } }))
    }
}
