//! Every statement of the store, read by both databases.

use rekey_database::Sql;

use super::contract::World;
use super::{
    accounts, audit, bulk_resets, contract, expiring_passwords, expiry, groups, idempotency, imports,
    indexes, links, logins, outbox, partitions, pepper, purge, resets, restore, schema, search, sign_ins,
    upkeep, webhooks,
};

/// The compiler warns of a list that is missing here.
pub(super) const STATEMENTS: [&[Sql]; 69] = [
    accounts::STATEMENTS,
    accounts::beginning::STATEMENTS,
    accounts::changes::STATEMENTS,
    accounts::creation::STATEMENTS,
    accounts::deletion::STATEMENTS,
    accounts::edits::STATEMENTS,
    accounts::erasure::STATEMENTS,
    accounts::held_codes::STATEMENTS,
    accounts::passkeys::STATEMENTS,
    accounts::policies::STATEMENTS,
    accounts::security_info::STATEMENTS,
    accounts::tenant_changes::STATEMENTS,
    accounts::tenants::STATEMENTS,
    accounts::verifications::STATEMENTS,
    groups::STATEMENTS,
    idempotency::STATEMENTS,
    imports::STATEMENTS,
    imports::batch::STATEMENTS,
    imports::chunks::STATEMENTS,
    links::STATEMENTS,
    indexes::STATEMENTS,
    logins::STATEMENTS,
    audit::STATEMENTS,
    audit::erasing::STATEMENTS,
    audit::indexes::STATEMENTS,
    audit::reading::STATEMENTS,
    audit::retention::STATEMENTS,
    audit::sealing::STATEMENTS,
    bulk_resets::STATEMENTS,
    bulk_resets::collecting::STATEMENTS,
    bulk_resets::forgetting::STATEMENTS,
    bulk_resets::working::STATEMENTS,
    contract::chain::STATEMENTS,
    contract::deletion::STATEMENTS,
    contract::erasures::STATEMENTS,
    contract::tenants::STATEMENTS,
    expiring_passwords::STATEMENTS,
    expiry::STATEMENTS,
    outbox::STATEMENTS,
    partitions::STATEMENTS,
    pepper::STATEMENTS,
    purge::accounts::STATEMENTS,
    purge::erasures::STATEMENTS,
    purge::tenants::STATEMENTS,
    purge::tenants::tables::STATEMENTS,
    resets::STATEMENTS,
    resets::administrators::STATEMENTS,
    resets::callers::STATEMENTS,
    resets::codes::STATEMENTS,
    resets::decoy_sends::STATEMENTS,
    resets::help::STATEMENTS,
    resets::help_desk::STATEMENTS,
    resets::shares::STATEMENTS,
    resets::attempts::STATEMENTS,
    resets::walk::STATEMENTS,
    restore::STATEMENTS,
    schema::STATEMENTS,
    search::STATEMENTS,
    search::names::STATEMENTS,
    sign_ins::STATEMENTS,
    sign_ins::access_passes::STATEMENTS,
    sign_ins::lockouts::STATEMENTS,
    sign_ins::passwords::STATEMENTS,
    sign_ins::refresh::STATEMENTS,
    sign_ins::sessions::STATEMENTS,
    sign_ins::last::STATEMENTS,
    upkeep::STATEMENTS,
    webhooks::STATEMENTS,
    webhooks::delivery::STATEMENTS,
];

async fn every_statement_is_understood(world: World) {
    let statements = STATEMENTS.concat();

    let misunderstood = world.store.database.misunderstood(&statements).await.unwrap();

    assert!(statements.len() > 80, "only {} statements are listed", statements.len());
    assert!(misunderstood.is_empty(), "\n{}\n", misunderstood.join("\n"));
}

#[tokio::test]
async fn every_statement_is_understood_by_sqlite() {
    every_statement_is_understood(World::sqlite().await).await;
}

#[tokio::test]
async fn every_statement_is_understood_by_postgres() {
    every_statement_is_understood(World::postgres().await).await;
}
