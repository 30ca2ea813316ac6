//! The settings of a deployment, as an operator would write them: one file for all parts, certificates instead of
//! tokens, each caller allowed what it needs.

use std::fmt::Write as _;
use std::path::Path;

use rekey::Part;
use rekey::folder::{DataFolder, KEYS};

use super::{BACKEND, Foundation, Ports, StoreUrls};
use crate::authority::{Authority, Certificate};

/// Who may call whom.
const CALLS: [(Part, &[&str]); 3] = [
    (Part::Identity, &[BACKEND]),
    (Part::Verification, &["identity"]),
    (Part::Notification, &["identity", "verification", BACKEND]),
];

/// Peers of parts, by the tables of their settings.
pub(super) const PEERS: [(Part, Part); 3] = [
    (Part::Identity, Part::Verification),
    (Part::Identity, Part::Notification),
    (Part::Verification, Part::Notification),
];

/// Writes the file and everything it names.
pub(super) fn write(
    path: &Path,
    ground: &impl Foundation,
    authority: &Authority,
    data: &DataFolder,
    ports: &[Ports; 3],
) {
    let folder = path.parent().unwrap();
    let mut text = stores(&ground.stores());
    text.push_str(&ground.providers(folder));
    text.push_str(&keys(data));
    for own in ports {
        let certificate = authority.issue(own.part.name());
        text.push_str(&server(folder, own, authority, &certificate));
        for (_, peer) in PEERS.iter().filter(|(caller, _)| *caller == own.part) {
            let there = ports.iter().find(|ports| ports.part == *peer).unwrap();
            text.push_str(&client(own.part, there, authority, &certificate));
        }
    }
    std::fs::write(path, text).unwrap();
}

fn stores(urls: &StoreUrls) -> String {
    let StoreUrls { identity, notification, redis } = urls;
    format!(
        "[identity]\nportal_url = \"https://id.acme.example\"\nanswer_floor_ms = 100\n\
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
    for part in Part::ALL.map(Part::name) {
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
        ports.grpc,
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
        to.grpc,
        authority.certificate(),
    )
}
