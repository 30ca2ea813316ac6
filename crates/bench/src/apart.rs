//! Suite, client and stores apart, as they are in a deployment: Linux shares cores among sessions or control groups first, and
//! heeds the priority of threads only within one. In one session hashing threads of the lowest priority are in nobody's way; in
//! sessions of their own they weigh as much as a whole Postgres. Every server starts in a session of its own (`rekey_servers`);
//! where control groups may be made, each has one, too, as in containers.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where the system keeps control groups.
const ROOT: &str = "/sys/fs/cgroup";

/// How the processes of a run are kept apart.
#[derive(Debug)]
pub(crate) enum Apart {
    /// By their sessions.
    Sessions,
    /// In control groups below this one, which go with it.
    Groups(PathBuf),
}

impl Apart {
    /// Makes a control group for this run with the client in it, if it may.
    pub(crate) fn find() -> Self {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let Some(hierarchy) = Hierarchy::of(&own) else { return Self::Sessions };
        hierarchy.open(std::process::id()).unwrap_or(Self::Sessions)
    }

    /// What the report calls it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sessions => "in sessions of their own",
            Self::Groups(_) => "in control groups of their own",
        }
    }

    /// Puts processes into the group of this name; sessions they have already.
    pub(crate) fn put(&self, name: &str, processes: impl IntoIterator<Item = u32>) -> anyhow::Result<()> {
        let Self::Groups(parent) = self else { return Ok(()) };
        let group = parent.join(name);
        for process in processes {
            enter(&group, process)
                .with_context(|| format!("cannot move process {process} to {}", group.display()))?;
        }
        Ok(())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let Self::Groups(parent) = self else { return };
        // What is left empty goes; the client goes back to where it came from.
        if let Some(above) = parent.parent() {
            let _ = std::fs::write(above.join("cgroup.procs"), std::process::id().to_string());
        }
        let groups = std::fs::read_dir(&*parent).into_iter().flatten().flatten();
        groups.for_each(|group| drop(std::fs::remove_dir(group.path())));
        let _ = std::fs::remove_dir(parent);
    }
}

/// Makes a group, if there is none yet, and puts a process into it.
fn enter(group: &Path, process: u32) -> std::io::Result<()> {
    if !group.is_dir() {
        std::fs::create_dir(group)?;
    }
    // A process of Postgres that has ended meanwhile needs no group.
    match std::fs::write(group.join("cgroup.procs"), process.to_string()) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(()),
        outcome => outcome,
    }
}

/// The group that shares cores and that this process is in.
#[derive(Debug, PartialEq, Eq)]
struct Hierarchy {
    path: PathBuf,
    /// Of version 2, where a group has to be told which resources its children share.
    is_unified: bool,
}

impl Hierarchy {
    /// Reads `/proc/self/cgroup`: a line of version 1 names its controllers, that of version 2 names none.
    fn of(text: &str) -> Option<Self> {
        let lines = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.split_once(':')
        });
        let below =
            |folder: &str, path: &str| Path::new(ROOT).join(folder).join(path.trim_start_matches('/'));
        let mut unified = None;
        for (controllers, path) in lines {
            if controllers.split(',').any(|controller| controller == "cpu") {
                return Some(Self { path: below(controllers, path), is_unified: false });
            }
            if controllers.is_empty() {
                unified = Some(Self { path: below("", path), is_unified: true });
            }
        }
        unified
    }

    /// Makes the group of this run. In version 2 a group with children that share cores has no processes, so this one moves
    /// down first; that fails where others are beside it, as in a shell.
    fn open(self, process: u32) -> std::io::Result<Apart> {
        let parent = self.path.join(format!("rekey-bench-{process}"));
        std::fs::create_dir(&parent)?;
        let apart = Apart::Groups(parent.clone());
        enter(&parent.join("client"), process)?;
        if self.is_unified {
            for group in [&self.path, &parent] {
                std::fs::write(group.join("cgroup.subtree_control"), "+cpu")?;
            }
        }
        Ok(apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_that_shares_cores_is_found_in_both_versions() {
        let old = "5:cpuset:/\n2:cpu,cpuacct:/user\n1:name=systemd:/\n0::/\n";
        let new = "0::/user.slice/run-1.scope\n";

        let found = [old, new, "3:memory:/\n"].map(Hierarchy::of);

        let at = |path: &str, is_unified| Some(Hierarchy { path: PathBuf::from(path), is_unified });
        let expected = [
            at("/sys/fs/cgroup/cpu,cpuacct/user", false),
            at("/sys/fs/cgroup/user.slice/run-1.scope", true),
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn where_no_group_may_be_made_sessions_remain() {
        let nowhere = Hierarchy { path: PathBuf::from("/nowhere"), is_unified: true };

        assert!(nowhere.open(1).is_err());
        assert!(Apart::Sessions.put("suite", [1]).is_ok());
    }
}
