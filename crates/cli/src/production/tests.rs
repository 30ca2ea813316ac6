use super::*;
use crate::development::set;
use crate::folder::KEYS;

/// Who is called, by the tables of the settings.
const PEERS: [&str; 5] = [
    "IDENTITY__VERIFICATION",
    "IDENTITY__NOTIFICATION",
    "VERIFICATION__NOTIFICATION",
    "PORTAL__IDENTITY",
    "PORTAL__NOTIFICATION",
];

/// A configuration that is fit for production, but for these settings.
fn fit_but_for(changes: &[(&str, &str)]) -> Document {
    let mut written = vec![
        set("IDENTITY__PORTAL_URL", "https://id.example.com"),
        set("IDENTITY__STORE__URL", "postgres://db/identity?sslmode=verify-full"),
        set("IDENTITY__THROTTLE__URL", "redis://127.0.0.1:6379"),
        set("NOTIFICATION__PROVIDERS__0__KIND", "smtp"),
        set("NOTIFICATION__TEMPLATES__LINK_HOSTS", "id.example.com"),
        set("PORTAL__PUBLIC_URL", "https://id.example.com"),
        set("PORTAL__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let name = |(part, key): (&str, &str)| format!("{part}__KEYS__{key}_FILE").to_uppercase();
    written.extend(KEYS.map(|key| set(&name(key), "/etc/rekey/key")));
    let callers = |part: Part| format!("{}__SERVER__CALLERS_FILE", part.name()).to_uppercase();
    written.extend(Part::GRPC.map(|part| set(&callers(part), "/etc/rekey/callers.toml")));
    written.extend(PEERS.map(|peer| set(&format!("{peer}__TOKEN_FILE"), "/etc/rekey/token")));
    written.extend(changes.iter().map(|(key, value)| set(key, value)));
    settings::builder().environment(written).load().unwrap()
}

fn refusal(checked: anyhow::Result<bool>) -> String {
    checked.unwrap_err().to_string()
}

#[test]
fn what_is_fit_is_let_through() {
    let document = fit_but_for(&[]);

    for part in Part::ALL {
        assert!(check_served(&document, &[part]).unwrap(), "{}", part.name());
    }
    check_served(&document, &Part::ALL).unwrap();
    check_business(&document, Path::new("/var/lib/rekey")).unwrap();
}

#[test]
fn what_only_development_may_have_is_refused_whoever_asks() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(DEMO_FILE), "{}").unwrap();
    let store = format!("sqlite:{}", folder.path().join("identity.db").display());
    let wrong = [
        (Part::Identity, "IDENTITY__SERVER__REFLECTION", "true", "identity.server.reflection"),
        (Part::Identity, "IDENTITY__ANSWER_FLOOR_MS", "0", "identity.answer_floor_ms"),
        (Part::Identity, "IDENTITY__STORE__URL", store.as_str(), "demo people"),
        (Part::Verification, "VERIFICATION__SERVER__REFLECTION", "true", "verification.server.reflection"),
        (Part::Notification, "NOTIFICATION__SERVER__REFLECTION", "true", "notification.server.reflection"),
        (Part::Notification, "NOTIFICATION__PROVIDERS__1__KIND", "inbox", "development inbox"),
    ];

    for (part, key, value, expected) in wrong {
        let document = fit_but_for(&[(key, value)]);

        assert!(refusal(check_served(&document, &[part])).contains(expected), "{key}");
        assert!(check_served(&document, &Part::ALL).unwrap_err().to_string().contains(expected), "{key}");
        assert!(
            check_business(&document, folder.path()).unwrap_err().to_string().contains(expected),
            "{key}"
        );
    }
}

/// What is wrong with the fit configuration once these settings are changed, as every check says it.
fn wrong(part: Part, changes: &[(&str, &str)]) -> String {
    let document = fit_but_for(changes);
    let by_all = check_served(&document, &Part::ALL).unwrap_err().to_string();
    let by_part = refusal(check_served(&document, &[part]));
    let by_business = check_business(&document, Path::new("/var/lib/rekey")).unwrap_err().to_string();
    assert!(by_part == by_all && by_business.contains("not in production"), "{by_part}");
    by_part
}

