//! A browser: it keeps cookies and one connection, sends the forms that pages show it, and says when the first byte of an answer came.
//!
//! An answer counts as begun when its head is there: `hyper` hands over no less. The portal sends a head in one piece, mostly with the
//! page behind it. There is no pool, which would say nothing of when it connects: a connection is open before the clock starts.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Somebody's browser.
pub(super) struct Browser {
    /// Whom it asks, as the address bar has it: `host:port`.
    host: String,
    /// By name.
    cookies: BTreeMap<String, String>,
    connection: Option<SendRequest<String>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: Bytes,
    /// From when the request was sent until the head of the answer was there.
    pub(super) first_byte: Duration,
}

impl Browser {
    /// One that knows nothing yet.
    pub(super) fn new(host: &str) -> Self {
        Self { host: host.to_owned(), cookies: BTreeMap::new(), connection: None }
    }

    /// One that belongs to the demo's organisation.
    pub(super) async fn of_demo(host: &str) -> anyhow::Result<Self> {
        let mut browser = Self::new(host);
        browser.get("/o/demo").await?.leads_on()?;
        Ok(browser)
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.ask(Method::GET, path, None).await
    }

    /// A page that has to be there.
    pub(super) async fn show(&mut self, path: &str) -> anyhow::Result<Answer> {
        let answer = self.get(path).await?;
        ensure!(answer.status == 200, "{path} answered {}", answer.status);
        Ok(answer)
    }

    /// Fills in the form of a page that is sent to `action`.
    pub(super) async fn submit(
        &mut self,
        page: &Answer,
        action: &str,
        typed: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let form = filled(&page.text(), action, typed)?;
        self.ask(Method::POST, action, Some(form)).await
    }

    /// Forgets the cookies whose names begin so.
    pub(super) fn forget(&mut self, beginning: &str) {
        self.cookies.retain(|name, _| !name.starts_with(beginning));
    }

    /// Closes its connection.
    pub(super) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Whether its connection is open at both ends.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_closed())
    }

    async fn ask(&mut self, method: Method, path: &str, form: Option<String>) -> anyhow::Result<Answer> {
        let what = format!("{method} {path}");
        let request = self.request(method, path, form)?;
        let answer = self.exchange(request).await.context(what)?;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str()?);
        }
        Ok(answer)
    }

    fn request(&self, method: Method, path: &str, form: Option<String>) -> anyhow::Result<Request<String>> {
        let host = &self.host;
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        request = request.header(USER_AGENT, "rekey-bench/1").header(ACCEPT_LANGUAGE, "en");
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(COOKIE, cookies.collect::<Vec<_>>().join("; "));
        }
        if form.is_some() {
            request =
                request.header(ORIGIN, format!("http://{host}")).header("sec-fetch-site", "same-origin");
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        Ok(request.body(form.unwrap_or_default())?)
    }

    /// Sends a request and reads its answer.
    async fn exchange(&mut self, request: Request<String>) -> anyhow::Result<Answer> {
        let mut connection = self.connection().await?;
        let began = Instant::now();
        let answer = connection.send_request(request).await?;
        let first_byte = began.elapsed();
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        self.connection = Some(connection);
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body, first_byte })
    }

    /// The connection that is kept, or another. The portal closes those on which nothing was asked for a while.
    async fn connection(&mut self) -> anyhow::Result<SendRequest<String>> {
        if let Some(mut kept) = self.connection.take()
            && kept.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let stream = TcpStream::connect(self.host.as_str()).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender, and what goes wrong with it is told to whoever sends.
        tokio::spawn(connection);
        sender.ready().await?;
        Ok(sender)
    }

    /// Keeps a cookie, or forgets the one that was told to end.
    fn keep(&mut self, line: &str) {
        let pair = line.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        if line.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Answer {
    /// Its markup, with the slashes that templates escape.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).replace("&#x2f;", "/")
    }

    /// Where it leads, which has to be elsewhere.
    pub(super) fn leads_on(&self) -> anyhow::Result<&str> {
        let location = self.headers.get(LOCATION).filter(|_| self.status == 303);
        let location =
            location.with_context(|| format!("an answer of {} where a redirect was to come", self.status))?;
        Ok(location.to_str()?)
    }
}

