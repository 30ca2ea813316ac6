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
use super::{LOGIN, PATH, find, id_in, known_by, page_path, said, sections};
use crate::view::{Confirmation, Problem};
use crate::web::{Content, Fault, Member, Place, PostedFields, role_name};

/// What it is about besides the account: the id of an entry or a session, or the word of a role.
pub(super) const OF: &str = "of";

/// What was said yes to.
struct Order<'a> {
    member: &'a Member,
    account_id: &'a str,
    of: &'a str,
    request_id: String,
}

pub(super) async fn ask(member: Member, Path((id, word)): Path<(String, String)>) -> Result<Response, Fault> {
    let act = Act::parse(&word).ok_or(Fault::NotFound)?;
    if !member.has_any(act.roles()) {
        return Err(Fault::NotAllowed);
    }
    let of = member.visit.query(OF);
    let account = find(&member, &id, &member.visit.query(LOGIN)).await?;
    page(&member, &account, act, &of, None).await
}

pub(super) async fn answer(
    member: Member,
    Path((id, word)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (act, id) = (Act::parse(&word).ok_or(Fault::NotFound)?, id_in(&id)?);
    let (of, visit) = (fields.text(OF), &member.visit);
    if !act.takes(of) {
        return Err(Fault::NotFound);
    }
    let order = Order { member: &member, account_id: &id, of, request_id: fields.request_id()? };
    let Err(status) = carry_out(act, order).await else {
        let next = if act.removes() { PATH.to_owned() } else { account_path(&id) };
        return visit.redirect_saying(&next, act.done(&visit.texts().accounts));
    };
    let problem = Problem { field: None, text: said(visit, status)? };
    let account = find(&member, &id, fields.text(LOGIN)).await?;
    page(&member, &account, act, of, Some(problem)).await
}

/// Calls identity about an account, with what else the request says.
macro_rules! call {
    ($order:ident, $client:ident.$method:ident($request:ident { $($field:ident: $value:expr),* })) => {
        $client::new($order.member.identity())
            .$method(wire::$request {
                tenant_id: $order.member.tenant().to_string(),
                account_id: $order.account_id.to_owned(),
                request_id: $order.request_id,
                context: $order.member.context(),
                $($field: $value,)*
            })
            .await
            .map(drop)
    };
}

async fn carry_out(act: Act, order: Order<'_>) -> Result<(), Status> {
    let (named, any) = (role_named(order.of).map_or(0, i32::from), String::new());
    match act {
        Act::Unlock => call!(order, Administration.unlock_account(UnlockAccountRequest {})),
        Act::Block => call!(order, Administration.block_sign_in(BlockSignInRequest {})),
        Act::Unblock => call!(order, Administration.unblock_sign_in(UnblockSignInRequest {})),
        Act::Unfreeze => call!(order, Administration.unfreeze_account(UnfreezeAccountRequest {})),
        Act::EndSessions => end_sessions(order, Vec::new()).await,
        Act::EndSession => {
            let one = vec![order.of.to_owned()];
            end_sessions(order, one).await
        }
        Act::RevokePass => end_access_pass(order).await,
        Act::RemoveMethod => remove_method(order).await,
        Act::GrantRole => call!(order, Administration.grant_role(GrantRoleRequest { role: named })),
        Act::RevokeRole => call!(order, Administration.revoke_role(RevokeRoleRequest { role: named })),
        Act::Exempt => exempt(order, true).await,
        Act::EndExemption => exempt(order, false).await,
        Act::Delete => call!(order, Lifecycle.delete_account(DeleteAccountRequest { etag: any })),
        Act::Undelete => call!(order, Lifecycle.undelete_account(UndeleteAccountRequest {})),
        Act::Erase => call!(order, Lifecycle.erase_account(EraseAccountRequest { etag: any })),
    }
}

/// Ends these sessions, or all where none is named.
async fn end_sessions(order: Order<'_>, ids: Vec<String>) -> Result<(), Status> {
    call!(order, Administration.revoke_account_sessions(RevokeAccountSessionsRequest { session_ids: ids }))
}

async fn end_access_pass(order: Order<'_>) -> Result<(), Status> {
    call!(order, AccessPasses.revoke_temporary_access_pass(RevokeTemporaryAccessPassRequest {}))
}

async fn remove_method(order: Order<'_>) -> Result<(), Status> {
    let id = order.of.to_owned();
    call!(
        order,
        Methods.remove_account_security_info(RemoveAccountSecurityInfoRequest { security_info_id: id })
    )
}

async fn exempt(order: Order<'_>, is_exempt: bool) -> Result<(), Status> {
    call!(
        order,
        Expiry.set_password_expiry_exemption(SetPasswordExpiryExemptionRequest { exempt: is_exempt })
    )
}

/// The question, with what is wrong where it was refused.
async fn page(
    member: &Member,
    account: &wire::Account,
    act: Act,
    of: &str,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    if !act.takes(of) {
        return Err(Fault::NotFound);
    }
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let action = page_path(&account.account_id, act.word());
    let (label, known) = (act.label(words), known_by(account));
    let besides = subject(member, &account.account_id, act, of).await?;
    let subjects: Vec<String> = [account_name(account)].into_iter().chain(besides).collect();
    let about = (!of.is_empty()).then_some((OF, of));
    let fields: Vec<(&str, &str)> = known.iter().copied().chain(about).collect();
    let body = visit.confirmation(Confirmation {
        text: act.lead(words),
        subjects: &subjects,
        hidden: visit.hidden(&action)?,
        action: &action,
        fields: &fields,
        questions: None,
        button: label,
        is_loss: act.is_loss(),
        back: &address(&account_path(&account.account_id), &known),
    })?;
    let problems = problem.into_iter().collect();
    member.page(Place::Accounts, Content { problems, ..Content::new(label, body) })
}

/// What the act is about besides the account, as identity knows it and not as the address says.
async fn subject(member: &Member, account_id: &str, act: Act, of: &str) -> Result<Option<String>, Fault> {
    let texts = member.visit.texts();
    match act {
        Act::EndSession => {
            let sessions = sections::list_sessions(member, account_id).await?.sessions;
            let session = sessions.into_iter().find(|session| session.session_id == of);
            Ok(Some(sections::place(&texts.accounts, &session.ok_or(Fault::NotFound)?).to_owned()))
        }
        Act::RemoveMethod => {
            let entries = sections::list_methods(member, account_id).await?.security_info;
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
