//! Policies and listed destinations: what is judged anew, and what a verification keeps.

use super::*;
use crate::codes::conversion::{BudgetView, ConversionRequest, ConversionWindow};
use crate::config::parse_policies;
use crate::domain::abuse::Mode;

const THREE: [&str; 3] = ["anna@example.com", "anna@example.org", "a.b@example.net"];

impl TestService {
    fn with_policies(self, file: &str) -> Self {
        self.goes_by(file);
        self
    }

    /// From now on this file holds.
    fn goes_by(&self, file: &str) {
        self.codes.policies.replace(parse_policies(file).unwrap());
    }
}

fn german_settings() -> Settings {
    settings(|settings| settings.phone.countries = vec!["DE".to_owned()])
}

fn in_memory(file: &str) -> TestService {
    TestService::in_memory(&german_settings()).with_policies(file)
}

fn block(pattern: &str) -> String {
    format!("[[destination]]\nmatch = \"{pattern}\"\naction = \"block\"\n")
}

fn addresses(messages: &[CodeMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.destination.as_str()).collect()
}

async fn a_policy_makes_the_code_the_text_and_the_ladder_of_its_purpose(service: TestService) {
    let service = service.with_policies(
        r#"
        [[policy]]
        purpose = "sign_up"
        code = { alphabet = "base32", length = 9, life_seconds = 120, tries = 1 }
        resend = { ladder_seconds = [7], sends = 2, policy = "rotate" }
        message = { organisation = "Contoso" }
        "#,
    );
    let request = start_request("anna@example.com");

    let started = service.start(&request).await.unwrap();
    service.clock.advance(seconds(7));
    let resent = service.resend(&request.id).await.unwrap();
    service.clock.advance(seconds(7));
    let exhausted = service.resend(&request.id).await;
    let [first, second] = service.messages().try_into().unwrap();
    service.check(&request.id, "000000000").await.unwrap();
    let after_one_wrong = service.check(&request.id, second.code.expose()).await.unwrap();

    assert_eq!(started.times.expires_at, BEGIN.plus(seconds(120)));
    assert_eq!((started.times.next_send_at, resent.next_send_at), (Some(BEGIN.plus(seconds(7))), None));
    assert_eq!(refusal(exhausted), Refusal::SendsExhausted);
    assert_eq!((first.code.expose().len(), first.organisation.as_str()), (9, "Contoso"));
    assert_ne!(first.code.expose(), second.code.expose(), "it rotates");
    assert!(matches!(after_one_wrong, CheckVerdict::Rejected));
}

#[tokio::test]
async fn a_policy_holds_in_memory() {
    let service = TestService::in_memory(&default_settings());
    a_policy_makes_the_code_the_text_and_the_ladder_of_its_purpose(service).await;
}

#[tokio::test]
async fn a_policy_holds_in_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());
    a_policy_makes_the_code_the_text_and_the_ladder_of_its_purpose(service).await;
}

#[tokio::test]
async fn a_verification_keeps_its_code_and_life_and_its_messages_go_by_todays_policy() {
    let service = in_memory("[[policy]]\npurpose = \"sign_up\"\ncode = { life_seconds = 300, tries = 4 }\n");
    let request = start_request("anna@example.com");
    let started = service.start(&request).await.unwrap();

    service.goes_by(
        "[[policy]]\npurpose = \"sign_up\"\ncode = { life_seconds = 60, tries = 1, length = 10 }\n\
         resend = { sends = 2 }\n",
    );
    service.clock.advance(seconds(30));
    let resent = service.resend(&request.id).await.unwrap();
    let view = service.codes.get(&request.id).await.unwrap();

    assert_eq!((resent.expires_at, resent.next_send_at), (started.times.expires_at, None));
    assert_eq!((view.attempts_left, view.sends_left), (4, 0));
    let [first, second] = service.messages().try_into().unwrap();
    assert_eq!((first.code.expose(), first.code.expose().len()), (second.code.expose(), 6));
    service.pass(&request.id, first.code.expose()).await;
}

#[tokio::test]
async fn a_refusal_tells_the_clocks_of_its_policy() {
    let service = in_memory(&format!(
        "[[policy]]\npurpose = \"sign_up\"\ncode = {{ life_seconds = 90 }}\nresend = {{ ladder_seconds = [5], \
         sends = 3 }}\n{}",
        block("@example.com")
    ));

    let stopped = service.start(&start_request("anna@example.com")).await;

    let Err(Error::Stopped { refusal, timing }) = stopped else { panic!("{stopped:?}") };
    assert_eq!(refusal, Refusal::DestinationBlocked);
    assert_eq!((timing.code_life, timing.waits), (seconds(90), vec![seconds(5), seconds(5)]));
}

