//! Migrations under a lock, and what fits.

use super::{SCHEMA, World, on_both, options};
use crate::{SchemaFit, migrate};

on_both! {
    parallel_migrations_make_one_schema,
    a_schema_fits_by_what_it_serves,
}

async fn parallel_migrations_make_one_schema(world: World) {
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let url = world.backing.url().to_owned();
            tokio::spawn(async move { migrate(&url, &options(), &SCHEMA).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }

    assert_eq!(world.database.schema_fit(&SCHEMA).await.unwrap(), SchemaFit::Fits);
}

async fn a_schema_fits_by_what_it_serves(world: World) {
    let fit = async || world.database.schema_fit(&SCHEMA).await.unwrap();
    let empty = fit().await;
    migrate(world.backing.url(), &options(), &SCHEMA).await.unwrap();

    let made = fit().await;
    world.set_version("update schema_version set version = 9").await;
    let newer = fit().await;
    world.set_version("update schema_version set oldest_code = 9").await;
    let newer_only = fit().await;
    world.set_version("update schema_version set version = 0, oldest_code = 0").await;
    let older = fit().await;

    let all = [empty, made, newer, newer_only, older];
    assert_eq!(
        all,
        [SchemaFit::TooOld, SchemaFit::Fits, SchemaFit::Fits, SchemaFit::TooNew, SchemaFit::TooOld]
    );
}
