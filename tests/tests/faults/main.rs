//! What breaks: processes that are killed, stores that go away, networks that swallow.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

mod bulk_reset;
mod erasure;
mod follower;
mod health;
mod imports;
mod kill;
mod matrix;
mod neighbours;
mod network;
mod outage;
mod postgres_away;
mod purge;
mod redis_away;
mod restore;
