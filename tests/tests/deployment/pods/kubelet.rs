//! What a kubelet does with the volumes of a Pod, for podman, which knows Secrets only in part.
//!
//! A folder of a volume holds a link for each file, `..data` behind them all, and behind that a folder of one moment:
//! replacing `..data` changes all files at once. Files belong to the group of the Pod and have the mode of the volume.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Files by name, as Secrets and ConfigMaps have them.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A Pod of a Deployment's or a Job's template, on the network of this machine, with its volumes below `folder`.
pub(super) fn pod(workload: &Value, sources: &BTreeMap<String, Files>, folder: &Path) -> Value {
    let template = &workload["spec"]["template"];
    let name = workload["metadata"]["name"].as_str().unwrap();
    let mut spec = template["spec"].clone();
    let group = u32::try_from(spec["securityContext"]["fsGroup"].as_u64().unwrap()).unwrap();
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        let path = folder.join(name).join(volume["name"].as_str().unwrap());
        write(&path, &files_of(volume, sources), mode_of(volume), group);
        *volume = json!({ "name": volume["name"], "hostPath": { "path": path, "type": "Directory" } });
    }
    spec["hostNetwork"] = true.into();
    for container in spec["containers"].as_array_mut().unwrap() {
        // Podman takes them for mappings, of which this machine's own network has none.
        container.as_object_mut().unwrap().remove("ports");
    }
    // A loop of restarts would hide that a part ended.
    spec["restartPolicy"] = "Never".into();
    let labels = template["metadata"]["labels"].clone();
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": labels }, "spec": spec })
}

/// Writes a volume, or another moment of one that is there.
pub(super) fn write(path: &Path, files: &Files, mode: u32, group: u32) {
    let moment = format!("..{}", rekey_tests::person::request_id());
    std::fs::create_dir_all(path.join(&moment)).unwrap();
    for (name, contents) in files {
        let file = path.join(&moment).join(name);
        std::fs::write(&file, contents).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        chown(&file, None, Some(group)).unwrap();
        let link = path.join(name);
        if !link.exists() {
            symlink(PathBuf::from("..data").join(name), link).unwrap();
        }
    }
    symlink(&moment, path.join("..data_new")).unwrap();
    std::fs::rename(path.join("..data_new"), path.join("..data")).unwrap();
}

fn mode_of(volume: &Value) -> u32 {
    let kinds = ["secret", "projected", "configMap"];
    let mode = kinds.iter().find_map(|kind| volume[kind]["defaultMode"].as_u64());
    u32::try_from(mode.unwrap_or(0o644)).unwrap()
}

fn files_of(volume: &Value, sources: &BTreeMap<String, Files>) -> Files {
    let of = |source: &Value, name: &str| -> Files {
        let name = source[name].as_str().unwrap();
        let all = sources.get(name).unwrap_or_else(|| panic!("nothing is named {name}"));
        match source["items"].as_array() {
            None => all.clone(),
            Some(items) => {
                items.iter().map(|item| (text(&item["path"]), all[&text(&item["key"])].clone())).collect()
            }
        }
    };
    if volume["secret"].is_object() {
        return of(&volume["secret"], "secretName");
    }
    if volume["configMap"].is_object() {
        return of(&volume["configMap"], "name");
    }
    let projected = volume["projected"]["sources"].as_array().unwrap();
    projected.iter().flat_map(|source| of(&source["secret"], "name")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
