use super::*;
use crate::domain::reset::offer;

fn destination(offered: &Offered, number: u8) -> Option<Destination> {
    offer::destinations(offered, &[], &seed(number)).pop()
}

#[test]
fn an_eligible_account_is_offered_what_counts_and_no_decoy() {
    let disabled = SecurityInfo { disabled: true, ..phone(2) };

    let offer = offered_to(&holding(vec![email(1), disabled, email(3)]), &masked());

    assert!(
        offer
            == Offer::new(
                [1, 3]
                    .map(|n| Offered { kind: MethodKind::Email, target: Target::Entry(email(n).id) })
                    .to_vec()
            )
    );
}

#[test]
fn nobody_is_offered_the_same_each_time() {
    let policy = masked();

    for number in 0..64 {
        let [first, second] = [(), ()].map(|()| for_nobody(&seed(number), &login(), &tenant(), &policy));

        assert!(first == second);
        assert!((1..=3).contains(&first.iter().count()));
    }
}

#[test]
fn what_real_methods_show_some_decoys_show_too() {
    let offers = (0..200).map(|number| {
        let offer = for_nobody(&seed(number), &login(), &tenant(), &masked());
        let masks: Vec<_> = offer.iter().filter_map(|(_, one)| destination(one, number)).collect();
        (kinds(&offer), masks.iter().map(Destination::masked).collect::<Vec<_>>())
    });
    let offers: Vec<_> = offers.collect();

    let any = |holds: &dyn Fn(&[MethodKind], &[String]) -> bool| {
        offers.iter().filter(|(kinds, masks)| holds(kinds, masks)).count() > 2
    };

    assert!(any(&|kinds, _| kinds.len() == 1));
    assert!(any(&|kinds, _| kinds == [MethodKind::Email, MethodKind::Email]));
    assert!(any(&|kinds, _| kinds == [MethodKind::Email, MethodKind::Phone]));
    assert!(any(&|_, masks| masks.iter().any(|mask| mask.contains("@g"))), "a private address");
}

#[test]
fn no_two_decoys_of_one_login_are_the_same() {
    let mut policy = masked();
    policy.reset.proofs_required = 2;
    policy.reset.allowed_methods = [MethodKind::Phone].into();
    let offers: Vec<_> =
        (0..200).map(|number| (number, for_nobody(&seed(number), &login(), &tenant(), &policy))).collect();

    let alike = offers.iter().filter(|(number, offer)| {
        let masks: Vec<_> = offer
            .iter()
            .filter_map(|(_, one)| destination(one, *number))
            .map(|destination| destination.masked())
            .collect();
        masks.iter().collect::<BTreeSet<_>>().len() < masks.len()
    });

    assert!(offers.iter().all(|(_, offer)| offer.iter().count() == 2));
    assert!(alike.count() < 10, "two digits are the same for one pair in a hundred");
}

#[test]
fn decoys_follow_todays_policy() {
    let mut policy = masked();
    policy.reset.proofs_required = 2;
    policy.reset.allowed_methods = [MethodKind::Phone].into();

    for number in 0..64 {
        let offer = for_nobody(&seed(number), &login(), &tenant(), &policy);

        assert!(offer.iter().count() >= 2);
        assert!(kinds(&offer).iter().all(|kind| *kind == MethodKind::Phone));
    }
}

#[test]
fn a_blocked_account_shows_its_own_methods() {
    let blocked = Account { blocked: true, ..holding(vec![email(1), phone(2)]) };

    let offer = offered_to(&blocked, &masked());

    assert_eq!(kinds(&offer), [MethodKind::Email, MethodKind::Phone]);
    assert!(offer.iter().all(|(_, offered)| matches!(offered.target, Target::Entry(_))));
}

#[test]
fn an_account_that_may_not_reset_shows_what_it_would_show_otherwise() {
    let held = vec![SecurityInfo { disabled: true, ..email(3) }, email(1), phone(2)];
    let open = holding(held);
    let shut = [
        Account { blocked: true, ..open.clone() },
        Account { frozen: true, ..open.clone() },
        Account { managed_elsewhere: true, ..open.clone() },
    ];

    for account in shut {
        assert!(offered_to(&account, &masked()) == offered_to(&open, &masked()));
    }
}

#[test]
fn an_account_with_too_few_methods_shows_what_nobody_would() {
    let mut policy = masked();
    policy.reset.proofs_required = 2;

    let offer = offered_to(&holding(vec![email(1)]), &policy);

    assert!(offer == for_nobody(&seed(1), &login(), &tenant(), &policy));
    assert!(offer.iter().count() >= 2);
}

#[test]
fn a_decoy_wears_the_mask_of_a_real_address_and_reaches_nobody() {
    for number in 0..64 {
        let offer = for_nobody(&seed(number), &login(), &tenant(), &masked());
        for (_, offered) in offer.iter() {
            let destination = destination(offered, number);
            match destination {
                Some(Destination::Email(address)) => {
                    assert!(address.domain().ends_with(".invalid"));
                    assert_eq!(
                        address.masked().chars().count(),
                        email(1).destination().unwrap().masked().chars().count()
                    );
                    let domain = address.masked().chars().nth(7).unwrap();
                    assert!("agoyhiw".contains(domain), "the tenant's domain, or a provider's: {domain}");
                }
                Some(Destination::Phone(number)) => {
                    assert!(number.as_str().starts_with("+999"));
                    assert_eq!(
                        number.masked().chars().count(),
                        phone(1).destination().unwrap().masked().chars().count()
                    );
                }
                None => assert!(offered.kind.channel().is_none()),
            }
        }
    }
}

#[test]
fn a_method_id_is_a_position_in_one_spelling() {
    assert_eq!(Position::parse("1"), Some(position(0)));
    assert_eq!(position(7).to_method_id(), "8");
    for bad in ["", "0", "01", "+1", "9", "1 ", "one"] {
        assert_eq!(Position::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_verification_belongs_to_one_method_of_one_reset() {
    let parts =
        |reset, index| verification_parts(ResetId::from_uuid(Uuid::from_u128(reset)), position(index));

    assert_eq!(parts(1, 0), parts(1, 0));
    assert_ne!(parts(1, 0), parts(1, 1));
    assert_ne!(parts(1, 0), parts(2, 0));
}

#[test]
fn decoys_have_counters_of_their_own() {
    let mut policy = masked();
    policy.reset.proofs_required = 2;
    let unknown = ResetState {
        offer: for_nobody(&seed(4), &login(), &tenant(), &policy),
        ..state(&account(), &policy)
    };

    let keys: BTreeSet<_> = [0, 1].map(|index| attempts_key(&unknown, position(index)).unwrap()).into();

    assert_eq!(keys.len(), 2);
    assert_eq!(attempts_key(&unknown, position(7)), None);
}

#[test]
fn with_too_many_to_offer_addresses_go_first_and_no_kind_wholly() {
    use MethodKind::{Authenticator, Email, Passkey, Phone};
    let mails = (1..=5).map(email);
    let held = mails.chain((11..=15).map(phone)).chain([authenticator(21), authenticator(22), passkey(31)]);

    let offer = offered_to(&holding(held.collect()), &masked());

    let expected = [Email, Email, Email, Email, Phone, Authenticator, Authenticator, Passkey];
    assert_eq!(kinds(&offer), expected);
}
