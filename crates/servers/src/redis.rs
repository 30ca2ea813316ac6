//! One Redis in a scratch folder, ready in about 10 ms: cheap enough for one per test.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::scratch::Folder;
use crate::{Process, Signal, find, free_port};

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: u32 = 10_000;

/// A running server that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    // Before the folder: the process ends first.
    process: Process,
    program: PathBuf,
    settings: Vec<String>,
    port: u16,
    folder: Folder,
}

impl Redis {
    /// Starts a server on a free port with further `--name value` settings; returns when it answers.
    ///
    /// # Errors
    /// When Redis is not installed or does not come up; the end of its log is in the error.
    pub fn start(settings: &[&str]) -> Result<Self> {
        let program = find::redis().context(
            "Redis is not installed: apt-get install redis-server (or put redis-server on the PATH)",
        )?;
        let folder = Folder::new("redis")?;
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut last = None;
        for _ in 0..5 {
            let port = free_port();
            match launch(&program, folder.path(), port, &settings) {
                Ok(process) => return Ok(Self { process, program, settings, port, folder }),
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

    /// Starts it again on its port, empty, with a new run id.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        self.process = launch(&self.program, self.folder.path(), self.port, &self.settings)?;
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

fn launch(program: &Path, folder: &Path, port: u16, settings: &[String]) -> Result<Process> {
    let log = folder.join("log");
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.args(["--daemonize", "no", "--dir"]).arg(folder).args(settings).current_dir(folder);
    command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
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

/// One command as a RESP array. The reply is read until the server has nothing more to say: `QUIT` follows, so
/// it closes the connection after the answer.
fn ask(port: u16, words: &[&str]) -> Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = Vec::new();
    for line in [words, &["QUIT"]] {
        write!(request, "*{}\r\n", line.len())?;
        for word in line {
            write!(request, "${}\r\n{word}\r\n", word.len())?;
        }
    }
    connection.write_all(&request)?;
    let mut reply = Vec::new();
    connection.read_to_end(&mut reply)?;
    let reply = String::from_utf8_lossy(&reply);
    Ok(reply.strip_suffix("+OK\r\n").unwrap_or(&reply).to_owned())
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
