//! URLs of Postgres, as operators write them.

use super::parse;
use crate::Options;

const PASSWORD: &str = "s3cr3t";

#[test]
fn a_url_is_read_or_refused_and_its_password_is_never_shown() {
    let samples: &[&[u8]] = &[
        b"db.internal:5432/identity?sslmode=verify-full&sslrootcert=/etc/ca.crt",
        b"%2Frun%2Fpostgresql/identity?options[search_path]=rekey",
        b"a@b:1/c?host=d&port=2&user=e",
    ];
    let options = Options::named("test");
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let url = format!("postgres://rekey:{PASSWORD}@{}", String::from_utf8_lossy(bytes));
        let shown = match parse(&url, &options) {
            // What `target` is made of.
            Ok(read) => format!("{:?} {} {}", read.get_database(), read.get_host(), read.get_username()),
            Err(failure) => format!("{failure} {failure:?}"),
        };
        assert!(!shown.contains(PASSWORD), "{shown}");
    });
}
