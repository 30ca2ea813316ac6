//! Which values are kept in cookies, and for how long. Fields are kept in their order, without names: a changed field is a new version.

use std::fmt;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};

use super::CookieKind;
use crate::domain::{Organisation, PasskeySignIn, ResetProgress, SentCode, SignInProgress};

/// Random bytes of one browser that its forms are bound to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FormSecret(pub(crate) [u8; 32]);

impl CookieKind for FormSecret {
    const NAME: &'static str = "rekey-form";
    const VERSION: u8 = 1;
    /// A working day: a page that was left open over lunch still takes its form.
    const LIFE_SECONDS: u64 = 12 * 3_600;
}

impl fmt::Debug for FormSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormSecret([redacted])")
    }
}

/// The language that a person chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocaleChoice {
    pub(crate) tag: String,
}

impl CookieKind for LocaleChoice {
    const NAME: &'static str = "rekey-locale";
    const VERSION: u8 = 1;
    /// A year: nobody wants to say it twice.
    const LIFE_SECONDS: u64 = 365 * 86_400;
}

impl CookieKind for Organisation {
    const NAME: &'static str = "rekey-organisation";
    const VERSION: u8 = 2;
    /// Names, looks and help pages change: after a day a person says once more where they belong.
    const LIFE_SECONDS: u64 = 24 * 3_600;
}

impl CookieKind for ResetProgress {
    const NAME: &'static str = "rekey-reset";
    const VERSION: u8 = 2;
    /// As long as a reset lives.
    const LIFE_SECONDS: u64 = 15 * 60;
}

impl CookieKind for SignInProgress {
    const NAME: &'static str = "rekey-sign-in";
    const VERSION: u8 = 1;
    /// As long as a challenge lives.
    const LIFE_SECONDS: u64 = 10 * 60;
}

impl CookieKind for PasskeySignIn {
    const NAME: &'static str = "rekey-passkey";
    const VERSION: u8 = 1;
    /// As long as what a passkey is asked with.
    const LIFE_SECONDS: u64 = 10 * 60;
}

/// The token of a link that says "this was not me", between the link and the button.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotMeLink {
    pub(crate) token: String,
}

impl CookieKind for NotMeLink {
    const NAME: &'static str = "rekey-not-me";
    const VERSION: u8 = 1;
    /// Time to read what will be done.
    const LIFE_SECONDS: u64 = 10 * 60;
}

/// The token of a link that sets a new password, between the link and the form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewPasswordLink {
    pub(crate) token: String,
}

impl CookieKind for NewPasswordLink {
    const NAME: &'static str = "rekey-new-password";
    const VERSION: u8 = 1;
    /// Time to think of a password.
    const LIFE_SECONDS: u64 = 10 * 60;
}

/// What was done, for the page that is shown next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlashMessage {
    pub(crate) text: String,
}

impl CookieKind for FlashMessage {
    const NAME: &'static str = "rekey-notice";
    const VERSION: u8 = 1;
    /// A page follows at once.
    const LIFE_SECONDS: u64 = 60;
}

/// A code that an administrator had sent to a caller on the phone.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CallerCode {
    /// Whose account the caller says is theirs.
    pub(crate) account_id: String,
    /// What identity knows the code by.
    pub(crate) token: String,
    /// Where it went, masked.
    pub(crate) masked: String,
    pub(crate) expires_at: Timestamp,
}

impl CookieKind for CallerCode {
    const NAME: &'static str = "rekey-caller";
    const VERSION: u8 = 1;
    /// Longer than a code is good, which the value says itself.
    const LIFE_SECONDS: u64 = 30 * 60;
}

/// Somebody who is signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionCookie {
    pub(crate) tenant: TenantId,
    /// What they typed at sign-in.
    pub(crate) login: String,
    pub(crate) account_id: String,
    pub(crate) access_token: String,
    pub(crate) access_ends_at: Timestamp,
    pub(crate) refresh_token: String,
    pub(crate) ends_at: Timestamp,
    /// Their roles when the tokens were made, by their numbers in the contract: what the pages offer. What is allowed is asked of identity
    /// with each call.
    pub(crate) roles: Vec<i32>,
}

impl CookieKind for SessionCookie {
    const NAME: &'static str = "rekey-session";
    const VERSION: u8 = 1;
    /// A working day without a look at any page; the session itself may be shorter.
    const LIFE_SECONDS: u64 = 12 * 3_600;
}

/// A session that waits while its person signs in to another account, to link the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StashedSession(pub(crate) SessionCookie);

impl CookieKind for StashedSession {
    const NAME: &'static str = "rekey-set-aside";
    const VERSION: u8 = 1;
    /// Identity links accounts whose sign-ins are of the last ten minutes.
    const LIFE_SECONDS: u64 = 10 * 60;
}

/// The code on its way to an entry of security info; its method is the entry.
impl CookieKind for SentCode {
    const NAME: &'static str = "rekey-confirmation";
    const VERSION: u8 = 1;
    /// Longer than any code lives.
    const LIFE_SECONDS: u64 = 15 * 60;
}

/// The forms whose answers held what is shown once, the latest first: sent again, as by a reload, such a form shows nothing and does
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OneTimeDisplays {
    pub(crate) request_ids: Vec<String>,
}

impl CookieKind for OneTimeDisplays {
    const NAME: &'static str = "rekey-shown-once";
    const VERSION: u8 = 1;
    /// As long as the form can be sent ([`FormSecret`]).
    const LIFE_SECONDS: u64 = FormSecret::LIFE_SECONDS;
}

impl fmt::Debug for SessionCookie {
    /// Neither tokens nor who it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCookie").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
