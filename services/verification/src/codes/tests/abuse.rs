//! The rules against abuse from end to end: pumped texts, sprayed guesses, budgets that only record, and how it is all shown.

use std::collections::BTreeMap;

use rekey_primitives::contact::PhoneNumber;

use super::*;
use crate::codes::conversion::{BudgetView, ConversionRequest, ConversionView, ConversionWindow};
use crate::domain::abuse::Mode;
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::abuse::tally::Counts;
use crate::domain::budgets::Country;

/// Numbers of one range.
const PUMPED: u32 = 10_000;

/// Settings in which nothing but these rules holds anybody up.
fn abuse_settings(change: impl FnOnce(&mut Settings)) -> Settings {
    settings(|settings| {
        settings.phone.countries = vec!["DE".to_owned(), "US".to_owned()];
        let limits = &mut settings.limits;
        for limit in [
            &mut limits.caller_per_hour,
            &mut limits.subject_per_hour,
            &mut limits.subject_per_day,
            &mut limits.tenant_per_hour,
            &mut limits.tenant_per_day,
            &mut limits.texts_per_country_day,
        ] {
            *limit = 1_000_000;
        }
        change(settings);
    })
}

fn service(settings: &Settings) -> TestService {
    let store = Arc::new(MemoryStore::new(&SystemEntropy, 500_000));
    TestService::with(settings, store, Arc::new(InProcessThrottle::new(500_000)), &KeyTexts::new())
}

/// The same request to another number.
fn to(request: &StartRequest, number: &str) -> StartRequest {
    let destination = Destination::from_stored(Channel::Sms, number.to_owned());
    let destinations = Destinations::new(vec![destination]).unwrap();
    let request = another(request);
    StartRequest { route: Route { destinations, ..request.route.clone() }, ..request }
}

impl TestService {
    /// Asks for a text to each of many numbers of one range, of which none is answered: how many went out.
    async fn pump(&self, request: &StartRequest, numbers: u32) -> usize {
        for number in 0..numbers {
            let asked = self.start(&to(request, &format!("+4915112{number:06}"))).await;
            if let Err(error) = asked {
                assert!(matches!(error.refusal(), Some(Refusal::PrefixLimited(_))), "{error:?}");
            }
        }
        self.messages().len()
    }

    /// Types one wrong code for each of so many verifications: how they were answered.
    async fn spray(&self, request: &StartRequest, guesses: u32) -> BTreeMap<&'static str, u32> {
        let mut answers = BTreeMap::new();
        for number in 0..guesses {
            let asked = another(request);
            let answer = match self.start(&asked).await {
                Err(error) => match error.refusal() {
                    Some(Refusal::ChallengeRequired) => "challenge",
                    Some(Refusal::GuessingLimited(_)) => "limited",
                    _ => panic!("{number}: {error:?}"),
                },
                Ok(_) => match self.check(&asked.id, self.wrong_code()).await {
                    Ok(CheckVerdict::Rejected) => "rejected",
                    other => panic!("{number}: {other:?}"),
                },
            };
            *answers.entry(answer).or_default() += 1;
        }
        answers
    }

    fn wrong_code(&self) -> &'static str {
        if self.last_code() == "000000" { "111111" } else { "000000" }
    }

    async fn conversion(&self, request: &StartRequest) -> ConversionView {
        let tenant = request.id.scope.tenant;
        let asked = ConversionRequest { tenant, window: ConversionWindow::Day, country: None };
        self.codes.conversion(&asked).await.unwrap()
    }
}

#[tokio::test]
async fn pumped_texts_are_cut_off_within_a_hundred_and_other_prefixes_are_not() {
    let service = service(&abuse_settings(|_| ()));
    let request = start_request("+4915112000000");

    let sent = service.pump(&request, PUMPED).await;
    let shown = service.conversion(&request).await;
    let others = ["+4917012345678", "+12125550100"];
    for number in others {
        service.start(&to(&request, number)).await.unwrap();
    }
    let elsewhere = service.start(&start_request("+4915112999999")).await;

    assert!(sent <= 100, "{sent} texts went out");
    assert_eq!(shown.countries.len(), 1);
    let prefix = &shown.countries[0].prefixes[0];
    assert_eq!((prefix.digits.as_str(), prefix.cut_off), ("491511", Some(Mode::Enforce)));
    assert_eq!(prefix.counts, Counts { total: sent as u64, hits: 0 });
    assert!(elsewhere.is_ok(), "another tenant: {elsewhere:?}");
    assert_eq!(service.messages().len(), sent + others.len() + 1);
}

