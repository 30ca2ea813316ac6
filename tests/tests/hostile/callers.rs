//! What one caller may say and keep is nothing to another: word of a person's place, the life of a message, and
//! verifications. Resets, challenges and grants are among the tokens.

use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _};
use rekey_tests::callers::QUIET;
use rekey_tests::{Stores, on_both_store_sets};

use crate::hostile::call::{Credentials, Lines};
use crate::hostile::examples::{Example, Prepared};
use crate::hostile::mutations::input_of;
use crate::hostile::strangers::{fault, method};
use crate::hostile::{changes, none, written};

on_both_store_sets!(
    a_caller_whose_word_is_not_taken_may_not_give_it,
    what_one_caller_has_is_nothing_to_another,
);

/// What belongs to the caller that made it, and how another is refused.
const BOUND: [(&str, &str); 3] = [
    ("ResendCode", "VERIFICATION_NOT_FOUND"),
    ("CancelVerification", "VERIFICATION_NOT_FOUND"),
    ("GetVerification", "VERIFICATION_NOT_FOUND"),
];

pub(crate) fn quiet(example: &Example) -> Credentials {
    Credentials { caller: Some(QUIET.to_owned()), person: example.person.clone() }
}

async fn a_caller_whose_word_is_not_taken_may_not_give_it(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let (mut faults, mut asked) = (Vec::new(), 0);

    for example in examples.iter().filter(|example| gives_word(example)) {
        faults.extend(fault(&lines, example, &quiet(example), &["CALLER_NOT_ALLOWED"]).await);
        asked += 1;
    }

    faults.extend(changes(&before, &written(&world).await));
    none(&faults);
    assert!(asked > 20, "only {asked} examples say anything");
    world.stop().await;
}

/// Whether a request says where a person is, or until when a message is worth sending.
fn gives_word(example: &Example) -> bool {
    let message = DynamicMessage::decode(input_of(example.path), example.body.as_slice()).unwrap();
    message.has_field_by_name("context") || method(example) == "SendNotification"
}

async fn what_one_caller_has_is_nothing_to_another(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let (mut faults, mut asked) = (Vec::new(), 0);

    for (name, reason) in BOUND {
        for example in examples.iter().filter(|example| method(example) == name) {
            let silent = without_context(example);
            faults.extend(fault(&lines, &silent, &quiet(example), &[reason]).await);
            asked += 1;
        }
    }

    faults.extend(changes(&before, &written(&world).await));
    none(&faults);
    assert_eq!(asked, BOUND.len());
    world.stop().await;
}

pub(crate) fn without_context(example: &Example) -> Example {
    let mut message = DynamicMessage::decode(input_of(example.path), example.body.as_slice()).unwrap();
    if message.descriptor().get_field_by_name("context").is_some() {
        message.clear_field_by_name("context");
    }
    Example { body: message.encode_to_vec(), ..example.clone() }
}
