//! Links between accounts of two tenants.

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::audit::EventKind;
use crate::domain::link::{LINKS_MAX, Link, LinkEnd};
use crate::domain::scope::TenantScope;
use crate::store::StepOutcome;
use crate::store::links::{LinkAccounts, NoLink, NotLinked, UnlinkAccounts};

impl World {
    /// A tenant of its own with one account.
    async fn elsewhere(&self, handle: &str) -> (TenantScope, Account) {
        let scope = self.create_tenant(&self.unborn_tenant(handle)).await;
        let account = self.account(&scope).await;
        (scope, account)
    }

    fn linking(&self, one: &(TenantScope, Account), other: &(TenantScope, Account)) -> LinkAccounts {
        let end = |account: &Account| (LinkEnd::of(account), account.epoch);
        LinkAccounts {
            ends: [end(&one.1), end(&other.1)],
            events: [one, other].map(|(scope, _)| self.event(scope, EventKind::AccountLinked)).into(),
            notices: vec![self.notice(&one.0)],
            now: NOW,
        }
    }

    async fn link_them(
        &self,
        one: &(TenantScope, Account),
        other: &(TenantScope, Account),
        request: u8,
    ) -> StepOutcome<(), NotLinked> {
        let link = self.linking(one, other);
        let idempotency = idempotent(request, request);
        self.store.link_accounts(&one.0, &other.0, &link, idempotency).await.unwrap()
    }

    async fn links_of(&self, (scope, account): &(TenantScope, Account)) -> Vec<Link> {
        self.store.links(scope, account.id).await.unwrap()
    }
}

pub(super) async fn a_link_is_written_on_both_sides_once(world: World) {
    let (one, other) = (world.elsewhere("acme").await, world.elsewhere("globex").await);

    let linked = world.link_them(&one, &other, 1).await;
    let repeated = world.link_them(&one, &other, 1).await;

    assert_eq!(linked, StepOutcome::Done(()));
    assert_eq!(repeated, StepOutcome::Repeated(b"first".to_vec()));
    let link = |here: &Account, there: &Account| Link {
        here: LinkEnd::of(here),
        there: LinkEnd::of(there),
        epoch: Some(CredentialEpoch::FIRST),
        linked_at: NOW,
    };
    assert_eq!(world.links_of(&one).await, [link(&one.1, &other.1)]);
    assert_eq!(world.links_of(&other).await, [link(&other.1, &one.1)]);
    assert_eq!(world.queued().await, 1);
}

pub(super) async fn a_new_link_takes_the_place_of_both_sides_earlier_ones(world: World) {
    let (one, other) = (world.elsewhere("acme").await, world.elsewhere("globex").await);
    let colleague = world.create_account(&one.0, &world.unborn_account(&one.0, "bert")).await;
    let colleague = (one.0, colleague);
    world.link_them(&colleague, &other, 1).await;

    world.link_them(&one, &other, 2).await;

    assert_eq!(world.links_of(&colleague).await, []);
    assert_eq!(world.links_of(&other).await[0].there, LinkEnd::of(&one.1));
    assert_eq!(world.links_of(&one).await.len(), 1);
}

pub(super) async fn an_account_in_another_epoch_is_not_linked(world: World) {
    let (one, other) = (world.elsewhere("acme").await, world.elsewhere("globex").await);
    let mut link = world.linking(&one, &other);
    link.ends[1].1 = CredentialEpoch(2);

    let step = world.store.link_accounts(&one.0, &other.0, &link, idempotent(1, 1)).await.unwrap();

    assert_eq!(step, StepOutcome::Refused(NotLinked::Stale));
    assert_eq!((world.links_of(&one).await, world.queued().await), (Vec::new(), 0));
}

pub(super) async fn an_account_has_so_many_links_and_no_more(world: World) {
    let one = world.elsewhere("acme").await;
    for number in 0..LINKS_MAX {
        let other = world.elsewhere(&format!("tenant-{number}")).await;
        assert_eq!(world.link_them(&one, &other, u8::try_from(number).unwrap()).await, StepOutcome::Done(()));
    }
    let last = world.elsewhere("one-more").await;

    let full = world.link_them(&one, &last, 100).await;

    assert_eq!(full, StepOutcome::Refused(NotLinked::Full));
    assert_eq!(world.links_of(&last).await, []);
}

pub(super) async fn a_link_ends_on_both_sides(world: World) {
    let (one, other) = (world.elsewhere("acme").await, world.elsewhere("globex").await);
    world.link_them(&one, &other, 1).await;
    let unlink = UnlinkAccounts {
        ends: [LinkEnd::of(&other.1), LinkEnd::of(&one.1)],
        events: vec![world.event(&one.0, EventKind::AccountUnlinked)],
        now: after(1),
    };

    let ended = world.store.unlink_accounts(&other.0, &unlink, idempotent(2, 2)).await.unwrap();
    let again = world.store.unlink_accounts(&other.0, &unlink, idempotent(3, 3)).await.unwrap();

    assert_eq!((ended, again), (StepOutcome::Done(()), StepOutcome::Refused(NoLink)));
    assert_eq!((world.links_of(&one).await, world.links_of(&other).await), (Vec::new(), Vec::new()));
}

pub(super) async fn links_from_both_sides_at_once_leave_one(world: World) {
    let (one, other) = (world.elsewhere("acme").await, world.elsewhere("globex").await);

    let (here, there) = tokio::join!(world.link_them(&one, &other, 1), world.link_them(&other, &one, 2));

    assert_eq!((here, there), (StepOutcome::Done(()), StepOutcome::Done(())));
    assert_eq!((world.links_of(&one).await.len(), world.links_of(&other).await.len()), (1, 1));
}
