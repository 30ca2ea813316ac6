//! One Redis in a scratch folder, ready in about 10 ms: cheap enough for one per test.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::scratch::Folder;
use crate::{Environment, Process, Signal, find, free_port};

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: u32 = 10_000;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A running server that keeps nothing on disk unless its settings say so.
#[derive(Debug)]
pub struct Redis {
    // Before the folder: the process ends first.
    process: Process,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    port: u16,
    tls_port: Option<u16>,
    folder: Folder,
}

/// What a server shows to whoever comes by TLS, and whom it lets in: who shows a certificate of the same authority. It shows the
/// same to other servers.
#[derive(Debug, Clone)]
pub struct RedisTls {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Redis {
    /// Starts a server on a free port with further `--name value` settings; returns when it answers.
    ///
    /// # Errors
    /// When Redis is not installed or does not come up; the end of its log is in the error.
    pub fn start(settings: &[&str]) -> Result<Self> {
        Self::start_in(settings, &Environment::default())
    }

    /// The same in another place, or with variables of its own.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_in(settings: &[&str], environment: &Environment) -> Result<Self> {
        Self::run(None, without_disk(settings), None, environment)
    }

    /// The same with a second port for TLS, by which servers speak to each other as well.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_tls(settings: &[&str], tls: &RedisTls) -> Result<Self> {
        Self::run(None, without_disk(settings), Some(tls), &Environment::default())
    }

    /// Starts a Sentinel with this configuration, which it rewrites as it learns.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_sentinel(configuration: &str) -> Result<Self> {
        Self::run(Some(configuration), vec!["--sentinel".to_owned()], None, &Environment::default())
    }

    /// The same with a second port for TLS, which speaks TLS to what it watches as well.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_sentinel_tls(configuration: &str, tls: &RedisTls) -> Result<Self> {
        Self::run(Some(configuration), vec!["--sentinel".to_owned()], Some(tls), &Environment::default())
    }

    fn run(
        configuration: Option<&str>,
        mut arguments: Vec<String>,
        tls: Option<&RedisTls>,
        environment: &Environment,
    ) -> Result<Self> {
        let program = find::redis().context(
            "Redis is not installed: apt-get install redis-server (or put redis-server on the PATH)",
        )?;
        let (folder, variables) = (environment.folder("redis")?, environment.variables.clone());
        if let Some(configuration) = configuration {
            let file = folder.path().join("redis.conf");
            std::fs::write(&file, configuration)?;
            arguments.insert(0, file.display().to_string());
        }
        let mut last = None;
        for _ in 0..5 {
            let (port, tls_port) = (free_port(), tls.map(|_| free_port()));
            let mut arguments = arguments.clone();
            arguments.extend(tls.zip(tls_port).into_iter().flat_map(|(tls, port)| of_tls(tls, port)));
            match launch(&program, folder.path(), port, &arguments, &variables) {
                Ok(process) => {
                    return Ok(Self { process, program, arguments, variables, port, tls_port, folder });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no try was made")?)
    }

    /// The port it listens on; stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its log is, and its data where it keeps any.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process that it is.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The port for TLS, where it was started with one.
    #[must_use]
    pub const fn tls_port(&self) -> Option<u16> {
        self.tls_port
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it; what it held is gone.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::TERM).map(drop)
    }

    /// Kills it without a chance to tidy up.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.process.stop(Signal::KILL).map(drop)
    }

    /// Starts it again on its port with a new run id, and empty unless its settings said otherwise.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        let Self { program, folder, port, arguments, variables, .. } = self;
        self.process = launch(program, folder.path(), *port, arguments, variables)?;
        Ok(())
    }

    /// Freezes it: connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    /// Sends one command on a connection of its own and returns the raw reply.
    ///
    /// # Errors
    /// When the server does not answer, or answers with an error.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        let reply = ask(self.port, words)?;
        if reply.starts_with('-') {
            bail!("{} was refused: {}", words.join(" "), reply.trim());
        }
        Ok(reply)
    }
}

fn without_disk(settings: &[&str]) -> Vec<String> {
    let forget = ["--save", "", "--appendonly", "no"];
    forget.iter().chain(settings).map(|&word| word.to_owned()).collect()
}

/// The settings of a second port. Replicas follow, and nodes of a cluster talk, by TLS.
fn of_tls(tls: &RedisTls, port: u16) -> Vec<String> {
    let file = |path: &Path| path.display().to_string();
    let settings = [
        ("--tls-port", port.to_string()),
        ("--tls-ca-cert-file", file(&tls.authority)),
        ("--tls-cert-file", file(&tls.certificate)),
        ("--tls-key-file", file(&tls.key)),
        ("--tls-auth-clients", "yes".to_owned()),
        ("--tls-replication", "yes".to_owned()),
        ("--tls-cluster", "yes".to_owned()),
    ];
    settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
}

fn launch(
    program: &Path,
    folder: &Path,
    port: u16,
    arguments: &[String],
    variables: &[(String, String)],
) -> Result<Process> {
    let log = folder.join("log");
    let mut command = Command::new(program);
    // A configuration file, if there is one, must come first.
    command.args(arguments).args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--daemonize",
        "no",
        "--dir",
    ]);
    command.arg(folder).current_dir(folder);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    // What a server before wrote stays: tests look for secrets in it.
    let log_file = File::options().create(true).append(true).open(&log)?;
    command.stdout(log_file.try_clone()?).stderr(log_file);
    let mut process = Process::spawn(command, Signal::KILL)?;
    for _ in 0..LOOKS {
        let answers = ask(port, &["PING"]).is_ok_and(|reply| reply.starts_with("+PONG"));
        // Asked after the answer: another server may hold the port while ours is about to give up.
        if !process.is_running() {
            break;
        }
        if answers {
            return Ok(process);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("Redis did not come up: {}", crate::process::tail(&log));
}

/// Sends one command as a RESP array and reads its reply as it stands on the wire.
fn ask(port: u16, words: &[&str]) -> Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(ANSWER_WITHIN))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    connection.write_all(request.as_bytes())?;
    let mut reply = Vec::new();
    read_reply(&mut BufReader::new(connection), &mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// One reply: a line, and for `$` and `*` what the line announces.
/// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
fn read_reply(from: &mut impl BufRead, reply: &mut Vec<u8>) -> Result<()> {
    let start = reply.len();
    from.read_until(b'\n', reply)?;
    let line = String::from_utf8_lossy(&reply[start..]).trim().to_owned();
    // -1 stands for nothing at all.
    let announced = line.get(1..).and_then(|count| count.parse::<u64>().ok());
    match (line.chars().next(), announced) {
        (Some('$'), Some(bytes)) => {
            from.take(bytes + 2).read_to_end(reply)?;
        }
        (Some('*'), Some(count)) => {
            for _ in 0..count {
                read_reply(from, reply)?;
            }
        }
        (Some(_), _) => {}
        (None, _) => bail!("the connection ended before the reply"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_server_is_empty_and_has_another_run_id() {
        let mut server = Redis::start(&[]).unwrap();
        server.command(&["SET", "colour", "blue"]).unwrap();
        let before = run_id(&server);

        server.kill().unwrap();
        server.restart().unwrap();

        assert_eq!(server.command(&["GET", "colour"]).unwrap(), "$-1\r\n");
        assert_ne!(run_id(&server), before);
    }

    fn run_id(server: &Redis) -> String {
        let info = server.command(&["INFO", "server"]).unwrap();
        info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap().to_owned()
    }
}
