//! Linking an account of another organisation: the person signs in to it, sees both and says yes.
//!
//! While they do, the session that they come from is set aside; afterwards it goes on and the other one ends, whatever they said.

use std::time::Duration;

use axum::response::Response;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::linked_account_service_client::LinkedAccountServiceClient;

use super::directories;
use crate::domain::{Organisation, OrganisationKey, Refusal};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::{PeerError, PeerFailure, SignInOutcome};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{CurrentUser, Fault, LocalPath, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

const PATH: &str = "/account/directories/link";
const CONFIRM: &str = "/account/directories/link/confirm";
const ORGANISATION: &str = "organisation";
const LOGIN: &str = "login";
const PASSWORD: &str = "password";
/// Set by the button that links; the other one only comes back.
const YES: &str = "yes";

/// Identity links accounts whose sign-ins are both of the last ten minutes (`LinkedAccountService`). Half of it is left for the sign-in to
/// the other.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// What was typed.
#[derive(Clone, Copy, Default)]
struct Draft<'a> {
    organisation: &'a str,
    login: &'a str,
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    user.require_sign_in_within(RECENT).await?;
    page(&user, Draft::default(), Vec::new())
}

pub(super) async fn sign_in(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let draft = Draft { organisation: fields.text(ORGANISATION), login: fields.text(LOGIN) };
    let organisation = match other_organisation(&user, &draft, &fields).await? {
        Ok(organisation) => organisation,
        Err(problems) => return page(&user, draft, problems),
    };
    let call = user.context.call(fields.request_id()?);
    let (tenant, password) = (organisation.tenant, fields.secret(PASSWORD));
    let problem = match user.context.site.sign_ins.sign_in(tenant, draft.login, &password, &call).await {
        Ok(outcome) => {
            if let Some(there) = go_over(&user, tenant, draft.login, outcome).await? {
                return Ok(there);
            }
            user.context.texts().account.link_rejected.clone()
        }
        Err(error) => match refusal(error)? {
            Refusal::FieldInvalid(_) => user.context.texts().account.link_rejected.clone(),
            other => refusal_text(&user.context, &other)?,
        },
    };
    page(&user, draft, vec![FormProblem::of(PASSWORD, problem)])
}

/// The organisation that was named, or everything that is wrong with the form.
async fn other_organisation(
    user: &CurrentUser,
    draft: &Draft<'_>,
    fields: &PostedFields,
) -> Result<Result<Organisation, Vec<FormProblem>>, Fault> {
    let (words, general) = (&user.context.texts().account, user.context.words());
    let key = OrganisationKey::parse(draft.organisation);
    let has_password = !fields.secret(PASSWORD).expose_secret().is_empty();
    let missing = [
        (key.is_none(), FormProblem::of(ORGANISATION, &general.organisation_missing)),
        (draft.login.is_empty(), FormProblem::of(LOGIN, &general.login_missing)),
        (!has_password, FormProblem::of(PASSWORD, &words.link_password_missing)),
    ];
    let missing: Vec<FormProblem> =
        missing.into_iter().filter(|(is, _)| *is).map(|(_, problem)| problem).collect();
    let Some(key) = key.filter(|_| missing.is_empty()) else { return Ok(Err(missing)) };
    let problem = match user.context.site.identity.find_organisation(&key).await {
        Ok(found) if found.tenant == user.tenant() => words.link_same.clone(),
        Ok(found) => return Ok(Ok(found)),
        Err(error) => match refusal(error)? {
            Refusal::OrganisationUnknown | Refusal::FieldInvalid(_) => general.organisation_unknown.clone(),
            Refusal::OrganisationElsewhere => general.organisation_elsewhere.clone(),
            other => refusal_text(&user.context, &other)?,
        },
    };
    Ok(Err(vec![FormProblem::of(ORGANISATION, problem)]))
}

