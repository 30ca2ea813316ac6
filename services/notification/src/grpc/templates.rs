//! The RPCs about templates: decode, check what the caller may, call authoring, encode.

mod encode;

use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::locale::Locale;
use rekey_runtime::access::Caller;
use rekey_wire::notification::v1::template_service_server::TemplateService;
use rekey_wire::notification::v1::{
    GetTemplateRequest, GetTemplateResponse, ListTemplateVersionsRequest, ListTemplateVersionsResponse,
    ListTemplatesRequest, ListTemplatesResponse, PreviewTemplateRequest, PreviewTemplateResponse,
    ResetTemplateRequest, ResetTemplateResponse, RollbackTemplateRequest, RollbackTemplateResponse,
    SetTemplateRequest, SetTemplateResponse, TemplateParts as WireParts, TemplateText as WireText,
};
use tonic::{Request, Response, Status};

use super::decode::Fields;
use super::refusal::{answer, refuse};
use super::{opened, scope};
use crate::authoring::{Authoring, ChangeOfText, PreviewRequest, Source};
use crate::domain::refusal::{MissingRight, Refusal};
use crate::domain::scope::CallerScope;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{TemplateParts, TextChange, TextKey};

/// The service behind its generated trait.
pub(crate) struct TemplateGrpc {
    authoring: Authoring,
}

impl TemplateGrpc {
    pub(crate) fn new(authoring: Authoring) -> Self {
        Self { authoring }
    }

    /// Makes the change that is asked for, and gives the text that is in force after it.
    async fn change(
        &self,
        asked: Asked<'_>,
        locale: &str,
        change: Option<TextChange>,
        precondition: Precondition<'_>,
    ) -> Result<WireText, Status> {
        let (scope, change) = asked.change(locale, change, precondition)?;
        let view = self.authoring.change(&scope, change).await.map_err(answer)?;
        Ok(encode::text(view))
    }
}

/// The longest etag that is looked at.
const ETAG: usize = 64;

#[tonic::async_trait]
impl TemplateService for TemplateGrpc {
    async fn list_templates(
        &self,
        request: Request<ListTemplatesRequest>,
    ) -> Result<Response<ListTemplatesResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let catalogue = self.authoring.catalogue(&scope).await.map_err(answer)?;
        let templates = catalogue.into_iter().map(encode::template).collect();
        Ok(Response::new(ListTemplatesResponse { templates }))
    }

    async fn get_template(
        &self,
        request: Request<GetTemplateRequest>,
    ) -> Result<Response<GetTemplateResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        asked.fields.check(request.version >= 0, "version", "is negative");
        let is_either = !request.built_in || request.version == 0;
        asked.fields.check(is_either, "version", "is of the tenant, and the built-in text was asked for");
        let (scope, key) = asked.key(&request.locale)?;
        let view = match request.version {
            0 if request.built_in => self.authoring.built_in_text(&scope, &key).await,
            0 => self.authoring.text(&scope, &key).await,
            version => self.authoring.version(&scope, &key, version).await,
        };
        Ok(Response::new(GetTemplateResponse { template: Some(encode::text(view.map_err(answer)?)) }))
    }

    async fn set_template(
        &self,
        request: Request<SetTemplateRequest>,
    ) -> Result<Response<SetTemplateResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        let parts = parts(&mut asked.fields, "parts", request.parts);
        let change = parts.map(TextChange::Set);
        let precondition = Precondition { etag: &request.etag, request_id: &request.request_id };
        let text = self.change(asked, &request.locale, change, precondition).await?;
        Ok(Response::new(SetTemplateResponse { template: Some(text) }))
    }

    async fn list_template_versions(
        &self,
        request: Request<ListTemplateVersionsRequest>,
    ) -> Result<Response<ListTemplateVersionsResponse>, Status> {
        let (caller, request) = opened(request)?;
        let asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        let (scope, key) = asked.key(&request.locale)?;
        let versions = self.authoring.versions(&scope, &key).await.map_err(answer)?;
        let versions = versions.into_iter().map(encode::version).collect();
        Ok(Response::new(ListTemplateVersionsResponse { versions }))
    }

    async fn rollback_template(
        &self,
        request: Request<RollbackTemplateRequest>,
    ) -> Result<Response<RollbackTemplateResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        asked.fields.check(request.version > 0, "version", "is no version");
        let change = Some(TextChange::RollBack(request.version));
        let precondition = Precondition { etag: &request.etag, request_id: &request.request_id };
        let text = self.change(asked, &request.locale, change, precondition).await?;
        Ok(Response::new(RollbackTemplateResponse { template: Some(text) }))
    }

    async fn reset_template(
        &self,
        request: Request<ResetTemplateRequest>,
    ) -> Result<Response<ResetTemplateResponse>, Status> {
        let (caller, request) = opened(request)?;
        let asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        let change = Some(TextChange::Reset);
        let precondition = Precondition { etag: &request.etag, request_id: &request.request_id };
        let text = self.change(asked, &request.locale, change, precondition).await?;
        Ok(Response::new(ResetTemplateResponse { template: Some(text) }))
    }

    async fn preview_template(
        &self,
        request: Request<PreviewTemplateRequest>,
    ) -> Result<Response<PreviewTemplateResponse>, Status> {
        let (caller, request) = opened(request)?;
        let asked = Asked::of(&caller, &request.tenant_id, &request.name)?;
        let (scope, request) = asked.preview(request)?;
        let preview = self.authoring.preview(&scope, request).await.map_err(answer)?;
        Ok(Response::new(encode::preview(preview)))
    }
}

