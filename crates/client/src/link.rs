//! The channel to a peer and the files it was made of. When these change, a new channel takes the place of the old one.
//!
//! Certificates and tokens are short-lived where they are well kept, and a process outlives many of them. Calls that
//! are under way end on the channel they began on; later ones shake hands with the new files. Files that do not read,
//! or do not belong together, change nothing: certificate managers replace several files one after the other.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tonic::transport::Channel;

use crate::balance;
use crate::credentials::ServiceToken;
use crate::settings::{ClientSettings, Files, OpenError};

/// How often the files are looked at, as often as servers look at theirs: far below what any certificate lives on
/// after its successor is written.
const RELOAD_EVERY: Duration = Duration::from_secs(10);

/// A channel that follows its files.
#[derive(Debug)]
pub(crate) struct Link {
    settings: ClientSettings,
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    files: Arc<Files>,
    channel: Channel,
    token: Option<ServiceToken>,
}

impl Link {
    /// Reads the files and makes the channel ready. As long as somebody holds it, the files are read again and again.
    pub(crate) fn open(settings: &ClientSettings) -> Result<Arc<Self>, OpenError> {
        let files = Files::read(settings)?;
        let follows = !files.is_empty();
        let current = RwLock::new(Current::of(settings, files)?);
        let link = Arc::new(Self { settings: settings.clone(), current });
        if follows {
            tokio::spawn(follow(Arc::downgrade(&link)));
        }
        Ok(link)
    }

    /// What a call begins with.
    pub(crate) fn now(&self) -> (Channel, Option<ServiceToken>) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.channel.clone(), current.token.clone())
    }

    /// Reads the files again. Returns whether anything changed; on an error everything stays.
    pub(crate) fn reload(&self) -> Result<bool, OpenError> {
        let files = Files::read(&self.settings)?;
        if *self.current.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(false);
        }
        let current = Current::of(&self.settings, files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(true)
    }
}

impl Current {
    fn of(settings: &ClientSettings, files: Files) -> Result<Self, OpenError> {
        let files = Arc::new(files);
        let endpoint = settings.endpoint(&files)?;
        let token = files.token()?;
        let channel = if settings.balance {
            let (host, port) = settings.host_and_port()?;
            balance::channel(settings.clone(), Arc::clone(&files), host, port)
        } else {
            endpoint.connect_lazy()
        };
        Ok(Self { files, channel, token })
    }
}

async fn follow(link: Weak<Link>) {
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        let Some(link) = link.upgrade() else { return };
        let endpoint = &link.settings.endpoint;
        match link.reload() {
            Ok(true) => tracing::info!(endpoint, "credentials reloaded"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, endpoint, "credentials not reloaded; the old ones stay"),
        }
    }
}
