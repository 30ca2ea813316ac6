//! The flows as calls: what each needs before it can be timed, and the timed part.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_wire::identity::v1::ProofOutcome;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::mix::Flow;
use super::post::Post;
use super::tally::Ending;
use crate::caller::Caller;
use crate::directory::importing::{self, PASSWORD};
use crate::directory::records::{BLOCKED_ONE_IN, login};
use crate::suite::Suite;

/// People who sign in: so many that no two calls at once are about the same one.
const SIGNING_IN: usize = 2_000;

/// People who forgot their passwords. A reset that ends makes their other ones void, so nobody's turn comes twice in one stretch.
const FORGETFUL: usize = 6_000;

/// What a call may take: people have left by then.
const DEADLINE: Duration = Duration::from_secs(5);

/// Calls at once of what is prepared and not timed.
const PREPARING: usize = 16;

/// Everything that flows need of a suite.
#[derive(Clone)]
pub(crate) struct Flows {
    identity: Caller,
    /// Without a deadline: nobody measures it.
    patient: Caller,
    post: Arc<Post>,
    access_token: Arc<str>,
    next_forgetful: Arc<AtomicUsize>,
}

/// What a timed call begins with.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    flow: Flow,
    person: usize,
    /// Of a reset that has come as far as the flow needs it.
    reset_token: String,
    code: String,
}

/// An ending that is not good.
type Ended = Result<(), Ending>;

impl Flows {
    /// Brings the people in. The suite sends its mails to `post`.
    pub(crate) async fn begin(suite: &Suite, post: Post) -> anyhow::Result<Self> {
        importing::import_people(suite, 0..not_blocked(SIGNING_IN + FORGETFUL)).await?;
        suite.stores.settle().await?;
        let patient = suite.identity().await?;
        let signed_in = patient.sign_in(login(0), PASSWORD.to_owned(), 0).await?;
        let SignInResult::Tokens(tokens) = signed_in else { bail!("nobody could sign in") };
        Ok(Self {
            identity: patient.clone().within(DEADLINE),
            patient,
            post: Arc::new(post),
            access_token: tokens.access_token.into(),
            next_forgetful: Arc::default(),
        })
    }

    /// Prepares calls of these flows, in their order.
    pub(super) async fn prepare(&self, flows: Vec<Flow>) -> anyhow::Result<Vec<Prepared>> {
        let flows: Arc<[Flow]> = flows.into();
        let mut lanes = JoinSet::new();
        for lane in 0..PREPARING {
            let (all, flows) = (self.clone(), Arc::clone(&flows));
            lanes.spawn(async move {
                let mut prepared = Vec::new();
                for number in (lane..flows.len()).step_by(PREPARING) {
                    prepared.push((number, all.prepare_one(flows[number], number).await?));
                }
                anyhow::Ok(prepared)
            });
        }
        let mut all = Vec::new();
        while let Some(lane) = lanes.join_next().await {
            all.extend(lane??);
        }
        all.sort_unstable_by_key(|(number, _)| *number);
        Ok(all.into_iter().map(|(_, prepared)| prepared).collect())
    }

    async fn prepare_one(&self, flow: Flow, number: usize) -> anyhow::Result<Prepared> {
        let person = match flow {
            Flow::SignIn | Flow::CheckAccessToken | Flow::Start => not_blocked(number % SIGNING_IN),
            _ => self.forgetful(),
        };
        let mut prepared = Prepared { flow, person, reset_token: String::new(), code: String::new() };
        if matches!(flow, Flow::Send | Flow::Check | Flow::Complete) {
            prepared.reset_token = self.patient.start_reset(login(person), number).await?.reset_token;
        }
        if matches!(flow, Flow::Check | Flow::Complete) {
            let mail = self.post.expect(&login(person));
            self.patient.send_code(prepared.reset_token.clone(), number).await?;
            prepared.code = timeout(DEADLINE, mail).await.context("a code did not arrive")??;
        }
        if flow == Flow::Complete {
            let Prepared { reset_token, code, .. } = prepared.clone();
            let proved = self.patient.prove(reset_token, code, number).await?;
            prepared.reset_token = proved.reset_token;
        }
        Ok(prepared)
    }

