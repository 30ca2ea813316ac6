//! Whether an access token is good at this very moment: its signature and claims, and then its session and account,
//! read at one instant on the primary. An offline check knows the first half only and lags by the token's life.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::SecretString;

use super::Sessions;
use crate::domain::policy::SessionRules;
use crate::domain::scope::TenantScope;
use crate::domain::session::{AccessClaims, Ending, Session, SessionOver, judge_access};
use crate::operation::{Caller, Error, Person};

/// What a session must be for its token to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Still {
    /// Live.
    SignedIn,
    /// Live, or left by its own person from within it.
    OrJustLeft,
}

impl Sessions {
    /// The person behind a token that a backend was shown; `None` for anything wrong with it.
    pub(crate) async fn check_access_token(
        &self,
        caller: &Caller,
        shown: &SecretString,
    ) -> Result<Option<Person>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_access(shown, now) else { return Ok(None) };
        match caller.scope(claims.tenant_id) {
            Ok(scope) => self.behind(&scope, &claims, Still::SignedIn, now).await,
            Err(_) => Ok(None),
        }
    }

    /// The person behind the token that came along with a call; `None` for anything wrong with it. It is judged
    /// before any use case, which narrows it to the tenants that the caller reaches.
    pub(crate) async fn verify_person(&self, shown: &SecretString) -> Result<Option<Person>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_access(shown, now) else { return Ok(None) };
        let scope = TenantScope::ours(claims.tenant_id);
        self.behind(&scope, &claims, Still::SignedIn, now).await
    }

    /// The same for ending sessions alone: the token of a session that its person has left passes too, so that a repeat of
    /// that very call can be told its first answer. What else it asks, the step refuses.
    pub(crate) async fn verify_leaving_person(&self, shown: &SecretString) -> Result<Option<Person>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_access(shown, now) else { return Ok(None) };
        let scope = TenantScope::ours(claims.tenant_id);
        self.behind(&scope, &claims, Still::OrJustLeft, now).await
    }

    async fn behind(
        &self,
        scope: &TenantScope,
        claims: &AccessClaims,
        still: Still,
        now: Timestamp,
    ) -> Result<Option<Person>, Error> {
        let Some((session, account)) = self.store.find_session(scope, claims.session_id).await? else {
            return Ok(None);
        };
        let rules = self.rules_of(scope, &session).await?;
        let is_theirs = session.account_id == claims.account_id && session.epoch == claims.epoch;
        let passes = match judge_access(&session, &account, &rules, now) {
            Ok(()) => true,
            Err(SessionOver::Ended(Ending::SignedOut)) => still == Still::OrJustLeft,
            Err(_) => false,
        };
        if !is_theirs || !passes {
            return Ok(None);
        }
        Ok(Some(Person {
            tenant_id: claims.tenant_id,
            account_id: claims.account_id,
            session_id: claims.session_id,
            epoch: claims.epoch,
            roles: account.roles,
            auth_time: session.auth_time,
            token_expires_at: claims.expires_at,
        }))
    }

    /// Idle time is a rule for sessions with a second factor; others are judged without reading the policy.
    async fn rules_of(&self, scope: &TenantScope, session: &Session) -> Result<SessionRules, Error> {
        if session.strong {
            Ok(self.policies.policy(scope).await?.sessions)
        } else {
            Ok(SessionRules::default())
        }
    }
}
