//! Groups and who is in them.

use rekey_database::{Fragment, fragment, statements, values};
use uuid::Uuid;

use super::{Failure, Store};
use crate::domain::group::{GroupId, NESTING_MAX};
use crate::domain::scope::TenantScope;

/// The group that a walk begins at.
const FIRST: Fragment = fragment!((postgres: "$2::uuid", sqlite: "$2"));

statements! {
    const INSIDE = "
        with recursive inside (group_id, depth) as (
            select ", FIRST, ", 1
            union
            select m.member_id, i.depth + 1 from inside i
            join group_members m on m.tenant_id = $1 and m.group_id = i.group_id and m.nested
            where i.depth < $3
        )
        select distinct group_id from inside";
}

/// A group with every group inside it, as deep as nesting is followed.
pub(super) async fn with_those_inside(
    store: &Store,
    scope: &TenantScope,
    group: GroupId,
) -> Result<Vec<Uuid>, Failure> {
    let values = values![scope.tenant_id(), group.as_uuid(), i64::from(NESTING_MAX)];
    let found: Vec<(Uuid,)> = store.database.all(INSIDE, values).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
