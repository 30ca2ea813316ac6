//! Gateways that other products asked twice or misheard, mended since: `docs/public-faults.md`.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::config::for_tests;
use crate::domain::delivery::{FailedTry, Outcome};
use crate::providers::{Admission, Breaker, BreakerPolicy};

/// How a gateway leaves a message that it was given.
#[derive(Debug, Clone, Copy)]
enum Leaves {
    Unanswered,
    HungUp,
    BehindAProxyThatGaveUp,
}

/// A gateway that leaves every message so, and how many it was given.
async fn gateway_that(leaves: Leaves) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&given);
    tokio::spawn(async move {
        let mut unanswered = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            match leaves {
                Leaves::Unanswered => unanswered.push(stream),
                Leaves::HungUp => {}
                Leaves::BehindAProxyThatGaveUp => {
                    let answer = b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n";
                    tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
                }
            }
        }
    });
    (url, given)
}

// elizaOS #22384: a post whose answer was lost was made again, so a text message came twice or three times.
#[tokio::test]
async fn a_message_whose_answer_was_lost_is_posted_once() {
    for leaves in [Leaves::Unanswered, Leaves::HungUp, Leaves::BehindAProxyThatGaveUp] {
        let (url, given) = gateway_that(leaves).await;
        let gateway = Gateway::new(&settings(&url), Duration::from_millis(1_500)).unwrap();

        let failure = gateway.send(&outgoing(600), &Open).await.unwrap_err();
        let failed = FailedTry {
            class: failure.class,
            tries: 1,
            not_after: NOW.plus(Duration::from_secs(600)),
            retry_after: failure.retry_after,
        };
        let next = for_tests().delivery.retries().after_failure(failed, NOW, |_| 0);

        assert_eq!((failure.class, next), (FailureClass::AnswerLost, Outcome::Unknown), "{leaves:?}");
        assert!(!failure.class.asks_next(), "another gateway would send it as well");
        assert_eq!(given.load(Ordering::SeqCst), 1, "{leaves:?}");
    }
}

/// How long a message waits for a gateway that refuses it and asks for that, if the draw is the shortest wait.
fn wait_for(asked: &str, date: Option<&str>) -> Duration {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, asked.parse().unwrap());
    if let Some(date) = date {
        headers.insert(DATE, date.parse().unwrap());
    }
    let failed = FailedTry {
        class: FailureClass::Provider,
        tries: 1,
        not_after: NOW.plus(Duration::from_secs(86_400)),
        retry_after: retry_after(&headers),
    };
    match for_tests().delivery.retries().after_failure(failed, NOW, |_| 0) {
        Outcome::Retry { at, .. } => at.since(NOW),
        other => panic!("{other:?} is no retry"),
    }
}

// svix-webhooks #2203: a receiver that asked for two minutes was asked again after seconds; none may ask for days.
#[test]
fn a_provider_that_asks_for_time_gets_it_within_bounds() {
    let retries = for_tests().delivery.retries();
    let seconds = |asked: &str| wait_for(asked, None).as_secs();

    assert_eq!([seconds("120"), seconds("86400")], [120, retries.provider.longest.as_secs()]);
    assert_eq!(wait_for("0", None), retries.shortest);
}

/// RFC 9110, 5.6.7.
#[test]
fn an_instant_to_wait_for_is_read_in_each_of_its_forms() {
    let date = Some("Sun, 06 Nov 1994 08:47:37 GMT");
    let shortest = for_tests().delivery.retries().shortest;

    for asked in
        ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    {
        assert_eq!(wait_for(asked, date).as_secs(), 120, "{asked}");
    }
    assert_eq!(wait_for("Sun, 06 Nov 1994 08:40:00 GMT", date), shortest, "it is past");
}

// atlassian-python-api #1602: a number of seconds beyond any calendar ended the program.
#[test]
fn no_number_of_seconds_is_too_large_to_be_heard_and_none_keeps_us_for_years() {
    let longest = for_tests().delivery.retries().provider.longest;
    let shortest = for_tests().delivery.retries().shortest;
    let policy = BreakerPolicy { faults: 1, pause: shortest, longest_pause: longest };

    for asked in ["9999999999", "9223372036854775807", "18446744073709551615"] {
        let breaker = Breaker::new(policy);
        breaker.failed(NOW, Some(Duration::from_secs(asked.parse().unwrap())), |_| 0);

        assert_eq!(wait_for(asked, None), longest, "{asked}");
        assert_eq!(breaker.admit(true, NOW), Admission::LeftAlone { until: NOW.plus(longest) });
    }
    for nonsense in ["18446744073709551616", "-5", "1e9", "120.5", "", "Fri, 31 Dec 99999 23:59:59 GMT"] {
        assert_eq!(wait_for(nonsense, Some("Sun, 06 Nov 1994 08:47:37 GMT")), shortest, "{nonsense}");
    }
}
