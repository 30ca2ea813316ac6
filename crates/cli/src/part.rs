//! The parts of the suite, by name.

use clap::ValueEnum;

/// A part of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Accounts, passwords, sessions.
    Identity,
    /// Short-lived codes.
    Verification,
    /// Messages.
    Notification,
    /// The pages for people and administrators.
    Portal,
}

impl Part {
    /// In the order in which they are started: nobody calls a later one while starting.
    pub const ALL: [Self; 4] = [Self::Notification, Self::Verification, Self::Identity, Self::Portal];

    /// Those that are called by gRPC, in the same order. The portal listens for browsers: it has no callers and no contract.
    pub const GRPC: [Self; 3] = [Self::Notification, Self::Verification, Self::Identity];

    /// The name in settings, logs and paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Verification => "verification",
            Self::Notification => "notification",
            Self::Portal => "portal",
        }
    }
}
