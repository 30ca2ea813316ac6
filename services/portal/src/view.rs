//! Markup: one frame for all pages, fields, and what is in between. What is filled in is escaped unless it is [`Html`] already, and
//! only this room makes that.
//!
//! Templates know variables, conditions and loops; they are put together here, since the engine is built without including one in another.

mod field;
mod values;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

pub(crate) use self::field::{Field, FieldKind};
pub(crate) use self::values::{Html, Values};
use crate::words::{Catalogue, UiLocale, Words};

/// The templates, by name.
const TEMPLATES: [(&str, &str); 12] = [
    ("frame", include_str!("view/templates/frame.html")),
    ("field", include_str!("view/templates/field.html")),
    ("hidden", include_str!("view/templates/hidden.html")),
    ("sentence", include_str!("view/templates/sentence.html")),
    ("start", include_str!("view/templates/start.html")),
    ("organisation", include_str!("view/templates/organisation.html")),
    ("who", include_str!("view/templates/who.html")),
    ("prove", include_str!("view/templates/prove.html")),
    ("code", include_str!("view/templates/code.html")),
    ("password", include_str!("view/templates/password.html")),
    ("done", include_str!("view/templates/done.html")),
    ("help", include_str!("view/templates/help.html")),
];

/// Why there is no view of the pages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    /// A catalogue is not whole.
    #[error("the texts of a language do not read")]
    Words(#[from] toml::de::Error),
    /// A template does not read, or lacks a value.
    #[error("a template is wrong")]
    Template(#[from] minijinja::Error),
}

/// A step of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Step {
    Who,
    Prove,
    Password,
    Done,
}

impl Step {
    const ALL: [Self; 4] = [Self::Who, Self::Prove, Self::Password, Self::Done];

    fn name(self, words: &Words) -> &str {
        match self {
            Self::Who => &words.step_who,
            Self::Prove => &words.step_prove,
            Self::Password => &words.step_password,
            Self::Done => &words.step_done,
        }
    }
}

/// Something that is to be put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The field that it is about.
    pub(crate) field: Option<&'static str>,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self { field: Some(field), text: text.into() }
    }
}

/// What stands around a page.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) locale: UiLocale,
    pub(crate) organisation: &'a str,
    pub(crate) title: &'a str,
    pub(crate) step: Option<Step>,
    pub(crate) problems: &'a [Problem],
    /// After so many seconds the page has something new to say.
    pub(crate) refresh_seconds: Option<u64>,
    pub(crate) style_path: &'static str,
    /// The stylesheet of the organisation's accent.
    pub(crate) accent_path: Option<&'a str>,
    /// The organisation's logo, which stands in place of its name.
    pub(crate) logo_path: Option<&'a str>,
    pub(crate) script_path: &'static str,
}

/// All templates in all languages.
pub(crate) struct View {
    engine: Environment<'static>,
    catalogue: Catalogue,
    /// The texts of each language as templates know them.
    words: Vec<Value>,
}

