//! What sharding by tenant asks for (`docs/citus.md`): every key begins with the tenant, no row refers to another tenant's, and
//! every statement of a call names the tenant. What the jobs ask of all tenants is listed here by name.

use std::collections::BTreeSet;

use rekey_database::{Dialect, Sql};
use sqlx::{Connection as _, PgConnection};

use super::World;
use crate::store::statements::STATEMENTS;

/// How the tables are told to Citus.
const DISTRIBUTION: &str = include_str!("../../../../../deploy/citus/identity.sql");

/// Names that are unique in the suite, on tables that every node has whole, and an index of a table that stays on one node.
const UNIQUE_IN_THE_SUITE: [&str; 3] = ["outbox_by_id", "tenant_domains_of_suite", "tenants_handle_key"];

/// Belong to nobody.
const OF_NOBODY: [&str; 3] = ["key_checks", "schema_version", "_sqlx_migrations"];

const TABLES: &str = "
    select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition";

const UNIQUE: &str = "
    select x.relname::text, coalesce((select a.attname::text from pg_attribute a
        where a.attrelid = i.indrelid and a.attnum = i.indkey[0]), '')
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and i.indisunique and not c.relispartition";

const REFERENCES: &str = "
    select k.conname::text, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and not c.relispartition";

async fn connect(world: &World) -> PgConnection {
    PgConnection::connect(world.url()).await.unwrap()
}

async fn pairs(world: &World, sql: &'static str) -> Vec<(String, String)> {
    sqlx::query_as(sql).fetch_all(&mut connect(world).await).await.unwrap()
}

async fn tables(world: &World) -> BTreeSet<String> {
    let found: Vec<(String,)> = sqlx::query_as(TABLES).fetch_all(&mut connect(world).await).await.unwrap();
    found.into_iter().map(|(table,)| table).filter(|table| !OF_NOBODY.contains(&table.as_str())).collect()
}

#[tokio::test]
async fn every_key_begins_with_the_tenant() {
    let world = World::postgres().await;

    let found = pairs(&world, UNIQUE).await;

    let mut others: Vec<&str> =
        found.iter().filter(|(_, first)| first != "tenant_id").map(|(index, _)| index.as_str()).collect();
    others.retain(|index| !["_sqlx_migrations_pkey", "key_checks_pkey"].contains(index));
    others.sort_unstable();
    assert!(found.len() > 30, "{found:?}");
    assert_eq!(others, UNIQUE_IN_THE_SUITE);
}

#[tokio::test]
async fn no_row_refers_to_another_tenants() {
    let world = World::postgres().await;

    let found = pairs(&world, REFERENCES).await;

    let astray: Vec<_> = found
        .iter()
        .filter(|(_, key)| {
            !key.contains("FOREIGN KEY (tenant_id") || !key.contains("(tenant_id") || {
                let (_, referenced) = key.split_once("REFERENCES").unwrap();
                !referenced.contains("(tenant_id")
            }
        })
        .collect();
    assert!(found.len() > 5, "{found:?}");
    assert!(astray.is_empty(), "{astray:?}");
}

#[tokio::test]
async fn the_distribution_names_every_table_once() {
    let world = World::postgres().await;
    let there = tables(&world).await;

    let named: Vec<String> = DISTRIBUTION
        .lines()
        .filter_map(|line| line.strip_prefix("select ")?.split('\'').nth(1))
        .map(str::to_owned)
        .collect();

    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(named.len(), there.len(), "a table is named twice");
}

/// Whether a statement says whose rows it is about, or finds them by keys that begin with the tenant.
fn names_its_tenant(sql: Sql) -> bool {
    let text = sql.text(Dialect::Postgres);
    ["tenant_id = $", "(tenant_id", "tenant_id = any($", "select tenant_id, "]
        .iter()
        .any(|words| text.contains(words))
}

#[tokio::test]
async fn statements_of_calls_name_their_tenant() {
    let world = World::postgres().await;
    let there = tables(&world).await;
    let is_about_tenants = |sql: &&Sql| {
        let text = sql.text(Dialect::Postgres);
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        words.into_iter().any(|word| there.contains(word))
    };

    let all = STATEMENTS.concat();
    let of_all_tenants: Vec<&str> = all
        .iter()
        .filter(is_about_tenants)
        .filter(|sql| !sql.name().contains("::contract::") && !names_its_tenant(**sql))
        .map(|sql| sql.name().trim_start_matches("rekey_identity::store::"))
        .collect();

    assert_eq!(of_all_tenants, OF_ALL_TENANTS);
}

/// Of jobs, of `rekey migrate` and `rekey keys`, of the list of tenants, and of names that are unique in the suite.
const OF_ALL_TENANTS: [&str; 18] = [
    "accounts::beginning::FIRST_TENANTS",
    "accounts::tenants::BY_HANDLE",
    "accounts::tenants::BY_DOMAIN",
    "accounts::tenants::PAGE",
    "audit::indexes::LACKING",
    "audit::retention::RETENTIONS",
    "audit::sealing::NEXT_TENANT",
    "outbox::DUE",
    "outbox::SETTLE",
    "outbox::POSTPONE",
    "partitions::ENDED",
    "partitions::KEEP_ENDS",
    "pepper::PASSWORDS",
    "pepper::AUTHENTICATORS",
    "pepper::WEBHOOKS",
    "purge::tenants::DUE",
    "resets::help::TENANTS_WITH_UNDIGESTED",
    "resets::help_desk::OVERDUE",
];
