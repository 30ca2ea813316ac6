//! Verification and notification alone, in production and set up as the page says: `rekey init`, the settings that the page
//! shows, `rekey migrate` and `rekey serve`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rekey_servers::free_port;
use rekey_tests::processes::{Running, rekey, run};

use super::super::guide::block_of;
use super::{LADDER, PAGE};

/// Verification and notification, set up as the page says.
pub(super) struct Parts<'a> {
    folder: &'a Path,
    grpc: [u16; 2],
}

const PARTS: [&str; 2] = ["notification", "verification"];

impl<'a> Parts<'a> {
    /// `rekey init`, the settings of the page behind what it wrote, and `rekey migrate`.
    pub(super) async fn prepare(folder: &'a Path, [postgres, redis]: [&str; 2], gateway: u16) -> Self {
        let parts = Self { folder, grpc: [free_port(), free_port()] };
        let mut init = rekey();
        init.args(["init", "deployment", "--portal-url", "https://example.com"]).current_dir(folder);
        assert_eq!(run(init).await.code, Some(0));
        let password = folder.join("sms-password");
        std::fs::write(&password, "secret").unwrap();
        std::fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
        let ours = [
            ("postgres://rekey@127.0.0.1:5432/notification", postgres.to_owned()),
            ("redis://127.0.0.1:6379", redis.to_owned()),
            (
                "https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json",
                format!("http://127.0.0.1:{gateway}/Messages.json"),
            ),
            ("/etc/rekey/sms-password", password.display().to_string()),
        ];
        let mut text = block_of(PAGE, "deployment/rekey.toml");
        for (theirs, here) in ours {
            assert_eq!(text.matches(theirs).count(), 1, "{theirs}");
            text = text.replace(theirs, &here);
        }
        let settings = folder.join("deployment/rekey.toml");
        let written = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, format!("{written}\n{text}")).unwrap();
        for part in PARTS {
            let checked = run(parts.command(&["config", "check", part])).await;
            assert_eq!(checked.code, Some(0), "{checked:?}");
        }
        let migrated = run(parts.command(&["migrate", "notification"])).await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        parts
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = rekey();
        command.args(arguments).args(["--config", "deployment/rekey.toml"]).current_dir(self.folder);
        for (part, port) in PARTS.iter().zip(self.grpc) {
            let part = part.to_uppercase();
            command.env(format!("REKEY__{part}__SERVER__LISTEN"), format!("127.0.0.1:{port}"));
            command.env(format!("REKEY__{part}__SERVER__RELOAD_SECONDS"), "1");
        }
        let notification = format!("http://127.0.0.1:{}", self.grpc[0]);
        command.env("REKEY__VERIFICATION__NOTIFICATION__ENDPOINT", notification);
        command.env("REKEY__VERIFICATION__RESEND__LADDER_SECONDS", LADDER);
        command
    }

    pub(super) async fn serve(&self) -> Vec<Running> {
        let mut running = Vec::new();
        for part in PARTS {
            let health = format!("127.0.0.1:{}", free_port());
            let mut command = self.command(&["serve", part]);
            command.env("REKEY__HEALTH__LISTEN", &health);
            let mut process = Running::start(part, command, self.folder);
            process.ready(&health).await;
            running.push(process);
        }
        running
    }

    pub(super) fn verification(&self) -> String {
        format!("127.0.0.1:{}", self.grpc[1])
    }
}