    /// The next of those who forgot their passwords.
    fn forgetful(&self) -> usize {
        let next = self.next_forgetful.fetch_add(1, Ordering::Relaxed);
        not_blocked(SIGNING_IN + next % FORGETFUL)
    }

    /// The timed part.
    pub(super) async fn call(&self, prepared: Prepared, number: usize) -> Ending {
        let Prepared { flow, person, reset_token, code } = prepared;
        let ended = match flow {
            Flow::SignIn => self.sign_in(person, number).await,
            Flow::Start => self
                .identity
                .start_reset(login(person), number)
                .await
                .map(drop)
                .map_err(|status| Ending::of(&status)),
            Flow::Send => {
                self.identity.send_code(reset_token, number).await.map_err(|status| Ending::of(&status))
            }
            Flow::Check => self.check(reset_token, code, number).await.map(drop),
            Flow::Complete => {
                self.identity.complete(reset_token, number).await.map_err(|status| Ending::of(&status))
            }
            Flow::Reset => self.reset(person, number).await,
            Flow::CheckAccessToken => {
                let access_token = self.access_token.to_string();
                self.identity
                    .check_access_token(access_token, number)
                    .await
                    .map_err(|status| Ending::of(&status))
            }
            Flow::Mixed => Err(Ending::Failed("a mixture is drawn before it is called".to_owned())),
        };
        ended.err().unwrap_or(Ending::Good)
    }

    async fn sign_in(&self, person: usize, number: usize) -> Ended {
        let answer = self
            .identity
            .sign_in(login(person), PASSWORD.to_owned(), number)
            .await
            .map_err(|status| Ending::of(&status))?;
        if matches!(answer, SignInResult::Tokens(_)) { Ok(()) } else { Err(wrong("no tokens")) }
    }

    /// The token that carries the proof.
    async fn check(&self, reset_token: String, code: String, number: usize) -> Result<String, Ending> {
        let answer =
            self.identity.prove(reset_token, code, number).await.map_err(|status| Ending::of(&status))?;
        if answer.outcome() == ProofOutcome::Accepted {
            Ok(answer.reset_token)
        } else {
            Err(wrong("a right code was rejected"))
        }
    }

    async fn reset(&self, person: usize, number: usize) -> Ended {
        let started =
            self.identity.start_reset(login(person), number).await.map_err(|status| Ending::of(&status))?;
        let mail = self.post.expect(&login(person));
        self.identity
            .send_code(started.reset_token.clone(), number)
            .await
            .map_err(|status| Ending::of(&status))?;
        let code = arrived(mail).await?;
        let proved = self.check(started.reset_token, code, number).await?;
        self.identity.complete(proved, number).await.map_err(|status| Ending::of(&status))
    }
}

async fn arrived(mail: oneshot::Receiver<String>) -> Result<String, Ending> {
    match timeout(DEADLINE, mail).await {
        Ok(Ok(code)) => Ok(code),
        _ => Err(wrong("a code did not arrive")),
    }
}

/// The number of the person at this place among those who are not blocked.
const fn not_blocked(place: usize) -> usize {
    let between = BLOCKED_ONE_IN - 1;
    place / between * BLOCKED_ONE_IN + place % between
}

fn wrong(what: &str) -> Ending {
    Ending::Failed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_has_one_place_and_the_blocked_have_none() {
        let people: HashSet<usize> = (0..1_000).map(not_blocked).collect();

        assert_eq!(people.len(), 1_000);
        assert!(people.iter().all(|person| person % BLOCKED_ONE_IN != BLOCKED_ONE_IN - 1));
        assert_eq!(people.iter().max(), Some(&1_009));
    }
}
