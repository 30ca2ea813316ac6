//! Which accounts an administrator looks for, as the address of the page says it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::GroupId;

/// What is looked for, as texts of the address; an empty one asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountSearch {
    /// What a login, a name or an address begins with.
    pub(crate) prefix: String,
    pub(crate) state: String,
    pub(crate) role: String,
    /// A UUID.
    pub(crate) group: String,
    pub(crate) method: String,
    /// The first day of the last sign-in.
    pub(crate) since: String,
    /// The day before which the last sign-in was.
    pub(crate) before: String,
}

/// The text is no day such as `2026-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidDay;

impl AccountSearch {
    pub(crate) const PREFIX: &'static str = "prefix";
    pub(crate) const STATE: &'static str = "state";
    pub(crate) const ROLE: &'static str = "role";
    pub(crate) const GROUP: &'static str = "group";
    pub(crate) const METHOD: &'static str = "method";
    pub(crate) const SINCE: &'static str = "since";
    pub(crate) const BEFORE: &'static str = "before";

    /// The longest prefix that identity takes.
    const LONGEST: usize = 256;

    /// Reads what an address asks for under each of the names. What could not have been chosen asks for nothing.
    pub(crate) fn read(asked: impl Fn(&'static str) -> String) -> Self {
        let prefix = asked(Self::PREFIX);
        let group = asked(Self::GROUP);
        Self {
            prefix: prefix.chars().filter(|c| !c.is_control()).take(Self::LONGEST).collect(),
            state: asked(Self::STATE),
            role: asked(Self::ROLE),
            group: GroupId::parse(&group).map(|id| id.to_string()).unwrap_or_default(),
            method: asked(Self::METHOD),
            since: asked(Self::SINCE),
            before: asked(Self::BEFORE),
        }
    }

    /// What an address asks for again: everything that is not empty, under its name.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            (Self::PREFIX, self.prefix.as_str()),
            (Self::STATE, self.state.as_str()),
            (Self::ROLE, self.role.as_str()),
            (Self::GROUP, self.group.as_str()),
            (Self::METHOD, self.method.as_str()),
            (Self::SINCE, self.since.as_str()),
            (Self::BEFORE, self.before.as_str()),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether it asks for deleted accounts.
    pub(crate) fn is_for_deleted(&self) -> bool {
        self.state == "deleted"
    }
}

/// The moment at which a day begins, in UTC; none for an empty text.
///
/// # Errors
/// The text is no day.
pub(crate) fn start_of_day(text: &str) -> Result<Option<Timestamp>, InvalidDay> {
    if text.is_empty() {
        return Ok(None);
    }
    Timestamp::from_rfc3339(&format!("{text}T00:00:00Z")).map(Some).ok_or(InvalidDay)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

    fn read(pairs: &[(&str, &str)]) -> AccountSearch {
        AccountSearch::read(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn an_address_asks_again_for_what_it_asked() {
        let pairs = [("prefix", "zo"), ("state", "blocked"), ("group", GROUP), ("before", "2026-01-31")];

        assert_eq!(read(&pairs).pairs(), pairs);
        assert_eq!(read(&[]), AccountSearch::default());
        assert!(read(&[]).pairs().is_empty());
    }

    #[test]
    fn what_identity_would_not_take_is_not_asked_for() {
        let typed = format!("a\n{}", "b".repeat(300));

        let asked = read(&[("prefix", typed.as_str()), ("group", "staff")]);

        assert_eq!((asked.prefix, asked.group), (format!("a{}", "b".repeat(255)), String::new()));
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let begins = start_of_day("2026-01-31").unwrap().unwrap();

        assert_eq!(begins.to_string(), "2026-01-31T00:00:00.000000Z");
        assert_eq!(start_of_day(""), Ok(None));
        for wrong in ["yesterday", "2026-02-30", "2026-1-1", "2026-01-31T00:00:00Z"] {
            assert_eq!(start_of_day(wrong), Err(InvalidDay), "{wrong}");
        }
    }
}
