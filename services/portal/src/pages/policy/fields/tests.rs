use super::*;
use crate::words::{Catalogue, UiLocale};

#[test]
fn a_policy_reads_as_it_was_written() {
    let reset = wire::ResetPolicy {
        scope: wire::ResetScope::Groups.into(),
        included_group_ids: vec!["a".to_owned(), "b".to_owned()],
        allowed_methods: vec![wire::MethodKind::Email.into(), wire::MethodKind::RecoveryCode.into()],
        method_hints: wire::MethodHints::Masked.into(),
        proofs_required: 2,
        reset_life: Some(prost_types::Duration { seconds: 900, nanos: 0 }),
        ..wire::ResetPolicy::default()
    };
    let portal = wire::PortalPolicy {
        accent: "#0b57a4".to_owned(),
        logo_digest: "ab".repeat(32),
        ..wire::PortalPolicy::default()
    };
    let sent =
        wire::Policy { reset: Some(reset.clone()), portal: Some(portal.clone()), ..wire::Policy::default() };

    let read = values(&sent);
    let written = policy(&read);

    assert_eq!(read[0], PolicyValue::Word("groups".to_owned()));
    assert_eq!(values(&written), read);
    assert_eq!((written.reset, written.portal), (Some(reset), Some(portal)));
}

#[test]
fn the_three_fields_of_the_scope_stand_first() {
    let paths = SCOPE_PLACES.map(|place| FIELDS[place].path);

    assert_eq!(paths, ["reset.scope", "reset.included_group_ids", "reset.excluded_group_ids"]);
}

#[test]
fn a_field_is_found_by_the_name_that_a_refusal_gives_it() {
    assert_eq!(place_of("policy.reset.scope"), Some(0));
    assert_eq!(place_of("policy.reset.included_group_ids[3]"), Some(1));
    assert_eq!(place_of("portal.logo"), place_of("policy.portal.logo_digest"));
    assert!(place_of("portal.logo").is_some());
    assert_eq!(place_of("policy.reset.telepathy"), None);
    assert_eq!(paths(&[0]), ["reset.scope"]);
}

#[test]
fn every_field_section_and_choice_has_its_texts() {
    let catalogue = Catalogue::load().unwrap();
    let known: Vec<&str> =
        catalogue.of(UiLocale::En).policy.entries().into_iter().map(|(key, _)| key).collect();

    for field in FIELDS {
        let (hint, section) = (format!("{}_hint", field.name), format!("section_{}", field.section));
        for key in [field.name, hint.as_str(), section.as_str()] {
            assert!(known.contains(&key), "{key}");
        }
        if let ValueKind::Choice(words) | ValueKind::Several(words) = field.kind {
            assert!(words.iter().all(|word| known.contains(&format!("choice_{word}").as_str())));
        }
    }
}
