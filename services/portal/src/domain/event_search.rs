//! Which events an administrator looks for, as the address of the page says it.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::start_of_day;

const DAY: Duration = Duration::from_hours(24);

/// What is looked for, as texts of the address; an empty one asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventSearch {
    /// The account that events are on: its id, or the hash of one that was erased.
    pub(crate) account: String,
    /// The account that did it, named in the same way.
    pub(crate) actor: String,
    pub(crate) kind: String,
    pub(crate) outcome: String,
    /// The first day.
    pub(crate) from: String,
    /// The last day.
    pub(crate) to: String,
    pub(crate) support_code: String,
}

/// An account, as the contract asks for it: one of the two is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountReference {
    pub(crate) id: String,
    pub(crate) hash: String,
}

/// The moments between which events are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventSpan {
    pub(crate) start: Option<Timestamp>,
    /// The first one behind it.
    pub(crate) end: Option<Timestamp>,
}

impl EventSearch {
    pub(crate) const ACCOUNT: &'static str = "account";
    pub(crate) const ACTOR: &'static str = "actor";
    pub(crate) const KIND: &'static str = "kind";
    pub(crate) const OUTCOME: &'static str = "outcome";
    pub(crate) const FROM: &'static str = "from";
    pub(crate) const TO: &'static str = "to";
    pub(crate) const SUPPORT_CODE: &'static str = "support_code";

    /// Reads what an address asks for under each of the names.
    pub(crate) fn read(asked: impl Fn(&'static str) -> String) -> Self {
        Self {
            account: asked(Self::ACCOUNT),
            actor: asked(Self::ACTOR),
            kind: asked(Self::KIND),
            outcome: asked(Self::OUTCOME),
            from: asked(Self::FROM),
            to: asked(Self::TO),
            support_code: asked(Self::SUPPORT_CODE),
        }
    }

    /// What an address asks for again, under its names.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            (Self::ACCOUNT, self.account.as_str()),
            (Self::ACTOR, self.actor.as_str()),
            (Self::KIND, self.kind.as_str()),
            (Self::OUTCOME, self.outcome.as_str()),
            (Self::FROM, self.from.as_str()),
            (Self::TO, self.to.as_str()),
            (Self::SUPPORT_CODE, self.support_code.as_str()),
        ]
    }

    /// Both days included, from midnight to midnight in UTC.
    ///
    /// # Errors
    /// The names of those that are no days.
    pub(crate) fn span(&self) -> Result<EventSpan, Vec<&'static str>> {
        match (start_of_day(&self.from), start_of_day(&self.to)) {
            (Ok(start), Ok(end)) => Ok(EventSpan { start, end: end.map(|day| day.plus(DAY)) }),
            (start, end) => {
                let wrong = [(Self::FROM, start.is_err()), (Self::TO, end.is_err())];
                Err(wrong.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(name, _)| name).collect())
            }
        }
    }
}

impl AccountReference {
    /// A hash is written without hyphens, and an id with them.
    pub(crate) fn read(text: &str) -> Self {
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (id, hash) = if is_hash { ("", text) } else { (text, "") };
        Self { id: id.to_owned(), hash: hash.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(from: &str, to: &str) -> EventSearch {
        EventSearch { from: from.to_owned(), to: to.to_owned(), ..EventSearch::default() }
    }

    #[test]
    fn the_last_day_is_looked_through_to_its_end() {
        let span = search("2026-11-01", "2026-11-30").span().unwrap();

        assert_eq!(span.start, Timestamp::from_rfc3339("2026-11-01T00:00:00Z"));
        assert_eq!(span.end, Timestamp::from_rfc3339("2026-12-01T00:00:00Z"));
        assert_eq!(search("", "").span(), Ok(EventSpan { start: None, end: None }));
    }

    #[test]
    fn what_is_no_day_is_named() {
        assert_eq!(search("yesterday", "").span(), Err(vec!["from"]));
        assert_eq!(search("2026-02-30", "2026-1-1").span(), Err(vec!["from", "to"]));
    }

    #[test]
    fn an_address_asks_again_for_what_it_asked() {
        let asked = EventSearch::read(|name| format!("{name}!"));

        let again = EventSearch::read(|name| {
            asked.pairs().into_iter().find(|(known, _)| *known == name).unwrap().1.to_owned()
        });

        assert_eq!((again.account.as_str(), again.to.as_str()), ("account!", "to!"));
        assert_eq!(again, asked);
    }

    #[test]
    fn an_account_is_named_by_its_id_or_by_the_hash_that_an_erased_one_left() {
        let id = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";
        let hash = "0190c3a57e1c7b2a9f000123456789ab";

        assert_eq!(AccountReference::read(id), AccountReference { id: id.to_owned(), hash: String::new() });
        assert_eq!(
            AccountReference::read(hash),
            AccountReference { id: String::new(), hash: hash.to_owned() }
        );
    }
}
