//! The messages that Rekey knows how to write: which variables each takes, by which channels it goes, and for which
//! purpose of a verification it is. The one table of them: notification renders by it, verification chooses by it, and
//! `docs/templates.md` is written from it.

use crate::contact::Channel;

/// A template by name.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum TemplateName {
    /// The code that proves who resets a password.
    PasswordResetCode,
    /// The code that confirms an address or a phone.
    SecurityInfoCode,
    /// The code that confirms an address before an account is made.
    SignUpCode,
    /// The code asked for at sign-in, or again for something delicate.
    SignInCode,
    /// The code that approves one payment, with its amount and payee.
    PaymentCode,
    /// The code that a caller reads back to a helpdesk.
    CallerVerificationCode,
    /// The code for any other purpose.
    VerificationCode,
    /// "Your password was reset", with the link "this was not me".
    PasswordResetNotice,
    /// "Your password was changed".
    PasswordChangedNotice,
    /// "An administrator issued an access pass".
    AccessPassNotice,
    /// "An administrator reset your password".
    PasswordResetByAdministratorNotice,
    /// A one-time link to choose a new password, which an administrator had sent.
    PasswordResetLink,
    /// "Your ways to prove yourself were changed".
    SecurityInfoChangedNotice,
    /// "Your account was linked with one of another organisation".
    AccountLinkedNotice,
    /// One person asks an administrator for help.
    HelpRequest,
    /// Several unproved requests for help in one hourly mail.
    HelpRequestDigest,
    /// To global administrators: an administrator's password was reset.
    AdministratorResetAlarm,
    /// To administrators: a person says a reset was not theirs.
    ResetRepudiatedAlarm,
    /// "Your password expires soon".
    PasswordExpiryNotice,
    /// A test that somebody who looks after messages sends.
    DeliveryTest,
}

/// What is known of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateEntry {
    /// The purpose of a verification that has this text; none for notices, and for the text of every other purpose.
    pub purpose: Option<&'static str>,
    /// The variables it takes: all of them and no other.
    pub variables: &'static [&'static str],
    /// The channels it has a text for.
    pub channels: &'static [Channel],
    /// What it says, in a few words.
    pub says: &'static str,
}

/// Every template has a mail and a text message.
const CHANNELS: &[Channel] = &[Channel::Email, Channel::Sms];
const CODE: &[&str] = &["organisation", "code", "minutes"];
const PAYMENT_CODE: &[&str] = &["organisation", "code", "minutes", "amount", "payee"];

impl TemplateName {
    /// All of them: first those with a code.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name in calls, stores and callers' rights.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The text for the code of a purpose; a purpose without one of its own has that of all others.
    pub fn of_purpose(purpose: &str) -> Self {
        let own = Self::ALL.iter().find(|template| template.entry().purpose == Some(purpose));
        own.copied().unwrap_or(Self::VerificationCode)
    }

