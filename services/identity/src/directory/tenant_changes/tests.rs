//! Changing, deleting, bringing back and purging tenants.

use super::TenantTarget;
use crate::administration::StartBulk;
use crate::directory::{AskedExport, Reach, TenantName};
use crate::domain::account_filter::AccountFilter;
use crate::domain::authority::Role;
use crate::domain::bulk_reset::BulkMode;
use crate::domain::refusal::Refusal;
use crate::domain::tenant::{DomainName, Handle, HelpUrl};
use crate::domain::tenant_edit::TenantEdit;
use crate::sign_in::SignIn;
use crate::store::accounts::Beginning;
use crate::testing::{OLD, World, context, new_account, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

const DAY: u64 = 86_400;

fn target(world: &World) -> TenantTarget {
    TenantTarget { tenant_id: world.tenant.id, version: None, request_id: world.request_id() }
}

fn named(name: &str) -> TenantEdit {
    TenantEdit { display_name: Some(name.to_owned()), ..TenantEdit::default() }
}

async fn delete(world: &World) {
    let context = context("192.0.2.9");
    world.directory.delete_tenant(&world.caller, target(world), &context).await.unwrap();
}

#[tokio::test]
async fn a_tenant_is_changed_under_its_etag_and_found_by_its_new_names() {
    let world = World::new().await;
    let edit = TenantEdit {
        handle: Some(Handle::parse("globex").unwrap()),
        domains: Some(vec![DomainName::parse("globex.example").unwrap()]),
        licensed_accounts: Some(Some(5)),
        ..named("Globex")
    };
    let first = TenantTarget { version: Some(1), ..target(&world) };

    let changed = world.directory.update_tenant(&service(&world), first, &edit).await.unwrap();
    let repeat = world.directory.update_tenant(&service(&world), first, &edit).await.unwrap();
    let late = TenantTarget { version: Some(1), ..target(&world) };
    let late = world.directory.update_tenant(&service(&world), late, &named("Late")).await;
    let same = world.directory.update_tenant(&service(&world), target(&world), &edit).await.unwrap();

    assert_eq!((changed.handle.as_str(), changed.licensed_accounts, changed.version), ("globex", Some(5), 2));
    assert_eq!((&repeat, same.version), (&changed, 2));
    assert_eq!(refusal(late), Refusal::EtagMismatch);
    let by = |name| world.directory.look_up_tenant(&world.caller, name);
    let domain = DomainName::parse("globex.example").unwrap();
    assert_eq!(by(TenantName::Domain(domain)).await.unwrap().tenant, changed);
    let before = by(TenantName::Handle(Handle::parse("acme").unwrap())).await;
    assert_eq!(refusal(before), Refusal::TenantNotFound);
}

#[tokio::test]
async fn administrators_say_what_is_their_tenants_alone() {
    let world = World::new().await;
    world.administrator("chief", &[]).await;
    with_role(&world, "helper", Role::UserAdministrator).await;
    let (chief, helper) = (signed_in(&world, "chief").await, signed_in(&world, "helper").await);
    let help = TenantEdit {
        help_url: Some(Some(HelpUrl::parse("https://help.acme.example").unwrap())),
        ..named("Acme Works")
    };
    let domain = TenantEdit {
        domains: Some(vec![DomainName::parse("mail.example").unwrap()]),
        ..TenantEdit::default()
    };

    let own = world.directory.update_tenant(&chief, target(&world), &help).await.unwrap();
    let of_suite = world.directory.update_tenant(&chief, target(&world), &domain).await;
    let without = world.directory.update_tenant(&helper, target(&world), &help).await;

    assert_eq!((own.display_name.as_str(), own.version), ("Acme Works", 2));
    assert_eq!(own.help_url.as_deref(), Some("https://help.acme.example"));
    assert_eq!(refusal(of_suite), Refusal::CallerNotAllowed { missing: "in_own_name" });
    assert!(matches!(refusal(without), Refusal::AuthorityMissing(_)));
}

#[tokio::test]
async fn a_deleted_tenant_is_unknown_at_once_and_comes_back_with_everybody() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let proved = world.proved("ada", "ada@mail.example").await;

    let context_of = context("192.0.2.9");
    let deleted = world.directory.delete_tenant(&world.caller, target(&world), &context_of).await.unwrap();
    let request: SignIn = world.sign_in_request("192.0.2.1", "ada", OLD);
    let sign_in = world.sign_ins.sign_in(&world.caller, &request).await;
    let reset = world.start("ada").await;
    let complete = world.resets.complete(&world.caller, &world.completion(&proved, OLD)).await;
    let create = world.directory.create_account(&service(&world), new_account(&world, "bob")).await;
    let shown = world.directory.get_tenant(&world.caller, world.tenant.id, false).await;
    let live = world.live(&tokens).await;
    let page = AskedPage { size: 10, token: None };
    let listed = async |deleted| {
        let all = Reach::Everywhere;
        world.directory.list_tenants(&world.caller, &all, deleted, &page).await.unwrap().items.len()
    };
    let lists = (listed(false).await, listed(true).await);

    assert_eq!(deleted.purged_at.unix_micros() - world.now().unix_micros(), 30 * 86_400 * 1_000_000);
    assert_eq!(refusal(sign_in), Refusal::TenantNotFound);
    assert_eq!(refusal(reset), Refusal::TenantNotFound);
    assert_eq!(refusal(complete), Refusal::TenantNotFound);
    assert_eq!(refusal(create), Refusal::TenantNotFound);
    assert_eq!(refusal(shown), Refusal::TenantNotFound);
    assert_eq!((live, lists), (None, (0, 1)));
    let back = world.directory.undelete_tenant(&world.caller, target(&world), &context_of).await.unwrap();
    assert_eq!((back.deleted_at, back.handle.as_str()), (None, "acme"));
    assert!(world.live(&tokens).await.is_some());
}

