//! Whether an access token is good at this very moment: its signature and claims, and then its session and account,
//! read at one instant on the primary. An offline check knows the first half only and lags by the token's life.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::SecretString;

use super::Sessions;
use crate::domain::policy::SessionRules;
use crate::domain::scope::TenantScope;
use crate::domain::session::{AccessClaims, Session, TokenState, token_state};
use crate::operation::{Caller, Error, Person};

/// Which tokens pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// Live ones.
    Live,
    /// Those too that are expired or have died by the method that they come with.
    AnyOnce,
}

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedToken {
    /// Whose it is.
    pub person: Person,
    /// The integrator's own id of the account.
    pub external_id: Option<String>,
}

impl Sessions {
    /// The person behind a token that a backend was shown; `None` for anything wrong with it.
    pub(crate) async fn check_access_token(
        &self,
        caller: &Caller,
        shown: &SecretString,
    ) -> Result<Option<CheckedToken>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_access(shown, now) else { return Ok(None) };
        match caller.scope(claims.tenant_id) {
            Ok(scope) => self.behind(&scope, &claims, Passing::Live, now).await,
            Err(_) => Ok(None),
        }
    }

    /// The person behind the token that came along with a call; `None` for anything wrong with it. It is judged
    /// before any use case, which narrows it to the tenants that the caller reaches.
    pub(crate) async fn verify_person(&self, shown: &SecretString) -> Result<Option<Person>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_access(shown, now) else { return Ok(None) };
        let scope = TenantScope::ours(claims.tenant_id);
        Ok(self.behind(&scope, &claims, Passing::Live, now).await?.map(|checked| checked.person))
    }

    /// The same for methods that end the token: an expired one passes too, and one that died with its session or by a change
    /// of the password, so that a repeat of that very call can be told its first answer. The person says which it is.
    pub(crate) async fn verify_leaving_person(&self, shown: &SecretString) -> Result<Option<Person>, Error> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read_any_access(shown) else { return Ok(None) };
        let scope = TenantScope::ours(claims.tenant_id);
        Ok(self.behind(&scope, &claims, Passing::AnyOnce, now).await?.map(|checked| checked.person))
    }

    async fn behind(
        &self,
        scope: &TenantScope,
        claims: &AccessClaims,
        passing: Passing,
        now: Timestamp,
    ) -> Result<Option<CheckedToken>, Error> {
        let Some((session, account)) = self.store.find_session(scope, claims.session_id).await? else {
            return Ok(None);
        };
        let rules = self.rules_of(scope, &session).await?;
        let Some(token_state) = token_state(claims, &session, &account, &rules, now) else { return Ok(None) };
        if passing == Passing::Live && token_state != TokenState::Live {
            return Ok(None);
        }
        let person = Person {
            backend: claims.backend.clone(),
            tenant_id: claims.tenant_id,
            account_id: claims.account_id,
            session_id: claims.session_id,
            epoch: claims.epoch,
            roles: account.roles,
            auth_time: session.auth_time,
            token_expires_at: claims.expires_at,
            token_state,
        };
        Ok(Some(CheckedToken { person, external_id: account.external_id }))
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
