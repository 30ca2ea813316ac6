//! The fields of a policy document by the names that the contract gives them, and an edit of some of them.

use rekey_primitives::secret::Zeroizing;

use super::Policy;
use crate::domain::logo::Logo;

/// One field of the document, as a field mask names it.
#[derive(Debug)]
pub(crate) struct PolicyField {
    /// Its names. Several mean one field where the contract takes it apart.
    paths: &'static [&'static str],
    copy: fn(&Policy, &mut Policy),
    differs: fn(&Policy, &Policy) -> bool,
}

macro_rules! fields {
    ($($paths:tt => $section:ident . $field:ident),+ $(,)?) => {
        &[$(PolicyField {
            paths: &$paths,
            copy: |from, to| to.$section.$field.clone_from(&from.$section.$field),
            differs: |one, other| one.$section.$field != other.$section.$field,
        }),+]
    };
}

static FIELDS: &[PolicyField] = fields! {
    ["reset.scope", "reset.included_group_ids", "reset.excluded_group_ids"] => reset.enabled_scope,
    ["reset.proofs_required"] => reset.proofs_required,
    ["reset.two_classes"] => reset.two_classes,
    ["reset.allowed_methods"] => reset.allowed_methods,
    ["reset.method_hints"] => reset.method_hints,
    ["reset.reveal_eligibility"] => reset.reveal_eligibility,
    ["reset.accept_prefilled"] => reset.accept_prefilled,
    ["reset.change_quarantine"] => reset.change_quarantine_hours,
    ["reset.reset_life"] => reset.reset_life_minutes,
    ["reset.attempts_per_reset"] => reset.attempts_per_reset,
    ["reset.codes_per_reset"] => reset.codes_per_reset,
    ["reset.tries_per_day"] => reset.tries_per_day,
    ["reset.tries_in_a_row"] => reset.tries_in_a_row,
    ["password.minimum_length"] => password.minimum_length,
    ["password.maximum_length"] => password.maximum_length,
    ["password.require_three_classes"] => password.require_three_classes,
    ["password.history"] => password.history,
    ["password.expiry"] => password.expiry_days,
    ["password.banned_term_list"] => password.banned_terms,
    ["password.minimum_points"] => password.minimum_points,
    ["password.temporary_life"] => password.temporary_life_hours,
    ["lockout.threshold"] => lockout.threshold,
    ["lockout.first_lock"] => lockout.base_seconds,
    ["lockout.longest_lock"] => lockout.ceiling_seconds,
    ["session.life"] => sessions.life_hours,
    ["session.strong_life"] => sessions.strong_life_hours,
    ["session.strong_idle"] => sessions.strong_idle_minutes,
    ["security_info.reconfirm_after"] => security_info.reconfirm_days,
    ["notices.tell_global_administrators"] => notices.tell_global_administrators,
    ["help.enabled"] => help.enabled,
    ["help.request_life"] => help.expiry_days,
    ["help.digest_interval"] => help.digest_minutes,
    ["audit.retention"] => audit.retention_days,
    ["sign_in.passkey_alone"] => sign_in.passkey_alone,
    ["portal.accent"] => portal.accent,
    ["portal.logo", "portal.logo_digest"] => portal.logo,
};

/// Which fields of a document change, by a field mask.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyMask(Vec<&'static PolicyField>);

/// New values for some fields of a document.
#[derive(Debug, Clone)]
pub(crate) struct PolicyEdit {
    /// The fields.
    pub mask: PolicyMask,
    /// Where their values stand; what it holds of other fields means nothing.
    pub values: Policy,
    /// The logo that the values name, where it was sent along.
    pub logo: Option<Logo>,
}

impl PolicyField {
    /// The name by which it is shown.
    pub(crate) fn path(&self) -> &'static str {
        self.paths[0]
    }

    fn is_named_by(&self, path: &str) -> bool {
        let is_below =
            |own: &&str| *own == path || own.split_once('.').is_some_and(|(section, _)| section == path);
        path == "*" || self.paths.iter().any(is_below)
    }
}

