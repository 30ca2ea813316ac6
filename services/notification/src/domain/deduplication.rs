//! Notices that say what was just said: which messages may be left out, and the key by which their callers tell them.

use super::lane::Lane;
use super::template::TemplateName;

/// The longest key, in characters.
const KEY_CHARACTERS: usize = 64;

/// What a caller calls notices of one content: 1 to 64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeduplicationKey(String);

impl DeduplicationKey {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = (1..=KEY_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether messages like this may be left out. Nobody gets one code for another, nor one link to a new password, and what is
/// urgent is worth saying twice.
pub(crate) fn may_deduplicate(lane: Lane, template: TemplateName) -> bool {
    let lets_in = template == TemplateName::PasswordResetLink || template.variables().contains(&"code");
    lane != Lane::Critical && !lets_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_printable_ascii() {
        let key = |text: &str| DeduplicationKey::parse(text).map(|key| key.as_str().to_owned());

        assert_eq!(key("locked 7"), Some("locked 7".to_owned()));
        assert_eq!([key(""), key(&"a".repeat(65)), key("ä"), key("a\nb")], [None, None, None, None]);
    }

    #[test]
    fn codes_reset_links_and_what_is_urgent_are_never_left_out() {
        assert!(may_deduplicate(Lane::Transactional, TemplateName::PasswordChangedNotice));
        assert!(!may_deduplicate(Lane::Critical, TemplateName::PasswordChangedNotice));
        assert!(!may_deduplicate(Lane::Bulk, TemplateName::SignUpCode));
        assert!(!may_deduplicate(Lane::Transactional, TemplateName::PasswordResetLink));
    }
}
