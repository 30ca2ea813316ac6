//! What must hold after every fault, by what the stores hold and what arrived.

use rekey_tests::post::copies;
use rekey_tests::waiting::eventually;
use sqlx::PgConnection;
use uuid::Uuid;

use super::cell::{Cell, Fault};
use super::limited::Limited;
use super::people::{Diary, Post};
use super::site::Site;
use crate::faults::kill::{self, DELIVERED, QUEUED, Row, UNKNOWN};

/// Everything that is looked at from outside; how many messages ended as unknown.
pub(super) async fn hold(cell: Cell, site: &Site, diaries: &[Diary]) -> usize {
    let servers = &site.deployment.ground;
    let primary = servers.primary();
    kill::drained(&primary.url("identity"), &primary.url("notification")).await;
    let (mut identity, mut notification) =
        (servers.database("identity").await, servers.database("notification").await);
    for diary in diaries {
        assert_one_password(site, &mut identity, diary).await;
    }
    assert_told(&mut identity, diaries).await;
    let rows = kill::rows(&mut notification).await;
    // Those that wait for a clock to get where it was.
    let notices: i64 =
        sqlx::query_scalar("select count(*) from outbox").fetch_one(&mut identity).await.unwrap();
    assert_counted(cell, &rows, usize::try_from(notices).unwrap(), diaries);
    assert_mails(cell, &rows, &Post::of(site));
    assert_texts(cell, &rows, &Post::of(site));
    rows.iter().filter(|row| row.state == UNKNOWN).count()
}

/// Each acknowledged reset raised the epoch once, the last password is the only one, and no session of before is alive.
async fn assert_one_password(site: &Site, identity: &mut PgConnection, diary: &Diary) {
    let Diary { person, passwords, ended, session, .. } = diary;
    let epoch: i64 = sqlx::query_scalar("select epoch from accounts where account_id = $1")
        .bind(Uuid::parse_str(&person.account_id).unwrap())
        .fetch_one(identity)
        .await
        .unwrap();
    assert_eq!(epoch, passwords.len() as i64, "{}: {:?}", person.login, diary.void);
    assert!(site.backend.signs_in(&person.login, diary.password()).await, "{}", person.login);
    assert!(site.backend.is_live(session).await, "{}: the last session is over", person.login);
    for session in ended {
        assert!(!site.backend.is_live(session).await, "{}: a session outlived its epoch", person.login);
    }
}

/// Every acknowledged reset stands in the log, and no other.
async fn assert_told(identity: &mut PgConnection, diaries: &[Diary]) {
    let resets: usize = diaries.iter().map(Diary::resets).sum();
    let completed =
        "select count(*) from audit_events where kind = 'reset.completed' and outcome = 'success'";
    let sealed = async || {
        let count: i64 = sqlx::query_scalar(completed).fetch_one(&mut *identity).await.unwrap();
        (count >= resets as i64).then_some(count)
    };
    assert_eq!(eventually("every reset stands in the log", sealed).await, resets as i64);
}

/// Every code that was accepted to be sent is a message, and so is the notice of every reset or will be.
fn assert_counted(cell: Cell, rows: &[Row], notices: usize, diaries: &[Diary]) {
    let of = |template: &str| rows.iter().filter(|row| row.template == template).count();
    let sends: usize = diaries.iter().map(|diary| diary.sends).sum();
    let resets: usize = diaries.iter().map(Diary::resets).sum();
    let codes = of("password_reset_code");
    // Of a send that broke off with the store of codes, two may have been handed over, for a code before and one after.
    let is_counted = if cell.may_void_resets() {
        codes >= sends + Limited::SENDS
    } else {
        codes == sends + Limited::SENDS
    };
    assert!(is_counted, "{codes} codes were taken over of {sends} and {} that were accepted", Limited::SENDS);
    assert_eq!(of("password_reset_notice") + notices, resets);
    assert!(notices == 0 || cell.fault == Fault::ClockJump, "{notices} notices are late");
}

/// How often a message may have arrived: once, but for one whose state says that nobody knows.
fn arrivals(cell: Cell, row: &Row) -> (usize, usize) {
    assert!(!row.decoy, "a person was taken for nobody: {row:?}");
    let tries = usize::try_from(row.tries).unwrap();
    match row.state {
        DELIVERED => (1, 1),
        UNKNOWN => (0, tries),
        // Due in minutes: taken over when a clock was ahead, which has been set right since.
        QUEUED if cell.fault == Fault::ClockJump => (0, tries),
        _ => panic!("nobody took it over, and nobody said why: {row:?}"),
    }
}

fn assert_mails(cell: Cell, rows: &[Row], post: &Post) {
    let copies = copies(&post.all().0);
    for row in rows.iter().filter(|row| row.channel == "email") {
        let (least, most) = arrivals(cell, row);
        let arrived = copies.get(&format!("<{}@acme.example>", row.id)).copied().unwrap_or(0);
        assert!((least..=most).contains(&arrived), "{row:?} arrived {arrived} times");
    }
}

/// Text messages carry no id, so they are counted together.
fn assert_texts(cell: Cell, rows: &[Row], post: &Post) {
    let bounds = rows.iter().filter(|row| row.channel == "sms").map(|row| arrivals(cell, row));
    let (least, most) = bounds.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let arrived = post.all().1.len();
    assert!((least..=most).contains(&arrived), "{arrived} text messages arrived of {least} to {most}");
}
