//! The form of a new password: its rules before anything is typed, and each that was broken afterwards.

use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString, same};

use super::refusal_texts::{self, refusal_text};
use crate::domain::{Organisation, PasswordRule, Refusal, RuleInForce};
use crate::view::{Field, FieldKind, FormProblem, Html, ResetStep, Values};
use crate::web::{Fault, PageContent, PageContext, PostedFields};

/// The field of the new password.
pub(super) const PASSWORD: &str = "password";
const REPEATED: &str = "repeated";

/// What identity calls it.
const NEW_PASSWORD: &str = "new_password";

/// The longest password that identity takes, in characters.
const LONGEST: usize = 256;

/// What is wrong with the form, by its two fields, and which rules are broken.
#[derive(Default)]
pub(super) struct PasswordProblems {
    password: Option<String>,
    repeated: Option<String>,
    rules: Vec<PasswordRule>,
}

/// The form.
pub(super) struct PasswordForm<'a> {
    pub(super) lead: &'a str,
    /// Where it is sent.
    pub(super) action: &'a str,
    /// For the browser's password manager; empty where nobody knows it.
    pub(super) login: &'a str,
    /// The field of the password of today; none where it need not be known.
    pub(super) current: Option<&'a Field<'a>>,
    /// The rules that are known to be in force. Our script asks what they say, by the path that the form is sent to.
    pub(super) rules: &'a [RuleInForce],
    pub(super) wrong: &'a PasswordProblems,
}

impl PasswordProblems {
    /// What identity said of a password.
    ///
    /// # Errors
    /// It is not about the password.
    pub(super) fn of(context: &PageContext, refusal: Refusal) -> Result<Self, Fault> {
        let words = context.words();
        match refusal {
            Refusal::PasswordRefused(rules) => Ok(Self { rules, ..Self::default() }),
            Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == NEW_PASSWORD) => {
                Ok(Self::saying(&words.password_too_long))
            }
            other => Ok(Self::saying(&refusal_text(context, &other)?)),
        }
    }

    fn saying(text: &str) -> Self {
        Self { password: Some(text.to_owned()), ..Self::default() }
    }
}

/// The password that was typed twice, or what can be told without identity.
pub(super) fn typed_password(
    context: &PageContext,
    fields: &PostedFields,
) -> Result<SecretString, PasswordProblems> {
    let words = context.words();
    let (password, repeated) = (fields.secret(PASSWORD), fields.secret(REPEATED));
    let text = password.expose_secret();
    if text.is_empty() {
        Err(PasswordProblems::saying(&words.password_missing))
    } else if text.chars().count() > LONGEST {
        Err(PasswordProblems::saying(&words.password_too_long))
    } else if same(text.as_bytes(), repeated.expose_secret().as_bytes()) {
        Ok(password)
    } else {
        Err(PasswordProblems {
            repeated: Some(words.password_mismatch.clone()),
            ..PasswordProblems::default()
        })
    }
}

impl PasswordForm<'_> {
    /// For the summary of the page.
    pub(super) fn problems(&self, context: &PageContext) -> Vec<FormProblem> {
        let of_password = self.of_password(context).into_iter().map(|text| FormProblem::of(PASSWORD, text));
        of_password.chain(self.wrong.repeated.iter().map(|text| FormProblem::of(REPEATED, text))).collect()
    }

    /// What is wrong with the new password.
    fn of_password(&self, context: &PageContext) -> Vec<String> {
        let broken: Vec<RuleInForce> = self.wrong.rules.iter().map(|rule| self.known(*rule)).collect();
        self.wrong.password.iter().cloned().chain(refusal_texts::broken(context.words(), &broken)).collect()
    }

    /// A rule with its number, as far as that is known.
    fn known(&self, rule: PasswordRule) -> RuleInForce {
        let known = self.rules.iter().copied().find(|known| known.rule == rule);
        known.unwrap_or_else(|| rule.without_number())
    }

    /// A page of nothing else, for somebody who is not signed in.
    pub(super) fn page(
        &self,
        context: &PageContext,
        organisation: Option<&Organisation>,
        step: Option<ResetStep>,
    ) -> Result<Response, Fault> {
        context.page(PageContent {
            organisation,
            step,
            problems: self.problems(context),
            ..PageContent::new(&context.words().password_title, self.body(context)?)
        })
    }

    pub(super) fn body(&self, context: &PageContext) -> Result<Html, Fault> {
        let (words, wrong) = (context.words(), self.wrong);
        let shown = PasswordRule::ALL
            .into_iter()
            .filter(|rule| self.rules.iter().any(|known| known.rule == *rule) || wrong.rules.contains(rule));
        let shown = shown.map(|shown| {
            Values::default()
                .text("word", shown.word())
                .text("text", &refusal_texts::rule(words, self.known(shown)))
                .flag("is_broken", wrong.rules.contains(&shown))
        });
        let of_password = self.of_password(context);
        let of_password = (!of_password.is_empty()).then(|| of_password.join("; "));
        let field = |name, label, problem| Field {
            name,
            label,
            hint: None,
            kind: FieldKind::NewPassword,
            value: "",
            problem,
        };
        let password = field(PASSWORD, words.new_password_label.as_str(), of_password.as_deref());
        let repeated = field(REPEATED, words.repeat_password_label.as_str(), wrong.repeated.as_deref());
        let values = Values::default()
            .text("lead", self.lead)
            .text("action", self.action)
            .text("login", self.login)
            .html("hidden", context.hidden_fields(self.action)?)
            .optional_html("current", self.current.map(|field| context.field(field)).transpose()?)
            .list("rules", shown.collect())
            .html("field", context.field(&password)?)
            .html("repeat", context.field(&repeated)?);
        context.body("password", values)
    }
}
