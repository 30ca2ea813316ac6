//! Every test, against real servers.
//!
//! nextest runs each test in a process of its own, so a Postgres per process would cost half a second a test: one
//! is started here and each test gets a database of its own on it. Redis is started by the tests, which need it
//! private and get it in 10 ms.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};
use rekey_servers::{Postgres, find};

use crate::{apt, run, servers, tools};

/// Tests of callers in languages that not every machine speaks: a part of their names, and the programs they run.
const CALLERS: [(&str, &[&str]); 2] =
    [("clients::programs::go::", &["go"]), ("clients::programs::java::", &["javac", "mvn"])];

/// Tests of the image, which is built by another chore.
const OF_IMAGE: &str = "pods::";

/// A scan of a TLS port, which is slow beside other tests.
const OF_TLS: &str = "tls_scan::";

/// Tests of an upgrade, for which another chore builds the release before.
const OF_UPGRADE: &str = "rehearsal::";

/// A soak, which lasts as long as another chore says.
const OF_SOAK: &str = "soak::nothing_leaks";

/// Journeys through the portal on the stores on which they are pictured.
const OF_PICTURES: &str = "/^portal::(journeys|administration|oversight)::embedded::/";

/// Tests that fill a disk, which they mount.
const OF_DISKS: &str =
    "/^(disk::tests::|sms::tests::a_gateway_whose_disk|faults::matrix::[a-z]+::full_disk$)/";

/// The cells of the fault matrix, which take a quarter of an hour, and those among them that the suite runs: one for each fault, and
/// one for each target.
const OF_FAULTS: &str = "faults::matrix::";
const FAULTS_OF_SUITE: [&str; 7] = [
    "verification::killed",
    "smtp::stopped",
    "identity::slow",
    "redis::half_open",
    "postgres::full_disk",
    "notification::clock_jump",
    "sms::failover",
];

/// Runs the tests; without arguments of nextest also the examples in the documentation.
pub(crate) fn all(arguments: &[String]) -> Result<ExitCode> {
    servers::install()?;
    tools::install_python()?;
    tools::install_node()?;
    tools::install_browser()?;
    let postgres = Server::given_or_started()?;
    println!("test: Postgres at {}", postgres.url);

    // First, so that the run closes with the summary of the tests.
    let examples = if arguments.is_empty() { Some(examples()?) } else { None };
    let mut nextest = nextest(&postgres)?;
    nextest.args(arguments);
    let tested = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(match examples {
        Some(examples) if tested.success() => run::code(examples),
        _ => run::code(tested),
    })
}

/// Runs the tests of the image of this name. By the variables `podman` finds it.
pub(crate) fn in_image(name: &str, variables: &[(&str, PathBuf)]) -> Result<ExitCode> {
    let image = ("REKEY_TEST_IMAGE", PathBuf::from(name));
    of_deployment(OF_IMAGE, &[&[image], variables].concat())
}

/// Runs the scan of a TLS port.
pub(crate) fn tls() -> Result<ExitCode> {
    apt::programs(&[("testssl", "testssl.sh"), ("openssl", "openssl")])?;
    of_deployment(OF_TLS, &[])
}

/// Runs the tests of an upgrade from the release that this is the program of.
pub(crate) fn from_release(program: PathBuf) -> Result<ExitCode> {
    of_deployment(OF_UPGRADE, &[("REKEY_TEST_PREVIOUS", program)])
}

/// Runs a soak of so many minutes, and shows what was measured.
pub(crate) fn soak(minutes: u64) -> Result<ExitCode> {
    left_out(&["--profile", "long", "--no-capture"], OF_SOAK, &[("REKEY_SOAK_MINUTES", minutes.to_string())])
        .map(run::code)
}

/// Runs the tests that make pictures of the portal, into this folder.
pub(crate) fn of_pictures(folder: &Path) -> Result<ExitStatus> {
    tools::install_browser()?;
    left_out(&[], OF_PICTURES, &[("REKEY_TEST_PICTURES", folder)])
}

