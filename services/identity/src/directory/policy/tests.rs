use rekey_primitives::id::SecurityInfoId;

use super::*;
use crate::domain::account::Account;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::eligibility::Ineligible;
use crate::domain::logo::LogoDigest;
use crate::domain::logo::tests::png;
use crate::domain::policy::PolicyMask;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::testing::{World, confirmed, refusal, service, signed_in};
use crate::tokens::AskedPage;

fn edit(paths: &[&str], adapt: impl FnOnce(&mut Policy)) -> PolicyEdit {
    let mut mask = PolicyMask::default();
    assert!(paths.iter().all(|path| mask.add(path)));
    let mut values = Policy::default();
    adapt(&mut values);
    PolicyEdit { mask, values, logo: None }
}

fn history(history: u32) -> PolicyEdit {
    edit(&["password.history"], |policy| policy.password.history = history)
}

fn nobody() -> PolicyEdit {
    edit(&["reset.scope"], |policy| policy.reset.enabled_scope = ResetScope::Nobody)
}

fn on(world: &World, version: i64) -> PolicyTarget {
    PolicyTarget { tenant_id: world.tenant.id, version, request_id: world.request_id() }
}

async fn newest(world: &World) -> PolicyRevision {
    world.directory.get_policy(&service(world), world.tenant.id, None, true).await.unwrap().revision
}

#[tokio::test]
async fn of_two_people_who_edit_at_once_one_is_told() {
    let world = World::new().await;
    let (asked, late) = (on(&world, 1), on(&world, 1));

    let first = world.directory.update_policy(&service(&world), asked, &history(5)).await.unwrap();
    let repeated = world.directory.update_policy(&service(&world), asked, &history(5)).await.unwrap();
    let second = world.directory.update_policy(&service(&world), late, &history(9)).await;
    let reused = world.directory.update_policy(&service(&world), asked, &history(9)).await;

    assert_eq!((first.version, first.policy.password.history), (2, 5));
    assert_eq!(repeated, first);
    assert_eq!(refusal(second), Refusal::EtagMismatch);
    assert_eq!(refusal(reused), Refusal::RequestIdReused);
    assert_eq!(newest(&world).await, first);
}

#[tokio::test]
async fn a_rollback_restores_and_the_history_tells_what_changed() {
    let world = World::new().await;
    world.administrator("chief", &[]).await;
    let chief = signed_in(&world, "chief").await;
    let before = newest(&world).await.policy;

    world.directory.update_policy(&chief, on(&world, 1), &history(5)).await.unwrap();
    let restored = world.directory.roll_back_policy(&chief, on(&world, 2), 1).await.unwrap();
    let unknown = world.directory.roll_back_policy(&chief, on(&world, 3), 7).await;
    let overtaken = world.directory.roll_back_policy(&chief, on(&world, 2), 1).await;
    let one = AskedPage { size: 2, token: None };
    let listed = world.directory.list_policy_revisions(&chief, world.tenant.id, &one).await.unwrap();
    let rest = AskedPage { size: 2, token: listed.next };
    let rest = world.directory.list_policy_revisions(&chief, world.tenant.id, &rest).await.unwrap();
    let earlier = world.directory.get_policy(&chief, world.tenant.id, Some(2), false).await.unwrap();

    assert_eq!((restored.version, restored.policy), (3, before));
    assert_eq!(refusal(unknown), Refusal::PolicyRevisionNotFound);
    assert_eq!(refusal(overtaken), Refusal::EtagMismatch);
    let told = |view: &RevisionView| (view.version, view.changed_fields.clone(), view.changed_by.is_some());
    let items: Vec<_> = listed.items.iter().chain(&rest.items).map(told).collect();
    let changed = vec!["password.history"];
    assert_eq!(items, [(3, changed.clone(), true), (2, changed, true), (1, vec![], false)]);
    assert!(rest.next.is_none());
    assert_eq!((earlier.revision.policy.password.history, earlier.with_terms), (5, true));
}

