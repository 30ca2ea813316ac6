//! A reset that commits while a sign-in with the old password is on its way.

use std::sync::{Arc, Mutex};

use rekey_primitives::entropy::{Entropy, SystemEntropy};
use tokio::runtime::Handle;

use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::hashing::Hasher;
use crate::sign_in::SignedIn;
use crate::store::StepOutcome;
use crate::store::resets::CompleteReset;
use crate::testing::{NEW, OLD, World};
use crate::tokens::AskedPage;

/// Lets something happen when the first salt is drawn: the password was compared and is about to be hashed anew, and
/// the session is not open yet.
struct Meddling<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Entropy for Meddling<F> {
    fn fill(&self, bytes: &mut [u8]) {
        let first = self.0.lock().unwrap().take();
        if let Some(meddle) = first {
            meddle();
        }
        SystemEntropy.fill(bytes);
    }
}

/// A reset of this account to [`NEW`], ready to commit.
async fn reset_of(world: &World, account: &Account) -> CompleteReset {
    let now = world.now();
    let event = world.audit.draft(world.tenant.id, EventKind::ResetCompleted, now);
    CompleteReset {
        account_id: account.id,
        epoch: account.epoch,
        recovery_version: account.recovery_version,
        password: world.password_record(account.id, NEW).await,
        history: 1,
        login: world.parts.keys.login_key_of(account),
        event: event.on(account.id).done(),
        notices: Vec::new(),
        now,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_between_comparing_and_opening_leaves_the_old_password_neither_session_nor_hash() {
    let mut world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let reset = reset_of(&world, &account).await;
    let set = reset.password.hash.clone();
    let (store, scope) = (world.parts.store.clone(), world.scope);
    let commit = async move {
        let step = store.complete_reset(&scope, &reset, None).await.unwrap();
        assert!(matches!(step, StepOutcome::Done(_)), "{step:?}");
    };
    let meddle = || tokio::task::block_in_place(|| Handle::current().block_on(commit));
    // At another cost every hash is made anew at sign-in.
    let mut costlier = world.parts.settings.hashing.clone();
    costlier.cost.memory_kib = 128;
    let meddling = Arc::new(Meddling(Mutex::new(Some(meddle))));
    world.adapt(|parts| parts.hasher = Hasher::start(&costlier, meddling).unwrap());

    let by_the_old = world.sign_in("ada", OLD).await;
    let after = world.read(&account).await;
    let by_the_new = world.signed_in("ada", NEW).await;

    assert!(matches!(by_the_old, SignedIn::Rejected), "{by_the_old:?}");
    assert_eq!(after.epoch, account.epoch.next());
    assert_eq!(after.password.unwrap().hash, set);
    let person = world.live(&by_the_new).await.unwrap();
    assert_eq!(
        world.sessions.list(&world.caller, &person, &AskedPage::default()).await.unwrap().items.len(),
        1
    );
}
