//! `rekey audit funnel`: how far resets came.

use rekey_wire::identity::v1::{GetResetFunnelRequest, ResetFunnelPeriod, ResetFunnelStep};
use serde_json::{Value, json};

use super::{Moment, client, moment};
use crate::arguments::InTenant;
use crate::output::{Output, table};
use crate::profile::Profile;

/// What to count.
pub(super) struct Span {
    pub(super) since: Moment,
    pub(super) until: Moment,
    /// The length of a period, in hours.
    pub(super) every: Option<i64>,
}

pub(super) async fn run(
    profile: &Profile,
    tenant: &InTenant,
    span: &Span,
    output: Output,
) -> anyhow::Result<()> {
    let request = GetResetFunnelRequest {
        tenant_id: profile.tenant(tenant).await?.tenant_id,
        start_time: Some(span.since.wire()),
        end_time: Some(span.until.wire()),
        period: span.every.map(|hours| prost_types::Duration { seconds: hours * 3_600, nanos: 0 }),
        context: None,
    };
    let periods = client(profile)?.get_reset_funnel(request).await?.into_inner().periods;
    let data: Vec<Value> = periods.iter().map(shown).collect();
    output.data(&data, |_| rows(&periods))
}

fn steps(period: &ResetFunnelPeriod) -> [(&'static str, ResetFunnelStep); 5] {
    let ResetFunnelPeriod { started, code_sent, proof_submitted, completed, repudiated, .. } = period;
    [
        ("started", started),
        ("code_sent", code_sent),
        ("proof_submitted", proof_submitted),
        ("completed", completed),
        ("repudiated", repudiated),
    ]
    .map(|(name, step)| (name, step.unwrap_or_default()))
}

fn shown(period: &ResetFunnelPeriod) -> Value {
    let mut shown = json!({
        "start_time": period.start_time.as_ref().map(moment::text),
        "end_time": period.end_time.as_ref().map(moment::text),
    });
    for (name, ResetFunnelStep { succeeded, refused, failed }) in steps(period) {
        shown[name] = json!({ "succeeded": succeeded, "refused": refused, "failed": failed });
    }
    shown
}

fn rows(periods: &[ResetFunnelPeriod]) -> String {
    let head = ["FROM", "STEP", "SUCCEEDED", "REFUSED", "FAILED"].map(str::to_owned).to_vec();
    let lines = periods.iter().flat_map(|period| {
        let from = period.start_time.as_ref().map(moment::text).unwrap_or_default();
        steps(period).map(|(name, ResetFunnelStep { succeeded, refused, failed })| {
            let counts = [succeeded, refused, failed].map(|count| count.to_string());
            [&[from.clone(), name.to_owned()][..], &counts].concat()
        })
    });
    table(&std::iter::once(head).chain(lines).collect::<Vec<_>>())
}
