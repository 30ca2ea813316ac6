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

/// Posts a form of one field.
pub async fn post_form(host: &str, path: &str, field: &str, value: &str) -> Option<Answer> {
    let body = format!("{field}={value}");
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    ask(host, &request).await
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
