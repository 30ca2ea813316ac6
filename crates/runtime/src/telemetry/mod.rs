//! Logs to standard error, traces and metrics by OTLP, metrics for Prometheus.
//!
//! Nothing here can fail a call or delay the end of the process: without a collector everything is dropped quietly, and
//! the last flush has a short timeout. Trace ids exist whether or not anybody collects them, because they are the support
//! codes that people quote.

mod calls;
mod collector;
mod filter;
mod joining;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::{Encoder, Registry, TextEncoder};
use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub(crate) use self::calls::{CallMetrics, KnownMethod, observe};
use self::collector::Collector;
pub use self::collector::CollectorError;
pub use self::joining::join_trace;

/// The `[telemetry]` table. Reasons stand in `default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// How log lines look.
    pub format: Format,
    /// Which events are written, in the syntax of tracing's `EnvFilter`.
    pub filter: String,
    /// The collector; without it nothing is sent.
    #[serde(default)]
    pub otlp_endpoint: Option<String>,
    /// The authorities whose collector is believed, in place of the system's.
    #[serde(default)]
    pub otlp_ca_file: Option<PathBuf>,
    /// The certificate that is shown to the collector.
    #[serde(default)]
    pub otlp_certificate_file: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub otlp_key_file: Option<PathBuf>,
    /// A file with headers for the collector, one `name: value` a line.
    #[serde(default)]
    pub otlp_headers_file: Option<PathBuf>,
    /// The share of calls that start a recorded trace, 0 to 1.
    pub sample_ratio: f64,
    /// How often metrics are pushed.
    pub export_interval_seconds: u64,
    /// How long one push may take.
    pub export_timeout_ms: u64,
}

impl TelemetrySettings {
    /// Refuses what [`Telemetry::start`] would.
    ///
    /// # Errors
    /// A filter that does not parse.
    pub fn check(&self) -> Result<(), TelemetryError> {
        self.parsed_filter().map(drop)
    }

    fn parsed_filter(&self) -> Result<EnvFilter, TelemetryError> {
        Ok(EnvFilter::builder().parse(filter::quieted(&self.filter))?)
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For a terminal.
    Human,
    /// For a log collector: one object per line.
    Json,
}

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("the telemetry filter is wrong")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The endpoint is not a URL.
    #[error("the OTLP endpoint is not usable")]
    Endpoint(#[from] opentelemetry_otlp::ExporterBuildError),
    /// What is needed to reach the collector does not read.
    #[error("telemetry.{0}")]
    Collector(#[from] CollectorError),
    /// The Prometheus side did not start.
    #[error("metrics cannot be collected")]
    Metrics(#[from] opentelemetry_sdk::error::OTelSdkError),
}

/// What Prometheus reads.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Registry);

impl Metrics {
    /// Everything in the text format 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.gather(), &mut text) {
            tracing::warn!(%error, "metrics do not encode");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Telemetry of this process, until [`Telemetry::shutdown`].
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    meters: SdkMeterProvider,
    metrics: Metrics,
    timeout: Duration,
}

impl Telemetry {
    /// Starts it for the whole process. `name` is the service name collectors see (`rekey-identity`). Must run
    /// inside the tokio runtime. A second start in one process (tests) keeps the logs of the first.
    ///
    /// # Errors
    /// A filter or an endpoint that does not parse. A collector that is away is no error.
    pub fn start(settings: &TelemetrySettings, name: &str) -> Result<Self, TelemetryError> {
        let filter = settings.parsed_filter()?;
        let timeout = Duration::from_millis(settings.export_timeout_ms);
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(name.to_owned()).with_attribute(version).build();
        let traces = traces(settings, timeout, resource.clone())?;
        let registry = Registry::new();
        let meters = meters(settings, timeout, resource, &registry)?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_meter_provider(meters.clone());
        rekey_metrics::process::begin();

        // Colours are for eyes: a file or a collector would keep the codes.
        let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
        let lines = match settings.format {
            Format::Human => lines.with_target(false).boxed(),
            Format::Json => {
                lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed()
            }
        };
        let spans = tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("rekey"))
            .with_location(false)
            .with_threads(false)
            // Traces do not depend on how talkative the log is.
            .with_filter(LevelFilter::INFO);
        let subscriber = tracing_subscriber::registry().with(spans).with(lines.with_filter(filter));
        // Fails only when a subscriber is there already, whose logs then go on.
        let _already_started = subscriber.try_init();
        std::panic::set_hook(Box::new(log_panic));
        Ok(Self { traces, meters, metrics: Metrics(registry), timeout })
    }

    /// What the health port shows under `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Sends what is left, for at most twice the export timeout.
    pub async fn shutdown(self) {
        let Self { traces, meters, timeout, .. } = self;
        // Both block their thread, and the exporter needs this runtime to go on meanwhile.
        let flush = tokio::task::spawn_blocking(move || {
            (traces.shutdown_with_timeout(timeout), meters.shutdown_with_timeout(timeout))
        });
        match tokio::time::timeout(timeout * 2, flush).await {
            Ok(Ok((traces, meters))) => {
                for error in [traces, meters].into_iter().filter_map(Result::err) {
                    tracing::debug!(%error, "telemetry not flushed");
                }
            }
            Ok(Err(_)) | Err(_) => tracing::debug!("telemetry not flushed in time"),
        }
    }
}

/// Panics go where the other lines go. A text that was put together at run time may hold somebody's data, so
/// only fixed texts are shown.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("[not shown]");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(text, place, "panic");
}

fn traces(
    settings: &TelemetrySettings,
    timeout: Duration,
    resource: Resource,
) -> Result<SdkTracerProvider, TelemetryError> {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample_ratio)));
    let mut builder = SdkTracerProvider::builder().with_sampler(sampler).with_resource(resource);
    if let Some(collector) = Collector::of(settings)? {
        let exporter =
            collector.reached_by(SpanExporter::builder().with_tonic()).with_timeout(timeout).build()?;
        builder = builder.with_batch_exporter(exporter);
    }
    Ok(builder.build())
}

fn meters(
    settings: &TelemetrySettings,
    timeout: Duration,
    resource: Resource,
    registry: &Registry,
) -> Result<SdkMeterProvider, TelemetryError> {
    let prometheus = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let mut builder = SdkMeterProvider::builder().with_reader(prometheus).with_resource(resource);
    if let Some(collector) = Collector::of(settings)? {
        let exporter =
            collector.reached_by(MetricExporter::builder().with_tonic()).with_timeout(timeout).build()?;
        let interval = Duration::from_secs(settings.export_interval_seconds.max(1));
        builder = builder.with_reader(PeriodicReader::builder(exporter).with_interval(interval).build());
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests;
