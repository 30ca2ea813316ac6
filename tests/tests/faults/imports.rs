//! Identity is killed at random points of an import: what was answered is there, nobody is there twice, and the import goes
//! on where it was.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rekey::Part;
use rekey_primitives::entropy::{SeededEntropy, SystemEntropy, array, below};
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::processes::{Outcome, rekey, run};
use rekey_tests::waiting::eventually;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

const PEOPLE: usize = 6_000;
/// Every tenth of them is rejected.
const REJECTED: usize = PEOPLE / 10;
const KILLS: usize = 4;

/// Of "correct horse battery staple é", by Python's bcrypt.
const HASH: &str = "$2b$06$izLV9CRU.TmDD5GbPzLyaerXTZbmYq9YV.jQP6jPaPBiMxlDvDlye";

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_was_however_often_identity_is_killed() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let file = people(&deployment);
    let entropy = seeded();
    let mut import = None;

    for _ in 0..KILLS {
        let before = count(&deployment, "accounts").await;
        let after = before + 1 + i64::try_from(below(&entropy, 800)).unwrap();
        let running = tokio::spawn(run(command(&deployment, &backend, &file, import.as_deref())));
        eventually("some more people are there", async || {
            (count(&deployment, "accounts").await > after || running.is_finished()).then_some(())
        })
        .await;
        deployment.kill(Part::Identity);
        let ended = running.await.unwrap();
        import = import.or_else(|| id_of(&ended));
        deployment.launch(Part::Identity);
        deployment.ready(Part::Identity).await;
    }
    let whole = run(command(&deployment, &backend, &file, import.as_deref())).await.json();

    assert_eq!(whole["state"], "finished");
    assert_eq!(whole["records"], PEOPLE);
    assert_eq!((&whole["created"], &whole["rejected"]), (&(PEOPLE - REJECTED).into(), &REJECTED.into()));
    // One was there before: the administrator.
    assert_eq!(count(&deployment, "accounts").await, 1 + (PEOPLE - REJECTED) as i64);
    assert_eq!(count(&deployment, "logins").await, 1 + (PEOPLE - REJECTED) as i64);
    assert_eq!(count(&deployment, "account_import_rejections").await, REJECTED as i64);
    assert_eq!(events(&deployment).await, (PEOPLE - REJECTED) as i64);
    let rejected = std::fs::read_to_string(deployment.folder().join("people.jsonl.rejected.jsonl")).unwrap();
    let numbers = rejected
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["rejection"]["record"].as_u64().unwrap());
    assert!(numbers.eq((1..=PEOPLE as u64).filter(|number| number % 10 == 0)));
    assert!(backend.signs_in("person1@acme.example", "correct horse battery staple é").await);
    deployment.stop().await;
}

/// A file of people, of whom every tenth has a login like the one before.
fn people(deployment: &Deployment) -> PathBuf {
    let mut text = String::new();
    for number in 1..=PEOPLE {
        let who = if number % 10 == 0 { number - 1 } else { number };
        writeln!(text, r#"{{"logins":["person{who}@acme.example"],"password_hash":"{HASH}"}}"#).unwrap();
    }
    let path = deployment.folder().join("people.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

fn command(deployment: &Deployment, backend: &Backend, file: &Path, resume: Option<&str>) -> Command {
    let mut command = rekey();
    command.arg("import").arg(file).args(["--json", "--tenant", &backend.tenant_id]);
    command.args(resume.iter().flat_map(|id| ["--resume", id]));
    command.arg("--profile").arg(deployment.profile());
    command
}

/// The import that a command began, whether it came to its end or not.
fn id_of(ended: &Outcome) -> Option<String> {
    let told: Value = serde_json::from_str(&ended.stdout).ok()?;
    told["import_id"].as_str().map(str::to_owned)
}

async fn count(deployment: &Deployment, table: &'static str) -> i64 {
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let counted = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(counted).fetch_one(&mut identity).await.unwrap()
}

/// Of accounts that were imported, sealed or waiting to be.
async fn events(deployment: &Deployment) -> i64 {
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    sqlx::query_scalar(
        "select (select count(*) from audit_events where kind = 'account.created' and reason like 'imported%')
              + (select count(*) from audit_pending where kind = 'account.created' and reason like 'imported%')",
    )
    .fetch_one(&mut identity)
    .await
    .unwrap()
}

/// Chance that a failure names, so that its kills can be had again.
#[expect(clippy::print_stderr, reason = "shown when the test fails")]
fn seeded() -> SeededEntropy {
    let seed = u64::from_le_bytes(array(&SystemEntropy));
    eprintln!("seed of the kills: {seed}");
    SeededEntropy::new(seed)
}
