//! The new values of a policy, as sent.
//!
//! Only fields that the mask names are read. A number or a span that the document cannot hold becomes one that no bound
//! admits, so that it is named beside all others that are out of bounds.

use std::collections::BTreeSet;

use prost_types::{Duration, FieldMask};
use rekey_primitives::colour::Colour;
use rekey_primitives::method::MethodKind;
use rekey_wire::identity::v1 as wire;
use uuid::Uuid;

use super::super::decode::Fields;
use crate::domain::group::GroupId;
use crate::domain::logo::{LOGO, Logo, LogoDigest};
use crate::domain::policy::{
    GROUPS_MAX, MethodHints, Policy, PolicyEdit, PolicyMask, PortalRules, ResetRules, ResetScope,
};

/// Most paths in a mask: more than a policy has fields.
const PATHS_MAX: usize = 100;

/// Most kinds in a list: more than there are.
const KINDS_MAX: usize = 20;

/// Most banned terms read at all; the bounds of the document ask for less.
const TERMS_MAX: usize = 10_000;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A number that no bound admits.
const IMPOSSIBLE: u32 = u32::MAX;

/// Reads what a mask names.
struct Reader<'a> {
    fields: &'a mut Fields,
    mask: PolicyMask,
    /// The image of a new logo.
    logo: Option<Logo>,
    /// Whether everything was given that the mask names.
    is_whole: bool,
}

/// The edit, if its mask names fields and each of these was sent.
pub(super) fn edit(
    fields: &mut Fields,
    sent: Option<wire::Policy>,
    mask: Option<FieldMask>,
) -> Option<PolicyEdit> {
    let mask = read_mask(fields, mask);
    let sent = fields.take("policy", sent, "given");
    let (mask, sent) = (mask?, sent?);
    let mut reader = Reader { fields, mask, logo: None, is_whole: true };
    let values = reader.policy(sent);
    let Reader { mask, logo, is_whole, .. } = reader;
    is_whole.then_some(PolicyEdit { mask, values, logo })
}

fn read_mask(fields: &mut Fields, mask: Option<FieldMask>) -> Option<PolicyMask> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    fields.take("update_mask", (1..=PATHS_MAX).contains(&paths.len()).then_some(()), "1 to 100 paths")?;
    let mut mask = PolicyMask::default();
    let mut is_known = true;
    for (index, path) in paths.iter().enumerate() {
        let known = mask.add(path).then_some(());
        let must_be = "a field of the policy that can be changed, a section, or *";
        is_known &= fields.take(format!("update_mask.paths[{index}]"), known, must_be).is_some();
    }
    is_known.then_some(mask)
}

