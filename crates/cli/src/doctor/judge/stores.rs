//! Stores: whether they keep what they are told, take as many connections as there will be, and tell our time.

use std::collections::BTreeMap;

use rekey_identity::{DatabaseFacts, RedisFacts, RedisNodeFacts, SchemaFit, ServerFacts};

use super::super::finding::Finding;

/// A message is leased for two seconds: half of that is the least that clocks of two replicas must agree by.
const CLOCK_MICROS: i64 = 1_000_000;

/// Beyond this not even what is tolerated between replicas holds (60 s): locks, lives and budgets go wrong.
const CLOCK_BROKEN_MICROS: i64 = 60_000_000;

/// The oldest Postgres that still gets fixes, and what was tried: 15.
const POSTGRES: i64 = 150_000;

/// The oldest Redis that was tried.
const REDIS: (u64, u64) = (7, 0);

/// So many tenths of a limit are still calm.
const CALM_TENTHS: u64 = 8;

/// A database as one part uses it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseUse {
    /// The table of its settings, such as `identity.store`.
    pub(crate) about: String,
    /// The part, for the command that migrates it.
    pub(crate) part: &'static str,
    /// The most connections of one replica.
    pub(crate) connections: u32,
    /// Whether the process migrates it whenever it starts, as `rekey up` does.
    pub(crate) is_migrated_at_start: bool,
    pub(crate) facts: DatabaseFacts,
}

/// One database.
pub(crate) fn judge_database(of: &DatabaseUse) -> Vec<Finding> {
    let mut findings = Vec::new();
    match of.facts.schema {
        SchemaFit::Fits => {}
        SchemaFit::TooOld if of.is_migrated_at_start => {}
        SchemaFit::TooOld => findings.push(Finding::error(
            &of.about,
            format!("the schema of {} is missing or older than this program's", of.facts.target),
            format!("Run `rekey migrate {}`.", of.part),
        )),
        SchemaFit::TooNew => findings.push(Finding::error(
            &of.about,
            format!("the schema of {} has left this program behind", of.facts.target),
            "Run the release that migrated it, or a later one.",
        )),
    }
    if let Some(server) = &of.facts.server {
        findings.extend(judge_server(&of.about, server));
        findings.extend(clock(&of.about, server.clock_ahead_micros));
    }
    findings
}

fn judge_server(about: &str, server: &ServerFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut error_if = |is_so: bool, what: &str, mend: &str| {
        if is_so {
            findings.push(Finding::error(about, what, mend));
        }
    };
    error_if(
        server.is_standby,
        "this Postgres is a standby and takes no writes",
        "Name the primary, or all hosts by a name that leads to it.",
    );
    error_if(
        !server.syncs,
        "fsync is off: a crash of its machine may lose the whole database",
        "Set fsync = on in postgresql.conf.",
    );
    error_if(
        !server.waits_for_commits,
        "synchronous_commit is off: a crash loses what was already answered as done",
        "Set synchronous_commit = on, for this role at least.",
    );
    let mut warn_if = |is_so: bool, what: String, mend: &str| {
        if is_so {
            findings.push(Finding::warning(about, what, mend));
        }
    };
    warn_if(
        !server.writes_full_pages,
        "full_page_writes is off: a crash may leave torn pages".to_owned(),
        "Set full_page_writes = on, unless the file system never tears a page.",
    );
    warn_if(
        server.is_superuser,
        "the part logs in as a superuser, who may do far more than it needs".to_owned(),
        "Log in as a role that owns this database and nothing else.",
    );
    warn_if(
        server.version < POSTGRES,
        format!("Postgres {} gets no fixes any more, or was never tried", server.version / 10_000),
        "Go over to Postgres 15 or later.",
    );
    findings
}

/// Whether the servers take the connections of all parts and replicas. Databases on one server share them.
pub(crate) fn judge_connections(uses: &[DatabaseUse], replicas: u32) -> Vec<Finding> {
    let mut servers: BTreeMap<&str, Vec<(&DatabaseUse, &ServerFacts)>> = BTreeMap::new();
    for one in uses {
        if let Some(server) = &one.facts.server {
            let address = one.facts.target.rsplit_once(" at ").map_or("", |(_, address)| address);
            servers.entry(address).or_default().push((one, server));
        }
    }
    servers.into_iter().filter_map(|(address, on_it)| connections(address, &on_it, replicas)).collect()
}

