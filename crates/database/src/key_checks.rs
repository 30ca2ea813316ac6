//! By what the keys that a store was used with are told from others, in a table that the schema of every store has. They are all
//! tenants' and no tenant's own.

use async_trait::async_trait;
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_sealing::{HeldKey, KeptCheck, KeyStore, KeyStoreFailure, WrongKeys, hold};

use crate::{Database, FOR_UPDATE, Failure, values};

crate::statements! {
    /// One process at a time: of two that bring the first keys of a store, the second one meets those of the first.
    const ALONE = "select version from schema_version", FOR_UPDATE;

    const KEPT = "select key_id, key_check from key_checks where kind = $1 order by first_held_at, key_id";

    const KEEP = "insert into key_checks (kind, key_id, key_check, first_held_at) values ($1, $2, $3, $4)";

    const FORGET = "delete from key_checks where kind = $1";
}

/// A database, as far as it knows keys. What they seal it does not know.
pub struct KeyChecks {
    /// The database.
    pub database: Database,
    /// Tells when a key was first held.
    pub clock: SharedClock,
}

#[async_trait]
impl KeyStore for KeyChecks {
    async fn hold(&self, kind: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        Ok(self.database.hold_keys(kind, held, self.clock.now()).await?)
    }
}

impl Database {
    async fn hold_keys(
        &self,
        kind: &str,
        held: &[HeldKey],
        now: Timestamp,
    ) -> Result<Result<(), WrongKeys>, Failure> {
        let held_to_it = self.step(|mut tx| async move {
            tx.all::<(i64,)>(ALONE, &[]).await?;
            let kept: Vec<(String, Vec<u8>)> = tx.all(KEPT, values![kind]).await?;
            let kept: Vec<KeptCheck> = kept.into_iter().map(|(id, check)| KeptCheck { id, check }).collect();
            let new = match hold(held, &kept) {
                Ok(new) if new.is_empty() => return Ok(tx.roll_back(Ok(()))),
                Ok(new) => new,
                Err(wrong) => return Ok(tx.roll_back(Err(wrong))),
            };
            for key in new {
                let check = key.check.as_bytes().as_slice();
                tx.execute(KEEP, values![kind, key.id.as_str(), check, now]).await?;
            }
            Ok(tx.commit(Ok(())))
        });
        held_to_it.await
    }

    /// Forgets the keys of a kind, so that the store takes whichever it is used with next; how many they were.
    ///
    /// # Errors
    /// The database is away, or its schema is not there.
    pub async fn forget_keys(&self, kind: &str) -> Result<u64, Failure> {
        self.execute(FORGET, values![kind]).await
    }
}
