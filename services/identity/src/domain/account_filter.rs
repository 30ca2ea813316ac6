//! Which accounts somebody looks for, and in which order they are found.
//!
//! One part of a filter leads: an index gives its accounts in order, and the rest is judged on each of them. What leads is
//! what leaves the fewest, as far as can be known beforehand. A prefix is looked for in several places, one stage after
//! the other; an account is found in the first place that has it, and there under the first of its keys.

use std::ops::RangeInclusive;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_primitives::login::search_form;
use rekey_primitives::method::MethodKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::Account;
use super::authority::Role;
use super::group::GroupId;

/// Which accounts; every part that is there must hold.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct AccountFilter {
    /// What a login, the name, its last word or a mail address begins with, in the form of [`search_form`].
    #[debug(skip)]
    pub prefix: Option<String>,
    /// Without one: those that are not deleted.
    pub state: Option<FilteredState>,
    /// Holds this role, perhaps beside others.
    pub role: Option<Role>,
    /// Is in this group, through any nesting.
    pub group: Option<GroupId>,
    /// Has a method of this kind, whatever it is worth today.
    #[serde(with = "method_word")]
    pub method: Option<MethodKind>,
    /// Signed in then or later.
    pub signed_in_since: Option<Timestamp>,
    /// Did nothing since: signed in before, or was created before and never signed in.
    pub inactive_since: Option<Timestamp>,
}

/// A state that can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilteredState {
    Active,
    Blocked,
    /// Frozen and not blocked besides.
    Frozen,
    Deleted,
}

/// What gives the accounts to judge, in an order of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Those who hold any role, by id.
    Administrators,
    /// Those who are blocked or frozen, by id.
    Stopped,
    /// Deleted ones, by id.
    Deleted,
    /// By what a prefix is compared with, then by id.
    Prefix(Place),
    /// Members of a group, by id.
    Members,
    /// By the last sign-in, or the creation before there is one.
    Activity,
    /// By id, those with a method of a kind.
    Method,
    /// All, by id.
    Everyone,
}

/// Where a prefix is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Login,
    Name,
    Surname,
    Address,
}

/// How far a search has come: behind which account it goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct SearchCursor {
    /// The place of a prefix, by its number in [`Place::ALL`].
    stage: usize,
    /// What was compared with the prefix.
    #[debug(skip)]
    pub text: String,
    /// The activity, where that leads.
    pub activity: i64,
    pub account_id: Uuid,
}

impl SearchCursor {
    /// The text that a job keeps of it.
    pub(crate) fn canonical(&self) -> String {
        serde_json::to_string(self).expect("cursors are plain structs, which always have a JSON form")
    }
}

impl Place {
    const ALL: [Self; 4] = [Self::Login, Self::Name, Self::Surname, Self::Address];
}

impl AccountFilter {
    /// Whether it names nothing, so that everybody is found who is not deleted.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same text for the same filter.
    pub(crate) fn canonical(&self) -> String {
        serde_json::to_string(self).expect("filters are plain structs, which always have a JSON form")
    }

    /// Where the search begins.
    pub(crate) fn start(&self) -> SearchCursor {
        self.start_of(0)
    }

    /// Where it goes on once a place of the prefix gives nothing more; `None` when that was the last.
    pub(crate) fn after_stage(&self, cursor: &SearchCursor) -> Option<SearchCursor> {
        let next = cursor.stage + 1;
        let has_more = matches!(self.lead(cursor), Lead::Prefix(_)) && next < Place::ALL.len();
        has_more.then(|| self.start_of(next))
    }

    /// What leads at this point of the search.
    pub(crate) fn lead(&self, cursor: &SearchCursor) -> Lead {
        match self.state {
            Some(FilteredState::Deleted) => return Lead::Deleted,
            _ if self.role.is_some() => return Lead::Administrators,
            Some(FilteredState::Blocked | FilteredState::Frozen) => return Lead::Stopped,
            Some(FilteredState::Active) | None => {}
        }
        if self.prefix.is_some() {
            Lead::Prefix(Place::ALL[cursor.stage.min(Place::ALL.len() - 1)])
        } else if self.group.is_some() {
            Lead::Members
        } else if self.signed_in_since.is_some() || self.inactive_since.is_some() {
            Lead::Activity
        } else if self.method.is_some() {
            Lead::Method
        } else {
            Lead::Everyone
        }
    }

    /// The activities between which the account's lies, in microseconds.
    pub(crate) fn activities(&self) -> RangeInclusive<i64> {
        let since = self.signed_in_since.map_or(i64::MIN, Timestamp::unix_micros);
        let before = self.inactive_since.map_or(i64::MAX, |at| at.unix_micros().saturating_sub(1));
        since..=before
    }

