//! A login that nobody has is answered as one that somebody has: status, header fields and page, from one end of a reset to the other,
//! whether the organisation shows kinds of methods or masked destinations. Stores make no difference to it.

use rekey_tests::visitor::Visitor;
use rekey_tests::web::Answer;
use rekey_tests::{Stores, World, on_stores};
use rekey_wire::identity::v1::{MethodKind, ResetMethod};

/// Enough for decoys to be drawn from them: everybody has an address and a number, and so has every decoy.
const PEOPLE: usize = 24;

/// As long as the name of a reset, in whose place it is put.
const RESET: &str = "RESET---";

on_stores!(embedded Embedded: a_login_that_nobody_has_is_answered_as_one_that_somebody_has);

async fn a_login_that_nobody_has_is_answered_as_one_that_somebody_has(stores: Stores) {
    let world = World::start(stores).await;
    for number in 0..PEOPLE {
        world.person_with(&format!("zoe-{number:02}"), |new| new.phone_numbers = vec![phone(number)]).await;
    }

    let by_kind =
        [walk_both(&world, 0, MethodKind::Email).await, walk_both(&world, 1, MethodKind::Phone).await];
    world.show_masks().await;
    let masked =
        [walk_both(&world, 2, MethodKind::Email).await, walk_both(&world, 3, MethodKind::Phone).await];

    assert!(by_kind.concat().is_empty(), "{by_kind:?}");
    assert_eq!(masked[0], ["z•••••@a•••••", "•••••••••02"]);
    assert_eq!(masked[1], ["z•••••@a•••••", "•••••••••03"]);
    world.stop().await;
}

/// The number of somebody.
fn phone(number: usize) -> String {
    format!("+150055501{number:02}")
}

/// Two go the same way step by step, one with the login of somebody and one with a login that differs in a letter. What the known one is
/// shown of their destinations.
async fn walk_both(world: &World, number: usize, kind: MethodKind) -> Vec<String> {
    let logins = ["zoe", "xoe"].map(|name| format!("{name}-{number:02}@acme.example"));
    let [mut known, mut unknown] =
        [Walk::begin(world, &logins[0]).await, Walk::begin(world, &logins[1]).await];
    let offered = known.offered();
    let (chosen, _) = offered.iter().find(|(_, offered)| *offered == kind).unwrap();
    let to = if kind == MethodKind::Phone { phone(number) } else { logins[0].clone() };

    for walk in [&mut known, &mut unknown] {
        walk.send("prove", &[("method", chosen.as_str())]).await;
    }
    let wrong = other_code(&world.code_for(&to).await);
    for walk in [&mut known, &mut unknown] {
        walk.send("code", &[("code", wrong.as_str())]).await;
        walk.send("help", &[("message", "I lost my phone")]).await;
        walk.look("/help/sent").await;
    }
    world.settled().await;

    assert_eq!(offered, unknown.offered());
    assert_eq!(known.statuses(), [200, 303, 200, 303, 200, 422, 200, 303, 200]);
    for (expected, found) in known.texts().iter().zip(unknown.texts()) {
        assert_eq!(*expected, found, "{kind:?}");
    }
    assert_eq!(unknown.statuses(), known.statuses());
    for walk in [&known, &unknown] {
        assert!(walk.masks().iter().all(|mask| walk.answers[2].body.contains(mask)), "{:?}", walk.answers[2]);
    }
    assert_eq!(world.mail_to(&logins[1]), []);
    known.masks()
}

/// A code of the same length that is not this one.
fn other_code(code: &str) -> String {
    let (start, last) = code.split_at(code.len() - 1);
    format!("{start}{}", if last == "0" { "1" } else { "0" })
}

/// Somebody on the way through the pages of a reset.
struct Walk<'a> {
    visitor: Visitor,
    login: &'a str,
    /// What is offered to the login.
    methods: Vec<ResetMethod>,
    /// The address of the pages.
    reset: String,
    answers: Vec<Answer>,
}

impl<'a> Walk<'a> {
    /// Says who they are.
    async fn begin(world: &World, login: &'a str) -> Self {
        let methods = world.start_reset(login).await.methods;
        let mut visitor = Visitor::of(world).await;
        let who = visitor.get("/reset").await;
        let (reset, begun) = visitor.begin(login).await;
        Self { visitor, login, methods, reset, answers: vec![who, begun] }
    }

    /// Looks at a page.
    async fn look(&mut self, page: &str) {
        self.answers.push(self.visitor.get(page).await);
    }

    /// Looks at a page of the reset, and sends its form.
    async fn send(&mut self, page: &str, typed: &[(&str, &str)]) {
        let page = format!("{}/{page}", self.reset);
        self.look(&page).await;
        self.answers.push(self.visitor.fill(&page, &page, typed).await);
    }

    fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }

    /// What can be chosen, and of which kind it is.
    fn offered(&self) -> Vec<(String, MethodKind)> {
        self.methods.iter().map(|method| (method.method_id.clone(), method.kind())).collect()
    }

    /// What is shown of destinations: of the address, then of the number.
    fn masks(&self) -> Vec<String> {
        let masks = self.methods.iter().map(|method| method.masked_destination.clone());
        let mut masks: Vec<String> = masks.filter(|mask| !mask.is_empty()).collect();
        masks.sort();
        masks
    }

    /// The answers without what is of the login or drawn anew for each reset. Of that, lengths stay.
    fn texts(&self) -> Vec<String> {
        let text = |answer: &Answer| {
            let fields: Vec<String> = answer.head.lines().map(without_values).collect();
            let text = format!("{}\n\n{}", fields.join("\n"), without_tokens(&answer.body));
            let text = text.replace(self.reset.trim_start_matches("/reset/"), RESET);
            let text = text.replace(self.login, &"L".repeat(self.login.len()));
            self.masks().iter().fold(text, |text, mask| text.replace(mask, &"M".repeat(mask.len())))
        };
        self.answers.iter().map(text).collect()
    }
}

/// A header field without what is sealed in a cookie, and without the time.
fn without_values(field: &str) -> String {
    if let Some((name, _)) = field.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("date")) {
        return name.to_owned();
    }
    let cookie = field.split_once("__Host-").and_then(|(start, rest)| {
        let (name, rest) = rest.split_once('=')?;
        let (sealed, attributes) = rest.split_once(';')?;
        Some(format!("{start}__Host-{name}={};{attributes}", "x".repeat(sealed.len())))
    });
    cookie.unwrap_or_else(|| field.to_owned())
}

/// A page without the tokens of its forms.
fn without_tokens(page: &str) -> String {
    ["form_token", "request_id"].iter().fold(page.to_owned(), |page, name| {
        let start = format!("name=\"{name}\" value=\"");
        let mut forms = page.split(start.as_str());
        let before = forms.next().unwrap_or_default().to_owned();
        forms.fold(before, |text, form| {
            let (token, rest) = form.split_once('"').unwrap();
            format!("{text}{start}{}\"{rest}", "x".repeat(token.len()))
        })
    })
}
