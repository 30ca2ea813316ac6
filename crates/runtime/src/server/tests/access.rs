//! The gate, from outside.

use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_types::StatusExt;

use super::office::TENANT;
use super::{Allowed, PORTAL, Running, SHOP, ServerSettings, bearer, call, reason, settings};

const MINE: &str = "/rekey.test.v1.Office/Mine";
const EITHER: &str = "/rekey.test.v1.Office/Either";
const LEAVE: &str = "/rekey.test.v1.Office/Leave";
const WHICHEVER: &str = "/rekey.test.v1.Office/Whichever";
const MANAGE: &str = "/rekey.test.v1.Office/Manage";
const ADMINISTER: &str = "/rekey.test.v1.Office/Administer";

#[tokio::test]
async fn without_a_known_caller_nothing_is_told() {
    let part = Running::with(settings()).await;
    let channel = part.channel().await;
    let other_scheme = format!("Basic {PORTAL}");
    for credential in ["", "Bearer wrong", &other_scheme, "Bearer"] {
        for path in [super::CHECK, "/rekey.test.v1.Office/None", "/nobody.Nothing/None", "/"] {
            let headers = [("authorization", credential)];
            let headers = if credential.is_empty() { &[][..] } else { &headers[..] };

            let status = call(channel.clone(), path, "", headers).await.unwrap_err();

            assert_eq!(status.code(), Code::Unauthenticated, "{credential} {path}");
            assert_eq!(reason(&status), "CALLER_UNKNOWN");
        }
    }
}

#[tokio::test]
async fn a_known_caller_reaches_what_its_entry_allows() {
    let part = Running::with(settings()).await;
    let channel = part.channel().await;
    let shop = bearer(SHOP);

    let answer = part.check("", &[("authorization", &shop)]).await.unwrap();
    let status = call(channel, MINE, "", &[("authorization", &shop)]).await.unwrap_err();

    assert_eq!(answer.get("caller").unwrap(), "shop");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "CALLER_NOT_ALLOWED"));
}

