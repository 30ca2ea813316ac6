//! Names of keys, and how long rubbish lies around. All keys of one step share the tenant's hash tag, so that a
//! cluster can do the step.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, TenantId};
use rekey_sealing::digest;
use uuid::Uuid;

use crate::domain::limits::{Payer, Spend};
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::scope::{Place, TenantScope};
use crate::domain::tag::Request;

const PREFIX: &str = "rekey:verification:";

/// How long a verification is kept after its code died: repeated requests still find it.
const KEPT_AFTER_DEATH: Duration = Duration::from_secs(3_600);

/// How long failures are kept without a new one. A stop is meant to last until somebody releases the subject; a
/// year bounds what a flood of subjects can leave behind.
pub(super) const FAILURES_KEPT: Duration = Duration::from_secs(366 * 86_400);

pub(super) fn verification(place: &Place) -> String {
    format!("{}v:{}:{}", tenant(place.scope.tenant), caller(&place.scope.caller), place.id)
}

pub(super) fn answer(scope: &TenantScope, request: &Request) -> String {
    format!("{}r:{}:{}", tenant(scope.tenant), caller(&scope.caller), request.id)
}

pub(super) fn spent_grant(of: TenantId, grant: GrantId) -> String {
    format!("{}g:{grant}", tenant(of))
}

pub(super) fn failures(scope: &TenantScope, purpose: &Purpose, subject: &Subject) -> String {
    let whose =
        short(&[scope.caller.as_str().as_bytes(), purpose.as_str().as_bytes(), subject.as_str().as_bytes()]);
    format!("{}f:{whose}", tenant(scope.tenant))
}

pub(super) fn budget(scope: &TenantScope, subject: &Subject, spend: &Spend) -> String {
    let (payer, seconds) = (spend.payer.as_str(), spend.window.length.as_secs());
    match spend.payer {
        Payer::Subject => {
            let whose = short(&[scope.caller.as_str().as_bytes(), subject.as_str().as_bytes()]);
            format!("{}b:{payer}:{seconds}:{whose}", tenant(scope.tenant))
        }
        Payer::Texts(country) => {
            format!("{}b:{payer}:{seconds}:{}", tenant(scope.tenant), country.digits())
        }
        Payer::Tenant | Payer::Decoys => format!("{}b:{payer}:{seconds}", tenant(scope.tenant)),
    }
}

/// Milliseconds until a verification is rubbish.
pub(super) fn record_ttl(expires_at: Timestamp, now: Timestamp) -> i64 {
    millis(expires_at.since(now) + KEPT_AFTER_DEATH)
}

/// Milliseconds until something that lives so long is rubbish. A minute more than its life: it is the value that
/// says when it ends, and clocks differ.
pub(super) fn ttl(life: Duration) -> i64 {
    millis(life + Duration::from_secs(60))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn tenant(id: TenantId) -> String {
    format!("{PREFIX}{{{id}}}:")
}

/// Names of callers are free text, and short keys are cheap keys.
fn caller(name: &CallerName) -> String {
    short(&[name.as_str().as_bytes()])
}

fn short(parts: &[&[u8]]) -> String {
    Uuid::from_slice(&digest(parts)[..16]).unwrap_or_default().simple().to_string()
}
