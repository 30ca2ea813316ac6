//! Signing in with a passkey alone, which says who its person is.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::{NEXT, Newcomer, led, next};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{Organisation, PasskeySignIn, Refusal};
use crate::pages::proof_forms::{CREDENTIAL, Link, PasskeyForm};
use crate::pages::sentences::{refusal, sentence};
use crate::view::Problem;
use crate::web::{Content, Fault, LocalPath, OrganisationForm, Visit};

const PATH: &str = "/sign-in/passkey";

/// Whose page it is, and where it leads to.
struct Place<'a> {
    organisation: &'a Organisation,
    next: &'a LocalPath,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let organisation = visit.organisation().await?;
    let next = next(&visit.query(NEXT));
    page(&visit, &Place { organisation: &organisation, next: &next }, None).await
}

pub(super) async fn submit(visit: Visit, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let next = next(fields.text(NEXT));
    let place = Place { organisation: &organisation, next: &next };
    let (texts, credential) = (&visit.texts().signing_in, fields.secret(CREDENTIAL));
    let asked = visit.kept::<PasskeySignIn>().filter(|asked| asked.tenant == organisation.tenant);
    let Some(asked) = asked else {
        return page(&visit, &place, Some(&texts.passkey_rejected)).await;
    };
    if credential.expose_secret().is_empty() {
        return page(&visit, &place, Some(&texts.passkey_missing)).await;
    }
    let call = visit.call(fields.request_id()?);
    let text = match visit.site.sign_ins.complete_passkey_sign_in(&asked.token, &credential, &call).await {
        Ok(outcome) => {
            let who = Newcomer { tenant: asked.tenant, login: "", next: &next };
            match led(&visit, &who, outcome).await? {
                Some(there) => return visit.keeping(there, None, None::<&PasskeySignIn>),
                None => texts.passkey_rejected.clone(),
            }
        }
        Err(error) => match refusal(error)? {
            Refusal::FieldInvalid(_) | Refusal::ChallengeOver => texts.passkey_rejected.clone(),
            other => sentence(&visit, &other)?,
        },
    };
    page(&visit, &place, Some(&text)).await
}

/// The page, with something that a passkey has not signed yet.
async fn page(visit: &Visit, place: &Place<'_>, problem: Option<&str>) -> Result<Response, Fault> {
    let texts = &visit.texts().signing_in;
    let tenant = place.organisation.tenant;
    let (started, problem) = match visit.site.sign_ins.start_passkey_sign_in(tenant, &visit.visitor()).await {
        Ok(started) => (Some(started), problem.map(str::to_owned)),
        Err(error) => (None, Some(sentence(visit, &refusal(error)?)?)),
    };
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair(NEXT, place.next.as_str()).finish();
    let links = [Link { path: format!("/sign-in?{query}"), text: &texts.option_password }];
    let form = PasskeyForm {
        lead: &texts.passkey_lead,
        action: PATH,
        hidden: visit.hidden_of(place.organisation.tenant, PATH)?,
        fields: &[(NEXT, place.next.as_str())],
        options: started.as_ref().map(|started| started.options.as_str()),
        links: &links,
    };
    let page = visit.page(Content {
        organisation: Some(place.organisation),
        script_path: Some(PASSKEY_SCRIPT),
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&texts.passkey_title, form.body(visit)?)
    })?;
    let Some(started) = started else { return Ok(page) };
    let asked = PasskeySignIn { tenant, token: started.token.expose_secret().to_owned() };
    visit.keeping(page, None, Some(&asked))
}
