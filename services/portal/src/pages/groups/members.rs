//! Who is directly in a group, accounts and other groups, and how more are put in.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::group_member::Member as MemberId;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::lookup_account_request::Key;

use super::super::account_names::{AccountNames, account_name, account_path};
use super::super::group_choice::{GroupChoice, GroupField, OTHER_GROUP, named};
use super::super::listing::{PAGE, next_page};
use super::super::refusal_texts::{refusal, refusal_text};
use super::one::{Mistake, page};
use super::{find, path};
use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};
use crate::view::{Cell, Field, FieldKind, FormProblem, Html, Table, Values};
use crate::web::{CurrentUser, Fault, PostedFields};
use crate::words::interpolate;

const LOGIN: &str = "login";
const GROUP: &str = "group";
/// The boxes of accounts and of groups that are in it.
pub(super) const ACCOUNT_BOX: &str = "account";
pub(super) const GROUP_BOX: &str = "nested";

/// Members on a page: no more than can be taken out at once.
const ROWS: i32 = 50;

pub(super) async fn add_account(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, typed) = (find(&user, &id).await?, fields.text(LOGIN));
    let words = &user.context.texts().groups;
    if typed.is_empty() {
        let problem = FormProblem::of(LOGIN, &words.login_missing);
        return page(&user, &group, Some(Mistake { problem, typed })).await;
    }
    let Some(account) = look_up(&user, typed).await? else {
        let problem = FormProblem::of(LOGIN, &words.login_unknown);
        return page(&user, &group, Some(Mistake { problem, typed })).await;
    };
    let request = wire::AddGroupMembersRequest {
        account_ids: vec![account.account_id.clone()],
        ..addition(&user, &group, fields.request_id()?)
    };
    let Err(status) = GroupServiceClient::new(user.identity()).add_group_members(request).await else {
        let said = interpolate(&words.added, "member", account_name(&account));
        return user
            .context
            .redirect_with_flash(&path(&group.group_id), &interpolate(&said, "group", &group.display_name));
    };
    let text = refusal_text(&user.context, &refusal(PeerError::from(status))?)?;
    page(&user, &group, Some(Mistake { problem: FormProblem::of(LOGIN, text), typed })).await
}

pub(super) async fn add_group(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, words) = (find(&user, &id).await?, &user.context.texts().groups);
    let (field, typed) = match fields.text(OTHER_GROUP) {
        "" => (GROUP, fields.text(GROUP)),
        other => (OTHER_GROUP, other),
    };
    let named = match typed {
        "" => Err(FormProblem::of(GROUP, &words.group_missing)),
        typed => named(&user, typed).await?,
    };
    let nested = match named {
        Ok(nested) => nested,
        Err(problem) => return page(&user, &group, Some(Mistake { problem, typed })).await,
    };
    let request = wire::AddGroupMembersRequest {
        member_group_ids: vec![nested.group_id.clone()],
        ..addition(&user, &group, fields.request_id()?)
    };
    let Err(status) = GroupServiceClient::new(user.identity()).add_group_members(request).await else {
        let said = interpolate(&words.added, "member", &nested.display_name);
        return user
            .context
            .redirect_with_flash(&path(&group.group_id), &interpolate(&said, "group", &group.display_name));
    };
    let text = refusal_text(&user.context, &refusal(PeerError::from(status))?)?;
    page(&user, &group, Some(Mistake { problem: FormProblem::of(field, text), typed })).await
}

/// An addition of nobody yet.
fn addition(user: &CurrentUser, group: &wire::Group, request_id: String) -> wire::AddGroupMembersRequest {
    wire::AddGroupMembersRequest {
        tenant_id: user.tenant().to_string(),
        group_id: group.group_id.clone(),
        account_ids: Vec::new(),
        member_group_ids: Vec::new(),
        request_id,
        context: user.request_context(),
    }
}

/// The account of a login; none where nobody has it.
async fn look_up(user: &CurrentUser, login: &str) -> Result<Option<wire::Account>, Fault> {
    let request = wire::LookupAccountRequest {
        tenant_id: user.tenant().to_string(),
        context: user.request_context(),
        key: Some(Key::Login(login.to_owned())),
    };
    match AccountServiceClient::new(user.identity()).lookup_account(request).await {
        Ok(found) => {
            let account = found.into_inner().account;
            account.map(Some).ok_or_else(|| PeerFailure::unexpected("the account is missing").into())
        }
        Err(status) => match refusal(PeerError::from(status))? {
            Refusal::NotFound | Refusal::FieldInvalid(_) => Ok(None),
            other => Err(PeerError::Refused(other).into()),
        },
    }
}