#[tokio::test]
async fn shadow_mode_shows_the_same_and_sends_every_text() {
    let settings = abuse_settings(|settings| settings.abuse.prefix_conversion.mode = Mode::Shadow);
    let service = service(&settings);
    let request = start_request("+4915112000000");

    let sent = service.pump(&request, PUMPED).await;

    let shown = service.conversion(&request).await;
    assert_eq!(sent, PUMPED as usize);
    assert_eq!(shown.countries[0].prefixes[0].cut_off, Some(Mode::Shadow));
    assert_eq!(shown.countries[0].counts, Counts { total: u64::from(PUMPED), hits: 0 });
}

async fn right_codes_keep_a_prefix_open(service: TestService) {
    let request = start_request("+4915112000000");
    for number in 0..120 {
        let asked = to(&request, &format!("+4915112{number:06}"));
        service.start(&asked).await.unwrap();
        if number % 5 == 0 {
            service.pass(&asked.id, &service.last_code()).await;
        }
    }

    let shown = service.conversion(&request).await;

    assert_eq!(shown.countries[0].counts, Counts { total: 120, hits: 24 });
    assert_eq!(shown.countries[0].prefixes[0].cut_off, None);
    assert_eq!(shown.guessing.counts, Counts { total: 24, hits: 0 });
}

#[tokio::test]
async fn right_codes_keep_a_prefix_open_in_memory() {
    right_codes_keep_a_prefix_open(service(&abuse_settings(|_| ()))).await;
}

#[tokio::test]
async fn right_codes_keep_a_prefix_open_in_redis() {
    let server = rekey_testing::redis().await;
    let settings = abuse_settings(|_| ());
    right_codes_keep_a_prefix_open(TestService::in_redis(&settings, &server.url(), &KeyTexts::new())).await;
}

#[tokio::test]
async fn a_right_code_that_went_to_several_numbers_counts_for_none_of_them() {
    let service = service(&abuse_settings(|_| ()));
    let request = start_request_to(&["+4915112000000", "+12125550100"]);
    service.start(&request).await.unwrap();
    service.pass(&request.id, &service.last_code()).await;

    let shown = service.conversion(&request).await;

    let counts: Vec<Counts> = shown.countries.iter().map(|country| country.counts).collect();
    assert_eq!(counts, [Counts { total: 1, hits: 0 }; 2]);
}

#[tokio::test]
async fn decoys_and_mail_are_no_part_of_conversion() {
    let service = service(&abuse_settings(|_| ()));
    let mut decoy = start_request("+4915112000000");
    decoy.route.decoy = true;
    service.start(&decoy).await.unwrap();
    service.check(&decoy.id, "000000").await.unwrap();
    let mail = StartRequest { id: another(&decoy).id, ..start_request("anna@example.com") };
    service.start(&mail).await.unwrap();

    let shown = service.conversion(&decoy).await;

    assert_eq!(shown.countries, []);
    assert_eq!((shown.guessing.counts, shown.guessing.stage), (Counts::default(), None));
}

async fn a_spray_trips_the_breaker(service: TestService) {
    let request = start_request("anna@example.com");
    let known = StartRequest { id: another(&request).id, ..start_request("berta@example.com") };
    service.start(&known).await.unwrap();
    service.pass(&known.id, &service.last_code()).await;
    let waiting = another(&request);
    service.start(&waiting).await.unwrap();
    let code = service.last_code();

    let answers = service.spray(&request, 30).await;
    let solved = StartRequest { challenge_passed: true, ..request.clone() };
    let more = service.spray(&solved, 30).await;
    let spared = another(&known);
    service.start(&spared).await.unwrap();
    let spared_check = service.check(&spared.id, &service.last_code()).await;
    let limited = refusal(service.check(&waiting.id, &code).await);
    let shown = service.conversion(&request).await.guessing;
    service.clock.advance(seconds(300));
    let after = service.check(&waiting.id, &code).await;

    assert_eq!(answers, BTreeMap::from([("rejected", 10), ("challenge", 20)]));
    assert_eq!(more, BTreeMap::from([("rejected", 10), ("limited", 20)]));
    assert!(matches!(spared_check, Ok(CheckVerdict::Passed(_))), "{spared_check:?}");
    assert_eq!(limited, Refusal::GuessingLimited(seconds(300)));
    assert_eq!(shown.stage.map(|(stage, _)| stage), Some(BreakerStage::Limited));
    assert!(matches!(after, Ok(CheckVerdict::Passed(_))), "{after:?}");
}

