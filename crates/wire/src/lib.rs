//! The contract as Rust types: messages, clients and servers generated from `proto/`, what the contract says about
//! access, and the one way a refusal becomes a `tonic::Status`.
//!
//! - [`identity`], [`verification`], [`notification`], [`options`]: generated; secret fields print as `[redacted]`
//!   under `Debug`.
//! - [`access`]: who may call what.
//! - [`DESCRIPTORS`]: the whole contract with our options, for those who look into it (tests of every RPC). The packages
//!   have their own parts of it, for reflection.
//! - [`reason`], [`status`]: published reasons, and a refusal as `google.rpc` error details.
//! - [`time`]: moments and spans both ways.
//!
//! Nothing here knows another room of ours, so anybody may depend on it.

pub mod access;
pub mod reason;
pub mod status;
pub mod time;

/// What the contract says about itself.
pub mod options {
    /// Version 1.
    #[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("rekey.options.v1");
    }
}

/// People, accounts, passwords and sessions.
pub mod identity {
    /// Version 1.
    #[allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::needless_pass_by_value,
        rustdoc::all,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("rekey.identity.v1");
        /// The domain of this package's error reasons.
        pub const DOMAIN: &str = "rekey.identity.v1";
        /// The encoded `FileDescriptorSet` of this package and what it imports, custom options included, for
        /// reflection.
        pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rekey.identity.v1.bin"));
    }
}

/// Short-lived codes.
pub mod verification {
    /// Version 1.
    #[allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::needless_pass_by_value,
        rustdoc::all,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("rekey.verification.v1");
        /// The domain of this package's error reasons.
        pub const DOMAIN: &str = "rekey.verification.v1";
        /// The encoded `FileDescriptorSet` of this package and what it imports, custom options included, for
        /// reflection.
        pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rekey.verification.v1.bin"));
    }
}

/// Messages to people.
pub mod notification {
    /// Version 1.
    #[allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::needless_pass_by_value,
        rustdoc::all,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("rekey.notification.v1");
        /// The domain of this package's error reasons.
        pub const DOMAIN: &str = "rekey.notification.v1";
        /// The encoded `FileDescriptorSet` of this package and what it imports, custom options included, for
        /// reflection.
        pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rekey.notification.v1.bin"));
    }
}

mod redacted {
    include!(concat!(env!("OUT_DIR"), "/redacted.rs"));
}

/// The encoded `FileDescriptorSet` of the whole contract, custom options included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
