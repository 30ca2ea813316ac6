//! A policy in words: each field by the name that a field mask gives it, with a value that people type.

use anyhow::{Context as _, bail};
use rekey_wire::identity::v1::{MethodHints, MethodKind, Policy, ResetScope};
use serde_json::{Map, Value, json};

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// One field.
struct Field {
    path: &'static str,
    get: fn(&Policy) -> Value,
    set: fn(&mut Policy, &str) -> anyhow::Result<()>,
}

macro_rules! fields {
    ($($section:ident { $($field:ident: $kind:ident),+ $(,)? })+) => {
        &[$($(Field {
            path: concat!(stringify!($section), ".", stringify!($field)),
            get: |policy| policy.$section.as_ref().map_or(Value::Null, |section| $kind::show(&section.$field)),
            set: |policy, text| {
                policy.$section.get_or_insert_default().$field = $kind::read(text)?;
                Ok(())
            },
        }),+),+]
    };
}

static FIELDS: &[Field] = fields! {
    reset {
        scope: scope,
        included_group_ids: texts,
        excluded_group_ids: texts,
        proofs_required: number,
        two_classes: flag,
        allowed_methods: kinds,
        method_hints: hints,
        reveal_eligibility: flag,
        accept_prefilled: flag,
        change_quarantine: span,
        reset_life: span,
        attempts_per_reset: number,
        codes_per_reset: number,
        tries_per_day: number,
        tries_in_a_row: number,
    }
    password {
        minimum_length: number,
        maximum_length: number,
        require_three_classes: flag,
        history: number,
        expiry: span,
        banned_term_list: texts,
        minimum_points: number,
        temporary_life: span,
    }
    lockout { threshold: number, first_lock: span, longest_lock: span }
    session { life: span, strong_life: span, strong_idle: span }
    security_info { reconfirm_after: span }
    notices { tell_global_administrators: flag }
    help { enabled: flag, request_life: span, digest_interval: span }
    audit { retention: span }
    sign_in { passkey_alone: flag }
    portal { accent: word, logo: image, logo_digest: word }
};

/// The policy as data, section by section.
pub(super) fn shown(policy: &Policy) -> Value {
    let mut document = Map::from_iter([
        ("revision".to_owned(), policy.revision.into()),
        ("etag".to_owned(), policy.etag.clone().into()),
    ]);
    for field in FIELDS {
        let (section, name) = field.path.split_once('.').unwrap_or((field.path, ""));
        let section = document.entry(section).or_insert_with(|| json!({}));
        section[name] = (field.get)(policy);
    }
    Value::Object(document)
}

/// The policy as lines of a field and its value.
pub(super) fn rows(policy: &Policy) -> Vec<Vec<String>> {
    FIELDS.iter().map(|field| vec![field.path.to_owned(), text(&(field.get)(policy))]).collect()
}

/// Sets a field from what a person typed; gives its path.
pub(super) fn set(policy: &mut Policy, path: &str, typed: &str) -> anyhow::Result<&'static str> {
    let field = FIELDS.iter().find(|field| field.path == path);
    let field = field.with_context(|| format!("no field `{path}`: `rekey policy get` shows all"))?;
    (field.set)(policy, typed.trim()).with_context(|| format!("`{path}`"))?;
    Ok(field.path)
}

/// Sets every field of a document as [`shown`] makes it; gives their paths. What is only shown is passed over.
pub(super) fn set_all(policy: &mut Policy, document: &Value) -> anyhow::Result<Vec<&'static str>> {
    let sections = document.as_object().context("not a document of sections")?;
    let mut paths = Vec::new();
    for (section, fields) in
        sections.iter().filter(|(name, _)| !["revision", "etag"].contains(&name.as_str()))
    {
        let fields = fields.as_object().with_context(|| format!("`{section}` is not a section"))?;
        for (name, value) in fields {
            paths.push(set(policy, &format!("{section}.{name}"), &text(value))?);
        }
    }
    Ok(paths)
}

/// A value as a person would type it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "never".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

