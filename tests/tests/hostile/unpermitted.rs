//! Permission before existence: who may not ask is refused alike for what there is and for what there is not, in every RPC
//! that names something.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use rekey_client::Problem;
use rekey_tests::callers::ELSEWHERE;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, on_both_store_sets};
use rekey_wire::access;
use rekey_wire::options::v1::PersonRule;

use crate::hostile::call::{Credentials, Lines};
use crate::hostile::examples::{Example, Prepared};
use crate::hostile::mutations::input_of;
use crate::hostile::strangers::takes_a_person;
use crate::hostile::{changes, none, of_example, written};

on_both_store_sets!(who_may_not_ask_learns_nothing_of_what_there_is);

async fn who_may_not_ask_learns_nothing_of_what_there_is(stores: Stores) {
    let Prepared { world, examples, foreigner, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let (mut faults, mut asked) = (Vec::new(), 0);

    for example in &examples {
        let rule = &access::rules()[example.path];
        let elsewhere = Credentials { caller: Some(ELSEWHERE.to_owned()), person: example.person.clone() };
        let administers = takes_a_person(rule) && rule.person() == PersonRule::Administrator;
        let abroad = administers.then(|| Credentials {
            person: Some(foreigner.access_token.clone()),
            ..of_example(&world, example)
        });
        for credentials in std::iter::once(elsewhere).chain(abroad) {
            let known = told(&lines, example, &credentials).await;
            for (field, unknown) in naming_what_is_not_there(example) {
                let unknown = told(&lines, &unknown, &credentials).await;
                let fault = format!("{} tells by `{field}`: {known} or {unknown}", example.path);
                faults.extend((known != unknown).then_some(fault));
                asked += 1;
            }
        }
    }

    faults.extend(changes(&before, &written(&world).await));
    none(&faults);
    assert!(asked > 60, "only {asked} names were asked for");
    world.stop().await;
}

/// All that an answer says, but for the name of its call.
async fn told(lines: &Lines, example: &Example, credentials: &Credentials) -> String {
    match lines.call(example.path, &example.body, credentials).await {
        Ok(answer) => format!("{answer:?}"),
        Err(status) => {
            let Problem { reason, metadata, fields, .. } = Problem::of(&status);
            let metadata: BTreeMap<_, _> = metadata.into_iter().collect();
            format!("{:?} {reason} {metadata:?} {fields:?} {}", status.code(), status.message())
        }
    }
}

/// The request with each id in it replaced by one that nobody has.
fn naming_what_is_not_there(example: &Example) -> Vec<(String, Example)> {
    let message = DynamicMessage::decode(input_of(example.path), example.body.as_slice()).unwrap();
    // A method is a position in its reset, and no name.
    let is_name = |name: &str| name.ends_with("_id") && !["request_id", "method_id"].contains(&name);
    let fields: Vec<_> = message
        .descriptor()
        .fields()
        .filter(|field| is_name(field.name()) && !field.is_list() && field.kind() == Kind::String)
        .filter(|field| message.has_field(field))
        .collect();
    let replaced = |field: &prost_reflect::FieldDescriptor| {
        let mut message = message.clone();
        message.set_field(field, Value::String(request_id()));
        (field.name().to_owned(), Example { body: message.encode_to_vec(), ..example.clone() })
    };
    fields.iter().map(replaced).collect()
}
