//! A repeated request gets the first answer: the key of a call, and the sealing of what is kept of its answer.
//!
//! An answer that is kept is a small struct in JSON, sealed and bound to the key of its call, so rows cannot be
//! exchanged. What was asked is kept as a keyed hash, since it holds passwords and codes.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_sealing::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, Failed, Identity};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::{Once, Recalled, Step};

/// A call that may be repeated.
#[derive(Clone, Copy)]
pub(crate) struct Repeatable {
    key: [u8; 32],
    content: [u8; 32],
    expires_at: Timestamp,
}

/// Who makes a call and which.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The RPC.
    pub rpc: &'static str,
    /// The caller's name, or the account of the person.
    pub who: &'a str,
    /// The tenant it is about.
    pub tenant_id: TenantId,
    /// The id that a repeat carries again.
    pub request_id: RequestId,
}

impl Repeatable {
    /// Its key, which also names it in counters.
    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Names the call together with what it asks: other content under one id is another try.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        digest(&[&self.key, &self.content])
    }

    /// The id of a call to a neighbour that belongs to this one, so that a repeat repeats it. `about` is what else the
    /// neighbour is told and may differ between repeats.
    pub(crate) fn request_id(&self, step: &str, about: &[&[u8]]) -> Uuid {
        let parts: Vec<&[u8]> =
            [step.as_bytes(), &self.key, &self.content].into_iter().chain(about.iter().copied()).collect();
        let hash = digest(&parts);
        let mut front = [0; 16];
        front.copy_from_slice(&hash[..16]);
        // Neighbours may take version 4 alone; the bits of a digest are as good as drawn ones.
        uuid::Builder::from_random_bytes(front).into_uuid()
    }

    /// Something that is kept once until then, by whichever call comes first.
    pub(crate) fn first_of(key: [u8; 32], expires_at: Timestamp) -> Self {
        Self { key, content: digest(&[b"first of", &key]), expires_at }
    }

    /// The same call under another key, as for refresh tokens, which are their own request ids.
    #[must_use]
    pub(crate) fn keyed(self, key: [u8; 32]) -> Self {
        Self { key, ..self }
    }

    /// What a step needs to happen once.
    pub(crate) fn once<'a, T>(&self, answer: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync)) -> Once<'a, T> {
        Once { key: self.key, content: self.content, expires_at: self.expires_at, answer }
    }

    fn context(&self) -> Vec<u8> {
        [b"answer".as_slice(), &self.key].concat()
    }
}

impl Identity {
    /// A call that may be repeated, with everything it asks for.
    pub(crate) fn repeatable(&self, call: Call<'_>, content: &[&[u8]], now: Timestamp) -> Repeatable {
        let tenant_id = call.tenant_id.as_uuid();
        let request_id = call.request_id.as_uuid();
        Repeatable {
            key: digest(&[
                call.rpc.as_bytes(),
                call.who.as_bytes(),
                tenant_id.as_bytes(),
                request_id.as_bytes(),
            ]),
            content: self.keys.login_hash.tag("request", content),
            expires_at: now.plus(Duration::from_secs(self.settings.tokens.answer_life_seconds)),
        }
    }

    /// Seals an answer to be kept.
    pub(crate) fn seal_answer<A: Serialize>(&self, call: &Repeatable, answer: &A) -> Vec<u8> {
        let json = rekey_primitives::secret::Zeroizing::new(
            serde_json::to_vec(answer).expect("answers are plain structs, which always have a JSON form"),
        );
        self.keys.tokens.seal(&*self.entropy, &call.context(), &json)
    }

    /// Opens an answer that was kept.
    pub(crate) fn open_answer<A: DeserializeOwned>(
        &self,
        call: &Repeatable,
        sealed: &[u8],
    ) -> Result<A, Error> {
        let unreadable = || Error::from(Failed::Unreadable { what: "a kept answer" });
        let json = self.keys.tokens.open(&call.context(), sealed).map_err(|_| unreadable())?;
        serde_json::from_slice(&json).map_err(|_| unreadable())
    }

    /// The answer kept of an earlier call, before costly work is done again.
    pub(crate) async fn recall<A: DeserializeOwned>(
        &self,
        scope: &TenantScope,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<Option<A>, Error> {
        match self.store.recall(scope, &call.key, &call.content, now).await? {
            Recalled::New | Recalled::UnderWay => Ok(None),
            Recalled::Answer(sealed) => self.open_answer(call, &sealed).map(Some),
            Recalled::OtherContent => Err(Refusal::RequestIdReused.into()),
        }
    }

    /// Sorts the end of a step: what was done, or the answer that was kept, or the refusal of the step.
    pub(crate) fn settle<T, R, A: DeserializeOwned>(
        &self,
        call: &Repeatable,
        step: Step<T, R>,
    ) -> Result<Settled<T, R, A>, Error> {
        match step {
            Step::Done(done) => Ok(Settled::Done(done)),
            Step::Refused(why) => Ok(Settled::Refused(why)),
            Step::Repeated(sealed) => self.open_answer(call, &sealed).map(Settled::Repeated),
            Step::OtherContent => Err(Refusal::RequestIdReused.into()),
        }
    }

    /// Keeps the answer of a call that wrote nothing else; gives the one that stands.
    pub(crate) async fn keep_answer<A: Serialize + DeserializeOwned>(
        &self,
        scope: &TenantScope,
        call: &Repeatable,
        answer: A,
        now: Timestamp,
    ) -> Result<A, Error> {
        let sealed = self.seal_answer(call, &answer);
        let step = self.store.keep_answer(scope, call.once(&|(): &()| sealed.clone()), now).await?;
        match self.settle::<(), (), A>(call, step)? {
            Settled::Repeated(first) => Ok(first),
            Settled::Done(()) | Settled::Refused(()) => Ok(answer),
        }
    }
}

/// How a step ended, for a flow.
pub(crate) enum Settled<T, R, A> {
    /// It happened now.
    Done(T),
    /// Its condition did not hold.
    Refused(R),
    /// It happened before, with this answer.
    Repeated(A),
}

/// The answer of a call that can be rejected for what it shows, as it is kept. What it did is kept as it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OrRejected<A> {
    /// It was done.
    Done(A),
    /// It was not; never why.
    Rejected {
        /// Always true.
        rejected: bool,
    },
}

impl<A> OrRejected<A> {
    /// A rejection.
    pub(crate) const REJECTED: Self = Self::Rejected { rejected: true };

    /// The answer that was given then, a rejection as that refusal.
    pub(crate) fn or(self, refusal: Refusal) -> Result<A, Error> {
        match self {
            Self::Done(answer) => Ok(answer),
            Self::Rejected { .. } => Err(refusal.into()),
        }
    }
}

impl std::fmt::Debug for Repeatable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeatable").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
