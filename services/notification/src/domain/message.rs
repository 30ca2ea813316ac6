//! A message on its way in, parsed once at the edge into something that cannot be wrong.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::locale::Locale;
use rekey_primitives::secret::Zeroizing;
use rekey_primitives::text::{breaks_line, character_count};

use super::deduplication::DeduplicationKey;
use super::delivery_event::DeliveryEvent;
use super::destination::Destination;
use super::event::Event;
use super::fallback::Fallbacks;
use super::lane::Lane;
use super::links::LinkHosts;
use super::refusal::Violation;
use super::template::{TemplateName, VARIABLE_CHARACTERS, has_lines};

/// The longest reference, in characters.
pub(crate) const REFERENCE_CHARACTERS: usize = 64;

/// What a caller asks to have sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) destination: Destination,
    /// What it says; `None` for the event of a webhook.
    pub(crate) template: Option<TemplateName>,
    /// What goes to a webhook, and only there.
    pub(crate) event: Option<Event>,
    /// The reader's language, if the caller knows it.
    pub(crate) locale: Option<Locale>,
    pub(crate) variables: Variables,
    pub(crate) lane: Lane,
    /// When it dies, if the caller says so.
    pub(crate) not_after: Option<Timestamp>,
    /// The caller's own name for it.
    pub(crate) reference: Reference,
    /// Accepted like any other and deleted when its turn comes.
    pub(crate) decoy: bool,
    /// What is told when a provider takes it over, if anything is.
    pub(crate) delivery_event: Option<DeliveryEvent>,
    /// Where it goes when its channel does not carry it.
    pub(crate) fallbacks: Fallbacks,
    /// What makes it the same notice as another, if anything does.
    pub(crate) deduplication_key: Option<DeduplicationKey>,
}

impl Message {
    /// All that may be told of it, wherever it goes.
    pub(crate) fn delivery_events(&self) -> impl Iterator<Item = &DeliveryEvent> {
        let of_steps = self.fallbacks.iter().map(|step| &step.delivery_event);
        std::iter::once(&self.delivery_event).chain(of_steps).flatten()
    }
}

/// The caller's own name for a message: printable ASCII, possibly empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reference(String);

impl Reference {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits =
            text.len() <= REFERENCE_CHARACTERS && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The variables of a template: exactly those it takes. They may hold a code, so `Debug` shows their names alone and
/// their memory is wiped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Variables(BTreeMap<&'static str, Zeroizing<String>>);

impl Variables {
    /// Takes what was sent if it is what the template takes; otherwise says what is wrong, name by name.
    pub(crate) fn fitting(
        template: TemplateName,
        mut sent: HashMap<String, String>,
        hosts: &LinkHosts,
    ) -> Result<Self, Vec<Violation>> {
        let mut taken = BTreeMap::new();
        let mut wrong = Vec::new();
        for &name in template.variables() {
            match sent.remove(name).map(Zeroizing::new) {
                None => wrong.push(Violation::new(field(name), "is missing")),
                Some(value) => match fault(name, &value, hosts) {
                    Some(what) => wrong.push(Violation::new(field(name), what)),
                    None => {
                        taken.insert(name, value);
                    }
                },
            }
        }
        // Names that the template does not take are the caller's own words: they are counted, not quoted.
        wrong.extend(
            sent.keys()
                .map(|_| Violation::new("message.variables", "holds a name the template does not take")),
        );
        if wrong.is_empty() { Ok(Self(taken)) } else { Err(wrong) }
    }

    /// None at all, as an event has.
    pub(crate) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes variables that were checked when they came in, as from a payload.
    pub(crate) fn trusted(taken: BTreeMap<&'static str, Zeroizing<String>>) -> Self {
        Self(taken)
    }