#[tokio::test]
async fn every_field_that_may_not_be_stored_is_named_at_once() {
    let world = World::new().await;
    let group = GroupId::from_uuid(uuid::Uuid::from_u128(7));
    let wrong = edit(&["reset", "session.life"], |policy| {
        policy.reset.proofs_required = 3;
        policy.reset.enabled_scope = ResetScope::Groups { included: [].into(), excluded: [group].into() };
        policy.sessions.life_hours = 9_000;
    });

    let refused = world.directory.update_policy(&service(&world), on(&world, 1), &wrong).await;
    let previewed = world.directory.preview_policy(&service(&world), world.tenant.id, &wrong, true).await;

    let Refusal::FieldsInvalid(fields) = refusal(refused) else { panic!("refused for something else") };
    let named: Vec<_> = fields.iter().map(|wrong| wrong.field.as_ref()).collect();
    let expected = ["policy.reset.proofs_required", "policy.session.life", "policy.reset.excluded_group_ids"];
    assert_eq!(named, expected);
    assert!(
        matches!(previewed.err(), Some(Error::Refused(Refusal::FieldsInvalid(again))) if again == fields)
    );
    assert_eq!(newest(&world).await.version, 1);
}

/// A global administrator who has no password, and two classes of proofs to get one.
async fn waiting_for_a_password(world: &World) -> Account {
    let id = SecurityInfoId::generate(&*world.parts.entropy, world.now());
    let codes = Holding::RecoveryCodes { remaining: 10 };
    let codes = SecurityInfo { is_first: true, ..confirmed(id, codes, world.now()) };
    let adapt = |account: &mut Account| {
        account.roles = RoleSet::of(&[Role::GlobalAdministrator]);
        account.password = None;
        account.security_info.push(codes);
    };
    world.person_with("chief", &["chief@mail.example"], adapt).await
}

#[tokio::test]
async fn a_policy_that_would_lock_out_every_administrator_is_refused() {
    let world = World::new().await;
    waiting_for_a_password(&world).await;

    let harmless = world.directory.update_policy(&service(&world), on(&world, 1), &history(5)).await;
    let locking = world.directory.update_policy(&service(&world), on(&world, 2), &nobody()).await;
    let still = newest(&world).await.version;
    world.administrator("second", &[]).await;
    let with_another = world.directory.update_policy(&service(&world), on(&world, 2), &nobody()).await;

    assert_eq!(harmless.unwrap().version, 2);
    assert_eq!(refusal(locking), Refusal::PolicyLocksOutAdministrators);
    assert_eq!(still, 2);
    assert_eq!(with_another.unwrap().version, 3);
}

/// A logo that comes along.
fn logo(image: Vec<u8>) -> PolicyEdit {
    let logo = Logo::parse(image);
    let digest = logo.as_ref().map(Logo::digest);
    PolicyEdit { logo, ..edit(&["portal.logo"], |policy| policy.portal.logo = digest) }
}

fn named_logo(digest: Option<LogoDigest>) -> PolicyEdit {
    edit(&["portal.logo"], |policy| policy.portal.logo = digest)
}

#[tokio::test]
async fn a_logo_is_shown_to_whoever_asks_for_it_and_logged_by_its_digest() {
    let world = World::new().await;
    let sent = logo(png(64, 32));
    let shown = async |with_logo| {
        let profile = world.directory.get_tenant(&world.caller, world.tenant.id, with_logo).await.unwrap();
        (profile.portal.logo, profile.logo)
    };

    let made = world.directory.update_policy(&service(&world), on(&world, 1), &sent).await.unwrap();
    let (with, without) = (shown(true).await, shown(false).await);
    world.pass(1);
    world.directory.update_policy(&service(&world), on(&world, 2), &history(5)).await.unwrap();
    world.pass(1);
    world.directory.update_policy(&service(&world), on(&world, 3), &named_logo(None)).await.unwrap();
    let taken_away = shown(true).await;

    let digest = made.policy.portal.logo;
    assert_eq!(with, (digest, sent.logo.clone()));
    assert_eq!(without, (digest, None));
    assert_eq!(taken_away, (None, None));
    let logged: Vec<Option<String>> =
        world.log_of("policy.updated").await.into_iter().map(|event| event.reason).collect();
    let first = format!("portal.logo logo_digest={}", digest.unwrap());
    let expected = [first.as_str(), "password.history", "portal.logo logo_digest=none"];
    assert_eq!(logged, expected.map(|reason| Some(reason.to_owned())));
}

