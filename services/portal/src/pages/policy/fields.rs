//! The fields of a policy: how each is typed, and where it stands in the contract.
//!
//! The name of a field is that of its form field, of its label, and, with `_hint` behind it, of what says what it does and which bounds
//! identity holds it to. A field that the contract gains is a line here and two texts.

use rekey_wire::identity::v1 as wire;

use crate::domain::{PolicyValue, SpanUnit, ValueKind};

/// A field of the policy.
pub(super) struct PolicyField {
    /// As a field mask names it.
    pub(super) path: &'static str,
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: ValueKind,
    get: fn(&wire::Policy) -> PolicyValue,
    set: fn(&mut wire::Policy, &PolicyValue),
}

macro_rules! fields {
    ($($section:ident { $($field:ident: $wire:ident, $kind:expr;)+ })+) => {
        &[$($(PolicyField {
            path: concat!(stringify!($section), ".", stringify!($field)),
            section: stringify!($section),
            name: concat!(stringify!($section), "_", stringify!($field)),
            kind: $kind,
            get: |policy| {
                let missing = Default::default();
                $wire::get(&policy.$section.as_ref().unwrap_or(&missing).$field)
            },
            set: |policy, value| {
                $wire::set(&mut policy.$section.get_or_insert_default().$field, value);
            },
        }),+),+]
    };
}

/// Who may reset, by their words in the contract.
pub(super) const SCOPES: &[&str] = &["nobody", "groups", "everybody"];
const HINTS: &[&str] = &["kinds", "masked"];
const KINDS: &[&str] = &["email", "phone", "authenticator", "recovery_code", "passkey"];

/// All of them, section by section.
pub(super) static FIELDS: &[PolicyField] = fields! {
    reset {
        scope: scope, ValueKind::Choice(SCOPES);
        included_group_ids: texts, ValueKind::Ids;
        excluded_group_ids: texts, ValueKind::Ids;
        proofs_required: number, ValueKind::Number;
        two_classes: flag, ValueKind::Answer;
        allowed_methods: kinds, ValueKind::Several(KINDS);
        method_hints: hints, ValueKind::Choice(HINTS);
        reveal_eligibility: flag, ValueKind::Flag;
        accept_prefilled: flag, ValueKind::Flag;
        change_quarantine: span, ValueKind::Span(SpanUnit::Hours);
        reset_life: span, ValueKind::Span(SpanUnit::Minutes);
        attempts_per_reset: number, ValueKind::Number;
        codes_per_reset: number, ValueKind::Number;
        tries_per_day: number, ValueKind::Number;
        tries_in_a_row: number, ValueKind::Number;
    }
    password {
        minimum_length: number, ValueKind::Number;
        maximum_length: number, ValueKind::Number;
        minimum_points: number, ValueKind::Number;
        require_three_classes: flag, ValueKind::Flag;
        history: number, ValueKind::Number;
        expiry: span, ValueKind::Lapse(SpanUnit::Days);
        temporary_life: span, ValueKind::Span(SpanUnit::Hours);
        banned_term_list: texts, ValueKind::Lines;
    }
    lockout {
        threshold: number, ValueKind::Number;
        first_lock: span, ValueKind::Span(SpanUnit::Seconds);
        longest_lock: span, ValueKind::Span(SpanUnit::Minutes);
    }
    session {
        life: span, ValueKind::Span(SpanUnit::Days);
        strong_life: span, ValueKind::Span(SpanUnit::Hours);
        strong_idle: span, ValueKind::Span(SpanUnit::Minutes);
    }
    sign_in {
        passkey_alone: flag, ValueKind::Flag;
    }
    security_info {
        reconfirm_after: span, ValueKind::Span(SpanUnit::Days);
    }
    notices {
        tell_global_administrators: flag, ValueKind::Flag;
    }
    help {
        enabled: flag, ValueKind::Flag;
        request_life: span, ValueKind::Span(SpanUnit::Days);
        digest_interval: span, ValueKind::Span(SpanUnit::Minutes);
    }
    audit {
        retention: span, ValueKind::Span(SpanUnit::Days);
    }
    portal {
        accent: text, ValueKind::Colour;
        logo_digest: text, ValueKind::Image;
    }
};

/// Scope and groups, which the contract takes as one: a change of any is a change of all three.
pub(super) const SCOPE_PLACES: [usize; 3] = [0, 1, 2];

/// A section: its name, and its fields with their places.
pub(super) type Section = (&'static str, Vec<(usize, &'static PolicyField)>);

/// The sections, in the order of the fields.
pub(super) fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (place, field) in FIELDS.iter().enumerate() {
        match sections.last_mut() {
            Some((name, fields)) if *name == field.section => fields.push((place, field)),
            _ => sections.push((field.section, vec![(place, field)])),
        }
    }
    sections
}

/// The values of a policy, in the order of the fields.
pub(super) fn values(policy: &wire::Policy) -> Vec<PolicyValue> {
    FIELDS.iter().map(|field| (field.get)(policy)).collect()
}

