//! The policy of the tenant: changed, looked at in advance, graded and put back.

use prost_types::{Duration, FieldMask};
use rekey_tests::person::request_id;
use rekey_tests::{LOGO, World};
use rekey_wire::identity::v1::password_expiry_service_client::PasswordExpiryServiceClient;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::{
    GetPolicyRequest, GradePolicyRequest, ListExpiringPasswordsRequest, ListPolicyRevisionsRequest, Policy,
    PreviewPolicyRequest, RollbackPolicyRequest, SetPasswordExpiryExemptionRequest, UpdatePolicyRequest,
};

use super::Example;
use super::accounts::context;

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let tenant_id = || world.tenant_id.clone();
    // So that there are two pages of revisions, and something to go back to.
    world.amend_policy(|policy| policy["password"]["history"] = 2.into()).await;
    let mut service = PolicyServiceClient::new(world.identity.clone());
    let get = GetPolicyRequest { tenant_id: tenant_id(), context: context(), revision: 1 };
    let newest = GetPolicyRequest { revision: 0, ..get.clone() };
    let policy = service.get_policy(newest).await.unwrap().into_inner().policy.unwrap();
    let (etag, next_etag) = (policy.etag.clone(), "\"4\"".to_owned());
    let (policy, update_mask) = (Some(changed(policy)), mask());
    let update = UpdatePolicyRequest {
        tenant_id: tenant_id(),
        policy: policy.clone(),
        update_mask: update_mask.clone(),
        etag,
        request_id: request_id(),
        context: context(),
    };
    let preview = PreviewPolicyRequest { tenant_id: tenant_id(), policy, update_mask, context: context() };
    let first_page = ListPolicyRevisionsRequest {
        tenant_id: tenant_id(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let page = service.list_policy_revisions(first_page.clone()).await.unwrap().into_inner();
    let list = ListPolicyRevisionsRequest { page_token: page.next_page_token, ..first_page };
    let grade = GradePolicyRequest { tenant_id: tenant_id(), context: context() };
    let rollback = RollbackPolicyRequest {
        tenant_id: tenant_id(),
        revision: 1,
        etag: next_etag,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.PolicyService/GetPolicy", &get),
        Example::new("/rekey.identity.v1.PolicyService/PreviewPolicy", &preview),
        Example::new("/rekey.identity.v1.PolicyService/UpdatePolicy", &update),
        Example::new("/rekey.identity.v1.PolicyService/ListPolicyRevisions", &list),
        Example::new("/rekey.identity.v1.PolicyService/GradePolicy", &grade),
        // Behind the update.
        Example::new("/rekey.identity.v1.PolicyService/RollbackPolicy", &rollback),
    ]
}

/// Passwords by when they expire, and an exemption.
pub(super) async fn expiry(world: &World) -> Vec<Example> {
    let person = world.person("exempt").await;
    world.amend_policy(|policy| policy["password"]["expiry_days"] = 90.into()).await;
    let first_page = ListExpiringPasswordsRequest {
        tenant_id: world.tenant_id.clone(),
        within: Some(Duration { seconds: 100 * 86_400, nanos: 0 }),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let mut service = PasswordExpiryServiceClient::new(world.identity.clone());
    let page = service.list_expiring_passwords(first_page.clone()).await.unwrap().into_inner();
    let list = ListExpiringPasswordsRequest { page_token: page.next_page_token, ..first_page };
    let exempt = SetPasswordExpiryExemptionRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id,
        exempt: true,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.PasswordExpiryService/ListExpiringPasswords", &list),
        Example::new("/rekey.identity.v1.PasswordExpiryService/SetPasswordExpiryExemption", &exempt),
    ]
}

/// Other values for something of every section.
fn changed(mut policy: Policy) -> Policy {
    let hours = |hours: i64| Some(Duration { seconds: 3_600 * hours, nanos: 0 });
    policy.reset.as_mut().unwrap().change_quarantine = hours(48);
    let password = policy.password.as_mut().unwrap();
    password.history = 3;
    password.banned_term_list = vec!["fireworks".to_owned()];
    policy.lockout.as_mut().unwrap().threshold = 12;
    policy.session.as_mut().unwrap().life = hours(24);
    let portal = policy.portal.as_mut().unwrap();
    portal.accent = "#0b57a4".to_owned();
    portal.logo = LOGO.to_vec();
    policy
}

fn mask() -> Option<FieldMask> {
    let paths = ["reset", "password", "lockout.threshold", "session.life", "portal"];
    Some(FieldMask { paths: paths.map(str::to_owned).to_vec() })
}
