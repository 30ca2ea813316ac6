//! The contract's side of identity: decode, call one use case, encode. One file per gRPC service.
//!
//! - `decode`: who is asking, and fields into values that cannot be wrong, naming every one that is.
//! - `encode`: what more than one service shows.
//! - `refusal`: every "no" and every failure as a status, in one place.
//!
//! Whether the caller may call at all was judged by the gate, before decoding. What it reaches is judged in the use cases.

mod access_passes;
mod account_export;
mod account_filter;
mod account_imports;
mod account_lifecycle;
mod account_security_info;
mod accounts;
mod administration;
mod audit;
mod audit_webhooks;
mod bulk_resets;
mod callers;
mod decode;
mod encode;
mod groups;
mod help_desk;
mod linked_accounts;
mod passkeys;
mod password_administration;
mod password_expiry;
mod password_reset;
mod passwords;
mod policy;
mod qr_code;
mod refusal;
mod security_info;
mod sessions;
mod steps;
mod tenants;

pub(crate) use audit::WatchSettings;
pub(crate) use audit::messages::cloud_event;
pub(crate) use decode::Fields;
pub(crate) use refusal::status_of_creation;
pub(crate) use tenants::HANDLE;

use std::sync::Arc;

use axum::Extension;
use rekey_wire::identity::v1::access_pass_service_server::AccessPassServiceServer;
use rekey_wire::identity::v1::account_export_service_server::AccountExportServiceServer;
use rekey_wire::identity::v1::account_import_service_server::AccountImportServiceServer;
use rekey_wire::identity::v1::account_lifecycle_service_server::AccountLifecycleServiceServer;
use rekey_wire::identity::v1::account_security_info_service_server::AccountSecurityInfoServiceServer;
use rekey_wire::identity::v1::account_service_server::AccountServiceServer;
use rekey_wire::identity::v1::administration_service_server::AdministrationServiceServer;
use rekey_wire::identity::v1::audit_service_server::AuditServiceServer;
use rekey_wire::identity::v1::audit_webhook_service_server::AuditWebhookServiceServer;
use rekey_wire::identity::v1::bulk_reset_service_server::BulkResetServiceServer;
use rekey_wire::identity::v1::group_service_server::GroupServiceServer;
use rekey_wire::identity::v1::help_desk_service_server::HelpDeskServiceServer;
use rekey_wire::identity::v1::linked_account_service_server::LinkedAccountServiceServer;
use rekey_wire::identity::v1::passkey_service_server::PasskeyServiceServer;
use rekey_wire::identity::v1::password_administration_service_server::PasswordAdministrationServiceServer;
use rekey_wire::identity::v1::password_expiry_service_server::PasswordExpiryServiceServer;
use rekey_wire::identity::v1::password_reset_service_server::PasswordResetServiceServer;
use rekey_wire::identity::v1::password_service_server::PasswordServiceServer;
use rekey_wire::identity::v1::policy_service_server::PolicyServiceServer;
use rekey_wire::identity::v1::security_info_service_server::SecurityInfoServiceServer;
use rekey_wire::identity::v1::session_service_server::SessionServiceServer;
use rekey_wire::identity::v1::tenant_service_server::TenantServiceServer;
use tokio::sync::Semaphore;
use tonic::service::Routes;

use self::access_passes::AccessPassApi;
use self::account_export::AccountExportApi;
use self::account_imports::AccountImportApi;
use self::account_lifecycle::AccountLifecycleApi;
use self::account_security_info::AccountSecurityInfoApi;
use self::accounts::AccountApi;
use self::administration::AdministrationApi;
use self::audit::AuditApi;
use self::audit_webhooks::AuditWebhookApi;
use self::bulk_resets::BulkResetApi;
use self::groups::GroupApi;
use self::help_desk::HelpDeskApi;
use self::linked_accounts::LinkedAccountApi;
use self::passkeys::PasskeyApi;
use self::password_administration::PasswordAdministrationApi;
use self::password_expiry::PasswordExpiryApi;
use self::password_reset::PasswordResetApi;
use self::passwords::PasswordApi;
use self::policy::PolicyApi;
use self::security_info::SecurityInfoApi;
use self::sessions::SessionApi;
use self::tenants::TenantApi;
use crate::administration::Administration;
use crate::audit_log::AuditLog;
use crate::audit_log::webhooks::Webhooks;
use crate::directory::Directory;
use crate::operation::Homes;
use crate::passwords::Passwords;
use crate::resets::Resets;
use crate::resets::help::Help;
use crate::security_info::SecurityInfoEntries;
use crate::sessions::Sessions;
use crate::sign_in::SignIns;

