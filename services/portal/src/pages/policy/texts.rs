//! Fields and values of a policy in words.

use super::fields::{FIELDS, PolicyField};
use super::groups::Groups;
use crate::domain::{PolicyValue, SpanUnit, ValueKind, missing_in};
use crate::view::Cell;
use crate::web::PageContext;
use crate::words::{PolicyWords, Words, interpolate};

/// So many entries of a list are told; of a longer one, how many more there are.
const TOLD: usize = 20;

/// So many digits of a digest tell images apart.
const IMAGE_DIGITS: usize = 8;

/// The words of the policy's pages, and the names of the groups that it may name.
pub(super) struct Texts<'a> {
    pub(super) words: &'a PolicyWords,
    general: &'a Words,
    entries: Vec<(&'static str, &'a str)>,
    pub(super) groups: &'a Groups,
}

impl<'a> Texts<'a> {
    pub(super) fn of(context: &'a PageContext, groups: &'a Groups) -> Self {
        let texts = context.texts();
        Self { words: &texts.policy, general: &texts.general, entries: texts.policy.entries(), groups }
    }

    /// The text under a key that is made of a name.
    pub(super) fn find(&self, key: &str) -> Option<&'a str> {
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
    }

    pub(super) fn label(&self, field: &PolicyField) -> &'a str {
        self.find(field.name).unwrap_or(field.path)
    }

    /// What a field does, and which values it may have.
    pub(super) fn hint(&self, field: &PolicyField) -> Option<&'a str> {
        self.find(&format!("{}_hint", field.name))
    }

    pub(super) fn section(&self, name: &'static str) -> &'a str {
        self.find(&format!("section_{name}")).unwrap_or(name)
    }

    pub(super) fn choice(&self, word: &str) -> String {
        self.find(&format!("choice_{word}")).unwrap_or(word).to_owned()
    }

    /// A value as it stands.
    pub(super) fn value(&self, field: &PolicyField, value: &PolicyValue) -> String {
        match value {
            PolicyValue::Number(number) => number.to_string(),
            PolicyValue::Flag(true) => self.general.yes.clone(),
            PolicyValue::Flag(false) => self.general.no.clone(),
            PolicyValue::Span(None) => self.general.never.clone(),
            PolicyValue::Span(Some(seconds)) => self.span(field, *seconds),
            PolicyValue::Word(word) => self.choice(word),
            PolicyValue::Words(words) => self.list(field, words.iter().map(String::as_str)),
            PolicyValue::Text(text) => self.colour_or_image(field, text),
        }
    }

    fn colour_or_image(&self, field: &PolicyField, text: &str) -> String {
        match (field.kind, text) {
            (ValueKind::Image, "") => self.general.none.clone(),
            (ValueKind::Image, digest) => {
                interpolate(&self.words.image, "digits", digest.get(..IMAGE_DIGITS).unwrap_or(digest))
            }
            (_, "") => self.words.of_portal.clone(),
            (_, colour) => colour.to_owned(),
        }
    }

    /// A value in the place of another: of a long list, what came and what went.
    fn new_value(&self, field: &PolicyField, before: &PolicyValue, after: &PolicyValue) -> String {
        let is_long = matches!(field.kind, ValueKind::Lines | ValueKind::Ids);
        let (PolicyValue::Words(before), PolicyValue::Words(now), true) = (before, after, is_long) else {
            return self.value(field, after);
        };
        let sides =
            [(&self.words.added, missing_in(now, before)), (&self.words.removed, missing_in(before, now))];
        let told = sides.into_iter().filter(|(_, names)| !names.is_empty());
        let told = told.map(|(text, names)| interpolate(text, "names", self.list(field, names.into_iter())));
        told.collect::<Vec<_>>().join("; ")
    }

    /// The rows of a table of what differs: field, value before, value after.
    pub(super) fn difference(
        &self,
        places: &[usize],
        before: &[PolicyValue],
        after: &[PolicyValue],
    ) -> Vec<Vec<Cell>> {
        let row = |place: &usize| {
            let (field, before, after) = (FIELDS.get(*place)?, before.get(*place)?, after.get(*place)?);
            Some(vec![
                Cell::Text(format!("{}: {}", self.section(field.section), self.label(field))),
                Cell::Text(self.value(field, before)),
                Cell::Text(self.new_value(field, before, after)),
            ])
        };
        places.iter().filter_map(row).collect()
    }

    fn span(&self, field: &PolicyField, seconds: i64) -> String {
        let (number, unit) = match (seconds, field.kind) {
            (0, ValueKind::Span(unit) | ValueKind::Lapse(unit)) => (0, unit),
            _ => SpanUnit::longest_of(seconds),
        };
        let text = match unit {
            SpanUnit::Seconds => &self.words.span_seconds,
            SpanUnit::Minutes => &self.words.span_minutes,
            SpanUnit::Hours => &self.words.span_hours,
            SpanUnit::Days => &self.words.span_days,
        };
        interpolate(text, "number", number)
    }

    fn list<'b>(&self, field: &PolicyField, entries: impl ExactSizeIterator<Item = &'b str>) -> String {
        let more = entries.len().saturating_sub(TOLD);
        let name = |entry: &'b str| match field.kind {
            ValueKind::Several(_) => self.choice(entry),
            ValueKind::Ids => self.groups.name(entry).to_owned(),
            _ => entry.to_owned(),
        };
        let told: Vec<String> = entries.take(TOLD).map(name).collect();
        if told.is_empty() {
            return self.general.none.clone();
        }
        let told = told.join(&self.words.list_separator);
        if more == 0 { told } else { format!("{told} (+{more})") }
    }
}
