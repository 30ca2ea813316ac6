//! `rekey policy preview`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use rekey_wire::identity::v1::{
    PolicyForecast, PreviewPolicyRequest, PreviewPolicyResponse, StrandedAccount, StrandingCause,
};
use serde_json::{Value, json};

use super::{Edit, policies};
use crate::arguments::PolicyEdit;
use crate::output::{self, Output, table};
use crate::profile::Profile;

/// Stranded accounts that are shown; a file takes all.
const SHOWN: usize = 100;

pub(super) async fn run(
    profile: &Profile,
    edit: &PolicyEdit,
    file: Option<&Path>,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&edit.tenant).await?.tenant_id;
    let Edit { policy, update_mask, .. } = Edit::read(edit)?;
    let request = PreviewPolicyRequest { tenant_id, policy: Some(policy), update_mask, context: None };
    let mut pages = policies(profile)?.preview_policy(request).await?.into_inner();
    let create = |path: &Path| File::create(path).with_context(|| format!("cannot write {}", path.display()));
    let mut file = file.map(create).transpose()?.map(BufWriter::new);
    let (mut found, mut totals, mut is_complete) = (Vec::new(), PolicyForecast::default(), false);
    while let Some(PreviewPolicyResponse { totals: so_far, stranded, complete, .. }) = pages.message().await?
    {
        totals = so_far.unwrap_or_default();
        is_complete = complete;
        if let Some(file) = &mut file {
            stranded.iter().try_for_each(|account| writeln!(file, "{}", shown(account)))?;
        }
        found.extend(stranded.into_iter().take(SHOWN.saturating_sub(found.len())));
    }
    if !is_complete {
        bail!("the preview was cut off after {} accounts; ask again", totals.accounts);
    }
    file.map(|mut file| file.flush()).transpose()?;
    let data = json!({
        "totals": numbers(&totals).into_iter().collect::<serde_json::Map<_, _>>(),
        "stranded": found.iter().map(shown).collect::<Vec<_>>(),
    });
    output.data(&data, |_| text(&totals, &found))
}

fn numbers(totals: &PolicyForecast) -> Vec<(String, Value)> {
    let mut numbers = vec![
        ("accounts".to_owned(), totals.accounts.into()),
        ("in_scope_today".to_owned(), totals.in_scope_today.into()),
        ("in_scope_then".to_owned(), totals.in_scope_then.into()),
        ("able_today".to_owned(), totals.able_today.into()),
        ("able_then".to_owned(), totals.able_then.into()),
        ("stranded".to_owned(), totals.stranded.into()),
    ];
    let causes = totals.stranded_by_cause.iter();
    numbers.extend(causes.map(|by| (format!("stranded_{}", word(by.cause())), by.accounts.into())));
    numbers.push(("global_administrators".to_owned(), totals.global_administrators.into()));
    let able = totals.global_administrators_able_then;
    numbers.push(("global_administrators_able_then".to_owned(), able.into()));
    numbers
}

fn word(cause: StrandingCause) -> String {
    output::word(cause.as_str_name(), "STRANDING_CAUSE_")
}

fn shown(account: &StrandedAccount) -> Value {
    json!({
        "account_id": account.account_id,
        "login": account.login,
        "causes": account.causes().map(word).collect::<Vec<_>>(),
    })
}

fn text(totals: &PolicyForecast, found: &[StrandedAccount]) -> String {
    let rows: Vec<Vec<String>> = numbers(totals)
        .into_iter()
        .map(|(name, number)| vec![name.replace('_', " "), number.to_string()])
        .collect();
    let mut text = table(&rows);
    if !found.is_empty() {
        let head = ["ACCOUNT", "LOGIN", "CAUSES"].map(str::to_owned).to_vec();
        let row = |account: &StrandedAccount| {
            let causes = account.causes().map(word).collect::<Vec<_>>().join(" ");
            vec![account.account_id.clone(), account.login.clone(), causes]
        };
        text.push('\n');
        text.push_str(&table(&std::iter::once(head).chain(found.iter().map(row)).collect::<Vec<_>>()));
    }
    let listed = i64::try_from(found.len()).unwrap_or(i64::MAX);
    if totals.stranded > listed {
        text.push_str(&format!("and {} more: --stranded FILE writes all\n", totals.stranded - listed));
    }
    text
}
