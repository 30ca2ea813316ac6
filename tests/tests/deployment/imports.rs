//! Exports of other products are imported as they are, by `rekey import`, and their people sign in with the passwords they had.
//!
//! The files below `exports` are as the products write them, with hashes by other libraries; the scripts that made them stand beside.

use std::path::{Path, PathBuf};

use rekey::Part;
use rekey_tests::processes::{Outcome, rekey, run};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::ProofOutcome;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use serde_json::Value;

on_both_store_sets!(
    people_of_every_product_sign_in_with_their_passwords_which_are_hashed_anew,
    what_is_wrong_with_a_record_is_said_and_mended,
    who_is_exported_is_imported_elsewhere,
);

/// Everybody's in the files.
const PASSWORD: &str = "correct horse battery staple é";

/// The files, what the command needs beside them, and how many are created and rejected.
const EXPORTS: [(&str, &[&str], [u64; 2]); 8] = [
    ("keycloak-realm.json", &[], [4, 1]),
    ("kratos-identities.json", &["--trust-confirmed"], [3, 0]),
    ("auth0-password-hashes.ndjson", &[], [1, 0]),
    ("auth0-users.ndjson", &[], [1, 0]),
    ("firebase-users.json", &["--firebase-hash-config", "firebase-hash-config.txt"], [2, 0]),
    ("people.csv", &["--trust-confirmed"], [4, 0]),
    ("people.jsonl", &[], [1, 0]),
    ("people.jsonl", &["--skip-existing"], [0, 0]),
];

/// Those who get in with nothing but their password.
const SIGN_IN: [&str; 11] = [
    "kea",
    "karl@keycloak.example",
    "rosa@kratos.example",
    "rolf@kratos.example",
    "ruth@kratos.example",
    "olga@auth0.example",
    "fritz@firebase.example",
    "paul",
    "pia",
    "pina",
    "nora@node.example",
];

fn exports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deployment/exports")
}

/// A folder that takes other files as well.
fn scratch(world: &World) -> PathBuf {
    world.folder.profile().parent().unwrap().to_owned()
}

/// A profile to call a world's identity with.
fn profile(world: &World) -> PathBuf {
    let path = scratch(world).join("import-profile.toml");
    let token = world.folder.token("cli");
    let endpoint = format!("http://{}", world.addresses.of(Part::Identity));
    let text = format!(
        "tenant_id = \"{}\"\n[identity]\nendpoint = \"{endpoint}\"\ntoken_file = {:?}\n",
        world.tenant_id,
        token.display().to_string(),
    );
    std::fs::write(&path, text).unwrap();
    path
}

async fn command(world: &World, arguments: &[&str]) -> Outcome {
    let mut command = rekey();
    command.args(arguments).arg("--profile").arg(profile(world)).current_dir(exports());
    run(command).await
}

/// Imports a file; rejected records go to the world's own folder.
async fn import(world: &World, file: &str, more: &[&str]) -> Value {
    let rejected = rejected(world);
    if !more.contains(&"--resume") && rejected.exists() {
        // It is not written over.
        std::fs::remove_file(&rejected).unwrap();
    }
    let fixed = ["import", file, "--json", "--rejected", rejected.to_str().unwrap()];
    command(world, &[&fixed[..], more].concat()).await.json()
}

fn rejected(world: &World) -> PathBuf {
    scratch(world).join("rejected.jsonl")
}

/// The hashes of a world, sealed, in no order.
async fn hashes(world: &World) -> Vec<String> {
    let tables = world.tables(Part::Identity).await;
    let rows = &tables["accounts"];
    rows.to_vec()
}

fn is_in(result: &SignInResult) -> bool {
    matches!(result, SignInResult::Tokens(_))
}

async fn people_of_every_product_sign_in_with_their_passwords_which_are_hashed_anew(stores: Stores) {
    let world = World::start(stores).await;
    for (file, more, [created, rejected]) in EXPORTS {
        let told = import(&world, file, more).await;
        assert_eq!(
            (&told["created"], &told["rejected"]),
            (&created.into(), &rejected.into()),
            "{file}: {told}"
        );
    }

    for login in SIGN_IN {
        let before = hashes(&world).await;
        let wrong = world.sign_in(login, "correct horse battery staple e").await;
        let after_wrong = hashes(&world).await;
        let right = world.sign_in(login, PASSWORD).await;
        let renewed = hashes(&world).await;
        let again = world.sign_in(login, PASSWORD).await;
        let unchanged = hashes(&world).await;

        assert!(!is_in(&wrong) && is_in(&right) && is_in(&again), "{login}: {wrong:?} {right:?}");
        assert_eq!(before, after_wrong, "{login}");
        assert_ne!(before, renewed, "the hash of {login} is made anew");
        assert_eq!(renewed, unchanged, "the hash of {login} is of today");
    }
    let blocked = world.sign_in("kim", PASSWORD).await;
    let must_change = world.sign_in("kai", PASSWORD).await;
    assert!(!is_in(&blocked) && !is_in(&must_change));
    assert!(matches!(must_change, SignInResult::Challenge(_)), "{must_change:?}");
    // Rosa's address was vouched for, Kea's was not.
    let rosa = world.start_reset("rosa@kratos.example").await;
    world.send_code(&rosa.reset_token, "1").await.unwrap();
    let code = world.code_for("rosa@kratos.example").await;
    assert_eq!(world.prove(&rosa.reset_token, "1", &code).await.outcome(), ProofOutcome::Accepted);
    let kea = world.start_reset("kea").await;
    world.send_code(&kea.reset_token, "1").await.unwrap();
    assert!(world.codes_to("kea@keycloak.example").is_empty());
    world.stop().await;
}

