//! A change of the policy while it is made: what was typed into each field, and on which revision.

use rekey_primitives::clock::Timestamp;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::fields::{FIELDS, SCOPE_PLACES, paths, policy, values};
use crate::domain::{PolicyValue, differences, rebased};
use crate::peers::{PeerFailure, timestamp_from_wire};
use crate::web::{CurrentUser, Fault, PostedFields};

/// The field with the number of the revision that a change is made on.
const BASE: &str = "base";
/// Set by the form that has the fields of the scope alone.
const SCOPE_ALONE: &str = "scope_alone";

/// A policy as identity gave it.
pub(super) struct Revision {
    pub(super) number: i64,
    pub(super) etag: String,
    /// When it was made.
    pub(super) at: Option<Timestamp>,
    pub(super) values: Vec<PolicyValue>,
}

impl Revision {
    /// The revision of this number; 0 is the one in force.
    pub(super) async fn get(user: &CurrentUser, number: i64) -> Result<Self, Fault> {
        let request = wire::GetPolicyRequest {
            tenant_id: user.tenant().to_string(),
            context: user.request_context(),
            revision: number,
        };
        let got = PolicyServiceClient::new(user.identity()).get_policy(request).await?.into_inner();
        let policy = got.policy.ok_or_else(|| PeerFailure::unexpected("the policy is missing"))?;
        let at = timestamp_from_wire(policy.update_time.as_ref());
        Ok(Self { number: policy.revision, at, values: values(&policy), etag: policy.etag })
    }

    pub(super) async fn in_force(user: &CurrentUser) -> Result<Self, Fault> {
        Self::get(user, 0).await
    }
}

/// What was typed, by the places of the fields.
pub(super) struct Draft {
    pub(super) base: Revision,
    pub(super) typed: Vec<Vec<String>>,
}

/// A change that reads: the values that it leads to, and the places that it changes.
pub(super) struct Change {
    pub(super) base: Revision,
    pub(super) values: Vec<PolicyValue>,
    pub(super) places: Vec<usize>,
}

impl Draft {
    /// Of a policy in which nothing is changed yet.
    pub(super) fn of(base: Revision) -> Self {
        let typed = written(&base.values);
        Self { base, typed }
    }

    /// What a form brings. Fields that it does not have are as in the policy that it was made on.
    pub(super) async fn sent(user: &CurrentUser, fields: &PostedFields) -> Result<Self, Fault> {
        let number = fields.text(BASE).parse::<i64>().ok().filter(|number| *number > 0);
        let base = Revision::get(user, number.ok_or(Fault::FormExpired)?).await?;
        let is_scope_alone = fields.is_on(SCOPE_ALONE);
        let mut draft = Self::of(base);
        for (place, (field, typed)) in FIELDS.iter().zip(&mut draft.typed).enumerate() {
            if !is_scope_alone || SCOPE_PLACES.contains(&place) {
                *typed = fields.all(field.name).into_iter().map(str::to_owned).collect();
            }
        }
        Ok(draft)
    }

    /// Reads it.
    ///
    /// # Errors
    /// The draft, and the places of the fields that hold no value.
    pub(super) fn read(self) -> Result<Change, (Self, Vec<usize>)> {
        let read: Vec<Option<PolicyValue>> =
            FIELDS.iter().zip(&self.typed).map(|(field, typed)| field.kind.read(typed)).collect();
        let wrong: Vec<usize> =
            read.iter().enumerate().filter(|(_, value)| value.is_none()).map(|(place, _)| place).collect();
        if !wrong.is_empty() {
            return Err((self, wrong));
        }
        Ok(Change::to(self.base, scoped(read.into_iter().flatten().collect())))
    }
}

impl Change {
    /// From a policy to these values.
    pub(super) fn to(base: Revision, values: Vec<PolicyValue>) -> Self {
        let places = differences(&base.values, &values);
        Self { base, values, places }
    }

    /// The same change of a newer policy.
    pub(super) fn onto(self, newer: Revision) -> Self {
        let mut places = self.places;
        if places.iter().any(|place| SCOPE_PLACES.contains(place)) {
            places.extend(SCOPE_PLACES);
        }
        let values = rebased(&places, &self.values, &newer.values);
        Self::to(newer, values)
    }