/// The policy with these values, as a change sends it.
pub(super) fn policy(values: &[PolicyValue]) -> wire::Policy {
    let mut policy = wire::Policy::default();
    for (field, value) in FIELDS.iter().zip(values) {
        (field.set)(&mut policy, value);
    }
    policy
}

/// The fields in these places, as a mask names them.
pub(super) fn paths(places: &[usize]) -> Vec<String> {
    places.iter().filter_map(|place| FIELDS.get(*place)).map(|field| field.path.to_owned()).collect()
}

/// A new logo, as a field mask and a refusal name it.
pub(super) const LOGO_SENT: &str = "portal.logo";
/// The one that there is.
pub(super) const LOGO_DIGEST: &str = "portal.logo_digest";

/// The place of the field that identity names in a refusal or a list of changes, such as `policy.reset.included_group_ids[3]`.
pub(super) fn place_of(named: &str) -> Option<usize> {
    let path = named.strip_prefix("policy.").unwrap_or(named);
    let path = path.split('[').next().unwrap_or(path);
    let path = if path == LOGO_SENT { LOGO_DIGEST } else { path };
    FIELDS.iter().position(|field| field.path == path)
}

mod number {
    use super::PolicyValue;

    pub(super) const fn get(number: &i32) -> PolicyValue {
        PolicyValue::Number(*number)
    }

    pub(super) const fn set(number: &mut i32, value: &PolicyValue) {
        if let PolicyValue::Number(new) = value {
            *number = *new;
        }
    }
}

mod flag {
    use super::PolicyValue;

    pub(super) const fn get(flag: &bool) -> PolicyValue {
        PolicyValue::Flag(*flag)
    }

    pub(super) const fn set(flag: &mut bool, value: &PolicyValue) {
        if let PolicyValue::Flag(new) = value {
            *flag = *new;
        }
    }
}

mod span {
    use prost_types::Duration;

    use super::PolicyValue;

    pub(super) fn get(span: &Option<Duration>) -> PolicyValue {
        PolicyValue::Span(span.as_ref().map(|span| span.seconds))
    }

    pub(super) fn set(span: &mut Option<Duration>, value: &PolicyValue) {
        if let PolicyValue::Span(new) = value {
            *span = new.map(|seconds| Duration { seconds, nanos: 0 });
        }
    }
}

mod text {
    use super::PolicyValue;

    pub(super) fn get(text: &str) -> PolicyValue {
        PolicyValue::Text(text.to_owned())
    }

    pub(super) fn set(text: &mut String, value: &PolicyValue) {
        if let PolicyValue::Text(new) = value {
            text.clone_from(new);
        }
    }
}

mod texts {
    use super::PolicyValue;

    pub(super) fn get(texts: &[String]) -> PolicyValue {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        PolicyValue::Words(texts)
    }

    pub(super) fn set(texts: &mut Vec<String>, value: &PolicyValue) {
        if let PolicyValue::Words(new) = value {
            texts.clone_from(new);
        }
    }
}

/// The words of an enum of the contract, without its prefix.
macro_rules! words {
    ($name:ident, $enum:ident, $prefix:literal) => {
        mod $name {
            use rekey_wire::identity::v1::$enum;

            use super::PolicyValue;

            pub(super) fn word(number: i32) -> String {
                let value = $enum::try_from(number).unwrap_or($enum::Unspecified);
                value.as_str_name().trim_start_matches($prefix).to_ascii_lowercase()
            }

            pub(super) fn number(word: &str) -> i32 {
                let name = format!("{}{}", $prefix, word.to_ascii_uppercase());
                $enum::from_str_name(&name).unwrap_or($enum::Unspecified).into()
            }

            pub(super) fn get(number: &i32) -> PolicyValue {
                PolicyValue::Word(word(*number))
            }

            pub(super) fn set(into: &mut i32, value: &PolicyValue) {
                if let PolicyValue::Word(new) = value {
                    *into = number(new);
                }
            }
        }
    };
}

words!(scope, ResetScope, "RESET_SCOPE_");
words!(hints, MethodHints, "METHOD_HINTS_");

mod kinds {
    use rekey_wire::identity::v1::MethodKind;

    use super::{KINDS, PolicyValue};

    const PREFIX: &str = "METHOD_KIND_";

    fn number(word: &str) -> i32 {
        let name = format!("{PREFIX}{}", word.to_ascii_uppercase());
        MethodKind::from_str_name(&name).unwrap_or(MethodKind::Unspecified).into()
    }

    pub(super) fn get(kinds: &[i32]) -> PolicyValue {
        let allowed = KINDS.iter().filter(|word| kinds.contains(&number(word)));
        PolicyValue::Words(allowed.map(|word| (*word).to_owned()).collect())
    }

    pub(super) fn set(kinds: &mut Vec<i32>, value: &PolicyValue) {
        if let PolicyValue::Words(words) = value {
            *kinds = words.iter().map(|word| number(word)).collect();
        }
    }
}

#[cfg(test)]
mod tests;
