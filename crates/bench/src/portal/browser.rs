//! A browser by hand: it keeps cookies and one connection, sends the forms that pages show it, and says when the first byte of an
//! answer came, which a client library keeps to itself.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// More than a page has, so that most come in one read.
const BUFFER_BYTES: usize = 32_768;

/// What ends the head of an answer.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Somebody's browser.
pub(super) struct Browser {
    /// Whom it asks, as the address bar has it: `host:port`.
    host: String,
    /// By name.
    cookies: BTreeMap<String, String>,
    connection: Option<TcpStream>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and header fields.
    head: String,
    pub(super) body: Vec<u8>,
    /// From when the request was sent.
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
        self.ask("GET", path, None).await
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
        self.ask("POST", action, Some(&form)).await
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
        self.connection.as_ref().is_some_and(is_open)
    }

    async fn ask(&mut self, method: &str, path: &str, form: Option<&str>) -> anyhow::Result<Answer> {
        let request = self.request(method, path, form);
        let mut connection = match self.connection.take() {
            Some(connection) if is_open(&connection) => connection,
            // The portal closes connections on which nothing was asked for a while; browsers open another.
            _ => {
                let connection = TcpStream::connect(self.host.as_str()).await?;
                connection.set_nodelay(true)?;
                connection
            }
        };
        let answer = exchange(&mut connection, &request).await;
        let answer = answer.with_context(|| format!("{method} {path}"))?;
        self.connection = Some(connection);
        for line in answer.values("set-cookie") {
            self.keep(line);
        }
        Ok(answer)
    }

    fn request(&self, method: &str, path: &str, form: Option<&str>) -> String {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let host = &self.host;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: rekey-bench/1\r\nAccept-Language: en\r\n"
        );
        if !cookies.is_empty() {
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if let Some(form) = form {
            request += &format!("Origin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n");
            request += "Content-Type: application/x-www-form-urlencoded\r\n";
            request += &format!("Content-Length: {}\r\n", form.len());
        }
        request + "\r\n" + form.unwrap_or_default()
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
        let location = self.values("location").next();
        let location = location.filter(|_| self.status == 303);
        location.with_context(|| format!("an answer of {} where a redirect was to come", self.status))
    }

    /// The values of a header field.
    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        values(&self.head, name)
    }
}

/// The values of a header field, in their order.
fn values<'a>(head: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
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

/// Whether nothing came that nobody asked for; the end of a connection is such a thing.
fn is_open(connection: &TcpStream) -> bool {
    connection.try_read(&mut [0_u8]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Sends a request and reads its answer.
async fn exchange(connection: &mut TcpStream, request: &str) -> anyhow::Result<Answer> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let began = Instant::now();
    connection.write_all(request.as_bytes()).await?;
    let mut count = connection.read(&mut buffer).await?;
    let first_byte = began.elapsed();
    let mut received = Vec::new();
    loop {
        ensure!(count > 0, "the connection ended before the answer did");
        received.extend_from_slice(&buffer[..count]);
        if let Some(answer) = whole(&received, first_byte)? {
            return Ok(answer);
        }
        count = connection.read(&mut buffer).await?;
    }
}

/// The answer once all of it is there.
fn whole(received: &[u8], first_byte: Duration) -> anyhow::Result<Option<Answer>> {
    let end = received.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD);
    let Some(end) = end else { return Ok(None) };
    let head = std::str::from_utf8(&received[..end]).context("a head that is no text")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let status = status.context("an answer without a status")?;
    let length = values(head, "content-length").next().and_then(|length| length.parse::<usize>().ok());
    let length = length.context("an answer that does not say how long it is")?;
    let body = received[end + END_OF_HEAD.len()..].get(..length);
    Ok(body.map(|body| Answer { status, head: head.to_owned(), body: body.to_owned(), first_byte }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "HTTP/1.1 303 See Other\r\nlocation: /reset\r\nset-cookie: __Host-a=b; Path=/\r\n\
                          Content-Length: 5\r\n\r\nhello";

    fn browser() -> Browser {
        Browser::new("localhost:7300")
    }

    #[test]
    fn an_answer_is_whole_once_its_body_is() {
        let received = |bytes: usize| whole(&ANSWER.as_bytes()[..bytes], Duration::ZERO).unwrap();

        assert_eq!((received(20), received(ANSWER.len() - 1)), (None, None));
        let answer = received(ANSWER.len()).unwrap();
        assert_eq!(
            (answer.status, answer.text().as_str(), answer.leads_on().unwrap()),
            (303, "hello", "/reset")
        );
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n", Duration::ZERO).is_err());
    }

    #[test]
    fn cookies_are_sent_until_they_are_told_to_end() {
        let mut browser = browser();

        browser.keep("__Host-rekey-form=1; Path=/; Max-Age=43200; Secure");
        browser.keep("__Host-rekey-reset-abc=2; Path=/");
        let both = browser.request("GET", "/", None);
        browser.forget("__Host-rekey-reset-");
        let one = browser.request("GET", "/", None);
        browser.keep("__Host-rekey-form=; Path=/; Max-Age=0; Secure");
        let none = browser.request("GET", "/", None);

        assert!(both.contains("Cookie: __Host-rekey-form=1; __Host-rekey-reset-abc=2\r\n"), "{both}");
        assert!(one.contains("Cookie: __Host-rekey-form=1\r\n"), "{one}");
        assert!(!none.contains("Cookie"), "{none}");
    }

    #[test]
    fn a_form_says_where_it_comes_from_and_how_long_it_is() {
        let request = browser().request("POST", "/reset", Some("login=zoe"));

        assert!(request.starts_with("POST /reset HTTP/1.1\r\nHost: localhost:7300\r\n"), "{request}");
        assert!(request.contains("Origin: http://localhost:7300\r\n"), "{request}");
        assert!(request.ends_with("Content-Length: 9\r\n\r\nlogin=zoe"), "{request}");
    }

    #[test]
    fn hidden_fields_are_those_of_the_form_that_is_meant() {
        let page = "<form action=\"/a\"><input name=\"form_token\" value=\"1\"></form>\
                    <form action=\"/b\"><input name=\"form_token\" value=\"2\"></form>";

        let tokens = ["/a", "/b", "/c"].map(|action| hidden(page, action, "form_token"));

        assert_eq!(tokens, [Some("1"), Some("2"), None]);
    }
}
