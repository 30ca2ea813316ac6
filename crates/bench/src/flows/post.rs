//! Where the mails of a suite go: a relay on loopback that reads the code in each, so that a reset can go on with it.
//!
//! It speaks as much SMTP as a client that trusts its relay needs (RFC 5321), takes everything and keeps nothing. It is no
//! test of the client; those use a server that we did not write.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::program::{Variable, variable};

/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// A relay, which ends when dropped.
pub(crate) struct Post {
    address: SocketAddr,
    waiting: Waiting,
    /// While it is open.
    listening: Option<Listening>,
}

/// What takes connections, and what tells them to end.
struct Listening {
    task: JoinHandle<()>,
    connections: watch::Sender<()>,
}

/// Who waits for a code, by address. Mails to others are taken and forgotten.
#[derive(Clone, Default)]
struct Waiting {
    codes: Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>,
    /// Mails that were taken, whoever waited for them.
    taken: Arc<AtomicUsize>,
}

impl Post {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, waiting) = (listener.local_addr()?, Waiting::default());
        let listening = Some(Listening::start(listener, waiting.clone()));
        Ok(Self { address, waiting, listening })
    }

    /// Takes no more connections and ends those there are, as a relay does that dies. A mail whose text is under way is taken
    /// first: what a client sent whole and got no answer to, nobody could tell from one that was lost.
    pub(crate) async fn close(&mut self) {
        let Some(Listening { task, connections }) = self.listening.take() else { return };
        task.abort();
        // Once it has ended the port is free.
        let _ = task.await;
        connections.send_replace(());
        connections.closed().await;
    }

    /// Takes mails again, on the same port.
    pub(crate) async fn reopen(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.listening = Some(Listening::start(listener, self.waiting.clone()));
        Ok(())
    }

    /// What makes a suite send its mails here.
    pub(crate) fn settings(&self) -> Vec<Variable> {
        self.settings_as(0, "smtp")
    }

    /// The same where there are several relays, of which the first is asked first.
    pub(crate) fn settings_as(&self, place: usize, name: &str) -> Vec<Variable> {
        let provider =
            |key: &str, value: &str| variable(&format!("notification.providers.{place}.{key}"), value);
        vec![
            provider("kind", "smtp"),
            provider("name", name),
            provider("host", "127.0.0.1"),
            provider("port", &self.address.port().to_string()),
            provider("tls", "none"),
            provider("from", "rekey@bench.example"),
        ]
    }

    /// How many mails it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.waiting.taken.load(Ordering::Relaxed)
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
        if let Some(listening) = &self.listening {
            listening.task.abort();
        }
    }
}

impl Listening {
    fn start(listener: TcpListener, waiting: Waiting) -> Self {
        let (connections, open) = watch::channel(());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (waiting, open) = (waiting.clone(), open.clone());
                // A client that hangs up has nothing more to say.
                tokio::spawn(async move { serve(stream, &waiting, open).await });
            }
        });
        Self { task, connections }
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<String>>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, recipient: &str, body: &str) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        let Some(code) = code_in(body) else { return };
        if let Some(sender) = self.lock().remove(recipient) {
            // Whoever waited may have given up.
            let _ = sender.send(code.to_owned());
        }
    }
}

/// One connection, mail after mail, until the relay closes.
async fn serve(mut stream: TcpStream, waiting: &Waiting, mut open: watch::Receiver<()>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 bench.example\r\n").await?;
    let mut recipients = Vec::new();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            _ = open.changed() => None,
        };
        let Some(line) = line else { return Ok(()) };
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-bench.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" => {
                recipients.extend(recipient(&line).map(str::to_owned));
                "250 ok\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let body = text(&mut lines).await?;
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
}

/// The text of a mail, as far as the dot that ends it.
async fn text(lines: &mut Lines<impl AsyncBufRead + Unpin>) -> io::Result<String> {
    let mut text = String::new();
    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
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

    /// Sends a mail with a code, and gives what the relay said.
    async fn send(address: SocketAddr) -> String {
        let mut client = TcpStream::connect(address).await.unwrap();
        let dialogue = "EHLO suite\r\nMAIL FROM:<rekey@bench.example>\r\nRCPT TO:<ada@big.example>\r\nDATA\r\n\
                        Message-ID: <1234567@bench.example>\r\n\r\nYour code:\r\n\r\n  048213\r\n.\r\nQUIT\r\n";
        client.write_all(dialogue.as_bytes()).await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        said
    }

    #[tokio::test]
    async fn the_code_of_a_mail_reaches_whoever_waits_for_it() {
        let post = Post::open().await.unwrap();
        let code = post.expect("ada@big.example");

        let said = send(post.address).await;

        assert_eq!(code.await.unwrap(), "048213");
        assert!(said.starts_with("220") && said.ends_with("221 bye\r\n"), "{said}");
    }

    #[tokio::test]
    async fn a_relay_that_closed_ends_its_connections_and_opens_again_on_its_port() {
        let mut post = Post::open().await.unwrap();
        let mut client = TcpStream::connect(post.address).await.unwrap();
        let mut greeting = [0; "220 bench.example\r\n".len()];
        client.read_exact(&mut greeting).await.unwrap();

        post.close().await;
        let more = client.read(&mut greeting).await.unwrap();
        let refused = TcpStream::connect(post.address).await.is_err();
        let before = post.taken();
        post.reopen().await.unwrap();
        let said = send(post.address).await;

        assert_eq!((more, refused, before, post.taken()), (0, true, 0, 1));
        assert!(said.ends_with("221 bye\r\n"), "{said}");
    }
}
