//! What is released: programs, manual pages, completions, the contract, and what is in them.
//!
//! Everything depends on the commit alone: flags are given here and not by the checkout (which builds for its own
//! processor), paths are mapped away, and every file bears the time of the commit. So two builds by one toolchain are
//! the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::{run, sbom};

/// Linked statically, glibc included: a program that runs where there is nothing else, such as in an image from scratch.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The two builds of the program, as `rekey version` names them. The first is that of every x86-64 since 2009 and goes on
/// as the second where there is AVX-512; 256-bit vectors would be preferred otherwise, which hash slower.
const BUILDS: [(&str, &str); 2] = [
    ("rekey", "-Ctarget-cpu=x86-64-v2"),
    ("rekey-x86-64-v4", "-Ctarget-cpu=x86-64-v4 -Ctarget-feature=-prefer-256-bit"),
];

/// Packs the relocations of addresses that are known but for where the program is loaded (`DT_RELR`): 24 bytes for each pointer
/// in a table become about a bit. A program that is linked statically relocates itself, by the glibc it was linked with, which
/// has to be 2.36 or newer; an older one makes a program that does not start.
const PACKED_RELOCATIONS: &str = "-Clink-arg=-Wl,-z,pack-relative-relocs";

/// What a release is made of.
pub(crate) struct Release {
    /// The version of the workspace.
    pub(crate) version: String,
    /// The commit, with a mark where the checkout differs from it.
    pub(crate) commit: String,
    /// When it was committed, in seconds since 1970: the time of every file.
    pub(crate) time: String,
    /// `target/packages`.
    pub(crate) folder: PathBuf,
}

impl Release {
    /// That of this checkout.
    pub(crate) fn of_checkout() -> Result<Self> {
        let folder = run::root()?.join("target/packages");
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let changed = !run::output(run::command("git")?.args(["status", "--porcelain"]))?.is_empty();
        let commit = run::output(run::command("git")?.args(["rev-parse", "HEAD"]))?;
        let commit = if changed { format!("{commit}-changed") } else { commit };
        let time = match run::variable("SOURCE_DATE_EPOCH") {
            Some(time) => time,
            None => run::output(run::command("git")?.args(["log", "-1", "--format=%ct"]))?,
        };
        Ok(Self { version, commit, time, folder })
    }

    /// Builds the programs, and puts them below `target/packages/programs`.
    pub(crate) fn programs(&self) -> Result<PathBuf> {
        let programs = self.folder.join("programs");
        fs::create_dir_all(&programs)?;
        for (name, processor) in BUILDS {
            println!("dist: building {name}");
            let status = self.cargo(processor)?.status().context("cargo could not be started")?;
            ensure!(status.success(), "building {name} failed");
            let built = run::root()?.join("target").join(TARGET).join("dist/rekey");
            fs::copy(&built, programs.join(name)).with_context(|| built.display().to_string())?;
        }
        Ok(programs)
    }

    fn cargo(&self, processor: &str) -> Result<Command> {
        let home = run::variable("CARGO_HOME").or_else(|| Some(run::variable("HOME")? + "/.cargo"));
        let flags = [
            format!("-Ctarget-feature=+crt-static {processor} {PACKED_RELOCATIONS}"),
            format!("--remap-path-prefix={}=/rekey", run::root()?.display()),
            format!("--remap-path-prefix={}=/cargo", home.unwrap_or_default()),
        ];
        let mut cargo = run::cargo()?;
        cargo.args(["build", "--locked", "--profile", "dist", "--target", TARGET]);
        // In place of the flags of the checkout, not beside them.
        cargo.env("RUSTFLAGS", flags.join(" "));
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.env("REKEY_COMMIT", &self.commit).env("SOURCE_DATE_EPOCH", &self.time);
        Ok(cargo)
    }

    /// Packs a folder below `target/packages` by its name.
    fn pack(&self, name: &str) -> Result<()> {
        let mut tar = run::command("tar")?;
        tar.args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"]);
        tar.arg(format!("--mtime=@{}", self.time))
            .args(["--mode=u=rwX,go=rX", "--use-compress-program=gzip -n9"]);
        tar.arg("--file").arg(self.folder.join(format!("{name}.tar.gz")));
        run::quietly(tar.arg("--directory").arg(&self.folder).arg(name))?;
        fs::remove_dir_all(self.folder.join(name)).context("removing what was packed")
    }
}

/// Builds it all and says where it is.
pub(crate) fn all() -> Result<ExitCode> {
    let release = Release::of_checkout()?;
    let programs = release.programs()?;
    let names = [program_package(&release, &programs)?, contract_package(&release)?, inventory(&release)?];
    checksums(&release, &names)?;
    println!("dist: {}", release.folder.display());
    for name in names.iter().map(String::as_str).chain(["SHA256SUMS"]) {
        println!("dist:   {name}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Programs, manual pages, completions, units and texts.
fn program_package(release: &Release, programs: &Path) -> Result<String> {
    let name = format!("rekey-{}-x86_64-linux", release.version);
    let root = emptied(&release.folder.join(&name))?;
    for (program, _) in BUILDS {
        copy(&programs.join(program), &root.join("bin").join(program))?;
    }
    for text in ["LICENSE", "README.md", "CHANGELOG.md"] {
        copy(&run::root()?.join(text), &root.join("share/doc/rekey").join(text))?;
    }
    for unit in ["rekey.service", "rekey@.service"] {
        copy(&run::root()?.join("deploy/systemd").join(unit), &root.join("lib/systemd/system").join(unit))?;
    }
    let rekey = programs.join("rekey");
    run::quietly(run::command(&rekey)?.arg("man-pages").arg(root.join("share/man/man1")))?;
    for (shell, place) in [
        ("bash", "share/bash-completion/completions/rekey"),
        ("zsh", "share/zsh/site-functions/_rekey"),
        ("fish", "share/fish/vendor_completions.d/rekey.fish"),
    ] {
        let script = run::output(run::command(&rekey)?.args(["completions", shell]))?;
        write(&root.join(place), &(script + "\n"))?;
    }
    release.pack(&name)?;
    Ok(name + ".tar.gz")
}

/// The contract, for those who generate stubs.
fn contract_package(release: &Release) -> Result<String> {
    let name = format!("rekey-{}-proto", release.version);
    let root = emptied(&release.folder.join(&name))?;
    for folder in ["proto", "third_party"] {
        let mut copy = run::command("cp")?;
        run::quietly(copy.arg("-r").arg(folder).arg(root.join(folder)))?;
    }
    copy(&run::root()?.join("LICENSE"), &root.join("LICENSE"))?;
    release.pack(&name)?;
    Ok(name + ".tar.gz")
}

/// What the programs are made of.
fn inventory(release: &Release) -> Result<String> {
    let name = format!("rekey-{}-sbom.cdx.json", release.version);
    write(&release.folder.join(&name), &sbom::of_program(TARGET)?)?;
    Ok(name)
}

fn checksums(release: &Release, names: &[String]) -> Result<()> {
    let mut sums = run::command("sha256sum")?;
    let text = run::output(sums.args(names).current_dir(&release.folder))?;
    write(&release.folder.join("SHA256SUMS"), &(text + "\n"))
}

/// A folder of this name with nothing in it.
pub(crate) fn emptied(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    Ok(folder.to_owned())
}

/// Copies a file, making its folder.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().context("a file has a folder")?;
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Writes a file, making its folder.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().context("a file has a folder")?;
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    fs::write(path, text).with_context(|| path.display().to_string())
}
