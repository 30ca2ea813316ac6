//! "Check who is calling": a code goes to the account, and whoever reads it back holds one of its methods.
//!
//! What identity knows the code by is kept sealed in the administrator's browser, and opens nothing for anybody else.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{CallerOutcome, MethodKind};

use super::super::refusal_texts::{refusal, refusal_text};
use super::{NamedRequest, one};
use crate::cookies::CallerCode;
use crate::domain::{Refusal, extract_code};
use crate::peers::{PeerError, PeerFailure, timestamp_from_wire};
use crate::view::{Choice, Field, FieldKind, FormProblem, Html, Select, Values, time_of_day};
use crate::web::{CurrentUser, Fault, PageContext, PostedFields};
use crate::words::interpolate;

const METHOD: &str = "method";
const CODE: &str = "code";

pub(super) async fn send(
    user: CurrentUser,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (named, context) = (NamedRequest::parse(&named)?, &user.context);
    let request = wire::SendCallerCodeRequest {
        tenant_id: user.tenant().to_string(),
        account_id: named.account.clone(),
        method_kind: kind(fields.text(METHOD)).into(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match HelpDeskServiceClient::new(user.identity()).send_caller_code(request).await {
        Ok(sent) => {
            let code = kept(&named, sent.into_inner())?;
            return context.with_cookie(PageContext::redirect(&named.path()), None, Some(&code));
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let text = match &refused {
        Refusal::SendLimited(wait) => refusal_text(context, &Refusal::Throttled(*wait))?,
        other => refusal_text(context, other)?,
    };
    let code = kept_code(context, &named);
    one::page(&user, &named, code.as_ref(), Some(FormProblem::of(METHOD, text))).await
}

pub(super) async fn verify(
    user: CurrentUser,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (named, context) = (NamedRequest::parse(&named)?, &user.context);
    let Some(code) = kept_code(context, &named) else { return Ok(PageContext::redirect(&named.path())) };
    let read = extract_code(fields.text(CODE));
    if read.is_empty() {
        let problem = FormProblem::of(CODE, &context.words().code_missing);
        return one::page(&user, &named, Some(&code), Some(problem)).await;
    }
    let request = wire::VerifyCallerRequest {
        caller_token: code.token.clone(),
        code: read,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match HelpDeskServiceClient::new(user.identity()).verify_caller(request).await {
        Ok(judged) if judged.get_ref().outcome() == CallerOutcome::Matched => {
            let said = &context.texts().requests.verified;
            let there = context.redirect_with_flash(&named.path(), said)?;
            return context.with_cookie(there, None, None::<&CallerCode>);
        }
        Ok(_) => None,
        Err(status) => Some(refusal(PeerError::from(status))?),
    };
    let text = match &refused {
        // Nothing is a code that is no code.
        None | Some(Refusal::FieldInvalid(_)) => context.texts().requests.rejected.clone(),
        Some(other) => refusal_text(context, other)?,
    };
    one::page(&user, &named, Some(&code), Some(FormProblem::of(CODE, text))).await
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
    let expires_at = timestamp_from_wire(sent.code_expire_time.as_ref());
    Ok(CallerCode {
        account_id: named.account.clone(),
        token: sent.caller_token,
        masked: sent.masked_destination,
        expires_at: expires_at.ok_or_else(|| PeerFailure::unexpected("a time is missing"))?,
    })
}

/// The code that is under way to who asks, while it is good.
pub(super) fn kept_code(context: &PageContext, named: &NamedRequest) -> Option<CallerCode> {
    let code = context.cookie::<CallerCode>()?;
    (code.account_id == named.account && !context.now.has_reached(code.expires_at)).then_some(code)
}

/// The part of the page that checks a caller.
pub(super) fn section(
    user: &CurrentUser,
    named: &NamedRequest,
    code: Option<&CallerCode>,
    problem: Option<&FormProblem>,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().requests;
    let method = context.select(&Select {
        name: METHOD,
        label: &words.method,
        hint: None,
        choices: vec![
            Choice { value: "", text: &words.method_default },
            Choice { value: "email", text: &words.method_email },
            Choice { value: "phone", text: &words.method_phone },
        ],
        chosen: "",
        problem: FormProblem::for_field(problem, METHOD),
    })?;
    let wrong = FormProblem::for_field(problem, CODE);
    let typed = code.map(|code| typed(user, named, code, wrong)).transpose()?;
    let values = Values::default()
        .optional_html("typed", typed)
        .text("action", &named.act("code"))
        .html("hidden", context.hidden_fields(&named.act("code"))?)
        .html("method", method)
        .text("button", if code.is_some() { &words.send_another } else { &words.send_code });
    context.body("requests_caller", values)
}

/// The form that takes what the caller read.
fn typed(
    user: &CurrentUser,
    named: &NamedRequest,
    code: &CallerCode,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().requests;
    let field = context.field(&Field {
        name: CODE,
        label: &words.code,
        hint: Some(&words.code_hint),
        // Not one that the administrator's own browser should offer a code for.
        kind: FieldKind::SavedCode,
        value: "",
        problem,
    })?;
    let values = Values::default()
        .text("sent", &interpolate(&words.code_sent, "address", context.locale.isolated(&code.masked)))
        .part("good_until", time_of_day(code.expires_at))
        .text("action", &named.act("verify"))
        .html("hidden", context.hidden_fields(&named.act("verify"))?)
        .html("field", field);
    context.body("requests_code", values)
}
