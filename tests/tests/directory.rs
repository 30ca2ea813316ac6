//! What becomes of accounts: put into groups, changed, deleted, brought back, purged, erased.

use std::process::Command;
use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_tests::person::{Person, request_id};
use rekey_tests::processes::{Outcome, run};
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::audit_events::fields;
use rekey_wire::field_mask;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    Account, AccountFilter, AccountState, AddGroupMembersRequest, AuditActorKind, AuditEvent, AuditFilter,
    AuditSubjectKind, CreateGroupRequest, DeleteAccountRequest, DeleteAccountResponse, EraseAccountRequest,
    FilteredState, GetAccountRequest, Group, ListAccountsRequest, ListEventsRequest, ListGroupsRequest,
    UndeleteAccountRequest, UpdateAccountRequest, VerifyAuditRequest,
};
use tonic::Status;

const DAY: Duration = Duration::from_secs(86_400);

on_both_store_sets!(
    the_groups_of_an_account_are_listed_while_it_is_there,
    a_person_signs_in_by_a_new_name_and_the_old_one_is_free,
    a_deleted_account_is_out_and_comes_back,
    a_deleted_account_is_purged_after_thirty_days,
    an_erased_account_leaves_a_hash_in_a_chain_that_strangers_verify,
);

fn lifecycle(world: &World) -> AccountLifecycleServiceClient<Connection> {
    AccountLifecycleServiceClient::new(world.identity.clone())
}

async fn delete(world: &World, person: &Person) -> DeleteAccountResponse {
    let request = DeleteAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id.clone(),
        etag: String::new(),
        request_id: request_id(),
        context: None,
    };
    lifecycle(world).delete_account(request).await.unwrap().into_inner()
}

async fn undelete(world: &World, person: &Person) -> Result<Account, Status> {
    let request = UndeleteAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id.clone(),
        request_id: request_id(),
        context: None,
    };
    let answer = lifecycle(world).undelete_account(request).await?;
    Ok(answer.into_inner().account.unwrap())
}

async fn shown(world: &World, person: &Person) -> Result<Account, Status> {
    let (tenant_id, account_id) = (world.tenant_id.clone(), person.account_id.clone());
    let request = GetAccountRequest { tenant_id, account_id, context: None };
    let answer = AccountServiceClient::new(world.identity.clone()).get_account(request).await?;
    Ok(answer.into_inner().account.unwrap())
}

async fn deleted_accounts(world: &World) -> Vec<Account> {
    let request = ListAccountsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(AccountFilter { state: FilteredState::Deleted.into(), ..AccountFilter::default() }),
        ..ListAccountsRequest::default()
    };
    let mut accounts = AccountServiceClient::new(world.identity.clone());
    accounts.list_accounts(request).await.unwrap().into_inner().accounts
}

/// The events of a kind, once there are any.
async fn events(world: &World, kind: &str) -> Vec<AuditEvent> {
    let request = ListEventsRequest { tenant_id: world.tenant_id.clone(), ..ListEventsRequest::default() };
    let audit = AuditServiceClient::new(world.identity.clone());
    let sealed = async || {
        let events = audit.clone().list_events(request.clone()).await.unwrap().into_inner().events;
        let of_kind: Vec<_> = events.into_iter().filter(|event| event.kind == kind).collect();
        (!of_kind.is_empty()).then_some(of_kind)
    };
    eventually("the event is sealed", sealed).await
}

async fn signs_in(world: &World, login: &str, password: &str) -> bool {
    matches!(world.sign_in(login, password).await, SignInResult::Tokens(_))
}

/// A new group with this person in it.
async fn group_with(world: &World, name: &str, person: &Person) -> Group {
    let mut groups = GroupServiceClient::new(world.identity.clone());
    let request = CreateGroupRequest {
        tenant_id: world.tenant_id.clone(),
        display_name: name.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let created = groups.create_group(request).await.unwrap().into_inner().group.unwrap();
    let request = AddGroupMembersRequest {
        tenant_id: world.tenant_id.clone(),
        group_id: created.group_id,
        account_ids: vec![person.account_id.clone()],
        member_group_ids: Vec::new(),
        request_id: request_id(),
        context: None,
    };
    groups.add_group_members(request).await.unwrap().into_inner().group.unwrap()
}

async fn groups_of(world: &World, account_id: &str) -> Result<Vec<Group>, Status> {
    let request = ListGroupsRequest {
        tenant_id: world.tenant_id.clone(),
        member_account_id: account_id.to_owned(),
        ..ListGroupsRequest::default()
    };
    let listed = GroupServiceClient::new(world.identity.clone()).list_groups(request).await?;
    Ok(listed.into_inner().groups)
}

async fn the_groups_of_an_account_are_listed_while_it_is_there(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, max) = (world.person("zoe").await, world.person("max").await);
    let staff = group_with(&world, "Staff", &zoe).await;

    let of_zoe = groups_of(&world, &zoe.account_id).await.unwrap();
    let of_max = groups_of(&world, &max.account_id).await.unwrap();
    let of_anybody = groups_of(&world, "").await.unwrap();
    let malformed = Problem::of(&groups_of(&world, "zoe").await.unwrap_err());
    delete(&world, &zoe).await;
    let deleted = Problem::of(&groups_of(&world, &zoe.account_id).await.unwrap_err());
    undelete(&world, &zoe).await.unwrap();
    let back = groups_of(&world, &zoe.account_id).await.unwrap();

    let only_staff = vec![staff];
    assert_eq!((&of_zoe, &of_anybody, &back), (&only_staff, &only_staff, &only_staff));
    assert_eq!(of_max, []);
    let field = malformed.fields.first().map(|(field, _)| field.as_str());
    assert_eq!((malformed.reason.as_str(), field), ("FIELD_INVALID", Some("member_account_id")));
    assert_eq!(deleted.reason, "ACCOUNT_NOT_FOUND");
    world.stop().await;
}

