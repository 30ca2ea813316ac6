//! Codes that other products let through and have mended since: `docs/public-faults.md`.

use std::net::IpAddr;

use tokio::task::JoinSet;

use super::*;
use crate::domain::code::Alphabet;
use crate::domain::verification::VerificationState;

/// Codes that no draw of digits can be, as many as a verification has attempts.
const WRONG: [&str; 5] = ["00000x", "11111x", "22222x", "33333x", "44444x"];

impl TestService {
    /// Whether a code passes, however it is refused if not.
    async fn takes(&self, id: &ScopedId, code: &str) -> bool {
        matches!(self.check(id, code).await, Ok(CheckVerdict::Passed(_)))
    }

    async fn state(&self, id: &ScopedId) -> VerificationState {
        self.codes.get(id).await.unwrap().state
    }
}

/// Judged at the same time, each by a call of its own: how many passed.
async fn passed_in_parallel(service: &Arc<TestService>, id: &ScopedId, codes: Vec<String>) -> usize {
    let mut calls = JoinSet::new();
    for code in codes {
        let (service, id) = (Arc::clone(service), id.clone());
        calls.spawn(async move { service.takes(&id, &code).await });
    }
    calls.join_all().await.into_iter().filter(|passed| *passed).count()
}

fn at(network: &str) -> Requester {
    Requester { network: Some(network.parse::<IpAddr>().unwrap()), backend: None }
}

// ZITADEL, CVE-2025-64102: codes could be guessed without end.
#[tokio::test]
async fn after_five_wrong_codes_the_right_one_is_none() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    for wrong in WRONG {
        assert!(!service.takes(&request.id, wrong).await, "{wrong}");
    }
    let right = service.check(&request.id, &service.last_code()).await.unwrap();

    assert!(matches!(right, CheckVerdict::Rejected), "{right:?}");
    assert_eq!(service.state(&request.id).await, VerificationState::Exhausted);
}

// keycloak-magic-link #211: wrong codes of mails were never counted against the person.
#[tokio::test]
async fn a_new_code_takes_no_wrong_ones_back() {
    let service = TestService::in_memory(&settings(|settings| settings.failures.pause_at = 6));
    let first = start_request("anna@example.com");
    let second = another(&first);
    service.start(&first).await.unwrap();
    for wrong in WRONG {
        service.check(&first.id, wrong).await.unwrap();
    }

    service.start(&second).await.unwrap();
    service.check(&second.id, "55555x").await.unwrap();
    let right = service.check(&second.id, &service.last_code()).await;

    assert_eq!(refusal(right), Refusal::SubjectPaused(seconds(86_400)));
}

// Huly #10875: a code could be tried by as many calls at once as its life had room for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_same_time_share_the_attempts() {
    let server = rekey_testing::redis().await;
    let service = Arc::new(TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new()));
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    let guesses = (0..100).map(|number| format!("{number:05}x")).collect();
    let passed = passed_in_parallel(&service, &request.id, guesses).await;
    let right = service.check(&request.id, &service.last_code()).await.unwrap();

    assert_eq!(passed, 0);
    assert!(matches!(right, CheckVerdict::Rejected), "{right:?}");
    assert_eq!(service.state(&request.id).await, VerificationState::Exhausted);
}

// Keycloak, CVE-2026-16103: who was locked out meanwhile could still finish what had begun before.
#[tokio::test]
async fn a_code_sent_before_the_pause_is_refused_by_it() {
    let service = TestService::in_memory(&settings(|settings| settings.failures.pause_at = 2));
    let first = start_request("anna@example.com");
    let second = another(&first);
    service.start(&first).await.unwrap();
    service.start(&second).await.unwrap();
    let code = service.last_code();
    for wrong in &WRONG[..2] {
        service.check(&first.id, wrong).await.unwrap();
    }

    let late = service.check(&second.id, &code).await;

    assert_eq!(refusal(late), Refusal::SubjectPaused(seconds(86_400)));
    service.clock.advance(seconds(599));
    assert!(!service.takes(&second.id, &code).await);
}

// OpenBao, GHSA-rxp7-9q75-vj3p: with another blank in it a code was no repeat, and counted nowhere.
#[tokio::test]
async fn every_spelling_of_a_wrong_code_costs_an_attempt() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    for spelling in ["12345x", "123 45x", "12345x\u{a0}", "\u{200b}12345x", "123\u{2011}45x"] {
        assert!(!service.takes(&request.id, spelling).await, "{spelling:?}");
    }

    assert_eq!(service.state(&request.id).await, VerificationState::Exhausted);
    assert!(!service.takes(&request.id, &service.last_code()).await);
}

