//! Which product wrote a file, by its name and by words that only one of them writes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::arguments::ImportFormat;

/// How much of a file is looked at.
const LOOKED_AT_BYTES: u64 = 1 << 16;

/// In this order: the words of the first are found in none of the others.
const WORDS: [(&str, ImportFormat); 9] = [
    ("\"localId\"", ImportFormat::Firebase),
    ("\"traits\"", ImportFormat::Kratos),
    ("\"secretData\"", ImportFormat::Keycloak),
    ("\"realm\"", ImportFormat::Keycloak),
    ("\"logins\"", ImportFormat::Jsonl),
    ("\"passwordHash\"", ImportFormat::Auth0),
    ("\"password_hash\"", ImportFormat::Auth0),
    ("\"user_id\"", ImportFormat::Auth0),
    ("\"email_verified\"", ImportFormat::Auth0),
];

/// The format of a file, where it is clear.
pub(in crate::commands::import) fn guess(path: &Path) -> anyhow::Result<ImportFormat> {
    let mut head = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(LOOKED_AT_BYTES).read_to_end(&mut head)?;
    match of(path, &String::from_utf8_lossy(&head)) {
        Some(format) => Ok(format),
        None => bail!("it is not clear which product wrote {}: say so with --format", path.display()),
    }
}

fn of(path: &Path, head: &str) -> Option<ImportFormat> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return Some(ImportFormat::Csv);
    }
    WORDS.into_iter().find(|(word, _)| head.contains(word)).map(|(_, format)| format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_product_writes_tells() {
        let guessed = |name: &str, head| of(Path::new(name), head);

        assert_eq!(guessed("people.CSV", ""), Some(ImportFormat::Csv));
        assert_eq!(guessed("x.json", r#"{"realm": "x", "users": []}"#), Some(ImportFormat::Keycloak));
        assert_eq!(
            guessed("x.json", r#"{"users": [{"localId": "1", "passwordHash": ""}]}"#),
            Some(ImportFormat::Firebase)
        );
        assert_eq!(guessed("x.json", r#"[{"id": "1", "traits": {}}]"#), Some(ImportFormat::Kratos));
        assert_eq!(guessed("x", r#"{"_id": {}, "passwordHash": ""}"#), Some(ImportFormat::Auth0));
        assert_eq!(guessed("x", r#"{"logins": ["a"], "password_hash": ""}"#), Some(ImportFormat::Jsonl));
        assert_eq!(guessed("x.json", r#"{"people": []}"#), None);
    }
}
