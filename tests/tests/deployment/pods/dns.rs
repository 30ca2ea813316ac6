//! A name server that knows one name, for whoever is told to ask it.

use std::net::UdpSocket;

/// The name, which is this machine.
pub(super) const NAME: &str = "identity.rekey.example";

/// An address of this machine that nobody else listens on: resolvers ask port 53 and no other.
const ADDRESS: &str = "127.53.53.53";

/// The server; it answers as long as the test runs.
pub(super) struct NameServer;

impl NameServer {
    pub(super) fn start() -> Self {
        let socket = UdpSocket::bind((ADDRESS, 53)).expect("port 53, which only root may take");
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, asker)) = socket.recv_from(&mut question) {
                let _ = socket.send_to(&answer(&question[..length]), asker);
            }
        });
        Self
    }

    #[expect(clippy::unused_self, reason = "there is an address once it runs")]
    pub(super) const fn address(&self) -> &'static str {
        ADDRESS
    }
}

/// 127.0.0.1 for the address of the name, nothing for whatever else is asked of it, and no other name exists (RFC 1035, 4).
fn answer(question: &[u8]) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let asked: Vec<u8> = NAME
        .split('.')
        .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat())
        .collect();
    let is_known = question[12..end].starts_with(&asked);
    let has_address = is_known && question[end - 4..end - 2] == [0, 1];
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    answer.extend(&question[12..end]);
    if has_address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    }
    answer
}
