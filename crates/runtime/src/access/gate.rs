//! The gate in front of every RPC: recognises the caller, looks up the rule, verifies the person.
//!
//! It runs before a byte of the message is decoded. Who is not recognised learns nothing, not even whether a
//! method exists.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::{
    ACCESS_TOKEN_METADATA, AccessTable, AccessTokenError, Caller, CallerEntry, Callers, Person, PersonRule,
    RoleMissing, Rule, SharedPersonVerifier,
};
use crate::error_details::{Reason, RpcName, TraceId};
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
struct Rejection {
    reason: Reason,
    without_role: Option<Box<WithoutRole>>,
}

/// A person without the role, who called on whose behalf, and the roles that would have done.
struct WithoutRole {
    person: Person,
    entry: Arc<CallerEntry>,
    roles: Vec<String>,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reason, without_role: None }
    }
}

/// The stage: lets a request pass with its [`Caller`], or answers.
pub(crate) async fn admit(
    gate: &Gate,
    rpc: &RpcName,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if gate.open_services.iter().any(|service| *service == rpc.service()) {
        return next(request).await;
    }
    let spiffe_id = request.extensions().get::<Peer>().and_then(|peer| peer.spiffe_id.clone());
    match gate.check(request.headers(), spiffe_id.as_deref(), rpc.path()).await {
        Ok(caller) => {
            tracing::Span::current().record("caller", caller.name());
            request.extensions_mut().insert(caller);
            next(request).await
        }
        Err(rejection) => {
            tracing::info!(reason = rejection.reason.name(), "call refused at the gate");
            if let Some(without) = &rejection.without_role {
                gate.persons.role_missing(&RoleMissing {
                    person: &without.person,
                    caller: &without.entry.name,
                    rpc: rpc.path().rsplit('/').next().unwrap_or_default(),
                    trace_id: request.extensions().get::<TraceId>().and_then(TraceId::bytes),
                });
            }
            let roles = rejection.without_role.map(|without| without.roles).unwrap_or_default();
            let metadata = (!roles.is_empty()).then(|| ("roles", roles.join(",")));
            rpc.refuse_with(rejection.reason, metadata).into_http()
        }
    }
}

impl Gate {
    async fn check(
        &self,
        headers: &HeaderMap,
        spiffe_id: Option<&str>,
        path: &str,
    ) -> Result<Caller, Rejection> {
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
    ) -> Result<Option<Person>, Rejection> {
        if rule.person == PersonRule::None {
            return Ok(None);
        }
        let Some(token) = headers.get(ACCESS_TOKEN_METADATA) else {
            return if rule.service { Ok(None) } else { Err(Reason::AccessTokenMissing.into()) };
        };
        let token = token.to_str().map_err(|_| Reason::AccessTokenInvalid)?;
        let verified = match rule.person {
            PersonRule::Leaving => self.persons.verify_leaving(token).await,
            PersonRule::SelfOnly | PersonRule::Administrator | PersonRule::None => {
                self.persons.verify(token).await
            }
        };
        let person = verified.map_err(|error| match error {
            AccessTokenError::Invalid => Reason::AccessTokenInvalid,
            AccessTokenError::Unavailable => Reason::Unavailable,
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
            Err(Rejection { reason: Reason::RoleMissing, without_role: Some(Box::new(without)) })
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
