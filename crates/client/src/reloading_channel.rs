//! The channel to a peer, made anew when the files with its certificates and its token change.
//!
//! A process outlives many certificates and tokens. Calls under way end on the channel they began on; later ones use
//! the new files. Files that do not read, or do not belong together, change nothing: certificate managers replace
//! several files one after the other.

use std::sync::{Arc, LazyLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::Channel;

use crate::balance::{Balancer, Resolver};
use crate::cause::Peer;
use crate::credentials::ServiceToken;
use crate::settings::{ClientSettings, Files, OpenError};

/// How often the files are read, as often as servers read theirs: far less than the time that a certificate is valid
/// after its successor was written.
const RELOAD_EVERY: Duration = Duration::from_secs(10);

/// A channel that is made anew when its files change.
#[derive(Debug)]
pub(crate) struct ReloadingChannel {
    settings: ClientSettings,
    resolver: Arc<dyn Resolver>,
    current: RwLock<Current>,
}

/// The channel of the moment, and the token of the moment.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    files: Arc<Files>,
    pub(crate) route: Route,
    pub(crate) token: Option<ServiceToken>,
}

/// Where calls go.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// Wherever the endpoint's host leads at the moment of connecting.
    One(Channel),
    /// One of the replicas behind the host.
    Balanced(Arc<Balancer>),
}

impl ReloadingChannel {
    /// Reads the files and makes the channel ready. As long as somebody holds it, the files are read again and again.
    pub(crate) fn open(
        settings: &ClientSettings,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Arc<Self>, OpenError> {
        let files = Files::read(settings)?;
        let has_files = !files.is_empty();
        let current = RwLock::new(Current::of(settings, files, &resolver)?);
        let channel = Arc::new(Self { settings: settings.clone(), resolver, current });
        if has_files {
            tokio::spawn(watch_files(Arc::downgrade(&channel)));
        }
        Ok(channel)
    }

    /// Who is called, for people.
    pub(crate) fn peer(&self) -> Peer<'_> {
        Peer { name: self.settings.authority(), is_tls: self.settings.is_tls() }
    }

    /// What a call that begins now uses until it ends.
    pub(crate) fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again. Returns whether anything changed; on an error everything stays.
    pub(crate) fn reload(&self) -> Result<bool, OpenError> {
        let files = Files::read(&self.settings)?;
        if *self.current().files == files {
            return Ok(false);
        }
        let current = Current::of(&self.settings, files, &self.resolver)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(true)
    }
}

impl Current {
    fn of(settings: &ClientSettings, files: Files, resolver: &Arc<dyn Resolver>) -> Result<Self, OpenError> {
        let files = Arc::new(files);
        let endpoint = settings.endpoint(&files)?;
        let token = files.token()?;
        let route = if settings.balance {
            let balancer = Balancer::open(settings.clone(), Arc::clone(&files), Arc::clone(resolver))?;
            Route::Balanced(Arc::new(balancer))
        } else {
            Route::One(endpoint.connect_lazy())
        };
        Ok(Self { files, route, token })
    }
}

/// How many times the process was told to read the files of its connections.
static TOLD: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Has every connection of this process read its files now, as on SIGHUP, instead of within ten seconds.
pub fn read_files_again() {
    TOLD.send_modify(|times| *times += 1);
}

async fn watch_files(channel: Weak<ReloadingChannel>) {
    let mut told = TOLD.subscribe();
    loop {
        tokio::select! {
            () = tokio::time::sleep(RELOAD_EVERY) => {}
            // The sender is never dropped.
            _ = told.changed() => {}
        }
        let Some(channel) = channel.upgrade() else { return };
        let endpoint = &channel.settings.endpoint;
        match channel.reload() {
            Ok(true) => tracing::info!(endpoint, "credentials reloaded"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, endpoint, "credentials not reloaded; the old ones stay"),
        }
    }
}
