//! Where everything is, for whoever started the suite: files for programs, text for people.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::ensure;
use rekey_notification::inbox;
use serde_json::{Value, json};

use super::demo::{Demo, HANDLE};
use crate::development::Addresses;
use crate::folder::{self, DataFolder};
use crate::private_files;

/// The first line of a profile that is ours to write again.
const PROFILE_MARK: &str = "# Written by `rekey up` at each start.\n";

/// Finds out, before anything is started, whether the files can be written where they are to be, and removes the ready
/// file of an earlier run, which whoever waits for this one must not find.
pub(super) fn make_room(
    folder: &DataFolder,
    profile: &Path,
    ready_file: Option<&Path>,
) -> anyhow::Result<()> {
    if let Some(path) = ready_file {
        private_files::remove(path)?;
        demand_parent(path)?;
    }
    demand_parent(profile)?;
    if std::path::absolute(profile)? == std::path::absolute(folder.profile())? {
        return Ok(());
    }
    // One that somebody wrote by hand, say for a suite elsewhere, is theirs.
    let is_ours = !profile.exists() || std::fs::read_to_string(profile)?.starts_with(PROFILE_MARK);
    ensure!(is_ours, "{} is not of `rekey up`: name another place with --profile", profile.display());
    Ok(())
}

fn demand_parent(file: &Path) -> anyhow::Result<()> {
    let file = std::path::absolute(file)?;
    let has_folder = file.parent().is_some_and(Path::is_dir);
    ensure!(has_folder, "cannot write {}: its folder is not there", file.display());
    Ok(())
}

/// What there is to say once the suite is ready.
pub(super) struct Announcement<'a> {
    pub(super) addresses: Addresses,
    /// Where health and metrics are.
    pub(super) health: SocketAddr,
    pub(super) folder: &'a DataFolder,
    /// Where the profile is.
    pub(super) profile: &'a Path,
    pub(super) demo: &'a Demo,
}

impl Announcement<'_> {
    /// The file by which the other commands find the suite.
    pub(super) fn profile(&self) -> anyhow::Result<String> {
        let token_file = std::path::absolute(self.folder.token("cli"))?.display().to_string();
        let profile = json!({
            "tenant_id": self.demo.tenant_id,
            "inbox": format!("http://{}", self.addresses.portal),
            "identity": {
                "endpoint": format!("http://{}", self.addresses.identity),
                "token_file": token_file,
            },
            "notification": {
                "endpoint": format!("http://{}", self.addresses.notification),
                "token_file": token_file,
            },
        });
        Ok(format!("{PROFILE_MARK}{}", toml::to_string(&profile)?))
    }

    /// What `--ready-file` holds: addresses and credentials.
    pub(super) fn ready_file(&self) -> anyhow::Result<Value> {
        let mut file = self.whereabouts()?;
        file["tenant_id"] = json!(self.demo.tenant_id);
        file["service_token"] = json!(self.folder.service_token()?);
        file["administrator"] = json!(self.demo.administrator);
        file["people"] = json!(self.demo.people);
        Ok(file)
    }

    /// What `--json` prints in place of the greeting, and no more: standard output often ends in a log, so what lets
    /// somebody in stays in the files.
    pub(super) fn summary(&self) -> anyhow::Result<Value> {
        let mut summary = self.whereabouts()?;
        summary["credentials"] = json!(std::path::absolute(self.folder.demo())?);
        Ok(summary)
    }

    /// Every address that is served, as bound, and the profile.
    fn whereabouts(&self) -> anyhow::Result<Value> {
        let Addresses { identity, verification, notification, portal } = self.addresses;
        let (pages, inbox) = (self.addresses.portal_url(), format!("http://{portal}"));
        Ok(json!({
            "portal": pages,
            "identity": identity.to_string(),
            "verification": verification.to_string(),
            "notification": notification.to_string(),
            "health": self.health.to_string(),
            "inbox": inbox,
            "inbox_page": format!("{pages}{}", inbox::PAGE),
            "inbox_messages": format!("{inbox}{}", inbox::MESSAGES),
            "profile": std::path::absolute(self.profile)?,
        }))
    }

    /// For a person.
    pub(super) fn greeting(&self) -> String {
        let Self { addresses, health, folder, profile, demo } = self;
        let login = demo.people.first().map_or("", |person| person.login.as_str());
        let is_default = **profile == folder::default_profile();
        let named = if is_default { String::new() } else { format!(" --profile {}", profile.display()) };
        format!(
            "Rekey is up: open {}/o/{HANDLE} in a browser.\n\
             \n\
             \x20 identity      {}\n\
             \x20 verification  {}\n\
             \x20 notification  {}\n\
             \x20 inbox         {}{}\n\
             \x20 health        http://{health}/readyz, /metrics\n\
             \n\
             Or try, in another terminal:\n\
             \n\
             \x20 rekey{named} reset {login}\n\
             \x20 rekey{named} inbox --to {login}\n\
             \n\
             First passwords are in {}. Ctrl-C stops everything.",
            addresses.portal_url(),
            addresses.identity,
            addresses.verification,
            addresses.notification,
            addresses.portal_url(),
            inbox::PAGE,
            folder.demo().display(),
        )
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::entropy::SystemEntropy;

    use super::*;
    use crate::up::demo::Administrator;

    #[test]
    fn a_program_is_told_where_everything_is_and_nothing_that_lets_it_in() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH).unwrap();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (identity, verification, notification) = (at(1), at(2), at(3));
        let addresses = Addresses { identity, verification, notification, portal: at(4) };
        let administrator = Administrator { login: "admin".to_owned(), password: "secret".to_owned() };
        let demo = Demo { tenant_id: "demo".to_owned(), administrator, people: Vec::new() };

        let profile = scratch.path().join("cli.toml");
        let announcement =
            Announcement { addresses, health: at(5), folder: &folder, profile: &profile, demo: &demo };

        let summary = announcement.summary().unwrap();

        let expected = json!({
            "portal": "http://localhost:4",
            "identity": "127.0.0.1:1",
            "verification": "127.0.0.1:2",
            "notification": "127.0.0.1:3",
            "health": "127.0.0.1:5",
            "inbox": "http://127.0.0.1:4",
            "inbox_page": "http://localhost:4/dev/inbox",
            "inbox_messages": "http://127.0.0.1:4/dev/inbox.json",
            "profile": profile,
            "credentials": scratch.path().join("demo.json"),
        });
        assert_eq!(summary, expected);
    }
}