impl Reader<'_> {
    fn policy(&mut self, sent: wire::Policy) -> Policy {
        let mut values = Policy::default();
        if let Some(sent) = self.section("reset", sent.reset) {
            self.reset(&sent, &mut values.reset);
        }
        if let Some(sent) = self.section("password", sent.password) {
            let rules = &mut values.password;
            rules.minimum_length = number(sent.minimum_length);
            rules.maximum_length = number(sent.maximum_length);
            rules.require_three_classes = sent.require_three_classes;
            rules.history = number(sent.history);
            rules.expiry_days = sent.expiry.map(|expiry| units(Some(expiry), DAY));
            rules.banned_terms = sent.banned_term_list.into_iter().take(TERMS_MAX).collect();
            rules.minimum_points = number(sent.minimum_points);
            rules.temporary_life_hours = units(sent.temporary_life, HOUR);
        }
        if let Some(sent) = self.section("lockout", sent.lockout) {
            values.lockout.threshold = number(sent.threshold);
            values.lockout.base_seconds = units(sent.first_lock, 1);
            values.lockout.ceiling_seconds = units(sent.longest_lock, 1);
        }
        if let Some(sent) = self.section("session", sent.session) {
            values.sessions.life_hours = units(sent.life, HOUR);
            values.sessions.strong_life_hours = units(sent.strong_life, HOUR);
            values.sessions.strong_idle_minutes = units(sent.strong_idle, MINUTE);
        }
        if let Some(sent) = self.section("security_info", sent.security_info) {
            values.security_info.reconfirm_days = units(sent.reconfirm_after, DAY);
        }
        if let Some(sent) = self.section("notices", sent.notices) {
            values.notices.tell_global_administrators = sent.tell_global_administrators;
        }
        if let Some(sent) = self.section("help", sent.help) {
            values.help.enabled = sent.enabled;
            values.help.expiry_days = units(sent.request_life, DAY);
            values.help.digest_minutes = units(sent.digest_interval, MINUTE);
        }
        if let Some(sent) = self.section("audit", sent.audit) {
            values.audit.retention_days = units(sent.retention, DAY);
        }
        if let Some(sent) = self.section("sign_in", sent.sign_in) {
            values.sign_in.passkey_alone = sent.passkey_alone;
        }
        if let Some(sent) = self.section("portal", sent.portal) {
            values.portal = self.portal(sent);
        }
        values
    }

    fn reset(&mut self, sent: &wire::ResetPolicy, rules: &mut ResetRules) {
        if self.mask.names("reset.allowed_methods") {
            rules.allowed_methods = self.kinds(&sent.allowed_methods).unwrap_or_default();
        }
        if self.mask.names("reset.method_hints") {
            let hints = match wire::MethodHints::try_from(sent.method_hints) {
                Ok(wire::MethodHints::Kinds) => Some(MethodHints::Kinds),
                Ok(wire::MethodHints::Masked) => Some(MethodHints::Masked),
                Ok(wire::MethodHints::Unspecified) | Err(_) => None,
            };
            rules.method_hints = self.take("policy.reset.method_hints", hints).unwrap_or_default();
        }
        if self.mask.names("reset.scope") {
            rules.enabled_scope = self.scope(sent).unwrap_or_default();
        }
        rules.proofs_required = u8::try_from(sent.proofs_required).unwrap_or(u8::MAX);
        rules.two_classes = sent.two_classes;
        rules.reveal_eligibility = sent.reveal_eligibility;
        rules.accept_prefilled = sent.accept_prefilled;
        rules.change_quarantine_hours = units(sent.change_quarantine, HOUR);
        rules.reset_life_minutes = units(sent.reset_life, MINUTE);
        rules.attempts_per_reset = number(sent.attempts_per_reset);
        rules.codes_per_reset = number(sent.codes_per_reset);
        rules.tries_per_day = number(sent.tries_per_day);
        rules.tries_in_a_row = number(sent.tries_in_a_row);
    }

    fn portal(&mut self, sent: wire::PortalPolicy) -> PortalRules {
        let mut rules = PortalRules::default();
        if self.mask.names("portal.accent") && !sent.accent.is_empty() {
            let accent = Colour::parse(&sent.accent).ok();
            rules.accent = self.take_as("policy.portal.accent", accent, "empty, or a colour such as #0b57a4");
        }
        if self.mask.names("portal.logo") {
            rules.logo = self.logo(sent.logo, &sent.logo_digest);
        }
        rules
    }

    /// A logo that was sent goes before one that is named.
    fn logo(&mut self, image: Vec<u8>, digest: &str) -> Option<LogoDigest> {
        if !image.is_empty() {
            self.logo = self.take_as("policy.portal.logo", Logo::parse(image), LOGO);
            return self.logo.as_ref().map(Logo::digest);
        }
        if digest.is_empty() {
            return None;
        }
        let named = LogoDigest::parse(digest).ok();
        self.take_as("policy.portal.logo_digest", named, "empty, or 64 hexadecimal digits")
    }

    fn scope(&mut self, sent: &wire::ResetPolicy) -> Option<ResetScope> {
        let included = self.groups("policy.reset.included_group_ids", &sent.included_group_ids);
        let excluded = self.groups("policy.reset.excluded_group_ids", &sent.excluded_group_ids);
        let (included, excluded) = (included?, excluded?);
        let scope = match wire::ResetScope::try_from(sent.scope) {
            Ok(wire::ResetScope::Nobody) => Some(ResetScope::Nobody),
            Ok(wire::ResetScope::Everybody) => Some(ResetScope::Everybody),
            Ok(wire::ResetScope::Groups) => return Some(ResetScope::Groups { included, excluded }),
            Ok(wire::ResetScope::Unspecified) | Err(_) => None,
        };
        let scope = self.take("policy.reset.scope", scope)?;
        if included.is_empty() && excluded.is_empty() {
            return Some(scope);
        }
        self.is_whole = false;
        self.fields.take("policy.reset.scope", None, "RESET_SCOPE_GROUPS where groups are named")
    }

    fn groups(&mut self, field: &'static str, sent: &[String]) -> Option<BTreeSet<GroupId>> {
        let read =
            |text: &String| Uuid::try_parse(text).ok().filter(|_| text.len() == 36).map(GroupId::from_uuid);
        let groups =
            (sent.len() <= GROUPS_MAX).then(|| sent.iter().map(read).collect::<Option<_>>()).flatten();
        self.take_as(field, groups, "at most 100 UUIDs")
    }

    fn kinds(&mut self, sent: &[i32]) -> Option<BTreeSet<MethodKind>> {
        let kinds = (sent.len() <= KINDS_MAX).then(|| sent.iter().map(|number| kind(*number)).collect());
        self.take("policy.reset.allowed_methods", kinds.flatten())
    }

    /// A section that the mask names something of.
    fn section<T>(&mut self, name: &'static str, sent: Option<T>) -> Option<T> {
        if !self.mask.names_of(name) {
            return None;
        }
        self.is_whole &= sent.is_some();
        self.fields.take(format!("policy.{name}"), sent, "given where the mask names fields of it")
    }

    fn take<T>(&mut self, field: &'static str, read: Option<T>) -> Option<T> {
        self.take_as(field, read, "of the published values")
    }

    fn take_as<T>(&mut self, field: &'static str, read: Option<T>, must_be: &'static str) -> Option<T> {
        self.is_whole &= read.is_some();
        self.fields.take(field, read, must_be)
    }
}

