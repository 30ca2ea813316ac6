//! What administrators read: the audit log, how far resets come, and what became of messages. Asked for by hand, since all of it stands in
//! the pages without a script.

use rekey_tests::person::{Person, create_tenant};
use rekey_tests::visitor::Visitor;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::options::v1::Role;

on_both_store_sets!(
    the_log_is_filtered_by_its_address_and_checked,
    resets_are_drawn_with_their_numbers,
    a_message_is_told_by_its_journey_and_never_by_its_content,
    messages_of_another_tenant_are_not_there,
);

/// Somebody with a role, signed in at the pages of their organisation.
async fn signed_in(world: &World, organisation: &str, person: &Person) -> Visitor {
    let mut visitor = Visitor::of(world).await;
    visitor.get(&format!("/o/{organisation}")).await;
    let hidden = visitor.hidden_of("/sign-in").await;
    let (login, password) = (person.login.replace('@', "%40"), person.password.replace(' ', "+"));
    let answer = visitor.post("/sign-in", &format!("{hidden}&login={login}&password={password}")).await;
    assert_eq!((answer.status, answer.values("Location")), (303, vec!["/account"]), "{answer:?}");
    visitor
}

async fn administrator(world: &World, role: Role) -> Visitor {
    let person = world.person("officer").await;
    world.grant(&person, role).await;
    signed_in(world, "acme", &person).await
}

/// Begins a reset and has a code sent for it, which has arrived.
async fn send_code(world: &World, person: &Person) {
    let reset = world.start_reset(&person.login).await;
    world.send_code(&reset.reset_token, &reset.methods[0].method_id).await.unwrap();
    world.code_for(&person.login).await;
}

/// The id of the only message that was handed over, and the list that has it.
async fn listed_message(visitor: &mut Visitor) -> (String, String) {
    let list = eventually("a message in the list", async || {
        let list = visitor.get("/administration/messages?state=delivered").await;
        list.body.contains("password_reset_code").then_some(list.body)
    })
    .await;
    // What is filled in is escaped, unlike the links of the page itself.
    let (_, rest) = list.split_once("messages&#x2f;").unwrap();
    (rest[..36].to_owned(), list)
}

async fn the_log_is_filtered_by_its_address_and_checked(stores: Stores) {
    let world = World::start(stores).await;
    let mut reader = administrator(&world, Role::ReportsReader).await;

    let found = eventually("the grant in the log", async || {
        let page = reader.get("/administration/audit?kind=roles.granted").await;
        page.body.contains("<details>").then_some(page)
    })
    .await;
    let nothing = reader.get("/administration/audit?kind=reset.repudiated").await;
    let wrong = reader.get("/administration/audit?kind=nonsense").await;
    let no_day = reader.get("/administration/audit?from=yesterday").await;
    let checked = reader.get("/administration/audit/verification").await;
    let messages = reader.get("/administration/messages").await;

    assert!(!found.body.contains("account.created"), "{}", found.body);
    assert!(nothing.body.contains("No event fits"), "{}", nothing.body);
    assert_eq!((wrong.status, no_day.status), (422, 422));
    assert!(wrong.body.contains("<a href=\"#kind\">There is no such kind of event"), "{}", wrong.body);
    assert!(no_day.body.contains("<a href=\"#from\">Enter a day"), "{}", no_day.body);
    assert!(checked.body.contains("are as they were written"), "{}", checked.body);
    assert_eq!(messages.status, 403);
    world.stop().await;
}

async fn resets_are_drawn_with_their_numbers(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut reader = administrator(&world, Role::ReportsReader).await;

    send_code(&world, &zoe).await;

    // The last of 24 hours, as high as the drawing: no other reset was begun.
    let column = "<rect class=\"started\" x=\"230\" y=\"0\" width=\"4\" height=\"100\"/>";
    eventually("a column of the hour", async || {
        let drawn = reader.get("/administration/audit/funnel?range=day").await;
        drawn.body.contains(column).then_some(())
    })
    .await;
    let drawn = reader.get("/administration/audit/funnel?range=day").await;
    assert!(drawn.body.contains("1 resets were begun and 0 new passwords were set"), "{}", drawn.body);
    assert!(!drawn.body.contains("style="), "{}", drawn.body);
    // What each colour of a bar stands for.
    for outcome in ["succeeded", "refused", "failed"] {
        assert!(drawn.body.contains(&format!("<rect class=\"{outcome}\" x=\"1\"")), "{outcome}");
    }
    world.stop().await;
}

async fn a_message_is_told_by_its_journey_and_never_by_its_content(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut helper = administrator(&world, Role::HelpdeskAdministrator).await;
    send_code(&world, &zoe).await;
    let subject = world.mail_to(&zoe.login)[0].subject.clone();

    let (message, list) = listed_message(&mut helper).await;
    let one = helper.get(&format!("/administration/messages/{message}")).await;
    let replay = helper.get(&format!("/administration/messages/{message}/replay")).await;
    let providers = helper.get("/administration/messages/providers").await;
    let wrong = helper.get("/administration/messages?support_code=1").await;
    let log = helper.get("/administration/audit").await;

    assert!(one.body.contains("<ol class=\"journey\">") && one.body.contains("Handed over"), "{}", one.body);
    for page in [&list, &one.body, &replay.body] {
        assert!(!page.contains(&subject) && !page.contains(&zoe.login), "{page}");
    }
    assert!(providers.body.contains("Working"), "{}", providers.body);
    assert_eq!((wrong.status, log.status), (422, 403));
    world.stop().await;
}

async fn messages_of_another_tenant_are_not_there(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let globex = create_tenant(&world.identity, "globex").await;
    let eve = world.person_in(&globex, "eve@globex.example", |_| {}).await;
    world.grant_in(&globex, &eve, Role::GlobalAdministrator).await;
    send_code(&world, &zoe).await;
    let mut ours = administrator(&world, Role::HelpdeskAdministrator).await;
    let (message, _) = listed_message(&mut ours).await;

    let mut stranger = signed_in(&world, "globex", &eve).await;
    let list = stranger.get("/administration/messages?state=delivered").await;
    let address = format!("/administration/messages/{message}");
    let mut seen = Vec::new();
    for page in ["", "/cancel", "/replay"] {
        seen.push(stranger.get(&format!("{address}{page}")).await.status);
    }

    assert!(!list.body.contains(&message) && !list.body.contains("password_reset_code"), "{}", list.body);
    assert_eq!(seen, [404; 3]);
    world.stop().await;
}
