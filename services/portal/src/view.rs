//! Markup: one layout for all pages, fields, and what is in between. What is filled in is escaped unless it is [`Html`] already, and
//! only this room makes that.
//!
//! Templates know variables, conditions and loops; they are put together here, since the engine is built without including one in another.

mod choice;
mod confirmation;
mod facts;
mod field;
mod layout;
mod table;
mod templates;
mod values;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

pub(crate) use self::choice::{Choice, Select, Toggle};
pub(crate) use self::confirmation::{CONFIRMED, Confirmation};
pub(crate) use self::facts::Fact;
pub(crate) use self::field::{Field, FieldKind};
pub(crate) use self::layout::{FormProblem, Layout, Menu, MenuLink, ResetStep};
pub(crate) use self::table::{Badge, Cell, Table};
pub(crate) use self::values::{Html, Values, moment, time_of_day};
use crate::words::{Catalogue, Texts, UiLocale};

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
        for (name, text) in templates::all() {
            engine.add_template(name, text)?;
        }
        let catalogue = Catalogue::load()?;
        let words = UiLocale::ALL.map(|locale| known_to_templates(catalogue.of(locale)));
        Ok(Self { engine, catalogue, words: words.into() })
    }

    pub(crate) fn texts(&self, locale: UiLocale) -> &Texts {
        self.catalogue.of(locale)
    }

    /// A template with its values; `words` are the texts of the language: the general ones, and beside them each area's under its name.
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

    /// A list to choose from.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn select(&self, locale: UiLocale, select: &Select<'_>) -> Result<Html, ViewError> {
        self.render("select", locale, select.values())
    }

    /// A box to tick.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn toggle(&self, locale: UiLocale, toggle: &Toggle<'_>) -> Result<Html, ViewError> {
        self.render("toggle", locale, toggle.values())
    }

    /// A question before something is done.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn confirmation(
        &self,
        locale: UiLocale,
        confirmation: Confirmation<'_>,
    ) -> Result<Html, ViewError> {
        self.render("confirmation", locale, confirmation.values())
    }

    /// A table.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn table(&self, locale: UiLocale, table: Table<'_>) -> Result<Html, ViewError> {
        self.render("table", locale, table.values())
    }

    /// What is known of one thing, line by line.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn facts(&self, locale: UiLocale, facts: Vec<Fact<'_>>) -> Result<Html, ViewError> {
        self.render("facts", locale, facts::values(facts))
    }

    /// A whole page.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn page(&self, layout: &Layout<'_>, body: Html) -> Result<String, ViewError> {
        let values = layout.values(&self.texts(layout.locale).general).html("body", body);
        Ok(self.render("layout", layout.locale, values)?.into_text())
    }
}

/// The texts of a language as templates know them.
fn known_to_templates(texts: &Texts) -> Value {
    let areas = texts.entries().into_iter().map(|(area, texts)| (area, Value::from_pairs(texts)));
    let general = texts.general.entries().into_iter().map(|(key, text)| (key, Value::from(text)));
    Value::from_pairs(areas.chain(general))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(locale: UiLocale, problems: &[FormProblem], body: Html) -> String {
        let layout = Layout {
            locale,
            organisation: "Acme <& Sons>",
            title: "Who are you?",
            step: Some(ResetStep::Prove),
            problems,
            refresh_seconds: None,
            style_path: "/s.css",
            accent_path: None,
            logo_path: None,
            script_paths: &["/s.js"],
            notice: None,
            menu: None,
            query: "",
        };
        View::load().unwrap().page(&layout, body).unwrap()
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
        let problem = FormProblem::of("login", "Enter your login");

        let page = page(UiLocale::En, &[problem], field(Some("Enter your login")));

        assert!(page.contains("<title>Error: Who are you?"), "{page}");
        assert!(page.contains("<a href=\"#login\">Enter your login</a>") && page.contains("role=\"alert\""));
        assert!(
            page.contains("aria-describedby=\"login-hint login-problem\" aria-invalid=\"true\""),
            "{page}"
        );
    }

    #[test]
    fn a_long_text_is_written_in_a_box_of_many_lines() {
        let field = Field {
            name: "text",
            label: "Text",
            hint: None,
            kind: FieldKind::LongText,
            value: "one\n\ntwo",
            problem: None,
        };

        let box_of_lines = View::load().unwrap().field(UiLocale::En, &field).unwrap().into_text();

        assert!(box_of_lines.contains("<textarea id=\"text\" name=\"text\" rows=\"12\" dir=\"auto\""));
        assert!(box_of_lines.contains(">one\n\ntwo</textarea>"), "{box_of_lines}");
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
        // What stands in place of a mail has the policy of mails.
        for (name, text) in templates::all().filter(|(name, _)| *name != "template_frame") {
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