async fn a_person_signs_in_by_a_new_name_and_the_old_one_is_free(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    let etag = shown(&world, &zoe).await.unwrap().etag;
    let rename = |etag: &str, name: &str| UpdateAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        etag: etag.to_owned(),
        update_mask: Some(field_mask(["logins", "display_name"])),
        logins: vec![format!("{name}@acme.example")],
        display_name: "Zoë Stein".to_owned(),
        request_id: request_id(),
        ..UpdateAccountRequest::default()
    };

    let updated = lifecycle(&world).update_account(rename(&etag, "z.stein")).await.unwrap().into_inner();
    let late = lifecycle(&world).update_account(rename(&etag, "zoe.s")).await.unwrap_err();

    let account = updated.account.unwrap();
    assert_eq!(
        (account.display_name.as_str(), account.logins.as_slice()),
        ("Zoë Stein", &["z.stein@acme.example".to_owned()][..])
    );
    assert_eq!(Problem::of(&late).reason, "ETAG_MISMATCH");
    assert!(signs_in(&world, "Z.Stein@acme.example", &zoe.password).await);
    assert!(!signs_in(&world, &zoe.login, &zoe.password).await);
    assert!(world.is_live(&tokens.access_token).await);
    let heir = world.person_in(&world.tenant_id, &zoe.login, |_| {}).await;
    assert_ne!(heir.account_id, zoe.account_id);
    let told = events(&world, "account.updated").await;
    assert_eq!((told.len(), told[0].reason.as_str()), (1, "logins display_name"));
    world.stop().await;
}

async fn a_deleted_account_is_out_and_comes_back(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;

    let deleted = delete(&world, &zoe).await;
    let live = world.is_live(&tokens.access_token).await;
    let signed_in = signs_in(&world, &zoe.login, &zoe.password).await;
    let unknown = shown(&world, &zoe).await.unwrap_err();
    let listed = deleted_accounts(&world).await;
    let back = undelete(&world, &zoe).await.unwrap();

    let account = deleted.account.unwrap();
    let life = deleted.purge_time.unwrap().seconds - account.delete_time.unwrap().seconds;
    assert_eq!((account.state(), life), (AccountState::Deleted, 30 * 86_400));
    assert_eq!((live, signed_in), (false, false));
    assert_eq!(Problem::of(&unknown).reason, "ACCOUNT_NOT_FOUND");
    assert_eq!(listed, [account]);
    assert_eq!((back.state(), back.delete_time), (AccountState::Active, None));
    assert!(signs_in(&world, &zoe.login, &zoe.password).await);
    assert!(!world.is_live(&tokens.access_token).await);
    assert_eq!(deleted_accounts(&world).await, []);
    world.stop().await;
}

async fn a_deleted_account_is_purged_after_thirty_days(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__PURGE_SECONDS", "1")]).await;
    let zoe = world.person("zoe").await;
    world.signed_in(&zoe.login, &zoe.password).await;
    delete(&world, &zoe).await;

    world.clock.advance(30 * DAY);
    let gone = async || deleted_accounts(&world).await.is_empty().then_some(());
    eventually("the account is purged", gone).await;
    let back = undelete(&world, &zoe).await.unwrap_err();
    let heir = world.person("zoe").await;

    assert_eq!(Problem::of(&back).reason, "ACCOUNT_NOT_FOUND");
    assert_ne!(heir.account_id, zoe.account_id);
    let purged = events(&world, "account.purged").await;
    assert_eq!(purged.iter().map(|event| &event.account_id).collect::<Vec<_>>(), [&zoe.account_id]);
    let request = VerifyAuditRequest { tenant_id: world.tenant_id.clone(), ..VerifyAuditRequest::default() };
    let verified = AuditServiceClient::new(world.identity.clone()).verify_audit(request).await.unwrap();
    assert_eq!(verified.into_inner().r#break, None);
    world.stop().await;
}

/// Every sealed event that is asked for, newest first.
async fn listed(world: &World, filter: AuditFilter) -> Vec<AuditEvent> {
    let request = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(filter),
        page_size: 200,
        ..ListEventsRequest::default()
    };
    let mut audit = AuditServiceClient::new(world.identity.clone());
    audit.list_events(request).await.unwrap().into_inner().events
}

