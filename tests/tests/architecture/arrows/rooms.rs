//! The rooms of a service, and what each may use: the list that arrows are held to.

/// A room, what it may use of its own service, and which crates of ours, or which of their modules.
///
/// Every room may use itself and `rekey_primitives`; every room but `domain` may read `config`, its settings, and record in
/// `metrics`.
pub(super) struct Room {
    pub(super) name: &'static str,
    pub(super) rooms: &'static [&'static str],
    pub(super) crates: &'static [&'static str],
}

pub(super) const ROOMS: &[Room] = &[
    // What is pure in `webhooks` is part of the rules of who sends them.
    Room {
        name: "domain",
        rooms: &[],
        crates: &["rekey_webhooks::address", "rekey_webhooks::failure", "rekey_webhooks::url"],
    },
    // The document of settings holds the settings of what the part is made of.
    Room {
        name: "config",
        rooms: &["domain", "hashing", "providers"],
        crates: &["rekey_runtime", "rekey_client", "rekey_webhooks::address"],
    },
    // The connection that follows Sentinel and Cluster is the driver of two stores, so it is in `throttle`.
    Room {
        name: "store",
        rooms: &["domain"],
        crates: &["rekey_database", "rekey_sealing", "rekey_throttle::connection"],
    },
    // What is measured: the instruments, and nothing of what they are recorded for.
    Room { name: "metrics", rooms: &[], crates: &[] },
    // A neighbour of others is reached through the client that runtime has for gateways.
    Room {
        name: "peers",
        rooms: &["domain"],
        crates: &["rekey_client", "rekey_wire", "rekey_runtime::gateway"],
    },
    Room { name: "hashing", rooms: &["domain"], crates: &["rekey_sealing"] },
    // The use cases of verification.
    Room {
        name: "codes",
        rooms: &["store", "peers", "domain"],
        crates: &["rekey_sealing", "rekey_throttle"],
    },
    Room {
        name: "intake",
        rooms: &["store", "payload", "receipt_keys", "signals", "domain"],
        crates: &["rekey_sealing"],
    },
    // The use cases of templates: previews are made by the renderer that writes messages.
    Room { name: "authoring", rooms: &["intake", "store", "templates", "domain"], crates: &[] },
    Room { name: "payload", rooms: &["domain"], crates: &["rekey_sealing"] },
    Room { name: "receipt_keys", rooms: &["domain"], crates: &["rekey_sealing"] },
    Room { name: "signals", rooms: &["domain"], crates: &[] },
    // Parts that use cases borrow.
    Room { name: "keys", rooms: &["store", "domain"], crates: &["rekey_sealing"] },
    Room {
        name: "operation",
        rooms: &["keys", "store", "peers", "hashing", "domain"],
        crates: &["rekey_sealing", "rekey_throttle"],
    },
    Room { name: "tokens", rooms: &["operation", "keys", "domain"], crates: &["rekey_sealing"] },
    Room { name: "audit", rooms: &["operation", "store", "domain"], crates: &[] },
    Room { name: "policies", rooms: &["operation", "store", "domain"], crates: &[] },
    Room { name: "notices", rooms: &["keys", "store", "peers", "domain"], crates: &["rekey_sealing"] },
    Room { name: "limits", rooms: &["audit", "operation", "store", "domain"], crates: &["rekey_throttle"] },
    Room { name: "authorisation", rooms: &["audit", "operation", "store", "domain"], crates: &[] },
    Room {
        name: "credentials",
        rooms: &["audit", "policies", "operation", "keys", "store", "hashing", "domain"],
        crates: &[],
    },
    Room { name: "response_timing", rooms: &[], crates: &[] },
    Room { name: "views", rooms: &["domain"], crates: &["rekey_sealing"] },
    // Use cases.
    Room { name: "resets", rooms: PARTS, crates: &["rekey_sealing"] },
    Room { name: "sign_in", rooms: PARTS, crates: &["rekey_sealing"] },
    Room { name: "sessions", rooms: PARTS, crates: &["rekey_sealing"] },
    // A candidate is judged for whoever may set a password: a signed-in person, who has proved a reset or holds a link, and who
    // is asked for one on the way in.
    Room { name: "passwords", rooms: PASSWORDS, crates: &["rekey_sealing"] },
    Room { name: "security_info", rooms: PARTS, crates: &["rekey_sealing"] },
    Room { name: "directory", rooms: PARTS, crates: &[] },
    Room { name: "administration", rooms: PARTS, crates: &[] },
    Room { name: "audit_log", rooms: PARTS, crates: &["rekey_sealing"] },
    Room { name: "grpc", rooms: GRPC, crates: &["rekey_wire", "rekey_runtime"] },
    Room { name: "relay", rooms: LOOP, crates: IN_A_PROCESS },
    Room { name: "jobs", rooms: LOOP, crates: IN_A_PROCESS },
    Room { name: "worker", rooms: LOOP, crates: IN_A_PROCESS },
    // It sends to strangers; what an event looks like on the wire it is handed.
    Room {
        name: "webhooks",
        rooms: &["store", "domain"],
        crates: &["rekey_runtime::shutdown", "rekey_sealing", "rekey_webhooks"],
    },
    // Credentials of providers are read where they are used, keys that sign among them.
    Room {
        name: "providers",
        rooms: &["domain"],
        crates: &["rekey_runtime::settings", "rekey_runtime::gateway", "rekey_sealing", "rekey_webhooks"],
    },
    // Strangers report to ports of its own; what gateways sign with is read as providers read their passwords.
    Room {
        name: "receipts",
        rooms: &["store", "providers", "receipt_keys", "domain"],
        crates: &["rekey_runtime::shutdown", "rekey_runtime::health", "rekey_sealing"],
    },
    Room { name: "templates", rooms: &["domain"], crates: &[] },
    // The rooms of the portal. What stands between two pages is sealed by whoever keeps it; markup knows nobody but the texts.
    Room { name: "cookies", rooms: &["domain"], crates: &["rekey_sealing"] },
    Room { name: "words", rooms: &[], crates: &[] },
    Room { name: "view", rooms: &["words"], crates: &[] },
    Room { name: "assets", rooms: &[], crates: &[] },
    Room {
        name: "web",
        rooms: &["cookies", "words", "view", "assets", "peers", "domain"],
        crates: &[
            "rekey_runtime::deadline",
            "rekey_runtime::server",
            "rekey_sealing",
            "rekey_webhooks::address",
            "rekey_client",
            "rekey_wire",
        ],
    },
    // Pages behind sign-in show what the contract says as the contract has it; those of strangers ask in words of their own.
    Room {
        name: "pages",
        rooms: &["web", "cookies", "words", "view", "assets", "peers", "domain"],
        crates: &["rekey_runtime::deadline", "rekey_client", "rekey_wire"],
    },
    // What puts the parts together; `wiring` is the half of `lib` that turns settings into parts.
    Room { name: "lib", rooms: &["*"], crates: &["*"] },
    Room { name: "wiring", rooms: &["*"], crates: &["*"] },
    // What is done at the store before there is anybody to call; it refuses as an RPC would.
    Room { name: "bootstrap", rooms: &["wiring", "directory", "grpc", "operation", "domain"], crates: &[] },
    Room { name: "restore", rooms: &["wiring", "audit", "store", "domain"], crates: &[] },
];

