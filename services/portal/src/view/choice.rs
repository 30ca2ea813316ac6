//! Fields that are chosen and not typed.

use super::Values;

/// One of a few.
#[derive(Debug)]
pub(crate) struct Select<'a> {
    /// Its name in the form, which is its id as well.
    pub(crate) name: &'static str,
    pub(crate) label: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) choices: Vec<Choice<'a>>,
    /// The value of the one that is chosen.
    pub(crate) chosen: &'a str,
    pub(crate) problem: Option<&'a str>,
}

/// What can be chosen.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) value: &'a str,
    pub(crate) text: &'a str,
}

/// On or off: the form has the field with the value `on`, or does not have it.
#[derive(Debug)]
pub(crate) struct Toggle<'a> {
    pub(crate) name: &'static str,
    pub(crate) label: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) is_on: bool,
}

impl Select<'_> {
    pub(super) fn values(&self) -> Values {
        let choice = |choice: &Choice<'_>| {
            Values::default()
                .text("value", choice.value)
                .text("text", choice.text)
                .flag("is_chosen", choice.value == self.chosen)
        };
        let described_by = described_by(self.name, self.hint, self.problem);
        Values::default()
            .text("name", self.name)
            .text("label", self.label)
            .optional("hint", self.hint)
            .optional("problem", self.problem)
            .optional("described_by", described_by)
            .list("choices", self.choices.iter().map(choice).collect())
    }
}

impl Toggle<'_> {
    pub(super) fn values(&self) -> Values {
        Values::default()
            .text("name", self.name)
            .text("label", self.label)
            .optional("hint", self.hint)
            .flag("is_on", self.is_on)
    }
}

/// The ids of what says more about a field; none where nothing does.
pub(super) fn described_by(name: &str, hint: Option<&str>, problem: Option<&str>) -> Option<String> {
    let hint = hint.map(|_| format!("{name}-hint"));
    let problem = problem.map(|_| format!("{name}-problem"));
    let ids: Vec<String> = hint.into_iter().chain(problem).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}
