//! Changing a known password.

use super::world::{World, after, password};
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::audit::EventKind;
use crate::domain::scope::TenantScope;
use crate::store::outcome::StepOutcome;
use crate::store::sign_ins::{ChangePassword, SessionsEnded, Stale};

impl World {
    fn change_to(&self, scope: &TenantScope, account: &Account, hash: &[u8], history: u32) -> ChangePassword {
        ChangePassword {
            account_id: account.id,
            epoch: account.epoch,
            password: password(hash),
            history,
            keep: None,
            open: None,
            login: [1; 32],
            event: self.event(scope, EventKind::PasswordChanged),
            notices: vec![self.notice(scope)],
            now: after(60),
        }
    }
}

pub(super) async fn a_changed_password_keeps_and_opens_a_session(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let kept = world.signed_in(&scope, &anna, 1).await;
    let ended = world.signed_in(&scope, &anna, 2).await;
    let opened = world.session(&anna, 3);
    let change = ChangePassword {
        keep: Some(kept.id),
        open: Some(opened.clone()),
        ..world.change_to(&scope, &anna, b"new hash", 1)
    };

    let changed = world.store.change_password(&scope, &change, None).await.unwrap();
    let stale = world.store.change_password(&scope, &change, None).await.unwrap();

    assert_eq!((changed, stale), (StepOutcome::Done(SessionsEnded(1)), StepOutcome::Refused(Stale)));
    let after_it = world.read(&scope, anna.id).await;
    assert_eq!((after_it.epoch, after_it.password), (CredentialEpoch(2), Some(password(b"new hash"))));
    assert_eq!((after_it.version, after_it.updated_at), (2, after(60)));
    assert_eq!(after_it.recovery_version, anna.recovery_version);
    let live = world.live_sessions(&scope, anna.id, after(60)).await;
    assert!(live.iter().all(|session| session.epoch == CredentialEpoch(2) && session.id != ended.id));
    assert_eq!(live.len(), 2);
    assert!(live.iter().any(|session| session.id == opened.id));
    assert_eq!((world.kinds(&scope).await[4..].len(), world.queued().await), (1, 1));
}

pub(super) async fn history_keeps_as_many_as_asked(world: World) {
    let scope = world.tenant().await;
    let mut account = world.account(&scope).await;
    for hash in [b"one", b"two", b"six"] {
        let change = world.change_to(&scope, &account, hash, 2);
        world.store.change_password(&scope, &change, None).await.unwrap();
        account = world.read(&scope, account.id).await;
    }

    let last = async |limit| {
        let last = world.store.last_passwords(&scope, account.id, limit).await.unwrap();
        last.iter().map(|hash| hash.as_bytes().to_vec()).collect::<Vec<_>>()
    };

    assert_eq!(last(10).await, [b"six", b"two", b"one"]);
    assert_eq!(last(1).await, [b"six"]);
    let change = world.change_to(&scope, &account, b"end", 0);
    world.store.change_password(&scope, &change, None).await.unwrap();
    assert_eq!(last(10).await, [b"end"]);
}
