//! When answers leave.

use std::time::Duration;

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::RequestAdministratorHelpRequest;
use tokio::time::Instant;

use crate::existence::logins::NOBODY;

on_both_store_sets!(answers_leave_on_the_grid_for_everybody);

fn help(world: &World, login: &str) -> RequestAdministratorHelpRequest {
    RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: login.to_owned(),
        reset_token: String::new(),
        message: "let me in".to_owned(),
        request_id: request_id(),
        context: None,
    }
}

async fn answers_leave_on_the_grid_for_everybody(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__ANSWER_FLOOR_MS", "150")]).await;
    let known = world.person("known").await.login;

    for login in [known.as_str(), NOBODY] {
        let began = Instant::now();
        let reset_token = world.start_reset(login).await.reset_token;
        let started = began.elapsed();
        world.send_code(&reset_token, "1").await.unwrap();
        let sent = began.elapsed();
        world.sign_in(login, "not this one").await;
        let signed_in = began.elapsed();
        world.resets().request_administrator_help(help(&world, login)).await.unwrap();
        let asked = began.elapsed();

        for taken in [started, sent - started, signed_in - sent, asked - signed_in] {
            assert!(taken >= Duration::from_millis(149), "{login} was answered after {taken:?}");
        }
    }
    world.stop().await;
}
