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
use crate::server::REFLECTION;
use crate::transport::Peer;

/// Everything the gate decides by.
pub(crate) struct Gate {
    pub(crate) rules: AccessTable,
    pub(crate) callers: Callers,
    pub(crate) persons: SharedPersonVerifier,
    /// What anybody may call: health, and reflection where it is on.
    pub(crate) open_paths: Vec<&'static str>,
}

/// Why a call did not pass: a published reason, what the caller's entry lacks where that was it, and, for a person
/// without the role, who that is.
struct Rejection {
    reason: Reason,
    lacks: Option<&'static str>,
    without_role: Option<Box<WithoutRole>>,
}

/// A person without the role, and the roles that would have done.
struct WithoutRole {
    person: Person,
    roles: Vec<String>,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reason, lacks: None, without_role: None }
    }
}

impl Rejection {
    /// The entry of the caller does not list what was asked for, under this key.
    fn lacking(key: &'static str) -> Self {
        Self { reason: Reason::CallerNotAllowed, lacks: Some(key), without_role: None }
    }

    /// What the refusal says beside its reason.
    fn metadata(&self) -> Option<(&'static str, String)> {
        let roles = self.without_role.as_ref().map(|without| without.roles.join(","));
        let roles = roles.filter(|roles| !roles.is_empty()).map(|roles| ("roles", roles));
        self.lacks.map(|key| ("missing", key.to_owned())).or(roles)
    }
}

/// The stage: lets a request pass with its [`Caller`], or answers.
pub(crate) async fn admit(
    gate: &Gate,
    rpc: &RpcName,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if gate.open_paths.contains(&rpc.path()) {
        return next(request).await;
    }
    let peer = request.extensions().get::<Peer>().cloned();
    let entry = gate.recognise(request.headers(), peer.as_ref());
    let checked = match &entry {
        Ok(entry) => gate.check(request.headers(), entry, rpc.path()).await,
        Err(reason) => Err(Rejection::from(*reason)),
    };
    let name = entry.as_ref().map_or("", |entry| &entry.name);
    match checked {
        Ok(caller) => {
            tracing::Span::current().record("caller", name);
            request.extensions_mut().insert(caller);
            next(request).await
        }
        Err(rejection) => {
            // The line of the call names them, and its peer and reason.
            let span = tracing::Span::current();
            if !name.is_empty() {
                span.record("caller", name);
            }
            if let Some(lacks) = rejection.lacks {
                span.record("missing", lacks);
            }
            if let Some(without) = &rejection.without_role {
                gate.persons.role_missing(&RoleMissing {
                    person: &without.person,
                    caller: name,
                    rpc: rpc.path().rsplit('/').next().unwrap_or_default(),
                    trace_id: request.extensions().get::<TraceId>().and_then(TraceId::bytes),
                });
            }
            rpc.refuse_with(rejection.reason, rejection.metadata()).into_http()
        }
    }
}

impl Gate {
    /// Whether a client of this RPC may take its time between messages.
    pub(crate) fn may_pause(&self, rpc: &RpcName) -> bool {
        REFLECTION.contains(&rpc.path())
    }

    fn recognise(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Arc<CallerEntry>, Reason> {
        let spiffe_id = peer.and_then(|peer| peer.spiffe_id.as_deref());
        self.callers.recognise(spiffe_id, bearer(headers)?).ok_or(Reason::CallerUnknown)
    }

    async fn check(
        &self,
        headers: &HeaderMap,
        entry: &Arc<CallerEntry>,
        path: &str,
    ) -> Result<Caller, Rejection> {
        if !entry.may_call(path) {
            return Err(Rejection::lacking("methods"));
        }
        let rule = self.rules.rule(path).ok_or(Reason::MethodUnknown)?;
        let person = self.person(headers, rule, entry).await?;
        let is_administrators = rule.person == PersonRule::Administrator;
        if person.is_none() && is_administrators && !entry.may_call_in_own_name(path) {
            return Err(Rejection::lacking("in_own_name"));
        }
        let caller = Caller::new(Arc::clone(entry), person);
        match caller.person() {
            Some(person) if !caller.may_reach(person.tenant_id) => Err(Rejection::lacking("tenants")),
            _ => Ok(caller),
        }
    }

    async fn person(
        &self,
        headers: &HeaderMap,
        rule: &Rule,
        entry: &CallerEntry,
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
        if !entry.may_act_for_persons_of(&person.backend) {
            return Err(Rejection::lacking("persons_of"));
        }
        let may_act = match rule.person {
            PersonRule::Administrator if rule.roles.is_empty() => !person.roles.is_empty(),
            PersonRule::Administrator => person.roles.iter().any(|role| rule.roles.contains(role)),
            PersonRule::SelfOnly | PersonRule::Leaving | PersonRule::None => true,
        };
        if may_act {
            Ok(Some(person))
        } else {
            let without_role = Some(Box::new(WithoutRole { person, roles: rule.roles.clone() }));
            Err(Rejection { reason: Reason::RoleMissing, lacks: None, without_role })
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
