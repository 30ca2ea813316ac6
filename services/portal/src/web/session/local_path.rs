//! Where a person wanted to go before they were asked to sign in: a path of ours, and nothing else.

/// A path of ours, without what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// Longer than any page of ours.
    const LONGEST: usize = 200;

    /// Reads one that came from outside. `//host` and `/\host` lead elsewhere, and no path of ours needs another character.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
        let is_ours = text.starts_with('/') && !text.contains("//") && text.bytes().all(is_plain);
        (is_ours && text.len() <= Self::LONGEST).then(|| Self(text.to_owned()))
    }

    /// One's own account.
    pub(crate) fn account() -> Self {
        Self("/account".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for ours in ["/", "/account", "/administration/accounts/0190c3a5-7e1c-7b2a-9f00-0123456789ab"] {
            assert_eq!(LocalPath::parse(ours).unwrap().as_str(), ours);
        }
        for elsewhere in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a//b",
            "/a?b",
            "/%2f",
            "/a\n",
        ] {
            assert_eq!(LocalPath::parse(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(200))), None);
    }
}
