//! Texts of tenants.

use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::notification::v1::template_service_client::TemplateServiceClient;
use rekey_wire::notification::v1::{
    GetTemplateRequest, ListTemplateVersionsRequest, ListTemplatesRequest, PreviewTemplateRequest,
    ResetTemplateRequest, RollbackTemplateRequest, SetTemplateRequest, TemplateParts,
};

use super::Example;

fn parts(sms: &str) -> TemplateParts {
    TemplateParts {
        subject: "Your code".to_owned(),
        text: "Your code:\n\n{{ code }}".to_owned(),
        sms: sms.to_owned(),
    }
}

fn setting(world: &World, name: &str, etag: &str) -> SetTemplateRequest {
    SetTemplateRequest {
        tenant_id: world.tenant_id.clone(),
        name: name.to_owned(),
        locale: "de-AT".to_owned(),
        parts: Some(parts(&format!("{{{{ code }}}} {name}"))),
        etag: etag.to_owned(),
        request_id: request_id(),
    }
}

/// Sets a text where there is none, and gives its etag.
async fn set(world: &World, name: &str) -> String {
    let mut service = TemplateServiceClient::new(world.notification.clone());
    let answer = service.set_template(setting(world, name, "\"0\"")).await.unwrap();
    answer.into_inner().template.unwrap().etag
}

/// Each change is of a template of its own, so that none comes before another.
pub(super) async fn examples(world: &World) -> Vec<Example> {
    let (to_roll_back, to_reset) = (set(world, "sign_in_code").await, set(world, "sign_up_code").await);
    let (tenant_id, locale) = (|| world.tenant_id.clone(), || "de-AT".to_owned());
    let list = ListTemplatesRequest { tenant_id: tenant_id() };
    let get = GetTemplateRequest {
        tenant_id: tenant_id(),
        name: "sign_in_code".to_owned(),
        locale: locale(),
        ..GetTemplateRequest::default()
    };
    let versions = ListTemplateVersionsRequest {
        tenant_id: tenant_id(),
        name: "sign_in_code".to_owned(),
        locale: locale(),
    };
    let rollback = RollbackTemplateRequest {
        tenant_id: tenant_id(),
        name: "sign_in_code".to_owned(),
        locale: locale(),
        version: 1,
        etag: to_roll_back,
        request_id: request_id(),
    };
    let reset = ResetTemplateRequest {
        tenant_id: tenant_id(),
        name: "sign_up_code".to_owned(),
        locale: locale(),
        etag: to_reset,
        request_id: request_id(),
    };
    let preview = PreviewTemplateRequest {
        tenant_id: tenant_id(),
        name: "verification_code".to_owned(),
        locale: locale(),
        draft: Some(parts("{{ code }}")),
        version: 0,
        variables: [("organisation".to_owned(), "Acme".to_owned())].into(),
    };
    vec![
        Example::new("/rekey.notification.v1.TemplateService/ListTemplates", &list),
        Example::new("/rekey.notification.v1.TemplateService/GetTemplate", &get),
        Example::new(
            "/rekey.notification.v1.TemplateService/SetTemplate",
            &setting(world, "verification_code", "\"0\""),
        ),
        Example::new("/rekey.notification.v1.TemplateService/ListTemplateVersions", &versions),
        Example::new("/rekey.notification.v1.TemplateService/RollbackTemplate", &rollback),
        Example::new("/rekey.notification.v1.TemplateService/ResetTemplate", &reset),
        Example::new("/rekey.notification.v1.TemplateService/PreviewTemplate", &preview),
    ]
}
