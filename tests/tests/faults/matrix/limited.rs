//! People who had used up what a limit grants before the fault, and must find it used up afterwards.

use prost_types::{Duration, FieldMask};
use rekey_tests::backend::Backend;
use rekey_tests::person::{Person, request_id};
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::{GetPolicyRequest, MethodKind, ProofOutcome, UpdatePolicyRequest};

use super::people::{Address, Post};
use super::site::Site;

/// Wrong passwords that lock a login, and wrong codes that pause a method.
const TRIES: usize = 10;
/// Longer than any cell takes.
const LOCK: Duration = Duration { seconds: 3600, nanos: 0 };

/// Two people at their limits.
pub(super) struct Limited {
    /// Typed too many wrong passwords.
    locked: Person,
    /// Typed too many wrong codes, in another reset than this one, whose code was never shown.
    reset_token: String,
    method: String,
    code: String,
}

impl Limited {
    /// Codes that were sent to them.
    pub(super) const SENDS: usize = 2;

    /// Goes to the limits.
    pub(super) async fn at_their_limits(site: &Site) -> Self {
        let backend = &site.backend;
        lock_for_long(backend).await;
        let (locked, spent) = (backend.person("locked").await, backend.person("spent").await);
        for number in 0..TRIES {
            let wrong = format!("not this one, nor {number}");
            assert!(!backend.signs_in(&locked.login, &wrong).await);
        }
        let address = Address::Mail(spent.login.clone());
        let (reset_token, method) = asked(backend, &spent).await;
        let arrived = async || Post::of(site).codes_to(&address).into_iter().next();
        let code = eventually("the code of who will type wrong ones", arrived).await;
        let (other, _) = asked(backend, &spent).await;
        for number in 0..TRIES {
            let wrong = format!("01234567{number:02}");
            let shown = backend.prove(&other, &method, &wrong).await.unwrap();
            assert_eq!(shown.outcome(), ProofOutcome::Rejected);
        }
        let limited = Self { locked, reset_token, method, code };
        limited.assert_stopped(site).await;
        limited
    }

    /// The right password does not sign in, and the right code proves nothing.
    pub(super) async fn assert_stopped(&self, site: &Site) {
        let Self { locked, reset_token, method, code } = self;
        assert!(!site.backend.signs_in(&locked.login, &locked.password).await, "a lock was lifted");
        let shown = site.backend.prove(reset_token, method, code).await.unwrap();
        assert_eq!(shown.outcome(), ProofOutcome::Rejected, "a pause was lifted");
    }
}

/// A reset in which a code was asked for: its token, and the method of mail.
async fn asked(backend: &Backend, person: &Person) -> (String, String) {
    let started = backend.start(&person.login).await.unwrap();
    let mail = started.methods.iter().find(|method| method.kind() == MethodKind::Email);
    let method = mail.expect("mail is carried").method_id.clone();
    backend.send(&started.reset_token, &method).await.unwrap();
    (started.reset_token, method)
}

/// Makes the tenant's locks longer than a cell.
async fn lock_for_long(backend: &Backend) {
    let mut policies = PolicyServiceClient::new(backend.identity.clone());
    let get = GetPolicyRequest { tenant_id: backend.tenant_id.clone(), context: None, revision: 0 };
    let mut policy = policies.get_policy(get).await.unwrap().into_inner().policy.unwrap();
    policy.lockout.as_mut().unwrap().first_lock = Some(LOCK);
    let update = UpdatePolicyRequest {
        tenant_id: backend.tenant_id.clone(),
        etag: policy.etag.clone(),
        policy: Some(policy),
        update_mask: Some(FieldMask { paths: vec!["lockout.first_lock".to_owned()] }),
        request_id: request_id(),
        context: None,
    };
    policies.update_policy(update).await.unwrap();
}
