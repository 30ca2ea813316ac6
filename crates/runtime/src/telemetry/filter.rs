//! The filter of the log, with libraries kept down that would flood it.

/// Libraries that write lines for every frame, statement or handshake: at `debug` they would bury our own lines, and some of
/// them show what is sent.
const LOUD: [&str; 14] = [
    "h2",
    "hyper",
    "hyper_util",
    "hyper_rustls",
    "rustls",
    "tokio_rustls",
    "tonic",
    "tower",
    "tower_http",
    "sqlx",
    "redis",
    "lettre",
    "opentelemetry",
    "tokio_util",
];

/// What they may write unless the operator names them: their faults.
const QUIET: &str = "warn";

/// The filter of the operator, and behind it each loud library that it does not name.
pub(super) fn quieted(filter: &str) -> String {
    let names = |library: &str| {
        filter.split(',').any(|directive| {
            let target = directive.trim().split(['=', '[']).next().unwrap_or_default();
            target.split("::").next() == Some(library)
        })
    };
    let quiet = LOUD.iter().filter(|library| !names(library)).map(|library| format!("{library}={QUIET}"));
    std::iter::once(filter.to_owned())
        .filter(|filter| !filter.trim().is_empty())
        .chain(quiet)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::quieted;

    #[test]
    fn loud_libraries_are_kept_down_unless_they_are_named() {
        let everything = quieted("debug");
        let named = quieted("info, h2::codec=trace, sqlx=debug");

        assert!(everything.starts_with("debug,h2=warn,"), "{everything}");
        assert!(
            !named.contains("h2=warn") && !named.contains("sqlx=warn") && named.contains("hyper=warn"),
            "{named}"
        );
        assert!(quieted("").starts_with("h2=warn"));
    }
}
