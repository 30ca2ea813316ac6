//! The files of secrets in production: keys, tokens and passwords that every user of the machine may read are nobody's
//! secret.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rekey_client::ClientSettings;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{RedisSettings, is_variable};

use super::Findings;

/// The right of everybody to read, write or enter. A group may be that of the process, as with mounted secrets.
const EVERYBODY: u32 = 0o007;

impl Findings {
    /// Looks at a file that holds a secret. One that is missing is told of by who reads it.
    pub(super) fn secret_file(&mut self, name: &str, file: Option<&Path>) {
        let Some(file) = file.filter(|file| !is_variable(file)) else { return };
        let mode = std::fs::metadata(file).map(|found| found.permissions().mode());
        self.forbid_if(
            mode.is_ok_and(|mode| mode & EVERYBODY != 0),
            &format!("{name}: every user of this machine may read {}; chmod 600 it", file.display()),
        );
    }

    /// The secrets of a port.
    pub(super) fn secrets_of_port(&mut self, part: &str, server: &ServerSettings) {
        self.secret_file(&format!("{part}.server.tls.key_file"), server.tls.key_file.as_deref());
    }

    /// The secrets that a Redis and its Sentinels are shown.
    pub(super) fn secrets_of_redis(&mut self, name: &str, settings: &RedisSettings) {
        self.secret_file(&format!("{name}.password_file"), settings.password_file.as_deref());
        self.secret_file(&format!("{name}.key_file"), settings.key_file.as_deref());
        let sentinel = settings.sentinel_password_file.as_deref();
        self.secret_file(&format!("{name}.sentinel_password_file"), sentinel);
    }

    /// The secrets that a neighbour is shown.
    pub(super) fn secrets_for_neighbour(&mut self, name: &str, settings: &ClientSettings) {
        self.secret_file(&format!("{name}.token_file"), settings.token_file.as_deref());
        self.secret_file(&format!("{name}.key_file"), settings.key_file.as_deref());
    }
}