#[test]
fn nothing_leaves_this_machine_in_plain_text_but_through_a_mesh() {
    let plain = [
        (Part::Identity, "IDENTITY__SERVER__LISTEN", "0.0.0.0:7301", "identity.server.tls is not set"),
        (Part::Notification, "NOTIFICATION__SERVER__LISTEN", "[::]:7303", "notification.server.tls"),
        (Part::Portal, "PORTAL__SERVER__LISTEN", "0.0.0.0:7300", "portal.server.tls is not set"),
        (Part::Portal, "PORTAL__IDENTITY__ENDPOINT", "http://identity:7301", "portal.identity.endpoint"),
        (
            Part::Identity,
            "IDENTITY__VERIFICATION__ENDPOINT",
            "http://verification:7302",
            "verification.endpoint",
        ),
        (
            Part::Verification,
            "VERIFICATION__NOTIFICATION__ENDPOINT",
            "http://10.0.0.3:7303",
            "notification.endpoint",
        ),
        (Part::Identity, "IDENTITY__STORE__URL", "postgres://db/identity", "identity.store.url"),
        (
            Part::Notification,
            "NOTIFICATION__STORE__URL",
            "postgres://db/n?sslmode=prefer",
            "notification.store.url",
        ),
        (
            Part::Notification,
            "NOTIFICATION__STORE__URL",
            "postgres://db/n?sslmode=verify-ca",
            "has no sslmode=verify-full",
        ),
        (Part::Verification, "VERIFICATION__STORE__URL", "redis://:pw@codes:6379", "verification.store.url"),
        (Part::Verification, "VERIFICATION__STORE__URL", "redis-cluster://127.0.0.1:1,two:2", "store.url"),
        (Part::Identity, "IDENTITY__THROTTLE__URL", "redis-sentinel://one:1/codes", "identity.throttle.url"),
        (Part::Identity, "TELEMETRY__OTLP_ENDPOINT", "http://collector:4317", "telemetry.otlp_endpoint"),
        (Part::Notification, "TELEMETRY__OTLP_ENDPOINT", "http://10.0.0.9:4317", "telemetry.otlp_endpoint"),
    ];
    let encrypted = [
        ("IDENTITY__VERIFICATION__ENDPOINT", "https://verification:7302"),
        ("IDENTITY__STORE__URL", "postgres://db/identity?sslmode=verify-full&sslrootcert=/etc/ca.crt"),
        ("NOTIFICATION__STORE__URL", "postgres://127.0.0.1/notification"),
        ("VERIFICATION__STORE__URL", "rediss-sentinel://:pw@one:1,two:2/codes"),
        ("IDENTITY__THROTTLE__URL", "redis://127.0.0.1:6379"),
        ("TELEMETRY__OTLP_ENDPOINT", "https://collector:4317"),
        ("IDENTITY__SERVER__LISTEN", "0.0.0.0:7301"),
        ("IDENTITY__SERVER__TLS__CERTIFICATE_FILE", "/etc/rekey/tls.crt"),
    ];

    for (part, key, value, expected) in plain {
        let refused = wrong(part, &[(key, value)]);
        let mesh = format!("{}__SERVER__TRUST_NETWORK", part.name()).to_uppercase();

        assert!(refused.contains(expected) && refused.contains("trust_network = \"mesh\""), "{refused}");
        assert!(!refused.contains("pw"), "{refused}");
        check_served(&fit_but_for(&[(key, value), (&mesh, "mesh")]), &[part]).unwrap();
    }
    check_served(&fit_but_for(&encrypted), &Part::ALL).unwrap();
}

#[test]
fn what_is_too_weak_is_refused_and_no_mesh_helps() {
    let mesh = ("IDENTITY__SERVER__TRUST_NETWORK", "mesh");
    let weak = [
        ("IDENTITY__ANSWER_FLOOR_MS", "1", "answer_floor_ms"),
        ("IDENTITY__HASHING__COST__MEMORY_KIB", "8", "identity.hashing.cost"),
        ("IDENTITY__HASHING__COST__PASSES", "1", "identity.hashing.cost"),
        ("IDENTITY__SERVER__TLS__CLIENT_CA_FILE", "/etc/rekey/ca.crt", "client_certificate_required"),
    ];
    let strong = [("IDENTITY__HASHING__COST__MEMORY_KIB", "47104"), ("IDENTITY__HASHING__COST__PASSES", "1")];

    for (key, value, expected) in weak {
        let refused = wrong(Part::Identity, &[(key, value), mesh]);
        assert!(refused.contains(expected), "{refused}");
    }
    check_served(&fit_but_for(&strong), &Part::ALL).unwrap();
}

