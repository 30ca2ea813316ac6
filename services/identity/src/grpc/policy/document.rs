//! Policies, their revisions, forecasts and grades as messages.

use prost_types::Duration;
use rekey_wire::identity::v1 as wire;

use super::super::encode::{self, count, kind};
use crate::directory::{PolicyView, PreviewPage, RevisionView, Stranded};
use crate::domain::eligibility::Ineligible;
use crate::domain::eligibility::forecast::{CAUSES, Forecast};
use crate::domain::policy::grade::{Grade, Standard};
use crate::domain::policy::{MethodHints, PasswordRules, ResetRules, ResetScope};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

pub(super) fn policy(view: &PolicyView) -> wire::Policy {
    let (revision, policy) = (&view.revision, &view.revision.policy);
    let (lockout, sessions, help) = (&policy.lockout, &policy.sessions, &policy.help);
    wire::Policy {
        revision: revision.version,
        etag: encode::etag(revision.version),
        reset: Some(reset(&policy.reset)),
        password: Some(password(&policy.password, view.with_terms)),
        lockout: Some(wire::LockoutPolicy {
            threshold: count(lockout.threshold),
            first_lock: span(lockout.base_seconds, 1),
            longest_lock: span(lockout.ceiling_seconds, 1),
        }),
        session: Some(wire::SessionPolicy {
            life: span(sessions.life_hours, HOUR),
            strong_life: span(sessions.strong_life_hours, HOUR),
            strong_idle: span(sessions.strong_idle_minutes, MINUTE),
        }),
        update_time: encode::moment(revision.changed_at),
        security_info: Some(wire::SecurityInfoPolicy {
            reconfirm_after: span(policy.security_info.reconfirm_days, DAY),
        }),
        notices: Some(wire::NoticePolicy {
            tell_global_administrators: policy.notices.tell_global_administrators,
        }),
        help: Some(wire::HelpPolicy {
            enabled: help.enabled,
            request_life: span(help.expiry_days, DAY),
            digest_interval: span(help.digest_minutes, MINUTE),
        }),
        audit: Some(wire::AuditPolicy { retention: span(policy.audit.retention_days, DAY) }),
        sign_in: Some(wire::SignInPolicy { passkey_alone: policy.sign_in.passkey_alone }),
        portal: Some(wire::PortalPolicy {
            accent: encode::optional(policy.portal.accent),
            // Images are shown with the tenant alone.
            logo: Vec::new(),
            logo_digest: encode::optional(policy.portal.logo),
        }),
    }
}

fn reset(rules: &ResetRules) -> wire::ResetPolicy {
    let ids = |groups: &std::collections::BTreeSet<_>| groups.iter().map(ToString::to_string).collect();
    let (scope, included_group_ids, excluded_group_ids) = match &rules.enabled_scope {
        ResetScope::Nobody => (wire::ResetScope::Nobody, Vec::new(), Vec::new()),
        ResetScope::Groups { included, excluded } => (wire::ResetScope::Groups, ids(included), ids(excluded)),
        ResetScope::Everybody => (wire::ResetScope::Everybody, Vec::new(), Vec::new()),
    };
    wire::ResetPolicy {
        scope: scope.into(),
        proofs_required: i32::from(rules.proofs_required),
        allowed_methods: rules.allowed_methods.iter().map(|method| kind(*method).into()).collect(),
        reveal_eligibility: rules.reveal_eligibility,
        accept_prefilled: rules.accept_prefilled,
        change_quarantine: span(rules.change_quarantine_hours, HOUR),
        method_hints: method_hints(rules.method_hints).into(),
        included_group_ids,
        excluded_group_ids,
        reset_life: span(rules.reset_life_minutes, MINUTE),
        attempts_per_reset: count(rules.attempts_per_reset),
        codes_per_reset: count(rules.codes_per_reset),
        tries_per_day: count(rules.tries_per_day),
        tries_in_a_row: count(rules.tries_in_a_row),
        two_classes: rules.two_classes,
    }
}

const fn method_hints(hints: MethodHints) -> wire::MethodHints {
    match hints {
        MethodHints::Kinds => wire::MethodHints::Kinds,
        MethodHints::Masked => wire::MethodHints::Masked,
    }
}

