//! Creating and finding tenants and accounts.

use rekey_database::{Sql, values};
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::login::Login;

use super::world::{NOW, World, after, answered, default_policy, idempotent};
use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::audit::EventKind;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::tenant::{DomainName, HelpUrl, Tenant};
use crate::domain::totp::{Totp, TotpHash};
use crate::store::accounts::{AccountKey, AccountTaken, Beginning, TenantKey, TenantTaken};
use crate::store::outcome::StepOutcome;

pub(super) async fn a_tenant_is_found_by_each_of_its_names(world: World) {
    let before = world.store.beginning().await.unwrap();
    let tenant = Tenant {
        domains: ["b.example", "a.example"].map(|domain| DomainName::parse(domain).unwrap()).to_vec(),
        licensed_accounts: Some(20),
        help_mailbox: Some(EmailAddress::parse("help@acme.example").unwrap()),
        help_url: Some(HelpUrl::parse("https://acme.example/help").unwrap()),
        ..world.unborn_tenant("acme")
    };

    let scope = world.create_tenant(&tenant).await;

    let keys = [
        TenantKey::Id(tenant.id),
        TenantKey::Handle(tenant.handle.clone()),
        TenantKey::Domain(tenant.domains[1].clone()),
    ];
    for key in keys {
        assert_eq!(world.store.find_tenant(&key).await.unwrap().as_ref(), Some(&tenant));
    }
    assert_eq!(world.store.policy(&scope).await.unwrap(), Some(default_policy(tenant.id)));
    assert_eq!(world.kinds(&scope).await, [EventKind::TenantCreated]);
    let after = world.store.beginning().await.unwrap();
    assert_eq!((before, after), (Beginning::Empty, Beginning::CutOff(Box::new(tenant))));
}

pub(super) async fn a_taken_name_makes_no_tenant(world: World) {
    world.tenant().await;
    let same_handle = Tenant { domains: vec![], ..world.unborn_tenant("acme") };
    let same_domain = Tenant { domains: world.unborn_tenant("acme").domains, ..world.unborn_tenant("other") };

    for taken in [same_handle, same_domain] {
        let scope = TenantScope::of(true, taken.id).unwrap();
        let event = world.event(&scope, EventKind::TenantCreated);
        let step = world.store.create_tenant(&taken, &default_policy(taken.id), &event, None).await.unwrap();

        assert_eq!(step, StepOutcome::Refused(TenantTaken));
        assert_eq!(world.store.find_tenant(&TenantKey::Id(taken.id)).await.unwrap(), None);
        assert_eq!(world.log(&scope).await, []);
    }
}

pub(super) async fn tenants_are_listed_in_pages(world: World) {
    let mut ids = Vec::new();
    for handle in ["aa", "bb", "cc", "dd"] {
        ids.push(world.create_tenant(&world.unborn_tenant(handle)).await.tenant_id());
    }
    ids.sort_unstable();

    let list = async |only, after, limit| {
        let page = world.store.list_tenants((only, false), after, limit).await.unwrap();
        page.iter().map(|tenant| tenant.id).collect::<Vec<_>>()
    };

    let some = [ids[3], ids[1], ids[0]];
    assert_eq!(list(None, None, 3).await, ids[..3]);
    assert_eq!(list(None, Some(ids[2]), 3).await, ids[3..]);
    assert_eq!(list(Some(&some[..]), Some(ids[0]), 1).await, [ids[1]]);
    assert_eq!(list(Some(&[]), None, 3).await, []);
}

pub(super) async fn an_account_is_read_back_whole(world: World) {
    let scope = world.tenant().await;
    let base = world.entry("anna@mail.example");
    let entry = |id: u128, holding, standing| SecurityInfo {
        id: SecurityInfoId::from_uuid(uuid::Uuid::from_u128(id)),
        holding,
        standing,
        ..base.clone()
    };
    let authenticator = Holding::Authenticator {
        totp: Totp { hash: TotpHash::Sha256, digits: 8 },
        key: Sealed::new(vec![0, 127, 255]),
        last_step: Some(60_000_000),
    };
    let account = Account {
        external_id: Some("e-17".to_owned()),
        logins: ["anna", "anna@acme.example"].map(|login| Login::parse(login).unwrap()).to_vec(),
        password: Some(PasswordRecord {
            must_change: true,
            temporary_until: Some(after(60)),
            expiry_exempt: true,
            expiry_counts_from: after(5),
            ..super::world::password(b"hash")
        }),
        managed_elsewhere: true,
        roles: RoleSet::of(&[Role::ReportsReader, Role::UserAdministrator]),
        security_info: vec![
            SecurityInfo {
                label: Some("my \"own\" ✉".to_owned()),
                is_default: true,
                ..entry(1, base.holding.clone(), Standing::Prefilled)
            },
            SecurityInfo { disabled: true, ..entry(2, authenticator, Standing::Unconfirmed) },
            entry(3, Holding::RecoveryCodes { remaining: 7 }, Standing::Confirmed { at: NOW }),
            entry(4, world.entry("+4312345").holding, Standing::Confirmed { at: after(3) }),
        ],
        reconfirmed_at: Some(after(2)),
        ..world.unborn_account(&scope, "x")
    };

    world.create_account(&scope, &account).await;

    let keys = [
        AccountKey::Id(account.id),
        AccountKey::Login(account.logins[1].clone()),
        AccountKey::ExternalId("e-17".to_owned()),
    ];
    for key in keys {
        assert_eq!(world.store.find_account(&scope, &key).await.unwrap().as_ref(), Some(&account));
    }
    assert_eq!(world.store.administrators(&scope).await.unwrap(), [account]);
    assert_eq!(world.kinds(&scope).await, [EventKind::TenantCreated, EventKind::AccountCreated]);
}

