//! A repeated call gets the first answer: the key of a call, and the one runner that looks for an answer before the work and
//! sees to it that there is one after.
//!
//! An answer is also looked for after a refusal: a call that repeats another one which is still under way may be refused
//! because of what that one does.
//!
//! The body of a use case gives an [`Answer`], which only a step that stored it, [`Answer::to_store`] or the deliberate
//! [`Answer::unstored`] can make; only [`Idempotency::run`] opens it again. So no use case forgets either half.
//!
//! A stored answer is JSON, sealed and bound to the key of its call, so rows cannot be exchanged. What was asked is stored as a
//! keyed hash, since it holds passwords and codes.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{RequestId, from_digest};
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, Failed, Operation, Repeatable};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::keys::Keys;
use crate::store::{EarlierRequest, IdempotentRequest, StepOutcome, Store};

/// What names a call and what it asks.
#[derive(Clone, Copy, derive_more::Debug)]
pub(crate) struct IdempotencyKey {
    #[debug(skip)]
    key: [u8; 32],
    #[debug(skip)]
    content: [u8; 32],
    expires_at: Timestamp,
}

/// What a repeat has to say again: who asks, under which id, for what.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The caller's name, or the account or session of the person.
    pub who: &'a str,
    pub id: RequestId,
    pub content: &'a [&'a [u8]],
}

/// The answer of a body, on its way through the runner.
pub(crate) struct Answer<A>(State<A>);

enum State<A> {
    Stored(A),
    ToStore(A),
    Unstored(A),
}

/// How a step ended, for a use case that goes on.
pub(crate) enum Settled<T, R, A> {
    Done(T),
    /// Its condition did not hold.
    Refused(R),
    /// It happened before, with this answer.
    Repeated(Answer<A>),
}

/// An answer that can be rejected for what the call shows, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OrRejected<A> {
    Done(A),
    /// Never why.
    Rejected {
        /// Always true.
        rejected: bool,
    },
}

/// Stores answers and finds them again.
#[derive(Clone)]
pub(crate) struct Idempotency {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub entropy: SharedEntropy,
    /// How long an answer is stored.
    pub life: Duration,
}

/// Seals what a step found as the answer to store.
type Seal<'a, T> = Box<dyn Fn(&T) -> Vec<u8> + Send + Sync + 'a>;

/// The answer that a step stores, made of what the step found.
pub(crate) struct Answering<'a, T, A> {
    idempotency: &'a Idempotency,
    key: IdempotencyKey,
    answer: Arc<dyn Fn(&T) -> A + Send + Sync + 'a>,
    seal: Seal<'a, T>,
}

impl IdempotencyKey {
    /// The same call under another key, as for refresh tokens, which are their own request ids.
    #[must_use]
    pub(crate) fn keyed(self, key: [u8; 32]) -> Self {
        Self { key, ..self }
    }

    /// The key without what was asked, which also names the call in counters.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// Names the call together with what it asks: other content under one id is another attempt.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        digest(&[&self.key, &self.content])
    }

    /// The id of a call to a neighbour that belongs to this one, so that a repeat repeats it. `about` is what else the
    /// neighbour is told and may differ between repeats.
    pub(crate) fn request_id(&self, step: &str, about: &[&[u8]]) -> Uuid {
        let parts: Vec<&[u8]> =
            [step.as_bytes(), &self.key, &self.content].into_iter().chain(about.iter().copied()).collect();
        from_digest(&digest(&parts))
    }

    fn context(&self) -> Vec<u8> {
        [b"answer".as_slice(), &self.key].concat()
    }
}

impl<A> Answer<A> {
    /// Of a call that wrote nothing else: the runner stores it.
    pub(crate) fn to_store(answer: A) -> Self {
        Self(State::ToStore(answer))
    }

    /// The answer as it is given today, where what is stored of it has aged.
    pub(crate) fn map(self, adapt: impl FnOnce(A) -> A) -> Self {
        Self(match self.0 {
            State::Stored(answer) => State::Stored(adapt(answer)),
            State::ToStore(answer) => State::ToStore(adapt(answer)),
            State::Unstored(answer) => State::Unstored(adapt(answer)),
        })
    }

