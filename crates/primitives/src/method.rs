//! The kinds of proof there are, which of them are worth two, and what can happen to one that somebody holds.
//!
//! Two proofs are stronger than one only if they fail independently, so what counts is the [`ProofClass`]: a code by mail
//! and a code by text message are both issued by us, and so of one class.

use crate::contact::Channel;

/// A kind of security info.
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
pub enum MethodKind {
    /// A code by mail.
    Email,
    /// A code by text message.
    Phone,
    /// A code from an authenticator app (TOTP).
    Authenticator,
    /// A code the person saved earlier.
    RecoveryCode,
    /// A passkey (WebAuthn), which signs instead of showing a code.
    Passkey,
}

impl MethodKind {
    /// Every one of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it in stores and settings.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// What a proof by this method counts as.
    pub const fn class(self) -> ProofClass {
        match self {
            Self::Email | Self::Phone => ProofClass::Issued,
            Self::Authenticator | Self::Passkey => ProofClass::Authenticator,
            Self::RecoveryCode => ProofClass::Saved,
        }
    }

    /// What carries its code; nothing for codes the person already has.
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Email => Some(Channel::Email),
            Self::Phone => Some(Channel::Sms),
            Self::Authenticator | Self::RecoveryCode | Self::Passkey => None,
        }
    }
}

/// Proofs of one class can be stolen together; proofs of two classes cannot.
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
pub enum ProofClass {
    /// A code we drew and sent.
    Issued,
    /// What a device computed: a code, or a signature.
    Authenticator,
    /// A code kept from before.
    Saved,
}

impl ProofClass {
    /// Every one of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it in stores and tokens.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// What happened to a registered way to prove oneself. Notices carry the word, and who writes them says it in the
/// reader's language.
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
pub enum MethodChange {
    /// The person registered it.
    Added,
    /// The person showed the code that was sent to it.
    Confirmed,
    /// The person took it away.
    Removed,
    /// It is offered first from now on.
    MadeDefault,
    /// An administrator registered it.
    Prefilled,
    /// Too many wrong codes in a row stopped it.
    Disabled,
}

impl MethodChange {
    /// Every one of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it in notices and in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_and_text_are_one_class() {
        assert_eq!(MethodKind::Email.class(), MethodKind::Phone.class());
        assert_ne!(MethodKind::Email.class(), MethodKind::Authenticator.class());
        assert_ne!(MethodKind::Authenticator.class(), MethodKind::RecoveryCode.class());
    }

    #[test]
    fn words_read_back() {
        assert!(MethodKind::ALL.iter().all(|kind| MethodKind::parse(kind.as_str()) == Some(*kind)));
        assert!(ProofClass::ALL.iter().all(|class| ProofClass::parse(class.as_str()) == Some(*class)));
        assert!(MethodChange::ALL.iter().all(|one| MethodChange::parse(one.as_str()) == Some(*one)));
        assert_eq!((MethodKind::parse("sms"), ProofClass::parse("")), (None, None));
    }

    #[test]
    fn only_issued_codes_travel() {
        assert!(
            MethodKind::ALL
                .iter()
                .all(|kind| kind.channel().is_some() == (kind.class() == ProofClass::Issued))
        );
    }
}
