//! Backends that may do little: what the gate and the scopes are tried with.

use std::fs;

use rekey::folder::DataFolder;
use rekey_runtime::access::token_digest;

/// The token of a known caller that may call nothing.
pub const IDLE: &str = "rekey_test_idle";

/// The token of a caller that may call everything, for one tenant that is not there.
pub const ELSEWHERE: &str = "rekey_test_elsewhere";

/// The tenant of [`ELSEWHERE`].
pub const NO_TENANT: &str = "00000000-0000-4000-8000-00000000e15e";

/// Makes them known to every part that reads this folder.
pub(crate) fn add_to(folder: &DataFolder) {
    for part in ["identity", "verification", "notification"] {
        let path = folder.callers(part);
        let known = fs::read_to_string(&path).unwrap();
        let idle = entry("idle", IDLE, "methods = []");
        let elsewhere = format!(
            "methods = \"*\"\ntenants = [\"{NO_TENANT}\"]\npurposes = \"*\"\ntemplates = \"*\"\nlanes = \"*\""
        );
        let elsewhere = entry("elsewhere", ELSEWHERE, &elsewhere);
        fs::write(&path, format!("{known}\n{idle}\n{elsewhere}")).unwrap();
    }
}

fn entry(name: &str, token: &str, may: &str) -> String {
    let digest = token_digest(token);
    format!("[[caller]]\nname = \"{name}\"\ntoken_sha256 = [\"{digest}\"]\n{may}\n")
}
