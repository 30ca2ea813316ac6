//! What a store has to know of keys, so that a process ends that brings others.

use std::error::Error;

use async_trait::async_trait;

use crate::{HeldKey, KeyId, WrongKeys};

/// The store did not answer.
pub type KeyStoreFailure = Box<dyn Error + Send + Sync>;

/// The store of a part, as far as it knows keys.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Holds the keys of a kind to those that the store was used with, and has it know the new ones among them; of several
    /// processes that do so at once, all have fitting keys or one is told. That keys are wrong is an answer.
    async fn hold(&self, kind: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure>;

    /// What a key of a kind still seals, in words; none where nothing is, or where all of it is over by itself soon.
    async fn still_sealed_by(&self, _kind: &str, _id: &KeyId) -> Result<Option<String>, KeyStoreFailure> {
        Ok(None)
    }
}
