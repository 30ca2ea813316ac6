//! The image in Pods as the chart renders them: `cargo xtask image` runs these, since the image takes minutes to build.
//!
//! Podman runs what a cluster would, on the network of this machine: the Pods listen on loopback, and a hosts file stands in
//! for the names of Services. What a kubelet does with Secrets is done by `kubelet`.

mod compose;
mod dns;
mod kubelet;
mod policies;
mod release;

use rekey_client::Connection;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::Ground;
use rekey_tests::post::{code_to, mail_to};
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::ProofOutcome;

use self::dns::NameServer;
use self::release::Release;

const NEW: &str = "nine slow rivers and stone";
const NEWER: &str = "eleven warm stones at dusk";

/// What a part may hold before anybody asks it anything, as promised, beside what identity hashes in: 19 MiB for each of the
/// threads that the chart gives it.
const IDLE_KILOBYTES: u64 = 30_000;
const HASHING_KILOBYTES: u64 = 2 * 19_456;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_back_in_through_pods_whose_certificates_are_replaced_meanwhile() {
    let mut release = Release::install(Ground::new().await).await;
    let idle = release.resident_kilobytes();
    let tenant_id = release.bootstrap().await;
    let backend = Backend::new(release.connect(), tenant_id.clone());
    let zoe = backend.person("zoe").await;

    reset(&release, &backend, &zoe.login, 1, NEW).await;
    release.replace_certificates();
    let renewed = release.connect();
    let answers = async || Backend::new(renewed.clone(), tenant_id.clone()).probe().await;
    eventually("identity shows its new certificate", answers).await;
    let afterwards = Backend::new(renewed.clone(), tenant_id.clone());
    reset(&release, &afterwards, &zoe.login, 2, NEWER).await;
    let notice = mail_to(&release.ground.mail, &zoe.login, |mail| mail.raw.contains("not-me")).await;

    assert!(afterwards.signs_in(&zoe.login, NEWER).await);
    assert!(!afterwards.signs_in(&zoe.login, &zoe.password).await);
    assert!(notice.encrypted && notice.text.unwrap().contains("https://id.acme.example/not-me?token="));
    let most = |part: &str| IDLE_KILOBYTES + if part == "identity" { HASHING_KILOBYTES } else { 0 };
    assert!(idle.iter().all(|(part, kilobytes)| *kilobytes < most(part)), "{idle:?}");
    let ended = [("portal", 0), ("identity", 0), ("verification", 0), ("notification", 0)];
    assert_eq!(release.stop().await, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_runs_the_build_for_this_processor_as_nobody_and_writes_nothing() {
    let version = release::in_image(&["version", "--json"]).await.json();
    let written = release::in_image(&["init", "/new", "--portal-url", "https://id.acme.example"]).await;

    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let wide =
        ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"].iter().all(|flag| flags.contains(flag));
    assert_eq!(version["built_for"], if wide { "x86-64-v4" } else { "x86-64-v2" }, "{version}");
    assert_eq!(version["commit"].as_str().map(|commit| commit.len() >= 40), Some(true), "{version}");
    assert!(written.code == Some(1) && written.stderr.contains("cannot make /new"), "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_looked_up_in_the_dns_although_the_program_is_static() {
    let server = NameServer::start();
    let called = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}:{}", dns::NAME, called.local_addr().unwrap().port());
    let profile = folder.path().join("cli.toml");
    std::fs::write(&profile, format!("[identity]\nendpoint = {endpoint:?}\n")).unwrap();
    let mount = format!("{}:/profile:ro", folder.path().display());

    let options = ["--dns", server.address(), "--volume", &mount, "--user=0"].map(str::to_owned);
    let listing = tokio::spawn(async move {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        release::on_this_network(&options, &["--profile", "/profile/cli.toml", "tenant", "list"]).await
    });
    let (caller, _) = called.accept().await.unwrap();
    drop((caller, called));

    assert_eq!(listing.await.unwrap().code, Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_sets_what_the_parts_know() {
    let compose = compose::read().await;
    let volume = tempfile::tempdir().unwrap();

    let drawn = compose.run("init", volume.path(), &[]).await;
    let mut checked = Vec::new();
    for part in ["identity", "verification", "notification", "portal"] {
        checked.push(compose.run(part, volume.path(), &["config", "check", part]).await);
    }

    assert_eq!(drawn.code, Some(0), "{drawn:?}");
    assert!(checked.iter().all(|check| check.code == Some(0)), "{checked:?}");
    assert_eq!(compose.command("migrate"), ["migrate"]);
    assert_eq!(compose.command("verification"), ["serve", "verification"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_lets_calls_through_that_go_one_way_and_no_others() {
    let documents = release::rendered(&release::root().join("deploy/helm/rekey/ci/mesh.yaml")).await;

    let way_out = policies::arrows(&documents, "egress");
    let way_in = policies::arrows(&documents, "ingress");

    let arrows = [
        ("identity", "notification"),
        ("identity", "verification"),
        ("verification", "notification"),
        ("portal", "identity"),
        ("portal", "notification"),
    ];
    assert_eq!(way_out, arrows.map(|(from, to)| (from.to_owned(), to.to_owned())).into());
    assert_eq!(way_in, way_out);
    assert_eq!(policies::open_to_all(&documents, "ingress"), [""; 0]);
    assert_eq!(policies::open_to_all(&documents, "egress"), ["notification"]);
}

/// A whole reset, with the `number`-th code that this login is sent.
async fn reset(release: &Release, backend: &Backend, login: &str, number: usize, password: &str) {
    let started = backend.start(login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&release.ground.mail, login, number).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    backend.complete(&proved.reset_token, password).await.unwrap();
}

/// Whether the suite answers over this connection.
trait Probe {
    async fn probe(&self) -> Option<()>;
}

impl Probe for Backend {
    async fn probe(&self) -> Option<()> {
        let connection: Connection = self.identity.clone();
        let mut tenants =
            rekey_wire::identity::v1::tenant_service_client::TenantServiceClient::new(connection);
        let request = rekey_wire::identity::v1::GetTenantRequest {
            tenant_id: self.tenant_id.clone(),
            include_logo: false,
        };
        tenants.get_tenant(request).await.ok().map(drop)
    }
}