    /// As a draft, to be changed further.
    pub(super) fn draft(self) -> Draft {
        Draft { typed: written(&self.values), base: self.base }
    }

    /// The values and the mask that identity takes.
    pub(super) fn sent(&self) -> (wire::Policy, prost_types::FieldMask) {
        (policy(&self.values), prost_types::FieldMask { paths: paths(&self.places) })
    }

    /// The hidden fields that bring it back: names and values.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let base = (BASE, self.base.number.to_string());
        let written = FIELDS.iter().zip(written(&self.values));
        let values = written.flat_map(|(field, typed)| typed.into_iter().map(|text| (field.name, text)));
        std::iter::once(base).chain(values).collect()
    }
}

fn written(values: &[PolicyValue]) -> Vec<Vec<String>> {
    FIELDS.iter().zip(values).map(|(field, value)| field.kind.write(value)).collect()
}

/// Groups count where the scope is one of groups; ticked before another was chosen they mean nothing.
fn scoped(mut values: Vec<PolicyValue>) -> Vec<PolicyValue> {
    let [scope, included, excluded] = SCOPE_PLACES;
    if values.get(scope) != Some(&PolicyValue::Word("groups".to_owned())) {
        for place in [included, excluded] {
            if let Some(value) = values.get_mut(place) {
                *value = PolicyValue::Words(Vec::new());
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: i64, adapt: impl FnOnce(&mut Vec<PolicyValue>)) -> Revision {
        let reset = wire::ResetPolicy {
            scope: wire::ResetScope::Everybody.into(),
            method_hints: wire::MethodHints::Kinds.into(),
            ..wire::ResetPolicy::default()
        };
        let mut values = values(&wire::Policy { reset: Some(reset), ..wire::Policy::default() });
        for (field, value) in FIELDS.iter().zip(&mut values) {
            if matches!(field.kind, crate::domain::ValueKind::Span(_)) {
                *value = PolicyValue::Span(Some(86_400));
            }
        }
        adapt(&mut values);
        Revision { number, etag: number.to_string(), at: None, values }
    }

    fn place(path: &str) -> usize {
        super::super::fields::place_of(path).unwrap()
    }

    fn read(draft: Draft) -> Change {
        draft.read().map_err(|(_, wrong)| wrong).unwrap()
    }

    #[test]
    fn a_draft_that_nobody_touched_changes_nothing() {
        let change = read(Draft::of(revision(3, |_| {})));

        assert_eq!(change.places, [0; 0]);
        assert!(change.fields().contains(&("base", "3".to_owned())));
    }

    #[test]
    fn what_holds_no_value_is_named_and_kept_as_it_was_typed() {
        let mut draft = Draft::of(revision(1, |_| {}));
        let history = place("password.history");
        draft.typed[history] = vec!["many".to_owned()];

        let (draft, wrong) = draft.read().map(|_| ()).unwrap_err();

        assert_eq!((wrong, draft.typed[history].concat()), (vec![history], "many".to_owned()));
    }

    #[test]
    fn groups_mean_nothing_beside_another_scope() {
        let mut draft = Draft::of(revision(1, |_| {}));
        draft.typed[1] = vec!["one".to_owned()];

        assert_eq!(read(draft).places, [0; 0]);
    }

    #[test]
    fn a_scope_moves_whole_onto_a_newer_policy() {
        let mut draft = Draft::of(revision(1, |_| {}));
        draft.typed[0] = vec!["groups".to_owned()];
        let history = place("password.history");
        let newer = revision(2, |values| {
            values[0] = PolicyValue::Word("groups".to_owned());
            values[2] = PolicyValue::Words(vec!["guests".to_owned()]);
            values[history] = PolicyValue::Number(9);
        });

        let moved = read(draft).onto(newer);

        assert_eq!((moved.places.as_slice(), moved.base.number), (&[2][..], 2));
        assert_eq!(moved.values[history], PolicyValue::Number(9));
    }
}
