//! Requests in the name of somebody who is signed in: what others send, plant or copy, and where they would lead the person. Stores make
//! no difference to it.

use std::path::Path;

use rekey_tests::person::create_tenant;
use rekey_tests::visitor::{Visitor, encoded};
use rekey_tests::{Stores, World, on_stores};
use rekey_wire::options::v1::Role;

const SESSION: &str = "__Host-rekey-session";
const FORM_SECRET: &str = "__Host-rekey-form";

/// The default of `portal.requests.max_body_bytes`.
const LARGEST_FORM: usize = 262_144;

/// What pages take that need no sign-in.
const LARGEST_FORM_OF_STRANGERS: usize = 16_384;

/// What a mail may do in its frame.
const FRAMED_MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox";

on_stores!(embedded Embedded: nothing_comes_of_what_others_send_in_the_name_of_who_is_signed_in);

/// Each of these has people of its own, so one suite serves them all.
async fn nothing_comes_of_what_others_send_in_the_name_of_who_is_signed_in(stores: Stores) {
    let world = World::start(stores).await;
    what_was_planted_before_signing_in_is_worth_nothing_after(&world).await;
    a_session_that_was_copied_ends_with_its_own(&world).await;
    nobody_is_led_elsewhere_after_signing_in(&world).await;
    no_form_is_taken_from_elsewhere_in_the_name_of_who_is_signed_in(&world).await;
    no_form_of_theirs_may_be_larger_than_the_settings_say(&world).await;
    a_session_is_of_its_organisation_wherever_the_browser_goes(&world).await;
    pages_of_who_is_signed_in_are_kept_by_nobody_and_framed_by_nobody(&world).await;
    only_pages_of_templates_hold_a_frame_and_only_the_mail_in_it_has_styles(&world).await;
    world.stop().await;
}

/// Session fixation: whoever can write into a browser does not wait in it for its person.
async fn what_was_planted_before_signing_in_is_worth_nothing_after(world: &World) {
    let (zoe, mallory) = (world.person("zoe-1").await, world.person("mallory-1").await);
    let (mut visitor, mut thief) = (Visitor::of(world).await, Visitor::of(world).await);
    thief.sign_in(&mallory).await;
    let of_thief = thief.hidden_for("/account/password", "/account/password").await;
    for planted in [SESSION, FORM_SECRET] {
        visitor.cookies.insert(planted.to_owned(), thief.cookies[planted].clone());
    }

    visitor.sign_in(&zoe).await;
    let shown = visitor.get("/account").await;
    let with_their_token = visitor.post("/account/password", &of_thief).await;
    let to_thief = thief.get("/account").await;

    assert!(shown.body.contains(&zoe.login) && !shown.body.contains(&mallory.login), "{shown:?}");
    assert!(!to_thief.body.contains(&zoe.login), "{to_thief:?}");
    assert_eq!(with_their_token.status, 403);
    for planted in [SESSION, FORM_SECRET] {
        assert_ne!(visitor.cookies[planted], thief.cookies[planted], "{planted}");
    }
}

async fn a_session_that_was_copied_ends_with_its_own(world: &World) {
    let zoe = world.person("zoe-2").await;
    let mut visitor = Visitor::of(world).await;
    visitor.sign_in(&zoe).await;
    let copied = visitor.cookies[SESSION].clone();

    let left = visitor.fill("/account", "/sign-out", &[]).await;
    let forgotten = visitor.cookies[SESSION].clone();
    visitor.cookies.insert(SESSION.to_owned(), copied);
    let with_copy = visitor.get("/account").await;

    assert_eq!((left.status, left.values("Location"), forgotten.as_str()), (303, vec!["/sign-in"], ""));
    assert_eq!((with_copy.status, with_copy.values("Location")), (303, vec!["/sign-in?next=%2Faccount"]));
}

