//! What development changes of the defaults: embedded or named stores, the inbox, reflection, keys and callers from the
//! data folder. Settings are written as the environment writes them, below what the environment itself says.

use std::net::SocketAddr;

use rekey_client::{ClientSettings, Connection};
use rekey_runtime::settings::Document;

use crate::Part;
use crate::folder::{DataFolder, KEYS};
use crate::suite::Sockets;

/// What browsers call this machine. Passkeys belong to names, and an address is none (WebAuthn Level 3, 5.1.3).
const THIS_MACHINE: &str = "localhost";

/// A setting, as a variable and its text.
pub type Setting = (String, String);

/// Stores other than the embedded ones.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    /// The databases of identity and of notification.
    pub postgres: Option<[String; 2]>,
    /// Where codes and throttles are kept.
    pub redis: Option<String>,
}

/// Where the parts of a suite on one machine are.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Identity.
    pub identity: SocketAddr,
    /// Verification.
    pub verification: SocketAddr,
    /// Notification.
    pub notification: SocketAddr,
    /// The portal, with the inbox.
    pub portal: SocketAddr,
}

impl Addresses {
    /// Those of bound sockets.
    pub fn new(sockets: &Sockets) -> anyhow::Result<Self> {
        Ok(Self {
            identity: sockets.address(Part::Identity)?,
            verification: sockets.address(Part::Verification)?,
            notification: sockets.address(Part::Notification)?,
            portal: sockets.address(Part::Portal)?,
        })
    }

    /// Where a part is.
    pub const fn of(&self, part: Part) -> SocketAddr {
        match part {
            Part::Identity => self.identity,
            Part::Verification => self.verification,
            Part::Notification => self.notification,
            Part::Portal => self.portal,
        }
    }

    /// Where browsers reach the portal.
    pub fn portal_url(&self) -> String {
        format!("http://{THIS_MACHINE}:{}", self.portal.port())
    }
}

/// A setting below `REKEY__`.
pub fn set(key: &str, value: &str) -> Setting {
    (format!("REKEY__{key}"), value.to_owned())
}

/// Everything that does not depend on the ports.
pub fn settings(folder: &DataFolder, stores: &Stores) -> Vec<Setting> {
    let redis = stores.redis.as_deref().unwrap_or("memory:");
    let mut settings = vec![
        set("VERIFICATION__STORE__URL", redis),
        // The demo people's numbers, which belong to nobody.
        set("VERIFICATION__PHONE__COUNTRIES", "US"),
        // The inbox shows text messages, too.
        set("IDENTITY__RESETS__CARRIED_KINDS", "email,phone"),
        set("IDENTITY__THROTTLE__URL", redis),
        set("NOTIFICATION__PROVIDERS__0__KIND", "inbox"),
    ];
    for (index, part) in ["identity", "notification"].into_iter().enumerate() {
        let embedded = format!("sqlite:{}", folder.database(part).display());
        let url = stores.postgres.as_ref().map_or(embedded, |databases| databases[index].clone());
        settings.push(set(&format!("{}__STORE__URL", part.to_uppercase()), &url));
    }
    for part in Part::GRPC.map(Part::name) {
        let server = format!("{}__SERVER", part.to_uppercase());
        settings.push(set(&format!("{server}__REFLECTION"), "true"));
        settings.push(set(&format!("{server}__CALLERS_FILE"), &folder.callers(part).display().to_string()));
    }
    for part in Part::ALL.map(Part::name) {
        settings.push(set(&format!("{}__PRODUCTION", part.to_uppercase()), "false"));
        let server = format!("{}__SERVER", part.to_uppercase());
        // Nothing balances load here, so nothing has to notice.
        settings.push(set(&format!("{server}__DRAIN_SECONDS"), "0"));
        settings.push(set(&format!("{server}__GRACE_SECONDS"), "1"));
    }
    settings.extend(keys(folder));
    settings
}

/// The files of the keys.
fn keys(folder: &DataFolder) -> impl Iterator<Item = Setting> {
    KEYS.iter().map(|(part, key)| {
        let name = format!("{}__KEYS__{}_FILE", part.to_uppercase(), key.to_uppercase());
        set(&name, &folder.key(key).display().to_string())
    })
}

/// Who calls whom, once the ports are known.
pub fn endpoints(addresses: &Addresses, folder: &DataFolder) -> Vec<Setting> {
    let calls = [
        ("IDENTITY__VERIFICATION", addresses.verification, "identity"),
        ("IDENTITY__NOTIFICATION", addresses.notification, "identity"),
        ("VERIFICATION__NOTIFICATION", addresses.notification, "verification"),
        ("PORTAL__IDENTITY", addresses.identity, "portal"),
        ("PORTAL__NOTIFICATION", addresses.notification, "portal"),
    ];
    let portal = addresses.portal_url();
    let mut settings = vec![
        set("PORTAL__PUBLIC_URL", &portal),
        set("IDENTITY__PORTAL_URL", &portal),
        set("NOTIFICATION__TEMPLATES__LINK_HOSTS", THIS_MACHINE),
    ];
    for (peer, address, caller) in calls {
        settings.push(set(&format!("{peer}__ENDPOINT"), &format!("http://{address}")));
        settings.push(set(&format!("{peer}__TOKEN_FILE"), &folder.token(caller).display().to_string()));
    }
    settings
}

/// Passkeys for the portal's pages, unless the settings say already who takes them.
pub fn passkeys(addresses: &Addresses, document: &Document) -> anyhow::Result<Vec<Setting>> {
    let identity: rekey_identity::config::Settings = document.part("identity")?;
    if !identity.passkeys.relying_party_id.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![
        set("IDENTITY__PASSKEYS__RELYING_PARTY_ID", THIS_MACHINE),
        set("IDENTITY__PASSKEYS__ORIGINS", &addresses.portal_url()),
    ])
}

/// A connection in the name of the command line, which may do everything.
pub fn connect(address: SocketAddr, folder: &DataFolder) -> anyhow::Result<Connection> {
    let settings = ClientSettings::to(format!("http://{address}")).with_token_file(folder.token("cli"));
    Ok(Connection::open(&settings, || None)?)
}
