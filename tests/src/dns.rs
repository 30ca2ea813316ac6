//! A DNS server on loopback that knows what a test tells it, and of everything else that it has no records.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const TXT: u16 = 16;
const MX: u16 = 15;

/// Records by name and type.
type Records = BTreeMap<(String, u16), Vec<Vec<u8>>>;

/// The server, which ends with its handle.
pub struct Dns {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Dns {
    /// Serves these TXT records, and an MX record for each of these domains.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(texts: &[(&str, &str)], with_mail: &[&str]) -> Self {
        let mut records = Records::new();
        for (name, text) in texts {
            // Pieces of at most 255 bytes.
            let data = text.as_bytes().chunks(255).flat_map(|piece| [&[length(piece)], piece].concat());
            records.entry(((*name).to_owned(), TXT)).or_default().push(data.collect());
        }
        for name in with_mail {
            let exchange = [&[0, 10][..], &labels(&format!("mx.{name}"))].concat();
            records.entry(((*name).to_owned(), MX)).or_default().push(exchange);
        }
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let serving = tokio::spawn(serve(socket, Arc::new(records)));
        Self { address, serving }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, records: Arc<Records>) {
    let mut question = [0; 1_232];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        let _ = socket.send_to(&answer(&question[..length], &records), from).await;
    }
}

/// RFC 1035, section 4: the header, the question again, and its records.
fn answer(query: &[u8], records: &Records) -> Vec<u8> {
    let (mut name, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        name.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let found = records.get(&(name.join("."), kind)).map_or(&[][..], Vec::as_slice);
    let mut answer = query[..2].to_vec();
    // A response of a server that recurses, without an error: one question, so many answers.
    answer.extend([0x81, 0x80, 0, 1, 0, length(found), 0, 0, 0, 0]);
    answer.extend(&query[12..at + 5]);
    for data in found {
        // The name of the question, the type, class IN, a minute.
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    answer
}

fn labels(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[length(label.as_bytes())], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

/// A length that fits into a byte, as those of labels and pieces of texts do.
fn length<T>(items: &[T]) -> u8 {
    u8::try_from(items.len()).unwrap()
}