#[tokio::test]
async fn a_method_without_a_rule_does_not_exist() {
    let part = Running::with(settings()).await;
    let channel = part.channel().await;
    let portal = bearer(PORTAL);
    for path in ["/rekey.test.v1.Office/Undeclared", "/nobody.v1.Nothing/None"] {
        let status = call(channel.clone(), path, "", &[("authorization", &portal)]).await.unwrap_err();

        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Unimplemented, "METHOD_UNKNOWN"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn persons_are_asked_for_as_the_rule_says() {
    let part = Running::with(settings()).await;
    let channel = part.channel().await;
    let portal = bearer(PORTAL);
    let reader = format!("{TENANT} reports_reader");
    let helpdesk = format!("{TENANT} helpdesk_administrator");
    let nothing = format!("{TENANT} none");
    let ask = async |path, token: Option<&str>| {
        let mut headers = vec![("authorization", portal.as_str())];
        headers.extend(token.map(|token| ("rekey-access-token", token)));
        call(channel.clone(), path, "", &headers)
            .await
            .map(|metadata| metadata.get("person").unwrap().to_str().unwrap().to_owned())
            .map_err(|status| reason(&status))
    };
    let refused = |reason: &str| Err(reason.to_owned());
    let person = |name: &str| Ok(name.to_owned());

    assert_eq!(ask(MINE, None).await, refused("ACCESS_TOKEN_MISSING"));
    assert_eq!(ask(MINE, Some("forged")).await, refused("ACCESS_TOKEN_INVALID"));
    assert_eq!(ask(MINE, Some("away")).await, refused("UNAVAILABLE"));
    assert_eq!(ask(MINE, Some(&reader)).await, person("reports_reader"));
    assert_eq!(ask(EITHER, None).await, person("nobody"));
    assert_eq!(ask(EITHER, Some("forged")).await, refused("ACCESS_TOKEN_INVALID"));
    assert_eq!(ask(EITHER, Some(&reader)).await, person("reports_reader"));
    assert_eq!(ask(LEAVE, Some(&reader)).await, person("reports_reader"));
    assert_eq!(ask(LEAVE, Some("forged")).await, refused("ACCESS_TOKEN_INVALID"));
    assert_eq!(ask(super::CHECK, Some("forged")).await, person("nobody"));
    assert_eq!(ask(ADMINISTER, Some(&reader)).await, person("reports_reader"));
    assert_eq!(ask(ADMINISTER, Some(&helpdesk)).await, refused("ROLE_MISSING"));
    assert_eq!(ask(WHICHEVER, Some(&helpdesk)).await, person("helpdesk_administrator"));
    assert_eq!(ask(WHICHEVER, Some(&nothing)).await, refused("ROLE_MISSING"));
}

#[tokio::test]
async fn whoever_has_left_reaches_nothing_but_the_way_out() {
    let part = Running::with(settings()).await;
    let channel = part.channel().await;
    let left = format!("left {TENANT} reports_reader");
    let headers = [("authorization", &*bearer(PORTAL)), ("rekey-access-token", &left)];

    let out = call(channel.clone(), LEAVE, "", &headers).await.unwrap();

    assert_eq!(out.get("person").unwrap(), "reports_reader");
    for path in [MINE, EITHER, ADMINISTER] {
        let status = call(channel.clone(), path, "", &headers).await.unwrap_err();
        assert_eq!(reason(&status), "ACCESS_TOKEN_INVALID", "{path}");
    }
}

#[tokio::test]
async fn a_missing_role_names_those_that_would_do() {
    let part = Running::with(settings()).await;
    let token = format!("{TENANT} helpdesk_administrator");
    let headers = [("authorization", &*bearer(PORTAL)), ("rekey-access-token", &token)];

    let status = call(part.channel().await, ADMINISTER, "", &headers).await.unwrap_err();

    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "rekey.test");
    assert_eq!(info.metadata["roles"], "global_administrator,reports_reader");
}

#[tokio::test]
async fn whoever_judges_persons_hears_of_those_without_the_role_and_of_no_others() {
    let part = Running::with(settings()).await;
    let (channel, portal) = (part.channel().await, bearer(PORTAL));
    let token = |role: &str| format!("{TENANT} {role}");

    for token in [token("helpdesk_administrator"), token("reports_reader"), "forged".to_owned()] {
        let headers = [("authorization", portal.as_str()), ("rekey-access-token", &token)];
        let _ = call(channel.clone(), ADMINISTER, "", &headers).await;
    }

    assert_eq!(*part.tokens.stopped.lock().unwrap(), ["portal helpdesk_administrator Administer"]);
}

#[tokio::test]
async fn a_person_of_a_tenant_the_caller_may_not_name_is_refused() {
    let mut settings = settings();
    settings.callers[1].methods = Allowed::Everything;
    let part = Running::with(settings).await;
    let elsewhere = "018f3b5e-0000-7000-8000-000000000002 reports_reader";
    let headers = [("authorization", &*bearer(SHOP)), ("rekey-access-token", elsewhere)];

    let status = call(part.channel().await, MINE, "", &headers).await.unwrap_err();

    assert_eq!(reason(&status), "CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let part = Running::with(settings()).await;
    let mut client = HealthClient::new(part.channel().await);

    let name = "rekey.test.v1.Office".to_owned();
    let known = client.check(HealthCheckRequest { service: name }).await.unwrap();
    let unknown = client.check(HealthCheckRequest { service: "nobody".to_owned() }).await.unwrap_err();
    let beside = call(part.channel().await, "/grpc.health.v1.Health/Other", "", &[]).await.unwrap_err();

    assert_eq!(known.get_ref().status, 1);
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "SERVICE_UNKNOWN"));
    assert_eq!(reason(&beside), "CALLER_UNKNOWN");
}

