//! Signing in with a passkey alone, which says who its person is.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::{NEXT, SignInTarget, next, redirect_after_sign_in};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{Organisation, PasskeySignIn, Refusal};
use crate::pages::proof_forms::{CREDENTIAL, Link, PasskeyForm};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::FormProblem;
use crate::web::{Fault, LocalPath, OrganisationForm, PageContent, PageContext};

const PATH: &str = "/sign-in/passkey";

/// Whose page it is, and where it leads to.
struct PasskeyPage<'a> {
    organisation: &'a Organisation,
    next: &'a LocalPath,
}

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    let organisation = context.organisation().await?;
    let next = next(&context.query(NEXT));
    page(&context, &PasskeyPage { organisation: &organisation, next: &next }, None).await
}

pub(super) async fn submit(context: PageContext, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let next = next(fields.text(NEXT));
    let target = PasskeyPage { organisation: &organisation, next: &next };
    let (texts, credential) = (&context.texts().signing_in, fields.secret(CREDENTIAL));
    let asked = context.cookie::<PasskeySignIn>().filter(|asked| asked.tenant == organisation.tenant);
    let Some(asked) = asked else {
        return page(&context, &target, Some(&texts.passkey_rejected)).await;
    };
    if credential.expose_secret().is_empty() {
        return page(&context, &target, Some(&texts.passkey_missing)).await;
    }
    let call = context.call(fields.request_id()?);
    let text = match context.site.sign_ins.complete_passkey_sign_in(&asked.token, &credential, &call).await {
        Ok(outcome) => {
            let who = SignInTarget { tenant: asked.tenant, login: "", next: &next };
            match redirect_after_sign_in(&context, &who, outcome).await? {
                Some(there) => return context.with_cookie(there, None, None::<&PasskeySignIn>),
                None => texts.passkey_rejected.clone(),
            }
        }
        Err(error) => match refusal(error)? {
            Refusal::FieldInvalid(_) | Refusal::ChallengeOver => texts.passkey_rejected.clone(),
            other => refusal_text(&context, &other)?,
        },
    };
    page(&context, &target, Some(&text)).await
}

/// The page, with something that a passkey has not signed yet.
async fn page(
    context: &PageContext,
    target: &PasskeyPage<'_>,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let tenant = target.organisation.tenant;
    let (started, problem) =
        match context.site.sign_ins.start_passkey_sign_in(tenant, &context.client_info()).await {
            Ok(started) => (Some(started), problem.map(str::to_owned)),
            Err(error) => (None, Some(refusal_text(context, &refusal(error)?)?)),
        };
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair(NEXT, target.next.as_str()).finish();
    let links = [Link { path: format!("/sign-in?{query}"), text: &texts.option_password }];
    let form = PasskeyForm {
        lead: &texts.passkey_lead,
        action: PATH,
        hidden: context.hidden_fields_of(target.organisation.tenant, PATH)?,
        fields: &[(NEXT, target.next.as_str())],
        options: started.as_ref().map(|started| started.options.as_str()),
        links: &links,
    };
    let page = context.page(PageContent {
        organisation: Some(target.organisation),
        script_path: Some(PASSKEY_SCRIPT),
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        ..PageContent::new(&texts.passkey_title, form.body(context)?)
    })?;
    let Some(started) = started else { return Ok(page) };
    let asked = PasskeySignIn { tenant, token: started.token.expose_secret().to_owned() };
    context.with_cookie(page, None, Some(&asked))
}