/// The gRPC services of this part, as health names them.
pub(crate) const NAMES: &[&str] = &[
    "rekey.identity.v1.AccessPassService",
    "rekey.identity.v1.AccountLifecycleService",
    "rekey.identity.v1.AccountExportService",
    "rekey.identity.v1.AccountImportService",
    "rekey.identity.v1.AccountSecurityInfoService",
    "rekey.identity.v1.AccountService",
    "rekey.identity.v1.AdministrationService",
    "rekey.identity.v1.AuditService",
    "rekey.identity.v1.BulkResetService",
    "rekey.identity.v1.AuditWebhookService",
    "rekey.identity.v1.GroupService",
    "rekey.identity.v1.HelpDeskService",
    "rekey.identity.v1.LinkedAccountService",
    "rekey.identity.v1.PasskeyService",
    "rekey.identity.v1.PasswordAdministrationService",
    "rekey.identity.v1.PasswordExpiryService",
    "rekey.identity.v1.PasswordResetService",
    "rekey.identity.v1.PasswordService",
    "rekey.identity.v1.PolicyService",
    "rekey.identity.v1.SecurityInfoService",
    "rekey.identity.v1.SessionService",
    "rekey.identity.v1.TenantService",
];

/// What the services are answered by.
pub(crate) struct UseCases {
    pub resets: Resets,
    pub help: Help,
    pub sign_ins: SignIns,
    pub sessions: Sessions,
    pub passwords: Passwords,
    pub security_info: SecurityInfoEntries,
    pub directory: Directory,
    pub administration: Administration,
    pub audit_log: AuditLog,
    pub watching: WatchSettings,
    pub webhooks: Webhooks,
}