#[test]
fn a_name_is_resolved_more_often_than_a_neighbour_drains() {
    let balanced = ("VERIFICATION__NOTIFICATION__BALANCE", "true");
    let seldom = ("VERIFICATION__NOTIFICATION__RESOLVE_SECONDS", "15");
    let soon = ("VERIFICATION__SERVER__DRAIN_SECONDS", "5");

    for other in [seldom, soon] {
        let refused = wrong(Part::Verification, &[balanced, other]);
        assert!(refused.contains("verification.notification.resolve_seconds"), "{refused}");
        assert!(refused.contains("verification.server.drain_seconds"), "{refused}");
        check_served(&fit_but_for(&[other]), &[Part::Verification]).unwrap();
    }
    check_served(&fit_but_for(&[balanced]), &[Part::Verification]).unwrap();
}

#[test]
fn a_secret_that_everybody_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("secret");
    std::fs::write(&path, "").unwrap();
    let file = path.to_str().unwrap();
    let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let secrets = [
        (Part::Identity, "IDENTITY__KEYS__PEPPER_FILE"),
        (Part::Identity, "IDENTITY__VERIFICATION__TOKEN_FILE"),
        (Part::Identity, "IDENTITY__SERVER__TLS__KEY_FILE"),
        (Part::Identity, "IDENTITY__STORE__PASSWORD_FILE"),
        (Part::Identity, "IDENTITY__THROTTLE__PASSWORD_FILE"),
        (Part::Verification, "VERIFICATION__KEYS__GRANT_FILE"),
        (Part::Verification, "VERIFICATION__STORE__PASSWORD_FILE"),
        (Part::Verification, "VERIFICATION__STORE__KEY_FILE"),
        (Part::Verification, "VERIFICATION__STORE__SENTINEL_PASSWORD_FILE"),
        (Part::Identity, "IDENTITY__THROTTLE__KEY_FILE"),
        (Part::Identity, "IDENTITY__THROTTLE__SENTINEL_PASSWORD_FILE"),
        (Part::Notification, "NOTIFICATION__KEYS__PAYLOAD_SEAL_FILE"),
        (Part::Notification, "NOTIFICATION__PROVIDERS__0__PASSWORD_FILE"),
        (Part::Notification, "NOTIFICATION__PROVIDERS__0__TOKEN_FILE"),
        (Part::Portal, "PORTAL__KEYS__COOKIE_FILE"),
        (Part::Portal, "PORTAL__IDENTITY__TOKEN_FILE"),
    ];

    for (part, key) in secrets {
        allow(0o644);
        let refused = wrong(part, &[(key, file)]);
        allow(0o640);

        assert!(refused.contains(file), "{key}: {refused}");
        check_served(&fit_but_for(&[(key, file)]), &[part]).unwrap();
    }
}

#[test]
fn a_part_is_asked_for_what_it_needs_and_for_nothing_else() {
    let document = settings::builder().load().unwrap();

    let needs = Part::ALL.map(|part| refusal(check_served(&document, &[part])));

    let [notification, verification, identity, portal] = needs;
    assert!(notification.contains("notification.providers") && notification.contains("payload_seal_file"));
    assert!(verification.contains("code_mac_file") && !verification.contains("identity"));
    assert!(identity.contains("portal_url is not https") && identity.contains("pepper_file is not set"));
    assert!(portal.contains("portal.public_url is not https") && portal.contains("cookie_file is not set"));
}

#[test]
fn a_part_needs_callers_and_a_credential_for_each_neighbour() {
    let document = settings::builder().load().unwrap();

    let needs = Part::ALL.map(|part| refusal(check_served(&document, &[part])));

    let [notification, verification, identity, portal] = needs;
    assert!(notification.contains("notification.server.callers_file is not set"), "{notification}");
    assert!(verification.contains("verification.server.callers_file is not set"), "{verification}");
    assert!(verification.contains("verification.notification.certificate_file"), "{verification}");
    assert!(identity.contains("identity.server.callers_file is not set"), "{identity}");
    assert!(identity.contains("identity.verification.token_file"), "{identity}");
    assert!(identity.contains("identity.notification.token_file"), "{identity}");
    assert!(!portal.contains("callers_file") && portal.contains("portal.identity.token_file"), "{portal}");
    assert!(portal.contains("portal.notification.token_file"), "{portal}");
    assert!(portal.contains("portal.trusted_proxies is empty"), "{portal}");
}

