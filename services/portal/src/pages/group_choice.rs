//! Choosing a group: one of the oldest from a list, and where there are more, any by its name or its id.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::groups::{all_groups, find};
use crate::view::{Choice, Field, FieldKind, FormProblem, Html, Select};
use crate::web::{CurrentUser, Fault};

/// The field of a group that is not on the list.
pub(super) const OTHER_GROUP: &str = "other_group";

/// So many are on it: a name may have 128 characters, and a page has at most 60 kB.
const LISTED: i32 = 100;

/// What can be chosen.
pub(super) struct GroupChoice {
    listed: Vec<wire::Group>,
    has_more: bool,
}

/// How it is asked for.
pub(super) struct GroupField<'a> {
    /// The field of the list.
    pub(super) name: &'static str,
    pub(super) label: &'a str,
    pub(super) hint: Option<&'a str>,
    /// The choice of none.
    pub(super) none: &'a str,
    /// The id of the one that is chosen; empty for none.
    pub(super) chosen: &'a str,
    /// What was typed beside the list.
    pub(super) typed: &'a str,
    pub(super) problem: Option<&'a FormProblem>,
}

impl GroupChoice {
    /// Asks for the list. A group that is chosen is on it, whatever its age.
    pub(super) async fn of(user: &CurrentUser, chosen: &str) -> Result<Self, Fault> {
        let request = wire::ListGroupsRequest {
            tenant_id: user.tenant().to_string(),
            page_size: LISTED,
            page_token: String::new(),
            context: user.request_context(),
            member_account_id: String::new(),
        };
        let found = GroupServiceClient::new(user.identity()).list_groups(request).await?.into_inner();
        let mut listed = found.groups;
        if !chosen.is_empty() && listed.iter().all(|group| group.group_id != chosen) {
            listed.push(match find(user, chosen).await {
                Ok(group) => group,
                Err(Fault::NotFound) => nameless(chosen),
                Err(fault) => return Err(fault),
            });
        }
        Ok(Self { listed, has_more: !found.next_page_token.is_empty() })
    }

    /// All but one.
    pub(super) fn without(mut self, id: &str) -> Self {
        self.listed.retain(|group| group.group_id != id);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The list, and where there are more groups, the field for another one.
    pub(super) fn fields(&self, user: &CurrentUser, asked: &GroupField<'_>) -> Result<Vec<Html>, Fault> {
        let context = &user.context;
        let words = &context.texts().groups;
        let none = Choice { value: "", text: asked.none };
        let listed = self.listed.iter();
        let listed = listed.map(|group| Choice { value: &group.group_id, text: &group.display_name });
        let list = context.select(&Select {
            name: asked.name,
            label: asked.label,
            hint: asked.hint,
            choices: std::iter::once(none).chain(listed).collect(),
            chosen: asked.chosen,
            problem: FormProblem::for_field(asked.problem, asked.name),
        })?;
        if !self.has_more {
            return Ok(vec![list]);
        }
        let other = context.field(&Field {
            name: OTHER_GROUP,
            label: &words.other_group,
            hint: Some(&words.other_group_hint),
            kind: FieldKind::Search,
            value: asked.typed,
            problem: FormProblem::for_field(asked.problem, OTHER_GROUP),
        })?;
        Ok(vec![list, other])
    }
}

/// One that identity does not know goes by its id.
fn nameless(id: &str) -> wire::Group {
    wire::Group { group_id: id.to_owned(), display_name: id.to_owned(), ..wire::Group::default() }
}

/// The group that was typed beside the list, by its id or its name, or what is wrong with that.
pub(super) async fn named(
    user: &CurrentUser,
    typed: &str,
) -> Result<Result<wire::Group, FormProblem>, Fault> {
    let words = &user.context.texts().groups;
    let found = match find(user, typed).await {
        Ok(group) => return Ok(Ok(group)),
        Err(Fault::NotFound) => the_only(all_groups(user).await?, typed),
        Err(fault) => return Err(fault),
    };
    Ok(found.map_err(|fitting| {
        let text = if fitting == 0 { &words.other_group_unknown } else { &words.other_group_several };
        FormProblem::of(OTHER_GROUP, text)
    }))
}

/// The group of a name, however it is capitalised.
///
/// # Errors
/// How many have it, where it is not one.
fn the_only(mut groups: Vec<wire::Group>, name: &str) -> Result<wire::Group, usize> {
    let name = name.to_lowercase();
    groups.retain(|group| group.display_name.to_lowercase() == name);
    let count = groups.len();
    groups.pop().filter(|_| count == 1).ok_or(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_group_or_of_none() {
        let group = |id: &str, name: &str| wire::Group { display_name: name.to_owned(), ..nameless(id) };
        let groups = || vec![group("1", "Sales"), group("2", "Night shift"), group("3", "night SHIFT")];

        assert_eq!(the_only(groups(), "sales"), Ok(group("1", "Sales")));
        assert_eq!(the_only(groups(), "Night shift"), Err(2));
        assert_eq!(the_only(groups(), "Sale"), Err(0));
    }
}
