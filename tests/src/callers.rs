//! Backends that may do little: what the gate and the scopes are tried with.

use std::fs;

use rekey::folder::DataFolder;
use rekey_runtime::access::{Allowed, CallerEntry, token_digest};

/// The token of a known caller that may call nothing.
pub const IDLE: &str = "rekey_test_idle";

/// The token of a caller that may call everything, for one tenant that is not there.
pub const ELSEWHERE: &str = "rekey_test_elsewhere";

/// The tenant of [`ELSEWHERE`].
pub const NO_TENANT: &str = "00000000-0000-4000-8000-00000000e15e";

/// The token of a caller that may call everything for everybody, and whose word on anything else is not taken.
pub const QUIET: &str = "rekey_test_quiet";

/// Makes them known to every part that reads this folder.
pub(crate) fn add_to(folder: &DataFolder) {
    let elsewhere = CallerEntry {
        tenants: Allowed::Only([NO_TENANT.to_owned()].into()),
        ..CallerEntry::trusted("elsewhere", token_digest(ELSEWHERE))
    };
    let quiet = CallerEntry {
        may_assert_context: false,
        may_assert_not_after: false,
        ..CallerEntry::trusted("quiet", token_digest(QUIET))
    };
    let idle =
        CallerEntry { methods: Allowed::nothing(), ..CallerEntry::trusted("idle", token_digest(IDLE)) };
    let callers = serde_json::json!({ "caller": [elsewhere, quiet, idle] });
    let entries = toml::to_string(&callers).unwrap();
    for part in ["identity", "verification", "notification"] {
        let path = folder.callers(part);
        let known = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{known}\n{entries}")).unwrap();
    }
}
