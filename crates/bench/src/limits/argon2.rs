//! Argon2id as fast as the library goes: threads that do nothing else, memory that is reused and never wiped.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::time::Instant;

use crate::program::HashCost;

/// As long as those that identity makes.
const TAG_BYTES: usize = 32;

/// How many hashes of this cost so many threads make in a second.
pub(crate) async fn rate(cost: HashCost, threads: usize, length: Duration) -> anyhow::Result<f64> {
    let HashCost { memory_kib, passes, lanes } = cost;
    let params = Params::new(memory_kib, passes, lanes, Some(TAG_BYTES))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let run = move || {
        std::thread::scope(|scope| {
            let hashing: Vec<_> = (0..threads).map(|_| scope.spawn(|| hash_for(&argon2, length))).collect();
            let rates = hashing
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a hashing thread stopped"))?);
            rates.sum::<anyhow::Result<f64>>()
        })
    };
    tokio::task::spawn_blocking(run).await?
}

/// One thread's hashes in a second. It touches its memory before the time runs.
fn hash_for(argon2: &Argon2<'_>, length: Duration) -> anyhow::Result<f64> {
    let mut blocks = vec![Block::new(); argon2.params().block_count()];
    let mut tag = [0; TAG_BYTES];
    let mut hash =
        || argon2.hash_password_into_with_memory(b"correct horse", &[7; 16], &mut tag, &mut blocks);
    hash()?;
    let began = Instant::now();
    let mut done = 0_u32;
    while began.elapsed() < length {
        hash()?;
        done += 1;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}
