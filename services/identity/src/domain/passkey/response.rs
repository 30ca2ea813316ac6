//! What browsers send: `RegistrationResponseJSON` and `AuthenticationResponseJSON` (section 5.1.8), read as far as they are
//! used. Other members are passed over, as browsers add some.

use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Most ways to reach a passkey that are kept, and most letters of each: hints of a dozen letters.
const TRANSPORTS_MAX: usize = 8;
const TRANSPORT_LETTERS_MAX: usize = 16;

/// Without padding as the standard says; some libraries of clients leave it on.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A credential that a browser had made.
#[derive(derive_more::Debug)]
pub(crate) struct RegistrationResponse {
    #[debug(skip)]
    pub(super) client_data: Vec<u8>,
    #[debug(skip)]
    pub(super) attestation_object: Vec<u8>,
    #[debug(skip)]
    pub(super) raw_id: Vec<u8>,
    pub(super) transports: Vec<String>,
    /// As it came.
    text: SecretString,
}

/// What a credential signed.
#[derive(Clone, derive_more::Debug)]
pub(crate) struct AuthenticationResponse {
    #[debug(skip)]
    pub(super) raw_id: Vec<u8>,
    #[debug(skip)]
    pub(super) client_data: Vec<u8>,
    #[debug(skip)]
    pub(super) authenticator_data: Vec<u8>,
    #[debug(skip)]
    pub(super) signature: Vec<u8>,
    #[debug(skip)]
    pub(super) user_handle: Option<Vec<u8>>,
    /// As it came.
    text: SecretString,
}

/// Bytes in base64url.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text).map(Self).map_err(|_| D::Error::custom("not base64url"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<R> {
    raw_id: Bytes,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    attestation_object: Bytes,
    #[serde(default)]
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    signature: Bytes,
    #[serde(default)]
    user_handle: Option<Bytes>,
}

/// The only type of credential there is.
const PUBLIC_KEY: &str = "public-key";

impl RegistrationResponse {
    /// Reads the JSON; `None` if it is none.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let sent: Credential<Attestation> = serde_json::from_str(json).ok()?;
        let is_hint = |text: &String| {
            text.len() <= TRANSPORT_LETTERS_MAX && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        let Attestation { client_data, attestation_object, transports } = sent.response;
        (sent.kind == PUBLIC_KEY).then(|| Self {
            client_data: client_data.0,
            attestation_object: attestation_object.0,
            raw_id: sent.raw_id.0,
            transports: transports.into_iter().filter(is_hint).take(TRANSPORTS_MAX).collect(),
            text: SecretString::from(json),
        })
    }

    /// What a repeat has to say again.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.expose_secret().as_bytes()
    }
}

impl AuthenticationResponse {
    /// Reads the JSON; `None` if it is none.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let sent: Credential<Assertion> = serde_json::from_str(json).ok()?;
        let Assertion { client_data, authenticator_data, signature, user_handle } = sent.response;
        (sent.kind == PUBLIC_KEY).then(|| Self {
            raw_id: sent.raw_id.0,
            client_data: client_data.0,
            authenticator_data: authenticator_data.0,
            signature: signature.0,
            user_handle: user_handle.map(|handle| handle.0).filter(|handle| !handle.is_empty()),
            text: SecretString::from(json),
        })
    }

    /// What a repeat has to say again.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.expose_secret().as_bytes()
    }

    /// Whether it says whose it is, as discoverable credentials do.
    pub(crate) fn names_its_person(&self) -> bool {
        self.user_handle.is_some()
    }

    /// The id of the credential that signed.
    pub(crate) fn credential_id(&self) -> &[u8] {
        &self.raw_id
    }
}
