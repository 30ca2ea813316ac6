//! The built `rekey` program, as processes that are started, asked, stopped and killed.
//!
//! Cargo builds it beside the tests because the tests of its own package need it. Processes die with the test,
//! however that ends; what they said stands in the failure of the test.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rekey_servers::{Process, Signal};

use crate::waiting::eventually;
use crate::web;

/// How many lines of a log a failed test shows.
const LOG_LINES: usize = 80;

/// A command of the built program, without the settings of whoever runs the tests.
///
/// # Panics
/// When the program was not built.
pub fn rekey() -> Command {
    rekey_at(&program())
}

/// The same of another build.
pub fn rekey_at(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("REKEY_")) {
            command.env_remove(&name);
        }
    }
    command
}

/// `target/<profile>/rekey`; tests lie in `target/<profile>/deps`.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("rekey");
    assert!(program.is_file(), "{} is missing: run `cargo build --workspace`", program.display());
    program
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Outcome {
    /// What it printed, read as JSON.
    ///
    /// # Panics
    /// When it failed or printed something else.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Runs a command to its end, with nothing to read.
pub async fn run(command: Command) -> Outcome {
    Conversation::begin(command).end().await
}

/// A command that is typed to while it runs.
pub struct Conversation {
    child: Child,
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
}

impl Conversation {
    /// Starts it.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn begin(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let screen = BufReader::new(child.stdout.take().unwrap());
        Self { child, keyboard, screen }
    }

    /// Types a line.
    ///
    /// # Panics
    /// When it has ended.
    pub fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Waits for the next line that it prints; none when it prints no more. The test wants a runtime of several threads, since this
    /// holds one up.
    ///
    /// # Panics
    /// When what it prints is no text.
    pub fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let bytes = tokio::task::block_in_place(|| self.screen.read_line(&mut line)).unwrap();
        (bytes > 0).then_some(line)
    }

    /// Closes the keyboard and waits for the end. What it printed is what was not read before.
    pub async fn end(self) -> Outcome {
        let Self { child, keyboard, mut screen } = self;
        drop(keyboard);
        // Beside each other: a program whose screen or log is full waits for its reader.
        let printed = tokio::task::spawn_blocking(move || {
            let mut printed = String::new();
            screen.read_to_string(&mut printed).map(|_| printed)
        });
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: printed.await.unwrap().unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A process that serves.
pub struct Running {
    process: Process,
    log: PathBuf,
}

impl Running {
    /// Starts it; what it says goes to `NAME.log` in the folder, behind what an earlier one said.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { process: Process::spawn(command, Signal::KILL).unwrap(), log }
    }

    /// Waits until `/readyz` on its health port says yes.
    ///
    /// # Panics
    /// When it ends first, or takes too long.
    pub async fn ready(&mut self, health: &str) {
        let is_ready = async || {
            assert!(self.is_running(), "ended before it was ready:\n{}", self.log());
            web::get(health, "/readyz").await.filter(|answer| answer.status == 200)
        };
        eventually("a process is ready", is_ready).await;
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Kills it without a chance to tidy up.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        self.process.stop(Signal::KILL).unwrap();
    }

    /// Freezes it: its connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets a frozen one go on.
    pub fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    /// Asks it to stop, as a supervisor does, and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    pub async fn stop(mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        eventually("a process ends when asked", async || (!self.process.is_running()).then_some(())).await;
        self.process.stop(Signal::TERM).unwrap()
    }

    /// How much memory it has in use, in bytes.
    ///
    /// # Panics
    /// When it has ended.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    }

    /// Everything it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its processes said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
            eprintln!("--- {}\n{tail}", self.log.display());
        }
    }
}
