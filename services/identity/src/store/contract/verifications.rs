//! The verification behind an entry, and the sends that only seem to happen.

use rekey_primitives::id::{SecurityInfoId, VerificationId};
use uuid::Uuid;

use super::world::{NOW, World, after};
use crate::store::accounts::verifications::EntryVerification;
use crate::store::resets::decoy_sends::DecoySend;

fn verification(number: u128, seconds: u64) -> EntryVerification {
    let id = VerificationId::from_uuid(Uuid::from_u128(number));
    EntryVerification { id, code_expires_at: after(seconds) }
}

pub(super) async fn an_entry_has_one_verification_until_its_code_dies(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let (store, entry) = (&world.store, SecurityInfoId::from_uuid(Uuid::from_u128(7)));
    let find = async |second| store.entry_verification(&scope, entry, after(second)).await.unwrap();
    let begin = async |next, second| {
        store.begin_entry_verification(&scope, entry, next, after(second)).await.unwrap()
    };
    let (first, second) = (verification(1, 600), verification(2, 1_200));

    let none = find(0).await;
    let begun = begin(first, 0).await;
    let alive = begin(second, 299).await;
    store.entry_code_sent(&scope, entry, verification(2, 900)).await.unwrap();
    let not_of_another = find(299).await;
    store.entry_code_sent(&scope, entry, verification(1, 300)).await.unwrap();
    let died = find(300).await;
    let anew = begin(second, 300).await;

    assert_eq!((none, begun, alive, not_of_another), (None, first, first, Some(first)));
    assert_eq!((died, anew, find(300).await), (None, second, Some(second)));
    assert_eq!(store.entry_verification(&other, entry, after(300)).await.unwrap(), None);
    assert_eq!((store.sweep(after(1_199)).await.unwrap(), store.sweep(after(1_200)).await.unwrap()), (0, 1));
}

pub(super) async fn of_many_codes_of_an_entry_at_once_one_verification_stands(world: World) {
    let scope = world.tenant().await;
    let entry = SecurityInfoId::from_uuid(Uuid::from_u128(7));

    let begun: Vec<_> = (0..16)
        .map(|number| {
            let store = world.store.clone();
            tokio::spawn(async move {
                store.begin_entry_verification(&scope, entry, verification(number, 600), NOW).await.unwrap()
            })
        })
        .collect();
    let mut stood = Vec::new();
    for begun in begun {
        stood.push(begun.await.unwrap());
    }

    assert!(stood.iter().all(|verification| *verification == stood[0]), "{stood:?}");
}

pub(super) async fn the_first_decoy_send_of_a_number_stands(world: World) {
    let scope = world.tenant().await;
    let verification_id = VerificationId::from_uuid(Uuid::from_u128(1));
    let send = |number, second| DecoySend {
        verification_id,
        number,
        sent_at: after(second),
        expires_at: after(900),
    };
    let record =
        async |number, second| world.store.record_decoy_send(&scope, &send(number, second)).await.unwrap();
    let find = async |first, second| {
        world.store.decoy_sends(&scope, verification_id, first, after(second)).await.unwrap()
    };

    let recorded = [record(0, 1).await, record(0, 2).await, record(1, 60).await, record(3, 120).await];

    assert_eq!(recorded, [after(1), after(1), after(60), after(120)]);
    assert_eq!((find(0, 899).await, find(1, 899).await), (vec![after(1), after(60)], vec![after(60)]));
    assert_eq!((find(2, 899).await, find(3, 899).await), (vec![], vec![after(120)]));
    assert_eq!(find(0, 900).await, []);
    let swept = [world.store.sweep(after(899)).await.unwrap(), world.store.sweep(after(900)).await.unwrap()];
    assert_eq!(swept, [0, 3]);
}

pub(super) async fn the_last_code_of_a_reset_is_known_until_its_end(world: World) {
    let scope = world.tenant().await;
    let first = VerificationId::from_uuid(Uuid::from_u128(1));
    let last = async |second| world.store.last_reset_code(&scope, first, after(second)).await.unwrap();
    let next = async |number| world.store.next_reset_code(&scope, first, number, after(900)).await.unwrap();

    let mut known = vec![last(1).await];
    for number in [1, 2, 1] {
        next(number).await;
        known.push(last(1).await);
    }

    assert_eq!(known, [0, 1, 2, 2]);
    assert_eq!((last(899).await, last(900).await), (2, 0));
    let swept = [world.store.sweep(after(899)).await.unwrap(), world.store.sweep(after(900)).await.unwrap()];
    assert_eq!(swept, [0, 1]);
}
