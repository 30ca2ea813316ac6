//! What stands in the form of a new job, and what it means. An empty filter finds everybody, so everybody has to be chosen by name.

use rekey_primitives::clock::Timestamp;
use rekey_wire::access::role_named;
use rekey_wire::identity::v1::{AccountFilter, BulkResetMode, FilteredState, MethodKind};
use rekey_wire::options::v1::Role;
use rekey_wire::time::timestamp;

use super::super::account_filters::{METHODS, STATES};
use super::super::group_choice::OTHER_GROUP;
use crate::domain::{AccountListProblem, parse_account_list};

pub(super) const WHO: &str = "who";
pub(super) const PREFIX: &str = "prefix";
pub(super) const STATE: &str = "state";
pub(super) const ROLE: &str = "role";
pub(super) const GROUP: &str = "group";
pub(super) const METHOD: &str = "method";
pub(super) const UNUSED_SINCE: &str = "unused_since";
pub(super) const ACCOUNTS: &str = "accounts";
pub(super) const MODE: &str = "mode";
pub(super) const PACE: &str = "pace";

/// The words of [`WHO`].
pub(super) const BY_FILTER: &str = "filter";
pub(super) const BY_LIST: &str = "list";
pub(super) const EVERYBODY: &str = "everybody";

/// The word of [`MODE`] that keeps passwords until the next sign-in.
pub(super) const REQUIRE_CHANGE: &str = "require_change";

/// So many accounts in a second, where nobody says another number: that of the contract.
pub(super) const USUAL_PACE: &str = "50";

/// The form as it was filled in.
#[derive(Debug, Default, Clone)]
pub(super) struct Draft {
    pub(super) who: String,
    pub(super) prefix: String,
    pub(super) state: String,
    pub(super) role: String,
    pub(super) group: String,
    /// The name or the id of one that is not on the list; empty once it was found.
    pub(super) other_group: String,
    pub(super) method: String,
    pub(super) unused_since: String,
    pub(super) accounts: String,
    pub(super) mode: String,
    pub(super) pace: String,
}

/// Whom a job is about.
#[derive(Debug, PartialEq)]
pub(super) enum Selection {
    Filter(AccountFilter),
    /// Logins and ids.
    List(Vec<String>),
}

/// A job that can be started.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) selection: Selection,
    pub(super) mode: BulkResetMode,
    pub(super) pace: i32,
}

/// Why none can.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DraftProblem {
    NobodyChosen,
    /// Nothing is set that a filter could go by.
    FilterEmpty,
    DayInvalid,
    ListEmpty,
    /// The beginning of a name that nobody can have.
    ListUnreadable(String),
    PaceInvalid,
}

impl Draft {
    /// Takes what a form or an address says under each name. Whoever sets a filter means to go by it.
    pub(super) fn read(of: impl Fn(&str) -> String) -> Self {
        let mut draft = Self {
            who: of(WHO),
            prefix: of(PREFIX),
            state: of(STATE),
            role: of(ROLE),
            group: of(GROUP),
            other_group: of(OTHER_GROUP),
            method: of(METHOD),
            unused_since: of(UNUSED_SINCE),
            accounts: of(ACCOUNTS),
            mode: of(MODE),
            pace: of(PACE),
        };
        if draft.pace.is_empty() {
            USUAL_PACE.clone_into(&mut draft.pace);
        }
        if draft.who.is_empty() && draft.has_filter() {
            BY_FILTER.clone_into(&mut draft.who);
        }
        draft
    }

    /// What it means.
    ///
    /// # Errors
    /// Something is missing, or cannot be read.
    pub(super) fn plan(&self) -> Result<Plan, DraftProblem> {
        let pace = self.pace.parse::<i32>().ok().filter(|pace| (1..=500).contains(pace));
        let mode =
            if self.mode == REQUIRE_CHANGE { BulkResetMode::RequireChange } else { BulkResetMode::Link };
        let selection = self.selection()?;
        Ok(Plan { selection, mode, pace: pace.ok_or(DraftProblem::PaceInvalid)? })
    }

    fn selection(&self) -> Result<Selection, DraftProblem> {
        match self.who.as_str() {
            EVERYBODY => Ok(Selection::Filter(AccountFilter::default())),
            BY_FILTER if self.has_filter() => self.filter().map(Selection::Filter),
            BY_FILTER => Err(DraftProblem::FilterEmpty),
            BY_LIST => {
                parse_account_list(&self.accounts).map(Selection::List).map_err(|problem| match problem {
                    AccountListProblem::Empty => DraftProblem::ListEmpty,
                    AccountListProblem::Unreadable(name) => DraftProblem::ListUnreadable(name),
                })
            }
            _ => Err(DraftProblem::NobodyChosen),
        }
    }

    fn has_filter(&self) -> bool {
        let names = [&self.role, &self.group, &self.other_group];
        let parts = [&self.prefix, &self.state, &self.method, &self.unused_since];
        parts.into_iter().chain(names).any(|part| !part.is_empty())
    }

