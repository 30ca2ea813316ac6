//! What keeps a call from its peer, in words for whoever has to mend it, and whether the peer has seen the call.
//!
//! The libraries below say it in chains of errors, most of whose links tell nothing. Nothing of a call is in them.

use std::error::Error;
use std::io::{self, ErrorKind};

use h2::Reason;
use rustls::{CertificateError, InvalidMessage};

/// Who was called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// Its host and port.
    pub(crate) name: &'a str,
    /// Whether it was called over TLS.
    pub(crate) is_tls: bool,
}

/// Why `peer` cannot be called.
pub(crate) fn cause(error: &(dyn Error + 'static), peer: Peer<'_>) -> String {
    let Peer { name: peer, is_tls } = peer;
    let mut cause = cause_at(error, peer);
    // A port that wants TLS hangs up on plain text, and mostly without a word.
    if !is_tls && cause.ends_with("the connection") {
        cause.push_str(": does it want TLS (https://)?");
    }
    cause
}

fn cause_at(error: &(dyn Error + 'static), peer: &str) -> String {
    let known = links(error).find_map(|link| {
        let of_tls = link.downcast_ref::<rustls::Error>().map(|error| of_tls(error, peer));
        let of_http2 = || link.downcast_ref::<h2::Error>().and_then(|error| of_http2(error, peer));
        let of_socket = || link.downcast_ref::<io::Error>().and_then(|error| of_socket(error, peer));
        of_tls.or_else(of_http2).or_else(of_socket)
    });
    // The last link is the one that knows.
    known.unwrap_or_else(|| match links(error).last() {
        Some(last) if !last.to_string().is_empty() => format!("{peer} cannot be reached: {last}"),
        _ => format!("{peer} cannot be reached"),
    })
}

/// How a call came to nothing of which the peer has seen nothing (gRFC A6, transparent retries).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// It never left, or was left behind: the connection takes no more calls.
    Undelivered,
    /// The peer wanted no further call on this connection at that moment.
    Refused,
}

/// Whether the peer has seen nothing of the call.
pub(crate) fn unseen(error: &(dyn Error + 'static)) -> Option<Unseen> {
    links(error).find_map(|link| {
        let is_undelivered = link.is::<tonic::ConnectError>()
            || link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
        if is_undelivered {
            return Some(Unseen::Undelivered);
        }
        let error = link.downcast_ref::<h2::Error>().filter(|error| error.is_remote())?;
        if error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM) {
            return Some(Unseen::Refused);
        }
        // Of the calls on a connection whose peer is going away, only those that it has not seen end by that.
        let is_left_behind = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        is_left_behind.then_some(Unseen::Undelivered)
    })
}

/// An error and what it came from. Errors of sockets and of HTTP/2 hide theirs from `source`.
pub(crate) fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let link = next?;
        next = below(link);
        Some(link)
    })
}

fn below<'a>(link: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(inner) = link.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
        return Some(inner);
    }
    if let Some(inner) = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(inner);
    }
    link.source()
}

fn of_socket(error: &io::Error, peer: &str) -> Option<String> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => format!("connection refused by {peer}"),
        ErrorKind::TimedOut => format!("{peer} did not answer in time"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => format!("no route leads to {peer}"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            format!("{peer} broke the connection")
        }
        ErrorKind::UnexpectedEof => format!("{peer} closed the connection"),
        // HTTP/2 keeps the words of an alert and not its type.
        _ if is_refusal_of_certificate(&error.to_string()) => {
            format!("{peer} refuses our certificate: {error}")
        }
        // The resolver's errors have no kind of their own.
        _ if error.to_string().starts_with("failed to lookup address") => {
            format!("the name of {peer} does not resolve")
        }
        _ => return None,
    })
}

fn of_tls(error: &rustls::Error, peer: &str) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error, peer),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{peer} does not speak TLS: is its address http://?")
        }
        error if is_refusal_of_certificate(&error.to_string()) => {
            format!("{peer} refuses our certificate: {error}")
        }
        error => format!("no TLS with {peer}: {error}"),
    }
}

/// Whether an alert says that the peer wants another certificate than ours, or any.
fn is_refusal_of_certificate(text: &str) -> bool {
    let about_us = ["Certificate", "UnknownCA", "AccessDenied", "HandshakeFailure"];
    let alert = text.strip_prefix("received fatal alert: ");
    alert.is_some_and(|alert| about_us.iter().any(|word| alert.contains(word)))
}

fn of_certificate(error: &CertificateError, peer: &str) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("the certificate of {peer} is not signed by an authority in ca_file")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate of {peer} is for another name: {error}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of {peer} has expired")
        }
        error => format!("the certificate of {peer} is not good: {error}"),
    }
}

fn of_http2(error: &h2::Error, peer: &str) -> Option<String> {
    let is_gibberish = !error.is_remote()
        && matches!(error.reason(), Some(Reason::FRAME_SIZE_ERROR | Reason::PROTOCOL_ERROR));
    is_gibberish.then(|| format!("{peer} does not answer in HTTP/2: does it want TLS (https://)?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(kind: ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    fn connecting(error: impl Into<Box<dyn Error + Send + Sync>>) -> tonic::ConnectError {
        tonic::ConnectError(error.into())
    }

    #[test]
    fn a_cause_is_found_however_deep_it_lies() {
        let in_tls = io::Error::new(
            ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer),
        );
        let in_http2 = io::Error::other(h2::Error::from(Reason::FRAME_SIZE_ERROR));

        let here = Peer { name: "here:1", is_tls: true };
        let found = [
            cause(&connecting(socket(ErrorKind::ConnectionRefused)), here),
            cause(&connecting(in_tls), here),
            cause(&in_http2, here),
            cause(&connecting("something else"), here),
            cause(&socket(ErrorKind::ConnectionReset), Peer { is_tls: false, ..here }),
        ];

        assert_eq!(
            found,
            [
                "connection refused by here:1",
                "the certificate of here:1 is not signed by an authority in ca_file",
                "here:1 does not answer in HTTP/2: does it want TLS (https://)?",
                "here:1 cannot be reached: something else",
                "here:1 broke the connection: does it want TLS (https://)?",
            ]
        );
    }

    #[test]
    fn what_may_have_been_seen_is_told_from_what_was_not() {
        let undelivered = unseen(&connecting(socket(ErrorKind::ConnectionRefused)));

        assert_eq!(undelivered, Some(Unseen::Undelivered));
        assert_eq!(unseen(&socket(ErrorKind::ConnectionReset)), None);
        assert_eq!(unseen(&h2::Error::from(Reason::REFUSED_STREAM)), None, "our own reset says nothing");
    }
}