/// The key of the entry that a refusal says is missing.
fn missing(refused: Result<tonic::metadata::MetadataMap, tonic::Status>) -> String {
    let info = refused.unwrap_err().get_details_error_info().unwrap();
    assert_eq!(info.reason, "CALLER_NOT_ALLOWED");
    info.metadata["missing"].clone()
}

#[tokio::test]
async fn an_administrators_method_in_the_callers_own_name_must_be_written() {
    let with = async |in_own_name: &[&str]| {
        let mut settings = settings();
        settings.callers[1].methods = Allowed::Everything;
        settings.callers[1].in_own_name =
            Allowed::Only(in_own_name.iter().map(|path| (*path).to_owned()).collect());
        Running::with(settings).await.channel().await
    };
    let (silent, written) = (with(&[]).await, with(&[MANAGE]).await);
    let reader = format!("{TENANT} reports_reader");
    let shop = bearer(SHOP);
    let alone = [("authorization", shop.as_str())];
    let with_person = [("authorization", shop.as_str()), ("rekey-access-token", &reader)];

    let person = call(silent.clone(), MANAGE, "", &with_person).await.unwrap();
    let own_name = call(written.clone(), MANAGE, "", &alone).await.unwrap();
    let other_service = with(&["/rekey.test.v1.Office/*"]).await;

    assert_eq!(missing(call(silent.clone(), MANAGE, "", &alone).await), "in_own_name");
    assert_eq!(person.get("person").unwrap(), "reports_reader");
    assert_eq!(own_name.get("person").unwrap(), "nobody");
    assert!(call(other_service, MANAGE, "", &alone).await.is_ok());
    assert!(call(silent, EITHER, "", &alone).await.is_ok());
    assert_eq!(reason(&call(written, ADMINISTER, "", &alone).await.unwrap_err()), "ACCESS_TOKEN_MISSING");
}

#[tokio::test]
async fn a_token_that_another_backend_got_is_of_no_use_to_this_one() {
    let with = async |persons_of: Allowed| {
        let mut settings = settings();
        settings.callers[1].methods = Allowed::Everything;
        settings.callers[1].persons_of = persons_of;
        Running::with(settings).await.channel().await
    };
    let (shop, theirs) = (bearer(SHOP), format!("{TENANT} reports_reader of portal"));
    let headers = [("authorization", shop.as_str()), ("rekey-access-token", &theirs)];

    let silent = call(with(Allowed::nothing()).await, MINE, "", &headers).await;
    let written = call(with(Allowed::Only(["portal".to_owned()].into())).await, MINE, "", &headers).await;

    assert_eq!(missing(silent), "persons_of");
    assert_eq!(written.unwrap().get("person").unwrap(), "reports_reader");
}

#[tokio::test]
async fn a_refusal_names_what_the_entry_lacks() {
    let mut settings = settings();
    settings.callers[1].methods = Allowed::Only([MINE.to_owned()].into());
    let part = Running::with(settings).await;
    let shop = bearer(SHOP);
    let elsewhere = "018f3b5e-0000-7000-8000-000000000002 reports_reader";
    let headers = [("authorization", shop.as_str()), ("rekey-access-token", elsewhere)];

    assert_eq!(missing(call(part.channel().await, super::CHECK, "", &headers).await), "methods");
    assert_eq!(missing(call(part.channel().await, MINE, "", &headers).await), "tenants");
}

async fn listed(part: &Running) -> Result<bool, tonic::Status> {
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(part.channel().await);
    let answers = client.server_reflection_info(tokio_stream::once(ask)).await?;
    Ok(answers.into_inner().message().await?.is_some())
}

#[tokio::test]
async fn reflection_is_open_where_it_is_on_and_absent_elsewhere() {
    let closed = Running::with(settings()).await;
    let open = Running::with(ServerSettings { reflection: true, ..settings() }).await;

    assert_eq!(listed(&closed).await.unwrap_err().code(), Code::Unauthenticated);
    assert!(listed(&open).await.unwrap());
}
