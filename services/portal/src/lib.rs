//! Rekey's portal: the pages on which people get back into their accounts.
//!
//! | Room | Does |
//! |---|---|
//! | `domain` | where a reset stands between two pages; what identity may say no with |
//! | `peers` | what is needed of identity, in our own words |
//! | `cookies` | what is kept between two pages: in the browser, sealed |
//! | `words` | what the portal says, in each of its languages |
//! | `view` | markup: layout, fields, templates |
//! | `assets` | the stylesheet and the few lines of script |
//! | `web` | what every request passes: origin, forms, deadline, headers, faults |
//! | `pages` | the pages, one file each |
//! | [`config`] | the `[portal]` table |
//! | `wiring` | makes the site from settings |
//!
//! It owns nothing and knows nothing that identity did not say in this very request, but for logos, which it keeps for minutes: any replica
//! answers any page, and a restart loses none. Every page works without scripts.

pub mod config;

mod assets;
mod cookies;
mod domain;
mod pages;
mod peers;
mod view;
mod web;
mod wiring;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rekey_client::Connection;
use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_runtime::deadline;
use rekey_runtime::loops::Loops;
use rekey_runtime::reload::Reloads;

use crate::config::Settings;
use crate::wiring::Peers;

/// What this service is given by its process.
pub struct Dependencies {
    /// Read once per request.
    pub clock: SharedClock,
    /// Draws nonces, names of resets and ids of calls.
    pub entropy: SharedEntropy,
}

/// The service, ready to be served.
pub struct Service {
    /// Its pages.
    pub pages: Router,
    /// What runs in the background.
    pub loops: BackgroundLoops,
}

/// Reads keys and settings, and puts the parts together. A peer that is away is no error: that shows on the pages.
///
/// # Errors
/// Settings that do not fit together, or keys that do not read.
pub fn assemble(settings: &Settings, dependencies: &Dependencies) -> anyhow::Result<Service> {
    let (keys, followed) = wiring::cookie_keys(&settings.keys)?;
    let peers = Peers {
        identity: Connection::open(&settings.identity, deadline::remaining)?,
        notification: Connection::open(&settings.notification, deadline::remaining)?,
    };
    let site = wiring::site(settings, &keys, peers, dependencies)?;
    let mut files = Reloads::default();
    files.add_keys(followed);
    let every = Duration::from_secs(settings.server.reload_seconds.max(1));
    Ok(Service {
        pages: web::router(Arc::new(site), pages::routes()),
        loops: BackgroundLoops { files, every },
    })
}

/// The loop that reads keys again.
pub struct BackgroundLoops {
    files: Reloads,
    every: Duration,
}

impl BackgroundLoops {
    /// Starts it among the process's loops.
    pub fn spawn(self, loops: &mut Loops) {
        let Self { files, every } = self;
        loops.spawn("portal files", move |stop| files.run(every, stop));
    }
}

#[cfg(test)]
mod tests;
