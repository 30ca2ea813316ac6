//! Every RPC of administrators as every role: who holds the role is let through, who does not is refused and writes nothing,
//! nobody acts on themselves, and what is done leaves an event that names who did it.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use rekey::Part;
use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::access::{role_words, rules};
use rekey_wire::identity::v1::SessionTokens;
use rekey_wire::options::v1::{PersonRule, Role};
use rekey_wire::refusals;

use crate::hostile::call::{Credentials, Lines};
use crate::hostile::examples::{Example, Prepared};
use crate::hostile::mutations::input_of;
use crate::hostile::strangers::method;
use crate::hostile::{changes, none, of_example, written};

on_both_store_sets!(every_rpc_of_administrators_lets_its_roles_through_and_no_others);

const ROLES: [(Role, &str); 7] = [
    (Role::GlobalAdministrator, "global_administrator"),
    (Role::UserAdministrator, "user_administrator"),
    (Role::PasswordAdministrator, "password_administrator"),
    (Role::HelpdeskAdministrator, "helpdesk_administrator"),
    (Role::AuthenticationAdministrator, "authentication_administrator"),
    (Role::PolicyAdministrator, "policy_administrator"),
    (Role::ReportsReader, "reports_reader"),
];

/// RPCs that find nothing to do here, so that no event is due.
const NOTHING_TO_DO: [&str; 1] = ["UnfreezeAccount"];

/// Why a person is not let through.
const NOT_LET_THROUGH: [&str; 4] =
    ["ROLE_MISSING", "AUTHORITY_MISSING", "CALLER_NOT_ALLOWED", "ACCESS_TOKEN_INVALID"];

async fn every_rpc_of_administrators_lets_its_roles_through_and_no_others(stores: Stores) {
    let Prepared { world, examples, .. } = Prepared::start(stores).await;
    let lines = Lines::to(&world);
    let (mut faults, mut looked_at) = (Vec::new(), 0);
    let (mut acted, mut told) = (BTreeSet::new(), BTreeSet::new());

    for (role, word) in ROLES {
        let actor = holder(&world, role, word).await;
        let theirs = |example: &&Example| role_words(&rules()[example.path]).contains(&word.to_owned());
        let administrators = examples.iter().filter(|example| is_for_administrators(example));
        let (listed, others): (Vec<_>, Vec<_>) = administrators.partition(theirs);
        // Notices of what the role before did may still be on their way.
        world.settled().await;
        let before = written(&world).await;
        for example in others {
            let reason = called(&lines, &world, example, &actor).await.unwrap_or_default();
            if !NOT_LET_THROUGH.contains(&reason.as_str()) {
                faults.push(format!("{} as {word}: {reason}", example.path));
            }
            looked_at += 1;
        }
        let changed = changes(&before, &written(&world).await).into_iter();
        faults.extend(changed.map(|what| format!("whoever may not, as {word}: {what}")));
        for example in listed {
            let reason = called(&lines, &world, example, &actor).await;
            if let Some(reason) = reason.as_deref().filter(|reason| NOT_LET_THROUGH.contains(reason)) {
                faults.push(format!("{} as {word}: {reason}", example.path));
            }
            if reason.is_none() && changes_something(example) && acted.insert(method(example)) {
                told.extend(is_told(&world, &actor.account_id).await.then_some(method(example)));
            }
            if let Some(own) = on_oneself(example, &actor.account_id) {
                let credentials = as_actor(&world, example, &actor);
                let answer = lines.call(example.path, &own, &credentials).await;
                let reason = answer.map_or_else(|status| Problem::of(&status).reason, |_| "done".to_owned());
                if reason != "NOT_ON_YOURSELF" {
                    faults.push(format!("{} on oneself as {word}: {reason}", example.path));
                }
            }
            looked_at += 1;
        }
    }

    let silent = acted.difference(&told).filter(|method| !NOTHING_TO_DO.contains(method));
    faults.extend(silent.map(|method| format!("{method} left no event of who did it")));
    none(&faults);
    assert!(looked_at > 100, "only {looked_at} calls were made");
    assert!(acted.len() > 8, "only {acted:?} were done");
    world.stop().await;
}

/// Why an example is refused to this person; nothing if it is not.
async fn called(lines: &Lines, world: &World, example: &Example, actor: &SessionTokens) -> Option<String> {
    let answer = lines.call(example.path, &of_a_person(example), &as_actor(world, example, actor)).await;
    answer.err().map(|status| Problem::of(&status).reason)
}

fn as_actor(world: &World, example: &Example, actor: &SessionTokens) -> Credentials {
    Credentials { person: Some(actor.access_token.clone()), ..of_example(world, example) }
}

/// Somebody who holds this role alone, signed in.
async fn holder(world: &World, role: Role, word: &str) -> SessionTokens {
    let person = world.person(&word.replace('_', "-")).await;
    world.grant(&person, role).await;
    world.signed_in(&person.login, &person.password).await
}

fn is_for_administrators(example: &Example) -> bool {
    let rule = &rules()[example.path];
    rule.person() == PersonRule::Administrator && !rule.roles.is_empty() && example.person.is_none()
}

fn message_of(example: &Example) -> DynamicMessage {
    DynamicMessage::decode(input_of(example.path), example.body.as_slice()).unwrap()
}

/// A person cannot vouch for addresses.
fn of_a_person(example: &Example) -> Vec<u8> {
    let mut message = message_of(example);
    message.clear_field_by_name("addresses_confirmed");
    message.encode_to_vec()
}

fn changes_something(example: &Example) -> bool {
    message_of(example).descriptor().get_field_by_name("request_id").is_some()
}

/// The same on the actor's own account, where the RPC knows the difference.
fn on_oneself(example: &Example, own: &str) -> Option<Vec<u8>> {
    if !refusals::is_published(example.path, "NOT_ON_YOURSELF") {
        return None;
    }
    let mut message = message_of(example);
    let own = Value::String(own.to_owned());
    if message.descriptor().get_field_by_name("account_id").is_some() {
        message.set_field_by_name("account_id", own);
    } else {
        message.descriptor().get_field_by_name("account_ids")?;
        message.set_field_by_name("account_ids", Value::List(vec![own]));
    }
    // Another list needs no token of the first one.
    message.clear_field_by_name("page_token");
    if message.descriptor().get_field_by_name("request_id").is_some() {
        message.set_field_by_name("request_id", Value::String(request_id()));
    }
    Some(message.encode_to_vec())
}

/// Whether an event names who acted, other than that they were refused.
async fn is_told(world: &World, actor: &str) -> bool {
    let bare = actor.replace('-', "");
    let is_theirs = |row: &str| {
        let row = row.to_ascii_lowercase();
        let names = row.contains(actor) || row.contains(&bare);
        // A backend made the actor's own account.
        let is_their_making = row.contains("account.created") && row.contains("service");
        names && !is_their_making && !row.contains("authz.denied") && !row.contains("sign_in.")
    };
    // Those that wait to be sealed count as well.
    let is_log = |name: &str| name.starts_with("audit_events") || name == "audit_pending";
    // Read again: an event that was sealed between the reading of the one and of the other is in the first by then.
    for _ in 0..2 {
        let tables = world.tables(Part::Identity).await;
        let mut events = tables.iter().filter(|(name, _)| is_log(name));
        if events.any(|(_, rows)| rows.iter().any(|row| is_theirs(row))) {
            return true;
        }
    }
    false
}