/// Upon what a change is to be made, and what makes a repeated call the same call.
struct Precondition<'a> {
    etag: &'a str,
    request_id: &'a str,
}

/// What a request names, as far as it is read.
struct Asked<'a> {
    caller: &'a Caller,
    fields: Fields,
    tenant_id: Option<TenantId>,
    template: Option<TemplateName>,
}

impl<'a> Asked<'a> {
    /// Permission comes first, so that nobody learns from a refusal which templates there are.
    fn of(caller: &'a Caller, tenant_id: &str, name: &str) -> Result<Self, Status> {
        if !name.is_empty() && !caller.may_use_template(name) {
            return Err(refuse(Refusal::CallerNotAllowed(MissingRight::Template)));
        }
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", tenant_id, TenantId::parse);
        let template = fields.template("name", name);
        Ok(Self { caller, fields, tenant_id, template })
    }

    /// What the request is about, if all its fields are right.
    fn key(mut self, locale: &str) -> Result<(CallerScope, TextKey), Status> {
        let locale = locale_of(&mut self.fields, locale);
        let scope = scope(self.caller, &mut self.fields, self.tenant_id)?;
        match (self.template, locale) {
            (Some(template), Some(locale)) => {
                Ok((scope, TextKey { template, locale: locale.as_str().to_owned() }))
            }
            _ => Err(refuse(self.fields.refusal())),
        }
    }

    /// The change that is asked for, with its etag and request id.
    fn change(
        mut self,
        locale: &str,
        change: Option<TextChange>,
        Precondition { etag, request_id }: Precondition<'_>,
    ) -> Result<(CallerScope, ChangeOfText), Status> {
        let given = (1..=ETAG).contains(&etag.len()).then(|| version_of(etag));
        let based_on = self.fields.take(given, "etag", "is not the etag that was read");
        let request_id = self.fields.id("request_id", request_id, RequestId::parse);
        let (scope, key) = self.key(locale)?;
        match (change, based_on, request_id) {
            (Some(change), Some(based_on), Some(request_id)) => {
                Ok((scope, ChangeOfText { key, change, based_on, request_id }))
            }
            // Each was noted where it was read, and nothing gets past the key then.
            _ => Err(Status::internal("a field that was not noted")),
        }
    }

    fn preview(mut self, request: PreviewTemplateRequest) -> Result<(CallerScope, PreviewRequest), Status> {
        let fields = &mut self.fields;
        fields.check(request.version >= 0, "version", "is negative");
        fields.check(request.variables.len() <= 32, "variables", "holds more than 32");
        let is_exact = request.draft.is_some() || request.version > 0;
        let locale = match request.locale.as_str() {
            "" if !is_exact => None,
            text => locale_of(fields, text),
        };
        let draft = request.draft.map(|draft| parts(fields, "draft", Some(draft)));
        let scope = scope(self.caller, &mut self.fields, self.tenant_id)?;
        let template = self.template.ok_or_else(|| refuse(self.fields.refusal()))?;
        let key = || {
            let locale = locale.as_ref().map(|locale| locale.as_str().to_owned()).unwrap_or_default();
            TextKey { template, locale }
        };
        let source = match (draft.flatten(), request.version) {
            (Some(parts), _) => Source::Draft(key(), parts),
            (None, 0) => Source::InForce,
            (None, version) => Source::Version(key(), version),
        };
        Ok((scope, PreviewRequest { template, locale, source, variables: request.variables }))
    }
}

fn locale_of(fields: &mut Fields, text: &str) -> Option<Locale> {
    let what = if text.is_empty() { "is missing" } else { "is no BCP 47 language tag" };
    fields.take(Locale::parse(text).ok(), "locale", what)
}

/// The version that an etag stands for. One that is not of ours is of none that there is.
fn version_of(etag: &str) -> i32 {
    let digits = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    digits
        .and_then(|digits| i32::from_str_radix(digits, 16).ok())
        .filter(|version| *version >= 0)
        .unwrap_or(-1)
}

/// The parts of a text, without blanks around them; or notes of those that are missing.
fn parts(fields: &mut Fields, field: &str, sent: Option<WireParts>) -> Option<TemplateParts> {
    let WireParts { subject, text, sms } = fields.take(sent, field, "is missing")?;
    for (name, part) in [("subject", &subject), ("text", &text), ("sms", &sms)] {
        fields.check(!part.is_empty(), &format!("{field}.{name}"), "is missing");
    }
    let trimmed = |part: &str| part.trim().to_owned();
    Some(TemplateParts { subject: trimmed(&subject), text: trimmed(&text), sms: trimmed(&sms) })
}

#[cfg(test)]
mod tests;
