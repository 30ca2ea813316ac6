use std::io::Write as _;

use super::*;

const READING: Reading = Reading { firebase: None, with_groups: false, without_passwords: false };

/// Everybody in a file, each as their first login or as what is wrong with them.
async fn people(format: ImportFormat, text: &str) -> Result<Vec<String>, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut source = Source::open(file.path(), format, READING).unwrap();
    let mut people = Vec::new();
    while let Some(item) = source.next().await.map_err(|error| format!("{error:#}"))? {
        assert_eq!(item.number, people.len() as i64 + 1);
        people.push(
            item.person
                .map_or_else(|unread| format!("! {}", unread.problem), |record| record.logins.join(" ")),
        );
    }
    assert_eq!(source.percent(), 100);
    Ok(people)
}

#[tokio::test]
async fn a_line_that_is_broken_breaks_no_other() {
    let text = "{\"logins\":[\"anna\"]}\n\nnonsense\n{\"login\":\"x\"}\n{\"logins\":[\"berta\"]}";

    let people = people(ImportFormat::Jsonl, text).await.unwrap();

    assert_eq!((people[0].as_str(), people[3].as_str(), people.len()), ("anna", "berta", 4));
    assert!(
        people[1].starts_with("! is no JSON") && people[2].contains("unknown field `login`"),
        "{people:?}"
    );
}

#[tokio::test]
async fn people_are_found_in_lists_and_in_documents() {
    let realm = r#"{"realm": "x", "roles": {"users": 1}, "users": [{"username": "anna"}, {"username": "berta"}], "z": []}"#;
    let list = "\u{feff} [{\"username\": \"anna\"}]";

    assert_eq!(people(ImportFormat::Keycloak, realm).await.unwrap(), ["anna", "berta"]);
    assert_eq!(people(ImportFormat::Keycloak, list).await.unwrap(), ["anna"]);
    assert_eq!(people(ImportFormat::Auth0, "{\"email\":\"a@x.example\"}\n").await.unwrap(), ["a@x.example"]);
    assert!(
        people(ImportFormat::Firebase, r#"{"people": []}"#).await.unwrap_err().contains("neither `users`")
    );
    assert!(people(ImportFormat::Firebase, "nothing").await.unwrap_err().contains("no JSON"));
    assert!(people(ImportFormat::Keycloak, r#"{"users": [{"username": "anna"}, "#).await.is_err());
}

#[tokio::test]
async fn a_row_that_is_broken_breaks_no_other() {
    let text = "login,email\nanna,a@x.example\nberta\n\"c;d\",\n";

    let people = people(ImportFormat::Csv, text).await.unwrap();

    assert_eq!((people[0].as_str(), people[2].as_str()), ("anna", "c d"));
    assert!(people[1].contains("1 fields"), "{people:?}");
}

#[tokio::test]
async fn nobody_reads_on_for_somebody_who_left() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for number in 0..5_000 {
        writeln!(file, "{{\"logins\":[\"person{number}\"]}}").unwrap();
    }
    let mut source = Source::open(file.path(), ImportFormat::Jsonl, READING).unwrap();

    source.next().await.unwrap();

    assert!(source.percent() < 100, "the whole file was read ahead");
}
