//! People who reset their passwords while something is done to the suite: no call of theirs may fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rekey_client::{Connection, Problem};
use rekey_testing::SmtpServer;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::person::request_id;
use rekey_tests::post::code_to;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::{
    CompletePasswordResetRequest, CreateAccountRequest, ProofOutcome, SendResetCodeRequest,
    StartPasswordResetRequest, SubmitResetProofRequest,
};
use tonic::{Response, Status};

/// What everybody's password is afterwards.
pub(crate) const NEW: &str = "nine slow rivers and stone";
/// Reasons of a process that has too much to do.
const BUSY: [&str; 2] = ["HASHING_BUSY", "OVERLOADED"];
/// People who reset their passwords at any moment: two cores hash no more at once.
const AT_ONCE: usize = 3;

/// The people and how far they are.
pub(crate) struct Resetting {
    backend: Backend,
    mail: Arc<SmtpServer>,
    is_over: AtomicBool,
    /// How often each of them got through.
    done: [AtomicUsize; AT_ONCE],
}

impl Resetting {
    /// People of this tenant.
    pub(crate) fn of(replicas: &Replicas, tenant_id: String) -> Self {
        let mail = Arc::clone(&replicas.deployment().ground.mail);
        let (is_over, done) = (AtomicBool::new(false), Default::default());
        Self { backend: replicas.backend(tenant_id), mail, is_over, done }
    }

    /// They begin, and go on until the work is done.
    pub(crate) async fn during(&self, work: impl Future<Output = ()>) {
        let work = async {
            work.await;
            self.is_over.store(true, Ordering::Relaxed);
        };
        let people = (0..AT_ONCE).map(async |number| {
            let mut round = 0;
            while !self.is_over.load(Ordering::Relaxed) {
                let name = format!("person{number}of{round}");
                let outcome = reset(&self.backend, &self.mail, &name).await;
                outcome.unwrap_or_else(|status| panic!("{name}: {status:?}"));
                self.done[number].fetch_add(1, Ordering::Relaxed);
                round += 1;
            }
        });
        tokio::join!(work, futures_util::future::join_all(people));
    }

    /// How many resets went through.
    pub(crate) fn done(&self) -> usize {
        self.rounds().iter().sum()
    }

    /// Waits until everybody was through once more, so that whatever began before is over.
    pub(crate) async fn goes_on(&self) {
        let before = self.rounds();
        let went_on =
            async || self.rounds().iter().zip(before).all(|(now, before)| *now > before).then_some(());
        eventually("resets go through", went_on).await;
    }

    fn rounds(&self) -> [usize; AT_ONCE] {
        self.done.each_ref().map(|done| done.load(Ordering::Relaxed))
    }
}

/// A person is there and resets their password; no call is repeated but by the connection.
pub(crate) async fn reset(backend: &Backend, mail: &SmtpServer, name: &str) -> Result<(), Status> {
    let login = create(backend, name).await?;
    let resets = PasswordResetServiceClient::new(backend.identity.clone());
    let start = StartPasswordResetRequest {
        tenant_id: backend.tenant_id.clone(),
        login: login.clone(),
        context: None,
    };
    let started = answered(async || resets.clone().start_password_reset(start.clone()).await).await?;
    let reset_token = started.reset_token;
    let send = SendResetCodeRequest {
        reset_token: reset_token.clone(),
        method_id: "1".to_owned(),
        request_id: request_id(),
        context: None,
    };
    answered(async || resets.clone().send_reset_code(send.clone()).await).await?;
    let submit = SubmitResetProofRequest {
        reset_token,
        method_id: "1".to_owned(),
        code: code_to(mail, &login, 1).await,
        request_id: request_id(),
        ..SubmitResetProofRequest::default()
    };
    let proved = answered(async || resets.clone().submit_reset_proof(submit.clone()).await).await?;
    assert_eq!(proved.outcome(), ProofOutcome::Accepted, "{name}");
    let complete = CompletePasswordResetRequest {
        reset_token: proved.reset_token,
        new_password: NEW.to_owned(),
        request_id: request_id(),
        context: None,
    };
    answered(async || resets.clone().complete_password_reset(complete.clone()).await).await.map(drop)
}

/// The answer to a call. One that finds the hashing threads of nine processes on a few cores busy is made again: that is
/// no matter of who is restarted.
pub(crate) async fn answered<T>(
    mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
) -> Result<T, Status> {
    let answer = async || match call().await {
        Err(status) if BUSY.contains(&Problem::of(&status).reason.as_str()) => None,
        answer => Some(answer.map(Response::into_inner)),
    };
    eventually("there is room to hash a password", answer).await
}

async fn create(backend: &Backend, name: &str) -> Result<String, Status> {
    let login = format!("{name}@acme.example");
    let request = CreateAccountRequest {
        tenant_id: backend.tenant_id.clone(),
        logins: vec![login.clone()],
        display_name: name.to_owned(),
        password: "seven quiet lanterns under snow".to_owned(),
        email_addresses: vec![login.clone()],
        addresses_confirmed: true,
        request_id: request_id(),
        ..CreateAccountRequest::default()
    };
    let accounts: AccountServiceClient<Connection> = AccountServiceClient::new(backend.identity.clone());
    answered(async || accounts.clone().create_account(request.clone()).await).await?;
    Ok(login)
}
