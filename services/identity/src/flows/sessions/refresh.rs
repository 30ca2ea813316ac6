//! Trading a refresh token for fresh ones.
//!
//! What a token was traded for is kept under the token: a client whose answer was lost, or two windows of one browser,
//! show the same token within seconds and get the same successor. Later it means that two parties hold it, and the
//! session ends; but for a repeat of the very call that spent it, known by its request id.

use std::sync::OnceLock;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::secret::SecretString;
use rekey_sealing::digest;

use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Outcome, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::session::{Session, SessionOver};
use crate::flows::once::{Call, Repeatable, Settled};
use crate::flows::tokens::{KeptTokens, SessionTokens, ShownRefresh};
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::sign_ins::{NotRefreshed, Refresh};

/// A refresh token.
#[derive(Debug)]
pub(crate) struct RefreshSession {
    /// The token; spent by this call.
    pub refresh_token: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

impl Identity {
    /// Rotates a refresh token.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn refresh_session(
        &self,
        caller: &Caller,
        request: &RefreshSession,
    ) -> Result<SessionTokens, Error> {
        let now = self.now();
        let invalid = || Error::from(Refusal::RefreshTokenInvalid);
        let shown = self.keys.read_refresh(&request.refresh_token).ok_or_else(invalid)?;
        let scope = caller.scope(shown.tenant_id).map_err(|_| invalid())?;
        let Some(policy) = self.store.policy(&scope).await? else { return Err(invalid()) };
        let Some((_, account)) = self.store.find_session(&scope, shown.session_id).await? else {
            let subject = Subject::Tenant;
            self.note_refused(shown.tenant_id, subject, "unknown_session", (caller, &request.context), now);
            return Err(invalid());
        };
        let (successor, hash) = self.keys.new_refresh(&*self.entropy, shown.tenant_id, shown.session_id);
        let event = self.event(shown.tenant_id, EventKind::RefreshReused, Outcome::Refused, now);
        let refresh = Refresh {
            session_id: shown.session_id,
            presented: shown.hash,
            successor: hash,
            rules: policy.policy.sessions,
            reused_event: event.on(account.id).from(&request.context).through(caller).done(),
            now,
        };
        let (call, trade) = self.calls_of(&shown, request.request_id, now);
        let issued = OnceLock::new();
        let issue = |(session, account): &(Session, Account)| -> SessionTokens {
            self.tokens_of(session, account, successor.clone(), now)
        };
        let bound = |(): &()| b"kept under its token".to_vec();
        let answer = |of: &(Session, Account)| {
            self.seal_answer(&trade, &KeptTokens::from(issued.get_or_init(|| issue(of))))
        };
        let step =
            self.store.refresh_session(&scope, &refresh, call.once(&bound), trade.once(&answer)).await?;
        match self.settle::<_, NotRefreshed, KeptTokens>(&trade, step)? {
            Settled::Done(of) => Ok(issued.get_or_init(|| issue(&of)).clone()),
            Settled::Repeated(kept) => Ok(kept.into()),
            Settled::Refused(why) => {
                let subject = Subject::Account(account.id);
                self.note_refused(shown.tenant_id, subject, word(why), (caller, &request.context), now);
                Err(invalid())
            }
        }
    }

    /// The call as its request id names it, and as the token does, whatever the id.
    fn calls_of(
        &self,
        shown: &ShownRefresh,
        request_id: RequestId,
        now: Timestamp,
    ) -> (Repeatable, Repeatable) {
        let who = shown.session_id.to_string();
        let call = Call { rpc: "RefreshSession", who: &who, tenant_id: shown.tenant_id, request_id };
        let call = self.repeatable(call, &[&shown.hash], now);
        (call, call.keyed(digest(&[b"refresh answer", &shown.hash])))
    }

    fn note_refused(
        &self,
        tenant_id: TenantId,
        subject: Subject,
        why: &'static str,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) {
        let event = self.event(tenant_id, EventKind::SessionRevoked, Outcome::Refused, now);
        let event = event.on_subject(subject).by(Actor::Stranger).from(context).through(caller);
        self.audit.push(event.because(why).done());
    }
}

/// The name in audit events.
const fn word(why: NotRefreshed) -> &'static str {
    match why {
        NotRefreshed::Unknown => "unknown_session",
        NotRefreshed::FamilyEnded => "token_reused",
        NotRefreshed::Over(SessionOver::Ended(_)) => "session_ended",
        NotRefreshed::Over(SessionOver::Expired) => "session_expired",
        NotRefreshed::Over(SessionOver::OlderEpoch) => "credential_epoch_passed",
        NotRefreshed::Over(SessionOver::AccountClosed) => "account_closed",
        NotRefreshed::Over(SessionOver::NotTheirs) => "not_theirs",
    }
}
