//! Steps that outlive the primary that did them.
//!
//! Redis replicates behind the answer: a primary that dies takes with it what no replica has heard of, and a limit whose
//! last steps are forgotten is lifted by as many. So a step is answered when a replica has it (`WAIT`), as long as its
//! primary has a replica that keeps up. Where it has none, nobody can take over with less, and nothing is waited for. A
//! replica that hangs is waited for until it lags: until then calls fail.
//!
//! `WAIT` is about what its own connection wrote, so it travels in one pipeline with the script. `INFO` behind it tells
//! whether there is a replica to wait for the next time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use redis::aio::ConnectionLike as _;
use redis::{Arg, Cmd, FromRedisValue, Pipeline, RedisResult, ScriptInvocation, Value};
use redis::{ServerError, ServerErrorKind, from_redis_value};

use super::{Connection, Kind, measurement};

/// Primaries of a cluster are told apart by the hash tags they hold. Tags share places: one that finds another primary's
/// knowledge there waits once for nobody, or once not.
const PLACES: usize = 256;
/// For how long a replica need not have been heard of. It reports every second: one that is silent for longer hangs, and
/// Sentinel and Cluster promote none that hangs.
pub const REPLICA_LAG: Duration = Duration::from_secs(2);

const UNKNOWN: u8 = 0;
const ALONE: u8 = 1;
const FOLLOWED: u8 = 2;

/// What is known of the replicas of each primary.
pub(super) struct Replication {
    patience: Duration,
    lag: Duration,
    places: [AtomicU8; PLACES],
    /// Whether this Redis lets nobody wait: its user may not, or it has no such command.
    is_refused: AtomicBool,
}

impl Connection {
    /// Holds the answers of [`Self::step`] back until a replica has what was done. For a quarter of the time that a
    /// command has: others wait behind it. A replica that is silent for longer than `lag` ([`REPLICA_LAG`]) is waited for
    /// no more.
    #[must_use]
    pub fn with_replicated_steps(self, answers_within: Duration, lag: Duration) -> Self {
        let replication = Replication {
            patience: answers_within / 4,
            lag,
            places: std::array::from_fn(|_| AtomicU8::new(UNKNOWN)),
            is_refused: AtomicBool::new(false),
        };
        Self { replication: Some(Arc::new(replication)), ..self }
    }

    /// Runs a script that changes something. With [`Self::with_replicated_steps`] it fails while a replica that keeps up
    /// does not have the step: it was done, and may be forgotten.
    pub async fn step<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut connection = self.clone();
        match &self.replication {
            Some(replication) if !replication.is_refused.load(Ordering::Relaxed) => {
                connection.replicated(replication, invocation).await
            }
            _ => invocation.invoke_async(&mut connection).await,
        }
    }

    async fn replicated<T: FromRedisValue>(
        &mut self,
        replication: &Replication,
        invocation: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let mut commands = redis::pipe();
        commands.invoke_script(invocation);
        let key = first_key(&commands).unwrap_or_default();
        let place = replication.place(if self.is_to_one_server() { &[] } else { tag_of(&key) });
        let known = match place.load(Ordering::Relaxed) {
            UNKNOWN => self.look(&key, replication.lag).await?,
            known => known,
        };
        if known == FOLLOWED {
            commands.cmd("WAIT").arg(1).arg(replication.patience.as_millis().max(1).to_string());
        }
        commands.cmd("INFO").arg("replication");
        let mut answers = self.pipelined(&commands).await;
        if answers.as_ref().is_ok_and(|answers| is_unknown_script(answers.first())) {
            invocation.load_async(self).await?;
            answers = self.pipelined(&commands).await;
        }
        // After a break it may be another primary.
        let answers = answers.inspect_err(|_| place.store(UNKNOWN, Ordering::Relaxed))?;
        replication.judge(answers, known == FOLLOWED, place)
    }

    /// Whether the primary that holds a key is followed.
    async fn look(&mut self, key: &[u8], lag: Duration) -> RedisResult<u8> {
        let mut commands = redis::pipe();
        commands.cmd("EXISTS").arg(key).cmd("INFO").arg("replication");
        let answers = self.pipelined(&commands).await?;
        Ok(followed(&text(answers.into_iter().nth(1))?, lag))
    }

    async fn pipelined(&mut self, commands: &Pipeline) -> RedisResult<Vec<Value>> {
        let count = commands.len();
        let answers = match &mut self.kind {
            Kind::Single(connection) => connection.req_packed_commands(commands, 0, count),
            Kind::Cluster(cluster) => {
                let mut cluster = Kind::now(cluster);
                Box::pin(async move { cluster.req_packed_commands(commands, 0, count).await })
            }
        };
        measurement::measured("script", answers).await
    }
}

impl Replication {
    fn place(&self, tag: &[u8]) -> &AtomicU8 {
        let mut hasher = DefaultHasher::new();
        tag.hash(&mut hasher);
        &self.places[usize::try_from(hasher.finish() % PLACES as u64).unwrap_or(0)]
    }