fn kind(number: i32) -> Option<MethodKind> {
    match wire::MethodKind::try_from(number).ok()? {
        wire::MethodKind::Unspecified => None,
        wire::MethodKind::Email => Some(MethodKind::Email),
        wire::MethodKind::Phone => Some(MethodKind::Phone),
        wire::MethodKind::Authenticator => Some(MethodKind::Authenticator),
        wire::MethodKind::RecoveryCode => Some(MethodKind::RecoveryCode),
        wire::MethodKind::Passkey => Some(MethodKind::Passkey),
    }
}

fn number(sent: i32) -> u32 {
    u32::try_from(sent).unwrap_or(IMPOSSIBLE)
}

/// A span in whole units.
fn units(sent: Option<Duration>, unit_seconds: u64) -> u32 {
    let Some(Duration { seconds, nanos: 0 }) = sent else { return IMPOSSIBLE };
    let whole = u64::try_from(seconds).ok().filter(|seconds| seconds % unit_seconds == 0);
    whole.and_then(|seconds| u32::try_from(seconds / unit_seconds).ok()).unwrap_or(IMPOSSIBLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::logo::tests::png;

    fn span(seconds: i64, nanos: i32) -> Option<Duration> {
        Some(Duration { seconds, nanos })
    }

    fn mask(paths: &[&str]) -> Option<FieldMask> {
        Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
    }

    #[test]
    fn spans_are_whole_and_others_are_out_of_every_bound() {
        assert_eq!(units(span(7_200, 0), HOUR), 2);
        for odd in [None, span(5_400, 0), span(3_600, 1), span(-3_600, 0), span(i64::MAX, 0)] {
            assert_eq!(units(odd, HOUR), IMPOSSIBLE, "{odd:?}");
        }
        assert_eq!(number(-1), IMPOSSIBLE);
    }

    #[test]
    fn only_what_the_mask_names_is_read() {
        let reset = wire::ResetPolicy { proofs_required: 2, scope: 99, ..Default::default() };
        let sent = wire::Policy { reset: Some(reset), ..Default::default() };
        let mut fields = Fields::default();

        let named = edit(&mut fields, Some(sent.clone()), mask(&["reset.proofs_required"])).unwrap();
        let whole = edit(&mut Fields::default(), Some(sent.clone()), mask(&["reset"]));
        let other = edit(&mut Fields::default(), Some(sent), mask(&["lockout"]));

        assert_eq!(named.apply(&Policy::default()).reset.proofs_required, 2);
        assert!(fields.finish(|| Some(())).is_ok());
        assert!(whole.is_none() && other.is_none());
    }

    #[test]
    fn groups_are_named_with_the_scope_of_groups_alone() {
        let reset = |scope: wire::ResetScope, group: &str| {
            let included_group_ids = vec![group.to_owned()];
            let reset = wire::ResetPolicy { scope: scope.into(), included_group_ids, ..Default::default() };
            let sent = wire::Policy { reset: Some(reset), ..Default::default() };
            edit(&mut Fields::default(), Some(sent), mask(&["reset.included_group_ids"]))
        };
        let id = "0190a1f0-0000-7000-8000-000000000005";

        assert!(reset(wire::ResetScope::Groups, id).is_some());
        assert!(reset(wire::ResetScope::Everybody, id).is_none());
        assert!(reset(wire::ResetScope::Groups, "five").is_none());
    }

    #[test]
    fn a_logo_is_sent_or_named_or_taken_away() {
        let image = png(64, 32);
        let digest = Logo::parse(image.clone()).unwrap().digest();
        let edited = |logo: &[u8], logo_digest: &str| {
            let portal = wire::PortalPolicy {
                logo: logo.to_vec(),
                logo_digest: logo_digest.to_owned(),
                accent: String::new(),
            };
            let sent = wire::Policy { portal: Some(portal), ..Default::default() };
            edit(&mut Fields::default(), Some(sent), mask(&["portal.logo_digest"]))
        };
        let named = |edit: Option<PolicyEdit>| {
            edit.map(|edit| (edit.values.portal.logo, edit.logo.map(|logo| logo.digest())))
        };

        assert_eq!(named(edited(&image, "what was read")), Some((Some(digest), Some(digest))));
        assert_eq!(named(edited(&[], &digest.to_string())), Some((Some(digest), None)));
        assert_eq!(named(edited(&[], "")), Some((None, None)));
        assert_eq!(named(edited(b"<svg/>", "")), None);
        assert_eq!(named(edited(&[], "abc")), None);
    }

    #[test]
    fn an_accent_is_written_as_in_a_stylesheet() {
        let accent = |accent: &str| {
            let portal = wire::PortalPolicy { accent: accent.to_owned(), ..Default::default() };
            let sent = wire::Policy { portal: Some(portal), ..Default::default() };
            let edit = edit(&mut Fields::default(), Some(sent), mask(&["portal.accent"]));
            edit.map(|edit| edit.values.portal.accent.map(|accent| accent.to_string()))
        };

        assert_eq!(accent("#0B57A4"), Some(Some("#0b57a4".to_owned())));
        assert_eq!(accent(""), Some(None));
        for wrong in ["0b57a4", "blue", "#0b57a4;}"] {
            assert_eq!(accent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_empty_or_unknown_mask_is_refused() {
        for paths in [&[][..], &["reset.telepathy"], &["reset", ""], &["revision"]] {
            assert!(edit(&mut Fields::default(), Some(wire::Policy::default()), mask(paths)).is_none());
        }
    }
}
