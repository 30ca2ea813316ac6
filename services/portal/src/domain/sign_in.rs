//! A sign-in between two of its pages: what is asked before somebody is signed in.

use std::fmt;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};

use super::MethodKind;
use super::code_times::CodeTimes;

/// One more thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SignInQuestion {
    /// Something beside the password.
    SecondFactor {
        /// What is taken.
        kinds: Vec<MethodKind>,
        /// What browsers ask a passkey with, as JSON; empty where none is taken.
        passkey_options: String,
    },
    /// A code that is sent.
    SentCode {
        /// What it goes by.
        kind: Option<MethodKind>,
        /// None before it was asked for.
        sent: Option<SentSignInCode>,
    },
    NewPassword {
        /// Because the old one is too old, and not because an administrator wants it.
        is_expired: bool,
    },
    /// Whether these are still right.
    SecurityInfo(Vec<SecurityInfoEntry>),
}

/// A code that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentSignInCode {
    /// Where it goes, masked; nothing where that is not known.
    pub(crate) destinations: Vec<String>,
    pub(crate) times: CodeTimes,
}

/// An entry of somebody's security info, as far as they are asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecurityInfoEntry {
    pub(crate) kind: MethodKind,
    /// A masked address, or what a passkey is called; empty for other kinds.
    pub(crate) name: String,
}

/// A sign-in between two of its pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignInProgress {
    pub(crate) tenant: TenantId,
    /// What was typed; empty where a passkey said who it is.
    pub(crate) login: String,
    /// The page that the person wanted to go to.
    pub(crate) next: String,
    /// Carries the sign-in from call to call: a secret.
    pub(crate) token: String,
    pub(crate) question: SignInQuestion,
}

/// A sign-in with a passkey alone, between its page and what the passkey signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasskeySignIn {
    pub(crate) tenant: TenantId,
    /// Carries the sign-in on: a secret.
    pub(crate) token: String,
}

impl SignInProgress {
    /// How long until the page has something new to say without being asked.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Duration> {
        match &self.question {
            SignInQuestion::SentCode { sent: Some(sent), .. } => sent.times.next_change(now),
            _ => None,
        }
    }
}

/// The second factor that is asked for: the one that was chosen, or the one that costs least. A recovery code is used up.
pub(crate) fn chosen_factor(kinds: &[MethodKind], word: &str) -> Option<MethodKind> {
    let chosen = kinds.iter().copied().find(|kind| factor_word(*kind) == word);
    let best = [MethodKind::Authenticator, MethodKind::Passkey, MethodKind::RecoveryCode];
    chosen.or_else(|| best.into_iter().find(|kind| kinds.contains(kind)))
}

/// The word for a kind in addresses and forms.
pub(crate) const fn factor_word(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Email => "email",
        MethodKind::Phone => "phone",
        MethodKind::Authenticator => "authenticator",
        MethodKind::RecoveryCode => "recovery-code",
        MethodKind::Passkey => "passkey",
    }
}

impl fmt::Debug for SignInProgress {
    /// Neither the token nor who it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInProgress").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl fmt::Debug for PasskeySignIn {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasskeySignIn").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn asking(question: SignInQuestion) -> SignInProgress {
        SignInProgress {
            tenant: TenantId::parse("0190c3a5-7e1c-7b2a-9f00-0123456789ab").unwrap(),
            login: "zoe".to_owned(),
            next: "/account".to_owned(),
            token: "s3cret".to_owned(),
            question,
        }
    }

    #[test]
    fn the_factor_that_was_chosen_is_asked_for_and_a_recovery_code_last() {
        use MethodKind::{Authenticator, Passkey, RecoveryCode};
        let all = [RecoveryCode, Passkey, Authenticator];

        assert_eq!(chosen_factor(&all, "recovery-code"), Some(RecoveryCode));
        assert_eq!(chosen_factor(&all, ""), Some(Authenticator));
        assert_eq!(chosen_factor(&[RecoveryCode, Passkey], "authenticator"), Some(Passkey));
        assert_eq!(chosen_factor(&[RecoveryCode], ""), Some(RecoveryCode));
        assert_eq!(chosen_factor(&[], "passkey"), None);
    }

    #[test]
    fn the_page_of_a_sent_code_changes_when_help_is_due() {
        let sent = SentSignInCode { destinations: Vec::new(), times: CodeTimes::asked_at(START) };
        let waiting = asking(SignInQuestion::SentCode { kind: None, sent: Some(sent) });

        assert_eq!(waiting.next_change(START), Some(Duration::from_secs(10)));
        assert_eq!(asking(SignInQuestion::SentCode { kind: None, sent: None }).next_change(START), None);
    }

    #[test]
    fn debug_shows_neither_token_nor_login() {
        let passkey = PasskeySignIn { tenant: asking_nothing().tenant, token: "s3cret".to_owned() };

        let shown = format!("{:?} {passkey:?}", asking_nothing());

        assert!(!shown.contains("s3cret") && !shown.contains("zoe"), "{shown}");
    }

    fn asking_nothing() -> SignInProgress {
        asking(SignInQuestion::SecurityInfo(Vec::new()))
    }
}
