//! What stands around every page: organisation, steps, what is wrong, languages, and the menu of those who are signed in.

use super::{Html, Values};
use crate::words::{UiLocale, Words};

/// A step of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum ResetStep {
    Who,
    Prove,
    Password,
    Done,
}

impl ResetStep {
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
pub(crate) struct FormProblem {
    /// The field that it is about.
    pub(crate) field: Option<&'static str>,
    pub(crate) text: String,
}

impl FormProblem {
    pub(crate) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self { field: Some(field), text: text.into() }
    }

    /// What is said beside a field, where one of these is about it.
    pub(crate) fn for_field<'a>(
        problems: impl IntoIterator<Item = &'a Self>,
        field: &str,
    ) -> Option<&'a str> {
        let about = |problem: &&Self| problem.field == Some(field);
        problems.into_iter().find(about).map(|problem| problem.text.as_str())
    }
}

/// What stands around a page.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) locale: UiLocale,
    pub(crate) organisation: &'a str,
    pub(crate) title: &'a str,
    pub(crate) step: Option<ResetStep>,
    pub(crate) problems: &'a [FormProblem],
    /// After so many seconds the page has something new to say.
    pub(crate) refresh_seconds: Option<u64>,
    pub(crate) style_path: &'static str,
    /// The stylesheet of the organisation's accent.
    pub(crate) accent_path: Option<&'a str>,
    /// The organisation's logo, which stands in place of its name.
    pub(crate) logo_path: Option<&'a str>,
    /// The script of all pages, and that of this one.
    pub(crate) script_paths: &'a [&'static str],
    /// What was done before this page was shown.
    pub(crate) notice: Option<&'a str>,
    /// Around the pages of somebody who is signed in.
    pub(crate) menu: Option<Menu<'a>>,
    /// What is asked of the page besides its language, as addresses have it: the same page is there in another one.
    pub(crate) query: &'a str,
}

/// Where somebody who is signed in may go.
#[derive(Debug)]
pub(crate) struct Menu<'a> {
    /// What the links are, to screen readers.
    pub(crate) label: &'a str,
    pub(crate) links: Vec<MenuLink<'a>>,
    /// From the pages of an account to those of administration, or back.
    pub(crate) area_switch: Option<MenuLink<'a>>,
    /// Who is signed in.
    pub(crate) login: &'a str,
    /// The hidden fields of the form that signs out.
    pub(crate) sign_out: Html,
}

/// A link of the menu.
#[derive(Debug)]
pub(crate) struct MenuLink<'a> {
    pub(crate) path: &'static str,
    pub(crate) text: &'a str,
    pub(crate) is_current: bool,
}

impl MenuLink<'_> {
    fn values(&self) -> Values {
        Values::default().text("path", self.path).text("text", self.text).flag("is_current", self.is_current)
    }
}

impl Layout<'_> {
    pub(super) fn values(&self, words: &Words) -> Values {
        let step = |step: ResetStep| {
            Values::default()
                .text("name", step.name(words))
                .flag("is_current", self.step == Some(step))
                .flag("is_past", self.step.is_some_and(|current| step < current))
        };
        let problem = |problem: &FormProblem| {
            Values::default().optional("field", problem.field).text("text", &problem.text)
        };
        let rest = if self.query.is_empty() { String::new() } else { format!("&{}", self.query) };
        let language = |locale: UiLocale| {
            Values::default()
                .text("path", &format!("?lang={}{rest}", locale.tag()))
                .text("tag", locale.tag())
                .text("name", locale.own_name())
                .flag("is_current", locale == self.locale)
        };
        let script = |path: &&'static str| Values::default().text("path", path);
        let values = Values::default()
            .text("tag", self.locale.tag())
            .text("direction", self.locale.direction())
            .text("title", self.title)
            .text("organisation", self.organisation)
            .text("style_path", self.style_path)
            .optional("accent_path", self.accent_path)
            .optional("logo_path", self.logo_path)
            .list("scripts", self.script_paths.iter().map(script).collect())
            .optional("refresh_seconds", self.refresh_seconds.map(|seconds| seconds.to_string()))
            .optional("notice", self.notice)
            .list("steps", self.step.map_or_else(Vec::new, |_| ResetStep::ALL.map(step).into()))
            .list("problems", self.problems.iter().map(problem).collect())
            .list("languages", UiLocale::ALL.map(language).into());
        match &self.menu {
            Some(menu) => values.part("menu", menu.values()),
            None => values.flag("menu", false),
        }
    }
}

impl Menu<'_> {
    fn values(&self) -> Values {
        let values = Values::default()
            .text("label", self.label)
            .text("login", self.login)
            .html("sign_out", self.sign_out.clone())
            .list("links", self.links.iter().map(MenuLink::values).collect());
        match &self.area_switch {
            Some(link) => values.part("area_switch", link.values()),
            None => values.flag("area_switch", false),
        }
    }
}