pub(super) async fn a_taken_name_makes_no_account(world: World) {
    let scope = world.tenant().await;
    let first = Account { external_id: Some("e-1".to_owned()), ..world.unborn_account(&scope, "anna") };
    world.create_account(&scope, &first).await;
    let same_login = world.unborn_account(&scope, "anna");
    let same_external_id = Account { external_id: first.external_id, ..world.unborn_account(&scope, "bert") };

    for (taken, what) in [(same_login, AccountTaken::Login), (same_external_id, AccountTaken::ExternalId)] {
        let event = world.event(&scope, EventKind::AccountCreated);
        let step = world.store.create_account(&scope, &taken, &event, Some(idempotent(1, 1))).await.unwrap();

        assert_eq!(step, StepOutcome::Refused(what));
        assert_eq!(world.store.find_account(&scope, &AccountKey::Id(taken.id)).await.unwrap(), None);
    }
    assert_eq!(world.log(&scope).await.len(), 2);
}

pub(super) async fn an_account_of_another_tenant_is_nobody(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let anna = world.account(&scope).await;

    for key in [AccountKey::Id(anna.id), AccountKey::Login(anna.logins[0].clone())] {
        assert_eq!(world.store.find_account(&other, &key).await.unwrap(), None);
    }
    assert_eq!(world.store.list_accounts(&other, None, 10).await.unwrap(), []);
    world.create_account(&other, &world.unborn_account(&other, "anna")).await;
}

pub(super) async fn accounts_are_listed_in_pages(world: World) {
    let scope = world.tenant().await;
    let mut accounts = Vec::new();
    for login in ["anna", "bert", "cleo"] {
        accounts.push(world.create_account(&scope, &world.unborn_account(&scope, login)).await);
    }
    let deleted = Account { deleted_at: Some(NOW), ..world.unborn_account(&scope, "dora") };
    world.create_account(&scope, &deleted).await;
    accounts.sort_by_key(|account| account.id);

    let page = world.store.list_accounts(&scope, None, 2).await.unwrap();
    let rest = world.store.list_accounts(&scope, Some(accounts[1].id), 2).await.unwrap();

    assert_eq!(page, accounts[..2]);
    assert_eq!(rest, accounts[2..]);
}

pub(super) async fn a_row_that_does_not_read_takes_no_page_with_it(world: World) {
    let scope = world.tenant().await;
    let mut accounts = Vec::new();
    for login in ["anna", "bert", "cleo", "dora"] {
        let account = world.unborn_account(&scope, login);
        let account = Account { roles: RoleSet::of(&[Role::HelpdeskAdministrator]), ..account };
        accounts.push(world.create_account(&scope, &account).await);
    }
    accounts.sort_by_key(|account| account.id);
    let broken = "update accounts set roles = 4096 where account_id in ($1, $2)";
    let values = values![accounts[1].id, accounts[3].id];
    world.store.database.execute(Sql::unlisted(broken), values).await.unwrap();

    let page = world.store.list_accounts(&scope, None, 2).await.unwrap();
    let rest = world.store.list_accounts(&scope, Some(page[1].id), 2).await.unwrap();
    let administrators = world.store.administrators(&scope).await.unwrap();

    let [first, _, third, _] = <[Account; 4]>::try_from(accounts).unwrap();
    assert_eq!((&*page, &*rest), (&[first.clone(), third.clone()][..], &[][..]));
    assert_eq!(administrators, [first, third]);
}

