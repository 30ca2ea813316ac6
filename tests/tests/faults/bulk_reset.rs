//! Identity is killed at random points of a bulk reset: it goes on after each restart, and each account is reset exactly once.

use rekey::Part;
use rekey_primitives::entropy::{SeededEntropy, SystemEntropy, array, below};
use rekey_tests::backend::{Backend, insist};
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{
    AddBulkResetAccountsRequest, BulkReset, BulkResetMode, BulkResetState, GetBulkResetRequest,
    StartBulkResetRequest,
};
use sqlx::{Connection as _, PgConnection};

const PEOPLE: i64 = 40;
const KILLS: usize = 4;

/// What a dead process held goes on within a second.
const SETTINGS: [(&str, &str); 2] =
    [("IDENTITY__BULK_RESETS__LEASE_SECONDS", "1"), ("IDENTITY__BULK_RESETS__POLL_MS", "20")];

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_reset_whose_process_is_killed_resets_each_account_once() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(backend.person(&format!("person-{number}")).await.account_id);
    }
    let job = started(&backend, people).await;
    let entropy = seeded();

    for _ in 0..KILLS {
        // Some accounts further, wherever that is in the step of one.
        let reached = finished(&read(&backend, &job).await) + 1 + below(&entropy, 4).cast_signed();
        let far_enough = async || {
            let job = read(&backend, &job).await;
            (finished(&job) >= reached || job.state() == BulkResetState::Finished).then_some(())
        };
        eventually("the job goes on", far_enough).await;
        deployment.kill(Part::Identity);
        deployment.launch(Part::Identity);
        deployment.ready(Part::Identity).await;
    }

    let is_over =
        async || Some(read(&backend, &job).await).filter(|job| job.state() == BulkResetState::Finished);
    let done = eventually("the job ends", is_over).await;
    assert_eq!((done.accounts, done.accounts_reset, done.accounts_refused), (PEOPLE, PEOPLE, 0));
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let counts = [
        // The first epoch is 1, and each reset raises it by one.
        "select count(*) from accounts where password_must_change and epoch = 2",
        "select count(*) from bulk_reset_accounts where outcome = 'reset'",
        "select (select count(*) from audit_events where kind = 'password.reset_by_administrator')
              + (select count(*) from audit_pending where kind = 'password.reset_by_administrator')",
    ];
    for count in counts {
        let counted: i64 = sqlx::query_scalar(count).fetch_one(&mut identity).await.unwrap();
        assert_eq!(counted, PEOPLE, "{count}");
    }
    deployment.stop().await;
}

async fn started(backend: &Backend, accounts: Vec<String>) -> String {
    let service = BulkResetServiceClient::new(backend.identity.clone());
    let start = StartBulkResetRequest {
        tenant_id: backend.tenant_id.clone(),
        mode: BulkResetMode::RequireChange.into(),
        accounts_per_second: 10,
        request_id: request_id(),
        ..StartBulkResetRequest::default()
    };
    let job = insist(async || service.clone().start_bulk_reset(start.clone()).await).await.unwrap();
    let bulk_reset_id = job.bulk_reset.unwrap().bulk_reset_id;
    let chunk = AddBulkResetAccountsRequest {
        tenant_id: backend.tenant_id.clone(),
        bulk_reset_id: bulk_reset_id.clone(),
        sequence: 1,
        accounts,
        last: true,
        request_id: request_id(),
        context: None,
    };
    insist(async || service.clone().add_bulk_reset_accounts(chunk.clone()).await).await.unwrap();
    bulk_reset_id
}

async fn read(backend: &Backend, job: &str) -> BulkReset {
    let service = BulkResetServiceClient::new(backend.identity.clone());
    let (tenant_id, bulk_reset_id) = (backend.tenant_id.clone(), job.to_owned());
    let request = GetBulkResetRequest { tenant_id, bulk_reset_id, context: None };
    let read = insist(async || service.clone().get_bulk_reset(request.clone()).await).await;
    read.unwrap().bulk_reset.unwrap()
}

const fn finished(job: &BulkReset) -> i64 {
    job.accounts_reset + job.accounts_refused
}

/// Chance that a failure names, so that its kills can be had again.
#[expect(clippy::print_stderr, reason = "shown when the test fails")]
fn seeded() -> SeededEntropy {
    let seed = u64::from_le_bytes(array(&SystemEntropy));
    eprintln!("seed of the kills: {seed}");
    SeededEntropy::new(seed)
}