#[tokio::test]
async fn a_channel_that_the_policy_leaves_out_is_not_offered() {
    let service = in_memory("[[policy]]\npurpose = \"sign_up\"\nchannels = [\"sms\"]\n");

    let by_mail = service.start(&start_request("anna@example.com")).await;
    let by_text = service.start(&start_request("+4915112345642")).await;

    assert_eq!(refusal(by_mail), Refusal::ChannelNotAllowed);
    assert!(by_text.is_ok());
}

#[tokio::test]
async fn a_tenant_has_countries_and_budgets_of_its_own() {
    let mut ours = start_request("+12125550100");
    let tenant = ours.id.scope.tenant;
    let service = in_memory(&format!(
        "[[policy]]\ntenant = \"{tenant}\"\nphone = {{ countries = [\"US\"] }}\n\
         limits = {{ destination_per_hour = 1 }}\n"
    ));

    let american = service.start(&ours).await;
    let again = service.start(&another(&ours)).await;
    let elsewhere = service.start(&start_request("+12125550100")).await;
    ours.route.destinations = start_request("+4915112345642").route.destinations;
    let german = service.start(&another(&ours)).await;

    assert!(american.is_ok());
    assert!(matches!(refusal(again), Refusal::DestinationLimited(_)));
    assert_eq!([refusal(elsewhere), refusal(german)], [Refusal::ChannelNotAllowed; 2]);
}

#[tokio::test]
async fn a_blocked_destination_gets_no_code_and_costs_nobody_anything() {
    let service = in_memory(&block("+49151*"));
    let request = start_request("+4915112345642");

    let blocked = service.start(&request).await;
    service.goes_by("");
    let started = service.start(&request).await.unwrap();

    assert_eq!(refusal(blocked), Refusal::DestinationBlocked);
    assert!(started.sent, "nothing was left behind");
    assert_eq!(service.messages().len(), 1);
}

#[tokio::test]
async fn of_several_destinations_the_blocked_ones_are_withheld_without_a_word() {
    let service = in_memory(&block("@example.org"));
    let request = start_request_to(&THREE);

    let started = service.start(&request).await.unwrap();
    service.clock.advance(seconds(30));
    service.resend(&request.id).await.unwrap();

    assert!(started.sent);
    let others = [THREE[0], THREE[2]];
    assert_eq!(addresses(&service.messages()), [others, others].concat());
}

#[tokio::test]
async fn what_was_blocked_since_is_not_sent_to_again_and_a_repeat_gets_its_answer() {
    let service = in_memory("");
    let request = start_request_to(&THREE[..2]);
    let started = service.start(&request).await.unwrap();

    service.goes_by(&format!("{}{}", block("@example.com"), block("@example.org")));
    let repeated = service.start(&request).await.unwrap();
    let too_soon = service.resend(&request.id).await;
    service.clock.advance(seconds(30));
    let blocked = service.resend(&request.id).await;
    service.goes_by(&block("@example.com"));
    service.resend(&request.id).await.unwrap();

    assert_eq!(repeated, started);
    assert_eq!(refusal(too_soon), Refusal::ResendTooSoon(seconds(30)));
    assert_eq!(refusal(blocked), Refusal::DestinationBlocked);
    assert_eq!(addresses(&service.messages()), [THREE[0], THREE[1], THREE[1]]);
    service.pass(&request.id, &service.last_code()).await;
}

#[tokio::test]
async fn a_blocked_and_an_exhausted_destination_leave_nobody() {
    let settings = settings(|settings| settings.limits.destination_per_hour = 1);
    let service = TestService::in_memory(&settings).with_policies(&block("@example.org"));
    let mut request = start_request_to(&THREE[..2]);
    request.counts_failures = false;
    service.start(&request).await.unwrap();

    let nobody = service.start(&another(&request)).await;

    assert!(matches!(refusal(nobody), Refusal::DestinationLimited(_)));
}

