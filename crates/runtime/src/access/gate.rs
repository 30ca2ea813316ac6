//! The gate in front of every RPC: recognises the caller, asks the rule, judges the person.
//!
//! It runs before a byte of the message is decoded. Who is not recognised learns nothing, not even whether a
//! method exists.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::{
    ACCESS_TOKEN_METADATA, AccessTable, Caller, CallerEntry, Callers, Person, PersonRule, Rejected,
    RoleMissing, Rule, SharedPersonVerifier,
};
use crate::answers::{Called, Reason, TraceId};
use crate::transport::Peer;

/// Everything the gate decides by.
pub(crate) struct Gate {
    pub(crate) rules: AccessTable,
    pub(crate) callers: Callers,
    pub(crate) persons: SharedPersonVerifier,
    /// Services anybody may call: health, and reflection where it is on.
    pub(crate) open_services: Vec<&'static str>,
}

/// Why a call did not pass: a published reason, and, for a person without the role, who that is.
struct Stopped {
    reason: Reason,
    without_role: Option<Box<WithoutRole>>,
}

/// A person without the role, who called on whose behalf, and the roles that would have done.
struct WithoutRole {
    person: Person,
    entry: Arc<CallerEntry>,
    roles: Vec<String>,
}

impl From<Reason> for Stopped {
    fn from(reason: Reason) -> Self {
        Self { reason, without_role: None }
    }
}

/// The stage: lets a request pass with its [`Caller`], or answers.
pub(crate) async fn admit(
    gate: &Gate,
    called: &Called,
    mut request: Request,
    onward: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if gate.open_services.iter().any(|service| *service == called.service()) {
        return onward(request).await;
    }
    let spiffe_id = request.extensions().get::<Peer>().and_then(|peer| peer.spiffe_id.clone());
    match gate.judge(request.headers(), spiffe_id.as_deref(), called.path()).await {
        Ok(caller) => {
            tracing::Span::current().record("caller", caller.name());
            request.extensions_mut().insert(caller);
            onward(request).await
        }
        Err(stopped) => {
            tracing::info!(reason = stopped.reason.name(), "call refused at the gate");
            if let Some(without) = &stopped.without_role {
                gate.persons.role_missing(&RoleMissing {
                    person: &without.person,
                    caller: &without.entry.name,
                    rpc: called.path().rsplit('/').next().unwrap_or_default(),
                    trace_id: request.extensions().get::<TraceId>().and_then(TraceId::bytes),
                });
            }
            let roles = stopped.without_role.map(|without| without.roles).unwrap_or_default();
            let metadata = (!roles.is_empty()).then(|| ("roles", roles.join(",")));
            called.refuse_with(stopped.reason, metadata).into_http()
        }
    }
}

impl Gate {
    async fn judge(
        &self,
        headers: &HeaderMap,
        spiffe_id: Option<&str>,
        path: &str,
    ) -> Result<Caller, Stopped> {
        let token = bearer(headers)?;
        let entry = self.callers.recognise(spiffe_id, token).ok_or(Reason::CallerUnknown)?;
        if !entry.may_call(path) {
            return Err(Reason::CallerNotAllowed.into());
        }
        let rule = self.rules.rule(path).ok_or(Reason::MethodUnknown)?;
        let person = self.person(headers, rule, &entry).await?;
        let caller = Caller::new(entry, person);
        match caller.person() {
            Some(person) if !caller.may_reach(person.tenant_id) => Err(Reason::CallerNotAllowed.into()),
            _ => Ok(caller),
        }
    }

    async fn person(
        &self,
        headers: &HeaderMap,
        rule: &Rule,
        entry: &Arc<CallerEntry>,
    ) -> Result<Option<Person>, Stopped> {
        if rule.person == PersonRule::None {
            return Ok(None);
        }
        let Some(token) = headers.get(ACCESS_TOKEN_METADATA) else {
            return if rule.service { Ok(None) } else { Err(Reason::AccessTokenMissing.into()) };
        };
        let token = token.to_str().map_err(|_| Reason::AccessTokenInvalid)?;
        let judged = match rule.person {
            PersonRule::Leaving => self.persons.verify_leaving(token).await,
            PersonRule::SelfOnly | PersonRule::Administrator | PersonRule::None => {
                self.persons.verify(token).await
            }
        };
        let person = judged.map_err(|rejected| match rejected {
            Rejected::Invalid => Reason::AccessTokenInvalid,
            Rejected::Unavailable => Reason::Unavailable,
        })?;
        let may_act = match rule.person {
            PersonRule::Administrator if rule.roles.is_empty() => !person.roles.is_empty(),
            PersonRule::Administrator => person.roles.iter().any(|role| rule.roles.contains(role)),
            PersonRule::SelfOnly | PersonRule::Leaving | PersonRule::None => true,
        };
        if may_act {
            Ok(Some(person))
        } else {
            let without = WithoutRole { person, entry: Arc::clone(entry), roles: rule.roles.clone() };
            Err(Stopped { reason: Reason::RoleMissing, without_role: Some(Box::new(without)) })
        }
    }
}

/// The service token, if one was sent. Something else under `authorization` is a wrong credential, not none.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Reason> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Reason::CallerUnknown)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(Reason::CallerUnknown) }
}
