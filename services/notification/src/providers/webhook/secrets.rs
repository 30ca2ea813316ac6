//! The secrets of an endpoint, each in a file that may change under a running process.

use std::path::PathBuf;

use rekey_runtime::settings::{FollowedSecret, SecretFileError};
use rekey_sealing::WebhookKey;
use secrecy::{ExposeSecret as _, SecretString};

/// All of them sign, so that a receiver may go over from one to the next.
pub(in crate::providers) struct Secrets(Vec<FollowedSecret<WebhookKey>>);

impl Secrets {
    /// Reads them for the first time.
    pub(super) fn open(files: &[PathBuf]) -> Result<Self, SecretFileError> {
        Ok(Self(files.iter().map(|file| FollowedSecret::open(file, parse)).collect::<Result<_, _>>()?))
    }

    /// The signatures of a message by what stands in the files now, with a blank between.
    pub(super) fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let signatures: Vec<String> =
            self.0.iter().map(|file| file.read().sign(id, unix_seconds, body)).collect();
        signatures.join(" ")
    }

    /// What receivers verify with where that is no secret: of each Ed25519 key its public half.
    pub(super) fn public_texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|file| file.read().public_text())
    }
}

fn parse(text: &SecretString) -> Result<WebhookKey, &'static str> {
    WebhookKey::parse(text.expose_secret().trim())
        .ok_or("neither `whsec_` with 24 to 64 bytes nor `whsk_` with an Ed25519 key, in base64")
}
