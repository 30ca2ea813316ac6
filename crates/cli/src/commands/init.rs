//! `rekey init`: what production needs before it can start and nobody should write by hand: keys, the tokens by which the
//! parts know each other, who may call whom, and settings that name all of it.
//!
//! ```text
//! FOLDER/                0700
//!   keys/NAME            0600  the pepper among them: back it up, apart from the databases
//!   tokens/CALLER        0600  identity, verification, portal, and cli, which may do everything at identity and look after messages
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

/// What the portal does for people and, with an administrator's access token, for administrators. Making, changing and removing
/// tenants is not among it, and nothing in its own name.
const PORTAL_AT_IDENTITY: [&str; 20] = [
    "/rekey.identity.v1.AccessPassService/*",
    "/rekey.identity.v1.AccountLifecycleService/*",
    "/rekey.identity.v1.AccountSecurityInfoService/*",
    "/rekey.identity.v1.AccountService/*",
    "/rekey.identity.v1.AdministrationService/*",
    "/rekey.identity.v1.AuditService/*",
    "/rekey.identity.v1.BulkResetService/*",
    "/rekey.identity.v1.GroupService/*",
    "/rekey.identity.v1.HelpDeskService/*",
    "/rekey.identity.v1.LinkedAccountService/*",
    "/rekey.identity.v1.PasskeyService/*",
    "/rekey.identity.v1.PasswordAdministrationService/*",
    "/rekey.identity.v1.PasswordExpiryService/*",
    "/rekey.identity.v1.PasswordResetService/*",
    "/rekey.identity.v1.PasswordService/*",
    "/rekey.identity.v1.PolicyService/*",
    "/rekey.identity.v1.SecurityInfoService/*",
    "/rekey.identity.v1.SessionService/*",
    "/rekey.identity.v1.TenantService/GetTenant",
    "/rekey.identity.v1.TenantService/LookupTenant",
];
/// What the portal shows administrators of messages and of addresses that get none. It sends none itself.
const PORTAL_AT_NOTIFICATION: [&str; 8] = [
    "/rekey.notification.v1.NotificationService/GetNotification",
    "/rekey.notification.v1.NotificationService/ListNotifications",
    "/rekey.notification.v1.NotificationService/CancelNotification",
    "/rekey.notification.v1.NotificationService/ReplayNotification",
    PROVIDERS,
    "/rekey.notification.v1.SuppressionService/DeleteSuppression",
    "/rekey.notification.v1.SuppressionService/ListSuppressions",
    TEMPLATES,
];

/// Who is drawn a token.
const CALLERS: [&str; 4] = ["identity", "verification", "portal", "cli"];

/// Who calls whom.
const CALLS: [(&str, &str); 5] = [
    ("identity", "verification"),
    ("identity", "notification"),
    ("verification", "notification"),
    ("portal", "identity"),
    ("portal", "notification"),
];

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
        for part in Part::GRPC {
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
            Part::Identity => vec![NewCaller::everything("cli"), neighbour("portal", &PORTAL_AT_IDENTITY)],
            Part::Verification => vec![neighbour("identity", &[VERIFICATION])],
            Part::Notification => {
                // Whoever looks after messages sees those of the parts.
                let seeing_all = |name: &str, methods: &[&str]| NewCaller {
                    senders: vec!["*".to_owned()],
                    ..neighbour(name, methods)
                };
                let cli = seeing_all("cli", &[NOTIFICATION, PROVIDERS, SUPPRESSION, TEMPLATES]);
                let portal = seeing_all("portal", &PORTAL_AT_NOTIFICATION);
                let parts = ["identity", "verification"].map(|part| neighbour(part, &[NOTIFICATION]));
                parts.into_iter().chain([portal, cli]).collect()
            }
            Part::Portal => Vec::new(),
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
        let has_portal = is_portal(portal_url);
        if has_portal {
            // It listens on loopback unless somebody changes that, so whoever ends TLS for it is on this machine.
            lines.push(format!("[portal]\npublic_url = {portal_url:?}\ntrusted_proxies = [\"127.0.0.1\"]"));
        }
        for part in Part::GRPC {
            let name = part.name();
            lines.push(format!("[{name}.server]\ncallers_file = {}", text(&self.callers(part))));
        }
        let is_served = |name: &str| has_portal || name != Part::Portal.name();
        for name in Part::ALL.map(Part::name).into_iter().filter(|name| is_served(name)) {
            let of_part = KEYS.iter().filter(|(owner, _)| *owner == name);
            let keys: Vec<String> =
                of_part.map(|(_, key)| format!("{key}_file = {}", text(&self.key(key)))).collect();
            lines.push(format!("[{name}.keys]\n{}", keys.join("\n")));
        }
        for (caller, called) in CALLS.into_iter().filter(|(caller, _)| is_served(caller)) {
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

/// Whether these are to be the portal's pages, which stand at the root of a host. Whoever names a path there has pages of their own.
fn is_portal(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| uri.path() == "/")
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
    fn the_portal_is_of_the_suite_unless_the_url_is_a_page_of_somebody_elses() {
        let scratch = tempfile::tempdir().unwrap();
        let written = |name: &str, url: &str| {
            let folder = scratch.path().join(name);
            run(&Init { folder: folder.clone(), portal_url: url.to_owned() }, Output::new(true)).unwrap();
            let document = settings::document(Some(folder.join("rekey.toml")), Vec::new()).unwrap();
            (settings::written_parts(&document), settings::business_parts(&document))
        };

        let ours = written("ours", "https://id.acme.example");
        let theirs = written("theirs", "https://acme.example/account");

        assert_eq!(ours, (Part::ALL.to_vec(), Part::ALL.to_vec()));
        assert_eq!(theirs, (Part::GRPC.to_vec(), Part::GRPC.to_vec()));
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
