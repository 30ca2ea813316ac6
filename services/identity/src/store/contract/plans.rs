//! What Postgres makes of statements on tables with many rows of one tenant: none is read from end to end.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::world::World;
use crate::store::statements::STATEMENTS;
use rekey_database::{Dialect, Sql};

/// Tables that grow with the people of a tenant, and with what they do; partitions begin with the name of theirs.
const LARGE: [&str; 9] = [
    "accounts",
    "logins",
    "security_info",
    "last_sign_ins",
    "group_members",
    "sessions",
    "help_requests",
    "audit_events",
    "audit_pending",
];

/// So many that a scan is dearer than an index, and written in a second.
const CROWD: &str = "
    insert into accounts (tenant_id, account_id, display_name, epoch, recovery_version, blocked, frozen, managed_elsewhere,
        roles, created_at, updated_at, version, deleted_at, name_key, surname_key)
    select t.tenant_id, gen_random_uuid(), 'Person ' || n, 1, 1, n % 1000 = 1, false, false,
        case when n % 1000 = 2 then 4 else 0 end, n, n, 1, case when n % 1000 = 3 then 1 end, 'person ' || n, n::text
    from tenants t, generate_series(1, 30000) n;
    insert into logins (tenant_id, login, account_id, position)
    select tenant_id, 'login' || created_at, account_id, 0 from accounts;
    insert into last_sign_ins (tenant_id, account_id, activity_at, signed_in_at)
    select tenant_id, account_id, created_at, created_at from accounts;
    insert into security_info (tenant_id, account_id, security_info_id, kind, address, is_default, standing, disabled,
        is_first, added_at, changed_at)
    select tenant_id, account_id, gen_random_uuid(), 'email', 'Person' || created_at || '@mail.example', true,
        'confirmed', false, true, 0, 0 from accounts;
    insert into groups (tenant_id, group_id, display_name, created_at, updated_at, version)
    select t.tenant_id, gen_random_uuid(), 'Group', n, n, 1 from tenants t, generate_series(1, 20) n;
    insert into group_members (tenant_id, member_id, group_id)
    select a.tenant_id, a.account_id, g.group_id from accounts a cross join generate_series(0, 3) k join groups g
        on g.tenant_id = a.tenant_id and g.created_at = (a.created_at + k) % 20;
    insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash, rotated_at,
        user_agent_family, created_at, refreshed_at, expires_at, ended_at)
    select tenant_id, gen_random_uuid(), account_id, 1, 0, false, decode(md5(account_id::text), 'hex'), 0, '', created_at, 0,
        created_at, case when created_at % 2 = 0 then 1 end from accounts, generate_series(1, 3);
    insert into help_requests (tenant_id, help_request_id, account_id, message, proved, state, created_at, updated_at,
        expires_at, version)
    select tenant_id, gen_random_uuid(), account_id, '', false, 'resolved', created_at, created_at, created_at, 1 from accounts;
    insert into audit_events (tenant_id, at, event_id, position, kind, outcome, actor, actor_id, subject, subject_id,
        trace_id, count, link)
    select tenant_id, created_at, gen_random_uuid(), created_at, 'kind' || created_at % 40, 'succeeded', 'account', account_id,
        'account', account_id, decode(md5(account_id::text), 'hex'), 1, '' from accounts;
    insert into audit_pending (tenant_id, event_id, at, kind, outcome, actor, subject, count)
    select tenant_id, gen_random_uuid(), created_at, 'kind', 'succeeded', 'account', 'account', 1 from accounts;
";

/// Whether a statement reads or writes rows; settings and locks have no plan.
fn has_plan(sql: &Sql) -> bool {
    let verb = sql.text(Dialect::Postgres).split_whitespace().next().unwrap_or_default();
    ["select", "insert", "update", "delete", "with"].contains(&verb)
}

/// The plan of a statement for any values.
async fn plan(connection: &mut PgConnection, sql: Sql) -> String {
    let text = sql.text(Dialect::Postgres);
    let parameters = (1..=20).rev().find(|number| text.contains(&format!("${number}"))).unwrap_or(0);
    let nulls = vec!["null"; parameters].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    for statement in
        ["set plan_cache_mode = force_generic_plan".to_owned(), format!("prepare looked_at as {text}")]
    {
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await;
        done.unwrap_or_else(|failure| panic!("{}: {failure}", sql.name()));
    }
    let explain = AssertSqlSafe(format!("explain execute looked_at {arguments}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await;
    let rows = rows.unwrap_or_else(|failure| panic!("{}: {failure}", sql.name()));
    sqlx::raw_sql("deallocate looked_at").execute(&mut *connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

fn scanned(plan: &str) -> Vec<&'static str> {
    let is_scanned = |table: &&str| {
        plan.lines().any(|line| {
            let scan = line.split_once("Seq Scan on ").map(|(_, rest)| rest);
            let scanned = scan.and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            scanned == *table || scanned.strip_prefix(table).is_some_and(|rest| rest.starts_with("_default"))
        })
    };
    LARGE.into_iter().filter(is_scanned).collect()
}

#[tokio::test]
async fn no_statement_reads_a_large_table_from_end_to_end() {
    let world = World::postgres().await;
    world.tenant().await;
    let mut connection = PgConnection::connect(world.url()).await.unwrap();
    sqlx::raw_sql(CROWD).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("vacuum analyze").execute(&mut connection).await.unwrap();

    let mut faults = Vec::new();
    for sql in STATEMENTS.concat().into_iter().filter(has_plan) {
        let plan = plan(&mut connection, sql).await;
        let tables = scanned(&plan);
        if !tables.is_empty() {
            faults.push(format!("{} scans {}:\n{plan}", sql.name(), tables.join(", ")));
        }
    }

    assert!(faults.is_empty(), "\n{}\n", faults.join("\n\n"));
    let by_name = Sql::unlisted("select 1 from accounts where tenant_id = $1 and display_name = $2");
    assert_eq!(scanned(&plan(&mut connection, by_name).await), ["accounts"], "a scan would be noticed");
}