    /// Says the minutes that are left of what was said when the message was accepted, so long ago, and no more than are left
    /// until it dies. What is no number stands as it was sent.
    pub(crate) fn age(&mut self, age: Duration, life_left: Duration) {
        let Some(said) = self.0.get_mut("minutes") else { return };
        if let Ok(minutes) = said.parse::<u64>() {
            *said = Zeroizing::new(minutes_left(minutes, age, life_left).to_string());
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// Names and values in the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> + Clone {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// How late a message may leave and still say the minutes that it was accepted with: what a hand-over takes. Without it every
/// code of ten minutes would be one of nine.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// Rounded down, so that nothing more is promised than is left, but for the moment that a hand-over takes; and never none: a
/// message that goes at all goes before the code's end. `life_left` bounds it where the caller's minutes outlive the message.
fn minutes_left(minutes: u64, age: Duration, life_left: Duration) -> u64 {
    let promised = Duration::from_secs(minutes.saturating_mul(60)).saturating_sub(age);
    let left = promised.min(life_left).saturating_add(ON_ITS_WAY);
    (left.as_secs() / 60).clamp(1, minutes.max(1))
}

fn field(name: &str) -> String {
    format!("message.variables[{name}]")
}

/// What is wrong with a value, if anything.
fn fault(name: &str, value: &str, hosts: &LinkHosts) -> Option<&'static str> {
    let forbidden = |c: char| breaks_line(c) && !(c == '\n' && has_lines(name));
    if value.is_empty() {
        Some("is empty")
    } else if character_count(value) > VARIABLE_CHARACTERS {
        Some("is longer than 1,024 characters")
    } else if value.chars().any(forbidden) {
        Some("holds a control character or a line break")
    } else if name == "link" && !hosts.allow_link(value) {
        Some("is no link to a configured host")
    } else if name == "code" && !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Some("is not made of ASCII letters and digits")
    } else if !hosts.allow_text(value) {
        Some("links to a host that is not configured")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn code(pairs: &[(&str, &str)]) -> Result<Variables, Vec<Violation>> {
        Variables::fitting(TemplateName::PasswordResetCode, sent(pairs), &LinkHosts::default())
    }

    #[test]
    fn exactly_the_templates_variables_are_taken() {
        let variables = code(&[("organisation", "Contoso"), ("code", "123456"), ("minutes", "10")]).unwrap();

        assert_eq!(variables.get("code"), Some("123456"));
        assert_eq!(variables.iter().count(), 3);
    }

    #[test]
    fn missing_and_foreign_variables_are_all_named() {
        let wrong = code(&[("organisation", "Contoso"), ("code", "123456"), ("kode", "1")]).unwrap_err();

        assert_eq!(
            wrong,
            [
                Violation::new("message.variables[minutes]", "is missing"),
                Violation::new("message.variables", "holds a name the template does not take"),
            ]
        );
    }

    #[test]
    fn a_line_break_reaches_no_header() {
        for smuggled in ["Contoso\r\nBcc: all@example.com", "Contoso\n", "Contoso\u{2028}", "Contoso\u{0}"] {
            let wrong =
                code(&[("organisation", smuggled), ("code", "123456"), ("minutes", "10")]).unwrap_err();

            assert_eq!(wrong.len(), 1, "{smuggled:?}");
        }
    }

    #[test]
    fn a_strangers_link_is_refused_in_any_variable() {
        let wrong = code(&[("organisation", "https://evil.example"), ("code", "123456"), ("minutes", "10")]);

        assert_eq!(wrong.unwrap_err()[0].what, "links to a host that is not configured");
    }

    #[test]
    fn a_value_is_as_long_as_it_is_in_nfc() {
        let of_name =
            |name: &str| code(&[("organisation", name), ("code", "123456"), ("minutes", "10")]).map(|_| ());

        assert_eq!(of_name(&"e\u{308}".repeat(1_024)), Ok(()));
        assert_eq!(
            of_name(&"e\u{308}".repeat(1_025)),
            Err(vec![Violation::new("message.variables[organisation]", "is longer than 1,024 characters")])
        );
    }

    #[test]
    fn the_minutes_of_a_message_that_waited_are_those_that_are_left() {
        let aged = |minutes: &str, seconds| {
            let sent = [("organisation", "Contoso"), ("code", "123456"), ("minutes", minutes)];
            let mut variables = code(&sent).unwrap();
            let life_left = Duration::from_secs(600).saturating_sub(Duration::from_secs(seconds));
            variables.age(Duration::from_secs(seconds), life_left);
            variables.get("minutes").unwrap().to_owned()
        };

        assert_eq!([aged("10", 0), aged("10", 5), aged("10", 6), aged("10", 420)], ["10", "10", "9", "3"]);
        assert_eq!([aged("10", 599), aged("10", 86_400)], ["1", "1"]);
        assert_eq!([aged("30", 0), aged("30", 300)], ["10", "5"], "the message dies first");
        assert_eq!(aged("a few", 420), "a few");
    }

    #[test]
    fn no_message_promises_more_than_is_left_but_for_its_way() {
        for age in (0..540).map(Duration::from_secs) {
            let left = Duration::from_secs(600).saturating_sub(age);
            let promised = Duration::from_secs(60 * minutes_left(10, age, left));

            assert!(promised <= left + ON_ITS_WAY, "{promised:?} of {left:?}");
        }
    }

    #[test]
    fn debug_shows_names_alone() {
        let variables = code(&[("organisation", "Contoso"), ("code", "123456"), ("minutes", "10")]).unwrap();

        assert_eq!(format!("{variables:?}"), r#"["code", "minutes", "organisation"]"#);
    }

    #[test]
    fn a_reference_is_short_printable_ascii() {
        assert_eq!(
            Reference::parse("job 7/a").map(|one| one.as_str().to_owned()),
            Some("job 7/a".to_owned())
        );
        assert_eq!(Reference::parse(&"a".repeat(65)), None);
        assert_eq!(Reference::parse("ä"), None);
        assert_eq!(Reference::parse("a\nb"), None);
    }
}
