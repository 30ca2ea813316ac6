use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rekey_client::Problem;
use rekey_runtime::access::{Allowed, CallerEntry};
use rekey_wire::notification::v1::{SmsEncoding, TemplateAction, TemplateOrigin, TemplateText};
use tempfile::TempDir;

use super::*;
use crate::fixtures::{NOW, clock, entropy, link_hosts, store, tenant};
use crate::templates::Renderer;

struct World {
    service: TemplateGrpc,
    entropy: rekey_primitives::entropy::SharedEntropy,
    _folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let renderer = Renderer::new("en", Some("id.example.com")).unwrap().linking_to(link_hosts());
    let authoring = Authoring { store, renderer: Arc::new(renderer), clock: Arc::new(clock()) };
    World { service: TemplateGrpc::new(authoring), entropy: entropy(), _folder: folder }
}

fn trusted() -> CallerEntry {
    CallerEntry::trusted("office", String::new())
}

fn only(template: &str) -> CallerEntry {
    CallerEntry { templates: Allowed::Only(BTreeSet::from([template.to_owned()])), ..trusted() }
}

fn by<T>(entry: CallerEntry, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::new(entry, None));
    request
}

fn wire_parts(sms: &str) -> WireParts {
    WireParts {
        subject: "Ihr Code".to_owned(),
        text: "Ihr Code:\n\n{{ code }}\n".to_owned(),
        sms: sms.to_owned(),
    }
}

impl World {
    fn request_id(&self) -> String {
        RequestId::generate(self.entropy.as_ref(), NOW).to_string()
    }

    fn setting(&self, etag: &str, sms: &str) -> SetTemplateRequest {
        SetTemplateRequest {
            tenant_id: tenant().to_string(),
            name: "verification_code".to_owned(),
            locale: "DE-at".to_owned(),
            parts: Some(wire_parts(sms)),
            etag: etag.to_owned(),
            request_id: self.request_id(),
        }
    }

    async fn set(&self, request: SetTemplateRequest) -> Result<TemplateText, Problem> {
        let answer = self.service.set_template(by(trusted(), request)).await;
        answer.map(|answer| answer.into_inner().template.unwrap()).map_err(|status| Problem::of(&status))
    }

    async fn get(&self, locale: &str, version: i32) -> Result<TemplateText, Problem> {
        let request = GetTemplateRequest {
            tenant_id: tenant().to_string(),
            name: "verification_code".to_owned(),
            locale: locale.to_owned(),
            version,
            built_in: false,
        };
        let answer = self.service.get_template(by(trusted(), request)).await;
        answer.map(|answer| answer.into_inner().template.unwrap()).map_err(|status| Problem::of(&status))
    }

    fn previewing(&self, locale: &str) -> PreviewTemplateRequest {
        PreviewTemplateRequest {
            tenant_id: tenant().to_string(),
            name: "verification_code".to_owned(),
            locale: locale.to_owned(),
            ..PreviewTemplateRequest::default()
        }
    }

    async fn preview(&self, request: PreviewTemplateRequest) -> Result<PreviewTemplateResponse, Problem> {
        let answer = self.service.preview_template(by(trusted(), request)).await;
        answer.map(Response::into_inner).map_err(|status| Problem::of(&status))
    }
}

fn fields(problem: &Problem) -> Vec<&str> {
    problem.fields.iter().map(|(field, _)| field.as_str()).collect()
}

#[tokio::test]
async fn a_text_is_set_shown_put_back_and_reset_version_by_version() {
    let world = world().await;
    let before = world.get("de-AT", 0).await.unwrap();

    let first = world.set(world.setting(&before.etag, "{{ code }} eins")).await.unwrap();
    let second = world.set(world.setting(&first.etag, "{{ code }} zwei")).await.unwrap();
    let (tenant_id, name, locale) =
        (tenant().to_string(), "verification_code".to_owned(), "de-AT".to_owned());
    let rollback = RollbackTemplateRequest {
        tenant_id: tenant_id.clone(),
        name: name.clone(),
        locale: locale.clone(),
        version: 1,
        etag: second.etag.clone(),
        request_id: world.request_id(),
    };
    let back = world.service.rollback_template(by(trusted(), rollback)).await.unwrap().into_inner();
    let back = back.template.unwrap();
    let reset = ResetTemplateRequest {
        tenant_id: tenant_id.clone(),
        name: name.clone(),
        locale: locale.clone(),
        etag: back.etag.clone(),
        request_id: world.request_id(),
    };
    let reset = world.service.reset_template(by(trusted(), reset)).await.unwrap().into_inner();
    let list = ListTemplateVersionsRequest { tenant_id, name, locale };
    let versions = world.service.list_template_versions(by(trusted(), list)).await.unwrap().into_inner();

    assert_eq!((before.origin(), before.source_locale.as_str()), (TemplateOrigin::BuiltIn, "de"));
    assert_eq!((before.version, before.etag.as_str()), (0, "\"0\""));
    assert_eq!((first.origin(), first.version), (TemplateOrigin::Tenant, 1));
    assert_eq!((first.locale.as_str(), first.author.as_str()), ("de-AT", "office"));
    assert_eq!(first.create_time.unwrap().seconds, NOW.unix_seconds());
    assert_eq!(world.get("de-AT", 2).await.unwrap().parts.unwrap().sms, "{{ code }} zwei");
    assert_eq!((back.version, back.parts.unwrap().sms.as_str()), (3, "{{ code }} eins"));
    assert_eq!(reset.template.unwrap().origin(), TemplateOrigin::BuiltIn);
    let told: Vec<_> =
        versions.versions.iter().map(|one| (one.version, one.action(), one.restored_version)).collect();
    assert_eq!(
        told,
        [
            (4, TemplateAction::Reset, 0),
            (3, TemplateAction::RolledBack, 1),
            (2, TemplateAction::Set, 0),
            (1, TemplateAction::Set, 0),
        ]
    );
    let after = world.get("de-AT", 0).await.unwrap();
    assert_eq!((after.parts, after.etag.as_str()), (before.parts, "\"4\""));
}

