//! Receivers that led the senders of other products on, mended since: `docs/public-faults.md`.

use super::*;

// formbricks #7877: a redirect was followed to where the URL itself would not have been let through.
#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let internal = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = internal.local_addr().unwrap();

    for status in [301_u16, 302, 303, 307, 308] {
        let answer =
            format!("HTTP/1.1 {status} Moved\r\nlocation: http://{address}/latest/meta-data/\r\n\r\n");
        let failed = answered(answer.leak()).await.unwrap_err();

        assert_eq!((failed.kind, failed.status), (FailureKind::Redirected, Some(status)));
    }
    let accepted = tokio::time::timeout(Duration::from_millis(1), internal.accept()).await;
    assert!(accepted.is_err(), "somebody followed");
}
