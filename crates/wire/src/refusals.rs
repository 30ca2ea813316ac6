//! Which reasons each RPC gives, as the contract's comments say.
//!
//! A caller may match on these and on the reasons below 100, which every RPC can give. Builds that test hold every answer
//! to it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::identity::v1::ErrorReason;

/// The first number of reasons that are not every RPC's.
const OWN: i32 = 100;

/// Paths and reasons, as the build read them.
static TABLE: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/refusals.rs"));

/// The reasons of an RPC (`/package.Service/Method`) beside those that every RPC gives; `None` for a path that is none of
/// the contract's.
pub fn of(path: &str) -> Option<&'static [&'static str]> {
    static OF: LazyLock<HashMap<&str, &[&str]>> = LazyLock::new(|| TABLE.iter().copied().collect());
    OF.get(path).copied()
}

/// Whether the contract says that this RPC may give this reason. What is not of the contract says nothing.
pub fn is_published(path: &str, reason: &str) -> bool {
    of(path).is_none_or(|own| own.contains(&reason) || is_everybodys(reason))
}

/// Whether every RPC may give it: the packages share the numbers below 100.
fn is_everybodys(reason: &str) -> bool {
    let known = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}"));
    known.is_some_and(|known| i32::from(known) < OWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{notification, verification};

    #[test]
    fn an_rpc_gives_what_its_comment_says_and_what_every_rpc_gives() {
        let path = "/rekey.identity.v1.PasswordResetService/CompletePasswordReset";

        assert!(is_published(path, "PASSWORD_REFUSED") && is_published(path, "FIELD_INVALID"));
        assert!(!is_published(path, "LOGIN_TAKEN") && !is_published(path, "ODD"));
        assert!(is_published("/grpc.health.v1.Health/Check", "SERVICE_UNKNOWN"));
    }

    /// So that one list tells what every RPC of every package gives.
    #[test]
    fn the_packages_share_the_numbers_below_a_hundred() {
        for number in 0..OWN {
            let name = |name: Option<&'static str>| name.unwrap_or_default();
            let identity = name(ErrorReason::try_from(number).ok().map(|reason| reason.as_str_name()));
            let verification = verification::v1::ErrorReason::try_from(number).ok();
            let notification = notification::v1::ErrorReason::try_from(number).ok();
            for other in [
                name(verification.map(|reason| reason.as_str_name())),
                name(notification.map(|reason| reason.as_str_name())),
            ] {
                assert!(other.is_empty() || other == identity, "{number}: {other} is {identity} elsewhere");
            }
        }
    }
}