#[tokio::test]
async fn a_reader_of_a_region_is_shown_the_tenants_text_of_the_language() {
    let world = world().await;
    let german = SetTemplateRequest { locale: "de".to_owned(), ..world.setting("\"0\"", "{{ code }}") };
    world.set(german).await.unwrap();

    let shown = world.get("de-CH", 0).await.unwrap();
    let built_in = GetTemplateRequest {
        tenant_id: tenant().to_string(),
        name: "verification_code".to_owned(),
        locale: "de-CH".to_owned(),
        built_in: true,
        ..GetTemplateRequest::default()
    };
    let built_in = world.service.get_template(by(trusted(), built_in)).await.unwrap().into_inner();

    assert_eq!((shown.origin(), shown.source_locale.as_str()), (TemplateOrigin::Tenant, "de"));
    assert_eq!(built_in.template.unwrap().origin(), TemplateOrigin::BuiltIn);
    // Nothing is there for this very locale yet.
    assert_eq!((shown.version, shown.etag.as_str()), (1, "\"0\""));
}

#[tokio::test]
async fn the_catalogue_tells_variables_and_overrides_of_what_the_caller_may_use() {
    let world = world().await;
    world.set(world.setting("\"0\"", "{{ code }}")).await.unwrap();
    let request = || ListTemplatesRequest { tenant_id: tenant().to_string() };

    let all = world.service.list_templates(by(trusted(), request())).await.unwrap().into_inner().templates;
    let one = world.service.list_templates(by(only("verification_code"), request())).await.unwrap();

    assert_eq!(all.len(), TemplateName::ALL.len());
    let template = &one.into_inner().templates[0];
    assert_eq!(all.iter().find(|one| one.name == template.name), Some(template));
    assert_eq!(template.overrides[0].locale, "de-AT");
    let code = template.variables.iter().find(|variable| variable.name == "code").unwrap();
    assert!(code.required && !code.description.is_empty());
}

#[tokio::test]
async fn what_does_not_pass_or_comes_too_late_is_refused_with_its_reason() {
    let world = world().await;
    world.set(world.setting("\"0\"", "{{ code }}")).await.unwrap();
    let used = world.setting("\"1\"", "{{ code }} zwei");
    world.set(used.clone()).await.unwrap();

    let unfit = world.set(world.setting("\"2\"", "{{ kode }}")).await.unwrap_err();
    let stale = world.set(world.setting("\"1\"", "{{ code }}")).await.unwrap_err();
    let reused =
        world.set(SetTemplateRequest { parts: Some(wire_parts("{{ code }}")), ..used.clone() }).await;
    let not_there = world.get("de-AT", 9).await.unwrap_err();
    let repeated = world.set(used).await.unwrap();

    assert_eq!((unfit.reason.as_str(), fields(&unfit)), ("TEMPLATE_PARTS_INVALID", vec!["parts.sms"; 2]));
    assert_eq!(stale.reason, "ETAG_MISMATCH");
    assert_eq!(reused.unwrap_err().reason, "REQUEST_ID_REUSED");
    assert_eq!(not_there.reason, "TEMPLATE_VERSION_NOT_FOUND");
    assert_eq!(repeated.version, 2);
}

#[tokio::test]
async fn everything_malformed_is_named_field_by_field() {
    let world = world().await;
    let empty = SetTemplateRequest {
        tenant_id: tenant().to_string(),
        name: "verification_code".to_owned(),
        locale: "de_AT".to_owned(),
        parts: Some(WireParts { subject: "Code".to_owned(), ..WireParts::default() }),
        ..SetTemplateRequest::default()
    };
    let unknown = SetTemplateRequest { name: "x".to_owned(), ..world.setting("\"0\"", "{{ code }}") };

    let malformed = world.set(empty).await.unwrap_err();
    let unknown = world.set(unknown).await.unwrap_err();

    assert_eq!(malformed.reason, "FIELD_INVALID");
    assert_eq!(
        fields(&malformed),
        ["parts.text", "parts.sms", "etag", "request_id", "locale"],
        "{malformed:?}"
    );
    assert_eq!(unknown.reason, "TEMPLATE_NOT_FOUND");
}