// better-auth #8067: calls at the same time passed by one code, each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_right_codes_at_the_same_time_one_passes() {
    let server = rekey_testing::redis().await;
    let service = Arc::new(TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new()));
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    let passed = passed_in_parallel(&service, &request.id, vec![service.last_code(); 50]).await;

    assert_eq!(passed, 1);
    assert_eq!(service.state(&request.id).await, VerificationState::Passed);
}

// better-auth #3253: the code of a text message reset a password as often as one liked.
#[tokio::test]
async fn what_a_code_was_good_for_is_had_once() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let code = service.last_code();
    let grant = service.pass(&request.id, &code).await;

    let redeemed = service.redeem(&request.id.scope, &grant).await;
    let again = service.redeem(&request.id.scope, &grant).await;

    assert!(redeemed.is_ok());
    assert_eq!(refusal(again), Refusal::GrantInvalid);
    assert!(!service.takes(&request.id, &code).await);
}

// tzsk/otp #429: a code passed until it expired; and what ends it must not be a stranger's wrong guess.
#[tokio::test]
async fn a_code_outlives_a_wrong_guess_and_not_the_right_one() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let code = service.last_code();

    let guessed = service.takes(&request.id, WRONG[0]).await;
    let right = service.takes(&request.id, &code).await;
    let at_once = service.takes(&request.id, &code).await;
    service.clock.advance(seconds(599));
    let later = service.takes(&request.id, &code).await;

    assert_eq!([guessed, right, at_once, later], [false, true, false, false]);
}

// activepieces #14876: whoever could read the database could read the codes.
#[tokio::test]
async fn a_store_holds_no_code_that_could_be_read() {
    /// Every value in it, whatever it is kept as.
    const VALUES: &str = "local found = {}
        local function add(values) for _, value in ipairs(values) do found[#found + 1] = value end end
        for _, key in ipairs(redis.call('KEYS', '*')) do
            local kind = redis.call('TYPE', key).ok
            add({key})
            if kind == 'string' then add({redis.call('GET', key)})
            elseif kind == 'hash' then add(redis.call('HGETALL', key))
            elseif kind == 'list' then add(redis.call('LRANGE', key, 0, -1))
            elseif kind == 'set' then add(redis.call('SMEMBERS', key))
            elseif kind == 'zset' then add(redis.call('ZRANGE', key, 0, -1))
            else error(kind) end
        end
        return found";
    let server = rekey_testing::redis().await;
    // Ten characters of base 32 stand nowhere by chance.
    let settings = settings(|settings| {
        settings.code.alphabet = Alphabet::Base32;
        settings.code.length = 10;
    });
    let service = TestService::in_redis(&settings, &server.url(), &KeyTexts::new());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    service.clock.advance(seconds(30));
    service.resend(&request.id).await.unwrap();

    let mut connection = Connection::open(&Options::single(server.url())).unwrap();
    let mut read = redis::cmd("EVAL");
    let values: Vec<Vec<u8>> = read.arg(VALUES).arg(0).query_async(&mut connection).await.unwrap();

    let code = service.last_code();
    let holds = |needle: &str| values.iter().any(|value| contains(value, needle.as_bytes()));
    assert!(holds(&request.id.verification.to_string()), "the verification was not read");
    assert!(!holds(&code) && !holds("anna@example.com"));
    service.pass(&request.id, &code).await;
}

fn contains(value: &[u8], needle: &[u8]) -> bool {
    value.windows(needle.len()).any(|window| window == needle)
}

// vellum-assistant #9853: another spelling of a number was another number to the limit.
#[tokio::test]
async fn spellings_of_one_number_share_its_budget() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 1;
        settings.phone.countries = vec!["US".to_owned()];
    }));
    let first = start_request("+12125550100");
    service.start(&first).await.unwrap();

    for spelling in ["+1 (212) 555-0100", "+1-212-555-0100", "+1 212.555.0100"] {
        let mut other = start_request(spelling);
        other.id.scope = first.id.scope.clone();
        let refused = refusal(service.start(&other).await);

        assert!(matches!(refused, Refusal::DestinationLimited(_)), "{spelling}: {refused:?}");
    }
    assert_eq!(service.messages().len(), 1);
}

// better-auth #7509: a client had as many budgets as addresses, 2^64 of them.
#[tokio::test]
async fn addresses_of_one_client_share_its_budget() {
    let pairs = [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8::1", "2001:0DB8:0000:0000:0000:0000:0000:0001"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
    ];

    for (one, other) in pairs {
        let service = TestService::in_memory(&settings(|settings| settings.limits.network_per_hour = 1));
        let request = StartRequest { requester: at(one), ..start_request("anna@example.com") };
        service.start(&request).await.unwrap();
        let refused =
            refusal(service.start(&StartRequest { requester: at(other), ..another(&request) }).await);

        assert!(matches!(refused, Refusal::NetworkLimited(_)), "{one} and {other}: {refused:?}");
    }
}
