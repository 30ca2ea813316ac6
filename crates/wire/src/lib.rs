//! The contract as Rust types: messages, clients and servers generated from `proto/`, what the contract says about
//! access, and the one way a refusal becomes a `tonic::Status`.
//!
//! - [`identity`], [`verification`], [`notification`], [`options`]: generated; secret fields print as `[redacted]`
//!   under `Debug`.
//! - [`access`]: who may call what.
//! - [`DESCRIPTORS`]: the whole contract with our options, for those who look into it (tests of every RPC). The packages
//!   have their own parts of it, for reflection.
//! - [`reason`], [`refusals`], [`status`]: published reasons, which RPC gives which, and a refusal as `google.rpc` error
//!   details.
//! - [`audit_events`]: audit events as JSON and as CloudEvents.
//! - [`time`]: moments and spans both ways.
//!
//! Nothing here knows another room of ours, so anybody may depend on it.

pub mod access;
pub mod audit_events;
pub mod reason;
pub mod refusals;
pub mod status;
pub mod time;

/// These fields and no others, for RPCs that change some.
pub fn field_mask<const COUNT: usize>(paths: [&str; COUNT]) -> prost_types::FieldMask {
    prost_types::FieldMask { paths: paths.map(str::to_owned).to_vec() }
}

/// One package of the contract.
macro_rules! package {
    ($(#[$doc:meta])* $name:ident, $domain:literal, $package:literal) => {
        $(#[$doc])*
        pub mod $name {
            /// Version 1.
            #[allow(missing_docs, unreachable_pub, clippy::all, clippy::needless_pass_by_value, rustdoc::all, reason = "generated")]
            pub mod v1 {
                tonic::include_proto!($package);
                /// The domain of this package's error reasons, which outlives its versions.
                pub const DOMAIN: &str = $domain;
                /// The encoded `FileDescriptorSet` of this package and what it imports, custom options included, for
                /// reflection.
                pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/", $package, ".bin"));
            }
        }
    };
}

package!(
    /// People, accounts, passwords and sessions.
    identity,
    "rekey.identity",
    "rekey.identity.v1"
);
package!(
    /// Short-lived codes.
    verification,
    "rekey.verification",
    "rekey.verification.v1"
);
package!(
    /// Messages to people.
    notification,
    "rekey.notification",
    "rekey.notification.v1"
);

/// What the contract says about itself.
pub mod options {
    /// Version 1.
    #[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("rekey.options.v1");
    }
}

mod redacted {
    include!(concat!(env!("OUT_DIR"), "/redacted.rs"));
}

/// The encoded `FileDescriptorSet` of the whole contract, custom options included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