mod number {
    use super::{Value, bail};

    pub(super) fn show(number: &i32) -> Value {
        (*number).into()
    }

    pub(super) fn read(text: &str) -> anyhow::Result<i32> {
        let Ok(number) = text.parse() else { bail!("must be a whole number, not {text:?}") };
        Ok(number)
    }
}

mod flag {
    use super::{Value, bail};

    pub(super) fn show(flag: &bool) -> Value {
        (*flag).into()
    }

    pub(super) fn read(text: &str) -> anyhow::Result<bool> {
        let Ok(flag) = text.parse() else { bail!("must be true or false, not {text:?}") };
        Ok(flag)
    }
}

mod span {
    use prost_types::Duration;

    use super::{UNITS, Value, bail};

    pub(super) fn show(span: &Option<Duration>) -> Value {
        let Some(Duration { seconds, .. }) = *span else { return Value::Null };
        let whole = UNITS.iter().find(|(_, unit)| seconds != 0 && seconds % unit == 0);
        let (name, unit) = whole.unwrap_or(&("s", 1));
        format!("{}{name}", seconds / unit).into()
    }

    pub(super) fn read(text: &str) -> anyhow::Result<Option<Duration>> {
        if text == "never" {
            return Ok(None);
        }
        let read = UNITS.iter().find_map(|(name, unit)| {
            text.strip_suffix(name)?.trim_end().parse::<i64>().ok()?.checked_mul(*unit)
        });
        let Some(seconds) = read else { bail!("must be a span such as 15m, 72h or 30d, not {text:?}") };
        Ok(Some(Duration { seconds, nanos: 0 }))
    }
}

mod word {
    use super::Value;

    pub(super) fn show(word: &str) -> Value {
        word.into()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other kinds of fields")]
    pub(super) fn read(text: &str) -> anyhow::Result<String> {
        Ok(text.to_owned())
    }
}

/// Bytes as base64. Of a logo nothing is shown but its digest, beside it.
mod image {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::{Value, bail};

    pub(super) fn show(image: &[u8]) -> Value {
        BASE64_STANDARD.encode(image).into()
    }

    pub(super) fn read(text: &str) -> anyhow::Result<Vec<u8>> {
        let Ok(image) = BASE64_STANDARD.decode(text) else { bail!("must be an image in base64") };
        Ok(image)
    }
}

mod texts {
    use super::Value;

    #[expect(clippy::ptr_arg, reason = "a field is what it is")]
    pub(super) fn show(texts: &Vec<String>) -> Value {
        texts.clone().into()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other kinds of fields")]
    pub(super) fn read(text: &str) -> anyhow::Result<Vec<String>> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        Ok(words.map(str::to_owned).collect())
    }
}

/// The words of an enum of the contract, without its prefix.
macro_rules! words {
    ($name:ident, $enum:ident, $prefix:literal, $must_be:literal) => {
        mod $name {
            use super::{Value, bail, $enum};

            pub(super) fn show(number: &i32) -> Value {
                let value = $enum::try_from(*number).unwrap_or($enum::Unspecified);
                value.as_str_name().trim_start_matches($prefix).to_ascii_lowercase().into()
            }

            pub(super) fn read(text: &str) -> anyhow::Result<i32> {
                let name = format!("{}{}", $prefix, text.to_ascii_uppercase());
                let known = $enum::from_str_name(&name).filter(|value| *value != $enum::Unspecified);
                let Some(value) = known else { bail!(concat!("must be ", $must_be, ", not {:?}"), text) };
                Ok(value.into())
            }
        }
    };
}

words!(scope, ResetScope, "RESET_SCOPE_", "nobody, groups or everybody");
words!(hints, MethodHints, "METHOD_HINTS_", "kinds or masked");
words!(kind, MethodKind, "METHOD_KIND_", "kinds such as email, phone, authenticator, recovery_code, passkey");

mod kinds {
    use super::{Value, kind};

