//! The image: built twice from the same programs, which must make one digest, small, and run.
//!
//! `buildah` and `podman` keep what they make below `target/containers`, so nothing of this machine's own images is
//! touched. No registry is asked for anything: the image is from scratch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::dist::{Release, copy, emptied, write};
use crate::{apt, roots, run, sbom, test, tools};

/// What builds and runs images, with the packages they come in. `catatonit` holds the namespaces of a Pod.
const PROGRAMS: [(&str, &str); 4] =
    [("buildah", "buildah"), ("podman", "podman"), ("runc", "runc"), ("catatonit", "catatonit")];

/// The name that the image has on this machine.
const NAME: &str = "localhost/rekey:checked";

/// The most that all files of the image may take.
const LARGEST_BYTES: u64 = 80_000_000;

/// Builds, compares and runs the image.
pub(crate) fn check(built: bool) -> Result<ExitCode> {
    apt::programs(&PROGRAMS)?;
    tools::install_deploy()?;
    let release = Release::of_checkout()?;
    let programs = if built { release.folder.join("programs") } else { release.programs()? };
    let mut lint = run::command(tools::of_deploy("hadolint")?)?;
    ensure!(lint.arg("deploy/Containerfile").status()?.success(), "hadolint found something");
    let context = context(&release, &programs)?;
    let first = build(&release, &context, "first")?;
    let second = build(&release, &context, "second")?;
    ensure!(first == second, "two builds made two images: {first} and {second}");
    println!("image: {first}, twice");
    let bytes = bytes_below(&context)?;
    ensure!(bytes < LARGEST_BYTES, "the image holds {bytes} bytes, more than {LARGEST_BYTES}");
    println!("image: {bytes} bytes");
    keep(&release)?;
    let version = run::output(containers()?.command("podman")?.args([
        "run",
        "--rm",
        "--network=none",
        "--read-only",
        NAME,
        "version",
    ]))?;
    println!("image: {}", version.replace('\n', "\nimage: "));
    test::in_image(NAME, &containers()?.variables())
}

/// Everything that goes into the image.
fn context(release: &Release, programs: &Path) -> Result<PathBuf> {
    let context = emptied(&run::root()?.join("target/image"))?;
    let root = context.join("root");
    for program in ["rekey", "rekey-x86-64-v4"] {
        copy(&programs.join(program), &root.join("usr/bin").join(program))?;
    }
    write(&root.join("etc/ssl/certs/ca-certificates.crt"), &roots::pem())?;
    copy(&run::root()?.join("LICENSE"), &root.join("usr/share/doc/rekey/LICENSE"))?;
    let inventory = sbom::of_program("x86_64-unknown-linux-gnu")?;
    write(&root.join("usr/share/doc/rekey/sbom.cdx.json"), &inventory)?;
    write(&release.folder.join(format!("rekey-{}-sbom.cdx.json", release.version)), &inventory)?;
    // Owned by the user of the image, so that a new volume over them is theirs.
    for folder in ["etc/rekey", "var/lib/rekey"] {
        fs::create_dir_all(context.join("owned").join(folder))?;
    }
    run::quietly(run::command("chmod")?.args(["-R", "u=rwX,go=rX"]).arg(&context))?;
    Ok(context)
}

/// Builds without a cache; the id is the digest of all that the image is.
fn build(release: &Release, context: &Path, name: &str) -> Result<String> {
    let id = context.with_file_name(format!("image-{name}.id"));
    let mut build = containers()?.command("buildah")?;
    build.args([
        "build",
        "--isolation=chroot",
        "--no-cache",
        "--identity-label=false",
        "--format=oci",
        "--quiet",
    ]);
    build.args(["--timestamp", &release.time, "--tag", NAME, "--file", "deploy/Containerfile", "--iidfile"]);
    build.arg(&id);
    for (name, value) in [("VERSION", &release.version), ("REVISION", &release.commit)] {
        build.arg("--build-arg").arg(format!("{name}={value}"));
    }
    run::quietly(build.arg(context))?;
    Ok(fs::read_to_string(&id).with_context(|| id.display().to_string())?.trim().to_owned())
}

/// Leaves the image as a file that `docker load` and `podman load` take, for registries and for machines without one.
fn keep(release: &Release) -> Result<()> {
    let archive = release.folder.join(format!("rekey-{}-image.tar", release.version));
    if archive.exists() {
        fs::remove_file(&archive)?;
    }
    let mut push = containers()?.command("buildah")?;
    run::quietly(
        push.args(["push", "--quiet", NAME]).arg(format!("docker-archive:{}:{NAME}", archive.display())),
    )
}

/// Where images and containers are kept, and how they are run.
struct Containers {
    folder: PathBuf,
}

/// Limits that a container may have where root is not quite root, such as in a container, and a hosts file.
const SETTINGS: &str = "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n\
                        base_hosts_file = \"HOSTS\"\n\n\
                        [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n";

/// The names of the chart's Services, as a release `rekey` in a namespace `rekey` has them: its Pods run on this machine.
const HOSTS: &str = "127.0.0.1 localhost rekey-identity.rekey.svc rekey-verification.rekey.svc rekey-notification.rekey.svc\n";

fn containers() -> Result<Containers> {
    let folder = run::root()?.join("target/containers");
    let hosts = folder.join("hosts");
    write(&hosts, HOSTS)?;
    write(&folder.join("containers.conf"), &SETTINGS.replace("HOSTS", &hosts.to_string_lossy()))?;
    // No file system in layers: it cannot be had everywhere, and the image has two.
    let storage = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = {0:?}\nrunroot = {1:?}\n",
        folder.join("storage"),
        folder.join("run")
    );
    write(&folder.join("storage.conf"), &storage)?;
    Ok(Containers { folder })
}

impl Containers {
    /// What `podman` and `buildah` read in their environment.
    fn variables(&self) -> [(&'static str, PathBuf); 2] {
        let file = |name: &str| self.folder.join(name);
        [("CONTAINERS_CONF", file("containers.conf")), ("CONTAINERS_STORAGE_CONF", file("storage.conf"))]
    }

    fn command(&self, program: &str) -> Result<Command> {
        let mut command = run::command(program)?;
        command.envs(self.variables());
        Ok(command)
    }
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { bytes_below(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}