#[tokio::test]
async fn a_backend_finds_nothing_in_a_deleted_tenant_and_writes_nothing_into_it() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    delete(&world).await;
    let (backend, tenant_id) = (service(&world), world.tenant.id);
    let asked = AskedExport {
        tenant_id,
        filter: AccountFilter::default(),
        with_addresses: true,
        page_size: 0,
        token: None,
    };
    let bulk = StartBulk {
        tenant_id,
        mode: BulkMode::RequireChange,
        dry_run: false,
        per_second: 50,
        filter: Some(AccountFilter::default()),
        request_id: world.request_id(),
    };

    let page = AskedPage { size: 10, token: None };
    let listed = world.directory.list_accounts(&backend, tenant_id, &page).await.map(drop);
    let exported = world.directory.export_accounts(&backend, asked, true).await.map(drop);
    let reset = world.administration.start_bulk_reset(&backend, bulk).await.map(drop);

    for refused in [listed, exported, reset] {
        assert_eq!(refusal(refused), Refusal::TenantNotFound);
    }
}

#[tokio::test]
async fn after_thirty_days_a_tenant_is_purged_whole_and_its_names_are_free() {
    let world = World::new().await;
    for number in 0..3 {
        world.person(&format!("p{number}"), &[]).await;
    }
    delete(&world).await;

    world.pass(30 * DAY - 1);
    let early = world.directory.purge(|| true).await.unwrap();
    world.pass(1);
    let back = world.directory.undelete_tenant(&world.caller, target(&world), &context("192.0.2.9")).await;
    let stopped = world.directory.purge(|| false).await.unwrap();
    let purged = world.directory.purge(|| true).await.unwrap();

    assert_eq!((early, stopped, purged), (0, 0, 1));
    assert_eq!(refusal(back), Refusal::TenantNotFound);
    assert_eq!(world.parts.store.beginning().await.unwrap(), Beginning::Empty);
}
