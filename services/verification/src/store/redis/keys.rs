//! Names of keys, and how long Redis keeps them. All keys of one step share the tenant's hash tag, so that a cluster
//! can do the step.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, RequestId, TenantId};
use rekey_sealing::digest;

use crate::domain::budgets::{BudgetKind, Country, TenantBudget, Window};
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::scope::{ScopedId, TenantScope};

const PREFIX: &str = "rekey:verification:";

/// How long a verification is held after its code expired: repeated requests still find it.
const HELD_AFTER_EXPIRY: Duration = Duration::from_secs(3_600);

/// How long failures are held without a new one. A stop is meant to last until somebody releases the subject; a
/// year bounds what a flood of subjects can leave behind.
pub(super) const FAILURES_LIFE: Duration = Duration::from_secs(366 * 86_400);

/// How long it is known which keys are used, after the last process looked: longer than anything that they made counts, such as
/// the names of destinations whose messages are counted by the day.
pub(super) const KNOWN_KEYS_LIFE: Duration = Duration::from_secs(86_400);

/// What is known of the keys of a kind, which all tenants share.
pub(super) fn known_keys(kind: &str) -> String {
    format!("{PREFIX}k:{kind}")
}

pub(super) fn verification(id: &ScopedId) -> String {
    format!("{}v:{}:{}", tenant(id.scope.tenant), caller(&id.scope.caller), id.verification)
}

pub(super) fn answer(scope: &TenantScope, request: RequestId) -> String {
    format!("{}r:{}:{}", tenant(scope.tenant), caller(&scope.caller), request)
}

pub(super) fn redeemed_grant(of: TenantId, grant: GrantId) -> String {
    format!("{}g:{grant}", tenant(of))
}

/// Events of a tenant that wait.
pub(super) fn events(of: TenantId) -> String {
    format!("{}e", tenant(of))
}

/// When lives end, and what is recorded then.
pub(super) fn ends(of: TenantId) -> String {
    format!("{}x", tenant(of))
}

/// Which replica hands over the events of a tenant.
pub(super) fn events_turn(of: TenantId) -> String {
    format!("{}t", tenant(of))
}

/// The tenants that have events, by when that was last noted.
pub(super) fn listened_tenants() -> String {
    format!("{PREFIX}e")
}

pub(super) fn failures(scope: &TenantScope, purpose: &Purpose, subject: &Subject) -> String {
    let hash =
        hashed(&[scope.caller.as_str().as_bytes(), purpose.as_str().as_bytes(), subject.as_str().as_bytes()]);
    format!("{}f:{hash}", tenant(scope.tenant))
}

pub(super) fn budget(scope: &TenantScope, subject: &Subject, budget: &TenantBudget) -> String {
    let (kind, seconds) = (budget.kind.into_str(), budget.window.length.as_secs());
    match budget.kind {
        BudgetKind::Subject | BudgetKind::FamiliarSubject => {
            let hash = hashed(&[scope.caller.as_str().as_bytes(), subject.as_str().as_bytes()]);
            format!("{}b:{kind}:{seconds}:{hash}", tenant(scope.tenant))
        }
        BudgetKind::Texts(country) => texts(scope.tenant, country, budget.window),
        BudgetKind::Tenant | BudgetKind::Decoys => format!("{}b:{kind}:{seconds}", tenant(scope.tenant)),
    }
}

/// Texts and right codes of a tenant by number prefix.
pub(super) fn conversion(of: TenantId) -> String {
    format!("{}c", tenant(of))
}

/// What wrong codes of a tenant have led to.
pub(super) fn breaker(of: TenantId) -> String {
    format!("{}s", tenant(of))
}

/// Until when a destination of this keyed name is spared.
pub(super) fn spared(of: TenantId, name: &str) -> String {
    format!("{}p:{name}", tenant(of))
}

/// The budget of texts to a country.
pub(super) fn texts(of: TenantId, country: Country, window: Window) -> String {
    let (kind, seconds) = (BudgetKind::Texts(country).into_str(), window.length.as_secs());
    format!("{}b:{kind}:{seconds}:{}", tenant(of), country.text())
}

/// The TTL, in milliseconds, of a verification.
pub(super) fn record_ttl(expires_at: Timestamp, now: Timestamp) -> i64 {
    millis(expires_at.since(now) + HELD_AFTER_EXPIRY)
}

/// The TTL, in milliseconds, of something that lives so long. A minute more than its life: it is the value that says
/// when it ends, and clocks differ.
pub(super) fn ttl(life: Duration) -> i64 {
    millis(life + Duration::from_secs(60))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn tenant(id: TenantId) -> String {
    format!("{PREFIX}{{{id}}}:")
}

/// Names of callers are free text, and short keys cost less memory.
fn caller(name: &CallerName) -> String {
    hashed(&[name.as_str().as_bytes()])
}

fn hashed(parts: &[&[u8]]) -> String {
    hex::encode(&digest(parts)[..16])
}
