//! The kinds of events and their stable names: add, never rename.

use strum::{AsRefStr, EnumString, IntoStaticStr, VariantArray};

/// What happened. Those of acts that are still to come have their names reserved here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsRefStr, IntoStaticStr, EnumString, VariantArray)]
#[strum(const_into_str)]
pub(crate) enum EventKind {
    /// A reset began.
    #[strum(serialize = "reset.started")]
    ResetStarted,
    /// A code of a reset was asked for.
    #[strum(serialize = "reset.code_sent")]
    ResetCodeSent,
    /// A method of a reset was passed or failed.
    #[strum(serialize = "reset.proof_submitted")]
    ResetProofSubmitted,
    /// A reset set a new password, or did not.
    #[strum(serialize = "reset.completed")]
    ResetCompleted,
    /// A one-time link that an administrator had sent set a new password, or did not.
    #[strum(serialize = "reset.link_redeemed")]
    ResetLinkRedeemed,
    /// The person said "this was not me".
    #[strum(serialize = "reset.repudiated")]
    ResetRepudiated,
    /// A person signed in, or failed to.
    #[strum(serialize = "sign_in.attempted")]
    SignIn,
    /// A challenge of a sign-in was answered.
    #[strum(serialize = "sign_in.challenge_answered")]
    SignInChallenge,
    /// Wrong passwords locked a login.
    #[strum(serialize = "sign_in.locked_out")]
    LockedOut,
    /// An administrator cleared a lockout.
    #[strum(serialize = "sign_in.unlocked")]
    Unlocked,
    /// Many logins were tried from one place.
    #[strum(serialize = "sign_in.stuffing_suspected")]
    StuffingSuspected,
    /// One guess seems to be tried on many logins of the tenant.
    #[strum(serialize = "sign_in.spraying_suspected")]
    SprayingSuspected,
    /// A session ended before its time.
    #[strum(serialize = "session.revoked")]
    SessionRevoked,
    /// A spent refresh token was used again.
    #[strum(serialize = "session.refresh_reused")]
    RefreshReused,
    /// A person linked their accounts of two tenants; each tenant's log has it.
    #[strum(serialize = "account.linked")]
    AccountLinked,
    /// A person ended such a link.
    #[strum(serialize = "account.unlinked")]
    AccountUnlinked,
    /// A person moved to a linked account of another tenant.
    #[strum(serialize = "session.tenant_switched")]
    TenantSwitched,
    /// A person changed their password.
    #[strum(serialize = "password.changed")]
    PasswordChanged,
    /// An administrator reset a password.
    #[strum(serialize = "password.reset_by_administrator")]
    PasswordResetByAdministrator,
    /// A hash was renewed at sign-in.
    #[strum(serialize = "password.rehashed")]
    PasswordRehashed,
    /// An access pass was issued.
    #[strum(serialize = "access_pass.issued")]
    AccessPassIssued,
    /// An access pass was ended before its time.
    #[strum(serialize = "access_pass.revoked")]
    AccessPassRevoked,
    /// An access pass was used.
    #[strum(serialize = "access_pass.used")]
    AccessPassUsed,
    /// Security info was added.
    #[strum(serialize = "security_info.added")]
    SecurityInfoAdded,
    /// Security info was confirmed with a code.
    #[strum(serialize = "security_info.confirmed")]
    SecurityInfoConfirmed,
    /// Security info was changed.
    #[strum(serialize = "security_info.changed")]
    SecurityInfoChanged,
    /// A person said that their security info is still right.
    #[strum(serialize = "security_info.reconfirmed")]
    SecurityInfoReconfirmed,
    /// Security info was removed.
    #[strum(serialize = "security_info.removed")]
    SecurityInfoRemoved,
    /// An administrator filled an address in.
    #[strum(serialize = "security_info.prefilled")]
    SecurityInfoPrefilled,
    /// Recovery codes were made.
    #[strum(serialize = "security_info.recovery_codes_generated")]
    RecoveryCodesGenerated,
    /// A passkey's signature counter did not rise: there may be two of it.
    #[strum(serialize = "security_info.passkey_copy_suspected")]
    PasskeyCopySuspected,
    /// Wrong codes paused or disabled a method.
    #[strum(serialize = "security_info.method_stopped")]
    MethodStopped,
    /// An account was created.
    #[strum(serialize = "account.created")]
    AccountCreated,
    /// An account was changed.
    #[strum(serialize = "account.updated")]
    AccountUpdated,
    /// An account was deleted.
    #[strum(serialize = "account.deleted")]
    AccountDeleted,
    /// A deleted account was brought back.
    #[strum(serialize = "account.undeleted")]
    AccountUndeleted,
    /// A deleted account was purged.
    #[strum(serialize = "account.purged")]
    AccountPurged,
    /// An account was erased for good.
    #[strum(serialize = "account.erased")]
    AccountErased,
    /// Sign-in was blocked.
    #[strum(serialize = "account.blocked")]
    AccountBlocked,
    /// Sign-in was unblocked.
    #[strum(serialize = "account.unblocked")]
    AccountUnblocked,
    /// A repudiated account was released.
    #[strum(serialize = "account.unfrozen")]
    AccountUnfrozen,
    /// Roles were granted.
    #[strum(serialize = "roles.granted")]
    RolesGranted,
    /// Roles were removed.
    #[strum(serialize = "roles.removed")]
    RolesRemoved,
    /// A group or its members changed.
    #[strum(serialize = "group.changed")]
    GroupChanged,
    /// A tenant was created.
    #[strum(serialize = "tenant.created")]
    TenantCreated,
    /// A tenant was changed.
    #[strum(serialize = "tenant.updated")]
    TenantUpdated,
    /// A tenant was deleted.
    #[strum(serialize = "tenant.deleted")]
    TenantDeleted,
    /// A deleted tenant was brought back.
    #[strum(serialize = "tenant.undeleted")]
    TenantUndeleted,
    /// The database came back from a backup: whatever let somebody in was ended.
    #[strum(serialize = "tenant.restored")]
    TenantRestored,
    /// The policy changed.
    #[strum(serialize = "policy.updated")]
    PolicyUpdated,
    /// The policy went back to an older revision.
    #[strum(serialize = "policy.rolled_back")]
    PolicyRolledBack,
    /// A person asked for help.
    #[strum(serialize = "help.requested")]
    HelpRequested,
    /// A help request moved.
    #[strum(serialize = "help.handled")]
    HelpHandled,
    /// A caller was asked to read a code back.
    #[strum(serialize = "help.caller_verified")]
    CallerVerified,
    /// A bulk reset moved.
    #[strum(serialize = "bulk_reset.changed")]
    BulkReset,
    /// An import moved.
    #[strum(serialize = "import.changed")]
    Import,
    /// An export of accounts began.
    #[strum(serialize = "account.exported")]
    AccountsExported,
    /// Where events are sent was set up, changed or ended.
    #[strum(serialize = "audit_webhook.changed")]
    AuditWebhookChanged,
    /// Events are sent there no more, since the receiver takes none.
    #[strum(serialize = "audit_webhook.disabled")]
    AuditWebhookDisabled,
    /// An actor lacked a permission.
    #[strum(serialize = "authz.denied")]
    PermissionDenied,
    /// A limit was reached.
    #[strum(serialize = "limit.reached")]
    LimitReached,
}

impl EventKind {
    /// The stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