    /// Its line in the table.
    pub const fn entry(self) -> TemplateEntry {
        let (purpose, variables, says): (_, &[_], _) = match self {
            Self::PasswordResetCode => {
                (Some("password_reset"), CODE, "the code that proves who resets a password")
            }
            Self::SecurityInfoCode => {
                (Some("security_info"), CODE, "the code that confirms an address or a phone of an account")
            }
            Self::SignUpCode => {
                (Some("sign_up"), CODE, "the code that confirms an address before there is an account")
            }
            Self::SignInCode => {
                (Some("sign_in"), CODE, "the code asked for at sign-in, or again for something delicate")
            }
            Self::PaymentCode => (
                Some("payment"),
                PAYMENT_CODE,
                "the code that approves one payment, with its amount and payee",
            ),
            Self::CallerVerificationCode => {
                (Some("caller_verification"), CODE, "the code that a caller reads back to the helpdesk")
            }
            Self::VerificationCode => (None, CODE, "the code for every other purpose"),
            Self::PasswordResetNotice => (
                None,
                &["organisation", "name", "time", "place", "link"],
                "the password was reset; with the link \"this was not me\"",
            ),
            Self::PasswordChangedNotice => {
                (None, &["organisation", "name", "time", "place"], "the password was changed")
            }
            Self::AccessPassNotice => (
                None,
                &["organisation", "name", "time"],
                "an administrator issued a temporary access pass for the account",
            ),
            Self::PasswordResetByAdministratorNotice => {
                (None, &["organisation", "name", "time"], "an administrator reset the password")
            }
            Self::PasswordResetLink => (
                None,
                &["organisation", "name", "time", "link"],
                "a link to choose a new password once, which an administrator had sent; with the end of it",
            ),
            Self::SecurityInfoChangedNotice => (
                None,
                &["organisation", "name", "time", "change", "method"],
                "the security info of the account was changed",
            ),
            Self::AccountLinkedNotice => (
                None,
                &["organisation", "name", "time", "place", "other"],
                "the account was linked with one of another organisation",
            ),
            Self::HelpRequest => (
                None,
                &["organisation", "name", "login", "message", "time"],
                "to administrators: somebody asks for help with signing in",
            ),
            Self::HelpRequestDigest => (
                None,
                &["organisation", "count", "requests"],
                "to administrators: requests for help of the last hour that nobody proved",
            ),
            Self::AdministratorResetAlarm => (
                None,
                &["organisation", "name", "time"],
                "to administrators: the password of an administrator was reset",
            ),
            Self::ResetRepudiatedAlarm => (
                None,
                &["organisation", "name", "time"],
                "to administrators: somebody says that a reset was not theirs",
            ),
            Self::PasswordExpiryNotice => {
                (None, &["organisation", "name", "days", "time"], "the password expires soon")
            }
            Self::DeliveryTest => (
                None,
                &["organisation", "time"],
                "a test that somebody who looks after messages sends (`rekey notification test`)",
            ),
        };
        TemplateEntry { purpose, variables, channels: CHANNELS, says }
    }

    /// The variables it takes: all of them and no other.
    pub const fn variables(self) -> &'static [&'static str] {
        self.entry().variables
    }

    /// Whether it shows the amount and the payee of a transaction.
    pub fn shows_transaction(self) -> bool {
        self.variables().contains(&"amount")
    }
}

/// What a variable holds, in a few words; empty for a name that no template takes.
#[must_use]
pub fn variable_meaning(variable: &str) -> &'static str {
    match variable {
        "organisation" => "the name of the tenant, or of the service",
        "code" => "the code",
        "minutes" => "the minutes that the code lives, counted from when the message is accepted",
        "amount" => "what a payment code approves the payment of: `transaction` of `StartVerification`",
        "payee" => "to whom: `transaction` of `StartVerification`",
        "name" => "the person's display name",
        "login" => "the login that the person typed",
        "time" => "when it happened, as the reader should see it",
        "place" => "a network and a program; `unknown` and `other` are said in the reader's language",
        "other" => "the name of the other organisation",
        "link" => "where the person says \"this was not me\", or chooses a new password",
        "change" => {
            "`added`, `confirmed`, `removed`, `made_default`, `prefilled` or `disabled`, said in the reader's language"
        }
        "method" => {
            "`email`, `phone`, `authenticator`, `recovery_code` or `passkey`, said in the reader's language, and a masked address"
        }
        "message" => "what the person wrote to the administrators",
        "count" => "how many requests for help there are",
        "requests" => "a line for each request for help",
        "days" => "how many days are left",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        assert!(TemplateName::ALL.iter().all(|one| TemplateName::parse(one.as_str()) == Some(*one)));
        assert_eq!(TemplateName::parse("Password_reset_code"), None);
    }

    #[test]
    fn a_purpose_has_a_text_of_its_own_or_that_of_all_others() {
        let name = |purpose| TemplateName::of_purpose(purpose).as_str();

        let own = ["password_reset", "security_info", "sign_up", "sign_in", "payment"].map(name);

        assert_eq!(
            own,
            ["password_reset_code", "security_info_code", "sign_up_code", "sign_in_code", "payment_code"]
        );
        assert_eq!(name("payment.approval-2"), "verification_code");
    }

    #[test]
    fn every_variable_is_explained() {
        for variable in TemplateName::ALL.iter().flat_map(|template| template.variables()) {
            assert!(!variable_meaning(variable).is_empty(), "{variable}");
        }
    }

    #[test]
    fn a_transaction_is_shown_whole_and_by_payments_alone() {
        for template in TemplateName::ALL {
            let shows = |variable| template.variables().contains(&variable);

            assert_eq!(shows("amount"), shows("payee"), "{template:?}");
            assert_eq!(template.shows_transaction(), *template == TemplateName::PaymentCode);
        }
    }
}
