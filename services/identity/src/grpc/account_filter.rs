//! Filters of accounts, for every RPC that takes one.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::login::{LOGIN_CHARACTERS, search_form};
use rekey_primitives::method::MethodKind;
use rekey_primitives::text::character_count;
use rekey_wire::identity::v1 as wire;
use rekey_wire::time;

use super::decode::Fields;
use super::encode;
use crate::domain::account_filter::{AccountFilter, FilteredState};
use crate::domain::group::GroupId;

const KIND: &str = "one of the published kinds";

impl Fields {
    /// Which accounts; all without a filter.
    pub(super) fn account_filter(&mut self, sent: Option<wire::AccountFilter>) -> Option<AccountFilter> {
        let Some(sent) = sent else { return Some(AccountFilter::default()) };
        let fits =
            character_count(&sent.prefix) <= LOGIN_CHARACTERS && !sent.prefix.contains(char::is_control);
        let prefix = self.optional(
            "filter.prefix",
            &sent.prefix,
            |text| search_form(text).filter(|form| fits && !form.is_empty()),
            "a text of at most 256 characters on one line",
        );
        let state = self.take("filter.state", state(sent.state), "one of the published states");
        let role = if sent.role == 0 { Some(None) } else { self.role_in("filter.role", sent.role).map(Some) };
        let group =
            self.optional("filter.group_id", &sent.group_id, |text| GroupId::parse(text).ok(), "a UUID");
        let method = self.take("filter.method_kind", method(sent.method_kind), KIND);
        let signed_in_since = self.maybe_moment("filter.last_sign_in_after", sent.last_sign_in_after);
        let inactive_since = self.maybe_moment("filter.last_sign_in_before", sent.last_sign_in_before);
        Some(AccountFilter {
            prefix: prefix?,
            state: state?,
            role: role?,
            group: group?,
            method: method?,
            signed_in_since: signed_in_since?,
            inactive_since: inactive_since?,
        })
    }

    /// A moment that may be missing.
    pub(super) fn maybe_moment(
        &mut self,
        field: &'static str,
        sent: Option<prost_types::Timestamp>,
    ) -> Option<Option<Timestamp>> {
        let Some(at) = sent else { return Some(None) };
        let read = time::unix_micros(&at).map(Timestamp::from_unix_micros);
        self.take(field, read, "a moment").map(Some)
    }
}

fn state(number: i32) -> Option<Option<FilteredState>> {
    Some(match wire::FilteredState::try_from(number).ok()? {
        wire::FilteredState::Unspecified => None,
        wire::FilteredState::Active => Some(FilteredState::Active),
        wire::FilteredState::Blocked => Some(FilteredState::Blocked),
        wire::FilteredState::Frozen => Some(FilteredState::Frozen),
        wire::FilteredState::Deleted => Some(FilteredState::Deleted),
    })
}

/// The kind that is shown by this number.
pub(super) fn method(number: i32) -> Option<Option<MethodKind>> {
    let named = wire::MethodKind::try_from(number).ok()?;
    if named == wire::MethodKind::Unspecified {
        return Some(None);
    }
    MethodKind::ALL.iter().copied().find(|kind| encode::kind(*kind) == named).map(Some)
}
