//! The `rekey` program under test, and what it says about its own settings.
//!
//! Settings are asked for (`rekey config show`), not written down here: an older or newer program may know others, and
//! refuses those that it does not know.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Tables of settings that hold back strangers. A bench is one.
const LIMITS: [&str; 2] = ["identity.limits.", "verification.limits."];

/// Rules that would take a bench for an attack: they do all their work, and stop nothing.
const RULES: &str = "verification.abuse.";

/// A setting, as a variable of the environment and its text.
pub(crate) type Variable = (String, String);

/// A program that runs the suite.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    settings: Vec<Setting>,
}

#[derive(Debug, Clone, Deserialize)]
struct Setting {
    key: String,
    value: String,
}

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashCost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Program {
    /// The program that was named, or the one beside this one.
    pub(crate) fn find(named: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(path) = named {
            return Self::at(path);
        }
        let path = std::env::current_exe()?.with_file_name(format!("rekey{}", std::env::consts::EXE_SUFFIX));
        ensure!(
            path.is_file(),
            "{} is missing: build both with `cargo build --release --workspace`, or name another program \
             with --program",
            path.display()
        );
        Self::at(path)
    }

    /// This program.
    pub(crate) fn at(path: PathBuf) -> anyhow::Result<Self> {
        let shown = Command::new(&path).args(["--json", "config", "show"]).output();
        let shown = shown.with_context(|| format!("cannot start {}", path.display()))?;
        ensure!(
            shown.status.success(),
            "{} does not show its settings: {}",
            path.display(),
            String::from_utf8_lossy(&shown.stderr)
        );
        let settings = serde_json::from_slice(&shown.stdout)
            .with_context(|| format!("{} shows its settings in another form", path.display()))?;
        Ok(Self { path, settings })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a new hash costs.
    pub(crate) fn hash_cost(&self) -> anyhow::Result<HashCost> {
        let number = |name: &str| {
            let key = format!("identity.hashing.cost.{name}");
            let setting = self.settings.iter().find(|setting| setting.key == key);
            let number = setting.and_then(|setting| setting.value.parse().ok());
            number.with_context(|| format!("{} shows no number as {key}", self.path.display()))
        };
        Ok(HashCost { memory_kib: number("memory_kib")?, passes: number("passes")?, lanes: number("lanes")? })
    }

    /// All limits on strangers that are numbers, raised beyond reach, and the rules against abuse in shadow mode.
    pub(crate) fn raised_limits(&self) -> Vec<Variable> {
        let is_limit = |setting: &&Setting| {
            let is_number = setting.value.bytes().all(|byte| byte.is_ascii_digit());
            is_number && LIMITS.iter().any(|table| setting.key.starts_with(table))
        };
        let limits = self.settings.iter().filter(is_limit);
        let raised = limits.map(|setting| variable(&setting.key, "1000000000"));
        let rules = self.settings.iter();
        let rules = rules.filter(|setting| setting.key.starts_with(RULES) && setting.value == "enforce");
        raised.chain(rules.map(|setting| variable(&setting.key, "shadow"))).collect()
    }
}

/// A setting as the environment has it.
pub(crate) fn variable(key: &str, value: &str) -> Variable {
    (format!("REKEY__{}", key.replace('.', "__").to_uppercase()), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        let shown = r#"[
            { "key": "identity.hashing.cost.lanes", "value": "1", "origin": "default" },
            { "key": "identity.hashing.cost.memory_kib", "value": "19456", "origin": "default" },
            { "key": "identity.hashing.cost.passes", "value": "2", "origin": "default" },
            { "key": "identity.limits.starts_per_login_per_hour", "value": "10", "origin": "default" },
            { "key": "identity.limits.spraying", "value": "observe", "origin": "default" },
            { "key": "verification.abuse.spray_breaker.mode", "value": "enforce", "origin": "default" },
            { "key": "verification.abuse.spray_breaker.least_failures", "value": "100", "origin": "default" },
            { "key": "verification.code.length", "value": "6", "origin": "default" }
        ]"#;
        Program { path: PathBuf::from("rekey"), settings: serde_json::from_str(shown).unwrap() }
    }

    #[test]
    fn a_hash_costs_what_the_program_says() {
        let cost = program().hash_cost().unwrap();

        assert_eq!(cost, HashCost { memory_kib: 19_456, passes: 2, lanes: 1 });
    }

    #[test]
    fn limits_are_raised_and_rules_only_record() {
        let raised = program().raised_limits();

        let expected = [
            ("REKEY__IDENTITY__LIMITS__STARTS_PER_LOGIN_PER_HOUR", "1000000000"),
            ("REKEY__VERIFICATION__ABUSE__SPRAY_BREAKER__MODE", "shadow"),
        ];
        assert_eq!(raised, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Program::at(PathBuf::from("/nowhere/rekey")).unwrap_err();

        assert!(error.to_string().contains("/nowhere/rekey"), "{error:#}");
    }
}
