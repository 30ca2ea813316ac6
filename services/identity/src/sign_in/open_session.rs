//! Opening a session for a right password.

use super::verify_password::RightPassword;
use super::{Attempt, SignIns, SignedIn};
use crate::domain::audit::{Actor, EventKind};
use crate::domain::policy::SessionRules;
use crate::domain::session::Session;
use crate::operation::Error;
use crate::operation::idempotency::{Answer, Settled};
use crate::store::sign_ins::{OpenSession, PasswordAttempt, Stale};
use crate::tokens::NewSession;

impl SignIns {
    /// Opens a session; `None` if the account is not what was judged any more.
    pub(super) async fn open_session(
        &self,
        attempt: &Attempt<'_>,
        right: &RightPassword<'_>,
        rules: &SessionRules,
    ) -> Result<Option<Answer<SignedIn>>, Error> {
        let Attempt { operation, counted: PasswordAttempt { login, place, .. }, .. } = attempt;
        let account = right.account;
        let (session, tokens) = self.tokens.new_session(&NewSession {
            account,
            epoch: account.epoch,
            rules,
            origin: operation.origin,
            proved_at: operation.now,
            strong: false,
            now: operation.now,
        });
        let event = self.audit.event(operation).on(account.id).by(Actor::Account(account.id)).done();
        let (verified, rehashed) = (Some(right.verified.clone()), right.rehashed.clone());
        let (login, place) = (*login, *place);
        let open = OpenSession {
            session,
            verified,
            rehashed,
            login,
            place,
            answers: None,
            linked_from: None,
            spent: None,
            event,
        };
        let answering =
            self.idempotency.answering(operation.key, |_: &Session| SignedIn::Tokens(tokens.clone()));
        let step = self.store.open_session(&operation.scope, &open, answering.once()).await?;
        Ok(match answering.outcome(step)? {
            Settled::Done(session) => {
                if open.rehashed.is_some() {
                    let kind = EventKind::PasswordRehashed;
                    let event = self.audit.draft(account.tenant_id, kind, operation.now);
                    self.audit.note(event.on(account.id).by(Actor::Rekey));
                }
                Some(answering.stored(&session))
            }
            Settled::Repeated(answer) => Some(answer),
            Settled::Refused(Stale) => None,
        })
    }
}
