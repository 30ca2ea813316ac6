//! A Postgres cluster in a scratch folder: quick for tests, or durable for measurements.
//!
//! For tests `fsync` is off: a killed server loses nothing that it acknowledged, since the operating system keeps what
//! was written; only a power cut would. `synchronous_commit` stays on for the same reason. A durable server waits for
//! the disk, vacuums and has the memory that a server has.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::kill_process;

use crate::process::children_of;
use crate::scratch::{Folder, User};
use crate::{Environment, Process, Signal, find, free_port};

/// On loopback, whatever it is for.
const EVERY: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    // Containers grant little shared memory, and what stands there would outlive a kill.
    "dynamic_shared_memory_type=mmap",
    "log_min_messages=warning",
    "timezone=UTC",
];

/// Many databases for a short time.
const QUICK: &[&str] =
    &["fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=400", "shared_buffers=64MB"];

/// What a new cluster has, `fsync` included, but more memory, and room for what is written between checkpoints: one
/// that falls into a stretch of load would make it look slow.
const DURABLE: &[&str] = &["shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=30min"];

const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS: u32 = 12_000;

/// A running server, its data and its superuser `postgres`, who needs no password.
#[derive(Debug)]
pub struct Postgres {
    // Before the folder: the process ends first.
    process: Process,
    programs: PathBuf,
    settings: &'static [&'static str],
    variables: Vec<(String, String)>,
    port: u16,
    folder: Folder,
}

impl Postgres {
    /// Makes a cluster for tests and starts it on a free port; returns when it answers.
    ///
    /// # Errors
    /// When Postgres is not installed or does not come up; the end of its log is in the error.
    pub fn start() -> Result<Self> {
        Self::start_in(&Environment::default())
    }

    /// The same in another place, or with variables of its own.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_in(environment: &Environment) -> Result<Self> {
        Self::run(QUICK, environment.folder("postgres")?, &environment.variables)
    }

    /// The same as an operator would have it, on the disk: what it acknowledged outlives a power cut.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_durable() -> Result<Self> {
        Self::run(DURABLE, Folder::on_disk("postgres")?, &[])
    }

    /// Starts a replica that streams from this server, with the data that it has now.
    ///
    /// # Errors
    /// When the copy fails or the replica does not come up.
    pub fn start_replica(&self) -> Result<Self> {
        let folder = Folder::new("postgres")?;
        if let Some(user) = User::for_servers() {
            folder.give_to(&user)?;
        }
        let mut copy = as_server(self.programs.join("pg_basebackup"), folder.path());
        copy.args([
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
            "-h",
            "127.0.0.1",
        ]);
        copy.args(["-U", "postgres", "-p"])
            .arg(self.port.to_string())
            .arg("-D")
            .arg(folder.path().join("data"));
        let output = copy.output().context("pg_basebackup could not be started")?;
        if !output.status.success() {
            bail!("pg_basebackup failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Self::on(&self.programs, self.settings, folder, &self.variables)
    }

    fn run(
        settings: &'static [&'static str],
        folder: Folder,
        variables: &[(String, String)],
    ) -> Result<Self> {
        let programs = find::postgres().context(
            "Postgres is not installed: apt-get install postgresql (or put initdb and postgres on the PATH)",
        )?;
        if let Some(user) = User::for_servers() {
            folder.give_to(&user)?;
        }
        initialise(&programs, folder.path())?;
        Self::on(&programs, settings, folder, variables)
    }

    /// Starts a server on data that are there.
    fn on(
        programs: &Path,
        settings: &'static [&'static str],
        folder: Folder,
        variables: &[(String, String)],
    ) -> Result<Self> {
        let (programs, variables) = (programs.to_owned(), variables.to_vec());
        let mut last = None;
        for _ in 0..3 {
            let port = free_port();
            match launch(&programs, settings, &variables, folder.path(), port) {
                Ok(process) => return Ok(Self { process, programs, settings, variables, port, folder }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no try was made")?)
    }

    /// The URL of one of its databases; `postgres` always exists.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The port it listens on; stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its data and its log are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// The processes that it consists of now; those of later connections are children of the first.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let children = children_of(self.process.id()).into_iter();
        let children = children.filter_map(|child| u32::try_from(child.as_raw_nonzero().get()).ok());
        std::iter::once(self.process.id()).chain(children).collect()
    }

    /// Ends it at once as an operator would in a hurry; every connection breaks. The data stay.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::INT).map(drop)
    }

    /// Kills it without a chance to tidy up. The data stay as they are.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.process.stop(Signal::KILL).map(drop)
    }

    /// Starts it again on its data and port, after [`stop`](Self::stop) or [`kill`](Self::kill).
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        // The sessions of a killed server notice within moments, and a new one waits for them.
        let mut last = None;
        for _ in 0..200 {
            match launch(&self.programs, self.settings, &self.variables, self.folder.path(), self.port) {
                Ok(process) => {
                    self.process = process;
                    return Ok(());
                }
                Err(error) => last = Some(error),
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(last.context("no try was made")?)
    }

    /// Freezes it with all its sessions: connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.process.signal(Signal::STOP);
        for child in children_of(self.process.id()) {
            let _ = kill_process(child, Signal::STOP);
        }
    }

    /// Lets a frozen server go on.
    pub fn resume(&mut self) {
        for child in children_of(self.process.id()) {
            let _ = kill_process(child, Signal::CONT);
        }
        self.process.signal(Signal::CONT);
    }
}

