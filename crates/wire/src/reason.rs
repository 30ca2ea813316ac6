//! Published reasons: the `ErrorReason` of each package, as one kind of thing.
//!
//! On the wire a reason is a word (`RESET_INVALID`) and a domain, the package that publishes it, without its version. Everything on this side
//! of the wire matches the generated enum, so that a reason that is added or misspelt does not build.

/// A reason that one of our packages publishes.
pub trait Reason: Copy {
    /// The package without its version, as `google.rpc.ErrorInfo.domain` has it.
    const DOMAIN: &'static str;
    /// A store or a neighbour is away; nothing was bypassed, and trying again may help.
    const UNAVAILABLE: Self;
    /// Something broke on our side.
    const INTERNAL: Self;

    /// The word, as `google.rpc.ErrorInfo.reason` has it.
    fn word(self) -> &'static str;

    /// The reason of this package that a domain and a word name, if they do.
    fn read(domain: &str, word: &str) -> Option<Self>;
}

/// What the generated names of values begin with and the words do not.
const PREFIX: &str = "ERROR_REASON_";

macro_rules! reason {
    ($package:ident) => {
        impl Reason for crate::$package::v1::ErrorReason {
            const DOMAIN: &'static str = crate::$package::v1::DOMAIN;
            const UNAVAILABLE: Self = Self::Unavailable;
            const INTERNAL: Self = Self::Internal;

            fn word(self) -> &'static str {
                let name = self.as_str_name();
                name.strip_prefix(PREFIX).unwrap_or(name)
            }

            fn read(domain: &str, word: &str) -> Option<Self> {
                (domain == Self::DOMAIN).then(|| Self::from_str_name(&format!("{PREFIX}{word}"))).flatten()
            }
        }
    };
}

reason!(identity);
reason!(verification);
reason!(notification);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{identity, verification};

    #[test]
    fn a_word_reads_as_the_reason_of_its_own_package_alone() {
        let reason = identity::v1::ErrorReason::ResetInvalid;

        assert_eq!(reason.word(), "RESET_INVALID");
        assert_eq!(Reason::read("rekey.identity", "RESET_INVALID"), Some(reason));
        assert_eq!(verification::v1::ErrorReason::read("rekey.identity", "UNAVAILABLE"), None);
        assert_eq!(identity::v1::ErrorReason::read("rekey.identity", "ODD"), None);
    }
}
