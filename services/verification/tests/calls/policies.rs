//! Policies, listed destinations, and the notice of a restricted channel, as callers meet them.

use std::io::Write as _;

use super::*;

const FILE: &str = r#"
[[policy]]
purpose = "password_reset"
code = { length = 8, life_seconds = 120, tries = 2 }
resend = { ladder_seconds = [15], sends = 3 }
message = { organisation = "Fabrikam" }

[[destination]]
match = "anna@example.com"
action = "block"
"#;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn start_to(address: wire::destination::Address) -> wire::StartVerificationRequest {
    wire::StartVerificationRequest {
        destinations: vec![wire::Destination { address: Some(address) }],
        organisation: String::new(),
        ..start(false)
    }
}

fn mail(address: &str) -> wire::destination::Address {
    wire::destination::Address::EmailAddress(address.to_owned())
}

#[tokio::test]
async fn a_code_goes_by_the_policy_of_its_purpose() {
    let policies = file(FILE);
    let server =
        TestServer::open_with(|settings| settings.policies_file = Some(policies.path().to_owned())).await;
    let mut shop = server.client("shop");
    let request = start_to(mail("berta@example.com"));

    let started = shop.start_verification(request.clone()).await.unwrap().into_inner();
    let message = server.last_message();
    let get = wire::GetVerificationRequest {
        tenant_id: request.tenant_id.clone(),
        verification_id: request.verification_id.clone(),
    };
    let shown = shop.get_verification(get).await.unwrap().into_inner().verification.unwrap();

    assert_eq!(message.variables["code"].len(), 8);
    assert_eq!((&*message.variables["minutes"], &*message.variables["organisation"]), ("2", "Fabrikam"));
    assert_eq!((shown.tries_remaining, shown.sends_remaining), (2, 2));
    let seconds = |at: Option<prost_types::Timestamp>| at.unwrap().seconds;
    let waits = seconds(started.resend_time) - seconds(shown.create_time);
    assert_eq!((waits, seconds(started.code_expire_time) - seconds(shown.create_time)), (15, 120));
    assert_eq!(started.notices, [0; 0], "mail is no restricted channel");
}

#[tokio::test]
async fn a_blocked_destination_is_refused_with_what_the_answer_would_have_been() {
    let policies = file(FILE);
    let server =
        TestServer::open_with(|settings| settings.policies_file = Some(policies.path().to_owned())).await;
    let mut shop = server.client("shop");
    let mut both = start_to(mail("Anna@EXAMPLE.com"));
    let alone = both.clone();
    both.verification_id = id();
    both.request_id = id();
    both.destinations.push(wire::Destination { address: Some(mail("berta@example.com")) });

    let refused = Problem::of(&shop.start_verification(alone).await.unwrap_err());
    let beside_another = shop.start_verification(both).await.unwrap().into_inner();

    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "DESTINATION_BLOCKED"));
    assert_eq!(
        (&*refused.metadata["codeLifeSeconds"], &*refused.metadata["ladderSeconds"]),
        ("120", "15,15")
    );
    assert!(beside_another.sent);
    assert_eq!(server.notification_service.accepted.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_text_comes_with_the_notice_of_its_risk_and_so_does_its_decoy() {
    let policies = file("[[policy]]\npurpose = \"password_reset\"\nphone = { countries = [\"US\"] }\n");
    let server =
        TestServer::open_with(|settings| settings.policies_file = Some(policies.path().to_owned())).await;
    let mut shop = server.client("shop");
    let number = wire::destination::Address::PhoneNumber("+12125550100".to_owned());
    let real = start_to(number.clone());
    let decoy = wire::StartVerificationRequest { decoy: true, ..start_to(number) };

    for request in [real, decoy] {
        let started = shop.start_verification(request).await.unwrap().into_inner();

        assert_eq!(started.notices, [i32::from(wire::Notice::ChannelRestricted)]);
    }
}

#[tokio::test]
async fn a_start_refuses_a_broken_file_and_a_gateway_without_protection() {
    let broken = file("[[policy]]\npurpose = \"payment\"\n");
    let keys = tempfile::tempdir().unwrap();
    let refused = async |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings(keys.path(), "http://127.0.0.1:1");
        change(&mut settings);
        let dependencies = Dependencies {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            health: Health::new(),
            notification: Connection::open(&settings.notification, || None).unwrap(),
        };
        assemble(&settings, dependencies).await.err().map(|error| format!("{error:#}")).unwrap_or_default()
    };

    let by_policies = refused(&|settings| settings.policies_file = Some(broken.path().to_owned())).await;
    let by_gateway =
        refused(&|settings| settings.sim_change.url = Some("http://lookups.example".to_owned())).await;

    assert!(by_policies.contains("number 1: it says nothing"), "{by_policies}");
    assert!(by_gateway.contains("must be https"), "{by_gateway}");
}
