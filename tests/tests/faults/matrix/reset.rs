//! One reset of one person, in which everything that may happen once is tried twice at the same time.

use std::time::Duration;

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::{ProofOutcome, StartPasswordResetResponse, SubmitResetProofResponse};
use tonic::Status;

use super::people::{Crowd, Diary};

/// How long somebody waits for a code before they ask for it again, as people do.
const ASK_AGAIN: Duration = Duration::from_secs(4);
/// How often they ask.
const ASKS: usize = 12;
/// A code that nobody is sent.
const WRONG: &str = "0123456789";

/// Whether the reset set a password. One that comes to nothing is a failure unless the cell is one in which it may.
pub(super) async fn go_through(crowd: &Crowd, diary: &mut Diary) -> bool {
    match try_through(crowd, diary).await {
        Ok(()) => true,
        Err(why) => {
            assert!(crowd.cell.may_void_resets(), "{}: {why}", diary.person.login);
            diary.void.push(why);
            false
        }
    }
}

async fn try_through(crowd: &Crowd, diary: &mut Diary) -> Result<(), String> {
    let backend = &crowd.backend;
    let started = backend.start(&diary.person.login).await.map_err(|status| refusal(&status))?;
    let reset_token = prove(crowd, diary, &started).await?;
    let [one, other] = [(); 2].map(|()| format!("nine slow rivers and stone {}", request_id()));
    let (first, second) =
        tokio::join!(backend.complete(&reset_token, &one), backend.complete(&reset_token, &other));
    let (set, unset) = match (first, second) {
        (Ok(_), Err(_)) => (one, other),
        (Err(_), Ok(_)) => (other, one),
        (Err(first), Err(second)) => {
            diary.unset.extend([one, other]);
            return Err(format!("completing: {} and {}", refusal(&first), refusal(&second)));
        }
        (Ok(_), Ok(_)) => panic!("{}: one reset set two passwords", diary.person.login),
    };
    note(diary, set, unset);
    look_around(crowd, diary).await;
    Ok(())
}

fn note(diary: &mut Diary, set: String, unset: String) {
    diary.passwords.push(set);
    diary.unset.push(unset);
    diary.ended.push(std::mem::take(&mut diary.session));
}

/// The new password is the only one, and the session from before is over.
async fn look_around(crowd: &Crowd, diary: &mut Diary) {
    let (backend, login) = (&crowd.backend, &diary.person.login);
    let [.., before, now] = diary.passwords.as_slice() else { unreachable!("one was just set") };
    let unset = diary.unset.last().expect("the other one was not");
    assert!(!backend.signs_in(login, before).await, "{login}: the old password signs in");
    assert!(!backend.signs_in(login, unset).await, "{login}: the password of the second completion signs in");
    let session = backend.access_token(login, now).await;
    diary.session = session.unwrap_or_else(|| panic!("{login}: the new password does not sign in"));
    let ended = diary.ended.last().expect("there was one");
    assert!(!backend.is_live(ended).await, "{login}: a session outlived its epoch");
}

/// Has codes sent until one is accepted; the token that may set a password.
async fn prove(
    crowd: &Crowd,
    diary: &mut Diary,
    started: &StartPasswordResetResponse,
) -> Result<String, String> {
    let token = &started.reset_token;
    let method = started.methods.iter().find(|method| method.kind() == diary.address.kind());
    let method = &method.expect("the deployment carries both kinds").method_id;
    let mut rejected = 0;
    for _ in 0..ASKS {
        match crowd.backend.send(token, method).await {
            Ok(_) => diary.sends += 1,
            Err(status) if Problem::of(&status).reason == "SEND_LIMITED" => {}
            Err(status) => return Err(format!("sending: {}", refusal(&status))),
        }
        let code = crowd.post.new_code(&diary.address, &diary.codes, ASK_AGAIN).await;
        if let Some(code) = code {
            diary.codes.push(code.clone());
            if let Some(proved) = show(crowd, token, method, &code).await? {
                return Ok(proved);
            }
            rejected += 1;
        }
    }
    Err(format!("no code was accepted, {rejected} were rejected"))
}

/// Shows a wrong code and then the right one twice at once; the token that carries the proof, if there is one.
async fn show(crowd: &Crowd, token: &str, method: &str, code: &str) -> Result<Option<String>, String> {
    let backend = &crowd.backend;
    let wrong = backend.prove(token, method, WRONG).await.map_err(|status| refusal(&status))?;
    assert_eq!(wrong.outcome(), ProofOutcome::Rejected);
    let (first, second) =
        tokio::join!(backend.prove(token, method, code), backend.prove(token, method, code));
    let mut accepted = Vec::new();
    for proved in [first, second] {
        accepted.extend(taken(proved.map_err(|status| refusal(&status))?));
    }
    assert!(accepted.len() < 2, "a code proved something twice");
    Ok(accepted.pop())
}

fn taken(proved: SubmitResetProofResponse) -> Option<String> {
    (proved.outcome() == ProofOutcome::Accepted).then_some(proved.reset_token)
}

fn refusal(status: &Status) -> String {
    format!("{:?} {}", status.code(), Problem::of(status).reason)
}