    /// Whether the account that the search came upon here is one that is looked for. Whether it is in the group, the store says.
    pub(crate) fn matches(&self, account: &Account, found: &SearchCursor) -> bool {
        self.matches_state(account)
            && self.role.is_none_or(|role| account.roles.contains(role))
            && self.method.is_none_or(|kind| account.security_info.iter().any(|entry| entry.kind() == kind))
            && self.matches_activity(account)
            && match (&self.prefix, self.lead(found)) {
                (None, _) => true,
                (Some(prefix), Lead::Prefix(place)) => is_first_here(account, prefix, place, &found.text),
                (Some(prefix), _) => Place::ALL.iter().any(|place| begins_at(account, prefix, *place)),
            }
    }

    fn matches_state(&self, account: &Account) -> bool {
        let is_there = account.deleted_at.is_none();
        match self.state {
            None => is_there,
            Some(FilteredState::Active) => account.is_open(),
            Some(FilteredState::Blocked) => is_there && account.blocked,
            Some(FilteredState::Frozen) => is_there && account.frozen && !account.blocked,
            Some(FilteredState::Deleted) => !is_there,
        }
    }

    fn matches_activity(&self, account: &Account) -> bool {
        let activity = account.last_sign_in_at.unwrap_or(account.created_at).unix_micros();
        let signed_in = self.signed_in_since.is_none() || account.last_sign_in_at.is_some();
        signed_in && self.activities().contains(&activity)
    }

    fn start_of(&self, stage: usize) -> SearchCursor {
        SearchCursor {
            stage,
            text: self.prefix.clone().unwrap_or_default(),
            activity: *self.activities().start(),
            account_id: Uuid::nil(),
        }
    }
}

impl SearchCursor {
    /// The same search, behind this account.
    pub(crate) fn behind(&self, text: String, activity: i64, account_id: AccountId) -> Self {
        Self { stage: self.stage, text, activity, account_id: account_id.as_uuid() }
    }
}

/// The forms in which the name people read is compared: the whole of it, and its last word where it has several.
pub(crate) fn name_keys(display_name: &str) -> (String, Option<String>) {
    // What does not come to rest is found as it was written.
    let whole = search_form(display_name).unwrap_or_else(|| display_name.to_owned());
    let last = whole.trim_end().rsplit_once(char::is_whitespace).map(|(_, last)| last.to_owned());
    (whole, last)
}

/// What a prefix is compared with at one place.
fn keys(account: &Account, place: Place) -> Vec<String> {
    match place {
        Place::Login => account.logins.iter().map(|login| login.as_str().to_owned()).collect(),
        Place::Name => vec![name_keys(&account.display_name).0],
        Place::Surname => name_keys(&account.display_name).1.into_iter().collect(),
        Place::Address => {
            let addresses = account.security_info.iter().filter_map(|entry| entry.destination());
            addresses.map(|address| address.as_str().to_ascii_lowercase()).collect()
        }
    }
}

fn begins_at(account: &Account, prefix: &str, place: Place) -> bool {
    keys(account, place).iter().any(|key| key.starts_with(prefix))
}

/// Whether the account is found nowhere before this key at this place.
fn is_first_here(account: &Account, prefix: &str, place: Place, key: &str) -> bool {
    let earlier = Place::ALL.iter().take_while(|earlier| **earlier != place);
    let mut here = keys(account, place);
    here.retain(|other| other.starts_with(prefix));
    earlier.into_iter().all(|earlier| !begins_at(account, prefix, *earlier))
        && here.iter().all(|other| key <= other.as_str())
}

