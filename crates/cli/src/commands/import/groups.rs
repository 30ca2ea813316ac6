//! Groups by the names that people write.

use std::collections::HashMap;

use rekey_primitives::id::GroupId;
use rekey_wire::identity::v1::ListGroupsRequest;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use crate::profile::Profile;

/// The groups of a tenant.
#[derive(Debug, Default)]
pub(super) struct GroupIds(HashMap<String, Vec<String>>);

impl GroupIds {
    pub(super) async fn read(profile: &Profile, tenant_id: &str) -> anyhow::Result<Self> {
        let mut client = GroupServiceClient::new(profile.identity()?);
        let mut request = ListGroupsRequest {
            tenant_id: tenant_id.to_owned(),
            page_size: 200,
            ..ListGroupsRequest::default()
        };
        let mut ids = Self::default();
        loop {
            let page = client.list_groups(request.clone()).await?.into_inner();
            for group in page.groups {
                ids.0.entry(group.display_name).or_default().push(group.group_id);
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(ids);
            }
        }
    }

    /// Their ids; or which of them is none.
    pub(super) fn of(&self, names: &[String]) -> Result<Vec<String>, String> {
        names.iter().map(|name| self.of_one(name)).collect()
    }

    fn of_one(&self, name: &str) -> Result<String, String> {
        match self.0.get(name).map(Vec::as_slice) {
            Some([id]) => Ok(id.clone()),
            Some(_) => Err(format!("several groups are called `{name}`: name one by its id")),
            None if GroupId::parse(name).is_ok() => Ok(name.to_owned()),
            None => Err(format!("no group is called `{name}`: make it with `rekey group create`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_what_people_call_them() {
        let id = |number: u8| format!("0190c3a5-7e1c-7b2a-9f00-01234567890{number}");
        let known = [("Staff", vec![id(1)]), ("Twice", vec![id(2), id(3)])];
        let ids = GroupIds(known.into_iter().map(|(name, ids)| (name.to_owned(), ids)).collect());
        let of = |name: &str| ids.of(&[name.to_owned()]);

        assert_eq!(of("Staff"), Ok(vec![id(1)]));
        assert_eq!(of(&id(2)), Ok(vec![id(2)]));
        assert!(of("Twice").unwrap_err().contains("several"));
        assert!(of("staff").unwrap_err().contains("rekey group create"));
    }
}
