//! The settings of a deployment, as an operator would write them: one file for the parts that are called and one for the portal,
//! certificates instead of tokens, each caller allowed what it needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rekey::Part;
use rekey::folder::{DataFolder, KEYS};

use super::{BACKEND, Foundation, Ports, StoreUrls};
use crate::authority::{Authority, Certificate};

/// Who may call whom.
const CALLS: [(Part, &[&str]); 3] = [
    (Part::Identity, &["portal", BACKEND]),
    (Part::Verification, &["identity"]),
    (Part::Notification, &["identity", "verification", "portal", BACKEND]),
];

/// Where people's pages are.
const PORTAL: &str = "https://id.acme.example";

/// Peers of parts that are called, by the tables of their settings.
pub(super) const PEERS: [(Part, Part); 3] = [
    (Part::Identity, Part::Verification),
    (Part::Identity, Part::Notification),
    (Part::Verification, Part::Notification),
];

/// The file of the portal, beside that of the others.
pub(super) fn of_portal(path: &Path) -> PathBuf {
    path.with_file_name("portal.toml")
}

/// Writes the files and everything they name.
pub(super) fn write(
    path: &Path,
    ground: &impl Foundation,
    authority: &Authority,
    data: &DataFolder,
    ports: &[Ports; 4],
) {
    let folder = path.parent().unwrap();
    let mut text = stores(&ground.stores());
    text.push_str(&ground.providers(folder));
    text.push_str(&keys(data));
    for own in ports.iter().filter(|own| own.part != Part::Portal) {
        let certificate = authority.issue(own.part.name());
        text.push_str(&server(folder, own, authority, &certificate));
        for (_, peer) in PEERS.iter().filter(|(caller, _)| *caller == own.part) {
            text.push_str(&client(own.part, of(ports, *peer), authority, &certificate));
        }
    }
    std::fs::write(path, text).unwrap();
    std::fs::write(of_portal(path), portal(authority, data, ports)).unwrap();
}

fn of(ports: &[Ports; 4], part: Part) -> &Ports {
    ports.iter().find(|ports| ports.part == part).expect("every part has ports")
}

/// Browsers show no certificate, so the portal demands none.
fn portal(authority: &Authority, data: &DataFolder, ports: &[Ports; 4]) -> String {
    let files = authority.issue(Part::Portal.name());
    let Certificate { certificate, key } = &files;
    let mut text = format!(
        "[portal]\npublic_url = {PORTAL:?}\n[portal.keys]\ncookie_file = {:?}\n\
         [portal.server]\nlisten = \"127.0.0.1:{}\"\ngrace_seconds = 1\n\
         [portal.server.tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n",
        data.key("cookie"),
        of(ports, Part::Portal).listen,
    );
    for peer in [Part::Identity, Part::Notification] {
        text.push_str(&client(Part::Portal, of(ports, peer), authority, &files));
    }
    text
}

fn stores(urls: &StoreUrls) -> String {
    let StoreUrls { identity, notification, redis } = urls;
    format!(
        "[identity]\nportal_url = {PORTAL:?}\nanswer_floor_ms = 100\n\
         [identity.store]\nurl = {identity:?}\n\
         [identity.throttle]\nurl = {redis:?}\n\
         [identity.notices]\npoll_ms = 50\n\
         [verification.store]\nurl = {redis:?}\n\
         [notification.store]\nurl = {notification:?}\n\
         [notification.templates]\nlink_hosts = [\"id.acme.example\"]\n\
         [notification.delivery]\npoll_ms = 50\n",
    )
}

/// The keys that a part does not start without: what is optional may be unknown to the release before.
fn keys(data: &DataFolder) -> String {
    let mut text = String::new();
    for part in Part::GRPC.map(Part::name) {
        writeln!(text, "[{part}.keys]").unwrap();
        for (_, key) in KEYS.iter().filter(|(owner, key)| *owner == part && *key != "receipt_mac") {
            writeln!(text, "{key}_file = {:?}", data.key(key)).unwrap();
        }
    }
    text
}

fn server(folder: &Path, ports: &Ports, authority: &Authority, files: &Certificate) -> String {
    let part = ports.part.name();
    let callers = folder.join(format!("{part}-callers.toml"));
    let (_, names) = CALLS.iter().find(|(called, _)| *called == ports.part).unwrap();
    std::fs::write(&callers, names.iter().map(|name| caller(name)).collect::<String>()).unwrap();
    let Certificate { certificate, key } = files;
    format!(
        "[{part}.server]\nlisten = \"127.0.0.1:{}\"\ngrace_seconds = 1\ncallers_file = {callers:?}\n\
         [{part}.server.tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n\
         client_ca_file = {:?}\nclient_certificate_required = true\n",
        ports.listen,
        authority.certificate(),
    )
}

fn caller(name: &str) -> String {
    format!(
        "[[caller]]\nname = {name:?}\nspiffe_id = {:?}\nmethods = \"*\"\nin_own_name = \"*\"\ntenants = \"*\"\npurposes = \"*\"\n\
         templates = \"*\"\nlanes = \"*\"\nmay_assert_context = true\nmay_assert_not_after = true\n",
        Authority::spiffe_id(name),
    )
}

fn client(from: Part, to: &Ports, authority: &Authority, files: &Certificate) -> String {
    let Certificate { certificate, key } = files;
    format!(
        "[{}.{}]\nendpoint = \"https://localhost:{}\"\nca_file = {:?}\n\
         certificate_file = {certificate:?}\nkey_file = {key:?}\n",
        from.name(),
        to.part.name(),
        to.listen,
        authority.certificate(),
    )
}