    /// Of a call whose repeat is to be judged anew. Say why at the call.
    pub(crate) fn unstored(answer: A) -> Self {
        Self(State::Unstored(answer))
    }
}

impl<A> OrRejected<A> {
    pub(crate) const REJECTED: Self = Self::Rejected { rejected: true };
}

impl Idempotency {
    /// The operation under the name that its repeats have too.
    pub(crate) fn named<'a>(&self, operation: Operation<'a>, request: Request<'_>) -> Repeatable<'a> {
        let tenant_id = operation.scope.tenant_id();
        let key = self.key_in(tenant_id.as_uuid(), &operation, request);
        Repeatable { operation, key }
    }

    /// As [`Self::named`], for an operation that makes its tenant: its repeat comes with another one.
    pub(crate) fn named_without_tenant<'a>(
        &self,
        operation: Operation<'a>,
        request: Request<'_>,
    ) -> Repeatable<'a> {
        let key = self.key_in(Uuid::nil(), &operation, request);
        Repeatable { operation, key }
    }

    /// Gives the answer of an earlier call, or does the work and stores its answer.
    pub(crate) async fn run<A: Serialize + DeserializeOwned>(
        &self,
        operation: &Repeatable<'_>,
        body: impl Future<Output = Result<Answer<A>, Error>>,
    ) -> Result<A, Error> {
        // A body is large: boxed, it is moved once, and the futures around it stay small.
        let body = Box::pin(body);
        match self.recall(&operation.scope, &operation.key, operation.now).await? {
            Some(first) => Ok(first),
            None => self.run_unrecalled(operation, body).await,
        }
    }

    /// The same for a body whose first step finds an earlier answer by itself, so that nothing is read for it before.
    pub(crate) async fn run_unrecalled<A: Serialize + DeserializeOwned>(
        &self,
        operation: &Repeatable<'_>,
        body: impl Future<Output = Result<Answer<A>, Error>>,
    ) -> Result<A, Error> {
        match Box::pin(body).await {
            Ok(Answer(State::Stored(answer) | State::Unstored(answer))) => Ok(answer),
            Ok(Answer(State::ToStore(answer))) => {
                self.store_answer(&operation.scope, &operation.key, answer, operation.now).await
            }
            // What refuses a repeat may be what the first call has done meanwhile.
            Err(refused @ Error::Refused(_)) => {
                let first = self.recall(&operation.scope, &operation.key, operation.now).await?;
                first.ok_or(refused)
            }
            Err(failed) => Err(failed),
        }
    }

    /// The answer of a body that stores it under another name, and whose step finds it for a repeat.
    pub(crate) async fn run_in_step<A>(
        body: impl Future<Output = Result<Answer<A>, Error>>,
    ) -> Result<A, Error> {
        let (State::Stored(answer) | State::ToStore(answer) | State::Unstored(answer)) =
            Box::pin(body).await?.0;
        Ok(answer)
    }

    /// The answer that a step of this operation stores.
    pub(crate) fn answering<'a, T: 'a, A: Serialize + 'a>(
        &'a self,
        key: IdempotencyKey,
        answer: impl Fn(&T) -> A + Send + Sync + 'a,
    ) -> Answering<'a, T, A> {
        let answer: Arc<dyn Fn(&T) -> A + Send + Sync + 'a> = Arc::new(answer);
        let sealed = Arc::clone(&answer);
        let seal = Box::new(move |found: &T| self.seal(&key, &sealed(found)));
        Answering { idempotency: self, key, answer, seal }
    }

    /// The answer of an earlier call.
    async fn recall<A: DeserializeOwned>(
        &self,
        scope: &TenantScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<A>, Error> {
        match self.store.find_answer(scope, &key.key, &key.content, now).await? {
            EarlierRequest::New | EarlierRequest::Unanswered => Ok(None),
            EarlierRequest::Answered(sealed) => self.open(key, &sealed).map(Some),
            EarlierRequest::OtherContent => Err(Refusal::RequestIdReused.into()),
        }
    }

    /// Stores the answer of a call that wrote nothing else; gives the one that stands.
    async fn store_answer<A: Serialize + DeserializeOwned>(
        &self,
        scope: &TenantScope,
        key: &IdempotencyKey,
        answer: A,
        now: Timestamp,
    ) -> Result<A, Error> {
        let sealed = self.seal(key, &answer);
        let step = self.store.store_answer(scope, key.once(&|(): &()| sealed.clone()), now).await?;
        match step {
            StepOutcome::Repeated(first) => self.open(key, &first),
            StepOutcome::Done(()) | StepOutcome::Refused(()) => Ok(answer),
            StepOutcome::OtherContent => Err(Refusal::RequestIdReused.into()),
        }
    }

    fn key_in(&self, tenant_id: Uuid, operation: &Operation<'_>, request: Request<'_>) -> IdempotencyKey {
        let rpc = operation.rpc.name.as_bytes();
        let request_id = request.id.as_uuid();
        IdempotencyKey {
            key: digest(&[rpc, request.who.as_bytes(), tenant_id.as_bytes(), request_id.as_bytes()]),
            content: self.keys.login_hash.tag("request", request.content),
            expires_at: operation.now.plus(self.life),
        }
    }

    fn seal<A: Serialize>(&self, key: &IdempotencyKey, answer: &A) -> Vec<u8> {
        let json = Zeroizing::new(
            serde_json::to_vec(answer).expect("answers are plain structs, which always have a JSON form"),
        );
        self.keys.tokens.seal(&*self.entropy, &key.context(), &json)
    }

    fn open<A: DeserializeOwned>(&self, key: &IdempotencyKey, sealed: &[u8]) -> Result<A, Error> {
        let unreadable = || Error::from(Failed::Unreadable { what: "a stored answer" });
        let json = self.keys.tokens.open(&key.context(), sealed).map_err(|_| unreadable())?;
        serde_json::from_slice(&json).map_err(|_| unreadable())
    }
}