/// The form that a page sends to `action`, with what was typed.
fn filled(page: &str, action: &str, typed: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for name in ["form_token", "request_id"] {
        let value = hidden(page, action, name);
        form.append_pair(name, value.with_context(|| format!("no form of {action} has a {name}"))?);
    }
    Ok(form.extend_pairs(typed).finish())
}

/// The value of a hidden field of the form that is sent to `action`.
fn hidden<'a>(page: &'a str, action: &str, name: &str) -> Option<&'a str> {
    let (_, form) = page.split_once(&format!("action=\"{action}\""))?;
    let (_, rest) = form.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// The address of a server that says of each request over which of its connections it came.
    async fn server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            for number in 0_usize.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, number));
            }
        });
        host
    }

    /// Answers requests without a body; one for `/last` with that this was the last.
    async fn answer(mut stream: TcpStream, number: usize) {
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(asked)) = lines.next_line().await {
            while lines.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            let field = if asked.contains("/last") { "Connection: close\r\n" } else { "" };
            let head = "HTTP/1.1 303 See Other\r\nLocation: /reset\r\nSet-Cookie: __Host-a=b; Path=/\r\n";
            let answer = format!("{head}{field}Content-Length: 1\r\n\r\n{number}");
            writer.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn field<'a>(request: &'a Request<String>, name: &str) -> Option<&'a str> {
        request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn an_answer_comes_with_its_body_and_its_cookies_are_kept() {
        let mut browser = Browser::new(&server().await);

        let answer = browser.get("/").await.unwrap();

        assert_eq!((answer.status, answer.text().as_str(), answer.leads_on().unwrap()), (303, "0", "/reset"));
        assert_eq!(browser.cookies, BTreeMap::from([("__Host-a".to_owned(), "b".to_owned())]));
    }

    #[tokio::test]
    async fn a_connection_is_kept_until_either_end_closes_it() {
        let mut browser = Browser::new(&server().await);
        let mut over = Vec::new();

        for path in ["/", "/last", "/"] {
            over.push(browser.get(path).await.unwrap().text());
        }
        let was_connected = browser.is_connected();
        browser.hang_up();
        let is_connected = browser.is_connected();
        over.push(browser.get("/").await.unwrap().text());

        assert_eq!(over, ["0", "0", "1", "2"]);
        assert_eq!((was_connected, is_connected), (true, false));
    }

    #[test]
    fn cookies_are_sent_until_they_are_told_to_end() {
        let mut browser = Browser::new("localhost:7300");

        browser.keep("__Host-rekey-form=1; Path=/; Max-Age=43200; Secure");
        browser.keep("__Host-rekey-reset-abc=2; Path=/");
        let both = browser.request(Method::GET, "/", None).unwrap();
        browser.forget("__Host-rekey-reset-");
        let one = browser.request(Method::GET, "/", None).unwrap();
        browser.keep("__Host-rekey-form=; Path=/; Max-Age=0; Secure");
        let none = browser.request(Method::GET, "/", None).unwrap();

        assert_eq!(field(&both, "cookie"), Some("__Host-rekey-form=1; __Host-rekey-reset-abc=2"));
        assert_eq!(field(&one, "cookie"), Some("__Host-rekey-form=1"));
        assert_eq!(field(&none, "cookie"), None);
    }

    #[test]
    fn a_form_says_where_it_comes_from() {
        let (browser, form) = (Browser::new("localhost:7300"), "login=zoe".to_owned());

        let request = browser.request(Method::POST, "/reset", Some(form)).unwrap();

        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/reset"));
        assert_eq!(field(&request, "host"), Some("localhost:7300"));
        assert_eq!(field(&request, "origin"), Some("http://localhost:7300"));
        assert_eq!(field(&request, "content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.body(), "login=zoe");
    }

    #[test]
    fn hidden_fields_are_those_of_the_form_that_is_meant() {
        let page = "<form action=\"/a\"><input name=\"form_token\" value=\"1\"></form>\
                    <form action=\"/b\"><input name=\"form_token\" value=\"2\"></form>";

        let tokens = ["/a", "/b", "/c"].map(|action| hidden(page, action, "form_token"));

        assert_eq!(tokens, [Some("1"), Some("2"), None]);
    }
}
