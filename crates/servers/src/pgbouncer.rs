//! A PgBouncer in front of a Postgres, in transaction mode and with fewer sessions than its clients want.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::scratch::{Folder, User};
use crate::{Process, Signal, find, free_port};

const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS: u32 = 2_000;

/// Fewer than a part's connections, so that statements of one client meet sessions of others all the time.
const SESSIONS: u32 = 3;

/// A running pooler, which logs in to every database as `postgres`.
#[derive(Debug)]
pub struct PgBouncer {
    // Before the folder: the process ends first.
    _process: Process,
    port: u16,
    _folder: Folder,
}

impl PgBouncer {
    /// Starts a pooler of a Postgres on loopback.
    ///
    /// # Errors
    /// When PgBouncer is not installed or does not come up; the end of its log is in the error.
    pub fn start(postgres_port: u16) -> Result<Self> {
        let program = find::pgbouncer().context(
            "PgBouncer is not installed: apt-get install pgbouncer (or put pgbouncer on the PATH)",
        )?;
        let folder = Folder::new("pgbouncer")?;
        if let Some(user) = User::for_servers() {
            folder.give_to(&user)?;
        }
        let mut last = None;
        for _ in 0..3 {
            let port = free_port();
            let settings = folder.path().join("pgbouncer.ini");
            std::fs::write(&settings, configuration(postgres_port, port))?;
            match launch(&program, folder.path(), port) {
                Ok(process) => return Ok(Self { _process: process, port, _folder: folder }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no try was made")?)
    }

    /// The URL of a database of the Postgres behind it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// As it comes, but for the mode and the number of sessions: no setting of a session is ignored.
fn configuration(postgres_port: u16, port: u16) -> String {
    format!(
        "[databases]\n* = host=127.0.0.1 port={postgres_port} user=postgres\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = transaction\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 500\n"
    )
}

fn launch(program: &Path, folder: &Path, port: u16) -> Result<Process> {
    use std::os::unix::process::CommandExt;
    let log = folder.join("log");
    let mut command = Command::new(program);
    command.arg(folder.join("pgbouncer.ini")).current_dir(folder);
    // It refuses to run as root, as Postgres does.
    if let Some(user) = User::for_servers() {
        command.uid(user.uid).gid(user.gid);
    }
    command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
    let mut process = Process::spawn(command, Signal::KILL)?;
    for _ in 0..LOOKS {
        let answers = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        // Asked after the answer: another server may hold the port while ours is about to give up.
        if !process.is_running() {
            break;
        }
        if answers {
            return Ok(process);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("PgBouncer did not come up: {}", crate::process::tail(&log));
}