fn initialise(programs: &Path, folder: &Path) -> Result<()> {
    let mut command = as_server(programs.join("initdb"), folder);
    command.args(["-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C.UTF-8", "-D"]);
    command.arg(folder.join("data"));
    let output = command.output().context("initdb could not be started")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn launch(
    programs: &Path,
    settings: &[&str],
    variables: &[(String, String)],
    folder: &Path,
    port: u16,
) -> Result<Process> {
    let log = folder.join("log");
    let mut command = as_server(programs.join("postgres"), folder);
    command.arg("-D").arg(folder.join("data")).arg("-p").arg(port.to_string());
    for setting in EVERY.iter().chain(settings) {
        command.arg("-c").arg(setting);
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    // What a server before wrote stays: tests look for secrets in it.
    let log_file = File::options().create(true).append(true).open(&log)?;
    command.stdout(log_file.try_clone()?).stderr(log_file);
    let state = folder.join("data/postmaster.pid");
    // SIGQUIT, not SIGKILL: it takes its shared memory with it.
    let mut process = Process::spawn(command, Signal::QUIT)?;
    for _ in 0..LOOKS {
        if says_ready(&std::fs::read_to_string(&state).unwrap_or_default(), process.id()) {
            return Ok(process);
        }
        if !process.is_running() {
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("Postgres did not come up: {}", crate::process::tail(&log));
}

/// `postmaster.pid` has the process in line 1, since a killed server leaves its own file behind, and the state in
/// line 8.
fn says_ready(state: &str, process: u32) -> bool {
    let mut lines = state.lines();
    lines.next().is_some_and(|line| line.trim() == process.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

/// A command that runs as the user the data belong to: Postgres refuses to run as root.
fn as_server(program: PathBuf, folder: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(user) = User::for_servers() {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    /// Whether a server answers a request for TLS. The helpers of a killed one hold its socket for a moment longer, so
    /// that a connection alone proves nothing.
    fn answers(port: u16) -> bool {
        let ask = || -> std::io::Result<usize> {
            let mut stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
            stream.read(&mut [0])
        };
        ask().is_ok_and(|length| length == 1)
    }

    #[test]
    fn a_killed_server_comes_back_on_its_port() {
        let mut server = Postgres::start().unwrap();

        server.kill().unwrap();
        let while_dead = answers(server.port());
        server.restart().unwrap();
        let after = answers(server.port());

        assert!(!while_dead);
        assert!(after);
    }
}
