//! "Reset password" for one account. A password that was generated is shown in the answer of the form and nowhere else, and by no reload.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::PasswordResetMode;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;

use super::super::account_names::{account_name, account_path};
use super::super::listing::moment_of;
use super::access::SUPPORT;
use super::{RESET_PAGE, find, page_path, refusal, sentence, shown_before, together};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::domain::Refusal;
use crate::peers::PeerFailure;
use crate::view::{Choice, Confirmation, Field, FieldKind, Html, Problem, Select, Values, moment};
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::{AccountsWords, filled};

pub(super) const MODE: &str = "mode";
const PASSWORD: &str = "password";

/// What may become of the passwords of several people, by its word in forms.
const MODES: [(&str, PasswordResetMode); 3] = [
    ("generate", PasswordResetMode::Generate),
    ("link", PasswordResetMode::Link),
    ("require-change", PasswordResetMode::RequireChange),
];
/// And of one.
const SET: (&str, PasswordResetMode) = ("set", PasswordResetMode::Set);

pub(super) async fn ask(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    if !member.has_any(SUPPORT) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&member, &id, "").await?;
    page(&member, &account, MODES[0].0, None)
}

pub(super) async fn answer(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (visit, word) = (&member.visit, fields.text(MODE));
    let (account, request_id) = (find(&member, &id, "").await?, fields.request_id()?);
    if visit.was_shown(&request_id) {
        return shown_before(visit, &account_path(&account.account_id));
    }
    let mode = mode(word).ok_or(Fault::FormExpired)?;
    let password = fields.secret(PASSWORD);
    let is_set = mode == PasswordResetMode::Set;
    if is_set && password.expose_secret().is_empty() {
        return page(&member, &account, word, Some(Problem::of(PASSWORD, &visit.words().password_missing)));
    }
    let request = wire::ResetPasswordRequest {
        tenant_id: member.tenant().to_string(),
        account_id: account.account_id.clone(),
        mode: mode.into(),
        // What was typed before another choice was made is not sent.
        new_password: if is_set { password.expose_secret().to_owned() } else { String::new() },
        request_id: request_id.clone(),
        context: member.context(),
    };
    match PasswordAdministrationServiceClient::new(member.identity()).reset_password(request).await {
        Ok(reset) => {
            let result = reset.into_inner().result.ok_or_else(|| PeerFailure::unclear("no result"))?;
            visit.showing_once(done(&member, &account, mode, &result)?, request_id)
        }
        Err(status) => {
            let problem = problem(visit, &refusal(status.into())?, is_set)?;
            page(&member, &account, word, Some(problem))
        }
    }
}

/// What identity has against it, beside the password where one was entered.
fn problem(visit: &Visit, refused: &Refusal, is_set: bool) -> Result<Problem, Fault> {
    match refused {
        Refusal::FieldInvalid(_) if is_set => Ok(Problem::of(PASSWORD, &visit.words().password_too_long)),
        Refusal::PasswordRefused(_) => Ok(Problem::of(PASSWORD, sentence(visit, refused)?)),
        other => Ok(Problem { field: None, text: sentence(visit, other)? }),
    }
}

/// The mode of a word.
pub(super) fn mode(word: &str) -> Option<PasswordResetMode> {
    let found = MODES.into_iter().chain([SET]).find(|(known, _)| *known == word);
    found.map(|(_, mode)| mode)
}

/// What may become of passwords, for one to be chosen.
pub(super) fn modes(visit: &Visit, chosen: &str, may_set: bool) -> Result<Html, Fault> {
    let words = &visit.texts().accounts;
    let texts = [&words.mode_generate, &words.mode_link, &words.mode_require_change];
    let several = MODES.iter().zip(texts).map(|((value, _), text)| Choice { value, text });
    let set = may_set.then(|| Choice { value: SET.0, text: &words.mode_set });
    let choices = several.chain(set).collect();
    let label = &words.mode_label;
    visit.select(&Select { name: MODE, label, hint: None, choices, chosen, problem: None })
}

fn page(
    member: &Member,
    account: &wire::Account,
    chosen: &str,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let action = page_path(&account.account_id, RESET_PAGE);
    let password = Field {
        name: PASSWORD,
        label: &words.temporary_password,
        hint: Some(&words.mode_set_hint),
        kind: FieldKind::NewPassword,
        value: "",
        problem: Problem::beside(&problem, PASSWORD),
    };
    let questions = vec![modes(visit, chosen, true)?, visit.field(&password)?];
    let body = visit.confirmation(Confirmation {
        text: &words.reset_lead,
        subjects: &[account_name(account)],
        hidden: visit.hidden(&action)?,
        action: &action,
        fields: &[],
        questions: Some(together(visit, questions)?),
        button: &words.reset_password,
        is_loss: true,
        back: &account_path(&account.account_id),
    })?;
    let problems = problem.into_iter().collect();
    member.page(Place::Accounts, Content { problems, ..Content::new(&words.reset_password, body) })
}

/// What became of it.
fn done(
    member: &Member,
    account: &wire::Account,
    mode: PasswordResetMode,
    result: &wire::PasswordResetResult,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let generated = Some(&result.generated_password).filter(|password| !password.is_empty());
    let until = result.link_expire_time.as_ref().filter(|_| mode == PasswordResetMode::Link);
    let until = moment_of(until.or(result.password_expire_time.as_ref()));
    let values = Values::default()
        .text("subject", &account_name(account))
        .text("text", &outcome(words, mode, result))
        .optional("secret", generated)
        .text("secret_label", &words.temporary_password)
        .flag("has_until", until.is_some())
        .part("until", until.map(moment).unwrap_or_default())
        .text("until_label", &words.good_until)
        .text("sessions", &filled(&words.sessions_ended, "count", result.sessions_revoked))
        .text("back", &account_path(&account.account_id))
        .text("back_text", &words.back_to_account);
    let body = visit.body("accounts_secret", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    member.page(Place::Accounts, Content { script_path, ..Content::new(&words.reset_done, body) })
}

/// What became of a password, in a sentence.
pub(super) fn outcome(
    words: &AccountsWords,
    mode: PasswordResetMode,
    result: &wire::PasswordResetResult,
) -> String {
    match mode {
        PasswordResetMode::Link => {
            filled(&words.link_sent, "addresses", result.masked_destinations.join(", "))
        }
        PasswordResetMode::RequireChange => words.change_required.clone(),
        PasswordResetMode::Set => words.password_given.clone(),
        PasswordResetMode::Generate | PasswordResetMode::Unspecified => words.shown_once.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_form_is_a_mode() {
        assert_eq!(mode("generate"), Some(PasswordResetMode::Generate));
        assert_eq!(mode("set"), Some(PasswordResetMode::Set));
        assert_eq!(mode("unspecified"), None);
    }
}