    #[expect(clippy::ptr_arg, reason = "a field is what it is")]
    pub(super) fn show(kinds: &Vec<i32>) -> Value {
        kinds.iter().map(kind::show).collect()
    }

    pub(super) fn read(text: &str) -> anyhow::Result<Vec<i32>> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(kind::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Policy {
        let mut policy = Policy::default();
        for (path, value) in pairs {
            set(&mut policy, path, value).unwrap();
        }
        policy
    }

    #[test]
    fn what_is_shown_can_be_set() {
        let policy = typed(&[
            ("reset.scope", "groups"),
            ("reset.included_group_ids", "one, two"),
            ("reset.allowed_methods", "email,recovery_code"),
            ("reset.change_quarantine", "72h"),
            ("password.expiry", "90d"),
            ("help.enabled", "true"),
            ("security_info.reconfirm_after", "0d"),
        ]);
        let document = shown(&policy);
        let mut again = Policy::default();

        let set = ["reset", "password", "help", "security_info"].map(|section| document[section].clone());
        let given = json!({ "reset": {
            "scope": set[0]["scope"], "included_group_ids": set[0]["included_group_ids"],
            "allowed_methods": set[0]["allowed_methods"], "change_quarantine": set[0]["change_quarantine"],
        }, "password": { "expiry": set[1]["expiry"] }, "help": { "enabled": set[2]["enabled"] },
            "security_info": { "reconfirm_after": set[3]["reconfirm_after"] }, "etag": "\"1\"", "revision": 1 });
        let paths = set_all(&mut again, &given).unwrap();

        assert_eq!(document["reset"]["change_quarantine"], "3d");
        assert_eq!(document["reset"]["allowed_methods"], json!(["email", "recovery_code"]));
        assert_eq!((again, paths.len()), (policy, 7));
    }

    #[test]
    fn never_takes_an_expiry_away() {
        assert_eq!(typed(&[("password.expiry", "never")]).password.unwrap().expiry, None);
    }

    #[test]
    fn a_logo_is_typed_in_base64_and_taken_away_by_nothing() {
        let portal =
            |value: &str| typed(&[("portal.accent", "#0b57a4"), ("portal.logo", value)]).portal.unwrap();

        assert_eq!(portal("AAEC").logo, [0, 1, 2]);
        assert_eq!(portal("").logo, Vec::<u8>::new());
        assert_eq!(portal("").accent, "#0b57a4");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_it_must_be() {
        let wrong = |path: &str, value: &str| {
            let error = set(&mut Policy::default(), path, value).unwrap_err();
            error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
        };

        assert!(wrong("reset.telepathy", "1").contains("rekey policy get"));
        assert!(wrong("reset.scope", "all").contains("nobody, groups or everybody"));
        assert!(wrong("password.expiry", "90").contains("15m, 72h or 30d"));
        assert!(wrong("help.enabled", "yes").contains("true or false"));
        assert!(wrong("portal.logo", "logo.png").contains("base64"));
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_document_that_is_taken_shows_what_it_set() {
            let samples: &[&[u8]] = &[
                br#"{"revision": 3, "etag": "7", "reset": {"scope": "everybody", "proofs_required": 2, "reset_life": "15m"}}"#,
                br#"{"password": {"expiry": null, "banned_term_list": ["a", "b,c"]}, "session": {"life": "90d"}}"#,
                br#"{"reset": {"allowed_methods": "email,phone", "two_classes": true}, "audit": {"retention": "-1s"}}"#,
                br##"{"portal": {"accent": "#0b57a4", "logo": "AAEC", "logo_digest": "ab"}}"##,
            ];
            rekey_testing::fuzz(samples, |bytes: &[u8]| {
                let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
                let (mut policy, mut again) = (Policy::default(), Policy::default());
                let Ok(paths) = set_all(&mut policy, &document) else { return };
                let shown = shown(&policy);
                for path in paths {
                    let (section, name) = path.split_once('.').unwrap();
                    set(&mut again, path, &text(&shown[section][name])).unwrap();
                }
                assert_eq!(again, policy);
            });
        }
    }
}