fn a_quick_breaker() -> Settings {
    abuse_settings(|settings| {
        settings.limits.destination_per_hour = 1_000;
        settings.limits.destination_per_day = 1_000;
        settings.failures.pause_at = 1_000;
        settings.abuse.spray_breaker.least_failures = 10;
        settings.abuse.spray_breaker.limit_after_failures = 10;
    })
}

#[tokio::test]
async fn a_spray_trips_the_breaker_in_memory() {
    a_spray_trips_the_breaker(service(&a_quick_breaker())).await;
}

#[tokio::test]
async fn a_spray_trips_the_breaker_in_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&a_quick_breaker(), &server.url(), &KeyTexts::new());
    a_spray_trips_the_breaker(service).await;
}

#[tokio::test]
async fn a_repeated_start_may_say_that_a_challenge_was_passed() {
    let service = service(&a_quick_breaker());
    let request = start_request("anna@example.com");
    service.spray(&request, 10).await;
    let asked = another(&request);

    let first = refusal(service.start(&asked).await);
    let again = service.start(&StartRequest { challenge_passed: true, ..asked }).await;

    assert_eq!(first, Refusal::ChallengeRequired);
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn a_budget_of_a_destination_in_shadow_mode_sends_on() {
    let shadow = |mode| {
        abuse_settings(|settings| {
            settings.limits.destination_per_hour = 2;
            settings.limits.caller_per_hour = 3;
            settings.abuse.budgets.destination = mode;
        })
    };
    let (enforced, recorded) = (service(&shadow(Mode::Enforce)), service(&shadow(Mode::Shadow)));
    let request = start_request("anna@example.com");
    let mut answers = Vec::new();
    for service in [&enforced, &recorded] {
        for _ in 0..3 {
            answers.push(service.start(&another(&request)).await.is_ok());
        }
    }

    let of_the_caller = refusal(recorded.start(&another(&request)).await);

    assert_eq!(answers, [true, true, false, true, true, true]);
    assert!(matches!(of_the_caller, Refusal::NetworkLimited(_)), "{of_the_caller:?}");
}

async fn the_budget_of_a_country_is_shown(service: TestService) {
    let request = start_request("+4915112000000");
    let mut answers = Vec::new();
    for number in ["+4915112000001", "+4917012345678", "+4917112345678"] {
        answers.push(service.start(&to(&request, number)).await.is_ok());
    }

    let shown = service.conversion(&request).await;

    let germany = &shown.countries[0];
    let opens_at = Some(BEGIN.plus(seconds(86_400)));
    let effect = Some(Mode::Shadow);
    assert_eq!(answers, [true; 3]);
    assert_eq!(germany.country, Country::of(&PhoneNumber::parse("+4915112000001").unwrap()));
    assert_eq!(germany.budget, BudgetView { used: 2, limit: 2, opens_at, effect });
    assert_eq!((germany.counts.total, germany.prefixes.len()), (3, 3));
}

fn two_texts_a_day() -> Settings {
    abuse_settings(|settings| {
        settings.limits.texts_per_country_day = 2;
        settings.abuse.budgets.country_texts = Mode::Shadow;
    })
}

#[tokio::test]
async fn the_budget_of_a_country_is_shown_from_memory() {
    the_budget_of_a_country_is_shown(service(&two_texts_a_day())).await;
}

#[tokio::test]
async fn the_budget_of_a_country_is_shown_from_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&two_texts_a_day(), &server.url(), &KeyTexts::new());
    the_budget_of_a_country_is_shown(service).await;
}
