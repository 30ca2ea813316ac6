//! What becomes of an account: changed, deleted, brought back.

use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::field_mask;
use rekey_wire::identity::v1::{DeleteAccountRequest, UndeleteAccountRequest, UpdateAccountRequest};

use super::Example;
use super::accounts::context;

/// In an order in which each works.
pub(super) async fn examples(world: &World) -> Vec<Example> {
    let changed = world.person("changed").await;
    let doomed = world.person("doomed").await;
    let tenant_id = || world.tenant_id.clone();
    let fields = ["logins", "display_name", "external_id", "must_change_password", "managed_elsewhere"];
    let update = UpdateAccountRequest {
        tenant_id: tenant_id(),
        account_id: changed.account_id,
        etag: String::new(),
        update_mask: Some(field_mask(fields)),
        logins: vec![changed.login, "changed.since@acme.example".to_owned()],
        display_name: "Changed Since".to_owned(),
        external_id: "hr-2".to_owned(),
        must_change_password: true,
        managed_elsewhere: false,
        request_id: request_id(),
        context: context(),
    };
    let delete = DeleteAccountRequest {
        tenant_id: tenant_id(),
        account_id: doomed.account_id.clone(),
        etag: String::new(),
        request_id: request_id(),
        context: context(),
    };
    let undelete = UndeleteAccountRequest {
        tenant_id: tenant_id(),
        account_id: doomed.account_id,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.AccountLifecycleService/UpdateAccount", &update),
        Example::new("/rekey.identity.v1.AccountLifecycleService/DeleteAccount", &delete),
        Example::new("/rekey.identity.v1.AccountLifecycleService/UndeleteAccount", &undelete),
    ]
}
