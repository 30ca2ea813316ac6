use super::*;

#[test]
fn the_same_method_twice_is_one_proof() {
    let proof = Proof { position: position(0), kind: MethodKind::Email };

    let proofs = Proofs::default().with(proof).with(proof);

    assert_eq!(proofs.remaining(Requirement { proofs: 2, two_classes: false, distinct_kinds: false }), 1);
}

#[test]
fn proofs_are_counted_by_number_and_class() {
    use MethodKind::{Authenticator, Email, Phone, RecoveryCode};
    let cases: [(&[MethodKind], u8, bool, u8); 9] = [
        (&[], 1, false, 1),
        (&[Email], 1, false, 0),
        (&[Email], 2, false, 1),
        (&[Email, Phone], 2, false, 0),
        (&[], 2, true, 2),
        (&[Email], 2, true, 1),
        (&[Email, Phone], 2, true, 1),
        (&[Email, Authenticator], 2, true, 0),
        (&[Email, Phone, RecoveryCode], 2, true, 0),
    ];
    for (kinds, proofs, two_classes, remaining) in cases {
        let held = kinds.iter().enumerate().fold(Proofs::default(), |held, (index, kind)| {
            held.with(Proof { position: position(index), kind: *kind })
        });

        for distinct_kinds in [false, true] {
            let requirement = Requirement { proofs, two_classes, distinct_kinds };
            assert_eq!(held.remaining(requirement), remaining, "{kinds:?}");
        }
    }
}

#[test]
fn two_proofs_of_a_kind_are_one_where_kinds_are_offered() {
    use MethodKind::{Email, Phone};
    let held = |kinds: &[MethodKind]| {
        kinds.iter().enumerate().fold(Proofs::default(), |held, (index, kind)| {
            held.with(Proof { position: position(index), kind: *kind })
        })
    };
    let remaining = |kinds: &[MethodKind], distinct_kinds| {
        held(kinds).remaining(Requirement { proofs: 2, two_classes: false, distinct_kinds })
    };

    assert_eq!([remaining(&[Email, Email], false), remaining(&[Email, Email], true)], [0, 1]);
    assert_eq!([remaining(&[Email, Email, Phone], false), remaining(&[Email, Email, Phone], true)], [0, 0]);
}

#[test]
fn a_stricter_rule_shows_only_after_a_proof() {
    let strict = Requirement { proofs: 2, two_classes: true, distinct_kinds: true };
    let lenient = Requirement { proofs: 1, two_classes: false, distinct_kinds: true };
    let one = Proofs::default().with(Proof { position: position(0), kind: MethodKind::Email });

    assert_eq!(remaining_shown(&Proofs::default(), strict, &Policy::default()), 1);
    assert_eq!(remaining_shown(&one, strict, &Policy::default()), 1);
    assert_eq!(remaining_shown(&one, lenient, &Policy::default()), 0);
}
