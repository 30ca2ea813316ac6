//! Which reasons each RPC gives, as the contract's comments say.
//!
//! A caller may match on these and on the reasons below 100, which every RPC can give. Builds that test hold every answer
//! to it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Paths and reasons, as the build read them.
static TABLE: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/refusals.rs"));

/// Whether the contract says that this RPC (`/package.Service/Method`) may give this reason. What is not of the contract
/// says nothing.
pub fn is_published(path: &str, reason: &str) -> bool {
    static BY_PATH: LazyLock<HashMap<&str, &[&str]>> = LazyLock::new(|| TABLE.iter().copied().collect());
    BY_PATH.get(path).is_none_or(|reasons| reasons.contains(&reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::v1::ErrorReason;
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
        for number in 0..100 {
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
