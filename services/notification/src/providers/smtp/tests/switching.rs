//! How soon a relay that does not answer is given up where another one may be asked, and what is never given up.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::dialogues::relay_that;
use super::*;

/// Far above what a test here waits for.
const LONG: Duration = Duration::from_secs(3_600);

fn hurried(to: &str) -> Outgoing {
    Outgoing { behind: Behind::Another, ..outgoing(to) }
}

/// A relay that takes connections and never greets, given up soon where another one may be asked.
async fn silent() -> Relay {
    let settings = relay_that(|_, line| line.is_empty().then_some(None)).await;
    Relay::new(&settings, LONG).unwrap().switching_after(Duration::from_millis(500))
}

#[tokio::test]
async fn a_relay_that_takes_the_connection_and_says_nothing_is_given_up_soon() {
    let relay = silent().await;

    let sent = relay.send(&hurried("anna@example.org"), &Open).await;
    let probed = relay.probe(Behind::Another).await;

    let silence = SendFailure::new(FailureClass::Provider, "greeting: no answer in time");
    assert_eq!((sent, probed), (Err(silence.clone()), Err(silence)));
}

#[tokio::test]
async fn the_last_relay_has_the_whole_time() {
    let relay = silent().await;
    let (last, hurried) = (outgoing("anna@example.org"), hurried("bert@example.org"));

    let given_up = tokio::select! {
        biased;
        answer = relay.send(&last, &Open) => panic!("the last one was given up as well: {answer:?}"),
        answer = relay.probe(Behind::Nobody) => panic!("its probe was given up as well: {answer:?}"),
        answer = relay.send(&hurried, &Open) => answer,
    };

    assert_eq!(given_up.unwrap_err().class, FailureClass::Provider);
}

#[tokio::test]
async fn a_kept_connection_that_fell_silent_leaves_half_of_the_time_to_a_fresh_one() {
    let mails = AtomicUsize::new(0);
    // The second MAIL, on the connection that took the first.
    let is_second = move |line: &str| line.starts_with("MAIL") && mails.fetch_add(1, Ordering::SeqCst) == 1;
    let mut settings = relay_that(move |_, line| is_second(line).then_some(None)).await;
    settings.kept_answer_seconds = 600;
    let relay = Relay::new(&settings, LONG).unwrap().switching_after(Duration::from_secs(4));

    let first = relay.send(&hurried("anna@example.org"), &Open).await;
    let second = relay.send(&hurried("bert@example.org"), &Open).await;

    assert_eq!([first, second], [Ok(()), Ok(())]);
}

#[tokio::test]
async fn a_mail_that_may_be_out_is_not_given_up_for_another_relay() {
    let behaviour = SmtpBehaviour { delay_ms: 2_000, ..SmtpBehaviour::default() };
    let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;
    let relay = world.relay().switching_after(Duration::from_millis(1_500));

    let sent = relay.send(&hurried("anna@example.org"), &Open).await;

    assert_eq!((sent, world.server.mails().await.len()), (Ok(()), 1));
}