/// Signed in to the other account, or on the way there, while the session of this one waits; none where that was rejected.
async fn go_over(
    user: &CurrentUser,
    tenant: TenantId,
    login: &str,
    outcome: SignInOutcome,
) -> Result<Option<Response>, Fault> {
    let context = &user.context;
    let next = LocalPath::parse(CONFIRM).expect("the page's own path is one of ours");
    let there = match outcome {
        SignInOutcome::SignedIn(tokens) => context.start_session(tenant, login, tokens, &next).await?,
        SignInOutcome::Challenged(challenge) => context.start_challenge(tenant, login, challenge, &next)?,
        SignInOutcome::Rejected => return Ok(None),
    };
    user.stash_session(there).map(Some)
}

/// Asks whether the two are to be linked, by their names.
pub(super) async fn ask(user: CurrentUser) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let Some(waiting) = user.stashed_login() else {
        return context.redirect_with_flash(MenuItem::Directories.path(), &words.link_over);
    };
    let tenant = directories::current(&user).await?;
    let values = Values::default()
        .text("login", user.login())
        .text("organisation", &tenant.display_name)
        .text("waiting", &waiting)
        .html("hidden", context.hidden_fields(CONFIRM)?);
    let body = context.body("account_link_confirm", values)?;
    let organisation = user.organisation(&tenant.display_name);
    let content = PageContent::new(&words.link_confirm_title, body);
    user.page(MenuItem::Directories, PageContent { organisation: Some(&organisation), ..content })
}

pub(super) async fn link(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let Some(first) = user.restore_session().await? else {
        return context.redirect_with_flash(MenuItem::Directories.path(), &words.link_over);
    };
    let said = if fields.text(YES).is_empty() {
        words.link_cancelled.clone()
    } else {
        linked(&first, &user, fields.request_id()?).await?
    };
    leave(&user).await;
    first.with_restored_session(context.redirect_with_flash(MenuItem::Directories.path(), &said)?)
}

/// Links the two, and says how that went.
async fn linked(first: &CurrentUser, other: &CurrentUser, request_id: String) -> Result<String, Fault> {
    let words = &first.context.texts().account;
    let request = wire::LinkAccountRequest {
        other_access_token: other.access_token().to_owned(),
        request_id,
        context: first.request_context(),
    };
    match LinkedAccountServiceClient::new(first.identity()).link_account(request).await {
        Ok(linked) => {
            let tenant = linked.into_inner().tenant.ok_or_else(|| PeerFailure::unexpected("no tenant"))?;
            Ok(interpolate(&words.linked, "organisation", &tenant.display_name))
        }
        Err(status) => match refusal(status.into())? {
            Refusal::SignInNotRecent => Ok(words.link_over.clone()),
            other => refusal_text(&first.context, &other),
        },
    }
}

/// Ends the session of the other account. It would end by itself: a failure is the operator's to know and changes nothing for the person.
async fn leave(other: &CurrentUser) {
    let call = other.context.call(other.context.draw_request_id());
    let ended = other.context.site.sign_ins.sign_out(other.access_token(), &call).await;
    if let Err(PeerError::Failed(failure)) = ended {
        tracing::warn!(
            error = &failure as &dyn std::error::Error,
            "a session was left for another and not ended"
        );
    }
}

fn page(user: &CurrentUser, draft: Draft<'_>, problems: Vec<FormProblem>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let general = context.words();
    let field = |name: &'static str, label, kind, value| {
        let problem = FormProblem::for_field(&problems, name);
        let hint = (name == ORGANISATION).then_some(general.organisation_hint.as_str());
        context.field(&Field { name, label, hint, kind, value, problem })
    };
    let organisation = field(
        ORGANISATION,
        words.link_organisation_label.as_str(),
        FieldKind::Organisation,
        draft.organisation,
    )?;
    let login = field(LOGIN, words.link_login_label.as_str(), FieldKind::Login, draft.login)?;
    let password = field(PASSWORD, words.link_password_label.as_str(), FieldKind::Password, "")?;
    let values = Values::default()
        .html("hidden", context.hidden_fields(PATH)?)
        .html("organisation", organisation)
        .html("login", login)
        .html("password", password);
    let body = context.body("account_link", values)?;
    user.page(MenuItem::Directories, PageContent { problems, ..PageContent::new(&words.link_choice, body) })
}