/// The word of a kind.
mod method_word {
    use rekey_primitives::method::MethodKind;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(kind: &Option<MethodKind>, to: S) -> Result<S::Ok, S::Error> {
        kind.map(MethodKind::as_str).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<MethodKind>, D::Error> {
        let word = Option::<String>::deserialize(from)?;
        let read = |word: String| MethodKind::parse(&word).ok_or_else(|| serde::de::Error::custom("a kind"));
        word.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::login::Login;

    use super::*;
    use crate::domain::authority::RoleSet;
    use crate::domain::fixtures::{account, authenticator, days, email, now};

    fn of_prefix(prefix: &str) -> AccountFilter {
        AccountFilter { prefix: Some(prefix.to_owned()), ..AccountFilter::default() }
    }

    fn finds(filter: &AccountFilter, account: &Account) -> bool {
        filter.matches(account, &filter.start())
    }

    #[test]
    fn the_fewest_lead() {
        let filters = [
            (AccountFilter::default(), Lead::Everyone),
            (AccountFilter { method: Some(MethodKind::Phone), ..AccountFilter::default() }, Lead::Method),
            (AccountFilter { inactive_since: Some(now()), ..AccountFilter::default() }, Lead::Activity),
            (of_prefix("an"), Lead::Prefix(Place::Login)),
            (
                AccountFilter { state: Some(FilteredState::Active), ..of_prefix("an") },
                Lead::Prefix(Place::Login),
            ),
            (AccountFilter { state: Some(FilteredState::Frozen), ..of_prefix("an") }, Lead::Stopped),
            (AccountFilter { state: Some(FilteredState::Deleted), ..of_prefix("an") }, Lead::Deleted),
            (AccountFilter { role: Some(Role::ReportsReader), ..of_prefix("an") }, Lead::Administrators),
        ];

        for (filter, lead) in filters {
            assert_eq!(filter.lead(&filter.start()), lead, "{filter:?}");
        }
    }

    #[test]
    fn a_prefix_is_looked_for_in_every_place_once() {
        let filter = of_prefix("an");
        let stages: Vec<Lead> = std::iter::successors(Some(filter.start()), |at| filter.after_stage(at))
            .map(|at| filter.lead(&at))
            .collect();

        assert_eq!(stages, Place::ALL.map(Lead::Prefix));
        assert_eq!(AccountFilter::default().after_stage(&AccountFilter::default().start()), None);
    }

    #[test]
    fn an_account_is_found_at_its_first_place_and_key() {
        let logins = ["blume", "anna.b", "anna.a"].map(|login| Login::parse(login).unwrap()).to_vec();
        let anna = Account { logins, security_info: vec![email(1)], ..account() };
        let filter = of_prefix("anna");
        let (mut stage, mut found) = (Some(filter.start()), Vec::new());

        while let Some(at) = stage {
            for key in ["anna.a", "anna.b", "anna blume", "anna1@mail.example"] {
                let here = at.behind(key.to_owned(), 0, anna.id);
                let Lead::Prefix(place) = filter.lead(&here) else { panic!() };
                if keys(&anna, place).contains(&key.to_owned()) && filter.matches(&anna, &here) {
                    found.push((place, key));
                }
            }
            stage = filter.after_stage(&at);
        }

        assert_eq!(found, [(Place::Login, "anna.a")]);
    }

    #[test]
    fn a_name_is_found_by_its_beginning_and_its_last_word() {
        assert_eq!(name_keys("Zoë van der ÜNAL"), ("zoë van der ünal".to_owned(), Some("ünal".to_owned())));
        assert_eq!(name_keys("Cher"), ("cher".to_owned(), None));
    }

    #[test]
    fn states_are_told_apart_as_they_are_shown() {
        let open = account();
        let both = Account { blocked: true, frozen: true, ..account() };
        let frozen = Account { frozen: true, ..account() };
        let gone = Account { deleted_at: Some(now()), ..both.clone() };
        let found = |state| {
            let filter = AccountFilter { state, ..AccountFilter::default() };
            [&open, &both, &frozen, &gone].map(|account| finds(&filter, account))
        };

        assert_eq!(found(None), [true, true, true, false]);
        assert_eq!(found(Some(FilteredState::Active)), [true, false, false, false]);
        assert_eq!(found(Some(FilteredState::Blocked)), [false, true, false, false]);
        assert_eq!(found(Some(FilteredState::Frozen)), [false, false, true, false]);
        assert_eq!(found(Some(FilteredState::Deleted)), [false, false, false, true]);
    }

    #[test]
    fn every_part_must_hold() {
        let filter = AccountFilter {
            role: Some(Role::UserAdministrator),
            method: Some(MethodKind::Authenticator),
            ..of_prefix("blume")
        };
        let whole = Account {
            roles: RoleSet::of(&[Role::UserAdministrator, Role::ReportsReader]),
            security_info: vec![authenticator(1)],
            ..account()
        };

        assert!(finds(&filter, &whole));
        assert!(!finds(&filter, &Account { roles: RoleSet::EMPTY, ..whole.clone() }));
        assert!(!finds(&filter, &Account { security_info: vec![email(1)], ..whole.clone() }));
        assert!(!finds(&filter, &Account { display_name: "Anna Blau".to_owned(), ..whole }));
    }

    #[test]
    fn who_never_signed_in_is_inactive_since_the_creation() {
        let never = account();
        let lately = Account { last_sign_in_at: Some(now().minus(days(1))), ..account() };
        let inactive =
            AccountFilter { inactive_since: Some(now().minus(days(30))), ..AccountFilter::default() };
        let active =
            AccountFilter { signed_in_since: Some(now().minus(days(400))), ..AccountFilter::default() };

        assert_eq!([finds(&inactive, &never), finds(&inactive, &lately)], [true, false]);
        assert_eq!([finds(&active, &never), finds(&active, &lately)], [false, true]);
    }

    #[test]
    fn a_filter_outlives_its_process() {
        let filter = AccountFilter {
            state: Some(FilteredState::Active),
            role: Some(Role::ReportsReader),
            method: Some(MethodKind::Phone),
            inactive_since: Some(now()),
            ..of_prefix("an")
        };
        let json = serde_json::to_string(&filter).unwrap();

        assert_eq!(serde_json::from_str::<AccountFilter>(&json).unwrap(), filter);
    }
}
