//! "Reset password" for up to 40 accounts that were selected: a page that names them, and one with what became of each. Both are answers
//! of one address, told apart by whether it was said what becomes of the passwords.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::PasswordResetMode;
use rekey_wire::identity::v1::batch_password_result::Outcome;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;

use super::super::account_names::{AccountNames, account_path};
use super::super::listing::{PAGE, address};
use super::{PATH, already_shown, parse_account_id, refusal, refusal_text, reset};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::domain::{AccountSearch, Refusal};
use crate::peers::timestamp_from_wire;
use crate::view::{Badge, Cell, Confirmation, FormProblem, Table, Values};
use crate::web::{
    BATCH_PATH, BATCH_TIME, CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields,
};
use crate::words::interpolate;

/// The box of an account.
const ACCOUNT: &str = "account";
/// Identity takes no more at once.
const MOST: usize = 40;

/// The page of a search on which accounts are selected.
#[derive(Default)]
pub(super) struct SearchPage {
    pub(super) search: AccountSearch,
    /// What asks for the page; empty for the first.
    pub(super) page: String,
}

impl SearchPage {
    fn sent(fields: &PostedFields) -> Self {
        Self::read(|name| fields.text(name).to_owned())
    }

    /// Takes what an address or a form says of it.
    pub(super) fn read(asked: impl Fn(&'static str) -> String) -> Self {
        Self { page: asked(PAGE), search: AccountSearch::read(asked) }
    }

    /// What a form carries of it.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let page = (!self.page.is_empty()).then_some((PAGE, self.page.as_str()));
        self.search.pairs().into_iter().chain(page).collect()
    }

    fn address(&self) -> String {
        address(PATH, &self.pairs())
    }
}

/// Who was selected.
struct Batch {
    ids: Vec<String>,
    names: AccountNames,
    search_page: SearchPage,
}

/// Nothing is selected yet.
pub(super) async fn redirect_to_search(_: CurrentUser) -> Response {
    PageContext::redirect(PATH)
}

pub(super) async fn answer(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let (ids, search_page) = (selected(&fields.all(ACCOUNT))?, SearchPage::sent(&fields));
    if ids.is_empty() {
        return context.redirect_with_flash(&search_page.address(), &words.batch_none);
    }
    if ids.len() > MOST {
        return context.redirect_with_flash(&search_page.address(), &words.batch_too_many);
    }
    let request_id = fields.request_id()?;
    if context.was_displayed(&request_id) {
        return already_shown(context, &search_page.address());
    }
    // Asked for first, so that nothing stands between a reset and the answer that shows it.
    let names = AccountNames::of(&user, ids.clone()).await;
    let batch = Batch { ids, names, search_page };
    let word = fields.text(reset::MODE);
    if word.is_empty() {
        return page(&user, &batch, None);
    }
    // No password is set for several people.
    let mode = reset::mode(word).filter(|mode| *mode != PasswordResetMode::Set).ok_or(Fault::FormExpired)?;
    reset_all(&user, &batch, mode, request_id).await
}

async fn reset_all(
    user: &CurrentUser,
    batch: &Batch,
    mode: PasswordResetMode,
    request_id: String,
) -> Result<Response, Fault> {
    let request = wire::BatchResetPasswordsRequest {
        tenant_id: user.tenant().to_string(),
        account_ids: batch.ids.clone(),
        mode: mode.into(),
        request_id: request_id.clone(),
        context: user.request_context(),
    };
    let mut request = tonic::Request::new(request);
    request.set_timeout(BATCH_TIME);
    match PasswordAdministrationServiceClient::new(user.identity()).batch_reset_passwords(request).await {
        Ok(reset) => {
            let shown = done(user, batch, mode, reset.into_inner().results)?;
            user.context.with_one_time_display(shown, request_id)
        }
        Err(status) => {
            let text = refusal_text(&user.context, &refusal(status.into())?)?;
            page(user, batch, Some(FormProblem { field: None, text }))
        }
    }
}

