//! Opening a session for a right password.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::SessionId;
use rekey_primitives::secret::SecretString;

use super::{Attempt, Kept, SignedIn};
use crate::domain::account::{Account, CredentialEpoch, Sealed};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::policy::SessionRules;
use crate::domain::session::{RefreshRecord, Session, ends_at};
use crate::flows::once::Settled;
use crate::flows::tokens::{KeptTokens, SessionTokens};
use crate::flows::{Context, Error, Identity};
use crate::store::sign_ins::{OpenSession, Stale};

impl Identity {
    /// Opens a session; `None` if the account is not what was judged any more.
    pub(super) async fn open(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        (verified, rehashed): (Sealed, Option<Sealed>),
        rules: &SessionRules,
    ) -> Result<Option<SignedIn>, Error> {
        let Attempt { scope, who: (caller, context), counted, call, now, .. } = attempt;
        let (session, refresh) = self.new_session(account, account.epoch, rules, context, (*now, *now));
        let tokens = self.tokens_of(&session, account, refresh, *now);
        let renews = rehashed.is_some();
        let event = self.event(account.tenant_id, EventKind::SignIn, Outcome::Success, *now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller).done();
        let (login, place) = (counted.login, counted.place);
        let open = OpenSession { session, verified, rehashed, login, place, answers: None, event };
        let answer = |_: &Session| self.seal_answer(call, &Kept::Tokens(KeptTokens::from(&tokens)));
        let step = self.store.open_session(scope, &open, call.once(&answer)).await?;
        Ok(match self.settle::<Session, Stale, Kept>(call, step)? {
            Settled::Done(_) => {
                if renews {
                    let kind = EventKind::PasswordRehashed;
                    let event = self.event(account.tenant_id, kind, Outcome::Success, *now);
                    self.audit.push(event.on(account.id).by(Actor::Rekey).done());
                }
                Some(SignedIn::Tokens(tokens))
            }
            Settled::Repeated(kept) => Some(kept.into()),
            Settled::Refused(Stale) => None,
        })
    }

    /// A session that begins now, of somebody who gave their password at `proved_at`, and its first refresh token.
    pub(crate) fn new_session(
        &self,
        account: &Account,
        epoch: CredentialEpoch,
        rules: &SessionRules,
        context: &Context,
        (proved_at, now): (Timestamp, Timestamp),
    ) -> (Session, SecretString) {
        let id = SessionId::generate(&*self.entropy, now);
        let (refresh, hash) = self.keys.new_refresh(&*self.entropy, account.tenant_id, id);
        let session = Session {
            id,
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch,
            auth_time: proved_at,
            strong: false,
            refresh: RefreshRecord::first(hash, now),
            user_agent_family: context.user_agent_family().to_owned(),
            created_at: now,
            refreshed_at: now,
            expires_at: ends_at(rules, false, now),
            ended: None,
        };
        (session, refresh)
    }

    /// The tokens of a session.
    pub(crate) fn tokens_of(
        &self,
        session: &Session,
        account: &Account,
        refresh: SecretString,
        now: Timestamp,
    ) -> SessionTokens {
        let tokens = &self.settings.tokens;
        SessionTokens::issue(&self.keys, tokens, &*self.entropy, (session, account.roles), refresh, now)
    }
}
