//! The verification behind an entry, and the sends that only seem to happen.

use rekey_primitives::id::VerificationId;
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
    let anna = world.account(&scope).await;
    let (store, entry) = (&world.store, anna.security_info[0].id);
    let find = async || store.entry_verification(&scope, anna.id, entry).await.unwrap();
    let begin = async |next, second| {
        store.begin_entry_verification(&scope, anna.id, entry, next, after(second)).await.unwrap()
    };
    let (first, second) = (verification(1, 600), verification(2, 1_200));

    let none = find().await;
    let begun = begin(first, 0).await;
    let alive = begin(second, 299).await;
    store.entry_code_sent(&scope, anna.id, entry, verification(2, 900)).await.unwrap();
    let not_of_another = find().await;
    store.entry_code_sent(&scope, anna.id, entry, verification(1, 300)).await.unwrap();
    let dead = begin(second, 300).await;

    assert_eq!((none, begun, alive, not_of_another), (None, Some(first), Some(first), Some(first)));
    assert_eq!((dead, find().await), (Some(second), Some(second)));
    assert_eq!(world.read(&scope, anna.id).await, anna);
}

pub(super) async fn an_entry_that_is_not_there_has_no_verification(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let entry = anna.security_info[0].id;

    let begun = world
        .store
        .begin_entry_verification(&other, anna.id, entry, verification(1, 600), NOW)
        .await
        .unwrap();

    assert_eq!(begun, None);
    assert_eq!(world.store.entry_verification(&scope, anna.id, entry).await.unwrap(), None);
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
