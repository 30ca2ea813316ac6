//! A browser with a software authenticator that is not ours: `soft-webauthn`, of Python, run once for each use.

use std::process::Command;

use serde_json::{Value, json};

use crate::processes::run;

/// The page that asks for passkeys in these tests, and the domain they belong to.
pub const ORIGIN: &str = "https://login.example.com";
/// The domain.
pub const DOMAIN: &str = "example.com";

/// What a suite takes passkeys with.
pub const SETTINGS: [(&str, &str); 2] =
    [("IDENTITY__PASSKEYS__RELYING_PARTY_ID", DOMAIN), ("IDENTITY__PASSKEYS__ORIGINS", ORIGIN)];

/// Somebody touched it, and the device saw who.
pub const PRESENT_AND_VERIFIED: u8 = 0b101;
/// May be copied to other devices, and was.
pub const COPIED: u8 = 0b1_1000;

/// What an authenticator and its browser say of themselves.
#[derive(Debug, Clone)]
pub struct Says {
    /// The page that asks.
    pub origin: &'static str,
    /// Another domain than was asked for.
    pub domain: Option<&'static str>,
    /// Of WebAuthn section 6.1, without the one that says that a key follows.
    pub flags: u8,
    /// The signature counter.
    pub counter: u32,
}

impl Default for Says {
    fn default() -> Self {
        Self { origin: ORIGIN, domain: None, flags: PRESENT_AND_VERIFIED, counter: 0 }
    }
}

/// A device with one passkey, once it made one.
#[derive(Debug, Default, Clone)]
pub struct Device {
    state: Value,
}

impl Device {
    /// Makes a passkey of what `StartPasskeyRegistration` gave; `RegistrationResponseJSON`.
    pub async fn create(&mut self, options: &str, says: &Says) -> String {
        self.act("create", options, says).await
    }

    /// Signs what it is asked to; `AuthenticationResponseJSON`.
    pub async fn get(&mut self, options: &str, says: &Says) -> String {
        self.act("get", options, says).await
    }

    async fn act(&mut self, act: &str, options: &str, says: &Says) -> String {
        const PROGRAM: &str = include_str!("device.py");
        let Says { origin, domain, flags, counter } = says;
        let bent = json!({ "origin": origin, "rp_id": domain, "flags": flags, "counter": counter });
        let asked = json!({ "act": act, "options": options, "bent": bent, "state": self.state });
        let mut python = Command::new(rekey_testing::tools().join("python/bin/python"));
        python.args(["-c", PROGRAM, &asked.to_string()]);
        let output = run(python).await;
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let mut answered: Value = serde_json::from_str(&output.stdout).unwrap();
        self.state = answered["state"].take();
        answered["credential"].as_str().unwrap().to_owned()
    }
}