/// What was selected, each once, in its order.
fn selected(sent: &[&str]) -> Result<Vec<String>, Fault> {
    let mut ids: Vec<String> = Vec::new();
    for id in sent {
        let id = parse_account_id(id)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The question. An account that is gone since it was selected is named by its id, and stops nobody else's reset.
fn page(user: &CurrentUser, batch: &Batch, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let Batch { ids, names, search_page } = batch;
    let subjects: Vec<String> = ids.iter().map(|id| names.name(id).to_owned()).collect();
    let selected = ids.iter().map(|id| (ACCOUNT, id.as_str()));
    let fields: Vec<(&str, &str)> = selected.chain(search_page.pairs()).collect();
    let body = context.confirmation(Confirmation {
        text: &words.batch_lead,
        subjects: &subjects,
        hidden: context.hidden_fields(BATCH_PATH)?,
        action: BATCH_PATH,
        fields: &fields,
        extra_fields: Some(reset::modes(context, "", false)?),
        button: &interpolate(&words.batch_button, "count", ids.len()),
        is_loss: true,
        back: &search_page.address(),
    })?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(&words.batch_title, body) })
}

/// What became of each.
fn done(
    user: &CurrentUser,
    batch: &Batch,
    mode: PasswordResetMode,
    results: Vec<wire::BatchPasswordResult>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let mut rows = Vec::new();
    for result in results {
        let path = account_path(&result.account_id);
        let text = batch.names.name(&result.account_id).to_owned();
        let mut row = vec![Cell::Link { path, text }];
        row.extend(cells(context, mode, result.outcome)?);
        rows.push(row);
    }
    let table = context.table(Table {
        caption: &words.batch_done,
        columns: &[&words.column_name, &words.column_outcome, &words.temporary_password, &words.good_until],
        rows,
        empty: &words.empty,
        next: None,
    })?;
    let values = Values::default()
        .flag("has_secrets", mode == PasswordResetMode::Generate)
        .html("table", table)
        .text("back", &batch.search_page.address());
    let body = context.body("accounts_batch", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    user.page(MenuItem::Accounts, PageContent { script_path, ..PageContent::new(&words.batch_done, body) })
}

/// What became of one: in words, with a password to hand over, and until when it serves.
fn cells(
    context: &PageContext,
    mode: PasswordResetMode,
    outcome: Option<Outcome>,
) -> Result<[Cell; 3], Fault> {
    let words = &context.texts().accounts;
    let reset = match outcome {
        Some(Outcome::Reset(reset)) => reset,
        Some(Outcome::Refused(reason)) => {
            let text = refusal_text(context, &Refusal::Other(reason, Vec::new()))?;
            return Ok([Cell::Badge(Badge::Bad, text), Cell::Empty, Cell::Empty]);
        }
        // What became of the others is worth showing.
        None => return Ok([Cell::Badge(Badge::Plain, "?".to_owned()), Cell::Empty, Cell::Empty]),
    };
    let text = match mode {
        PasswordResetMode::Generate => words.outcome_success.clone(),
        _ => reset::outcome(words, mode, &reset),
    };
    let until = timestamp_from_wire(reset.link_expire_time.as_ref().or(reset.password_expire_time.as_ref()));
    Ok([Cell::Text(text), Cell::Code(reset.generated_password), until.map_or(Cell::Empty, Cell::Time)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_selected_twice_is_reset_once() {
        let [one, other] = ["0190c3a5-7e1c-7b2a-9f00-0123456789ab", "0190c3a5-7e1c-7b2a-9f00-0123456789ac"];

        assert_eq!(selected(&[other, one, other]).unwrap(), [other, one]);
        assert!(selected(&[]).unwrap().is_empty());
        assert!(matches!(selected(&[one, "../groups"]), Err(Fault::NotFound)));
    }
    #[test]
    fn a_form_leads_back_to_the_page_of_the_search_that_it_stood_on() {
        let said = |name: &'static str| match name {
            AccountSearch::PREFIX => "zo".to_owned(),
            PAGE => "a/b".to_owned(),
            _ => String::new(),
        };

        let search_page = SearchPage::read(said);

        assert_eq!(search_page.pairs(), [("prefix", "zo"), ("page", "a/b")]);
        assert_eq!(search_page.address(), "/administration/accounts?prefix=zo&page=a%2Fb");
        assert_eq!(SearchPage::default().address(), "/administration/accounts");
    }
}
