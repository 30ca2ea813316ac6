//! Hostile input, for every RPC of the contract: wrong requests derived from a right one, and strangers with a right
//! one. Each is refused as the contract says, nothing breaks and nothing is written.
//!
//! The RPCs come from the descriptors, so a new one without an example fails here.

mod call;
mod callers;
mod examples;
mod judgement;
mod lenience;
mod mutations;
mod roles;
mod strangers;
mod tokens;
mod unpermitted;
mod written;

use std::collections::BTreeSet;

use rekey_client::Problem;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::access;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use call::{Credentials, Lines};
use examples::{Ends, Example, Prepared};
use judgement::fault_of;
use lenience::may_be_taken;
use mutations::{Mutation, Wrong};
pub(crate) use written::{changes, everything, without_counts, written};

on_both_store_sets!(
    every_rpc_has_a_right_request_that_works,
    wrong_requests_are_refused_and_write_nothing,
    odd_requests_that_may_be_right_break_nothing,
    bytes_that_are_no_message_are_refused_and_write_nothing,
);

async fn every_rpc_has_a_right_request_that_works(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let mut faults = Vec::new();

    for example in &examples {
        let answer = lines.call(example.path, &example.body, &of_example(&world, example)).await;
        let ended = match &answer {
            Ok(_) => Ends::Well,
            Err(status) if Problem::of(status).reason == reason_of(example) => example.ends,
            Err(_) => Ends::Refused("something else"),
        };
        if ended != example.ends {
            faults.push(format!("{}: {answer:?}", example.path));
        }
    }

    let known: BTreeSet<&str> = examples.iter().map(|example| example.path).collect();
    let missing = access::rules().keys().filter(|path| !known.contains(**path));
    faults.extend(missing.map(|path| format!("{path} has no example")));
    none(&faults);
    world.stop().await;
}

fn reason_of(example: &Example) -> &'static str {
    match example.ends {
        Ends::Well => "",
        Ends::Refused(reason) => reason,
    }
}