/// What a release before the commitments exported.
const EARLIER_EXPORT: &str = include_str!("upgrade/audit_export_1.jsonl");

/// What the program in the documents says of an export.
async fn judged_by_a_stranger(lines: &[serde_json::Value]) -> Outcome {
    let page = include_str!("../../docs/audit.md");
    let (_, program) = page.rsplit_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (export, file) = (folder.path().join("events.jsonl"), folder.path().join("verify.py"));
    std::fs::write(&export, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    std::fs::write(
        &file,
        format!("import sys\nsys.stdin = open({:?})\n{program}", export.display().to_string()),
    )
    .unwrap();
    let mut python = Command::new(rekey_testing::tools().join("python/bin/python"));
    python.arg(&file);
    run(python).await
}

async fn an_erased_account_leaves_a_hash_in_a_chain_that_strangers_verify(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__PURGE_SECONDS", "1")]).await;
    let (zoe, other) = (world.person("zoe").await, world.person("other").await);
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    world.signed_in(&other.login, &other.password).await;
    let _ = signs_in(&world, &zoe.login, "not her password at all").await;
    // A deletion that is undone leaves events as well.
    delete(&world, &zoe).await;
    undelete(&world, &zoe).await.unwrap();
    events(&world, "account.undeleted").await;
    let by_id = AuditFilter { account_id: zoe.account_id.clone(), ..AuditFilter::default() };
    let before: Vec<_> = listed(&world, AuditFilter::default()).await.iter().map(fields).collect();
    let named = listed(&world, by_id.clone()).await.len();

    let request = EraseAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        etag: String::new(),
        request_id: request_id(),
        context: None,
    };
    let erased = lifecycle(&world).erase_account(request.clone()).await.unwrap().into_inner();
    let is_live = world.is_live(&tokens.access_token).await;
    let back = undelete(&world, &zoe).await.unwrap_err();
    let by_actor = AuditFilter { actor_id: zoe.account_id.clone(), ..AuditFilter::default() };
    let purged = AuditFilter { kind: "account.purged".to_owned(), ..AuditFilter::default() };
    let done = async || {
        let is_purged = !listed(&world, purged.clone()).await.is_empty();
        let is_named = !listed(&world, by_id.clone()).await.is_empty()
            || !listed(&world, by_actor.clone()).await.is_empty();
        (is_purged && !is_named).then_some(())
    };
    eventually("the account is erased from the log", done).await;
    let by_hash = AuditFilter { account_hash: erased.account_hash.clone(), ..AuditFilter::default() };
    let left = listed(&world, by_hash).await;
    let after: Vec<_> = listed(&world, AuditFilter::default()).await.iter().map(fields).collect();
    let repeated = lifecycle(&world).erase_account(request).await.unwrap().into_inner();
    let heir = world.person("zoe").await;

    assert!(!is_live && heir.account_id != zoe.account_id);
    assert_eq!((Problem::of(&back).reason.as_str(), repeated), ("ACCOUNT_NOT_FOUND", erased.clone()));
    // Beside what there was: the erasure, the purge, and what was sealed late.
    assert!(left.len() >= named + 2, "{left:?}");
    assert!(left.iter().all(|event| event.subject_kind() == AuditSubjectKind::Erased));
    assert!(left.iter().all(|event| event.account_hashes == [erased.account_hash.clone()]));
    let own = left.iter().filter(|event| event.actor_kind() == AuditActorKind::Erased).count();
    assert!(own > 0 && !format!("{after:?}").contains(&zoe.account_id));
    let request = VerifyAuditRequest { tenant_id: world.tenant_id.clone(), ..VerifyAuditRequest::default() };
    let verified =
        AuditServiceClient::new(world.identity.clone()).verify_audit(request).await.unwrap().into_inner();
    assert_eq!((verified.r#break, verified.erased_events > 0), (None, true));
    let earlier: Vec<serde_json::Value> = EARLIER_EXPORT.lines().map(|line| line.parse().unwrap()).collect();
    let earlier = judged_by_a_stranger(&earlier).await;
    assert!(earlier.stdout.contains("holds to position 3"), "{earlier:?}");
    let (old, new) = (judged_by_a_stranger(&before).await, judged_by_a_stranger(&after).await);
    assert!(old.stdout.contains(&format!("holds to position {}", before.len())), "{old:?}");
    assert!(new.stdout.contains(&format!("holds to position {}", after.len())), "{new:?}");
    let mut tampered = after;
    let touched = tampered.iter_mut().find(|event| event["subject_commitment"] != "").unwrap();
    touched["reason"] = "other".into();
    let tampered = judged_by_a_stranger(&tampered).await;
    assert!(tampered.code == Some(1) && tampered.stderr.contains("breaks at position"), "{tampered:?}");
    world.stop().await;
}
