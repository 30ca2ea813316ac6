//! What a deployment stands on, as its settings name it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rekey_testing::SmtpServer;

use super::Ground;

/// Stores and providers that a test hands in.
pub trait Foundation {
    /// Where the stores are.
    fn stores(&self) -> StoreUrls;

    /// The tables of the providers. What they name is written into the folder.
    fn providers(&self, folder: &Path) -> String;
}

/// Stores by their URLs.
pub struct StoreUrls {
    /// Identity's database.
    pub identity: String,
    /// Notification's database.
    pub notification: String,
    /// Codes and throttles.
    pub redis: String,
}

impl Foundation for Ground {
    fn stores(&self) -> StoreUrls {
        StoreUrls {
            identity: self.identity.url().to_owned(),
            notification: self.notification.url().to_owned(),
            redis: self.redis.url(),
        }
    }

    fn providers(&self, folder: &Path) -> String {
        relay(folder, "smtp", &self.mail, self.mail.port())
    }
}

/// The table of a provider that is this mail server, reached at this port.
///
/// # Panics
/// When the folder cannot be written.
pub fn relay(folder: &Path, name: &str, mail: &SmtpServer, port: u16) -> String {
    let file = |purpose| folder.join(format!("{name}-{purpose}"));
    let (authority, password) = (file("ca.pem"), file("password"));
    std::fs::write(&authority, mail.authority_pem()).unwrap();
    std::fs::write(&password, SmtpServer::PASSWORD).unwrap();
    // Production refuses a secret that everybody may read.
    std::fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    format!(
        "[[notification.providers]]\nname = {name:?}\nkind = \"smtp\"\nhost = \"localhost\"\nport = {port}\n\
         tls = \"starttls\"\nca_file = {authority:?}\n\
         username = {:?}\npassword_file = {password:?}\nfrom = \"no-reply@acme.example\"\n",
        SmtpServer::USERNAME,
    )
}

/// The table of a provider that is a gateway of text messages at this port.
pub fn gateway(name: &str, port: u16) -> String {
    format!(
        "[[notification.providers]]\nname = {name:?}\nkind = \"sms\"\nurl = \"http://127.0.0.1:{port}/Messages.json\"\n\
         from = \"+12125550199\"\n"
    )
}