pub(super) async fn an_entry_that_does_not_read_takes_no_account_with_it(world: World) {
    let scope = world.tenant().await;
    let whole = Account {
        security_info: ["anna@mail.example", "anna@home.example", "anna@work.example"]
            .map(|address| world.entry(address))
            .to_vec(),
        ..world.unborn_account(&scope, "anna")
    };
    let whole = world.create_account(&scope, &whole).await;
    let [first, kind, standing] = <[SecurityInfo; 3]>::try_from(whole.security_info.clone()).unwrap();
    for (broken, entry) in [
        ("update security_info set kind = 'of a newer release' where security_info_id = $1", &kind),
        (
            "update security_info set standing = 'confirmed', confirmed_at = null where security_info_id = $1",
            &standing,
        ),
    ] {
        world.store.database.execute(Sql::unlisted(broken), values![entry.id]).await.unwrap();
    }

    let by_login = world.store.find_login(&scope, Some(&whole.logins[0])).await.unwrap().unwrap();
    let listed = world.store.list_accounts(&scope, None, 10).await.unwrap();

    let left = Account { security_info: vec![first], ..whole };
    assert_eq!((by_login.account, listed), (Some(left.clone()), vec![left]));
}

pub(super) async fn what_was_stored_is_read_back_as_it_is(world: World) {
    let scope = world.tenant().await;
    let mut odd = Account {
        logins: ["Ꭰ Not Today's", "ד.", ""].map(|login| Login::from_stored(login.to_owned())).to_vec(),
        security_info: [
            Holding::Email(EmailAddress::from_stored("\u{378}@example".to_owned())),
            Holding::Phone(PhoneNumber::from_stored("+12".to_owned())),
        ]
        .map(|holding| SecurityInfo { holding, ..world.entry("anna@mail.example") })
        .to_vec(),
        ..world.unborn_account(&scope, "anna")
    };

    odd.security_info.sort_by_key(|entry| entry.id);

    let created = world.create_account(&scope, &odd).await;

    let key = AccountKey::Id(created.id);
    assert_eq!(world.store.find_account(&scope, &key).await.unwrap(), Some(created.clone()));
    assert_eq!(world.store.list_accounts(&scope, None, 10).await.unwrap(), [created]);
}

pub(super) async fn logins_of_earlier_rules_are_renamed_to_todays(world: World) {
    let scope = world.tenant().await;
    let stored = |login: &str| Login::from_stored(login.to_owned());
    let of = |login: &str, logins: &[&str]| Account {
        logins: logins.iter().map(|login| stored(login)).collect(),
        ..world.unborn_account(&scope, login)
    };
    let nikos = world.create_account(&scope, &of("nikos", &["νικοσ", "nikos", "ד."])).await;
    let taken = world.create_account(&scope, &of("maria", &["μαριοσ"])).await;
    world.create_account(&scope, &of("marios", &["μαριος"])).await;

    world.store.renew_logins().await.unwrap();
    world.store.renew_logins().await.unwrap();

    let found = world.store.find_account(&scope, &AccountKey::Login(Login::parse("ΝΙΚΟΣ").unwrap())).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.id, nikos.id);
    assert_eq!(found.logins, ["νικος", "nikos", "ד."].map(stored));
    let taken = world.store.find_account(&scope, &AccountKey::Id(taken.id)).await.unwrap().unwrap();
    assert_eq!(taken.logins, [stored("μαριοσ")]);
}

pub(super) async fn a_repeated_request_gets_its_first_answer(world: World) {
    let scope = world.tenant().await;
    let (anna, again) = (world.unborn_account(&scope, "anna"), world.unborn_account(&scope, "anna"));
    let create = async |account: &Account, idempotency| {
        let event = world.event(&scope, EventKind::AccountCreated);
        world.store.create_account(&scope, account, &event, Some(idempotency)).await.unwrap()
    };
    let name = |account: &Account| account.id.to_string().into_bytes();

    let first = create(&anna, answered(1, 1, &name)).await;
    let repeated = create(&again, answered(1, 1, &name)).await;
    let changed = create(&again, answered(1, 2, &name)).await;

    assert_eq!(first, StepOutcome::Done(anna.clone()));
    assert_eq!(repeated, StepOutcome::Repeated(anna.id.to_string().into_bytes()));
    assert_eq!(changed, StepOutcome::OtherContent);
    assert_eq!(world.store.list_accounts(&scope, None, 10).await.unwrap(), [anna]);
    assert_eq!(world.log(&scope).await.len(), 2);
}

pub(super) async fn a_repeated_request_makes_one_tenant(world: World) {
    let create = async |tenant: &Tenant| {
        let scope = TenantScope::of(true, tenant.id).unwrap();
        let event = world.event(&scope, EventKind::TenantCreated);
        let policy = default_policy(tenant.id);
        world.store.create_tenant(tenant, &policy, &event, Some(idempotent(1, 1))).await.unwrap()
    };
    let tenant = world.unborn_tenant("acme");

    let first = create(&tenant).await;
    let repeated = create(&world.unborn_tenant("acme")).await;

    assert_eq!((first, repeated), (StepOutcome::Done(tenant), StepOutcome::Repeated(b"first".to_vec())));
    assert_eq!(world.store.list_tenants((None, false), None, 10).await.unwrap().len(), 1);
}
