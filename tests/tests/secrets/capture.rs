//! Everything the process says: standard error at the most talkative level, spans and metrics by OTLP.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use rekey_runtime::telemetry::{Format, Metrics, Telemetry, TelemetrySettings};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A place by its name, and what was found there.
pub(crate) type Place = (String, Vec<u8>);

/// Standard error, led into a file.
pub(crate) struct Lines {
    file: NamedTempFile,
    terminal: OwnedFd,
}

impl Lines {
    pub(crate) fn redirect() -> Self {
        let file = NamedTempFile::new().unwrap();
        let terminal = rustix::io::dup(std::io::stderr()).unwrap();
        rustix::stdio::dup2_stderr(File::options().append(true).open(file.path()).unwrap()).unwrap();
        Self { file, terminal }
    }

    /// Leads it back, once nobody writes any more, so that a test that fails from here on can say so.
    pub(crate) fn end(self) -> Place {
        let _ours = std::panic::take_hook();
        ("log".to_owned(), std::fs::read(self.file.path()).unwrap())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _stays = rustix::stdio::dup2_stderr(&self.terminal);
        if std::thread::panicking() {
            // The panic itself went into the file.
            let lines = std::fs::read_to_string(self.file.path()).unwrap_or_default();
            let panics = lines.lines().filter(|line| line.contains("\"panic\""));
            let _told = writeln!(std::io::stderr(), "{}", panics.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Everything that is written, by us and by every library that is kept down unless it is named.
const LOUDEST: &str = "trace,h2=trace,hyper=trace,hyper_util=trace,hyper_rustls=trace,rustls=trace,tokio_rustls=trace,\
    tonic=trace,tower=trace,tower_http=trace,sqlx=trace,redis=trace,lettre=trace,opentelemetry=trace,tokio_util=trace";

/// Telemetry as in production, but for the level.
pub(crate) struct Capture {
    telemetry: Telemetry,
    collector: Collector,
}

impl Capture {
    pub(crate) async fn start() -> Self {
        let collector = Collector::default();
        let endpoint = collector.serve().await;
        let settings = TelemetrySettings {
            format: Format::Json,
            filter: LOUDEST.to_owned(),
            otlp_endpoint: Some(endpoint),
            otlp_ca_file: None,
            otlp_certificate_file: None,
            otlp_key_file: None,
            otlp_headers_file: None,
            sample_ratio: 1.0,
            export_interval_seconds: 1,
            export_timeout_ms: 10_000,
        };
        let telemetry = Telemetry::start(&settings, "rekey-tests").unwrap();
        Self { telemetry, collector }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.telemetry.metrics()
    }

    /// Ends it and hands over everything that was sent.
    pub(crate) async fn finish(self) -> Vec<Place> {
        let metrics = self.telemetry.metrics().text().into_bytes();
        self.telemetry.shutdown().await;
        let mut places = self.collector.0.lock().unwrap().clone();
        places.push(("metrics page".to_owned(), metrics));
        places
    }
}

/// Keeps every export as it came.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Place>>>);

impl Collector {
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()))
            .add_service(LogsServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(served);
        endpoint
    }

    fn keep(&self, name: &str, export: &impl Message) {
        self.0.lock().unwrap().push((name.to_owned(), export.encode_to_vec()));
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.keep("exported spans", request.get_ref());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.keep("exported metrics", request.get_ref());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.keep("exported logs", request.get_ref());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
