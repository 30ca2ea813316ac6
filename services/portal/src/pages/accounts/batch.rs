//! "Reset password" for up to 40 accounts that were selected: a page that names them, and one with what became of each. Both are answers
//! of one address, told apart by whether it was said what becomes of the passwords.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::PasswordResetMode;
use rekey_wire::identity::v1::batch_password_result::Outcome;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;

use super::super::account_names::{AccountNames, account_path};
use super::super::listing::{PAGE, address, moment_of};
use super::{PATH, id_in, refusal, reset, sentence, shown_before};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::domain::{AccountSearch, Refusal};
use crate::view::{Badge, Cell, Confirmation, Problem, Table, Values};
use crate::web::{BATCH_PATH, BATCH_TIME, Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::filled;

/// The box of an account.
const ACCOUNT: &str = "account";
/// Identity takes no more at once.
const MOST: usize = 40;

/// The page of a search on which accounts are selected.
#[derive(Default)]
pub(super) struct FoundIn {
    pub(super) search: AccountSearch,
    /// What asks for the page; empty for the first.
    pub(super) page: String,
}

impl FoundIn {
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
    found_in: FoundIn,
}

/// Nothing is selected yet.
pub(super) async fn come(_: Member) -> Response {
    Visit::redirect(PATH)
}

pub(super) async fn answer(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let (ids, found_in) = (selected(&fields.all(ACCOUNT))?, FoundIn::sent(&fields));
    if ids.is_empty() {
        return visit.redirect_saying(&found_in.address(), &words.batch_none);
    }
    if ids.len() > MOST {
        return visit.redirect_saying(&found_in.address(), &words.batch_too_many);
    }
    let request_id = fields.request_id()?;
    if visit.was_shown(&request_id) {
        return shown_before(visit, &found_in.address());
    }
    // Asked for first, so that nothing stands between a reset and the answer that shows it.
    let names = AccountNames::of(&member, ids.clone()).await;
    let batch = Batch { ids, names, found_in };
    let word = fields.text(reset::MODE);
    if word.is_empty() {
        return page(&member, &batch, None);
    }
    // No password is set for several people.
    let mode = reset::mode(word).filter(|mode| *mode != PasswordResetMode::Set).ok_or(Fault::FormExpired)?;
    reset_all(&member, &batch, mode, request_id).await
}

async fn reset_all(
    member: &Member,
    batch: &Batch,
    mode: PasswordResetMode,
    request_id: String,
) -> Result<Response, Fault> {
    let request = wire::BatchResetPasswordsRequest {
        tenant_id: member.tenant().to_string(),
        account_ids: batch.ids.clone(),
        mode: mode.into(),
        request_id: request_id.clone(),
        context: member.context(),
    };
    let mut request = tonic::Request::new(request);
    request.set_timeout(BATCH_TIME);
    match PasswordAdministrationServiceClient::new(member.identity()).batch_reset_passwords(request).await {
        Ok(reset) => {
            let shown = done(member, batch, mode, reset.into_inner().results)?;
            member.visit.showing_once(shown, request_id)
        }
        Err(status) => {
            let text = sentence(&member.visit, &refusal(status.into())?)?;
            page(member, batch, Some(Problem { field: None, text }))
        }
    }
}

/// What was selected, each once, in its order.
fn selected(sent: &[&str]) -> Result<Vec<String>, Fault> {
    let mut ids: Vec<String> = Vec::new();
    for id in sent {
        let id = id_in(id)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The question. An account that is gone since it was selected is named by its id, and stops nobody else's reset.
fn page(member: &Member, batch: &Batch, problem: Option<Problem>) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let Batch { ids, names, found_in } = batch;
    let subjects: Vec<String> = ids.iter().map(|id| names.name(id).to_owned()).collect();
    let selected = ids.iter().map(|id| (ACCOUNT, id.as_str()));
    let fields: Vec<(&str, &str)> = selected.chain(found_in.pairs()).collect();
    let body = visit.confirmation(Confirmation {
        text: &words.batch_lead,
        subjects: &subjects,
        hidden: visit.hidden(BATCH_PATH)?,
        action: BATCH_PATH,
        fields: &fields,
        questions: Some(reset::modes(visit, "", false)?),
        button: &filled(&words.batch_button, "count", ids.len()),
        is_loss: true,
        back: &found_in.address(),
    })?;
    let problems = problem.into_iter().collect();
    member.page(Place::Accounts, Content { problems, ..Content::new(&words.batch_title, body) })
}

/// What became of each.
fn done(
    member: &Member,
    batch: &Batch,
    mode: PasswordResetMode,
    results: Vec<wire::BatchPasswordResult>,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let mut rows = Vec::new();
    for result in results {
        let path = account_path(&result.account_id);
        let text = batch.names.name(&result.account_id).to_owned();
        let mut row = vec![Cell::Link { path, text }];
        row.extend(cells(visit, mode, result.outcome)?);
        rows.push(row);
    }
    let table = visit.table(Table {
        caption: &words.batch_done,
        columns: &[&words.column_name, &words.column_outcome, &words.temporary_password, &words.good_until],
        rows,
        empty: &words.empty,
        next: None,
    })?;
    let values = Values::default()
        .flag("has_secrets", mode == PasswordResetMode::Generate)
        .html("table", table)
        .text("back", &batch.found_in.address());
    let body = visit.body("accounts_batch", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    member.page(Place::Accounts, Content { script_path, ..Content::new(&words.batch_done, body) })
}

/// What became of one: in words, with a password to hand over, and until when it serves.
fn cells(visit: &Visit, mode: PasswordResetMode, outcome: Option<Outcome>) -> Result<[Cell; 3], Fault> {
    let words = &visit.texts().accounts;
    let reset = match outcome {
        Some(Outcome::Reset(reset)) => reset,
        Some(Outcome::Refused(reason)) => {
            let text = sentence(visit, &Refusal::Other(reason, Vec::new()))?;
            return Ok([Cell::Badge(Badge::Bad, text), Cell::Empty, Cell::Empty]);
        }
        // What became of the others is worth showing.
        None => return Ok([Cell::Badge(Badge::Plain, "?".to_owned()), Cell::Empty, Cell::Empty]),
    };
    let text = match mode {
        PasswordResetMode::Generate => words.outcome_success.clone(),
        _ => reset::outcome(words, mode, &reset),
    };
    let until = moment_of(reset.link_expire_time.as_ref().or(reset.password_expire_time.as_ref()));
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

        let found_in = FoundIn::read(said);

        assert_eq!(found_in.pairs(), [("prefix", "zo"), ("page", "a/b")]);
        assert_eq!(found_in.address(), "/administration/accounts?prefix=zo&page=a%2Fb");
        assert_eq!(FoundIn::default().address(), "/administration/accounts");
    }
}
