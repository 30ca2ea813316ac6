//! What collectors get of a reset: which span is an error, of which version, and that one support code joins the call, the
//! mail and the notice that follow from it.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use rekey_runtime::telemetry::{Format, Telemetry, TelemetrySettings};
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::{StartPasswordResetRequest, SubmitResetProofRequest};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};

const IDENTITY: &str = "rekey.identity.v1.PasswordResetService";

/// A span, and behind it the attributes of the process that it is of.
type Exported = (Vec<KeyValue>, Span);

/// Keeps every span that is exported.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<Exported>>>);

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for process in request.into_inner().resource_spans {
            let resource = process.resource.unwrap_or_default().attributes;
            let spans = process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| (resource.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Sink {
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(served);
        endpoint
    }

    fn spans(&self, name: &str, kind: i32) -> Vec<Span> {
        let kept = self.0.lock().unwrap();
        let fits = |span: &&Span| span.name == name && span.kind == kind;
        kept.iter().map(|(_, span)| span).filter(fits).cloned().collect()
    }

    fn server(&self, method: &str) -> Span {
        let spans = self.spans(method, 2);
        spans.into_iter().next_back().unwrap_or_else(|| panic!("no span of {method}"))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|one| one.key == key)?.value.clone()?.value?;
    if let Value::StringValue(text) = value { Some(text) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_joins_a_call_its_mail_and_its_notice_and_errors_are_errors() {
    let sink = Sink::default();
    let settings = TelemetrySettings {
        format: Format::Human,
        filter: "warn".to_owned(),
        otlp_endpoint: Some(sink.serve().await),
        otlp_ca_file: None,
        otlp_certificate_file: None,
        otlp_key_file: None,
        otlp_headers_file: None,
        sample_ratio: 1.0,
        export_interval_seconds: 60,
        export_timeout_ms: 10_000,
    };
    let telemetry = Telemetry::start(&settings, "rekey-tests").unwrap();
    let world = World::start_measured(Stores::Real, &[], telemetry.metrics()).await;
    let zoe = world.person("zoe").await;

    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, "a meadow full of rain").await.unwrap();
    world.message(|message| message.to == zoe.login && message.text.contains("/not-me?token=")).await;
    let refused = prove_nothing(&world).await;
    let unknown = call_what_is_not_there(&world).await;
    world.settled().await;
    world.stop().await;
    telemetry.shutdown().await;

    let sent = sink.server(&format!("{IDENTITY}/SendResetCode"));
    let completed = sink.server(&format!("{IDENTITY}/CompletePasswordReset"));
    let told = sink.server(&format!("{IDENTITY}/SubmitResetProof"));
    let broken = sink.server("_OTHER");
    let mails = sink.spans("deliver", 5);
    let of = |template: &str| {
        mails.iter().find(|span| text(&span.attributes, "template").as_deref() == Some(template)).unwrap()
    };
    let accepted = sink.spans("rekey.notification.v1.NotificationService/SendNotification", 2);
    let parent = |mail: &Span| accepted.iter().any(|call| call.span_id == mail.parent_span_id);
    let (code, notice) = (of("password_reset_code"), of("password_reset_notice"));
    assert_eq!((&code.trace_id, &notice.trace_id), (&sent.trace_id, &completed.trace_id));
    assert!(parent(code) && parent(notice) && sent.trace_id != completed.trace_id);
    let status = |span: &Span| span.status.clone().unwrap_or_default().code;
    let named = |span: &Span| text(&span.attributes, "rpc.response.status_code").unwrap();
    assert_eq!((named(&sent).as_str(), status(&sent)), ("OK", StatusCode::Unset as i32));
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!((named(&told).as_str(), status(&told)), ("INVALID_ARGUMENT", StatusCode::Unset as i32));
    assert_eq!(text(&told.attributes, "error.type"), None);
    assert!(text(&told.attributes, "reason").is_some_and(|reason| !reason.is_empty()));
    assert_eq!(unknown, Code::Unimplemented);
    assert_eq!((named(&broken).as_str(), status(&broken)), ("UNIMPLEMENTED", StatusCode::Error as i32));
    assert_eq!(text(&broken.attributes, "error.type").as_deref(), Some("UNIMPLEMENTED"));
    let kept = sink.0.lock().unwrap();
    assert!(kept.iter().all(|(process, _)| text(process, "service.version").is_some()));
}

/// A method that the contract does not have.
async fn call_what_is_not_there(world: &World) -> Code {
    let path = "/rekey.identity.v1.SessionService/Nothing".parse().unwrap();
    let mut grpc = tonic::client::Grpc::new(world.identity.clone());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<StartPasswordResetRequest, StartPasswordResetRequest>::default();
    let request = Request::new(StartPasswordResetRequest::default());
    grpc.unary(request, path, codec).await.unwrap_err().code()
}

/// A proof that is none.
async fn prove_nothing(world: &World) -> Status {
    world.resets().submit_reset_proof(SubmitResetProofRequest::default()).await.unwrap_err()
}
