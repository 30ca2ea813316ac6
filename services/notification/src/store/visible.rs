//! Which messages a caller may see and touch, as a condition of a statement.
//!
//! The condition stands in every statement that looks at messages or changes them for a caller, so that what is not for
//! it is as good as not there.

use rekey_database::{Fragment, Value, fragment};

use crate::domain::lane::Lane;
use crate::domain::scope::CallerScope;

/// Of the tenant, and visible to the caller: `$1` to `$6`, as [`values_of`] binds them.
pub(super) const VISIBLE: Fragment = fragment!(
    " where tenant_id = $1 and ",
    (postgres: "lane = any($2)", sqlite: "lane in (select value from json_each($2))"),
    " and ($3 or ",
    (postgres: "sender = any($4)", sqlite: "sender in (select value from json_each($4))"),
    ") and ($5 or ",
    (postgres: "template = any($6)", sqlite: "template in (select value from json_each($6))"),
    ")"
);

/// What [`VISIBLE`] is bound to, and behind it the values of the rest of the statement, from `$7` on.
pub(super) fn values_of<'a>(scope: &'a CallerScope, rest: &[Value<'a>]) -> Vec<Value<'a>> {
    let (senders, templates) = (scope.senders(), scope.templates());
    let mut values = vec![
        Value::from(scope.tenant_id()),
        Value::from(scope.lanes().iter().map(|lane| Lane::number(*lane)).collect::<Vec<i16>>()),
        Value::from(senders.is_none()),
        Value::from(senders.unwrap_or_default()),
        Value::from(templates.is_none()),
        Value::from(templates.unwrap_or_default()),
    ];
    values.extend_from_slice(rest);
    values
}