#[test]
fn a_part_out_of_production_is_let_through_alone_and_not_in_a_business() {
    let document =
        fit_but_for(&[("NOTIFICATION__PRODUCTION", "false"), ("NOTIFICATION__SERVER__REFLECTION", "true")]);

    let alone = check_served(&document, &[Part::Notification]).unwrap();
    let business = check_business(&document, Path::new("/var/lib/rekey")).unwrap_err().to_string();

    assert!(!alone);
    assert_eq!(business, "not in production: notification.production is off");
}

#[test]
fn a_business_names_the_host_that_its_notices_link_to() {
    let named = fit_but_for(&[
        ("IDENTITY__PORTAL_URL", "https://ID.acme.example:8443/people"),
        ("NOTIFICATION__TEMPLATES__LINK_HOSTS", "www.acme.example, id.acme.example"),
    ]);
    let unnamed = fit_but_for(&[("NOTIFICATION__TEMPLATES__LINK_HOSTS", "www.example.com")]);

    let refused = check_business(&unnamed, Path::new("/var/lib/rekey")).unwrap_err().to_string();

    assert!(refused.contains("notification.templates.link_hosts lacks id.example.com"), "{refused}");
    check_business(&named, Path::new("/var/lib/rekey")).unwrap();
}

#[test]
fn a_business_keeps_its_keys_apart_from_its_data() {
    let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", "/var/lib/rekey/keys/pepper")]);

    let refused = check_business(&document, Path::new("/var/lib/rekey")).unwrap_err().to_string();

    assert!(refused.contains("/var/lib/rekey/keys/pepper lies in the data folder"), "{refused}");
}

#[test]
fn a_key_is_found_in_the_data_folder_by_any_other_name() {
    let scratch = tempfile::tempdir().unwrap();
    let (data, linked) = (scratch.path().join("data"), scratch.path().join("linked"));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("pepper"), "").unwrap();
    std::os::unix::fs::symlink(&data, &linked).unwrap();
    let key = linked.join("pepper").display().to_string();
    let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", &key)]);

    let refused = check_business(&document, &data).unwrap_err().to_string();

    assert!(refused.contains(&format!("{key} lies in the data folder")), "{refused}");
}

#[test]
fn a_key_in_a_variable_lies_in_no_folder() {
    let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", "env:PEPPER")]);
    let here = std::path::absolute(".").unwrap();

    check_business(&document, &here).unwrap();
}

#[test]
fn what_one_process_keeps_is_refused_where_parts_are_served_one_by_one() {
    let in_process = [
        (Part::Identity, "IDENTITY__THROTTLE__URL", "identity.throttle.url is memory:"),
        (Part::Verification, "VERIFICATION__STORE__URL", "verification.store.url is memory:"),
    ];

    for (part, key, expected) in in_process {
        let document = fit_but_for(&[(key, "memory:")]);
        let outside = format!("{}__PRODUCTION", part.name()).to_uppercase();

        assert!(refusal(check_served(&document, &[part])).contains(expected));
        check_business(&document, Path::new("/var/lib/rekey")).unwrap();
        check_served(&fit_but_for(&[(key, "memory:"), (&outside, "false")]), &[part]).unwrap();
    }
}

#[test]
fn a_kind_whose_codes_get_nowhere_is_refused_where_that_can_be_known() {
    let offered = ("IDENTITY__RESETS__CARRIED_KINDS", "email,phone");
    let texts = ("NOTIFICATION__PROVIDERS__1__KIND", "sms");
    let country = ("VERIFICATION__PHONE__COUNTRIES", "DE");
    let (no_provider, no_country) = (fit_but_for(&[offered, country]), fit_but_for(&[offered, texts]));

    let by_all = refusal(check_served(&no_provider, &Part::ALL));
    let by_business = check_business(&no_country, Path::new("/var/lib/rekey")).unwrap_err().to_string();

    assert!(
        by_all.contains("names \"phone\", and no entry of notification.providers carries text"),
        "{by_all}"
    );
    assert!(
        by_business.contains("names \"phone\", and verification.phone.countries is empty"),
        "{by_business}"
    );
    check_served(&fit_but_for(&[offered, texts, country]), &Part::ALL).unwrap();
    // Identity's own settings do not say what notification carries.
    check_served(&no_provider, &[Part::Identity]).unwrap();
}
