//! What passkeys sign, judged for whoever asked one: the step that takes it spends what was signed.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;

use super::Credentials;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::passkey::{
    AssertionBasis, AuthenticationResponse, Challenge, PasskeyRefused, RelyingParty,
};
use crate::domain::refusal::Refusal;
use crate::domain::security_info::SecurityInfo;
use crate::keys::CIPHERS;
use crate::operation::{Error, Operation};
use crate::store::accounts::{HeldCode, HeldCodeKind, UsedPasskey};
use crate::store::resets::NOBODY;

/// What somebody's passkey signed.
pub(crate) struct SignedByPasskey<'a> {
    /// Whose it must be; nobody's where the login is unknown.
    pub account_id: Option<AccountId>,
    /// The entries that it may be of.
    pub entries: Vec<&'a SecurityInfo>,
    pub response: &'a AuthenticationResponse,
    /// What was to be signed, and until when.
    pub challenge: Challenge,
    pub challenge_expires_at: Timestamp,
}

impl Credentials {
    /// Who takes passkeys, if this deployment does.
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty, Refusal> {
        self.relying_party.as_deref().ok_or(Refusal::PasskeysNotConfigured)
    }

    /// The use of a passkey of the account, if it signed what it was asked to and that was not taken before.
    pub(crate) async fn passkey_use(
        &self,
        operation: &Operation<'_>,
        signed: &SignedByPasskey<'_>,
    ) -> Result<Result<HeldCode, PasskeyRefused>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let is_spent = self.store.is_passkey_challenge_spent(scope, &signed.challenge).await?;
        let judged = if is_spent { Err(PasskeyRefused::Challenge) } else { self.judge(operation, signed) };
        if judged == Err(PasskeyRefused::CounterWentBack)
            && let Some(account_id) = signed.account_id
        {
            let event = self.audit.event_of(operation, EventKind::PasskeyCopySuspected).on(account_id);
            self.audit.note(event.by(Actor::Stranger).refused("counter_went_back"));
        }
        Ok(judged.map(|(entry, asserted)| {
            let used = UsedPasskey {
                challenge: signed.challenge,
                challenge_expires_at: signed.challenge_expires_at,
                counter: asserted.counter,
                backed_up: asserted.backed_up,
                used_at: now,
            };
            HeldCode { entry: entry.id, kind: HeldCodeKind::Passkey(used) }
        }))
    }

    fn judge<'a>(
        &self,
        operation: &Operation<'_>,
        signed: &SignedByPasskey<'a>,
    ) -> Result<(&'a SecurityInfo, crate::domain::passkey::Asserted), PasskeyRefused> {
        let relying_party = self.relying_party.as_deref().ok_or(PasskeyRefused::RelyingParty)?;
        let account_id = signed.account_id.unwrap_or(NOBODY);
        let user_handle = self.keys.user_handle(operation.scope.tenant_id(), account_id);
        let challenge = &signed.challenge;
        let basis = AssertionBasis { ciphers: CIPHERS, relying_party, challenge, user_handle: &user_handle };
        let id = signed.response.credential_id();
        let named = signed.entries.iter().find_map(|entry| {
            let passkey = entry.passkey().filter(|passkey| passkey.credential_id == id)?;
            Some((*entry, passkey))
        });
        let (entry, passkey) = named.ok_or(PasskeyRefused::UnknownCredential)?;
        Ok((entry, basis.judge(signed.response, passkey)?))
    }
}