    /// A word that nobody knows is not passed over, since without it more people would be found.
    fn filter(&self) -> Result<AccountFilter, DraftProblem> {
        if !self.other_group.is_empty() {
            return Err(DraftProblem::FilterEmpty);
        }
        let state = known(&STATES, &self.state, FilteredState::Unspecified)?;
        let method = known(&METHODS, &self.method, MethodKind::Unspecified)?;
        let role = match self.role.as_str() {
            "" => Role::Unspecified,
            word => {
                let named = role_named(word).filter(|role| *role != Role::Unspecified);
                named.ok_or(DraftProblem::FilterEmpty)?
            }
        };
        let before = match self.unused_since.as_str() {
            "" => None,
            day => {
                let midnight = Timestamp::from_rfc3339(&format!("{day}T00:00:00Z"));
                Some(timestamp(midnight.ok_or(DraftProblem::DayInvalid)?.unix_micros()))
            }
        };
        Ok(AccountFilter {
            prefix: self.prefix.clone(),
            state: state.into(),
            role: role.into(),
            group_id: self.group.clone(),
            method_kind: method.into(),
            last_sign_in_after: None,
            last_sign_in_before: before,
        })
    }
}

/// What a word stands for; `unset` for none.
fn known<T: Copy>(words: &[(&str, T)], word: &str, unset: T) -> Result<T, DraftProblem> {
    if word.is_empty() {
        return Ok(unset);
    }
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or(DraftProblem::FilterEmpty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        Draft::read(|name| {
            let field = fields.iter().find(|(known, _)| *known == name);
            field.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn nobody_is_reset_unless_somebody_is_chosen() {
        assert_eq!(draft(&[]).plan(), Err(DraftProblem::NobodyChosen));
        assert_eq!(draft(&[(WHO, "all")]).plan(), Err(DraftProblem::NobodyChosen));
        assert_eq!(draft(&[(WHO, BY_FILTER)]).plan(), Err(DraftProblem::FilterEmpty));
        assert_eq!(draft(&[(WHO, BY_LIST), (ACCOUNTS, " \n")]).plan(), Err(DraftProblem::ListEmpty));
    }

    #[test]
    fn everybody_is_everybody_whatever_else_is_filled_in() {
        let plan = draft(&[(WHO, EVERYBODY), (PREFIX, "zoe")]).plan().unwrap();

        let selection = Selection::Filter(AccountFilter::default());
        assert_eq!(plan, Plan { selection, mode: BulkResetMode::Link, pace: 50 });
    }

    #[test]
    fn a_filter_says_all_that_is_set() {
        let filled_in = [
            (PREFIX, "zo"),
            (STATE, "blocked"),
            (ROLE, "reports_reader"),
            (GROUP, "0190c3a5-7e1c-7b2a-9f00-0123456789ab"),
            (METHOD, "passkey"),
            (UNUSED_SINCE, "2026-01-31"),
            (MODE, REQUIRE_CHANGE),
            (PACE, "500"),
        ];

        let plan = draft(&filled_in).plan().unwrap();

        let filter = AccountFilter {
            prefix: "zo".to_owned(),
            state: FilteredState::Blocked.into(),
            role: Role::ReportsReader.into(),
            group_id: "0190c3a5-7e1c-7b2a-9f00-0123456789ab".to_owned(),
            method_kind: MethodKind::Passkey.into(),
            last_sign_in_after: None,
            last_sign_in_before: Some(prost_types::Timestamp { seconds: 1_769_817_600, nanos: 0 }),
        };
        let selection = Selection::Filter(filter);
        assert_eq!(plan, Plan { selection, mode: BulkResetMode::RequireChange, pace: 500 });
    }

    #[test]
    fn what_cannot_be_read_never_finds_more_people() {
        let unknown =
            [(OTHER_GROUP, "Sales"), (STATE, "gone"), (ROLE, "king"), (ROLE, "unspecified"), (METHOD, "fax")];

        for (name, value) in unknown {
            assert_eq!(draft(&[(name, value)]).plan(), Err(DraftProblem::FilterEmpty), "{value}");
        }
        assert_eq!(draft(&[(UNUSED_SINCE, "2026-02-30")]).plan(), Err(DraftProblem::DayInvalid));
    }

    #[test]
    fn a_pace_is_within_the_bounds_of_the_contract() {
        for pace in ["0", "501", "-1", "fast"] {
            let draft = draft(&[(WHO, EVERYBODY), (PACE, pace)]);
            assert_eq!(draft.plan(), Err(DraftProblem::PaceInvalid), "{pace}");
        }
    }

    #[test]
    fn a_list_is_taken_as_it_was_pasted() {
        let plan = draft(&[(WHO, BY_LIST), (ACCOUNTS, "zoe\nadam")]).plan().unwrap();

        assert_eq!(plan.selection, Selection::List(vec!["zoe".to_owned(), "adam".to_owned()]));
    }
}
