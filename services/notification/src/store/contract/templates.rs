//! The texts of tenants: versions, what is in force, and who wins.

use std::time::Duration;

use rekey_primitives::id::TenantId;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::World;
use crate::domain::scope::CallerScope;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{
    LOCALES, TemplateParts, TextChange, TextKey, TextVersion, VERSIONS, VersionAction,
};
use crate::fixtures::{NOW, request_id, rights, scope, scope_of};
use crate::store::{TextChangeOutcome, TextRequest};

const CODE: TemplateName = TemplateName::VerificationCode;

fn key(locale: &str) -> TextKey {
    TextKey { template: CODE, locale: locale.to_owned() }
}

fn parts(text: &str) -> TemplateParts {
    TemplateParts { subject: "Code".to_owned(), text: text.to_owned(), sms: "{{ code }}".to_owned() }
}

impl World {
    fn text_request(&self, locale: &str, based_on: i32, change: TextChange) -> TextRequest {
        let request_id = request_id(self.entropy.as_ref());
        TextRequest { key: key(locale), change, based_on, request_id }
    }

    async fn change_text(&self, request: &TextRequest) -> TextChangeOutcome {
        self.store.change_text(&scope(), request, NOW).await.unwrap()
    }

    /// Sets a text upon that version; gives the new one.
    async fn set_text(&self, locale: &str, based_on: i32, text: &str) -> TextVersion {
        made(self.change_text(&self.text_request(locale, based_on, TextChange::Set(parts(text)))).await)
    }

    /// The texts in force for these locales.
    async fn texts(&self, locales: &[&str]) -> Vec<(String, String)> {
        let locales: Vec<String> = locales.iter().map(|locale| (*locale).to_owned()).collect();
        let found = self.store.texts_in_force(scope().tenant_id(), CODE, &locales).await.unwrap();
        let mut texts: Vec<_> =
            found.into_iter().map(|(locale, text)| (locale, text.parts.unwrap().text)).collect();
        texts.sort();
        texts
    }

    /// The numbers of the versions that are kept, newest first.
    async fn versions(&self, locale: &str) -> Vec<i32> {
        let kept = self.store.text_versions(&scope(), &key(locale)).await.unwrap();
        kept.iter().map(|info| info.version).collect()
    }
}

fn made(outcome: TextChangeOutcome) -> TextVersion {
    let TextChangeOutcome::Made(version) = outcome else { panic!("no version was made: {outcome:?}") };
    version
}

fn said(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(locale, text)| ((*locale).to_owned(), (*text).to_owned())).collect()
}

pub(super) async fn a_text_that_is_set_is_in_force(world: &World) {
    let first = world.set_text("de", 0, "eins").await;
    let second = world.set_text("de", 1, "zwei").await;
    world.set_text("de-AT", 0, "drei").await;

    let newest = world.store.newest_text(&scope(), &key("de")).await.unwrap();
    let overrides = world.store.text_overrides(&scope()).await.unwrap();

    assert_eq!((first.info.version, second.info.version), (1, 2));
    assert_eq!((first.info.author.as_str(), first.info.created_at), ("identity", NOW));
    assert_eq!(newest, Some(second));
    assert_eq!(world.texts(&["de", "de-AT", "en"]).await, said(&[("de", "zwei"), ("de-AT", "drei")]));
    let listed: Vec<_> =
        overrides.iter().map(|one| (one.template.as_str(), one.locale.as_str(), one.info.version)).collect();
    assert_eq!(listed, [("verification_code", "de", 2), ("verification_code", "de-AT", 1)]);
}

pub(super) async fn a_reset_and_a_rollback_are_versions(world: &World) {
    world.set_text("de", 0, "eins").await;

    let reset = made(world.change_text(&world.text_request("de", 1, TextChange::Reset)).await);
    let (after_reset, overrides) =
        (world.texts(&["de"]).await, world.store.text_overrides(&scope()).await.unwrap());
    let back = made(world.change_text(&world.text_request("de", 2, TextChange::RollBack(1))).await);
    let after_rollback = world.texts(&["de"]).await;
    let again = made(world.change_text(&world.text_request("de", 3, TextChange::RollBack(2))).await);

    assert_eq!((reset.info.action, reset.parts.is_none()), (VersionAction::Reset, true));
    assert_eq!((after_reset, overrides), (Vec::new(), Vec::new()));
    assert_eq!((back.info.action, back.info.restored), (VersionAction::RolledBack, Some(1)));
    assert_eq!(after_rollback, said(&[("de", "eins")]));
    assert!(again.info.is_built_in && world.texts(&["de"]).await.is_empty());
    assert_eq!(world.versions("de").await, [4, 3, 2, 1]);
    let first = world.store.text_version(&scope(), &key("de"), 1).await.unwrap().unwrap();
    assert_eq!(first.parts, Some(parts("eins")));
}

pub(super) async fn what_cannot_be_changed_says_why_and_makes_no_version(world: &World) {
    let nothing = world.change_text(&world.text_request("de", 0, TextChange::Reset)).await;
    world.set_text("de", 0, "eins").await;

    let outdated = world.change_text(&world.text_request("de", 0, TextChange::Set(parts("zwei")))).await;
    let ahead = world.change_text(&world.text_request("de", 2, TextChange::Reset)).await;
    let not_there = world.change_text(&world.text_request("de", 1, TextChange::RollBack(7))).await;
    world.change_text(&world.text_request("de", 1, TextChange::Reset)).await;
    let twice = world.change_text(&world.text_request("de", 2, TextChange::Reset)).await;

    assert_eq!((&nothing, &twice), (&TextChangeOutcome::NotOverridden, &TextChangeOutcome::NotOverridden));
    assert_eq!((&outdated, &ahead), (&TextChangeOutcome::Outdated, &TextChangeOutcome::Outdated));
    assert_eq!(not_there, TextChangeOutcome::VersionNotFound);
    assert_eq!(world.versions("de").await, [2, 1]);
}