async fn what_is_wrong_with_a_record_is_said_and_mended(stores: Stores) {
    let world = World::start(stores).await;
    let file = scratch(&world).join("people.csv");
    let hash = "$2b$06$izLV9CRU.TmDD5GbPzLyaerXTZbmYq9YV.jQP6jPaPBiMxlDvDlye";
    let rows = [
        "login,external_id,email,password_hash,groups",
        &format!("anna,1,anna@x.example,{hash},"),
        &format!("anna,2,,{hash},"),
        "berta,1,,,",
        "carl,,no address,,",
        "dora,,,$2b$15$izLV9CRU.TmDD5GbPzLyaerXTZbmYq9YV.jQP6jPaPBiMxlDvDlye,",
        "emil,,,$md5$abc,",
        "fritz,,,5f4dcc3b5aa765d61d8327deb882cf99,",
        "gerda,,,,Nobody knows this group",
        "hans",
    ];
    std::fs::write(&file, rows.join("\n")).unwrap();

    let dry = import(&world, file.to_str().unwrap(), &["--dry-run"]).await;
    let nobody = world.sign_in("anna", PASSWORD).await;
    let told = import(&world, file.to_str().unwrap(), &[]).await;
    let listed =
        command(&world, &["imports", "rejected", told["import_id"].as_str().unwrap(), "--json"]).await.json();
    let written = std::fs::read_to_string(rejected(&world)).unwrap();
    let mended = written
        .lines()
        .filter(|line| line.contains("\"emil\""))
        .map(|line| line.replace("$md5$abc", hash))
        .collect::<String>();
    let mended_file = scratch(&world).join("mended.jsonl");
    std::fs::write(&mended_file, mended).unwrap();
    let mended = import(&world, mended_file.to_str().unwrap(), &[]).await;
    let resumed =
        import(&world, file.to_str().unwrap(), &["--resume", told["import_id"].as_str().unwrap()]).await;
    let imports = command(&world, &["imports", "list", "--json"]).await.json();

    assert_eq!((&dry["created"], &dry["rejected"], &dry["dry_run"]), (&1.into(), &8.into(), &true.into()));
    assert!(!is_in(&nobody), "a dry run creates nobody");
    assert_eq!((&told["created"], &told["rejected"], &told["records"]), (&1.into(), &8.into(), &9.into()));
    let reasons: Vec<_> =
        listed.as_array().unwrap().iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        [
            "LOGIN_TAKEN",
            "EXTERNAL_ID_TAKEN",
            "FIELD_INVALID",
            "HASH_TOO_COSTLY",
            "HASH_SCHEME_UNKNOWN",
            "HASH_MALFORMED",
            "FIELD_INVALID",
            "FIELD_INVALID",
        ]
    );
    assert_eq!((&listed[0]["record"], &listed[0]["masked_login"]), (&2.into(), &"a•••••".into()));
    assert_eq!(listed[2]["field"], "addresses[0].email_address");
    assert!(
        written.contains("rekey group create") && written.contains("1 fields where the head has 5"),
        "{written}"
    );
    assert_eq!(mended["created"], 1);
    assert!(is_in(&world.sign_in("anna", PASSWORD).await) && is_in(&world.sign_in("emil", PASSWORD).await));
    assert_eq!((&resumed["state"], &resumed["created"]), (&"finished".into(), &1.into()));
    assert_eq!(imports.as_array().unwrap().len(), 3);
    world.stop().await;
}

async fn who_is_exported_is_imported_elsewhere(stores: Stores) {
    let world = World::start(stores).await;
    let group = ["group", "create", "Staff", "--json"];
    command(&world, &group).await.json();
    let file = scratch(&world).join("people.jsonl");
    let people = (1..=300).map(|number| {
        let person = format!("person{number}@x.example");
        format!("{{\"logins\":[\"{person}\"],\"addresses\":[{{\"email\":\"{person}\"}}],\"groups\":[\"Staff\"]}}\n")
    });
    std::fs::write(&file, people.collect::<String>()).unwrap();
    import(&world, file.to_str().unwrap(), &[]).await;
    let tenant = ["tenant", "create", "elsewhere", "--name", "Elsewhere"];
    assert_eq!(command(&world, &tenant).await.code, Some(0));
    let within = ["--tenant", "elsewhere"];
    command(&world, &[&group[..], &within].concat()).await.json();

    let exported = command(&world, &["export", "--addresses"]).await;
    std::fs::write(&file, &exported.stdout).unwrap();
    let told = import(&world, file.to_str().unwrap(), &within).await;
    let again = command(&world, &["export", "--addresses", "--tenant", "elsewhere"]).await;
    let bare = command(&world, &["export", "--format", "csv", "person30"]).await;

    assert_eq!((&told["created"], &told["rejected"]), (&300.into(), &0.into()), "{told}");
    // Those of one moment come in any order.
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&exported.stdout), sorted(&again.stdout));
    assert_eq!(exported.stdout.lines().count(), 300);
    let row = "person30@x.example,person30@x.example,,,,false,Staff";
    assert!(bare.stdout.lines().any(|line| line == row), "no address: {}", bare.stdout);
    assert_eq!(bare.stdout.lines().count(), 3, "a head, person30 and person300: {}", bare.stdout);
    world.stop().await;
}
