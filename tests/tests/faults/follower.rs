//! Somebody who follows the audit log over every restart, and so must see each event once and in order.

use rekey_tests::backend::Backend;
use rekey_wire::identity::v1::WatchEventsRequest;
use tokio::sync::watch;

/// Follows the log from its beginning, over streams that break off; gives the positions seen once they reach the one that
/// `end` comes to name.
pub(crate) async fn follow(backend: Backend, mut end: watch::Receiver<Option<i64>>) -> Vec<i64> {
    let mut request = WatchEventsRequest {
        tenant_id: backend.tenant_id.clone(),
        from_beginning: true,
        ..WatchEventsRequest::default()
    };
    let mut positions = Vec::new();
    loop {
        tokio::select! {
            () = read(&backend, &mut request, &mut positions) => {}
            // Without another event nothing would wake up.
            named = end.changed() => named.unwrap(),
        }
        let is_over = |end: i64| positions.last().is_some_and(|seen| *seen >= end);
        if end.borrow().is_some_and(is_over) {
            return positions;
        }
    }
}

/// Reads a stream until it brings something or breaks off.
async fn read(backend: &Backend, request: &mut WatchEventsRequest, positions: &mut Vec<i64>) {
    let mut stream = backend.watch(request).await.unwrap();
    while let Ok(Some(message)) = stream.message().await {
        positions.extend(message.events.iter().map(|event| event.position));
        request.resume_token = message.resume_token;
        if !message.events.is_empty() {
            return;
        }
    }
}