/// Every RPC, answered by these use cases, of tenants that are at home here.
pub(crate) fn routes(use_cases: UseCases, homes: Homes) -> Routes {
    let UseCases {
        resets,
        help,
        sign_ins,
        sessions,
        passwords,
        security_info,
        directory,
        administration,
        audit_log,
        watching,
        webhooks,
    } = use_cases;
    let watchers = Arc::new(Semaphore::new(watching.watchers));
    let passkeys = PasskeyApi { security_info: security_info.clone(), sign_ins: sign_ins.clone() };
    // Both kinds of streams share their places: each looks at the store as often.
    let bulk_resets =
        BulkResetApi { administration: administration.clone(), watching, watchers: Arc::clone(&watchers) };
    let passes = AccessPassApi { administration: administration.clone(), sign_ins: sign_ins.clone() };
    let routes = Routes::new(PasswordResetServiceServer::new(PasswordResetApi { resets, help }))
        .add_service(PasswordServiceServer::new(PasswordApi { passwords }))
        .add_service(LinkedAccountServiceServer::new(LinkedAccountApi { sessions: sessions.clone() }))
        .add_service(SessionServiceServer::new(SessionApi { sign_ins, sessions }))
        .add_service(AccountSecurityInfoServiceServer::new(AccountSecurityInfoApi {
            security_info: security_info.clone(),
        }))
        .add_service(SecurityInfoServiceServer::new(SecurityInfoApi { security_info }))
        .add_service(TenantServiceServer::new(TenantApi { directory: directory.clone() }))
        .add_service(GroupServiceServer::new(GroupApi { directory: directory.clone() }))
        .add_service(AccountServiceServer::new(AccountApi { directory: directory.clone() }))
        .add_service(AccountLifecycleServiceServer::new(AccountLifecycleApi { directory: directory.clone() }))
        .add_service(AccountImportServiceServer::new(AccountImportApi { directory: directory.clone() }))
        .add_service(AccountExportServiceServer::new(AccountExportApi { directory: directory.clone() }))
        .add_service(PasswordExpiryServiceServer::new(PasswordExpiryApi {
            administration: administration.clone(),
        }))
        .add_service(AdministrationServiceServer::new(AdministrationApi {
            administration: administration.clone(),
        }))
        .add_service(BulkResetServiceServer::new(bulk_resets))
        .add_service(AccessPassServiceServer::new(passes))
        .add_service(PasskeyServiceServer::new(passkeys))
        .add_service(HelpDeskServiceServer::new(HelpDeskApi { administration: administration.clone() }))
        .add_service(PasswordAdministrationServiceServer::new(PasswordAdministrationApi { administration }))
        .add_service(AuditServiceServer::new(AuditApi { log: audit_log, watching, watchers }))
        .add_service(AuditWebhookServiceServer::new(AuditWebhookApi { webhooks }))
        .add_service(PolicyServiceServer::new(PolicyApi { directory }));
    routes.into_axum_router().layer(Extension(homes)).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NAMES;
    use crate::administration::{
        Act, CALLERS_NEED, DIAGNOSIS_NEEDS, HELP_NEEDS, PASSES_NEED, PASSWORDS_NEED, SESSIONS_NEED,
    };
    use crate::audit_log::PERMISSION as AUDIT_NEEDS;
    use crate::audit_log::webhooks::PERMISSION as WEBHOOKS_NEED;
    use crate::directory::GROUPS_NEED;
    use crate::domain::authority::{Needs, Permission, Role};
    use crate::security_info::{ACCOUNT_NEEDS, PREFILL_NEEDS};

    /// What each RPC of administrators takes, as the use cases judge it.
    fn needs() -> Vec<(&'static str, Needs)> {
        let role = Role::ReportsReader;
        let acts =
            [Act::Block, Act::Unblock, Act::Unfreeze, Act::Unlock, Act::Grant(role), Act::Revoke(role)];
        let reads = ["GetAccount", "ListAccounts", "CountAccounts", "LookupAccount", "ListGroupMembers"];
        let groups = ["CreateGroup", "UpdateGroup", "DeleteGroup", "AddGroupMembers", "RemoveGroupMembers"];
        let accounts = ["CreateAccount", "UpdateAccount", "DeleteAccount", "UndeleteAccount", "EraseAccount"];
        let imports = [
            "StartImport",
            "UploadImportRecords",
            "GetImport",
            "ListImports",
            "ListImportRejections",
            "FinishImport",
            "CancelImport",
        ];
        let webhooks = [
            "CreateAuditWebhook",
            "GetAuditWebhook",
            "ListAuditWebhooks",
            "UpdateAuditWebhook",
            "RotateAuditWebhookSecret",
            "DeleteAuditWebhook",
        ];
        let audit = ["ListEvents", "WatchEvents", "VerifyAudit", "GetResetFunnel"];
        acts.map(|act| (act.rpc().name, Needs::This(act.permission())))
            .into_iter()
            .chain(audit.map(|rpc| (rpc, Needs::This(AUDIT_NEEDS))))
            .chain(webhooks.map(|rpc| (rpc, Needs::This(WEBHOOKS_NEED))))
            .chain(reads.map(|rpc| (rpc, Needs::This(Permission::ReadDirectory))))
            .chain(groups.map(|rpc| (rpc, Needs::This(Permission::ManageGroups))))
            .chain(accounts.map(|rpc| (rpc, Needs::This(Permission::ManageAccounts))))
            .chain(imports.map(|rpc| (rpc, Needs::This(Permission::ManageAccounts))))
            .chain([
                ("ExportAccounts", Needs::This(Permission::ReadDirectory)),
                ("UpdateTenant", Needs::This(Permission::ManageTenant)),
                ("GetGroup", GROUPS_NEED),
                ("ListGroups", GROUPS_NEED),
                ("GetPolicy", Needs::This(Permission::ReadPolicy)),
                ("ListExpiringPasswords", Needs::This(Permission::ReadDirectory)),
                ("SetPasswordExpiryExemption", Needs::This(Permission::ManageAccounts)),
                ("UpdatePolicy", Needs::This(Permission::ManagePolicy)),
                ("PreviewPolicy", Needs::This(Permission::ManagePolicy)),
                ("ListPolicyRevisions", Needs::This(Permission::ReadPolicy)),
                ("RollbackPolicy", Needs::This(Permission::ManagePolicy)),
                ("GradePolicy", Needs::This(Permission::ReadPolicy)),
                ("IssueTemporaryAccessPass", Needs::This(PASSES_NEED)),
                ("RevokeTemporaryAccessPass", Needs::This(PASSES_NEED)),
                ("ResetPassword", Needs::This(PASSWORDS_NEED)),
                ("BatchResetPasswords", Needs::This(PASSWORDS_NEED)),
                ("StartBulkReset", Needs::This(PASSWORDS_NEED)),
                ("AddBulkResetAccounts", Needs::This(PASSWORDS_NEED)),
                ("GetBulkReset", Needs::This(PASSWORDS_NEED)),
                ("ListBulkResets", Needs::This(PASSWORDS_NEED)),
                ("WatchBulkReset", Needs::This(PASSWORDS_NEED)),
                ("ListBulkResetResults", Needs::This(PASSWORDS_NEED)),
                ("CancelBulkReset", Needs::This(PASSWORDS_NEED)),
                ("ListHelpRequests", Needs::This(HELP_NEEDS)),
                ("ClaimHelpRequest", Needs::This(HELP_NEEDS)),
                ("ResolveHelpRequest", Needs::This(HELP_NEEDS)),
                ("DenyHelpRequest", Needs::This(HELP_NEEDS)),
                ("DiagnoseSignIn", Needs::This(DIAGNOSIS_NEEDS)),
                ("SendCallerCode", Needs::This(CALLERS_NEED)),
                ("VerifyCaller", Needs::This(CALLERS_NEED)),
                ("ListAccountSessions", Needs::This(SESSIONS_NEED)),
                ("RevokeAccountSessions", Needs::This(SESSIONS_NEED)),
                ("PrefillSecurityInfo", PREFILL_NEEDS),
                ("ListAccountSecurityInfo", Needs::This(ACCOUNT_NEEDS)),
                ("RemoveAccountSecurityInfo", Needs::This(ACCOUNT_NEEDS)),
            ])
            .collect()
    }

    #[test]
    fn the_contract_names_the_roles_that_the_rules_give_the_permission() {
        let needs = needs();
        let administrators = rekey_wire::access::rules()
            .iter()
            .filter(|(path, rule)| path.starts_with("/rekey.identity.v1.") && !rule.roles.is_empty());
        let mut looked_at = 0;

        for (path, rule) in administrators {
            let named = needs.iter().find(|(rpc, _)| path.ends_with(&format!("/{rpc}")));
            let (_, needed) = named.unwrap_or_else(|| panic!("{path} is not listed here"));
            let granting = Role::ALL.into_iter().filter(|role| match *needed {
                Needs::This(permission) => role.grants(permission),
                Needs::Either(one, other) => role.grants(one) || role.grants(other),
            });
            let granting: BTreeSet<String> = granting.map(|role| role.as_str().to_owned()).collect();
            let published: BTreeSet<String> = rekey_wire::access::role_words(rule).into_iter().collect();

            assert_eq!(published, granting, "{path}");
            looked_at += 1;
        }
        assert_eq!(looked_at, needs.len());
    }

    #[test]
    fn every_service_of_the_contract_is_named() {
        let package = "/rekey.identity.v1.";
        let paths = rekey_wire::access::rules().keys().filter(|path| path.starts_with(package));
        let services: BTreeSet<&str> = paths.filter_map(|path| path[1..].split('/').next()).collect();

        assert_eq!(services, NAMES.iter().copied().collect());
    }
}
