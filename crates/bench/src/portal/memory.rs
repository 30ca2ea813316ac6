//! The memory that a suite has in RAM.

use crate::suite::{bytes_named, resident_bytes};

/// In bytes: the share of the process of what is mapped (`Pss`), where the kernel tells it, and everything that is mapped where not.
pub(super) fn memory_bytes(process: u32) -> anyhow::Result<u64> {
    let shares = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok();
    match shares.and_then(|shares| bytes_named(&shares, "Pss:")) {
        Some(bytes) => Ok(bytes),
        None => resident_bytes(process),
    }
}
