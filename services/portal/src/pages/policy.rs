//! The policy, for administrators: what is in force, the editor with its review, and earlier revisions.
//!
//! | Room | Does |
//! |---|---|
//! | `show` | the policy in force, with its grades |
//! | `edit`, `switch` | every field, and the three that say who may reset |
//! | `review` | what a change does, before it is saved |
//! | `revisions` | what was changed before, and the way back |
//! | `logo` | the logo, which comes as a file |
//! | `draft` | a change while it is made |
//! | `fields` | the fields: how they are typed, where they stand in the contract |
//! | `texts` | fields and values in words |
//! | `forecast`, `grades`, `groups` | what identity tells of a change, of a policy, and of the tenant's groups |

mod draft;
mod edit;
mod fields;
mod forecast;
mod grades;
mod groups;
mod logo;
mod review;
mod revisions;
mod show;
mod switch;
mod texts;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use rekey_wire::options::v1::Role;

use crate::domain::OrganisationKey;
use crate::web::{CurrentUser, Fault, MenuItem};

const POLICY: MenuItem = MenuItem::Policy;
const PATH: &str = POLICY.path();
const EDIT_PATH: &str = "/administration/policy/edit";

/// Who changes it: not everybody who may read it.
const EDITORS: &[Role] = &[Role::GlobalAdministrator, Role::PolicyAdministrator];

/// Why a change is refused, by the words of the contract.
const ETAG_MISMATCH: &str = "ETAG_MISMATCH";
const LOCKS_OUT: &str = "POLICY_LOCKS_OUT_ADMINISTRATORS";

pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/policy", get(show::show))
        .route("/administration/policy/edit", get(edit::show).post(edit::submit))
        .route("/administration/policy/logo", get(logo::show).post(logo::submit))
        .route("/administration/policy/logo/remove", get(logo::ask_removal).post(logo::remove))
        .route("/administration/policy/revisions", get(revisions::list))
        .route("/administration/policy/revisions/{revision}", get(revisions::show).post(revisions::roll_back))
}

/// Identity refuses whoever may only read the policy; they are told before they type.
fn require_editor(user: &CurrentUser) -> Result<(), Fault> {
    if user.has_any(EDITORS) { Ok(()) } else { Err(Fault::NotAllowed) }
}

/// An answer to whoever may have changed how the pages look: the browser keeps that for a day, and theirs would stay as it was. The
/// change is made by now, so a look that cannot be told is no failure of it.
async fn with_current_look(user: &CurrentUser, response: Response) -> Result<Response, Fault> {
    let context = &user.context;
    let tenant = user.tenant();
    if context.organisation_of(tenant).is_none() {
        return Ok(response);
    }
    match context.site.identity.find_organisation(&OrganisationKey::Tenant(tenant)).await {
        Ok(found) => context.with_cookie(response, None, Some(&found)),
        Err(_) => Ok(response),
    }
}

#[cfg(test)]
mod tests {
    use rekey_wire::access::rules;

    use super::*;

    #[test]
    fn who_reads_and_who_changes_the_policy_is_whom_the_contract_lets_do_it() {
        let rpcs = [
            (POLICY.roles(), ["GetPolicy", "GradePolicy", "ListPolicyRevisions"]),
            (EDITORS, ["UpdatePolicy", "PreviewPolicy", "RollbackPolicy"]),
        ];

        for (roles, methods) in rpcs {
            for method in methods {
                let rule = &rules()[format!("/rekey.identity.v1.PolicyService/{method}").as_str()];
                assert_eq!(rule.roles().collect::<Vec<_>>(), roles, "{method}");
            }
        }
    }
}
