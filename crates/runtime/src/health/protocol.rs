//! The types of `grpc.health.v1`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::pedantic,
    clippy::nursery,
    reason = "generated from the protocol, which has the comments"
)]

tonic::include_proto!("grpc.health.v1");

/// Its descriptors, for reflection.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/health.bin"));
