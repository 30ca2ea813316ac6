//! `rekey inbox`: what the development inbox holds, newest first.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::arguments::Inbox;
use crate::output::Output;
use crate::profile::Profile;

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    to: String,
    channel: String,
    subject: String,
    text: String,
    created_at: String,
}

pub(crate) async fn run(inbox: &Inbox, profile: &Path, output: Output) -> anyhow::Result<()> {
    let address = Profile::read(profile)?.inbox.context("this suite has no development inbox")?;
    let body = get(&address, rekey_notification::inbox::MESSAGES).await?;
    let mut messages: Vec<Message> =
        serde_json::from_str(&body).context("the inbox answered something else")?;
    messages.retain(|message| inbox.to.as_ref().is_none_or(|to| *to == message.to));
    messages.truncate(inbox.limit);
    output.data(&messages, |messages| {
        if messages.is_empty() {
            return "The inbox is empty.".to_owned();
        }
        messages.iter().map(shown).collect::<Vec<_>>().join("\n")
    })
}

fn shown(message: &Message) -> String {
    let Message { to, channel, subject, text, created_at } = message;
    let head = if subject.is_empty() { String::new() } else { format!("  {subject}") };
    let body: String = text.trim().lines().map(|line| format!("    {line}\n")).collect();
    format!("{created_at}  {channel} to {to}{head}\n\n{body}")
}

/// One plain GET of our own loopback page; a client library would be larger than this command.
async fn get(base: &str, path: &str) -> anyhow::Result<String> {
    let host = base.strip_prefix("http://").context("the inbox is served over plain http on loopback")?;
    let host = host.trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await.with_context(|| format!("no inbox at {base}"))?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the inbox sent half an answer")?;
    if !head.starts_with("HTTP/1.0 200") && !head.starts_with("HTTP/1.1 200") {
        bail!("the inbox answered {}", head.lines().next().unwrap_or_default());
    }
    Ok(body.to_owned())
}