impl PolicyMask {
    /// Adds the fields that a path of a mask names: a field, a section or `*`. False if there are none.
    pub(crate) fn add(&mut self, path: &str) -> bool {
        let mut named = FIELDS.iter().filter(|field| field.is_named_by(path)).peekable();
        let is_known = named.peek().is_some();
        for field in named {
            if !self.0.iter().any(|held| held.path() == field.path()) {
                self.0.push(field);
            }
        }
        is_known
    }

    /// Whether it names this field.
    pub(crate) fn names(&self, path: &str) -> bool {
        self.0.iter().any(|field| field.is_named_by(path))
    }

    /// Whether it names any field of this section.
    pub(crate) fn names_of(&self, section: &str) -> bool {
        self.0.iter().any(|field| field.is_named_by(section))
    }
}

impl PolicyEdit {
    /// The document with the new values. What newer releases wrote stays as it is.
    pub(crate) fn apply(&self, to: &Policy) -> Policy {
        let mut edited = to.clone();
        for field in &self.mask.0 {
            (field.copy)(&self.values, &mut edited);
        }
        edited
    }

    /// What a repeat has to say again. It holds banned terms, so it is wiped.
    pub(crate) fn content(&self) -> Zeroizing<Vec<u8>> {
        let mut edited = Policy::default();
        for field in &self.mask.0 {
            (field.copy)(&self.values, &mut edited);
        }
        let paths: Vec<&str> = self.mask.0.iter().map(|field| field.path()).collect();
        let written = serde_json::to_vec(&(paths, edited));
        Zeroizing::new(written.expect("a policy is a plain document, which always has a JSON form"))
    }
}

/// The fields that differ between two documents, as a field mask names them.
pub(crate) fn changed_fields(from: &Policy, to: &Policy) -> Vec<&'static str> {
    FIELDS.iter().filter(|field| (field.differs)(from, to)).map(PolicyField::path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> PolicyMask {
        let mut mask = PolicyMask::default();
        assert!(paths.iter().all(|path| mask.add(path)));
        mask
    }

    #[test]
    fn an_edit_changes_what_its_mask_names_and_nothing_else() {
        let mut values = Policy::default();
        values.reset.proofs_required = 2;
        values.password.history = 9;
        let mut before = Policy::default();
        before.password.expiry_days = Some(90);
        before.later.insert("weather".to_owned(), "fair".into());

        let after = PolicyEdit { mask: mask(&["reset.proofs_required"]), values, logo: None }.apply(&before);

        assert_eq!(changed_fields(&before, &after), ["reset.proofs_required"]);
        assert_eq!(after.later, before.later);
    }

    #[test]
    fn a_section_and_a_star_name_all_of_theirs() {
        let mut unknown = PolicyMask::default();

        assert_eq!(mask(&["lockout"]).0.len(), 3);
        assert_eq!(mask(&["*", "reset"]).0.len(), FIELDS.len());
        assert!(mask(&["reset.included_group_ids"]).names("reset.scope"));
        assert!(!mask(&["lockout"]).names_of("reset"));
        assert!(!unknown.add("reset.telepathy") && !unknown.add("res") && !unknown.add(""));
    }

    /// A field that the document gains has a name here, or nobody could change it.
    #[test]
    fn every_field_of_the_document_has_a_name() {
        let document = serde_json::to_value(Policy::default()).unwrap();
        let sections = document.as_object().unwrap().values();

        let fields: usize = sections.map(|section| section.as_object().unwrap().len()).sum();

        assert_eq!(fields, FIELDS.len());
    }

    #[test]
    fn another_edit_has_another_content() {
        let (mut one, mut other) = (Policy::default(), Policy::default());
        one.password.history = 3;
        other.password.history = 4;
        let content = |values: &Policy, path| {
            PolicyEdit { mask: mask(&[path]), values: values.clone(), logo: None }.content()
        };

        assert_ne!(*content(&one, "password.history"), *content(&other, "password.history"));
        assert_ne!(*content(&one, "password.history"), *content(&one, "password.expiry"));
        assert_eq!(*content(&one, "password.expiry"), *content(&other, "password.expiry"));
    }
}
