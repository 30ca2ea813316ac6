//! The column lists that several statements share, each of which fits the row of the same name in `store::rows`, and
//! what the two databases call by other names.

use rekey_database::{Fragment, fragment};

/// No bytes.
pub(super) const EMPTY: Fragment = fragment!((postgres: "''", sqlite: "x''"));

/// Ids of a list that is the second value.
pub(super) const LISTED: Fragment =
    fragment!((postgres: "= any($2)", sqlite: "in (select unhex(value) from json_each($2))"));

/// An account, aliased `a`, with its logins and security info.
pub(super) const ACCOUNT_COLUMNS: Fragment = fragment!(
    "a.tenant_id, a.account_id, a.external_id, a.display_name, a.epoch, a.recovery_version, a.blocked, a.frozen,
     a.managed_elsewhere, a.roles, a.reconfirmed_at, a.created_at, a.updated_at, a.deleted_at, a.version,
     a.password_hash, a.password_set_at, a.password_must_change, a.password_temporary_until,
     a.password_expiry_exempt, a.password_expiry_counts_from,
     (select r.signed_in_at from last_sign_ins r
      where r.tenant_id = a.tenant_id and r.account_id = a.account_id) as last_sign_in_at,
     (select ",
    (
        postgres: "coalesce(json_agg(l.login order by l.position), '[]')::text",
        sqlite: "json_group_array(l.login order by l.position)",
    ),
    " from logins l where l.tenant_id = a.tenant_id and l.account_id = a.account_id) as logins,
     (select ",
    SECURITY_INFO_LIST,
    " from security_info i where i.tenant_id = a.tenant_id and i.account_id = a.account_id) as security_info"
);

/// Security info, aliased `i`, as a JSON list.
const SECURITY_INFO_LIST: Fragment = fragment!((
    postgres: "coalesce(json_agg(json_build_object(
            'id', i.security_info_id, 'kind', i.kind, 'address', i.address, 'label', i.label,
            'is_default', i.is_default::int, 'standing', i.standing, 'confirmed_at', i.confirmed_at,
            'disabled', i.disabled::int, 'is_first', i.is_first::int, 'added_at', i.added_at,
            'changed_at', i.changed_at,
            'totp_hash', i.totp_hash, 'totp_digits', i.totp_digits, 'totp_key', encode(i.totp_key, 'hex'),
            'totp_last_step', i.totp_last_step, 'codes_remaining', i.codes_remaining,
            'passkey', case when i.kind = 'passkey' then (
                select json_build_object(
                    'credential_id', encode(p.credential_id, 'hex'), 'public_key', encode(p.public_key, 'hex'),
                    'counter', p.counter, 'backup_eligible', p.backup_eligible::int, 'backed_up', p.backed_up::int,
                    'transports', p.transports, 'used_at', p.used_at)
                from passkey_credentials p
                where p.tenant_id = i.tenant_id and p.account_id = i.account_id
                  and p.security_info_id = i.security_info_id) end
        ) order by i.added_at, i.security_info_id), '[]')::text",
    sqlite: "json_group_array(json_object(
            'id', hex(i.security_info_id), 'kind', i.kind, 'address', i.address, 'label', i.label,
            'is_default', i.is_default, 'standing', i.standing, 'confirmed_at', i.confirmed_at,
            'disabled', i.disabled, 'is_first', i.is_first, 'added_at', i.added_at,
            'changed_at', i.changed_at,
            'totp_hash', i.totp_hash, 'totp_digits', i.totp_digits,
            'totp_key', case when i.totp_key is not null then hex(i.totp_key) end,
            'totp_last_step', i.totp_last_step, 'codes_remaining', i.codes_remaining,
            'passkey', case when i.kind = 'passkey' then json((
                select json_object(
                    'credential_id', hex(p.credential_id), 'public_key', hex(p.public_key),
                    'counter', p.counter, 'backup_eligible', p.backup_eligible, 'backed_up', p.backed_up,
                    'transports', p.transports, 'used_at', p.used_at)
                from passkey_credentials p
                where p.tenant_id = i.tenant_id and p.account_id = i.account_id
                  and p.security_info_id = i.security_info_id)) end
        ) order by i.added_at, i.security_info_id)",
));

/// A tenant, aliased `t`, with its domains.
pub(super) const TENANT_COLUMNS: Fragment = fragment!(
    "t.tenant_id, t.handle, t.display_name, t.licensed_accounts, t.help_mailbox, t.help_url, t.home_region, t.created_at,
     t.updated_at, t.deleted_at as tenant_deleted_at, t.version,
     (select ",
    (
        postgres: "coalesce(json_agg(d.domain order by d.position), '[]')::text",
        sqlite: "json_group_array(d.domain order by d.position)",
    ),
    " from tenant_domains d where d.tenant_id = t.tenant_id) as domains"
);

/// And the tenant of an account, aliased `a`, lives.
pub(super) const OF_LIVING_TENANT: Fragment = fragment!(
    " and exists (select 1 from tenants t where t.tenant_id = a.tenant_id and t.deleted_at is null)"
);

/// A revision of a policy, aliased `p`.
pub(super) const POLICY_COLUMNS: Fragment = fragment!(
    "p.tenant_id as policy_tenant_id, p.version as policy_version, p.document as policy_document,
     p.changed_by as policy_changed_by, p.changed_at as policy_changed_at"
);

/// A session, aliased `s`.
pub(super) const SESSION_COLUMNS: Fragment = fragment!(
    "s.session_id, s.tenant_id as session_tenant_id, s.account_id as session_account_id,
     s.epoch as session_epoch, s.authenticated_at, s.strong, s.refresh_hash, s.previous_refresh_hash,
     s.rotated_at, s.earlier_refreshes, s.user_agent_family, s.backend, s.created_at as session_created_at,
     s.refreshed_at, s.expires_at, s.ended_at, s.ending"
);

/// A help request, aliased `h`.
pub(super) const HELP_COLUMNS: Fragment = fragment!(
    "h.help_request_id, h.tenant_id as help_tenant_id, h.account_id as help_account_id, h.message, h.proved,
     h.state, h.handled_by, h.created_at as help_created_at, h.updated_at as help_updated_at, h.expires_at,
     h.version as help_version, h.caller_verified_at"
);

/// An event, aliased `e`, of the log or of those that wait for their place in it.
pub(super) const EVENT_COLUMNS: Fragment = fragment!(
    "e.tenant_id, e.at, e.event_id, e.kind, e.outcome, e.reason, e.actor, e.actor_id, e.caller, e.subject,
     e.subject_id, e.subject_login, e.ip_address, e.masked_place, e.trace_id, e.count, e.folded_accounts"
);

/// What an event of the log has beside it, aliased `e`: its place and what its link is made over.
pub(super) const SEALED_COLUMNS: Fragment = fragment!(
    "e.position, e.link, e.link_format, e.actor_salt, e.subject_salt, e.actor_commitment, e.subject_commitment,
     e.actor_hash, e.account_hashes"
);
