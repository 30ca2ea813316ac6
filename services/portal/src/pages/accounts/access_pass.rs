//! Issuing a temporary access pass. It is shown in the answer of the form and nowhere else, and by no reload.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::time::duration;

use super::super::account_names::{account_name, account_path};
use super::super::listing::moment_of;
use super::access::METHODS;
use super::{PASS_PAGE, find, page_path, said, shown_before, together};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::view::{Choice, Confirmation, Problem, Select, Toggle, Values, moment};
use crate::web::{Content, Fault, Member, Place, PostedFields};

const LIFE: &str = "life";
const ONE_TIME: &str = "one_time";

/// How long a pass may serve, in hours: what there is to choose from.
const LIVES: [(&str, u64); 4] = [("hour", 1), ("day", 24), ("week", 7 * 24), ("month", 30 * 24)];

pub(super) async fn ask(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    if !member.has_any(METHODS) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&member, &id, "").await?;
    page(&member, &account, LIVES[0].0, true, None)
}

pub(super) async fn issue(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (account, request_id) = (find(&member, &id, "").await?, fields.request_id()?);
    if member.visit.was_shown(&request_id) {
        return shown_before(&member.visit, &account_path(&account.account_id));
    }
    let (word, one_time) = (fields.text(LIFE), fields.is_on(ONE_TIME));
    let life = life(word).ok_or(Fault::FormExpired)?;
    let request = wire::IssueTemporaryAccessPassRequest {
        tenant_id: member.tenant().to_string(),
        account_id: account.account_id.clone(),
        // As long as identity makes them.
        length: 0,
        life: Some(duration(life)),
        one_time,
        request_id: request_id.clone(),
        context: member.context(),
    };
    match AccessPassServiceClient::new(member.identity()).issue_temporary_access_pass(request).await {
        Ok(issued) => {
            let shown = done(&member, &account, &issued.into_inner())?;
            member.visit.showing_once(shown, request_id)
        }
        Err(status) => {
            let problem = Problem { field: None, text: said(&member.visit, status)? };
            page(&member, &account, word, one_time, Some(problem))
        }
    }
}

fn life(word: &str) -> Option<Duration> {
    let found = LIVES.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, hours)| Duration::from_secs(hours * 3_600))
}

/// The question, with what was chosen: how long the pass serves, and whether once.
fn page(
    member: &Member,
    account: &wire::Account,
    life: &str,
    one_time: bool,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let action = page_path(&account.account_id, PASS_PAGE);
    let texts = [&words.life_hour, &words.life_day, &words.life_week, &words.life_month];
    let choices = LIVES.iter().zip(texts).map(|((value, _), text)| Choice { value, text }).collect();
    let label = &words.life_label;
    let select = Select { name: LIFE, label, hint: None, choices, chosen: life, problem: None };
    let toggle = Toggle { name: ONE_TIME, label: &words.one_time_label, hint: None, is_on: one_time };
    let questions = vec![visit.select(&select)?, visit.toggle(&toggle)?];
    let body = visit.confirmation(Confirmation {
        text: &words.pass_lead,
        subjects: &[account_name(account)],
        hidden: visit.hidden(&action)?,
        action: &action,
        fields: &[],
        questions: Some(together(visit, questions)?),
        button: &words.issue_pass,
        is_loss: false,
        back: &account_path(&account.account_id),
    })?;
    let problems = problem.into_iter().collect();
    member.page(Place::Accounts, Content { problems, ..Content::new(&words.issue_pass, body) })
}

fn done(
    member: &Member,
    account: &wire::Account,
    issued: &wire::IssueTemporaryAccessPassResponse,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let until = moment_of(issued.expire_time.as_ref());
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
    let body = visit.body("accounts_secret", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    member.page(Place::Accounts, Content { script_path, ..Content::new(&words.pass_done, body) })
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