fn password(rules: &PasswordRules, with_terms: bool) -> wire::PasswordPolicy {
    let terms = rules.banned_terms.iter().filter(|_| with_terms);
    wire::PasswordPolicy {
        minimum_length: count(rules.minimum_length),
        maximum_length: count(rules.maximum_length),
        require_three_classes: rules.require_three_classes,
        history: count(rules.history),
        expiry: rules.expiry_days.and_then(|days| span(days, DAY)),
        banned_terms: i32::try_from(rules.banned_terms.len()).unwrap_or(i32::MAX),
        banned_term_list: terms.cloned().collect(),
        minimum_points: count(rules.minimum_points),
        temporary_life: span(rules.temporary_life_hours, HOUR),
    }
}

fn span(number: u32, unit_seconds: u64) -> Option<Duration> {
    let seconds = i64::try_from(u64::from(number) * unit_seconds).unwrap_or(i64::MAX);
    Some(Duration { seconds, nanos: 0 })
}

pub(super) fn revision(view: &RevisionView) -> wire::PolicyRevision {
    wire::PolicyRevision {
        revision: view.version,
        create_time: encode::moment(view.changed_at),
        account_id: view.changed_by.map(|id| id.to_string()).unwrap_or_default(),
        changed_fields: view.changed_fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

pub(super) fn page(page: &PreviewPage) -> wire::PreviewPolicyResponse {
    wire::PreviewPolicyResponse {
        totals: Some(forecast(&page.totals)),
        stranded: page.stranded.iter().map(stranded).collect(),
        complete: page.is_last,
        grades_then: page.grades.iter().map(grade).collect(),
    }
}

fn forecast(totals: &Forecast) -> wire::PolicyForecast {
    let by_cause = CAUSES.iter().zip(totals.by_cause).filter_map(|(reason, accounts)| {
        Some(wire::StrandedByCause { cause: cause(*reason)?.into(), accounts: number(accounts) })
    });
    wire::PolicyForecast {
        accounts: number(totals.accounts),
        in_scope_today: number(totals.in_scope_today),
        in_scope_then: number(totals.in_scope_then),
        able_today: number(totals.able_today),
        able_then: number(totals.able_then),
        stranded: number(totals.stranded),
        stranded_by_cause: by_cause.collect(),
        global_administrators: number(totals.global_administrators),
        global_administrators_able_then: number(totals.global_administrators_able_then),
    }
}

fn stranded(stranded: &Stranded) -> wire::StrandedAccount {
    wire::StrandedAccount {
        account_id: stranded.account_id.to_string(),
        login: stranded.login.clone().unwrap_or_default(),
        causes: stranded.causes.iter().filter_map(|reason| cause(*reason)).map(i32::from).collect(),
    }
}

/// What a policy strands by; what stops an account under every policy strands nobody.
const fn cause(reason: Ineligible) -> Option<wire::StrandingCause> {
    match reason {
        Ineligible::ResetNotEnabled => Some(wire::StrandingCause::ResetNotEnabled),
        Ineligible::AccountNotInScope => Some(wire::StrandingCause::NotInScope),
        Ineligible::TooFewMethods => Some(wire::StrandingCause::TooFewMethods),
        Ineligible::AccountBlocked
        | Ineligible::AccountFrozen
        | Ineligible::AccountManagedElsewhere
        | Ineligible::ResetNotLicensed => None,
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn grade(grade: &Grade) -> wire::PolicyGrade {
    let requirement = grade.requirement;
    let standard = match requirement.standard {
        Standard::Nist => wire::PolicyStandard::NistSp80063b4,
        Standard::AsvsLevel1 => wire::PolicyStandard::OwaspAsvs5L1,
        Standard::AsvsLevel2 => wire::PolicyStandard::OwaspAsvs5L2,
    };
    wire::PolicyGrade {
        name: requirement.name.to_owned(),
        requirement: requirement.asks.to_owned(),
        standard: standard.into(),
        section: requirement.section.to_owned(),
        met: grade.is_met,
        mended_by: grade.mended_by().to_owned(),
    }
}