async fn wrong_requests_are_refused_and_write_nothing(stores: Stores) {
    let Prepared { world, examples, strangers, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let (mut faults, mut tried) = (Vec::new(), 0);
    let mut before = everything(&world).await;

    for example in &examples {
        let wrong = mutations::of(example.path, &example.body, &strangers).into_iter();
        let wrong = wrong.filter(|mutation| !may_be_taken(example.path, &mutation.field, mutation.wrong));
        let (formed, malformed): (Vec<Mutation>, _) = wrong.partition(Mutation::is_well_formed);
        for mutation in &malformed {
            faults.extend(not_refused(&lines, &world, example, mutation).await);
        }
        let between = everything(&world).await;
        for mutation in &formed {
            faults.extend(not_refused(&lines, &world, example, mutation).await);
        }
        let after = everything(&world).await;
        let by_malformed = changes(&before, &between).into_iter();
        let changed = by_malformed.chain(changes(&without_counts(between), &without_counts(after.clone())));
        faults.extend(changed.map(|what| format!("{}: {what}", example.path)));
        before = after;
        tried += formed.len() + malformed.len();
    }

    all_serve(&lines).await;
    none(&faults);
    assert!(tried > 600, "only {tried} wrong requests were found");
    world.stop().await;
}

/// What is wrong with the answer to a wrong request.
async fn not_refused(lines: &Lines, world: &World, example: &Example, mutation: &Mutation) -> Option<String> {
    let answer = lines.call(example.path, &mutation.body, &of_example(world, example)).await;
    let fault = answer.map_or_else(
        |status| fault_of(example.path, &status).or_else(|| misnamed(example, mutation, &status)),
        |_| Some("taken for a right one".to_owned()),
    );
    fault.map(|fault| format!("{} {:?} {}: {fault}", example.path, mutation.wrong, mutation.field))
}

/// What the refusal says about something else than the mistake.
fn misnamed(example: &Example, mutation: &Mutation, status: &Status) -> Option<String> {
    let problem = Problem::of(status);
    let says = match mutation.wrong {
        Wrong::Missing | Wrong::NoUuid | Wrong::NoValue | Wrong::Negative => {
            problem.code == Code::InvalidArgument
                && problem.fields.iter().any(|(field, _)| field.starts_with(&mutation.field))
        }
        Wrong::OfSomethingElse => {
            [Code::NotFound, Code::InvalidArgument, Code::FailedPrecondition].contains(&problem.code)
        }
        Wrong::NoInstant => ["FIELD_INVALID", "ALREADY_EXPIRED"].contains(&problem.reason.as_str()),
        Wrong::TooMany => problem.reason == "FIELD_INVALID",
        Wrong::Forged => tokens::refused_for(example.path, &mutation.field) == Some(problem.reason.as_str()),
        Wrong::TooLong | Wrong::Control | Wrong::Unusual => true,
    };
    (!says).then(|| format!("misnamed: {problem:?}"))
}

async fn odd_requests_that_may_be_right_break_nothing(stores: Stores) {
    let Prepared { world, examples, strangers, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let mut faults = Vec::new();

    for example in &examples {
        for mutation in mutations::of(example.path, &example.body, &strangers) {
            let answer = lines.call(example.path, &mutation.body, &of_example(&world, example)).await;
            let fault = answer.err().and_then(|status| fault_of(example.path, &status));
            let what = format!("{} {:?} {}", example.path, mutation.wrong, mutation.field);
            faults.extend(fault.map(|fault| format!("{what}: {fault}")));
        }
    }

    all_serve(&lines).await;
    none(&faults);
    world.stop().await;
}

async fn bytes_that_are_no_message_are_refused_and_write_nothing(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let before = written(&world).await;
    let mut faults = Vec::new();

    for example in &examples {
        let credentials = of_example(&world, example);
        for (what, body) in no_messages(example) {
            let answer = lines.call(example.path, &body, &credentials).await;
            let fault = match answer {
                Ok(_) => Some("taken for a message".to_owned()),
                Err(status) if Problem::of(&status).reason == what => fault_of(example.path, &status),
                Err(status) => Some(format!("{:?}", Problem::of(&status))),
            };
            faults.extend(fault.map(|fault| format!("{} is not {what}: {fault}", example.path)));
        }
    }

    faults.extend(changes(&before, &written(&world).await));
    all_serve(&lines).await;
    none(&faults);
    world.stop().await;
}

/// Bytes and the reason they are refused for.
fn no_messages(example: &Example) -> Vec<(&'static str, Vec<u8>)> {
    // Field 99 of 300 kB, which no message has.
    let mut large = vec![0x9a, 0x06, 0xe0, 0xa7, 0x12];
    large.resize(300_000 + large.len(), b'x');
    let mut bodies = vec![("REQUEST_MALFORMED", vec![0xff, 0xff, 0xff]), ("REQUEST_TOO_LARGE", large)];
    let first = mutations::input_of(example.path).get_field(1);
    if first.is_some_and(|field| field.kind() == prost_reflect::Kind::String) {
        bodies.push(("REQUEST_MALFORMED", vec![0x08, 0x01]));
        bodies.push(("REQUEST_MALFORMED", vec![0x0a, 0x02, 0xff, 0xfe]));
    }
    bodies
}

/// The credentials that an example is meant to be sent with.
pub(crate) fn of_example(world: &World, example: &Example) -> Credentials {
    Credentials { caller: Some(world.folder.service_token().unwrap()), person: example.person.clone() }
}

/// Every part answers a health check, without a caller.
pub(crate) async fn all_serve(lines: &Lines) {
    for channel in lines.all() {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(channel).check(request).await.unwrap().into_inner();
        assert_eq!(answer.status, 1);
    }
}

pub(crate) fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults\n{}\n", faults.len(), faults.join("\n"));
}
