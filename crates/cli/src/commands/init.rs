//! `rekey init`: what production needs before it can start and nobody should write by hand: keys, the tokens by which the
//! parts know each other, who may call whom, and settings that name all of it.
//!
//! ```text
//! FOLDER/                0700
//!   keys/NAME            0600  the pepper among them: back it up, apart from the databases
//!   tokens/CALLER        0600  identity, verification, and cli, which may do everything at identity and look after messages
//!   callers/PART.toml    0600  each allowed what it needs
//!   cli.toml             0600  a profile for the commands that administer
//!   rekey.toml           0600  written last: a folder that has it is complete and left as it is
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use axum::http::Uri;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_sealing::KeyText;
use serde_json::json;

use crate::Part;
use crate::arguments::Init;
use crate::callers_file::{self, NewCaller, draw_token};
use crate::folder::KEYS;
use crate::output::Output;
use crate::private_files::{make_private, write_if_missing, write_private};

/// All codes and notices that identity asks for.
const VERIFICATION: &str = "/rekey.verification.v1.VerificationService/*";
const NOTIFICATION: &str = "/rekey.notification.v1.NotificationService/*";
/// How providers fare, for who looks after messages.
const PROVIDERS: &str = "/rekey.notification.v1.ProviderService/*";
/// What messages say, for who looks after them.
const TEMPLATES: &str = "/rekey.notification.v1.TemplateService/*";
const SUPPRESSION: &str = "/rekey.notification.v1.SuppressionService/*";

/// Who is drawn a token.
const CALLERS: [&str; 3] = ["identity", "verification", "cli"];

pub(crate) fn run(init: &Init, output: Output) -> anyhow::Result<()> {
    let folder = Folder(std::path::absolute(&init.folder)?);
    let settings = folder.settings();
    let is_new = !settings.exists();
    if is_new {
        let host = portal_host(&init.portal_url)?;
        folder.fill()?;
        write_private(&settings, &folder.settings_text(&init.portal_url, &host))?;
    }
    output.data(&json!({ "folder": folder.0, "settings": settings, "created": is_new }), |_| {
        if is_new {
            greeting(&folder)
        } else {
            format!("{} is complete: nothing was changed.", folder.0.display())
        }
    })
}

fn greeting(folder: &Folder) -> String {
    let (settings, pepper) = (folder.settings(), folder.key("pepper"));
    format!(
        "Written: keys, tokens, callers and {settings}.\n\n\
         Back up {pepper}, apart from the database: without it every password is lost.\n\
         Name a mail provider and the stores in {settings}, then ask what is missing\n\n  \
         rekey config check --config {settings}\n\n\
         and, where `rekey up --production` is to run all of it in one process,\n\n  \
         rekey config check --up --config {settings}\n",
        settings = settings.display(),
        pepper = pepper.display(),
    )
}

/// The host that notices link to.
fn portal_host(url: &str) -> anyhow::Result<String> {
    let uri: Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
    ensure!(
        matches!(uri.scheme_str(), Some("https" | "http")) && !url.ends_with('/'),
        "`{url}` is not of the form https://id.example.com, without a slash at its end"
    );
    uri.host().map(str::to_owned).with_context(|| format!("`{url}` names no host"))
}

/// Where it all goes.
struct Folder(PathBuf);

impl Folder {
    fn settings(&self) -> PathBuf {
        self.0.join("rekey.toml")
    }

    fn key(&self, name: &str) -> PathBuf {
        self.0.join("keys").join(name.replace('_', "-"))
    }

    fn token(&self, caller: &str) -> PathBuf {
        self.0.join("tokens").join(caller)
    }

    fn callers(&self, part: Part) -> PathBuf {
        self.0.join("callers").join(format!("{}.toml", part.name()))
    }

    /// Writes everything but the settings. What an earlier, broken run left is taken up.
    fn fill(&self) -> anyhow::Result<()> {
        make_private(&self.0)?;
        for name in ["keys", "tokens", "callers"] {
            make_private(&self.0.join(name))?;
        }
        let now = SystemClock.now();
        for (_, key) in KEYS {
            write_if_missing(&self.key(key), || KeyText::generate(&SystemEntropy, now))?;
        }
        for caller in CALLERS {
            write_if_missing(&self.token(caller), || draw_token(&SystemEntropy))?;
        }
        for part in Part::ALL {
            let entries = self.entries(part)?;
            write_private(&self.callers(part), &callers_file::text(&entries)?)?;
        }
        let profile = format!(
            "[identity]\nendpoint = \"http://127.0.0.1:7301\"\ntoken_file = {token}\n\n\
             [notification]\nendpoint = \"http://127.0.0.1:7303\"\ntoken_file = {token}\n",
            token = text(&self.token("cli"))
        );
        write_if_missing(&self.0.join("cli.toml"), || profile)
    }

