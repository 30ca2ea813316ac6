//! The portal's part of the story: what is typed into its forms, what browsers keep of it, and the links of mails.

use rekey_tests::World;
use rekey_tests::person::Person;
use rekey_tests::visitor::Visitor;

use crate::secrets::story::{Told, add_token, code_for};

const WRONG: &str = "not the right one on a page";
const NEW: &str = "a harbour full of lanterns";

/// Shorter ones say nothing that is secret, such as that there is no session.
const SHORTEST_COOKIE: usize = 32;

pub(crate) async fn visit(world: &World, told: &mut Told) {
    let vera = world.person("vera").await;
    told.addresses.add("address on a page", &vera.login);
    let passwords = [("right", vera.password.as_str()), ("wrong", WRONG), ("new", NEW)];
    for (name, password) in passwords {
        told.secrets.add(&format!("{name} password on a page"), password);
    }
    let mut visitor = Visitor::of(world).await;

    let typed = [("login", vera.login.as_str()), ("password", WRONG)];
    let rejected = visitor.fill("/sign-in", "/sign-in", &typed).await;
    visitor.sign_in(&vera).await;
    let sessions = visitor.get("/account/sessions").await;
    add_cookies("of who is signed in", &visitor, told);
    forget_and_reset(world, &vera, &mut visitor, told).await;
    open_link(world, &vera, &mut visitor, told).await;

    assert_eq!((rejected.status, sessions.status), (422, 200));
}

async fn forget_and_reset(world: &World, vera: &Person, visitor: &mut Visitor, told: &mut Told) {
    let (reset, _) = visitor.begin(&vera.login).await;
    let [prove, code, password] = ["prove", "code", "password"].map(|page| format!("{reset}/{page}"));
    visitor.fill(&prove, &prove, &[("method", "1")]).await;
    let sent = code_for(world, &vera.login).await;
    told.secrets.add("code on a page", &sent);
    visitor.fill(&code, &code, &[("code", sent.as_str())]).await;
    add_cookies("of who resets", visitor, told);
    let set = visitor.fill(&password, &password, &[("password", NEW), ("repeated", NEW)]).await;

    assert_eq!(set.values("Location"), ["/reset/done"]);
}

/// "This was not me": the one token that an address has.
async fn open_link(world: &World, vera: &Person, visitor: &mut Visitor, told: &mut Told) {
    let token = world.repudiation_token(vera).await;
    add_token("token of a link", &token, &mut told.secrets);
    let opened = visitor.get(&format!("/not-me?token={token}")).await;
    add_cookies("of a link", visitor, told);
    let undone = visitor.fill("/not-me", "/not-me", &[]).await;

    assert_eq!(
        (opened.values("Location"), undone.values("Location")),
        (vec!["/not-me"], vec!["/not-me/done"])
    );
}

fn add_cookies(whose: &str, visitor: &Visitor, told: &mut Told) {
    for (name, value) in visitor.cookies.iter().filter(|(_, value)| value.len() >= SHORTEST_COOKIE) {
        add_token(&format!("cookie {name} {whose}"), value, &mut told.secrets);
    }
}
