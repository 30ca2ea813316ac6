//! Where the mails of a suite go: a relay on loopback that reads the code in each, so that a reset can go on with it.
//!
//! It speaks as much SMTP as a client that trusts its relay needs (RFC 5321), takes everything and keeps nothing. It is no
//! test of the client; those use a server that we did not write.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::program::{Variable, variable};

/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// A running relay, which ends when dropped.
pub(crate) struct Post {
    address: SocketAddr,
    waiting: Waiting,
    listener: AbortHandle,
}

/// Who waits for a code, by address. Mails to others are taken and forgotten.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>);

impl Post {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let waiting = Waiting::default();
        let listening = tokio::spawn({
            let waiting = waiting.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let waiting = waiting.clone();
                    // A client that hangs up has nothing more to say.
                    tokio::spawn(async move { serve(stream, &waiting).await });
                }
            }
        });
        Ok(Self { address, waiting, listener: listening.abort_handle() })
    }

    /// What makes a suite send its mails here.
    pub(crate) fn settings(&self) -> Vec<Variable> {
        let provider = |name: &str, value: &str| variable(&format!("notification.providers.0.{name}"), value);
        vec![
            provider("kind", "smtp"),
            provider("host", "127.0.0.1"),
            provider("port", &self.address.port().to_string()),
            provider("tls", "none"),
            provider("from", "rekey@bench.example"),
        ]
    }

    /// The code of the next mail to this address. Ask before the mail is sent.
    pub(crate) fn expect(&self, address: &str) -> oneshot::Receiver<String> {
        let (sender, code) = oneshot::channel();
        self.waiting.lock().insert(address.to_owned(), sender);
        code
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, recipient: &str, body: &str) {
        let Some(code) = code_in(body) else { return };
        if let Some(sender) = self.lock().remove(recipient) {
            // Whoever waited may have given up.
            let _ = sender.send(code.to_owned());
        }
    }
}

/// One connection, mail after mail.
async fn serve(mut stream: TcpStream, waiting: &Waiting) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 bench.example\r\n").await?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-bench.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" => {
                recipients.extend(recipient(&line).map(str::to_owned));
                "250 ok\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let mut body = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    body.push_str(&line);
                    body.push('\n');
                }
                recipients.drain(..).for_each(|recipient| waiting.deliver(&recipient, &body));
                "250 taken\r\n"
            }
            "QUIT" => {
                writing.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        writing.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// The address of `RCPT TO:<ada@example.com>`.
fn recipient(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address)
}

/// The digits that stand alone in a text; boundaries and links hold digits too.
fn code_in(text: &str) -> Option<&str> {
    let is_code = |word: &&str| word.len() == CODE_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split_whitespace().find(is_code)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn the_code_of_a_mail_reaches_whoever_waits_for_it() {
        let post = Post::open().await.unwrap();
        let code = post.expect("ada@big.example");

        let mut client = TcpStream::connect(post.address).await.unwrap();
        let dialogue = "EHLO suite\r\nMAIL FROM:<rekey@bench.example>\r\nRCPT TO:<ada@big.example>\r\nDATA\r\n\
                        Message-ID: <1234567@bench.example>\r\n\r\nYour code:\r\n\r\n  048213\r\n.\r\nQUIT\r\n";
        client.write_all(dialogue.as_bytes()).await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();

        assert_eq!(code.await.unwrap(), "048213");
        assert!(said.starts_with("220") && said.ends_with("221 bye\r\n"), "{said}");
    }
}