async fn nobody_is_led_elsewhere_after_signing_in(world: &World) {
    let zoe = world.person("zoe-3").await;
    let elsewhere = [
        "https://evil.example",
        "//evil.example",
        " //evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/account//evil.example",
        "/%2F%2Fevil.example",
        "/account?next=//evil.example",
        "/account?next=%2F%2Fevil.example",
        "/account?prefix=//evil.example",
        "/account?prefix=%2F%2Fevil.example",
        "/account?prefix=%5C%5Cevil.example",
        "/account?prefix=%0D%0Aevil",
        "/account?prefix=a&token=evil",
        "/account?lang=evil",
        "/account?evil",
        "//evil.example?prefix=a",
        "/\\evil.example?prefix=a",
        "/account?prefix=a#//evil.example",
        "/account#//evil.example",
        "https:evil.example",
        "javascript:alert(1)",
    ];

    for next in elsewhere {
        let mut visitor = Visitor::of(world).await;
        let asked = format!("/sign-in?{}", encoded(&[("next", next)]));
        let shown = visitor.get(&asked).await.body.replace("&#x2f;", "/");
        let typed = [("login", zoe.login.as_str()), ("password", zoe.password.as_str()), ("next", next)];
        let there = visitor.fill(&asked, "/sign-in", &typed).await;

        assert!(
            shown.contains("name=\"next\" value=\"/account\"") && !shown.contains("evil"),
            "{next}: {shown}"
        );
        assert_eq!((there.status, there.values("Location")), (303, vec!["/account"]), "{next}");
    }

    let filtered = "/administration/accounts?prefix=zoe+%26+max&state=blocked";
    let mut visitor = Visitor::of(world).await;
    let asked = visitor.get(&format!("{filtered}&page=later&lang=en")).await;
    let form = asked.values("Location")[0];
    let typed = [("login", zoe.login.as_str()), ("password", zoe.password.as_str()), ("next", filtered)];
    let shown = visitor.get(form).await.body.replace("&#x2f;", "/").replace("&amp;", "&");
    let there = visitor.fill(form, "/sign-in", &typed).await;

    assert_eq!(form, format!("/sign-in?{}", encoded(&[("next", filtered)])));
    assert!(shown.contains(&format!("name=\"next\" value=\"{filtered}\"")), "{shown}");
    assert_eq!((there.status, there.values("Location")), (303, vec![filtered]));
}

async fn no_form_is_taken_from_elsewhere_in_the_name_of_who_is_signed_in(world: &World) {
    let (zoe, mallory) = (world.person("zoe-4").await, world.person("mallory-4").await);
    let (mut visitor, mut other) = (Visitor::of(world).await, Visitor::of(world).await);
    visitor.sign_in(&zoe).await;
    other.sign_in(&mallory).await;
    // Help is asked for at an address that is none of these.
    let of_another_form = visitor.hidden_of("/help").await;
    let of_another_browser = other.hidden_of("/help").await;
    let evil = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    let paths = addresses_of_forms();

    for path in &paths {
        let refused = [
            visitor.post(path, "").await.status,
            visitor.post(path, &of_another_form).await.status,
            visitor.post(path, &of_another_browser).await.status,
            visitor.post_from(path, &evil, &of_another_form).await.status,
            visitor.post_from(path, &[], &of_another_form).await.status,
        ];

        assert_eq!(refused, [403; 5], "{path}");
    }
    // "Sign out" is one of them.
    assert!(paths.len() > 30 && paths.iter().any(|path| path == "/sign-out"), "{paths:?}");
    assert_eq!(visitor.get("/account").await.status, 200);
}

async fn no_form_of_theirs_may_be_larger_than_the_settings_say(world: &World) {
    let zoe = world.person("zoe-5").await;
    let mut visitor = Visitor::of(world).await;
    visitor.sign_in(&zoe).await;

    for path in addresses_of_forms() {
        let bytes = largest_form(&path);
        let (largest, larger) = ("x".repeat(bytes), "x".repeat(bytes + 1));
        let statuses =
            [visitor.post(&path, &largest).await.status, visitor.post(&path, &larger).await.status];

        // The largest is read, and found to be none of ours.
        assert_eq!(statuses, [403, 413], "{path}");
    }
}

async fn a_session_is_of_its_organisation_wherever_the_browser_goes(world: &World) {
    let elsewhere = create_tenant(&world.identity, "globex").await;
    let yan = world.person_in(&elsewhere, "yan@globex.example", |_| {}).await;
    let zoe = world.person("zoe-6").await;
    world.grant(&zoe, Role::UserAdministrator).await;
    let mut visitor = Visitor::of(world).await;
    visitor.sign_in(&zoe).await;
    visitor.get("/o/globex").await;
    let account = |id: &str| format!("/administration/accounts/{id}");

    let own = visitor.get(&account(&zoe.account_id)).await;
    let foreign = visitor.get(&account(&yan.account_id)).await;
    let list = visitor.get("/administration/accounts").await;

    assert_eq!((own.status, foreign.status, list.status), (200, 404, 200));
    assert!(own.body.contains(&zoe.login) && list.body.contains(&zoe.login), "{list:?}");
    for page in [&foreign, &list] {
        assert!(!page.body.contains(&yan.login), "{page:?}");
    }
}

async fn pages_of_who_is_signed_in_are_kept_by_nobody_and_framed_by_nobody(world: &World) {
    let zoe = world.person("zoe-7").await;
    let mut visitor = Visitor::of(world).await;
    visitor.sign_in(&zoe).await;
    let pages = ["", "/password", "/recovery-codes", "/sessions", "/directories", "/security-info"];

    for page in pages {
        let answer = visitor.get(&format!("/account{page}")).await;

        let policy = answer.values("Content-Security-Policy").concat();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{page}: {policy}");
        assert!(policy.contains("default-src 'none'") && !policy.contains("frame-src"), "{page}: {policy}");
        assert_eq!((answer.status, answer.values("Cache-Control")), (200, vec!["no-store"]), "{page}");
        assert!(answer.body.contains(&zoe.login), "{page}");
    }
}

