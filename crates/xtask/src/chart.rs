//! What is below `deploy/` and is read by others: the Helm chart and the compose file, judged by tools of others.
//!
//! No cluster and no registry is needed: Helm renders, the schemas of two versions of Kubernetes and a set of policies
//! judge what came out. That the Pods run is checked with the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::{run, tools, values};

/// The chart.
const CHART: &str = "deploy/helm/rekey";

/// The oldest Kubernetes that the chart names, and the newest that the schemas know and Helm renders for.
const KUBERNETES: [&str; 2] = ["1.31", "1.35"];

/// Policies that do not hold here, with the reason.
const NOT_OURS: [(&str, &str); 4] = [
    ("CKV_K8S_11", "a CPU quota stalls whoever answers while others hash, so there is no limit"),
    (
        "CKV_K8S_35",
        "secrets are files; from a variable comes the URL of a store, which has no password in it",
    ),
    ("CKV_K8S_43", "a digest is for whoever installs to name: image.digest"),
    ("CKV_K8S_15", "a tag is never moved here, so pulling it always adds nothing but a way to fail"),
];

/// Reads a compose file strictly: keys, types, and that what services name is there.
const COMPOSE: &str = "
import compose_spec, json, sys, yaml
file = yaml.safe_load(open(sys.argv[1]))
compose_spec.PyCompose.from_json(json.dumps(file))
services = file['services'].values()
needed = {name for service in services for name in service.get('depends_on', [])}
mounted = {mount.split(':')[0] for service in services for mount in service.get('volumes', [])}
volumes = {name for name in mounted if not name.startswith('.')}
missing = (needed - set(file['services'])) | (volumes - set(file['volumes']))
assert not missing, missing
";

/// Checks the chart under every file of values in its `ci/`, and the compose file.
pub(crate) fn check(write_readme: bool) -> Result<ExitCode> {
    if write_readme {
        return values::write_readme(CHART).map(|()| ExitCode::SUCCESS);
    }
    values::check_readme(CHART)?;
    tools::install_deploy()?;
    let folder = run::root()?.join("target/chart");
    fs::create_dir_all(&folder)?;
    for file in files_of_values()? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        helm(&["lint", "--strict", "--quiet", CHART, "--values", &file.to_string_lossy()])?;
        for version in KUBERNETES {
            let rendered = folder.join(format!("{name}-{version}.yaml"));
            fs::write(&rendered, render(&file, version)?)?;
            validate(&rendered, version)?;
        }
        policies(&folder.join(format!("{name}-{}.yaml", KUBERNETES[1])))?;
        println!("chart: {name} is in order");
    }
    let mut compose = run::command(tools::of_deploy("python")?)?;
    run::quietly(compose.args(["-c", COMPOSE, "deploy/compose.yaml"]))?;
    println!("chart: deploy/compose.yaml reads");
    Ok(ExitCode::SUCCESS)
}

fn files_of_values() -> Result<Vec<PathBuf>> {
    let folder = run::root()?.join(CHART).join("ci");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    ensure!(!files.is_empty(), "{} holds no values to check the chart with", folder.display());
    Ok(files)
}

fn helm(arguments: &[&str]) -> Result<String> {
    run::output(run::command(tools::helm()?)?.args(arguments))
}

fn render(values: &Path, version: &str) -> Result<String> {
    let kubernetes = format!("{version}.0");
    let values = values.to_string_lossy();
    helm(&[
        "template",
        "rekey",
        CHART,
        "--namespace=rekey",
        "--kube-version",
        &kubernetes,
        "--values",
        &values,
    ])
}

/// By the schemas of the API. Kinds that others define (cert-manager, the Prometheus operator) have none there.
fn validate(rendered: &Path, version: &str) -> Result<()> {
    let mut validate = run::command(tools::of_deploy("kubernetes-validate")?)?;
    run::quietly(validate.args(["--strict", "--quiet", "--kubernetes-version", version]).arg(rendered))
}

fn policies(rendered: &Path) -> Result<()> {
    let skipped: Vec<&str> = NOT_OURS.iter().map(|(policy, _)| *policy).collect();
    let mut checkov = run::command(tools::of_deploy("checkov")?)?;
    checkov.args(["--framework=kubernetes", "--quiet", "--compact", "--skip-download", "--skip-check"]);
    run::quietly(checkov.arg(skipped.join(",")).arg("--file").arg(rendered))
}
