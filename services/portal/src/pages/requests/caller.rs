//! "Check who is calling": a code goes to the account, and whoever reads it back holds one of its methods.
//!
//! What identity knows the code by is kept sealed in the administrator's browser, and opens nothing for anybody else.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{CallerOutcome, MethodKind};

use super::super::listing::moment_of;
use super::super::sentences::{refusal, sentence};
use super::{NamedRequest, one};
use crate::cookies::CallerCode;
use crate::domain::{Refusal, code_in};
use crate::peers::{PeerError, PeerFailure};
use crate::view::{Choice, Field, FieldKind, Html, Problem, Select, Values, time_of_day};
use crate::web::{Fault, Member, PostedFields, Visit};
use crate::words::filled;

const METHOD: &str = "method";
const CODE: &str = "code";

pub(super) async fn send(
    member: Member,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (named, visit) = (NamedRequest::parse(&named)?, &member.visit);
    let request = wire::SendCallerCodeRequest {
        tenant_id: member.tenant().to_string(),
        account_id: named.account.clone(),
        method_kind: kind(fields.text(METHOD)).into(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match HelpDeskServiceClient::new(member.identity()).send_caller_code(request).await {
        Ok(sent) => {
            let code = kept(&named, sent.into_inner())?;
            return visit.keeping(Visit::redirect(&named.path()), None, Some(&code));
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let text = match &refused {
        Refusal::SendLimited(wait) => sentence(visit, &Refusal::Throttled(*wait))?,
        other => sentence(visit, other)?,
    };
    let code = kept_code(visit, &named);
    one::page(&member, &named, code.as_ref(), Some(Problem::of(METHOD, text))).await
}

pub(super) async fn verify(
    member: Member,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (named, visit) = (NamedRequest::parse(&named)?, &member.visit);
    let Some(code) = kept_code(visit, &named) else { return Ok(Visit::redirect(&named.path())) };
    let read = code_in(fields.text(CODE));
    if read.is_empty() {
        let problem = Problem::of(CODE, &visit.words().code_missing);
        return one::page(&member, &named, Some(&code), Some(problem)).await;
    }
    let request = wire::VerifyCallerRequest {
        caller_token: code.token.clone(),
        code: read,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match HelpDeskServiceClient::new(member.identity()).verify_caller(request).await {
        Ok(judged) if judged.get_ref().outcome() == CallerOutcome::Matched => {
            let said = &visit.texts().requests.verified;
            let there = visit.redirect_saying(&named.path(), said)?;
            return visit.keeping(there, None, None::<&CallerCode>);
        }
        Ok(_) => None,
        Err(status) => Some(refusal(PeerError::from(status))?),
    };
    let text = match &refused {
        // Nothing is a code that is no code.
        None | Some(Refusal::FieldInvalid(_)) => visit.texts().requests.rejected.clone(),
        Some(other) => sentence(visit, other)?,
    };
    one::page(&member, &named, Some(&code), Some(Problem::of(CODE, text))).await
}

/// By what a code goes; identity chooses where nobody did.
fn kind(word: &str) -> MethodKind {
    match word {
        "email" => MethodKind::Email,
        "phone" => MethodKind::Phone,
        _ => MethodKind::Unspecified,
    }
}

fn kept(named: &NamedRequest, sent: wire::SendCallerCodeResponse) -> Result<CallerCode, PeerFailure> {
    let expires_at = moment_of(sent.code_expire_time.as_ref());
    Ok(CallerCode {
        account_id: named.account.clone(),
        token: sent.caller_token,
        masked: sent.masked_destination,
        expires_at: expires_at.ok_or_else(|| PeerFailure::unclear("a time is missing"))?,
    })
}

/// The code that is under way to who asks, while it is good.
pub(super) fn kept_code(visit: &Visit, named: &NamedRequest) -> Option<CallerCode> {
    let code = visit.kept::<CallerCode>()?;
    (code.account_id == named.account && !visit.now.has_reached(code.expires_at)).then_some(code)
}

/// The part of the page that checks a caller.
pub(super) fn section(
    member: &Member,
    named: &NamedRequest,
    code: Option<&CallerCode>,
    problem: Option<&Problem>,
) -> Result<Html, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().requests;
    let method = visit.select(&Select {
        name: METHOD,
        label: &words.method,
        hint: None,
        choices: vec![
            Choice { value: "", text: &words.method_default },
            Choice { value: "email", text: &words.method_email },
            Choice { value: "phone", text: &words.method_phone },
        ],
        chosen: "",
        problem: Problem::beside(problem, METHOD),
    })?;
    let wrong = Problem::beside(problem, CODE);
    let typed = code.map(|code| typed(member, named, code, wrong)).transpose()?;
    let values = Values::default()
        .optional_html("typed", typed)
        .text("action", &named.act("code"))
        .html("hidden", visit.hidden(&named.act("code"))?)
        .html("method", method)
        .text("button", if code.is_some() { &words.send_another } else { &words.send_code });
    visit.body("requests_caller", values)
}

/// The form that takes what the caller read.
fn typed(
    member: &Member,
    named: &NamedRequest,
    code: &CallerCode,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().requests;
    let field = visit.field(&Field {
        name: CODE,
        label: &words.code,
        hint: Some(&words.code_hint),
        // Not one that the administrator's own browser should offer a code for.
        kind: FieldKind::SavedCode,
        value: "",
        problem,
    })?;
    let values = Values::default()
        .text("sent", &filled(&words.code_sent, "address", visit.locale.isolated(&code.masked)))
        .part("good_until", time_of_day(code.expires_at))
        .text("action", &named.act("verify"))
        .html("hidden", visit.hidden(&named.act("verify"))?)
        .html("field", field);
    visit.body("requests_code", values)
}
