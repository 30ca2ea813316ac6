//! `rekey policy`: get, set, preview, grade, history, rollback.

mod document;
mod preview;

use std::path::Path;

use anyhow::{Context as _, bail};
use prost_types::FieldMask;
use rekey_client::Connection;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::{
    GetPolicyRequest, GradePolicyRequest, ListPolicyRevisionsRequest, Policy, PolicyGrade, PolicyRevision,
    PolicyStandard, RollbackPolicyRequest, UpdatePolicyRequest,
};
use serde_json::{Value, json};

use crate::arguments::{InTenant, PolicyCommand, PolicyEdit};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

/// A change, as typed and read from a file.
struct Edit {
    policy: Policy,
    update_mask: Option<FieldMask>,
    /// Of the policy that was edited, where the file says it.
    etag: Option<String>,
}

pub(crate) async fn run(command: PolicyCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    match command {
        PolicyCommand::Get { revision, tenant } => {
            let (_, policy) = get(&profile, &tenant, revision.unwrap_or_default()).await?;
            print(&policy, output)
        }
        PolicyCommand::Set(edit) => set(&profile, &edit, output).await,
        PolicyCommand::Preview { edit, stranded } => {
            preview::run(&profile, &edit, stranded.as_deref(), output).await
        }
        PolicyCommand::Grade { tenant } => grade(&profile, &tenant, output).await,
        PolicyCommand::History { tenant } => history(&profile, &tenant, output).await,
        PolicyCommand::Rollback { revision, tenant } => {
            let (tenant_id, current) = get(&profile, &tenant, 0).await?;
            let request = RollbackPolicyRequest {
                tenant_id,
                revision,
                etag: current.etag,
                request_id: request_id(),
                context: None,
            };
            let restored = policies(&profile)?.rollback_policy(request).await?.into_inner().policy;
            print(&restored.context("the answer holds no policy")?, output)
        }
    }
}

fn policies(profile: &Profile) -> anyhow::Result<PolicyServiceClient<Connection>> {
    Ok(PolicyServiceClient::new(profile.identity()?))
}

impl Edit {
    /// Reads the file first: what is typed goes above it.
    fn read(edit: &PolicyEdit) -> anyhow::Result<Self> {
        let mut policy = Policy::default();
        let (mut paths, mut etag) = (Vec::new(), None);
        if let Some(file) = &edit.file {
            let document = read(file)?;
            paths = document::set_all(&mut policy, &document).with_context(|| file.display().to_string())?;
            etag = document["etag"].as_str().map(str::to_owned);
        }
        for pair in &edit.pairs {
            let Some((path, value)) = pair.split_once('=') else {
                bail!("`{pair}` is not FIELD=VALUE, such as reset.proofs_required=2")
            };
            paths.push(document::set(&mut policy, path.trim(), value)?);
        }
        paths.sort_unstable();
        paths.dedup();
        let paths = paths.into_iter().map(str::to_owned).collect();
        Ok(Self { policy, update_mask: Some(FieldMask { paths }), etag })
    }
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if file.extension().is_some_and(|extension| extension == "toml") {
        return toml::from_str(&text).with_context(|| format!("{} is not TOML", file.display()));
    }
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON; name TOML .toml", file.display()))
}

async fn get(profile: &Profile, tenant: &InTenant, revision: i64) -> anyhow::Result<(String, Policy)> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let request = GetPolicyRequest { tenant_id: tenant_id.clone(), context: None, revision };
    let policy = policies(profile)?.get_policy(request).await?.into_inner().policy;
    Ok((tenant_id, policy.context("the answer holds no policy")?))
}

async fn set(profile: &Profile, edit: &PolicyEdit, output: Output) -> anyhow::Result<()> {
    let Edit { policy, update_mask, etag } = Edit::read(edit)?;
    let (tenant_id, current) = get(profile, &edit.tenant, 0).await?;
    let request = UpdatePolicyRequest {
        tenant_id,
        policy: Some(policy),
        update_mask,
        etag: etag.unwrap_or(current.etag),
        request_id: request_id(),
        context: None,
    };
    let changed = policies(profile)?.update_policy(request).await?.into_inner().policy;
    print(&changed.context("the answer holds no policy")?, output)
}

async fn grade(profile: &Profile, tenant: &InTenant, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let request = GradePolicyRequest { tenant_id, context: None };
    let grades = policies(profile)?.grade_policy(request).await?.into_inner().grades;
    let data: Vec<Value> = grades
        .iter()
        .map(|grade| {
            json!({
                "name": grade.name,
                "requirement": grade.requirement,
                "source": source(grade),
                "met": grade.met,
                "mended_by": grade.mended_by,
            })
        })
        .collect();
    output.data(&data, |_| {
        let head = ["MET", "SOURCE", "REQUIREMENT", "SET"].map(str::to_owned).to_vec();
        let row = |grade: &PolicyGrade| {
            let met = if grade.met { "yes" } else { "no" };
            vec![met.to_owned(), source(grade), grade.requirement.clone(), grade.mended_by.clone()]
        };
        table(&std::iter::once(head).chain(grades.iter().map(row)).collect::<Vec<_>>())
    })
}

fn source(grade: &PolicyGrade) -> String {
    let standard = match grade.standard() {
        PolicyStandard::NistSp80063b4 => "NIST SP 800-63B-4",
        PolicyStandard::OwaspAsvs5L1 => "OWASP ASVS 5.0 L1",
        PolicyStandard::OwaspAsvs5L2 => "OWASP ASVS 5.0 L2",
        PolicyStandard::Unspecified => "a standard this program does not know",
    };
    format!("{standard}, {}", grade.section)
}

async fn history(profile: &Profile, tenant: &InTenant, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut client = policies(profile)?;
    let mut found: Vec<PolicyRevision> = Vec::new();
    let mut page_token = String::new();
    loop {
        let tenant_id = tenant_id.clone();
        let request = ListPolicyRevisionsRequest { tenant_id, page_size: 200, page_token, context: None };
        let page = client.list_policy_revisions(request).await?.into_inner();
        found.extend(page.revisions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found
        .iter()
        .map(|revision| {
            json!({
                "revision": revision.revision,
                "create_time": revision.create_time.map(|at| time(at.seconds)),
                "account_id": revision.account_id,
                "changed_fields": revision.changed_fields,
            })
        })
        .collect();
    output.data(&data, |_| {
        let head = ["REVISION", "MADE", "BY", "CHANGED"].map(str::to_owned).to_vec();
        let row = |revision: &PolicyRevision| {
            vec![
                revision.revision.to_string(),
                revision.create_time.map_or_else(String::new, |at| time(at.seconds)),
                revision.account_id.clone(),
                revision.changed_fields.join(" "),
            ]
        };
        table(&std::iter::once(head).chain(found.iter().map(row)).collect::<Vec<_>>())
    })
}

fn print(policy: &Policy, output: Output) -> anyhow::Result<()> {
    output.data(&document::shown(policy), |_| {
        format!("Revision {}\n\n{}", policy.revision, table(&document::rows(policy)))
    })
}
