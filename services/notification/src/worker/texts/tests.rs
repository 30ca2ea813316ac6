use rekey_primitives::id::RequestId;
use tempfile::TempDir;

use super::*;
use crate::domain::template_text::{TemplateParts, TextChange};
use crate::fixtures::{NOW, entropy, fitting, link_hosts, scope, store, tenant};
use crate::store::{TextChangeOutcome, TextRequest};

const CODE: TemplateName = TemplateName::VerificationCode;
const LONG: Duration = Duration::from_secs(3_600);

struct World {
    store: Store,
    texts: TenantTexts,
    entropy: rekey_primitives::entropy::SharedEntropy,
    _folder: TempDir,
}

impl World {
    async fn keeping(life: Duration, entries: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let renderer = Renderer::new("en", None).unwrap().linking_to(link_hosts());
        let limits = CacheLimits { life, entries };
        let texts = TenantTexts::new(store.clone(), Arc::new(renderer), limits);
        Self { store, texts, entropy: entropy(), _folder: folder }
    }

    /// Sets a text upon that version, whether it would pass or not.
    async fn set(&self, locale: &str, based_on: i32, sms: &str) {
        let parts = TemplateParts { subject: "s".to_owned(), text: "t".to_owned(), sms: sms.to_owned() };
        let request = TextRequest {
            key: TextKey { template: CODE, locale: locale.to_owned() },
            change: TextChange::Set(parts),
            based_on,
            request_id: RequestId::generate(self.entropy.as_ref(), NOW),
        };
        let outcome = self.store.change_text(&scope(), &request, NOW).await.unwrap();
        assert!(matches!(outcome, TextChangeOutcome::Made(_)), "{outcome:?}");
    }

    async fn written(&self, tenant_id: TenantId, locale: Option<&str>, variables: &Variables) -> String {
        let locale = locale.map(|tag| Locale::parse(tag).unwrap());
        let reader = Reader { tenant_id, template: CODE, locale: locale.as_ref() };
        match self.texts.render(reader, variables, Channel::Sms).await.unwrap() {
            Rendered::Sms { text } => text.to_string(),
            _ => panic!("something else was rendered for a text message"),
        }
    }

    async fn said(&self, locale: Option<&str>) -> String {
        self.written(tenant(), locale, &fitting(CODE)).await
    }
}

fn is_built_in(text: &str) -> bool {
    text.contains("the organisation")
}

#[tokio::test]
async fn a_reader_is_written_to_in_the_nearest_language_and_then_in_the_tenants_words() {
    let world = World::keeping(Duration::ZERO, 10).await;
    world.set("de", 0, "deutsch {{ code }}").await;
    world.set("de-AT", 0, "österreichisch {{ code }}").await;
    world.set("en", 0, "english {{ code }}").await;

    assert_eq!(world.said(Some("de-AT")).await, "österreichisch 271828");
    assert_eq!(world.said(Some("de-CH")).await, "deutsch 271828");
    assert_eq!(world.said(Some("pt")).await, "english 271828");
    assert_eq!(world.said(None).await, "english 271828");
    // A built-in French text is nearer to a French reader than the tenant's English one.
    assert!(is_built_in(&world.said(Some("fr")).await));
    let stranger = TenantId::from_uuid(uuid::Uuid::from_u128(9));
    assert!(is_built_in(&world.written(stranger, Some("de"), &fitting(CODE)).await));
}

#[tokio::test]
async fn what_was_read_is_gone_by_for_its_life_and_no_longer() {
    let kept = World::keeping(LONG, 10).await;
    let read = World::keeping(Duration::ZERO, 10).await;

    for world in [&kept, &read] {
        assert!(is_built_in(&world.said(None).await));
        world.set("en", 0, "own {{ code }}").await;
    }

    assert!(is_built_in(&kept.said(None).await));
    assert_eq!(read.said(None).await, "own 271828");
}

#[tokio::test]
async fn no_more_is_kept_than_so_many() {
    let world = World::keeping(LONG, 3).await;

    for locale in ["de", "fr", "es", "ja", "ar"] {
        world.said(Some(locale)).await;
        assert!(world.texts.kept().len() <= 3);
    }

    assert!(!world.texts.kept().is_empty());
}

#[tokio::test]
async fn a_text_that_does_not_read_or_render_gives_way_to_the_built_in_one() {
    let world = World::keeping(Duration::ZERO, 10).await;
    let mut sent = crate::fixtures::variables(CODE);
    sent.insert("organisation".to_owned(), "//the organisation".to_owned());
    let smuggling = Variables::fitting(CODE, sent, &link_hosts()).unwrap();

    world.set("en", 0, "{{ code").await;
    let unreadable = world.said(None).await;
    world.set("en", 1, "{{ code }} {{ nothing }}").await;
    let unrendered = world.said(None).await;
    world.set("en", 2, "{{ code }} {# a host #}https:{{ organisation }}").await;
    let linked = world.written(tenant(), None, &smuggling).await;
    let own = world.said(None).await;

    assert!(is_built_in(&unreadable) && is_built_in(&unrendered), "{unreadable} {unrendered}");
    assert!(is_built_in(&linked) && !linked.contains("://"), "{linked}");
    assert_eq!(own, "271828 https:the organisation");
}

#[tokio::test]
async fn a_store_that_is_away_takes_no_message_with_it() {
    let world = World::keeping(Duration::ZERO, 10).await;
    world.set("en", 0, "own {{ code }}").await;
    let before = world.said(None).await;

    world.store.database().close().await;
    let known = world.said(None).await;
    let unknown = world.said(Some("de")).await;

    assert_eq!((before.as_str(), known.as_str()), ("own 271828", "own 271828"));
    assert!(is_built_in(&unknown), "{unknown}");
}
