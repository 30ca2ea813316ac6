use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use rekey_runtime::settings::Document;

use super::*;
use crate::config::{DEFAULTS, Settings};

/// What the gateway saw: path, query and login; and what it answers.
#[derive(Clone)]
struct Seen {
    asked: Arc<Mutex<Vec<[String; 3]>>>,
    answer: (StatusCode, &'static str),
}

async fn answer(
    State(seen): State<Seen>,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> (StatusCode, &'static str) {
    let login = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    seen.asked.lock().unwrap().push([number, query.unwrap_or_default(), login.unwrap_or_default()]);
    seen.answer
}

async fn gateway(answers: (StatusCode, &'static str)) -> (String, Seen) {
    let seen = Seen { asked: Arc::default(), answer: answers };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v2/PhoneNumbers/{number}", get(answer)).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

fn settings(url: &str) -> SimChangeSettings {
    let document = Document::builder().part("verification", 7302, DEFAULTS).load().unwrap();
    let settings: Settings = document.part("verification").unwrap();
    SimChangeSettings { url: Some(url.to_owned()), ..settings.sim_change }
}

async fn history(settings: &SimChangeSettings) -> SimHistory {
    let number = PhoneNumber::parse("+4915112345642").unwrap();
    SimGateway::open(settings).unwrap().unwrap().history(&number).await
}

#[tokio::test]
async fn a_number_is_asked_about_as_twilio_has_it() {
    let answers = r#"{"sim_swap": {"last_sim_swap": {"last_sim_swap_date": "2026-11-29T12:00:00Z",
        "swapped_period": "PT48H", "swapped_in_period": true}, "error_code": null}}"#;
    let (url, seen) = gateway((StatusCode::OK, answers)).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "t0ken\n").unwrap();
    let settings = SimChangeSettings { token_file: Some(token.path().to_owned()), ..settings(&url) };

    let known = history(&settings).await;

    assert_eq!(known, SimHistory::ChangedAt(Timestamp::from_rfc3339("2026-11-29T12:00:00Z").unwrap()));
    let asked = ["+4915112345642", "Fields=sim_swap", "Bearer t0ken"].map(str::to_owned);
    assert_eq!(*seen.asked.lock().unwrap(), [asked]);
}

#[tokio::test]
async fn what_an_answer_does_not_say_is_not_known() {
    let of_late =
        r#"{"sim_swap": {"last_sim_swap": {"last_sim_swap_date": null, "swapped_in_period": false}}}"#;
    let incomplete = r#"{"sim_swap": {"last_sim_swap": null, "error_code": 60620}}"#;
    let odd = r#"{"sim_swap": {"last_sim_swap": {"last_sim_swap_date": "yesterday"}}}"#;
    let cases = [
        (StatusCode::OK, of_late, SimHistory::ChangedOfLate(false)),
        (StatusCode::OK, incomplete, SimHistory::Unknown),
        (StatusCode::OK, odd, SimHistory::Unknown),
        (StatusCode::OK, "no JSON", SimHistory::Unknown),
        (StatusCode::NOT_FOUND, "{}", SimHistory::Unknown),
        (StatusCode::UNAUTHORIZED, of_late, SimHistory::Unknown),
        (StatusCode::TOO_MANY_REQUESTS, of_late, SimHistory::Unknown),
        (StatusCode::SERVICE_UNAVAILABLE, of_late, SimHistory::Unknown),
    ];
    for (status, body, expected) in cases {
        let (url, _) = gateway((status, body)).await;

        assert_eq!(history(&settings(&url)).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_there_knows_nothing() {
    assert_eq!(history(&settings("http://127.0.0.1:1")).await, SimHistory::Unknown);
}

#[test]
fn settings_that_make_no_safe_look_up_are_refused() {
    let good = || settings("https://lookups.example/");
    let refused = |settings: SimChangeSettings| SimGateway::open(&settings).is_err();

    assert!(SimGateway::open(&good()).unwrap().is_some());
    assert!(SimGateway::open(&SimChangeSettings { url: None, ..good() }).unwrap().is_none());
    assert!(refused(settings("http://lookups.example")));
    assert!(refused(SimChangeSettings { path: "/v2/PhoneNumbers".to_owned(), ..good() }));
    assert!(refused(SimChangeSettings { changed_at: "sim_swap".to_owned(), ..good() }));
    assert!(refused(SimChangeSettings { password_file: Some("/nowhere".into()), ..good() }));
}