#[tokio::test]
async fn a_caller_reaches_the_templates_and_tenants_of_its_entry_and_no_others() {
    let world = world().await;
    let elsewhere = CallerEntry { tenants: Allowed::nothing(), ..trusted() };
    let request = || GetTemplateRequest {
        tenant_id: tenant().to_string(),
        name: "verification_code".to_owned(),
        locale: "de".to_owned(),
        ..GetTemplateRequest::default()
    };

    let template = world.service.get_template(by(only("help_request"), request())).await.unwrap_err();
    let tenant = world.service.get_template(by(elsewhere, request())).await.unwrap_err();
    let nobody = world.service.get_template(Request::new(request())).await.unwrap_err();

    for (refused, missing) in [(template, "templates"), (tenant, "tenants"), (nobody, "methods")] {
        let refused = Problem::of(&refused);
        assert_eq!(
            (refused.reason.as_str(), refused.metadata["missing"].as_str()),
            ("CALLER_NOT_ALLOWED", missing)
        );
    }
}

#[tokio::test]
async fn a_preview_is_the_message_on_every_channel_with_what_it_takes_up() {
    let world = world().await;
    let variables = HashMap::from([("organisation".to_owned(), "Müller".to_owned())]);

    let built_in =
        world.preview(PreviewTemplateRequest { variables, ..world.previewing("de-AT") }).await.unwrap();
    world.set(world.setting("\"0\"", "{{ code }} für Sie 😀")).await.unwrap();
    let own = world.preview(world.previewing("de-AT")).await.unwrap();
    let nobody = world.preview(world.previewing("")).await.unwrap();

    let (email, sms) = (built_in.email.unwrap(), built_in.sms.unwrap());
    assert!(email.subject.contains("Müller") && email.text.contains("\n\n271828\n\n"));
    assert!(email.html.contains("lang=\"de\"") && sms.text.ends_with("\n\n@id.example.com #271828"));
    assert_eq!((sms.encoding(), sms.segments), (SmsEncoding::Gsm7, 1));
    assert_eq!(sms.units + sms.units_left, 160);
    let tried: Vec<_> =
        built_in.candidates.iter().map(|one| (one.locale.as_str(), one.origin(), one.exists)).collect();
    assert_eq!(
        tried,
        [
            ("de-AT", TemplateOrigin::Tenant, false),
            ("de", TemplateOrigin::Tenant, false),
            ("de", TemplateOrigin::BuiltIn, true),
        ]
    );
    assert_eq!((own.origin(), own.version, own.source_locale.as_str()), (TemplateOrigin::Tenant, 1, "de-AT"));
    assert_eq!(own.sms.unwrap().encoding(), SmsEncoding::Ucs2);
    assert!(own.candidates[0].exists);
    assert_eq!((nobody.origin(), nobody.source_locale.as_str()), (TemplateOrigin::BuiltIn, "en"));
}

#[tokio::test]
async fn a_draft_and_a_version_are_previewed_and_change_nothing() {
    let world = world().await;
    world.set(world.setting("\"0\"", "{{ code }} eins")).await.unwrap();
    world.set(world.setting("\"1\"", "{{ code }} zwei")).await.unwrap();
    let draft =
        |sms: &str| PreviewTemplateRequest { draft: Some(wire_parts(sms)), ..world.previewing("de-AT") };

    let drafted = world.preview(draft("{{ code }} Entwurf")).await.unwrap();
    let first =
        world.preview(PreviewTemplateRequest { version: 1, ..world.previewing("de-AT") }).await.unwrap();
    let unfit = world.preview(draft("Entwurf")).await.unwrap_err();
    let nowhere =
        world.preview(PreviewTemplateRequest { locale: String::new(), ..draft("{{ code }}") }).await;
    let foreign = HashMap::from([("surprise".to_owned(), "x".to_owned())]);
    let foreign =
        world.preview(PreviewTemplateRequest { variables: foreign, ..world.previewing("de") }).await;

    assert!(drafted.sms.unwrap().text.starts_with("271828 Entwurf") && drafted.version == 0);
    assert!(first.sms.unwrap().text.starts_with("271828 eins") && first.version == 1);
    assert_eq!((unfit.reason.as_str(), fields(&unfit)), ("TEMPLATE_PARTS_INVALID", vec!["draft.sms"]));
    assert_eq!(fields(&nowhere.unwrap_err()), ["locale"]);
    let foreign = foreign.unwrap_err();
    assert_eq!((foreign.reason.as_str(), fields(&foreign)), ("TEMPLATE_VARIABLES_WRONG", vec!["variables"]));
    assert_eq!(world.get("de-AT", 0).await.unwrap().version, 2);
}
