//! What breaks: processes that are killed, stores that go away, networks that swallow.

mod bulk_reset;
mod erasure;
mod follower;
mod health;
mod imports;
mod kill;
mod mail_servers;
mod matrix;
mod neighbours;
mod network;
mod outage;
mod postgres_away;
mod providers;
mod purge;
mod redis_away;
mod redis_primary;
mod restore;
