//! Where everything is, for whoever started the suite: files for programs, text for people.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::demo::Demo;
use crate::development::Addresses;
use crate::folder::DataFolder;

/// What there is to say once the suite is ready.
pub(super) struct Announcement<'a> {
    pub(super) addresses: Addresses,
    /// Where health and metrics are.
    pub(super) health: SocketAddr,
    pub(super) folder: &'a DataFolder,
    pub(super) demo: &'a Demo,
}

impl Announcement<'_> {
    /// The file by which the other commands find the suite.
    pub(super) fn profile(&self) -> anyhow::Result<String> {
        let token_file = std::path::absolute(self.folder.token("cli"))?.display().to_string();
        let profile = json!({
            "tenant_id": self.demo.tenant_id,
            "inbox": format!("http://{}", self.addresses.pages),
            "identity": {
                "endpoint": format!("http://{}", self.addresses.identity),
                "token_file": token_file,
            },
        });
        Ok(toml::to_string(&profile)?)
    }

    /// What `--ready-file` holds: addresses and credentials.
    pub(super) fn ready_file(&self) -> anyhow::Result<Value> {
        Ok(json!({
            "identity": self.addresses.identity.to_string(),
            "verification": self.addresses.verification.to_string(),
            "notification": self.addresses.notification.to_string(),
            "inbox": format!("http://{}", self.addresses.pages),
            "tenant_id": self.demo.tenant_id,
            "service_token": self.folder.service_token()?,
            "administrator": self.demo.administrator,
            "people": self.demo.people,
        }))
    }

    /// What `--json` prints in place of the greeting, and no more: standard output often ends in a log, so what lets
    /// somebody in stays in the files.
    pub(super) fn summary(&self) -> anyhow::Result<Value> {
        Ok(json!({
            "identity": self.addresses.identity.to_string(),
            "verification": self.addresses.verification.to_string(),
            "notification": self.addresses.notification.to_string(),
            "inbox": format!("http://{}", self.addresses.pages),
            "health": self.health.to_string(),
            "profile": std::path::absolute(self.folder.profile())?,
            "credentials": std::path::absolute(self.folder.demo())?,
        }))
    }

    /// For a person, who named this data folder.
    pub(super) fn greeting(&self, data: &Path) -> String {
        let Self { addresses, health, folder, demo } = self;
        let login = demo.people.first().map_or("", |person| person.login.as_str());
        let is_default = data == Path::new("rekey-data");
        let named =
            if is_default { String::new() } else { format!(" --profile {}", folder.profile().display()) };
        format!(
            "Rekey is up.\n\
             \n\
             \x20 identity      {}\n\
             \x20 verification  {}\n\
             \x20 notification  {}\n\
             \x20 inbox         http://{}/dev/inbox\n\
             \x20 health        http://{health}/readyz, /metrics\n\
             \n\
             Try, in another terminal:\n\
             \n\
             \x20 rekey{named} reset {login}\n\
             \x20 rekey{named} inbox --to {login}\n\
             \n\
             First passwords are in {}. Ctrl-C stops everything.",
            addresses.identity,
            addresses.verification,
            addresses.notification,
            addresses.pages,
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
        let addresses = Addresses { identity: at(1), verification: at(2), notification: at(3), pages: at(4) };
        let administrator = Administrator { login: "admin".to_owned(), password: "secret".to_owned() };
        let demo = Demo { tenant_id: "demo".to_owned(), administrator, people: Vec::new() };

        let summary =
            Announcement { addresses, health: at(5), folder: &folder, demo: &demo }.summary().unwrap();

        let expected = json!({
            "identity": "127.0.0.1:1",
            "verification": "127.0.0.1:2",
            "notification": "127.0.0.1:3",
            "inbox": "http://127.0.0.1:4",
            "health": "127.0.0.1:5",
            "profile": scratch.path().join("cli.toml"),
            "credentials": scratch.path().join("demo.json"),
        });
        assert_eq!(summary, expected);
    }
}