#[tokio::test]
async fn a_decoy_for_a_blocked_destination_is_taken_like_any_other() {
    let service = in_memory(&block("anna@example.com"));
    let mut decoy = start_request("anna@example.com");
    decoy.route.decoy = true;

    let taken = service.start(&decoy).await.unwrap();
    let real = service.start(&start_request("berta@example.com")).await.unwrap();
    service.clock.advance(seconds(30));
    let resent = service.resend(&decoy.id).await;

    assert_eq!(taken, real);
    assert!(resent.is_ok(), "{resent:?}");
}

#[tokio::test]
async fn an_allowed_number_is_spared_from_the_countries() {
    let service =
        in_memory("[[destination]]\nmatch = \"+12125550100\"\naction = \"allow\"\npurpose = \"sign_up\"\n");

    let allowed = service.start(&start_request("+12125550100")).await;
    let other = service.start(&start_request("+12125550101")).await;

    assert!(allowed.is_ok());
    assert_eq!(refusal(other), Refusal::ChannelNotAllowed);
}

/// One text without a code cuts a prefix off, and one wrong code has starts demand a challenge.
fn strict_settings() -> Settings {
    settings(|settings| {
        settings.phone.countries = vec!["DE".to_owned()];
        settings.abuse.prefix_conversion.least_sends = 1;
        settings.abuse.spray_breaker.least_failures = 1;
    })
}

const ALLOWED: &str = "+4917012345678";
const OTHER: &str = "+4915112345642";

fn strict_service() -> TestService {
    let allow = format!("[[destination]]\nmatch = \"{ALLOWED}\"\naction = \"allow\"\n");
    TestService::in_memory(&strict_settings()).with_policies(&allow)
}

/// The same request to these numbers.
fn to(request: &StartRequest, numbers: &[&str]) -> StartRequest {
    let mut request = another(request);
    request.route.destinations = start_request_to(numbers).route.destinations;
    request
}

#[tokio::test]
async fn an_allowed_number_gets_its_code_beside_one_that_is_cut_off() {
    let service = strict_service();
    let request = start_request(OTHER);
    service.start(&request).await.unwrap();

    let cut_off = service.start(&another(&request)).await;
    let beside = service.start(&to(&request, &[OTHER, ALLOWED])).await;
    let again = service.start(&to(&request, &[ALLOWED])).await;

    assert!(matches!(refusal(cut_off), Refusal::PrefixLimited(_)));
    assert!(beside.is_ok() && again.is_ok(), "{beside:?} {again:?}");
    assert_eq!(addresses(&service.messages()), [OTHER, ALLOWED, ALLOWED]);
}

#[tokio::test]
async fn an_allowed_number_needs_no_challenge_and_others_beside_it_do() {
    let service = strict_service();
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    service.check(&request.id, "0000000").await.unwrap();

    let other = service.start(&to(&request, &[OTHER])).await;
    let beside = service.start(&to(&request, &[OTHER, ALLOWED])).await;
    let allowed = service.start(&to(&request, &[ALLOWED])).await;

    assert_eq!([refusal(other), refusal(beside)], [Refusal::ChallengeRequired; 2]);
    assert!(allowed.is_ok(), "{allowed:?}");
}

async fn the_budget_of_a_country_is_shown_by_the_policy_of_the_tenant(service: TestService) {
    let request = start_request(OTHER);
    let tenant = request.id.scope.tenant;
    let service = service.with_policies(&format!(
        "[[policy]]\ntenant = \"{tenant}\"\nlimits = {{ texts_per_country_day = 1 }}\n\
         [[policy]]\npurpose = \"payment\"\nlimits = {{ texts_per_country_day = 7 }}\n"
    ));
    service.start(&request).await.unwrap();

    let refused = service.start(&another(&request)).await;
    let asked = ConversionRequest { tenant, window: ConversionWindow::Day, country: None };
    let shown = service.codes.conversion(&asked).await.unwrap();

    let (opens_at, effect) = (Some(BEGIN.plus(seconds(86_400))), Some(Mode::Enforce));
    assert!(matches!(refusal(refused), Refusal::TenantLimited(_)));
    assert_eq!(shown.countries[0].budget, BudgetView { used: 1, limit: 1, opens_at, effect });
}

#[tokio::test]
async fn the_budget_of_a_policy_is_shown_from_memory() {
    let service = TestService::in_memory(&german_settings());
    the_budget_of_a_country_is_shown_by_the_policy_of_the_tenant(service).await;
}

#[tokio::test]
async fn the_budget_of_a_policy_is_shown_from_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&german_settings(), &server.url(), &KeyTexts::new());
    the_budget_of_a_country_is_shown_by_the_policy_of_the_tenant(service).await;
}