pub(super) async fn a_change_of_a_text_repeated_says_the_same_and_does_nothing(world: &World) {
    let set = world.text_request("de", 0, TextChange::Set(parts("eins")));
    let first = world.change_text(&set).await;
    world.set_text("de", 1, "zwei").await;

    let repeated = world.change_text(&set).await;
    let others = [
        TextRequest { change: TextChange::Set(parts("drei")), ..set.clone() },
        TextRequest { change: TextChange::Reset, ..set.clone() },
        TextRequest { key: key("de-AT"), ..set.clone() },
        TextRequest { based_on: 2, ..set.clone() },
    ];

    assert_eq!(repeated, first);
    for other in &others {
        assert_eq!(world.change_text(other).await, TextChangeOutcome::RequestIdReused, "{other:?}");
    }
    assert_eq!((world.versions("de").await, world.versions("de-AT").await), (vec![2, 1], Vec::new()));
}

pub(super) async fn a_text_belongs_to_its_tenant_template_and_locale(world: &World) {
    let other: CallerScope = scope_of(TenantId::from_uuid(Uuid::from_u128(9)), rights("identity"));
    let set = world.text_request("de", 0, TextChange::Set(parts("eins")));
    world.change_text(&set).await;

    let of_another = world.store.newest_text(&other, &key("de")).await.unwrap();
    let in_force = world.store.texts_in_force(other.tenant_id(), CODE, &["de".to_owned()]).await.unwrap();
    let of_template = TextKey { template: TemplateName::SignInCode, ..key("de") };
    let of_template = world.store.newest_text(&scope(), &of_template).await.unwrap();
    let theirs = world.store.change_text(&other, &set, NOW).await.unwrap();

    assert_eq!((of_another, of_template, in_force), (None, None, Vec::new()));
    // A request id belongs to its tenant as well.
    assert_eq!(made(theirs).info.version, 1);
    assert_eq!(world.versions("de").await, [1]);
}

pub(super) async fn versions_beyond_those_kept_are_forgotten(world: &World) {
    for version in 0..VERSIONS + 2 {
        world.set_text("de", version, "wieder").await;
    }

    let kept = world.versions("de").await;

    assert_eq!(kept, (3..=VERSIONS + 2).rev().collect::<Vec<_>>());
    let gone = world.change_text(&world.text_request("de", VERSIONS + 2, TextChange::RollBack(2))).await;
    assert_eq!(gone, TextChangeOutcome::VersionNotFound);
}

pub(super) async fn a_tenant_has_texts_for_so_many_locales(world: &World) {
    for number in 0..LOCALES {
        world.set_text(&format!("de-x-{number}"), 0, "viele").await;
    }

    let one_more = world.change_text(&world.text_request("de", 0, TextChange::Set(parts("zu viel")))).await;
    let known = world.set_text("de-x-7", 1, "noch einmal").await;

    assert_eq!((one_more, known.info.version), (TextChangeOutcome::LocalesFull, 2));
}

pub(super) async fn the_last_room_for_a_locale_is_given_once_however_many_ask(world: &World) {
    for number in 1..LOCALES {
        world.set_text(&format!("de-x-{number}"), 0, "viele").await;
    }

    let mut callers = JoinSet::new();
    for number in 0..8 {
        let locale = format!("en-x-{number}");
        let request = world.text_request(&locale, 0, TextChange::Set(parts("noch eine")));
        let store = world.store.clone();
        callers.spawn(async move { store.change_text(&scope(), &request, NOW).await.unwrap() });
    }
    let outcomes = callers.join_all().await;

    let (winners, losers): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, TextChangeOutcome::Made(_)));
    assert_eq!((winners.len(), losers), (1, vec![TextChangeOutcome::LocalesFull; 7]));
}

pub(super) async fn of_changes_upon_one_version_one_is_made(world: &World) {
    world.set_text("de", 0, "eins").await;

    let mut callers = JoinSet::new();
    for number in 0..8 {
        let request = world.text_request("de", 1, TextChange::Set(parts(&format!("Fassung {number}"))));
        let store = world.store.clone();
        callers.spawn(async move { store.change_text(&scope(), &request, NOW).await.unwrap() });
    }
    let outcomes = callers.join_all().await;

    let (winners, losers): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, TextChangeOutcome::Made(_)));
    assert_eq!((winners.len(), losers), (1, vec![TextChangeOutcome::Outdated; 7]));
    assert_eq!(world.versions("de").await, [2, 1]);
}

pub(super) async fn a_change_of_a_text_asked_for_by_many_is_made_once(world: &World) {
    let request = world.text_request("de", 0, TextChange::Set(parts("eins")));

    let mut callers = JoinSet::new();
    for second in 0..8 {
        let (store, request) = (world.store.clone(), request.clone());
        let now = NOW.plus(Duration::from_secs(second));
        callers.spawn(async move { store.change_text(&scope(), &request, now).await.unwrap() });
    }
    let outcomes = callers.join_all().await;

    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    assert_eq!(made(outcomes[0].clone()).info.version, 1);
    assert_eq!(world.versions("de").await, [1]);
}
