//! Plain HTTP for probes and development pages, by hand: a client library would hide what is on the wire.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The header field of a form.
pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// Status line and header fields.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The values of a header field, in their order.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// Gets a page of `host:port`; nothing when nobody answers.
pub async fn get(host: &str, path: &str) -> Option<Answer> {
    ask(host, &format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")).await
}

/// Gets or posts a page as a browser that holds a cookie; a post has an empty form.
pub async fn with_cookie(host: &str, request: &str, cookie: &str) -> Option<Answer> {
    send(host, request, &[("Cookie", cookie), FORM], "").await
}

/// Posts a form as a browser that holds a cookie.
pub async fn post_form(host: &str, path: &str, cookie: &str, form: &str) -> Option<Answer> {
    send(host, &format!("POST {path}"), &[("Cookie", cookie), FORM], form).await
}

/// Sends a request such as `POST /path` with these header fields; nothing when nobody answers.
pub async fn send(host: &str, request: &str, fields: &[(&str, &str)], body: &str) -> Option<Answer> {
    let field = |&(name, value): &(&str, &str)| [name, ": ", value, "\r\n"].concat();
    let fields: String = fields.iter().map(field).collect();
    let head = format!("{request} HTTP/1.0\r\nHost: {host}\r\n{fields}Content-Length: {}\r\n", body.len());
    ask(host, &format!("{head}\r\n{body}")).await
}

async fn ask(host: &str, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(host).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