/// What a use case may borrow.
pub(super) const PARTS: &[&str] = &[
    "operation",
    "audit",
    "notices",
    "limits",
    "policies",
    "authorisation",
    "credentials",
    "tokens",
    "keys",
    "response_timing",
    "views",
    "store",
    "peers",
    "domain",
];

/// What sets passwords otherwise, and parts.
const PASSWORDS: &[&str] = &[
    "resets",
    "sign_in",
    "operation",
    "audit",
    "notices",
    "limits",
    "policies",
    "credentials",
    "tokens",
    "keys",
    "store",
    "domain",
];

/// The use cases, and what their requests and answers are made of.
const GRPC: &[&str] = &[
    "codes",
    "intake",
    "authoring",
    "resets",
    "sign_in",
    "sessions",
    "passwords",
    "security_info",
    "directory",
    "administration",
    "audit_log",
    "operation",
    "tokens",
    "views",
    "domain",
];

const LOOP: &[&str] = &[
    "store",
    "peers",
    "providers",
    "templates",
    "passwords",
    "payload",
    "receipt_keys",
    "signals",
    "domain",
];

/// A loop stops with the process, shows whether it lives, goes on the trace of what it works on, and opens what the store
/// keeps sealed.
const IN_A_PROCESS: &[&str] =
    &["rekey_runtime::shutdown", "rekey_runtime::health", "rekey_runtime::telemetry", "rekey_sealing"];

/// Crates of others that only some rooms may name. `domain` stays free of anything that waits or speaks.
pub(super) const OTHERS: &[(&str, &[&str])] = &[
    ("tonic", &["grpc", "peers", "lib", "bootstrap", "web", "pages"]),
    ("prost", &["grpc", "peers", "lib"]),
    ("sqlx", &["store"]),
    ("redis", &["store"]),
    ("lettre", &["providers"]),
    ("hyper", &["providers"]),
    ("hyper_util", &["providers"]),
    ("argon2", &["hashing"]),
    ("minijinja", &["templates", "view"]),
    ("mail_parser", &["receipts"]),
    ("tokio", EVERY_ROOM_BUT_DOMAIN),
    ("tokio_util", EVERY_ROOM_BUT_DOMAIN),
    ("async_trait", EVERY_ROOM_BUT_DOMAIN),
];

const EVERY_ROOM_BUT_DOMAIN: &[&str] = &[
    "store",
    "peers",
    "hashing",
    "codes",
    "intake",
    "signals",
    "response_timing",
    "grpc",
    "relay",
    "jobs",
    "worker",
    "webhooks",
    "receipts",
    "providers",
    "templates",
    "web",
    "pages",
    "wiring",
    "lib",
];
