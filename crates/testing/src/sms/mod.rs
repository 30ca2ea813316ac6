//! A gateway of text messages in a process of its own, which takes the form that Twilio takes.

use anyhow::Result;
use rekey_servers::Environment;
use rekey_servers::scratch::Folder;
use serde::Deserialize;

use crate::script::{Program, Script, Taken};
use crate::{blocking, ready};

/// A text message that was taken.
#[derive(Debug, Clone, Deserialize)]
pub struct Text {
    /// The number it is for.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// A running gateway on loopback.
#[derive(Debug)]
pub struct SmsGateway(Script<Text>);

/// A gateway that takes everything, in this environment: it writes each message to the disk before it takes it.
///
/// # Panics
/// When there is no Python under `target/tools`.
pub async fn sms_gateway_in(environment: Environment) -> SmsGateway {
    let mut gateway =
        ready("a gateway for this test", blocking(move || SmsGateway::launch(environment)).await);
    ready("the gateway's port", gateway.0.come_up().await);
    gateway
}

impl SmsGateway {
    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// The messages as they are taken, whatever becomes of the gateway meanwhile.
    #[must_use]
    pub fn taken(&self) -> Taken<Text> {
        self.0.taken()
    }

    /// Freezes it: connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.0.pause();
    }

    /// Lets a frozen gateway go on.
    pub fn resume(&mut self) {
        self.0.resume();
    }

    /// Kills it without a chance to tidy up. What it took is still told.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        ready("killing a gateway", self.0.kill());
    }

    /// Starts it again on its port, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        ready("a gateway that comes back", self.0.restart().await);
    }

    fn launch(environment: Environment) -> Result<Self> {
        let Environment { disk, variables } = environment;
        let settings = serde_json::json!({ "spool": disk });
        let (source, folder) = (include_str!("server.py"), Folder::new("sms")?);
        Script::start(Program { source, settings, variables, folder }).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::small_disk;

    /// Posts a form and gives the status line.
    async fn post(gateway: &SmsGateway, form: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", gateway.port())).await.unwrap();
        let head =
            format!("POST /Messages.json HTTP/1.1\r\nContent-Length: {}\r\nConnection: close", form.len());
        stream.write_all(format!("{head}\r\n\r\n{form}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_message_is_told_after_the_gateway_was_killed_and_the_next_one_is_taken() {
        let mut gateway = sms_gateway_in(Environment::default()).await;

        let first = post(&gateway, "To=%2B12125550100&Body=your+code").await;
        gateway.kill();
        gateway.restart().await;
        let second = post(&gateway, "To=%2B12125550100&Body=another").await;

        assert_eq!([first.as_str(), second.as_str()], ["HTTP/1.1 201 Created"; 2]);
        let taken = gateway.taken().so_far();
        assert_eq!(taken[0].to, "+12125550100");
        assert_eq!(taken.iter().map(|text| text.text.as_str()).collect::<Vec<_>>(), ["your code", "another"]);
    }

    #[tokio::test]
    async fn a_gateway_whose_disk_is_full_takes_nothing() {
        let disk = small_disk(1).await;
        let environment = Environment { disk: Some(disk.path().to_owned()), ..Environment::default() };
        let gateway = sms_gateway_in(environment).await;

        disk.fill();
        let full = post(&gateway, "To=%2B12125550100&Body=your+code").await;

        assert_eq!(full, "HTTP/1.1 507 Insufficient Storage");
        assert!(gateway.taken().so_far().is_empty());
    }
}
