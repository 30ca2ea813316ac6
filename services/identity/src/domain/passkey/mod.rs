//! Passkeys: WebAuthn Level 3 credentials that find their person by themselves, judged by section 7.1 when they are registered
//! and by 7.2 when they are used.
//!
//! Every check names the step that it is. Where the standard leaves a choice: user verification is required, so a passkey is
//! two factors (what its person has, and what they know or are); attestation is not asked for, since people bring what they
//! have; frames of other origins are refused; a signature counter that does not rise is refused, as of a copied
//! authenticator. Ciphers are handed in ([`Ciphers`]).

mod assertion;
mod authenticator_data;
mod client_data;
mod key;
pub(crate) mod options;
mod registration;
mod response;
#[cfg(test)]
mod tests;

use rekey_primitives::clock::Timestamp;
use strum::IntoStaticStr;

pub(crate) use assertion::{Asserted, AssertionBasis};
pub(crate) use key::PublicKey;
pub(crate) use registration::RegistrationBasis;
pub(crate) use response::{AuthenticationResponse, RegistrationResponse};

/// Bytes of a challenge. Section 13.4.3 asks for 16 at least.
pub(crate) const CHALLENGE_BYTES: usize = 32;

/// What a passkey is asked to sign, once.
pub(crate) type Challenge = [u8; CHALLENGE_BYTES];

/// The name of an account towards passkeys: opaque, and nobody's login (section 14.6.1).
pub(crate) type UserHandle = [u8; 32];

/// Who takes passkeys: a domain, and the origins of the pages that ask for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelyingParty {
    /// The domain that passkeys belong to, such as `example.com`.
    pub id: String,
    /// Such as `https://login.example.com`.
    pub origins: Vec<String>,
}

/// A registered passkey: the credential record of section 4.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub(crate) struct Passkey {
    /// Chosen by the authenticator.
    #[debug(skip)]
    pub credential_id: Vec<u8>,
    /// As `COSE_Key` (RFC 9052), as it came.
    #[debug(skip)]
    pub public_key: Vec<u8>,
    /// The signature counter of its last use; 0 of authenticators that have none.
    pub counter: u32,
    /// Whether it may be copied to other devices. Never changes.
    pub backup_eligible: bool,
    /// Whether it was copied at its last use.
    pub backed_up: bool,
    /// How browsers reach it, such as `internal` or `usb`: hints.
    pub transports: Vec<String>,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

/// The ciphers that WebAuthn needs, since none may be touched here.
#[derive(Clone, Copy)]
pub(crate) struct Ciphers {
    pub sha256: fn(&[u8]) -> [u8; 32],
    /// Whether a key made the signature of a message.
    pub verifies: fn(&PublicKey, &[u8], &[u8]) -> bool,
}

/// Why a passkey is not registered, or what it signed not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum PasskeyRefused {
    /// The client data are no client data.
    ClientData,
    /// Made for the other ceremony.
    Ceremony,
    /// Not what was to be signed.
    Challenge,
    /// A page that may not ask.
    Origin,
    /// A page inside one of another origin.
    CrossOrigin,
    /// The authenticator data are none.
    AuthenticatorData,
    /// Made for another domain.
    RelyingParty,
    /// Nobody touched it.
    UserNotPresent,
    /// The device did not see to who it is.
    UserNotVerified,
    /// Copied, and not to be copied.
    BackupState,
    /// Its kind of key is not among those asked for.
    Algorithm,
    /// An attestation that was not asked for and that nobody reads here.
    Attestation,
    /// An id that is none, or longer than may be.
    CredentialId,
    /// None of the account, or of nobody.
    UnknownCredential,
    /// Of somebody else.
    UserHandle,
    /// It may be copied now and might not before, or the other way round: it is another one.
    BackupEligibilityChanged,
    /// Not signed by its key.
    Signature,
    /// The counter did not rise: there are two of it.
    CounterWentBack,
}

impl PasskeyRefused {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
