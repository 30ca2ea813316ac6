//! What an account is called and how it is kept: the fields that creating and changing one share, and what identity says is wrong with
//! them. They are named as in the contract.

use tonic::Status;

use super::{refusal, refusal_text};
use crate::domain::Refusal;
use crate::view::{Field, FieldKind, FormProblem, Html, Toggle};
use crate::web::{Fault, PageContext, PostedFields};

const LOGINS: &str = "logins";
const DISPLAY_NAME: &str = "display_name";
const EXTERNAL_ID: &str = "external_id";
const MUST_CHANGE: &str = "must_change_password";
const MANAGED: &str = "managed_elsewhere";
/// Of new accounts alone.
pub(super) const PASSWORD: &str = "password";
pub(super) const EMAILS: &str = "email_addresses";
pub(super) const PHONES: &str = "phone_numbers";

/// The fields that identity may name.
const NAMED: [&str; 6] = [LOGINS, DISPLAY_NAME, EXTERNAL_ID, PASSWORD, EMAILS, PHONES];

/// What stands in the fields.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// One a line.
    pub(super) logins: String,
    pub(super) display_name: String,
    pub(super) external_id: String,
    pub(super) must_change_password: bool,
    pub(super) managed_elsewhere: bool,
}

impl Draft {
    /// What was typed.
    pub(super) fn typed(fields: &PostedFields) -> Self {
        Self {
            logins: fields.text(LOGINS).to_owned(),
            display_name: fields.text(DISPLAY_NAME).to_owned(),
            external_id: fields.text(EXTERNAL_ID).to_owned(),
            must_change_password: fields.is_on(MUST_CHANGE),
            managed_elsewhere: fields.is_on(MANAGED),
        }
    }

    /// What is missing in it.
    pub(super) fn problems(&self, context: &PageContext) -> Vec<FormProblem> {
        let is_missing = lines(&self.logins).is_empty();
        is_missing
            .then(|| FormProblem::of(LOGINS, &context.texts().accounts.logins_missing))
            .into_iter()
            .collect()
    }

    /// The fields of its names.
    pub(super) fn names(&self, context: &PageContext, problems: &[FormProblem]) -> Result<Vec<Html>, Fault> {
        let words = &context.texts().accounts;
        let logins = Field {
            name: LOGINS,
            label: &words.column_logins,
            hint: Some(&words.logins_hint),
            kind: FieldKind::LongText,
            value: &self.logins,
            problem: FormProblem::for_field(problems, LOGINS),
        };
        let display_name = Field {
            name: DISPLAY_NAME,
            label: &words.column_name,
            hint: Some(&words.name_hint),
            kind: FieldKind::Text,
            value: &self.display_name,
            problem: FormProblem::for_field(problems, DISPLAY_NAME),
        };
        let external_id = Field {
            name: EXTERNAL_ID,
            label: &words.external_id_label,
            hint: Some(&words.external_id_hint),
            kind: FieldKind::Text,
            value: &self.external_id,
            problem: FormProblem::for_field(problems, EXTERNAL_ID),
        };
        [logins, display_name, external_id].iter().map(|field| context.field(field)).collect()
    }

    /// What is said of its password.
    pub(super) fn switches(&self, context: &PageContext) -> Result<Vec<Html>, Fault> {
        let words = &context.texts().accounts;
        let must_change = Toggle {
            name: MUST_CHANGE,
            label: &words.must_change_label,
            hint: None,
            is_on: self.must_change_password,
        };
        let managed = Toggle {
            name: MANAGED,
            label: &words.managed_label,
            hint: Some(&words.managed_hint),
            is_on: self.managed_elsewhere,
        };
        [must_change, managed].iter().map(|toggle| context.toggle(toggle)).collect()
    }
}

/// The texts of a field that holds one a line.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What identity says is wrong, each beside its field.
pub(super) fn problems(context: &PageContext, status: Status) -> Result<Vec<FormProblem>, Fault> {
    let refused = refusal(status.into())?;
    if let Refusal::FieldInvalid(fields) = &refused {
        let known = known(fields);
        if !known.is_empty() {
            let text = &context.texts().accounts.field_refused;
            return Ok(known.into_iter().map(|name| FormProblem::of(name, text)).collect());
        }
    }
    Ok(vec![FormProblem { field: about(&refused), text: refusal_text(context, &refused)? }])
}

/// Our fields among those that identity names, such as `logins[1]`.
fn known(fields: &[String]) -> Vec<&'static str> {
    let is_named = |name: &&'static str| fields.iter().any(|field| field.split('[').next() == Some(*name));
    NAMED.into_iter().filter(is_named).collect()
}

/// The field that a refusal is about.
fn about(refused: &Refusal) -> Option<&'static str> {
    match refused {
        Refusal::Other(reason, _) if reason == "LOGIN_TAKEN" => Some(LOGINS),
        Refusal::Other(reason, _) if reason == "EXTERNAL_ID_TAKEN" => Some(EXTERNAL_ID),
        Refusal::PasswordRefused(_) => Some(PASSWORD),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_stands_on_a_line_of_its_own() {
        assert_eq!(lines(" zoe \r\n\r\nzoe@acme.example\n"), ["zoe", "zoe@acme.example"]);
        assert!(lines("\n \r\n").is_empty());
    }

    #[test]
    fn what_identity_names_is_found_among_the_fields() {
        let named = ["email_addresses[1]", "logins", "request_id"].map(str::to_owned);

        assert_eq!(known(&named), [LOGINS, EMAILS]);
    }

    #[test]
    fn a_refusal_stands_beside_the_field_it_is_about() {
        let taken = |reason: &str| Refusal::Other(reason.to_owned(), Vec::new());

        assert_eq!(about(&taken("LOGIN_TAKEN")), Some(LOGINS));
        assert_eq!(about(&taken("EXTERNAL_ID_TAKEN")), Some(EXTERNAL_ID));
        assert_eq!(about(&Refusal::PasswordRefused(Vec::new())), Some(PASSWORD));
        assert_eq!(about(&taken("ETAG_MISMATCH")), None);
    }
}