#[tokio::test]
async fn a_logo_that_is_only_named_is_one_that_the_tenant_had() {
    let world = World::new().await;
    let sent = logo(png(64, 32));
    let digest = sent.values.portal.logo;

    let unknown = world.directory.update_policy(&service(&world), on(&world, 1), &named_logo(digest)).await;
    world.directory.update_policy(&service(&world), on(&world, 1), &sent).await.unwrap();
    let rolled_back = world.directory.roll_back_policy(&service(&world), on(&world, 2), 1).await.unwrap();
    let again = world.directory.update_policy(&service(&world), on(&world, 3), &named_logo(digest)).await;

    let Refusal::FieldsInvalid(fields) = refusal(unknown) else { panic!("refused for something else") };
    assert_eq!(fields.iter().map(|wrong| &*wrong.field).collect::<Vec<_>>(), ["policy.portal.logo_digest"]);
    assert_eq!(rolled_back.policy.portal.logo, None);
    assert_eq!(again.unwrap().policy.portal.logo, digest);
}

#[tokio::test]
async fn who_may_only_read_sees_no_banned_terms() {
    let world = World::new().await;
    for (login, role) in [("reader", Role::ReportsReader), ("maker", Role::PolicyAdministrator)] {
        world.person_with(login, &[], |account| account.roles = RoleSet::of(&[role])).await;
    }
    let (reader, maker) = (signed_in(&world, "reader").await, signed_in(&world, "maker").await);

    let read = world.directory.get_policy(&reader, world.tenant.id, None, true).await.unwrap();
    let made = world.directory.get_policy(&maker, world.tenant.id, None, false).await.unwrap();
    let backend = world.directory.get_policy(&service(&world), world.tenant.id, None, false).await.unwrap();
    let changing = world.directory.update_policy(&reader, on(&world, 1), &history(5)).await;

    assert_eq!([read.with_terms, made.with_terms, backend.with_terms], [false, true, false]);
    assert!(matches!(refusal(changing), Refusal::AuthorityMissing(_)));
}

#[tokio::test]
async fn a_preview_counts_and_names_whom_a_change_strands_and_changes_nothing() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example", "+15005550111"]).await;
    let ben = world.person("ben", &["ben@mail.example"]).await;
    world.person("cleo", &[]).await;
    world
        .person_with("maker", &[], |account| account.roles = RoleSet::of(&[Role::PolicyAdministrator]))
        .await;
    let maker = signed_in(&world, "maker").await;
    let two = edit(&["reset.proofs_required"], |policy| policy.reset.proofs_required = 2);

    let mut walk =
        world.directory.preview_policy(&service(&world), world.tenant.id, &two, true).await.unwrap();
    let (first, last) = (walk.next().await.unwrap().unwrap(), walk.next().await.unwrap().unwrap());
    let over = walk.next().await.unwrap().is_none();
    let mut nameless = world.directory.preview_policy(&maker, world.tenant.id, &two, true).await.unwrap();
    let nameless = nameless.next().await.unwrap().unwrap();

    assert_eq!((first.totals.accounts, first.totals.able_today, first.totals.able_then), (4, 2, 1));
    let causes = vec![Ineligible::TooFewMethods];
    let stranded = Stranded { account_id: ben.id, login: Some("ben".to_owned()), causes };
    assert_eq!(first.stranded, std::slice::from_ref(&stranded));
    assert_eq!(nameless.stranded, [Stranded { login: None, ..stranded }]);
    assert!(!first.is_last && last.is_last && over);
    assert_eq!(last.totals, first.totals);
    assert_eq!(newest(&world).await.version, 1);
}

#[tokio::test]
async fn a_preview_grades_the_policy_that_would_be_once() {
    let world = World::new().await;
    let long = edit(&["password.minimum_length"], |policy| policy.password.minimum_length = 15);
    let missed = |grades: &[Grade]| -> Vec<&str> {
        grades.iter().filter(|grade| !grade.is_met).map(|grade| grade.requirement.name).collect()
    };

    let mut walk =
        world.directory.preview_policy(&service(&world), world.tenant.id, &long, true).await.unwrap();
    let (first, last) = (walk.next().await.unwrap(), walk.next().await.unwrap());
    let (today, _) = world.directory.grade_policy(&service(&world), world.tenant.id).await.unwrap();

    assert_eq!(missed(&today), ["password_length_alone", "context_words"]);
    assert_eq!(missed(&first.unwrap().grades), ["context_words"]);
    assert!(last.is_none_or(|page| page.grades.is_empty()));
}
