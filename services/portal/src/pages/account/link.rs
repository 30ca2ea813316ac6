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
use crate::pages::sentences::{refusal, sentence};
use crate::peers::{PeerError, PeerFailure, SignInOutcome};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, LocalPath, Member, Place, PostedFields};
use crate::words::filled;

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

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    member.demand_sign_in_within(RECENT).await?;
    page(&member, Draft::default(), Vec::new())
}

pub(super) async fn sign_in(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let draft = Draft { organisation: fields.text(ORGANISATION), login: fields.text(LOGIN) };
    let organisation = match other_organisation(&member, &draft, &fields).await? {
        Ok(organisation) => organisation,
        Err(problems) => return page(&member, draft, problems),
    };
    let call = member.visit.call(fields.request_id()?);
    let (tenant, password) = (organisation.tenant, fields.secret(PASSWORD));
    let problem = match member.visit.site.sign_ins.sign_in(tenant, draft.login, &password, &call).await {
        Ok(outcome) => {
            if let Some(there) = go_over(&member, tenant, draft.login, outcome).await? {
                return Ok(there);
            }
            member.visit.texts().account.link_rejected.clone()
        }
        Err(error) => match refusal(error)? {
            Refusal::FieldInvalid(_) => member.visit.texts().account.link_rejected.clone(),
            other => sentence(&member.visit, &other)?,
        },
    };
    page(&member, draft, vec![Problem::of(PASSWORD, problem)])
}

/// The organisation that was named, or everything that is wrong with the form.
async fn other_organisation(
    member: &Member,
    draft: &Draft<'_>,
    fields: &PostedFields,
) -> Result<Result<Organisation, Vec<Problem>>, Fault> {
    let (words, general) = (&member.visit.texts().account, member.visit.words());
    let key = OrganisationKey::parse(draft.organisation);
    let has_password = !fields.secret(PASSWORD).expose_secret().is_empty();
    let missing = [
        (key.is_none(), Problem::of(ORGANISATION, &general.organisation_missing)),
        (draft.login.is_empty(), Problem::of(LOGIN, &general.login_missing)),
        (!has_password, Problem::of(PASSWORD, &words.link_password_missing)),
    ];
    let missing: Vec<Problem> =
        missing.into_iter().filter(|(is, _)| *is).map(|(_, problem)| problem).collect();
    let Some(key) = key.filter(|_| missing.is_empty()) else { return Ok(Err(missing)) };
    let problem = match member.visit.site.identity.find_organisation(&key).await {
        Ok(found) if found.tenant == member.tenant() => words.link_same.clone(),
        Ok(found) => return Ok(Ok(found)),
        Err(error) => match refusal(error)? {
            Refusal::OrganisationUnknown | Refusal::FieldInvalid(_) => general.organisation_unknown.clone(),
            Refusal::OrganisationElsewhere => general.organisation_elsewhere.clone(),
            other => sentence(&member.visit, &other)?,
        },
    };
    Ok(Err(vec![Problem::of(ORGANISATION, problem)]))
}

/// Signed in to the other account, or on the way there, while the session of this one waits; none where that was rejected.
async fn go_over(
    member: &Member,
    tenant: TenantId,
    login: &str,
    outcome: SignInOutcome,
) -> Result<Option<Response>, Fault> {
    let visit = &member.visit;
    let next = LocalPath::parse(CONFIRM).expect("the page's own path is one of ours");
    let there = match outcome {
        SignInOutcome::SignedIn(tokens) => visit.signed_in(tenant, login, tokens, &next).await?,
        SignInOutcome::Asked(challenge) => visit.challenged(tenant, login, challenge, &next)?,
        SignInOutcome::Rejected => return Ok(None),
    };
    member.set_aside(there).map(Some)
}

/// Asks whether the two are to be linked, by their names.
pub(super) async fn ask(member: Member) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let Some(waiting) = member.waiting_login() else {
        return visit.redirect_saying(Place::Directories.path(), &words.link_over);
    };
    let tenant = directories::current(&member).await?;
    let values = Values::default()
        .text("login", member.login())
        .text("organisation", &tenant.display_name)
        .text("waiting", &waiting)
        .html("hidden", visit.hidden(CONFIRM)?);
    let body = visit.body("account_link_confirm", values)?;
    let organisation = member.organisation(&tenant.display_name);
    let content = Content::new(&words.link_confirm_title, body);
    member.page(Place::Directories, Content { organisation: Some(&organisation), ..content })
}

pub(super) async fn link(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let Some(first) = member.come_back().await? else {
        return visit.redirect_saying(Place::Directories.path(), &words.link_over);
    };
    let said = if fields.text(YES).is_empty() {
        words.link_cancelled.clone()
    } else {
        linked(&first, &member, fields.request_id()?).await?
    };
    leave(&member).await;
    first.back(visit.redirect_saying(Place::Directories.path(), &said)?)
}

/// Links the two, and says how that went.
async fn linked(first: &Member, other: &Member, request_id: String) -> Result<String, Fault> {
    let words = &first.visit.texts().account;
    let request = wire::LinkAccountRequest {
        other_access_token: other.access_token().to_owned(),
        request_id,
        context: first.context(),
    };
    match LinkedAccountServiceClient::new(first.identity()).link_account(request).await {
        Ok(linked) => {
            let tenant = linked.into_inner().tenant.ok_or_else(|| PeerFailure::unclear("no tenant"))?;
            Ok(filled(&words.linked, "organisation", &tenant.display_name))
        }
        Err(status) => match refusal(status.into())? {
            Refusal::SignInNotRecent => Ok(words.link_over.clone()),
            other => sentence(&first.visit, &other),
        },
    }
}

/// Ends the session of the other account. It would end by itself: a failure is the operator's to know and changes nothing for the person.
async fn leave(other: &Member) {
    let call = other.visit.call(other.visit.draw_request_id());
    let ended = other.visit.site.sign_ins.sign_out(other.access_token(), &call).await;
    if let Err(PeerError::Failed(failure)) = ended {
        tracing::warn!(
            error = &failure as &dyn std::error::Error,
            "a session was left for another and not ended"
        );
    }
}

fn page(member: &Member, draft: Draft<'_>, problems: Vec<Problem>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let general = visit.words();
    let field = |name: &'static str, label, kind, value| {
        let problem = Problem::beside(&problems, name);
        let hint = (name == ORGANISATION).then_some(general.organisation_hint.as_str());
        visit.field(&Field { name, label, hint, kind, value, problem })
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
        .html("hidden", visit.hidden(PATH)?)
        .html("organisation", organisation)
        .html("login", login)
        .html("password", password);
    let body = visit.body("account_link", values)?;
    member.page(Place::Directories, Content { problems, ..Content::new(&words.link_choice, body) })
}
