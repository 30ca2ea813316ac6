//! A job of the hashing threads: what to compute, of which password, and who waits for it.

use std::sync::Arc;
use std::time::Instant;

use argon2::Argon2;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::NotHashed;
use super::arena::Arena;
use super::imported::Imported;
use super::phc::Stored;

/// A tag, wiped when dropped.
pub(super) type Answer = Zeroizing<Vec<u8>>;

/// What to compute.
pub(super) struct Task {
    work: Work,
    /// Whether it costs what hashes cost today.
    pub(super) is_usual: bool,
}

enum Work {
    Argon2 { argon2: Argon2<'static>, salt: Vec<u8>, tag_bytes: usize },
    Imported(Arc<Imported>),
}

/// A task, its password and whoever waits for it.
pub(super) struct Job {
    pub(super) task: Task,
    password: SecretString,
    pub(super) reply: oneshot::Sender<Result<Answer, NotHashed>>,
    pub(super) admitted_at: Option<Instant>,
    pub(super) give_up_at: Option<Instant>,
}

impl Task {
    /// The making of a hash's tag. Usual ones are of today's cost.
    pub(super) fn derive(stored: &Stored, is_usual: bool) -> Self {
        let (argon2, salt, tag_bytes) = (stored.argon2(), stored.salt().to_vec(), stored.tag_bytes());
        Self { work: Work::Argon2 { argon2, salt, tag_bytes }, is_usual }
    }

    /// The same of an imported hash.
    pub(super) fn imported(imported: &Arc<Imported>) -> Self {
        Self { work: Work::Imported(Arc::clone(imported)), is_usual: false }
    }
}

impl Job {
    /// A job that has not been admitted yet.
    pub(super) fn new(
        task: Task,
        password: &SecretString,
        reply: oneshot::Sender<Result<Answer, NotHashed>>,
    ) -> Self {
        Self { task, password: password.clone(), reply, admitted_at: None, give_up_at: None }
    }

    /// Whether nobody can be answered any more.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.give_up_at.is_some_and(|at| now >= at)
    }

    /// Does it.
    pub(super) fn derive(&self, arena: &mut Arena) -> Result<Answer, NotHashed> {
        let password = self.password.expose_secret().as_bytes();
        match &self.task.work {
            Work::Argon2 { argon2, salt, tag_bytes } => {
                let mut tag = Zeroizing::new(vec![0; *tag_bytes]);
                arena.derive(argon2, password, salt, &mut tag).map_err(NotHashed::Argon2)?;
                Ok(tag)
            }
            Work::Imported(imported) => Ok(imported.derive(password)),
        }
    }
}
