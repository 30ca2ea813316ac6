//! Somebody who writes requests to the portal by hand and keeps the cookies that come back.

use std::collections::BTreeMap;

use crate::World;
use crate::person::Person;
use crate::web::{self, Answer, FORM};

/// Somebody, with their cookies.
pub struct Visitor {
    /// What the address bar shows.
    origin: String,
    /// Who answers, one request after the other.
    hosts: Vec<String>,
    /// How many requests were sent to them.
    sent: usize,
    /// By name.
    pub cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Somebody of the world's organisation.
    pub async fn of(world: &World) -> Self {
        let origin = world.addresses.portal_url();
        let host = origin.replace("http://", "");
        let mut visitor = Self::balanced(&origin, &[host.as_str()]);
        visitor.get("/o/acme").await;
        visitor
    }

    /// Somebody who opens this origin, behind which a balancer leads each request to the next of these hosts.
    pub fn balanced(origin: &str, hosts: &[&str]) -> Self {
        let mut visitor =
            Self { origin: origin.to_owned(), hosts: Vec::new(), sent: 0, cookies: BTreeMap::default() };
        visitor.led_to(hosts);
        visitor
    }

    /// From now on the balancer knows these hosts, and begins with the first.
    pub fn led_to(&mut self, hosts: &[&str]) {
        self.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        self.sent = 0;
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "").await
    }

    /// What the first form of a page says of itself: token and request id, as they are sent.
    pub async fn hidden_of(&mut self, page: &str) -> String {
        let shown = self.get(page).await;
        hidden_fields(&shown.body)
    }

    /// The same of the form of a page that is sent to `action`.
    pub async fn hidden_for(&mut self, page: &str, action: &str) -> String {
        let shown = self.get(page).await;
        let body = shown.body.replace("&#x2f;", "/");
        let (_, form) = body.split_once(&format!("action=\"{action}\"")).expect("a page with the form");
        hidden_fields(form)
    }

    /// Sends a form as a browser does from a page of the portal.
    pub async fn post(&mut self, path: &str, form: &str) -> Answer {
        let origin = self.origin.clone();
        self.post_from(path, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")], form).await
    }

    /// Sends a form and says this of where it comes from.
    pub async fn post_from(&mut self, path: &str, from: &[(&str, &str)], form: &str) -> Answer {
        self.send(&format!("POST {path}"), &[from, &[FORM]].concat(), form).await
    }

    /// Fills in the form of a page that is sent to `action`.
    pub async fn fill(&mut self, page: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
        let hidden = self.hidden_for(page, action).await;
        self.post(action, &format!("{hidden}&{}", encoded(typed))).await
    }

    /// Begins a reset; the address of its pages.
    pub async fn begin(&mut self, login: &str) -> (String, Answer) {
        let begun = self.fill("/reset", "/reset", &[("login", login)]).await;
        assert_eq!(begun.status, 303, "{begun:?}");
        let reset = begun.values("Location")[0].strip_suffix("/prove").unwrap().to_owned();
        (reset, begun)
    }

    /// Signs in with what fits.
    pub async fn sign_in(&mut self, person: &Person) -> Answer {
        let typed = [("login", person.login.as_str()), ("password", person.password.as_str())];
        let there = self.fill("/sign-in", "/sign-in", &typed).await;
        assert_eq!((there.status, there.values("Location")), (303, vec!["/account"]), "{there:?}");
        there
    }

    async fn send(&mut self, request: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let fields = [fields, &[("Cookie", cookies.as_str())]].concat();
        let host = &self.hosts[self.sent % self.hosts.len()];
        let answer = web::send(host, request, &fields, body).await.unwrap();
        self.sent += 1;
        for line in answer.values("Set-Cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// Fields as a form or an address has them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// Token and request id of the form that comes next.
fn hidden_fields(page: &str) -> String {
    let [token, request_id] = ["form_token", "request_id"].map(|name| hidden(page, name));
    format!("form_token={token}&request_id={request_id}")
}

/// The value of a hidden field of the form that comes next.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).expect("a page with a form");
    rest.split('"').next().unwrap()
}
