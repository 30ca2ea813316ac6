//! The groups that a policy can name, as far as the administrator may see them.

use rekey_wire::options::v1::Role;

use super::EDITORS;
use crate::pages::groups::all_groups;
use crate::view::Values;
use crate::web::{CurrentUser, Fault, MenuItem};

/// Whose roles let them see groups: those who look after accounts, and those who decide about the policy.
const READERS: [&[Role]; 2] = [MenuItem::Groups.roles(), EDITORS];
/// So many are offered beside those that are named already: a longer list is not read, and ids can be typed.
const OFFERED: usize = 50;

/// The groups of the tenant.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Ids and names, the oldest group first.
    known: Vec<(String, String)>,
    /// Whether the administrator's role lets them see groups.
    pub(super) may_list: bool,
}

impl Groups {
    /// Asks for them. Who may read the policy need not be one who may see groups: then ids stand for names.
    pub(super) async fn of(user: &CurrentUser) -> Result<Self, Fault> {
        if !READERS.iter().any(|roles| user.has_any(roles)) {
            return Ok(Self::default());
        }
        let groups = match all_groups(user).await {
            Ok(groups) => groups.into_iter(),
            Err(Fault::NotAllowed) => return Ok(Self::default()),
            Err(fault) => return Err(fault),
        };
        let known = groups.map(|group| (group.group_id, group.display_name)).collect();
        Ok(Self { known, may_list: true })
    }

    /// The name of a group; its id where the name is not known.
    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.known.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name.as_str())
    }

    /// Whether nobody made one yet, as far as that can be told.
    pub(super) fn is_empty(&self) -> bool {
        self.may_list && self.known.is_empty()
    }

    /// Whether there may be some that are not offered, which only their ids can name.
    pub(super) fn has_unlisted(&self) -> bool {
        !self.may_list || self.known.len() > OFFERED
    }

    /// What can be ticked: those that are named, and the first of the others.
    pub(super) fn choices(&self, named: &[String]) -> Vec<Values> {
        let others = self.known.iter().map(|(id, _)| id).filter(|id| !named.contains(id));
        let shown = named.iter().chain(others.take(OFFERED));
        shown
            .map(|id| {
                Values::default()
                    .text("id", id)
                    .text("name", self.name(id))
                    .flag("is_chosen", named.contains(id))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rekey_wire::access::rules;

    use super::*;

    #[test]
    fn groups_are_asked_for_by_whom_the_contract_lets_see_them() {
        let readers: BTreeSet<i32> = READERS.concat().into_iter().map(i32::from).collect();

        let allowed = rules()["/rekey.identity.v1.GroupService/ListGroups"].roles();

        assert_eq!(readers, allowed.map(i32::from).collect());
    }

    #[test]
    fn a_group_without_a_known_name_goes_by_its_id() {
        let known = vec![("1".to_owned(), "Sales".to_owned())];
        let groups = Groups { known, may_list: true };

        assert_eq!((groups.name("1"), groups.name("2")), ("Sales", "2"));
    }

    #[test]
    fn those_that_are_named_are_offered_however_many_there_are() {
        let known = (0..100).map(|number| (number.to_string(), format!("Group {number}"))).collect();
        let groups = Groups { known, may_list: true };

        let choices = groups.choices(&["99".to_owned(), "gone".to_owned()]);

        assert_eq!(choices.len(), 2 + OFFERED);
        assert!(groups.has_unlisted());
    }
}
