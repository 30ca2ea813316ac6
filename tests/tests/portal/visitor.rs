//! Somebody who writes requests by hand and keeps the cookies that come back.

use std::collections::BTreeMap;

use rekey_tests::World;
use rekey_tests::web::{self, Answer, FORM};

pub(crate) struct Visitor {
    host: String,
    /// By name.
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Somebody of the world's organisation.
    pub(crate) async fn of(world: &World) -> Self {
        let mut visitor = Self { host: world.addresses.portal.to_string(), cookies: BTreeMap::default() };
        visitor.get("/o/acme").await;
        visitor
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "").await
    }

    /// What a form of a page says of itself: token and request id, as they are sent.
    pub(crate) async fn hidden_of(&mut self, page: &str) -> String {
        let shown = self.get(page).await;
        let [token, request_id] = ["form_token", "request_id"].map(|name| hidden(&shown.body, name));
        format!("form_token={token}&request_id={request_id}")
    }

    /// Sends a form as a browser does from a page of the portal.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        let origin = format!("http://{}", self.host);
        self.post_from(path, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")], form).await
    }

    /// Sends a form and says this of where it comes from.
    pub(crate) async fn post_from(&mut self, path: &str, from: &[(&str, &str)], form: &str) -> Answer {
        self.send(&format!("POST {path}"), &[from, &[FORM]].concat(), form).await
    }

    /// Begins a reset; the address of its pages.
    pub(crate) async fn begin(&mut self, login: &str) -> (String, Answer) {
        let hidden = self.hidden_of("/reset").await;
        let login = login.replace('@', "%40");
        let begun = self.post("/reset", &format!("{hidden}&login={login}")).await;
        assert_eq!(begun.status, 303, "{begun:?}");
        let reset = begun.values("Location")[0].strip_suffix("/prove").unwrap().to_owned();
        (reset, begun)
    }

    async fn send(&mut self, request: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let fields = [fields, &[("Cookie", cookies.as_str())]].concat();
        let answer = web::send(&self.host, request, &fields, body).await.unwrap();
        for line in answer.values("Set-Cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// The value of a hidden field of the first form on a page.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).expect("a page with a form");
    rest.split('"').next().unwrap()
}