/// Runs the cells of the fault matrix with this in their names, one at a time. Each leaves a report in the folder.
pub(crate) fn of_faults(cells: &str, reports: &Path) -> Result<ExitStatus> {
    let reports = ("REKEY_TEST_FAULTS", reports.to_owned());
    left_out(&["--profile", "faults"], &format!("{OF_FAULTS}{cells}"), &[reports])
}

/// Runs tests of deployments that the suite leaves out.
fn of_deployment(tests: &str, variables: &[(&str, PathBuf)]) -> Result<ExitCode> {
    left_out(&[], tests, variables).map(run::code)
}

/// Runs tests that the suite leaves out.
fn left_out(arguments: &[&str], tests: &str, variables: &[(&str, impl AsRef<OsStr>)]) -> Result<ExitStatus> {
    servers::install()?;
    tools::install_python()?;
    let postgres = Server::given_or_started()?;
    let mut nextest = nextest(&postgres)?;
    nextest
        .args(["--test", "suite", "--ignore-default-filter"])
        .args(arguments)
        .arg("-E")
        .arg(format!("test({tests})"));
    nextest.envs(variables.iter().map(|(name, value)| (name, value)));
    run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")
}

/// A Postgres for the tests, which ends with this value if it was started here.
struct Server {
    url: String,
    _started: Option<Postgres>,
}

impl Server {
    fn given_or_started() -> Result<Self> {
        let given = run::variable("REKEY_TEST_POSTGRES");
        let started = if given.is_some() { None } else { Some(Postgres::start()?) };
        let url = given.or_else(|| started.as_ref().map(|server| server.url("postgres")));
        Ok(Self { url: url.context("a Postgres for the tests")?, _started: started })
    }
}

fn nextest(postgres: &Server) -> Result<Command> {
    let mut nextest = run::command(tools::nextest()?)?;
    nextest.args(["nextest", "run", "--workspace"]);
    let config = config_of_default()?;
    nextest.arg("--tool-config-file").arg(format!("xtask:{}", config.display()));
    nextest.env("REKEY_TEST_POSTGRES", &postgres.url).env("REKEY_TEST_TOOLS", tools::folder()?);
    Ok(nextest)
}

/// A configuration of nextest that leaves out what another chore runs, and, which it says, what this machine cannot run: callers
/// whose toolchain is not here, and full disks where none may be mounted.
fn config_of_default() -> Result<PathBuf> {
    let mut left_out: Vec<_> =
        [OF_IMAGE, OF_TLS, OF_UPGRADE, OF_SOAK].iter().map(|tests| format!("not test({tests})")).collect();
    let cells = FAULTS_OF_SUITE.join("|");
    left_out.push(format!("(not test({OF_FAULTS}) or test(/^{OF_FAULTS}({cells})$/))"));
    for (tests, programs) in CALLERS {
        let missing: Vec<&str> =
            programs.iter().copied().filter(|name| find::program(name).is_none()).collect();
        if !missing.is_empty() {
            println!("test: skipped {tests}*: {} is not installed", missing.join(" and "));
            left_out.push(format!("not test({tests})"));
        }
    }
    if !apt::is_root()? {
        println!("test: skipped tests of full disks: mounting one needs root");
        left_out.push(format!("not test({OF_DISKS})"));
    }
    let path = tools::folder()?.join("nextest.toml");
    let filter = left_out.join(" and ");
    std::fs::write(&path, format!("[profile.default]\ndefault-filter = \"{filter}\"\n"))?;
    Ok(path)
}

/// The examples in the documentation.
fn examples() -> Result<ExitStatus> {
    let mut examples = run::cargo()?;
    examples.args(["test", "--quiet", "--workspace", "--doc"]);
    run::report_to_stdout(&mut examples)?.status().context("cargo could not be started")
}