/// The part of the page that lists them.
pub(super) async fn section(
    user: &CurrentUser,
    group: &wire::Group,
    may_change: bool,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let request = wire::ListGroupMembersRequest {
        tenant_id: user.tenant().to_string(),
        group_id: group.group_id.clone(),
        page_size: ROWS,
        page_token: context.query(PAGE),
        context: user.request_context(),
    };
    let listed = GroupServiceClient::new(user.identity()).list_group_members(request).await?.into_inner();
    let nameless = listed.members.iter().filter(|one| one.display_name.is_empty()).filter_map(account_id);
    let nameless: Vec<String> = nameless.map(str::to_owned).collect();
    let names = AccountNames::of(user, nameless).await;
    let rows = listed.members.iter().filter_map(|one| row(user, &names, one, may_change).transpose());
    let rows: Vec<Vec<Cell>> = rows.collect::<Result<_, Fault>>()?;
    let (action, is_empty) = (format!("{}/remove", path(&group.group_id)), rows.is_empty());
    let columns: &[&str] = &[&words.member, &words.kind, &words.choose];
    let table = context.table(Table {
        caption: &words.members,
        columns: if may_change { columns } else { &columns[..2] },
        rows,
        empty: if may_change { &words.no_members } else { &words.no_members_to_see },
        next: next_page(&path(&group.group_id), &[], &listed.next_page_token),
    })?;
    let values = Values::default()
        .html("table", table)
        .flag("may_remove", may_change && !is_empty)
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?)
        .text("button", &interpolate(&words.remove, "group", &group.display_name));
    context.body("groups_members", values)
}

fn account_id(one: &wire::GroupMember) -> Option<&str> {
    match &one.member {
        Some(MemberId::AccountId(id)) => Some(id),
        Some(MemberId::GroupId(_)) | None => None,
    }
}

/// A member in its row; none for one of a kind that this release does not know.
fn row(
    user: &CurrentUser,
    names: &AccountNames,
    one: &wire::GroupMember,
    may_change: bool,
) -> Result<Option<Vec<Cell>>, Fault> {
    let words = &user.context.texts().groups;
    let (field, id, address, kind) = match &one.member {
        Some(MemberId::AccountId(id)) => (ACCOUNT_BOX, id, account_path(id), &words.kind_account),
        Some(MemberId::GroupId(id)) => (GROUP_BOX, id, path(id), &words.kind_group),
        None => return Ok(None),
    };
    let name = if one.display_name.is_empty() { names.name(id) } else { &one.display_name };
    let mut cells = vec![Cell::Link { path: address, text: name.to_owned() }, Cell::Text(kind.clone())];
    if may_change {
        let label = interpolate(&words.choose_one, "member", name);
        let values = Values::default().text("field", field).text("id", id).text("label", &label);
        cells.push(Cell::Html(user.context.body("groups_choose", values)?));
    }
    Ok(Some(cells))
}

/// The forms that put somebody in.
pub(super) async fn add_forms(
    user: &CurrentUser,
    group: &wire::Group,
    mistake: Option<&Mistake<'_>>,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let problem = mistake.map(|mistake| &mistake.problem);
    let login = context.field(&Field {
        name: LOGIN,
        label: &words.login,
        hint: Some(&words.login_hint),
        kind: FieldKind::Search,
        value: Mistake::typed_into(mistake, LOGIN).unwrap_or_default(),
        problem: FormProblem::for_field(problem, LOGIN),
    })?;
    let nested = nested_fields(user, group, mistake).await?;
    let nested = nested.into_iter().map(|field| Values::default().html("markup", field));
    let (to_accounts, to_groups) =
        (format!("{}/accounts", path(&group.group_id)), format!("{}/groups", path(&group.group_id)));
    let values = Values::default()
        .text("button", &interpolate(&words.add, "group", &group.display_name))
        .html("account_hidden", context.hidden_fields(&to_accounts)?)
        .text("account_action", &to_accounts)
        .html("login", login)
        .html("group_hidden", context.hidden_fields(&to_groups)?)
        .text("group_action", &to_groups)
        .list("nested", nested.collect());
    context.body("groups_add", values)
}

/// The fields of a group to put in; none where there is no other.
async fn nested_fields(
    user: &CurrentUser,
    group: &wire::Group,
    mistake: Option<&Mistake<'_>>,
) -> Result<Vec<Html>, Fault> {
    let words = &user.context.texts().groups;
    let chosen = Mistake::typed_into(mistake, GROUP).unwrap_or_default();
    let others = GroupChoice::of(user, chosen).await?.without(&group.group_id);
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let question = GroupField {
        name: GROUP,
        label: &words.group,
        hint: Some(&words.group_hint),
        none: &words.group_choose,
        chosen,
        typed: Mistake::typed_into(mistake, OTHER_GROUP).unwrap_or_default(),
        problem: mistake.map(|mistake| &mistake.problem),
    };
    others.fields(user, &question)
}