async fn only_pages_of_templates_hold_a_frame_and_only_the_mail_in_it_has_styles(world: &World) {
    let zoe = world.person("zoe-8").await;
    world.grant(&zoe, Role::PolicyAdministrator).await;
    let mut visitor = Visitor::of(world).await;
    visitor.sign_in(&zoe).await;
    let list = "/administration/templates";
    let text = format!("{list}/password_reset_code/en");
    let draft = |subject| {
        let body = "<script>top.location = '/'</script>\n\n{{ code }}\n\n{{ minutes }}";
        [("step", "frame"), ("subject", subject), ("text", body), ("sms", "{{ code }} {{ minutes }}")]
    };

    let of_list = visitor.get(list).await.values("Content-Security-Policy").concat();
    let holders = [visitor.get(&text).await, visitor.get(&format!("{text}/built-in")).await];
    let framed = [
        visitor.get(&format!("{text}/preview")).await,
        visitor.get(&format!("{text}/built-in/preview")).await,
        visitor.fill(&text, &text, &draft("Acme")).await,
        visitor.fill(&text, &text, &draft("{{ code }}")).await,
    ];
    let of_no_form = visitor.post(&text, &encoded(&draft("Acme"))).await;

    assert!(of_list.contains("default-src 'none'") && !of_list.contains("frame-src"), "{of_list}");
    let with_frame = format!("{of_list}; frame-src 'self'");
    for holder in &holders {
        let policy = holder.values("Content-Security-Policy");
        assert_eq!((holder.status, policy), (200, vec![with_frame.as_str()]));
        assert_eq!(holder.values("X-Frame-Options"), ["DENY"]);
    }
    for mail in &framed {
        assert_eq!(mail.values("Content-Security-Policy"), [FRAMED_MAIL], "{mail:?}");
        assert_eq!(
            (mail.values("X-Frame-Options"), mail.values("Cache-Control")),
            (vec!["SAMEORIGIN"], vec!["no-store"])
        );
        assert!(mail.body.contains(" style=\"") && !mail.body.contains("<script"), "{mail:?}");
    }
    assert_eq!(framed.each_ref().map(|mail| mail.status), [200, 200, 200, 422]);
    assert!(
        framed[2].body.contains("<p>&lt;script&gt;top.location")
            && framed[2].body.contains("<base target=\"_blank\">")
    );
    assert!(framed[3].body.contains("There is no preview") && !framed[3].body.contains("271828"));
    assert_eq!((of_no_form.status, of_no_form.values("X-Frame-Options")), (403, vec!["DENY"]));
}

/// Every address below the pages that takes a form, with something in place of what it names. Routes are read from the source, since a
/// router does not list them: a new one is among these, and one that is written in another way fails here.
fn addresses_of_forms() -> Vec<String> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/portal/src/pages");
    let texts = sources_below(&pages);
    let routes = texts.iter().flat_map(|text| text.split(".route(").skip(1));
    // Behind the last route of a function comes its end.
    let routes = routes.map(|route| route.split("\n}").next().unwrap().trim_start());
    let paths = routes.filter(|route| route.contains("post(")).map(address);
    // The file of a logo has a bound of its own.
    paths.filter(|path| path != "/administration/policy/logo").collect()
}

/// The largest form that an address takes.
fn largest_form(path: &str) -> usize {
    let is_behind_sign_in = path.starts_with("/account") || path.starts_with("/administration");
    if is_behind_sign_in { LARGEST_FORM } else { LARGEST_FORM_OF_STRANGERS }
}

fn address(route: &str) -> String {
    let literal = |text: &str| text.split('"').nth(1).unwrap().to_owned();
    let path = match route.split([',', '(']).next().unwrap() {
        "&entry" => format!("/account/security-info/{{entry}}/{}", literal(route)),
        "BATCH_PATH" => "/administration/accounts/reset".to_owned(),
        path if path.starts_with("\"/") => literal(path),
        _ => panic!("this route is not read here: {route}"),
    };
    let filled = |part: &str| if part.starts_with('{') { "AAAAAAAA".to_owned() } else { part.to_owned() };
    path.split('/').map(filled).collect::<Vec<_>>().join("/")
}

fn sources_below(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = paths.flat_map(|path| {
        if path.is_dir() { sources_below(&path) } else { vec![std::fs::read_to_string(&path).unwrap()] }
    });
    texts.collect()
}
