//! Statements are texts: both databases read all of them.

use super::World;
use crate::store;

pub(super) async fn both_databases_understand_every_statement(world: &World) {
    let misunderstood = world.store.database.misunderstood(&store::statements()).await.unwrap();

    assert_eq!(misunderstood, Vec::<String>::new());
}
