//! One child process that never outlives us.
//!
//! On Linux the kernel signals the child when its parent goes, even by SIGKILL. It watches the *thread* that
//! forked, so all children are forked by one thread that is parked for ever. Each child leads a session of its own, as
//! under a service manager: Ctrl-C in a terminal reaches us first, and we decide the order; and Linux, which shares cores
//! among sessions before it looks at the priorities within one, shares them as it would in a deployment.
#![expect(unsafe_code, reason = "Command::pre_exec is unsafe; the closures here only make system calls")]

use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context, Result, anyhow};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// A running child. Dropped, it is killed and waited for.
#[derive(Debug)]
pub struct Process {
    child: Child,
    running: bool,
}

impl Process {
    /// Starts the command; `farewell` is the signal that the child gets when this process dies first.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(mut command: Command, farewell: Signal) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        lead_a_session(&mut command);
        die_with_us(&mut command, farewell);
        let (reply, answer) = channel();
        keeper().send((command, reply)).map_err(|_| anyhow!("the thread that starts servers is gone"))?;
        let child = answer.recv().context("the thread that starts servers is gone")?;
        let child = child.with_context(|| format!("{program} could not be started"))?;
        Ok(Self { child, running: true })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipes that the command asked for, once: what it reads and what it writes.
    pub fn take_pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>) {
        (self.child.stdin.take(), self.child.stdout.take())
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.running && matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal to the process; nothing happens when it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.is_running()
            && let Some(pid) = i32::try_from(self.id()).ok().and_then(Pid::from_raw)
        {
            // Gone between the look and the signal: what the caller wanted.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end with `signal` and waits until it has.
    ///
    /// # Errors
    /// When the operating system refuses to wait for it.
    pub fn stop(&mut self, signal: Signal) -> Result<ExitStatus> {
        // A stopped process keeps other signals waiting until it continues.
        self.signal(signal);
        self.signal(Signal::CONT);
        let status = self.child.wait().context("waiting for a server to end")?;
        self.running = false;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.running {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The direct children of a process, from `/proc`; empty where there is no `/proc`.
pub(crate) fn children_of(parent: u32) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // "pid (name) state ppid …"; the name may itself hold spaces and brackets.
            let (_, after_name) = stat.rsplit_once(") ")?;
            let ppid: u32 = after_name.split(' ').nth(1)?.parse().ok()?;
            let pid = entry.file_name().to_str()?.parse().ok()?;
            if ppid == parent { Pid::from_raw(pid) } else { None }
        })
        .collect()
}

/// The end of a server's log, for an error text.
pub(crate) fn tail(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// The thread that forks every child and never ends.
fn keeper() -> &'static Sender<Order> {
    static KEEPER: OnceLock<Sender<Order>> = OnceLock::new();
    KEEPER.get_or_init(|| {
        let (orders, inbox): (Sender<Order>, Receiver<Order>) = channel();
        std::thread::Builder::new()
            .name("servers".to_owned())
            .spawn(move || {
                for (mut command, reply) in inbox {
                    let _ = reply.send(command.spawn());
                }
            })
            .expect("a thread can be started");
        orders
    })
}

fn lead_a_session(command: &mut Command) {
    // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?));
    }
}

#[cfg(target_os = "linux")]
fn die_with_us(command: &mut Command, farewell: Signal) {
    let parent = Pid::from_raw(i32::try_from(std::process::id()).unwrap_or(0));
    // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(farewell))?;
            // The parent may have gone before the line above.
            if rustix::process::getppid() == parent { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_us(_command: &mut Command, _farewell: Signal) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_process_is_gone() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        let process = Process::spawn(command, Signal::KILL).unwrap();
        let id = process.id();

        drop(process);

        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_leads_a_session_of_its_own() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        let process = Process::spawn(command, Signal::KILL).unwrap();
        let pid = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();

        let session = rustix::process::getsid(Some(pid)).unwrap();

        assert_eq!(session, pid);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Process::spawn(Command::new("no-such-program"), Signal::KILL).unwrap_err();

        assert!(error.to_string().contains("no-such-program"), "{error:#}");
    }
}
