//! Where an odd request is a right one: free text, things a person typed, and lists and creations of another tenant,
//! which the caller of these tests may reach as well. Everything else must be refused.

use crate::hostile::mutations::Wrong;

/// Method, field and mistake that may be taken.
const TAKEN: &[(&str, &str, &[Wrong])] = &[
    ("", "context.user_agent", ANY_TEXT),
    // What a person typed is unknown, not malformed: the answer must not tell.
    ("StartPasswordReset", "login", &[Wrong::Control]),
    ("RequestAdministratorHelp", "login", &[Wrong::Control]),
    ("RequestAdministratorHelp", "message", &[Wrong::TooLong]),
    // A reset that is none makes a request without a proof, and the answer must not tell.
    ("RequestAdministratorHelp", "reset_token", ANY_TEXT),
    ("RequestAdministratorHelp", "reset_token", &[Wrong::Forged]),
    ("SignIn", "login", &[Wrong::Control]),
    ("SignIn", "password", &[Wrong::Control]),
    ("ChangePassword", "current_password", &[Wrong::Control]),
    ("SubmitResetProof", "code", &[Wrong::Control]),
    ("CheckVerification", "code", &[Wrong::Control]),
    // A wrong code is rejected, and counted where it was sent from.
    ("ConfirmSecurityInfo", "code", &[Wrong::Control]),
    ("VerifyCaller", "code", &[Wrong::Control]),
    ("CheckVerification", "tenant_id", OTHER),
    ("CheckVerification", "verification_id", OTHER),
    ("CheckAccessToken", "access_token", ANY_TEXT),
    ("CheckAccessToken", "access_token", &[Wrong::Forged]),
    // It gives no right and is no secret: another position leads to another page of the same list.
    ("ListNotifications", "page_token", &[Wrong::Forged]),
    ("ListSuppressions", "page_token", &[Wrong::Forged]),
    ("CreateSuppression", "tenant_id", OTHER),
    ("EvaluatePassword", "candidate_password", &[Wrong::Control]),
    ("CreateAccount", "tenant_id", OTHER),
    ("ListAccounts", "tenant_id", OTHER),
    ("CountAccounts", "tenant_id", OTHER),
    ("StartPasswordReset", "tenant_id", OTHER),
    ("RequestAdministratorHelp", "tenant_id", OTHER),
    ("SignIn", "tenant_id", OTHER),
    ("CreateGroup", "tenant_id", OTHER),
    ("StartImport", "tenant_id", OTHER),
    // A chunk has up to 500 records.
    ("UploadImportRecords", "records", &[Wrong::TooMany]),
    // Who is not in the group is passed over.
    ("RemoveGroupMembers", "member_group_ids[0]", OTHER),
    // What is no live session of the person is passed over.
    ("RevokeSessions", "session_ids[0]", OTHER),
    ("RevokeAccountSessions", "session_ids[0]", OTHER),
    // Each account of a batch has its own result, and a login of nobody is a diagnosis.
    ("BatchResetPasswords", "account_ids[0]", OTHER),
    ("BatchResetPasswords", "tenant_id", OTHER),
    ("SignInWithAccessPass", "login", &[Wrong::Control]),
    ("SignInWithAccessPass", "access_pass", &[Wrong::Control]),
    ("SignInWithAccessPass", "tenant_id", OTHER),
    ("StartPasskeySignIn", "tenant_id", OTHER),
    ("DiagnoseSignIn", "login", &[Wrong::Control]),
    ("DiagnoseSignIn", "tenant_id", OTHER),
    // Whoever did nothing is in no event, and a tenant without events has an empty log.
    ("ListEvents", "filter.actor_id", OTHER),
    ("ListEvents", "filter.start_time", &[Wrong::NoInstant]),
    ("VerifyAudit", "tenant_id", OTHER),
    ("GetResetFunnel", "tenant_id", OTHER),
    ("WatchEvents", "filter.account_id", OTHER),
    ("CreateAuditWebhook", "tenant_id", OTHER),
    ("CreateAuditWebhook", "start_time", &[Wrong::NoInstant]),
    ("GetTenant", "tenant_id", OTHER),
    ("UpdateTenant", "tenant_id", OTHER),
    // Another tenant has another etag.
    ("DeleteTenant", "tenant_id", OTHER),
    ("GetPolicy", "tenant_id", OTHER),
    ("PreviewPolicy", "tenant_id", OTHER),
    ("ListPolicyRevisions", "tenant_id", OTHER),
    ("GradePolicy", "tenant_id", OTHER),
    // Another tenant's policy has another etag, or the same one.
    ("ListExpiringPasswords", "tenant_id", OTHER),
    ("UpdatePolicy", "tenant_id", OTHER),
    ("RollbackPolicy", "tenant_id", OTHER),
    // A tenant may ban as many.
    ("UpdatePolicy", "policy.password.banned_term_list", &[Wrong::TooMany]),
    ("PreviewPolicy", "policy.password.banned_term_list", &[Wrong::TooMany]),
    // Only ever shown, so what is sent of them means nothing.
    ("UpdatePolicy", "policy.etag", ANY_TEXT),
    ("UpdatePolicy", "policy.update_time", &[Wrong::NoInstant]),
    ("UpdatePolicy", "policy.password.banned_terms", &[Wrong::Negative]),
    ("PreviewPolicy", "policy.etag", ANY_TEXT),
    ("PreviewPolicy", "policy.update_time", &[Wrong::NoInstant]),
    ("PreviewPolicy", "policy.password.banned_terms", &[Wrong::Negative]),
    // A list of any length, of which everybody has their own result.
    ("AddBulkResetAccounts", "accounts", &[Wrong::TooMany]),
    ("StartBulkReset", "tenant_id", OTHER),
    ("ListBulkResets", "tenant_id", OTHER),
    ("StartVerification", "tenant_id", OTHER),
    ("StartVerification", "verification_id", OTHER),
    ("ReleaseSubject", "tenant_id", OTHER),
    // Nothing was sent there.
    ("GetConversion", "tenant_id", OTHER),
    ("SendNotification", "tenant_id", OTHER),
    // No tenant has a text of its own at first, and each may have one.
    ("ListTemplates", "tenant_id", OTHER),
    ("GetTemplate", "tenant_id", OTHER),
    ("SetTemplate", "tenant_id", OTHER),
    ("ListTemplateVersions", "tenant_id", OTHER),
    ("PreviewTemplate", "tenant_id", OTHER),
    // Another tenant has another etag.
    ("RollbackTemplate", "tenant_id", OTHER),
    ("ResetTemplate", "tenant_id", OTHER),
];

const ANY_TEXT: &[Wrong] = &[Wrong::TooLong, Wrong::Control];
const OTHER: &[Wrong] = &[Wrong::OfSomethingElse];

/// Whether the mistake may be taken for a right request.
pub(crate) fn may_be_taken(path: &str, field: &str, wrong: Wrong) -> bool {
    if wrong == Wrong::Unusual {
        return true;
    }
    let method = path.rsplit('/').next().unwrap();
    TAKEN.iter().any(|(listed, name, mistakes)| {
        (listed.is_empty() || *listed == method) && *name == field && mistakes.contains(&wrong)
    })
}
