//! What a server is started with when a test wants it somewhere else, or with something more.

use std::path::PathBuf;

use anyhow::Result;

use crate::scratch::Folder;

/// Where a server has its data, and what its process has in its environment. The default is memory, and nothing.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// A folder below which its own is made.
    pub disk: Option<PathBuf>,
    /// Variables by name.
    pub variables: Vec<(String, String)>,
}

impl Environment {
    /// An empty folder for a server.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, purpose: &str) -> Result<Folder> {
        match &self.disk {
            Some(disk) => Folder::within(disk, purpose),
            None => Folder::new(purpose),
        }
    }
}