impl View {
    /// Reads what is built in.
    ///
    /// # Errors
    /// Something of it does not read.
    pub(crate) fn load() -> Result<Self, ViewError> {
        let mut engine = Environment::empty();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, text) in TEMPLATES {
            engine.add_template(name, text)?;
        }
        let catalogue = Catalogue::load()?;
        let words = UiLocale::ALL.map(|locale| Value::from_pairs(catalogue.of(locale).entries()));
        Ok(Self { engine, catalogue, words: words.into() })
    }

    pub(crate) fn words(&self, locale: UiLocale) -> &Words {
        self.catalogue.of(locale)
    }

    /// A template with its values; `w` are the texts of the language.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn render(&self, template: &str, locale: UiLocale, values: Values) -> Result<Html, ViewError> {
        let values = values.with_words(self.words[locale as usize].clone());
        Ok(Html::finished(self.engine.get_template(template)?.render(values)?))
    }

    /// A field of a form.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn field(&self, locale: UiLocale, field: &Field<'_>) -> Result<Html, ViewError> {
        self.render("field", locale, field.values())
    }

    /// A whole page.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn page(&self, frame: &Frame<'_>, body: Html) -> Result<String, ViewError> {
        let words = self.words(frame.locale);
        let step = |step: Step| {
            Values::default()
                .text("name", step.name(words))
                .flag("is_current", frame.step == Some(step))
                .flag("is_past", frame.step.is_some_and(|current| step < current))
        };
        let problem = |problem: &Problem| {
            Values::default().optional("field", problem.field).text("text", &problem.text)
        };
        let language = |locale: UiLocale| {
            Values::default()
                .text("tag", locale.tag())
                .text("name", locale.own_name())
                .flag("is_current", locale == frame.locale)
        };
        let steps = frame.step.map_or_else(Vec::new, |_| Step::ALL.map(step).into());
        let values = Values::default()
            .text("tag", frame.locale.tag())
            .text("direction", frame.locale.direction())
            .text("title", frame.title)
            .text("organisation", frame.organisation)
            .text("style_path", frame.style_path)
            .optional("accent_path", frame.accent_path)
            .optional("logo_path", frame.logo_path)
            .text("script_path", frame.script_path)
            .optional("refresh_seconds", frame.refresh_seconds.map(|seconds| seconds.to_string()))
            .list("steps", steps)
            .list("problems", frame.problems.iter().map(problem).collect())
            .list("languages", UiLocale::ALL.map(language).into())
            .html("body", body);
        Ok(self.render("frame", frame.locale, values)?.into_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(locale: UiLocale, problems: &[Problem], body: Html) -> String {
        let frame = Frame {
            locale,
            organisation: "Acme <& Sons>",
            title: "Who are you?",
            step: Some(Step::Prove),
            problems,
            refresh_seconds: None,
            style_path: "/s.css",
            accent_path: None,
            logo_path: None,
            script_path: "/s.js",
        };
        View::load().unwrap().page(&frame, body).unwrap()
    }

    fn field(problem: Option<&str>) -> Html {
        let field = Field {
            name: "login",
            label: "Login",
            hint: Some("As at sign-in"),
            kind: FieldKind::Login,
            value: "\"><script>",
            problem,
        };
        View::load().unwrap().field(UiLocale::En, &field).unwrap()
    }

    #[test]
    fn what_is_filled_in_is_escaped_and_markup_of_ours_is_not() {
        let page = page(UiLocale::En, &[], field(None));

        assert!(page.contains("Acme &lt;&amp; Sons&gt;") && page.contains("<label for=\"login\">"), "{page}");
        assert!(!page.contains("\"><script>") && !page.contains("Sons>"), "{page}");
    }

    #[test]
    fn a_problem_is_summed_up_and_stands_beside_its_field() {
        let problem = Problem::of("login", "Enter your login");

        let page = page(UiLocale::En, &[problem], field(Some("Enter your login")));

        assert!(page.contains("<title>Error: Who are you?"), "{page}");
        assert!(page.contains("<a href=\"#login\">Enter your login</a>") && page.contains("role=\"alert\""));
        assert!(
            page.contains("aria-describedby=\"login-hint login-problem\" aria-invalid=\"true\""),
            "{page}"
        );
    }

    #[test]
    fn a_page_names_its_language_and_direction_and_where_one_is() {
        let page = page(UiLocale::Ar, &[], field(None));

        assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">"), "{page}");
        assert!(page.contains("<li aria-current=\"step\">الإثبات</li>"), "{page}");
        assert!(page.contains("<a href=\"?lang=de\" lang=\"de\" hreflang=\"de\">Deutsch</a>"), "{page}");
        assert!(page.contains("<span aria-current=\"true\" lang=\"ar\">"));
    }

    #[test]
    fn nothing_in_a_page_needs_more_than_the_policy_allows() {
        for (name, text) in TEMPLATES {
            for forbidden in [
                " style=",
                "<style",
                " onclick",
                " onload",
                " onsubmit",
                "javascript:",
                "http://",
                "https://",
            ] {
                assert!(!text.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}
