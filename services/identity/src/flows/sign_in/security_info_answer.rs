//! The answer to "is your security info still right?".
//!
//! A challenge is answered once: the answer raises the version of the account, and holds only for the version that was
//! asked about. Whoever finds something wrong is signed in all the same, or they could never mend it.

use super::ROUNDS;
use super::answer_challenge::{Continued, Going, Kept};
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::{Actor, AuditEvent, EventKind, Outcome};
use crate::domain::password::expiry::PasswordState;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::flows::once::Settled;
use crate::flows::{Error, Failed, Identity};
use crate::store::sign_ins::{AnsweredQuestion, OpenSession, Stale};

impl Identity {
    /// Notes the answer and signs in.
    pub(super) async fn security_info_answered(
        &self,
        going: &Going<'_>,
        is_still_right: bool,
    ) -> Result<Continued, Error> {
        let Going { scope, who: (_, context), challenge, policy, call, now } = going;
        let version = challenge.version.ok_or(Refusal::ChallengeInvalid)?;
        for _ in 0..ROUNDS {
            let (account, state) = self.challenged(going).await?;
            let is_good = matches!(state, PasswordState::Fresh | PasswordState::ExpiresIn { .. });
            let record = account.password.as_ref().filter(|_| is_good && account.version == version);
            let PasswordRecord { hash, .. } = record.ok_or(Refusal::ChallengeInvalid)?;
            let times = (going.proved_at(), *now);
            let (session, refresh) =
                self.new_session(&account, account.epoch, &policy.sessions, context, times);
            let continued = Continued::Tokens(self.tokens_of(&session, &account, refresh, *now));
            let login = self.keys.login_key_of(&account);
            let open = OpenSession {
                session,
                verified: hash.clone(),
                rehashed: None,
                login,
                place: context.ip.map(|ip| self.keys.place_key(&login, ip, context.user_agent_family())),
                answers: Some(AnsweredQuestion { version, is_still_right }),
                event: self.answer_event(going, &account, is_still_right),
            };
            let kept = Kept::from(&continued);
            let answer = |_: &Session| self.seal_answer(call, &kept);
            let step = self.store.open_session(scope, &open, call.once(&answer)).await?;
            match self.settle::<Session, Stale, Kept>(call, step)? {
                Settled::Done(_) => {
                    if is_still_right {
                        self.note_answered(going, &account);
                    }
                    return Ok(continued);
                }
                Settled::Repeated(kept) => return Ok(kept.into()),
                // A parallel sign-in renewed the hash, or the account changed: what is read now decides.
                Settled::Refused(Stale) => {}
            }
        }
        Err(Failed::Contended.into())
    }

    /// What the log tells in the same step: that all is still right, or that the question was answered otherwise.
    fn answer_event(&self, going: &Going<'_>, account: &Account, is_still_right: bool) -> AuditEvent {
        let (caller, context) = going.who;
        let kind =
            if is_still_right { EventKind::SecurityInfoReconfirmed } else { EventKind::SignInChallenge };
        let event = self.event(account.tenant_id, kind, Outcome::Success, going.now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller);
        if is_still_right { event.done() } else { event.because("security_info_needs_change").done() }
    }
}