fn connections(address: &str, on_it: &[(&DatabaseUse, &ServerFacts)], replicas: u32) -> Option<Finding> {
    let (_, server) = on_it.first()?;
    let wanted: u64 = on_it.iter().map(|(one, _)| u64::from(one.connections) * u64::from(replicas)).sum();
    let there = u64::try_from(server.max_connections - server.reserved_connections).unwrap_or_default();
    let pools: Vec<String> =
        on_it.iter().map(|(one, _)| format!("{}.connections = {}", one.about, one.connections)).collect();
    let what = format!(
        "{replicas} replicas with {} want {wanted} connections of {address}, which has {there} for ordinary roles",
        pools.join(" and ")
    );
    let mend =
        "Raise max_connections of that Postgres, lower the pools, or say by --replicas how many there are.";
    if wanted > there {
        Some(Finding::error("max_connections", what, mend))
    } else if wanted * 10 > there * CALM_TENTHS {
        Some(Finding::warning("max_connections", what, mend))
    } else {
        None
    }
}

/// One Redis, of the table `about`.
pub(crate) fn judge_redis(about: &str, facts: &RedisFacts) -> Vec<Finding> {
    facts.nodes.iter().flat_map(|node| judge_node(about, facts, node)).collect()
}

fn judge_node(about: &str, facts: &RedisFacts, node: &RedisNodeFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let target = &facts.target;
    if node.is_replica {
        findings.push(Finding::error(
            about,
            format!("Redis at {target} is a replica and takes no writes"),
            "Name the primary, or the Sentinels that know it.",
        ));
    }
    if let Some(policy) = node.eviction_policy.as_deref().filter(|policy| *policy != "noeviction") {
        findings.push(Finding::error(
            about,
            format!("Redis at {target} may throw counters away ({policy}), and each is a limit that is lifted then"),
            "Set maxmemory-policy noeviction, in its file as well, and give Rekey a Redis of its own.",
        ));
    }
    if node.appends == Some(false) {
        findings.push(Finding::warning(
            about,
            format!("Redis at {target} keeps no append-only file: when it restarts, budgets and counted failures begin anew"),
            "Set appendonly yes, in its file as well.",
        ));
    }
    if let (Some(limit), Some(used)) = (node.memory_limit.filter(|limit| *limit > 0), node.memory_used)
        && used * 10 > limit * CALM_TENTHS
    {
        findings.push(Finding::warning(
            about,
            format!("Redis at {target} uses {used} of {limit} bytes; when it is full, codes are refused"),
            "Raise its maxmemory.",
        ));
    }
    if node.version.as_deref().and_then(version).is_some_and(|version| version < REDIS) {
        findings.push(Finding::warning(
            about,
            format!(
                "Redis at {target} is {}, which was not tried",
                node.version.as_deref().unwrap_or_default()
            ),
            "Go over to Redis 7.0 or later.",
        ));
    }
    findings.extend(node.clock_ahead_micros.and_then(|ahead| clock(about, ahead)));
    findings
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn clock(about: &str, ahead_micros: i64) -> Option<Finding> {
    if ahead_micros.abs() <= CLOCK_MICROS {
        return None;
    }
    let seconds = std::time::Duration::from_micros(ahead_micros.unsigned_abs()).as_secs_f64();
    let side = if ahead_micros > 0 { "ahead of" } else { "behind" };
    let what = format!("the clock of the store is {seconds:.1} s {side} that of this machine");
    let mend = "Let chrony or another NTP client keep the clocks of both machines.";
    let is_broken = ahead_micros.abs() > CLOCK_BROKEN_MICROS;
    Some(if is_broken { Finding::error(about, what, mend) } else { Finding::warning(about, what, mend) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::finding::Severity;
    use super::*;

    const SERVER: ServerFacts = ServerFacts {
        version: 150_004,
        max_connections: 100,
        reserved_connections: 3,
        used_connections: 5,
        clock_ahead_micros: -800_000,
        is_superuser: false,
        syncs: true,
        writes_full_pages: true,
        waits_for_commits: true,
        is_standby: false,
        is_encrypted: true,
    };

    fn database(part: &'static str, connections: u32, server: ServerFacts) -> DatabaseUse {
        DatabaseUse {
            about: format!("{part}.store"),
            part,
            connections,
            is_migrated_at_start: false,
            facts: DatabaseFacts {
                target: format!("database {part} at db:5432"),
                schema: SchemaFit::Fits,
                round_trip: Duration::from_millis(1),
                server: Some(server),
            },
        }
    }

    fn redis(change: impl FnOnce(&mut RedisNodeFacts)) -> Vec<(Severity, String)> {
        let mut node = RedisNodeFacts {
            version: Some("7.0.15".to_owned()),
            eviction_policy: Some("noeviction".to_owned()),
            memory_limit: Some(1_000),
            memory_used: Some(800),
            appends: Some(true),
            replicas: Some(1),
            is_replica: false,
            clock_ahead_micros: Some(1_000),
        };
        change(&mut node);
        let facts =
            RedisFacts { target: "cache:6379".to_owned(), round_trip: Duration::ZERO, nodes: vec![node] };
        severities(judge_redis("verification.store", &facts))
    }

    fn severities(findings: Vec<Finding>) -> Vec<(Severity, String)> {
        findings.into_iter().map(|finding| (finding.severity, finding.what)).collect()
    }

    fn of_server(change: impl FnOnce(&mut ServerFacts)) -> Vec<(Severity, String)> {
        let mut server = SERVER;
        change(&mut server);
        severities(judge_database(&database("identity", 16, server)))
    }

    #[test]
    fn stores_in_order_have_no_findings() {
        assert_eq!(of_server(|_| {}), []);
        assert_eq!(redis(|_| {}), []);
    }

    #[test]
    fn a_schema_that_does_not_fit_names_the_command_that_mends_it() {
        let mut one = database("identity", 16, SERVER);
        one.facts.schema = SchemaFit::TooOld;

        let found = judge_database(&one);

        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].mend, "Run `rekey migrate identity`.");
        one.is_migrated_at_start = true;
        assert_eq!(judge_database(&one), []);
    }

    #[test]
    fn a_postgres_that_may_lose_what_it_answered_is_an_error() {
        for found in [
            of_server(|server| server.syncs = false),
            of_server(|server| server.waits_for_commits = false),
            of_server(|server| server.is_standby = true),
        ] {
            assert!(matches!(&found[..], [(Severity::Error, _)]), "{found:?}");
        }
        for found in [
            of_server(|server| server.writes_full_pages = false),
            of_server(|server| server.is_superuser = true),
            of_server(|server| server.version = 140_012),
        ] {
            assert!(matches!(&found[..], [(Severity::Warning, _)]), "{found:?}");
        }
    }

    #[test]
    fn pools_of_parts_on_one_server_are_counted_together() {
        let judged = |identity, notification, replicas| {
            let uses =
                [database("identity", identity, SERVER), database("notification", notification, SERVER)];
            severities(judge_connections(&uses, replicas))
        };

        assert_eq!(judged(16, 8, 3), []);
        assert!(matches!(&judged(16, 8, 4)[..], [(Severity::Warning, _)]));
        let many = judged(16, 8, 5);
        let [(Severity::Error, what)] = &many[..] else { panic!("{many:?}") };
        assert!(what.contains("want 120 connections of db:5432, which has 97"), "{what}");
    }

    #[test]
    fn a_redis_that_forgets_is_told_by_how_much_it_hurts() {
        let evicts = redis(|node| node.eviction_policy = Some("allkeys-lru".to_owned()));
        let forgets = redis(|node| node.appends = Some(false));
        let full = redis(|node| node.memory_used = Some(801));
        let old = redis(|node| node.version = Some("6.2.14".to_owned()));
        let replica = redis(|node| node.is_replica = true);

        assert!(
            matches!(&evicts[..], [(Severity::Error, what)] if what.contains("allkeys-lru")),
            "{evicts:?}"
        );
        assert!(
            matches!(&forgets[..], [(Severity::Warning, what)] if what.contains("append-only")),
            "{forgets:?}"
        );
        assert!(matches!(&full[..], [(Severity::Warning, what)] if what.contains("801 of 1000")), "{full:?}");
        assert!(matches!(&old[..], [(Severity::Warning, what)] if what.contains("6.2.14")), "{old:?}");
        assert!(matches!(&replica[..], [(Severity::Error, _)]), "{replica:?}");
    }

    #[test]
    fn clocks_that_disagree_are_told_by_how_much() {
        let behind = of_server(|server| server.clock_ahead_micros = -1_500_000);
        let ahead = redis(|node| node.clock_ahead_micros = Some(61_000_000));

        assert!(
            matches!(&behind[..], [(Severity::Warning, what)] if what.contains("1.5 s behind")),
            "{behind:?}"
        );
        assert!(
            matches!(&ahead[..], [(Severity::Error, what)] if what.contains("61.0 s ahead of")),
            "{ahead:?}"
        );
    }
}
