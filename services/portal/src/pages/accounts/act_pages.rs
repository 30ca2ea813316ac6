//! An act on one account: a page that names what will be done and to whom, and the form of its button.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::access::role_named;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient as AccessPasses;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient as Lifecycle;
use rekey_wire::identity::v1::account_security_info_service_client::AccountSecurityInfoServiceClient as Methods;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient as Administration;
use rekey_wire::identity::v1::password_expiry_service_client::PasswordExpiryServiceClient as Expiry;
use tonic::Status;

use super::super::account_names::{account_name, account_path};
use super::super::listing::address;
use super::act::Act;
use super::{LOGIN, PATH, find, lookup_query, page_path, parse_account_id, sections, status_text};
use crate::view::{Confirmation, FormProblem};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields, role_name};

/// What it is about besides the account: the id of an entry or a session, or the word of a role.
pub(super) const SUBJECT: &str = "of";

/// What was said yes to.
struct ActRequest<'a> {
    user: &'a CurrentUser,
    account_id: &'a str,
    of: &'a str,
    request_id: String,
}

pub(super) async fn ask(
    user: CurrentUser,
    Path((id, word)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let act = Act::parse(&word).ok_or(Fault::NotFound)?;
    if !user.has_any(act.roles()) {
        return Err(Fault::NotAllowed);
    }
    let of = user.context.query(SUBJECT);
    let account = find(&user, &id, &user.context.query(LOGIN)).await?;
    page(&user, &account, act, &of, None).await
}

pub(super) async fn answer(
    user: CurrentUser,
    Path((id, word)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (act, id) = (Act::parse(&word).ok_or(Fault::NotFound)?, parse_account_id(&id)?);
    let (of, context) = (fields.text(SUBJECT), &user.context);
    if !act.takes(of) {
        return Err(Fault::NotFound);
    }
    let act_request = ActRequest { user: &user, account_id: &id, of, request_id: fields.request_id()? };
    let Err(status) = carry_out(act, act_request).await else {
        let next = if act.removes() { PATH.to_owned() } else { account_path(&id) };
        return context.redirect_with_flash(&next, act.done(&context.texts().accounts));
    };
    let problem = FormProblem { field: None, text: status_text(context, status)? };
    let account = find(&user, &id, fields.text(LOGIN)).await?;
    page(&user, &account, act, of, Some(problem)).await
}

/// Calls identity about an account, with what else the request says.
macro_rules! call {
    ($act_request:ident, $client:ident.$method:ident($request:ident { $($field:ident: $value:expr),* })) => {
        $client::new($act_request.user.identity())
            .$method(wire::$request {
                tenant_id: $act_request.user.tenant().to_string(),
                account_id: $act_request.account_id.to_owned(),
                request_id: $act_request.request_id,
                context: $act_request.user.request_context(),
                $($field: $value,)*
            })
            .await
            .map(drop)
    };
}

async fn carry_out(act: Act, act_request: ActRequest<'_>) -> Result<(), Status> {
    let (named, any) = (role_named(act_request.of).map_or(0, i32::from), String::new());
    match act {
        Act::Unlock => call!(act_request, Administration.unlock_account(UnlockAccountRequest {})),
        Act::Block => call!(act_request, Administration.block_sign_in(BlockSignInRequest {})),
        Act::Unblock => call!(act_request, Administration.unblock_sign_in(UnblockSignInRequest {})),
        Act::Unfreeze => call!(act_request, Administration.unfreeze_account(UnfreezeAccountRequest {})),
        Act::EndSessions => end_sessions(act_request, Vec::new()).await,
        Act::EndSession => {
            let one = vec![act_request.of.to_owned()];
            end_sessions(act_request, one).await
        }
        Act::RevokePass => end_access_pass(act_request).await,
        Act::RemoveMethod => remove_method(act_request).await,
        Act::GrantRole => call!(act_request, Administration.grant_role(GrantRoleRequest { role: named })),
        Act::RevokeRole => call!(act_request, Administration.revoke_role(RevokeRoleRequest { role: named })),
        Act::Exempt => exempt(act_request, true).await,
        Act::EndExemption => exempt(act_request, false).await,
        Act::Delete => call!(act_request, Lifecycle.delete_account(DeleteAccountRequest { etag: any })),
        Act::Undelete => call!(act_request, Lifecycle.undelete_account(UndeleteAccountRequest {})),
        Act::Erase => call!(act_request, Lifecycle.erase_account(EraseAccountRequest { etag: any })),
    }
}

/// Ends these sessions, or all where none is named.
async fn end_sessions(act_request: ActRequest<'_>, ids: Vec<String>) -> Result<(), Status> {
    call!(
        act_request,
        Administration.revoke_account_sessions(RevokeAccountSessionsRequest { session_ids: ids })
    )
}

async fn end_access_pass(act_request: ActRequest<'_>) -> Result<(), Status> {
    call!(act_request, AccessPasses.revoke_temporary_access_pass(RevokeTemporaryAccessPassRequest {}))
}

async fn remove_method(act_request: ActRequest<'_>) -> Result<(), Status> {
    let id = act_request.of.to_owned();
    call!(
        act_request,
        Methods.remove_account_security_info(RemoveAccountSecurityInfoRequest { security_info_id: id })
    )
}

async fn exempt(act_request: ActRequest<'_>, is_exempt: bool) -> Result<(), Status> {
    call!(
        act_request,
        Expiry.set_password_expiry_exemption(SetPasswordExpiryExemptionRequest { exempt: is_exempt })
    )
}

/// The question, with what is wrong where it was refused.
async fn page(
    user: &CurrentUser,
    account: &wire::Account,
    act: Act,
    of: &str,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    if !act.takes(of) {
        return Err(Fault::NotFound);
    }
    let context = &user.context;
    let words = &context.texts().accounts;
    let action = page_path(&account.account_id, act.word());
    let (label, known) = (act.label(words), lookup_query(account));
    let besides = subject(user, &account.account_id, act, of).await?;
    let subjects: Vec<String> = [account_name(account)].into_iter().chain(besides).collect();
    let about = (!of.is_empty()).then_some((SUBJECT, of));
    let fields: Vec<(&str, &str)> = known.iter().copied().chain(about).collect();
    let body = context.confirmation(Confirmation {
        text: act.lead(words),
        subjects: &subjects,
        hidden: context.hidden_fields(&action)?,
        action: &action,
        fields: &fields,
        extra_fields: None,
        button: label,
        is_loss: act.is_loss(),
        back: &address(&account_path(&account.account_id), &known),
    })?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(label, body) })
}

/// What the act is about besides the account, as identity knows it and not as the address says.
async fn subject(user: &CurrentUser, account_id: &str, act: Act, of: &str) -> Result<Option<String>, Fault> {
    let texts = user.context.texts();
    match act {
        Act::EndSession => {
            let sessions = sections::list_sessions(user, account_id).await?.sessions;
            let session = sessions.into_iter().find(|session| session.session_id == of);
            Ok(Some(sections::place(&texts.accounts, &session.ok_or(Fault::NotFound)?).to_owned()))
        }
        Act::RemoveMethod => {
            let entries = sections::list_methods(user, account_id).await?.security_info;
            let entry = entries.into_iter().find(|entry| entry.security_info_id == of);
            Ok(Some(sections::method(&texts.accounts, &entry.ok_or(Fault::NotFound)?)))
        }
        Act::GrantRole | Act::RevokeRole => {
            let role = role_named(of).map_or(0, i32::from);
            Ok(Some(role_name(&texts.administration, role).to_owned()))
        }
        _ => Ok(None),
    }
}
