//! Servers in Python that tell what they take: what mail servers and gateways of text messages share.
//!
//! The argument of a script is its settings as JSON, its port among them. On stdout it writes one JSON document a line:
//! first `{"listening": PORT}`, then `{"message": …}` for whatever it took, before it says so to whoever sent it. Each line on
//! stdin is a number N, answered by `{"synced": N}` after every message that arrived before it. The end of stdin ends it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rekey_servers::scratch::Folder;
use rekey_servers::{Process, Signal, free_port};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::tools;

/// How many ports are tried after the first one.
const OTHER_PORTS: u32 = 2;

/// A script and what it is started with each time.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) source: &'static str,
    /// Settings without the port, which is added.
    pub(crate) settings: serde_json::Value,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) folder: Folder,
}

/// A running script, which may be killed and started again on its port.
#[derive(Debug)]
pub(crate) struct Script<M> {
    // Before the program, in whose folder it is: the process ends first.
    process: Process,
    program: Program,
    port: u16,
    seen: watch::Sender<Seen<M>>,
    orders: Mutex<ChildStdin>,
    next_order: AtomicU64,
}

/// What a server took, to look at from anywhere and whether it lives or not.
#[derive(Debug, Clone)]
pub struct Taken<M>(watch::Receiver<Seen<M>>);

#[derive(Debug)]
struct Seen<M> {
    /// How often the script was started.
    run: u64,
    /// The port, once it listens.
    listening: Option<u16>,
    messages: Vec<M>,
    synced: u64,
    has_ended: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<M> {
    Listening(u16),
    Message(M),
    Synced(u64),
}

impl<M: Clone> Taken<M> {
    /// Everything that was taken up to now, in order. More may be on its way.
    #[must_use]
    pub fn so_far(&self) -> Vec<M> {
        self.0.borrow().messages.clone()
    }
}

impl<M: Clone + DeserializeOwned + Send + Sync + 'static> Script<M> {
    /// Starts a script on a free port; [`come_up`](Self::come_up) says when it listens.
    pub(crate) fn start(program: Program) -> Result<Self> {
        let seen = watch::Sender::new(Seen {
            run: 0,
            listening: None,
            messages: Vec::new(),
            synced: 0,
            has_ended: false,
        });
        let port = free_port();
        let (process, orders) = launch(&program, port, &seen)?;
        Ok(Self { process, program, port, seen, orders: Mutex::new(orders), next_order: AtomicU64::new(1) })
    }

    /// Waits until it listens. Where it ends first, somebody may have taken its port, and it gets another one.
    pub(crate) async fn come_up(&mut self) -> Result<()> {
        let mut up = self.listening().await;
        for _ in 0..OTHER_PORTS {
            if up.is_ok() {
                break;
            }
            self.port = free_port();
            up = self.restart().await;
        }
        up
    }

    async fn listening(&self) -> Result<()> {
        self.see(|seen| seen.listening == Some(self.port), |_| false).await.map(drop)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn taken(&self) -> Taken<M> {
        Taken(self.seen.subscribe())
    }

    pub(crate) fn pause(&mut self) {
        self.process.signal(Signal::STOP);
    }

    pub(crate) fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.stop(Signal::KILL).map(drop)
    }

    /// Starts it again after it was killed; what it took before is still told.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let (process, orders) = launch(&self.program, self.port, &self.seen)?;
        self.process = process;
        self.orders = Mutex::new(orders);
        self.listening().await
    }

    /// The messages up to a point that the script is asked to mark now, as far as they are such; the others are not copied.
    pub(crate) async fn synced_that(&self, is_such: impl Fn(&M) -> bool) -> Result<Vec<M>> {
        let number = self.next_order.fetch_add(1, Ordering::Relaxed);
        {
            let mut orders = self.orders.lock().map_err(|_| anyhow::anyhow!("another order panicked"))?;
            writeln!(orders, "{number}").context("it has ended")?;
        }
        self.see(|seen| seen.synced >= number, is_such).await
    }

    async fn see(
        &self,
        mut is_so: impl FnMut(&Seen<M>) -> bool,
        is_such: impl Fn(&M) -> bool,
    ) -> Result<Vec<M>> {
        let mut seen = self.seen.subscribe();
        let wait = seen.wait_for(|seen| seen.has_ended || is_so(seen));
        let messages = {
            let seen =
                tokio::time::timeout(Duration::from_secs(10), wait).await.context("not within 10 s")??;
            if seen.has_ended {
                None
            } else {
                Some(seen.messages.iter().filter(|one| is_such(one)).cloned().collect())
            }
        };
        messages.context("it has ended; its complaint stands on standard error")
    }
}

fn launch<M: DeserializeOwned + Send + Sync + 'static>(
    program: &Program,
    port: u16,
    seen: &watch::Sender<Seen<M>>,
) -> Result<(Process, ChildStdin)> {
    let mut settings = program.settings.clone();
    settings["port"] = port.into();
    let mut command = Command::new(python()?);
    command.args(["-W", "ignore", "-c", program.source, &settings.to_string()]);
    command.envs(program.variables.iter().map(|(name, value)| (name, value)));
    command.current_dir(program.folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process::spawn(command, Signal::KILL)?;
    let (Some(orders), Some(output)) = process.take_pipes() else { bail!("no pipes") };
    seen.send_modify(|seen| {
        seen.run += 1;
        (seen.listening, seen.has_ended) = (None, false);
    });
    let (run, told) = (seen.borrow().run, seen.clone());
    std::thread::spawn(move || listen(output, run, &told));
    Ok((process, orders))
}

/// Reads the script's lines until it ends.
fn listen<M: DeserializeOwned>(output: ChildStdout, run: u64, told: &watch::Sender<Seen<M>>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Line::Listening(port)) => told.send_modify(|seen| seen.listening = Some(port)),
            Ok(Line::Message(message)) => told.send_modify(|seen| seen.messages.push(message)),
            Ok(Line::Synced(number)) => told.send_modify(|seen| seen.synced = number),
            Err(_) => break,
        }
    }
    // One that was started in its place goes on.
    told.send_modify(|seen| seen.has_ended |= seen.run == run);
}

/// The Python that has aiosmtpd.
fn python() -> Result<PathBuf> {
    let python = tools().join("python/bin/python");
    if !python.exists() {
        bail!("{} is missing: run `cargo xtask tools`", python.display());
    }
    Ok(python)
}