    /// Who may call a part.
    fn entries(&self, part: Part) -> anyhow::Result<Vec<NewCaller>> {
        let known = |caller: NewCaller| -> anyhow::Result<NewCaller> {
            let file = self.token(&caller.name);
            let token =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(caller.known_by(Some(token.trim())))
        };
        let callers = match part {
            Part::Identity => vec![NewCaller::everything("cli")],
            Part::Verification => vec![neighbour("identity", &[VERIFICATION])],
            Part::Notification => {
                // Whoever looks after messages sees those of the parts.
                let cli = neighbour("cli", &[NOTIFICATION, PROVIDERS, SUPPRESSION, TEMPLATES]);
                let cli = NewCaller { senders: vec!["*".to_owned()], ..cli };
                vec![neighbour("identity", &[NOTIFICATION]), neighbour("verification", &[NOTIFICATION]), cli]
            }
        };
        callers.into_iter().map(known).collect()
    }

    fn settings_text(&self, portal_url: &str, host: &str) -> String {
        let mut lines = vec![
            "# Written by `rekey init`. `rekey config defaults` shows every setting with its reason."
                .to_owned(),
            format!("[identity]\nportal_url = {portal_url:?}"),
            format!("[notification.templates]\nlink_hosts = [{host:?}]"),
        ];
        for part in Part::ALL {
            let name = part.name();
            lines.push(format!("[{name}.server]\ncallers_file = {}", text(&self.callers(part))));
            let of_part = KEYS.iter().filter(|(owner, _)| *owner == name);
            let keys: Vec<String> =
                of_part.map(|(_, key)| format!("{key}_file = {}", text(&self.key(key)))).collect();
            lines.push(format!("[{name}.keys]\n{}", keys.join("\n")));
        }
        for (caller, called) in
            [("identity", "verification"), ("identity", "notification"), ("verification", "notification")]
        {
            lines.push(format!("[{caller}.{called}]\ntoken_file = {}", text(&self.token(caller))));
        }
        lines.push(
            "# Who carries mail or text messages; without one nothing starts.\n# [[notification.providers]]\n# kind = \"smtp\"\n\
             # host = \"smtp.example.com\"\n# username = \"rekey\"\n# password_file = \"/etc/rekey/relay-password\"\n\
             # from = \"no-reply@example.com\""
                .to_owned(),
        );
        lines.join("\n\n") + "\n"
    }
}

/// A part as the caller of another.
fn neighbour(name: &str, methods: &[&str]) -> NewCaller {
    let all = || vec!["*".to_owned()];
    NewCaller {
        name: name.to_owned(),
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        tenants: all(),
        purposes: all(),
        templates: all(),
        lanes: all(),
        may_assert_context: true,
        may_assert_not_after: true,
        ..NewCaller::default()
    }
}

/// A path as TOML writes it.
fn text(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::{production, settings};

    fn init(folder: &Path) -> anyhow::Result<()> {
        let folder = folder.to_owned();
        run(&Init { folder, portal_url: "https://id.acme.example".to_owned() }, Output::new(true))
    }

    #[test]
    fn what_is_written_lacks_nothing_but_a_mail_provider_and_is_private() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("rekey");

        init(&folder).unwrap();

        let document = settings::document(Some(folder.join("rekey.toml")), Vec::new()).unwrap();
        let missing = production::check_business(&document, &scratch.path().join("data")).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "not in production: no provider of mail or text messages is set: notification.providers"
        );
        let mode = |path: &str| std::fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(""), mode("keys"), mode("keys/pepper"), mode("rekey.toml")),
            (0o700, 0o700, 0o600, 0o600)
        );
    }

    #[test]
    fn a_complete_folder_is_left_as_it_is_and_a_broken_one_keeps_its_keys() {
        let scratch = tempfile::tempdir().unwrap();
        let read = |path: &str| std::fs::read_to_string(scratch.path().join(path)).unwrap();
        init(scratch.path()).unwrap();
        let (pepper, token) = (read("keys/pepper"), read("tokens/identity"));

        std::fs::write(scratch.path().join("callers/identity.toml"), "# mine\n").unwrap();
        init(scratch.path()).unwrap();
        let left = read("callers/identity.toml");
        std::fs::remove_file(scratch.path().join("rekey.toml")).unwrap();
        init(scratch.path()).unwrap();

        assert_eq!(left, "# mine\n");
        assert_eq!((read("keys/pepper"), read("tokens/identity")), (pepper, token));
        assert!(read("callers/identity.toml").contains("name = \"cli\""));
    }

    #[test]
    fn a_portal_that_no_notice_could_link_to_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let refused = |url: &str| {
            let init = Init { folder: scratch.path().join("new"), portal_url: url.to_owned() };
            run(&init, Output::new(true)).is_err() && !scratch.path().join("new").exists()
        };

        assert!(
            ["id.acme.example", "https://", "https://id.acme.example/", "ftp://id.acme.example"]
                .into_iter()
                .all(refused)
        );
    }
}
