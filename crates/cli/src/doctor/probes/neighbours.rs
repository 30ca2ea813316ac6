//! The parts that this one calls: each is sent an empty request of an RPC that is called anyway. Whoever knows us refuses it
//! for what it lacks, before it does anything; whoever does not, refuses us. One that knows us is asked for its health, too: an
//! empty request is refused as well where every store is away.

use rekey_client::{ClientSettings, Connection, Problem};
use rekey_runtime::health::{Serving, ask};
use rekey_wire::identity::v1::StartPasswordResetRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::password_reset_service_server::SERVICE_NAME as IDENTITY;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::notification_service_server::SERVICE_NAME as NOTIFICATION;
use rekey_wire::notification::v1::{ListNotificationsRequest, SendNotificationRequest};
use rekey_wire::verification::v1::CheckVerificationRequest;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::verification_service_server::SERVICE_NAME as VERIFICATION;
use tonic::{Code, Status};

use super::super::judge::neighbours::{Answer, NeighbourFacts};
use crate::Part;

/// Who calls whom, by which settings.
pub(crate) struct Neighbour {
    pub(crate) caller: Part,
    pub(crate) called: Part,
    pub(crate) settings: ClientSettings,
}

impl Neighbour {
    /// The table of the settings.
    pub(crate) fn about(&self) -> String {
        format!("{}.{}", self.caller.name(), self.called.name())
    }

    pub(crate) async fn look(&self) -> anyhow::Result<NeighbourFacts> {
        let once = ClientSettings { attempts: 1, ..self.settings.clone() };
        let connection = Connection::open(&once, || None)?;
        let (refused, service) = self.empty_request(connection.clone()).await;
        let mut answer = refused.map_or(Answer::Known, |status| answer(&status));
        // A proxy in between may keep health to itself.
        if answer == Answer::Known && matches!(ask(connection, service).await, Ok(Serving::No)) {
            answer = Answer::NotReady("its health says that it does not serve now".to_owned());
        }
        Ok(NeighbourFacts {
            about: self.about(),
            caller: self.caller.name(),
            called: self.called.name(),
            endpoint: self.settings.endpoint.clone(),
            answer,
        })
    }

    /// What the neighbour refused the request with, and the service that it was sent to.
    async fn empty_request(&self, connection: Connection) -> (Option<Status>, &'static str) {
        match (self.caller, self.called) {
            (_, Part::Identity) => {
                let mut client = PasswordResetServiceClient::new(connection);
                (client.start_password_reset(StartPasswordResetRequest::default()).await.err(), IDENTITY)
            }
            (_, Part::Verification) => {
                let mut client = VerificationServiceClient::new(connection);
                (client.check_verification(CheckVerificationRequest::default()).await.err(), VERIFICATION)
            }
            // The portal sends nothing: it shows what was sent.
            (Part::Portal, _) => {
                let mut client = NotificationServiceClient::new(connection);
                (client.list_notifications(ListNotificationsRequest::default()).await.err(), NOTIFICATION)
            }
            _ => {
                let mut client = NotificationServiceClient::new(connection);
                (client.send_notification(SendNotificationRequest::default()).await.err(), NOTIFICATION)
            }
        }
    }
}

fn answer(status: &Status) -> Answer {
    let problem = Problem::of(status);
    match status.code() {
        Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => Answer::Known,
        Code::Unauthenticated => Answer::Unknown,
        Code::PermissionDenied => Answer::NotAllowed(problem.reason),
        // Refused by a part that is there: it says why.
        Code::Unavailable if !problem.reason.is_empty() => Answer::NotReady(problem.reason),
        _ => Answer::Away(status.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_empty_request_is_refused_for_tells_who_is_known() {
        assert_eq!(answer(&Status::invalid_argument("tenant_id is missing")), Answer::Known);
        assert_eq!(answer(&Status::unauthenticated("who?")), Answer::Unknown);
        assert!(matches!(answer(&Status::permission_denied("no")), Answer::NotAllowed(_)));
        let away = answer(&Status::unavailable("connection refused by 127.0.0.1:1"));
        assert_eq!(away, Answer::Away("connection refused by 127.0.0.1:1".to_owned()));
    }
}
