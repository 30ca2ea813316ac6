//! Issuing a temporary access pass. It is shown in the answer of the form and nowhere else, and by no reload.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::time::duration;

use super::super::account_names::{account_name, account_path};
use super::access::METHODS;
use super::{PASS_PAGE, already_shown, concatenate, find, page_path, status_text};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::peers::timestamp_from_wire;
use crate::view::{Choice, Confirmation, FormProblem, Select, Toggle, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};

const LIFE: &str = "life";
const ONE_TIME: &str = "one_time";

/// How long a pass may serve, in hours: what there is to choose from.
const LIVES: [(&str, u64); 4] = [("hour", 1), ("day", 24), ("week", 7 * 24), ("month", 30 * 24)];

pub(super) async fn ask(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    if !user.has_any(METHODS) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&user, &id, "").await?;
    page(&user, &account, LIVES[0].0, true, None)
}

pub(super) async fn issue(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (account, request_id) = (find(&user, &id, "").await?, fields.request_id()?);
    if user.context.was_displayed(&request_id) {
        return already_shown(&user.context, &account_path(&account.account_id));
    }
    let (word, one_time) = (fields.text(LIFE), fields.is_on(ONE_TIME));
    let life = life(word).ok_or(Fault::FormExpired)?;
    let request = wire::IssueTemporaryAccessPassRequest {
        tenant_id: user.tenant().to_string(),
        account_id: account.account_id.clone(),
        // As long as identity makes them.
        length: 0,
        life: Some(duration(life)),
        one_time,
        request_id: request_id.clone(),
        context: user.request_context(),
    };
    match AccessPassServiceClient::new(user.identity()).issue_temporary_access_pass(request).await {
        Ok(issued) => {
            let shown = done(&user, &account, &issued.into_inner())?;
            user.context.with_one_time_display(shown, request_id)
        }
        Err(status) => {
            let problem = FormProblem { field: None, text: status_text(&user.context, status)? };
            page(&user, &account, word, one_time, Some(problem))
        }
    }
}

fn life(word: &str) -> Option<Duration> {
    let found = LIVES.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, hours)| Duration::from_secs(hours * 3_600))
}

/// The question, with what was chosen: how long the pass serves, and whether once.
fn page(
    user: &CurrentUser,
    account: &wire::Account,
    life: &str,
    one_time: bool,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let action = page_path(&account.account_id, PASS_PAGE);
    let texts = [&words.life_hour, &words.life_day, &words.life_week, &words.life_month];
    let choices = LIVES.iter().zip(texts).map(|((value, _), text)| Choice { value, text }).collect();
    let label = &words.life_label;
    let select = Select { name: LIFE, label, hint: None, choices, chosen: life, problem: None };
    let toggle = Toggle { name: ONE_TIME, label: &words.one_time_label, hint: None, is_on: one_time };
    let questions = vec![context.select(&select)?, context.toggle(&toggle)?];
    let body = context.confirmation(Confirmation {
        text: &words.pass_lead,
        subjects: &[account_name(account)],
        hidden: context.hidden_fields(&action)?,
        action: &action,
        fields: &[],
        extra_fields: Some(concatenate(context, questions)?),
        button: &words.issue_pass,
        is_loss: false,
        back: &account_path(&account.account_id),
    })?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(&words.issue_pass, body) })
}

fn done(
    user: &CurrentUser,
    account: &wire::Account,
    issued: &wire::IssueTemporaryAccessPassResponse,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let until = timestamp_from_wire(issued.expire_time.as_ref());
    let values = Values::default()
        .text("subject", &account_name(account))
        .text("text", &words.pass_shown_once)
        .optional("secret", Some(&issued.access_pass))
        .text("secret_label", &words.access_pass)
        .flag("has_until", until.is_some())
        .part("until", until.map(moment).unwrap_or_default())
        .text("until_label", &words.good_until)
        .text("sessions", "")
        .text("back", &account_path(&account.account_id))
        .text("back_text", &words.back_to_account);
    let body = context.body("accounts_secret", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    user.page(MenuItem::Accounts, PageContent { script_path, ..PageContent::new(&words.pass_done, body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_serves_for_what_was_chosen_and_nothing_else() {
        assert_eq!(life("hour"), Some(Duration::from_secs(3_600)));
        assert_eq!(life("month"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(life("1000"), None);
    }
}
