//! Plain HTTP for probes and development pages, by hand: a client library would hide what is on the wire.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

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

/// Gets a page of `host:port`; nothing when nobody answers.
pub async fn get(host: &str, path: &str) -> Option<Answer> {
    ask(host, &format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")).await
}

/// Gets or posts a page as a browser that holds a cookie; a post has an empty form.
pub async fn with_cookie(host: &str, request: &str, cookie: &str) -> Option<Answer> {
    let head = format!("{request} HTTP/1.0\r\nHost: {host}\r\nCookie: {cookie}\r\n");
    ask(host, &format!("{head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n"))
        .await
}

/// Posts a form as a browser that holds a cookie.
pub async fn post_form(host: &str, path: &str, cookie: &str, form: &str) -> Option<Answer> {
    let head = format!("POST {path} HTTP/1.0\r\nHost: {host}\r\nCookie: {cookie}\r\n");
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    ask(host, &format!("{head}{kind}Content-Length: {}\r\n\r\n{form}", form.len())).await
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