impl IdempotencyKey {
    fn once<'a, T>(&self, seal: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync)) -> IdempotentRequest<'a, T> {
        IdempotentRequest { key: self.key, content: self.content, expires_at: self.expires_at, answer: seal }
    }
}

impl<T, A: DeserializeOwned> Answering<'_, T, A> {
    /// What the step is to store.
    pub(crate) fn once(&self) -> IdempotentRequest<'_, T> {
        self.key.once(&*self.seal)
    }

    /// The answer that now stands, or why the step was not done.
    pub(crate) fn settle<R>(&self, step: StepOutcome<T, R>) -> Result<Result<Answer<A>, R>, Error> {
        Ok(match self.outcome(step)? {
            Settled::Done(done) => Ok(self.stored(&done)),
            Settled::Repeated(answer) => Ok(answer),
            Settled::Refused(why) => Err(why),
        })
    }

    /// The same for a use case that does more where the step was done now.
    pub(crate) fn outcome<R>(&self, step: StepOutcome<T, R>) -> Result<Settled<T, R, A>, Error> {
        match step {
            StepOutcome::Done(done) => Ok(Settled::Done(done)),
            StepOutcome::Refused(why) => Ok(Settled::Refused(why)),
            StepOutcome::Repeated(sealed) => {
                let first = self.idempotency.open(&self.key, &sealed)?;
                Ok(Settled::Repeated(Answer(State::Stored(first))))
            }
            StepOutcome::OtherContent => Err(Refusal::RequestIdReused.into()),
        }
    }

    /// The answer that the step stored when it was done.
    pub(crate) fn stored(&self, done: &T) -> Answer<A> {
        Answer(State::Stored((self.answer)(done)))
    }
}

/// How secrets stand in a stored answer, which is sealed. Nowhere else may a secret be written out.
pub(crate) mod sealed_secret {
    use rekey_primitives::secret::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }
}

#[cfg(test)]
mod tests;