    /// The answer of the script, if it may be given: the answers are its own, that of `WAIT` where it was asked, and
    /// that of `INFO`.
    fn judge<T: FromRedisValue>(
        &self,
        answers: Vec<Value>,
        was_waited_for: bool,
        place: &AtomicU8,
    ) -> RedisResult<T> {
        let mut answers = answers.into_iter();
        let answer = answers.next().unwrap_or_default().extract_error()?;
        let acknowledged = if was_waited_for { answers.next() } else { None };
        let info = text(answers.next())?;
        place.store(followed(&info, self.lag), Ordering::Relaxed);
        match acknowledged {
            Some(Value::ServerError(error)) if lets_nobody_wait(&error) => {
                self.is_refused.store(true, Ordering::Relaxed);
                tracing::warn!(
                    code = error.code(),
                    "this Redis lets nobody WAIT for its replicas: a failover may forget the last steps before it"
                );
            }
            // Such as that it is no primary any more: whoever is one may not have the step.
            Some(Value::ServerError(error)) => {
                place.store(UNKNOWN, Ordering::Relaxed);
                return Err(error.into());
            }
            Some(Value::Int(0)) if self.is_kept_up_with(&info) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no replica has the step").into());
            }
            _ => {}
        }
        Ok(from_redis_value(answer)?)
    }

    /// Whether a replica should have had a step by now.
    fn is_kept_up_with(&self, info: &str) -> bool {
        info.lines().any(|line| keeps_up(line, self.lag) && has_reported(line))
    }
}

/// What `INFO replication` says.
fn text(info: Option<Value>) -> RedisResult<String> {
    Ok(from_redis_value(info.unwrap_or_default().extract_error()?)?)
}

fn followed(info: &str, lag: Duration) -> u8 {
    if info.lines().any(|line| keeps_up(line, lag)) { FOLLOWED } else { ALONE }
}

/// Whether a line is about a replica that was just heard of, as in
/// `slave0:ip=127.0.0.1,port=6380,state=online,offset=42,lag=0`.
fn keeps_up(line: &str, lag: Duration) -> bool {
    let is_recent = |seconds: &str| seconds.parse().is_ok_and(|seconds: u64| seconds <= lag.as_secs());
    field(line, "state=") == Some("online") && field(line, "lag=").is_some_and(is_recent)
}

/// Whether a replica has said how far it is. One that has just come hears nothing until then.
fn has_reported(line: &str) -> bool {
    field(line, "offset=").is_some_and(|offset| offset != "0")
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, fields) = line.strip_prefix("slave")?.split_once(':')?;
    fields.trim().split(',').find_map(|field| field.strip_prefix(name))
}

fn is_unknown_script(answer: Option<&Value>) -> bool {
    matches!(answer, Some(Value::ServerError(error)) if error.kind() == Some(ServerErrorKind::NoScript))
}

/// Whether an error of `WAIT` is one of every `WAIT` here: the user may not, or there is no such command.
fn lets_nobody_wait(error: &ServerError) -> bool {
    let is_unknown = |details: &str| details.to_ascii_lowercase().starts_with("unknown command");
    match error.kind() {
        Some(ServerErrorKind::NoPerm) => true,
        Some(ServerErrorKind::ResponseError) => error.details().is_some_and(is_unknown),
        _ => false,
    }
}

/// The first key of a script: behind its name and the count of its keys.
fn first_key(commands: &Pipeline) -> Option<Vec<u8>> {
    match commands.cmd_iter().next().map(Cmd::args_iter)?.nth(3)? {
        Arg::Simple(key) => Some(key.to_vec()),
        _ => None,
    }
}

/// What decides where a cluster keeps a key.
fn tag_of(key: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(key).ok();
    text.and_then(crate::in_redis::hash_tag).map_or(key, str::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_counts_while_it_is_online_and_was_just_heard_of() {
        let found = |replica: &str| {
            followed(
                &format!(
                    "role:master\r\nslave0:ip=127.0.0.1,port=6380,{replica}\r\nmaster_repl_offset:42\r\n"
                ),
                REPLICA_LAG,
            )
        };

        assert_eq!(found("state=online,offset=42,lag=0"), FOLLOWED);
        assert_eq!(found("state=online,offset=0,lag=2"), FOLLOWED);
        assert_eq!(found("state=online,offset=42,lag=3"), ALONE);
        assert_eq!(found("state=wait_bgsave,offset=0,lag=0"), ALONE);
        assert_eq!(
            followed("role:slave\r\nslave_repl_offset:42\r\nslave_read_only:1\r\n", REPLICA_LAG),
            ALONE
        );
        assert!(has_reported("slave0:state=online,offset=42,lag=0"));
        assert!(!has_reported("slave0:state=online,offset=0,lag=0"));
    }

    #[test]
    fn only_a_missing_right_or_command_lets_nobody_wait() {
        let found = |error: &str| {
            let answer = redis::parse_redis_value(format!("-{error}\r\n").as_bytes()).unwrap();
            matches!(answer, Value::ServerError(error) if lets_nobody_wait(&error))
        };

        assert!(found("NOPERM User rekey has no permissions to run the 'wait' command"));
        assert!(found("ERR unknown command 'WAIT', with args beginning with: '1' '125' "));
        assert!(!found("ERR WAIT cannot be used with replica instances."));
        assert!(!found("UNBLOCKED force unblock from blocking operation, instance state changed"));
    }

    #[test]
    fn tags_and_not_whole_keys_choose_the_place() {
        assert_eq!(tag_of(b"rekey:verification:{tenant}:v:1"), b"tenant");
        assert_eq!(tag_of(b"plain"), b"plain");
    }
}
