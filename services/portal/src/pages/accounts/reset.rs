//! "Reset password" for one account. A password that was generated is shown in the answer of the form and nowhere else, and by no reload.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::PasswordResetMode;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;

use super::super::account_names::{account_name, account_path};
use super::access::SUPPORT;
use super::{RESET_PAGE, already_shown, concatenate, find, page_path, refusal, refusal_text};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::domain::Refusal;
use crate::peers::{PeerFailure, timestamp_from_wire};
use crate::view::{Choice, Confirmation, Field, FieldKind, FormProblem, Html, Select, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::{AccountsWords, interpolate};

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

pub(super) async fn ask(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    if !user.has_any(SUPPORT) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&user, &id, "").await?;
    page(&user, &account, MODES[0].0, None)
}

pub(super) async fn answer(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (context, word) = (&user.context, fields.text(MODE));
    let (account, request_id) = (find(&user, &id, "").await?, fields.request_id()?);
    if context.was_displayed(&request_id) {
        return already_shown(context, &account_path(&account.account_id));
    }
    let mode = mode(word).ok_or(Fault::FormExpired)?;
    let password = fields.secret(PASSWORD);
    let is_set = mode == PasswordResetMode::Set;
    if is_set && password.expose_secret().is_empty() {
        return page(
            &user,
            &account,
            word,
            Some(FormProblem::of(PASSWORD, &context.words().password_missing)),
        );
    }
    let request = wire::ResetPasswordRequest {
        tenant_id: user.tenant().to_string(),
        account_id: account.account_id.clone(),
        mode: mode.into(),
        // What was typed before another choice was made is not sent.
        new_password: if is_set { password.expose_secret().to_owned() } else { String::new() },
        request_id: request_id.clone(),
        context: user.request_context(),
    };
    match PasswordAdministrationServiceClient::new(user.identity()).reset_password(request).await {
        Ok(reset) => {
            let result = reset.into_inner().result.ok_or_else(|| PeerFailure::unexpected("no result"))?;
            context.with_one_time_display(done(&user, &account, mode, &result)?, request_id)
        }
        Err(status) => {
            let problem = problem(context, &refusal(status.into())?, is_set)?;
            page(&user, &account, word, Some(problem))
        }
    }
}

/// What identity has against it, beside the password where one was entered.
fn problem(context: &PageContext, refused: &Refusal, is_set: bool) -> Result<FormProblem, Fault> {
    match refused {
        Refusal::FieldInvalid(_) if is_set => {
            Ok(FormProblem::of(PASSWORD, &context.words().password_too_long))
        }
        Refusal::PasswordRefused(_) => Ok(FormProblem::of(PASSWORD, refusal_text(context, refused)?)),
        other => Ok(FormProblem { field: None, text: refusal_text(context, other)? }),
    }
}

/// The mode of a word.
pub(super) fn mode(word: &str) -> Option<PasswordResetMode> {
    let found = MODES.into_iter().chain([SET]).find(|(known, _)| *known == word);
    found.map(|(_, mode)| mode)
}

/// What may become of passwords, for one to be chosen.
pub(super) fn modes(context: &PageContext, chosen: &str, may_set: bool) -> Result<Html, Fault> {
    let words = &context.texts().accounts;
    let texts = [&words.mode_generate, &words.mode_link, &words.mode_require_change];
    let several = MODES.iter().zip(texts).map(|((value, _), text)| Choice { value, text });
    let set = may_set.then(|| Choice { value: SET.0, text: &words.mode_set });
    let choices = several.chain(set).collect();
    let label = &words.mode_label;
    context.select(&Select { name: MODE, label, hint: None, choices, chosen, problem: None })
}

fn page(
    user: &CurrentUser,
    account: &wire::Account,
    chosen: &str,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let action = page_path(&account.account_id, RESET_PAGE);
    let password = Field {
        name: PASSWORD,
        label: &words.temporary_password,
        hint: Some(&words.mode_set_hint),
        kind: FieldKind::NewPassword,
        value: "",
        problem: FormProblem::for_field(&problem, PASSWORD),
    };
    let questions = vec![modes(context, chosen, true)?, context.field(&password)?];
    let body = context.confirmation(Confirmation {
        text: &words.reset_lead,
        subjects: &[account_name(account)],
        hidden: context.hidden_fields(&action)?,
        action: &action,
        fields: &[],
        extra_fields: Some(concatenate(context, questions)?),
        button: &words.reset_password,
        is_loss: true,
        back: &account_path(&account.account_id),
    })?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(&words.reset_password, body) })
}

/// What became of it.
fn done(
    user: &CurrentUser,
    account: &wire::Account,
    mode: PasswordResetMode,
    result: &wire::PasswordResetResult,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let generated = Some(&result.generated_password).filter(|password| !password.is_empty());
    let until = result.link_expire_time.as_ref().filter(|_| mode == PasswordResetMode::Link);
    let until = timestamp_from_wire(until.or(result.password_expire_time.as_ref()));
    let values = Values::default()
        .text("subject", &account_name(account))
        .text("text", &outcome(words, mode, result))
        .optional("secret", generated)
        .text("secret_label", &words.temporary_password)
        .flag("has_until", until.is_some())
        .part("until", until.map(moment).unwrap_or_default())
        .text("until_label", &words.good_until)
        .text("sessions", &interpolate(&words.sessions_ended, "count", result.sessions_revoked))
        .text("back", &account_path(&account.account_id))
        .text("back_text", &words.back_to_account);
    let body = context.body("accounts_secret", values)?;
    let script_path = Some(ACCOUNTS_SCRIPT);
    user.page(MenuItem::Accounts, PageContent { script_path, ..PageContent::new(&words.reset_done, body) })
}

/// What became of a password, in a sentence.
pub(super) fn outcome(
    words: &AccountsWords,
    mode: PasswordResetMode,
    result: &wire::PasswordResetResult,
) -> String {
    match mode {
        PasswordResetMode::Link => {
            interpolate(&words.link_sent, "addresses", result.masked_destinations.join(", "))
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
