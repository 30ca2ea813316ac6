//! The answer to "is your security info still right?".
//!
//! A challenge is answered once: the answer raises the version of the account, and holds only for the version that was
//! asked about. Whoever finds something wrong is signed in all the same, or they could never mend it.

use super::SignIns;
use super::challenged::Challenged;
use super::continue_sign_in::{Answering, Continued};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, AuditEvent, EventKind};
use crate::domain::password::expiry::PasswordState;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::operation::idempotency::{Answer, Settled};
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation};
use crate::store::sign_ins::{AnsweredQuestion, OpenSession, Stale};
use crate::tokens::NewSession;

impl SignIns {
    /// Notes the answer and signs in.
    pub(super) async fn confirm_security_info(
        &self,
        answering: &Answering<'_>,
        is_still_right: bool,
    ) -> Result<Answer<Continued>, Error> {
        let Answering { operation, challenge, policy, .. } = answering;
        let (context, now) = (operation.origin.context, operation.now);
        let version = challenge.version.ok_or(Refusal::ChallengeInvalid)?;
        for _ in 0..JUDGED_AT_MOST {
            let Challenged { account, password } = self.challenged(answering).await?;
            let is_good = matches!(password, PasswordState::Fresh | PasswordState::ExpiresIn { .. });
            if !is_good || account.version != version {
                return Err(Refusal::ChallengeInvalid.into());
            }
            let hash = account.password.as_ref().map(|record| record.hash.clone());
            let (session, tokens) = self.tokens.new_session(&NewSession {
                account: &account,
                epoch: account.epoch,
                rules: &policy.sessions,
                origin: operation.origin,
                proved_at: answering.proved_at(),
                strong: challenge.is_strong,
                now,
            });
            let login = self.keys.login_key_of(&account);
            let open = OpenSession {
                session,
                verified: hash.filter(|_| !challenge.is_without_password),
                rehashed: None,
                login,
                place: context.ip.map(|ip| self.keys.place_key(&login, ip, context.user_agent_family())),
                answers: Some(AnsweredQuestion { version, is_still_right }),
                linked_from: None,
                spent: None,
                event: self.answer_event(operation, &account, is_still_right),
            };
            let stored =
                self.idempotency.answering(operation.key, |_: &Session| Continued::Tokens(tokens.clone()));
            let step = self.store.open_session(&operation.scope, &open, stored.once()).await?;
            match stored.outcome(step)? {
                Settled::Done(session) => {
                    if is_still_right {
                        self.note_answered(operation, &account, challenge.kind);
                    }
                    return Ok(stored.stored(&session));
                }
                Settled::Repeated(answer) => return Ok(answer),
                // A parallel sign-in renewed the hash, or the account changed: what is read now decides.
                Settled::Refused(Stale) => {}
            }
        }
        Err(Failed::Contended.into())
    }

    /// What the log tells in the same step: that all is still right, or that the question was answered otherwise.
    fn answer_event(&self, operation: &Operation<'_>, account: &Account, is_still_right: bool) -> AuditEvent {
        let kind =
            if is_still_right { EventKind::SecurityInfoReconfirmed } else { EventKind::SignInChallenge };
        let event = self.audit.event_of(operation, kind).on(account.id).by(Actor::Account(account.id));
        if is_still_right { event.done() } else { event.because("security_info_needs_change").done() }
    }
}
