//! Calls by path and bytes, with whatever credentials a test likes: no generated client would send them.

use bytes::{Buf as _, BufMut as _, Bytes};
use prost_reflect::ServiceDescriptor;
use rekey::Part;
use rekey_tests::World;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::hostile::mutations::CONTRACT;

/// Who calls, on whose behalf.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials {
    /// The service token.
    pub(crate) caller: Option<String>,
    /// The access token.
    pub(crate) person: Option<String>,
}

/// Plain channels to the parts that are called.
pub(crate) struct Lines {
    channels: [(&'static str, Channel); 3],
}

impl Lines {
    pub(crate) fn to(world: &World) -> Self {
        let channels = Part::GRPC.map(|part| {
            let url = format!("http://{}", world.addresses.of(part));
            (part.name(), Endpoint::from_shared(url).unwrap().connect_lazy())
        });
        Self { channels }
    }

    /// Every part's channel.
    pub(crate) fn all(&self) -> impl Iterator<Item = Channel> {
        self.channels.iter().map(|(_, channel)| channel.clone())
    }

    /// Calls `/rekey.<part>.v1.Service/Method`.
    pub(crate) async fn call(
        &self,
        path: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Result<Bytes, Status> {
        let part = path.split('.').nth(1).unwrap();
        let channel = self.channels.iter().find(|(name, _)| *name == part).unwrap().1.clone();
        let mut request = Request::new(Bytes::copy_from_slice(body));
        let headers = request.metadata_mut();
        if let Some(token) = &credentials.caller {
            headers.insert("authorization", header(&format!("Bearer {token}")));
        }
        if let Some(token) = &credentials.person {
            headers.insert("rekey-access-token", header(token));
        }
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        if !is_stream(path) {
            return client
                .unary(request, path.parse().unwrap(), AsTheyAre)
                .await
                .map(tonic::Response::into_inner);
        }
        // What it says first stands for it: it goes on for long.
        let opened = client.server_streaming(request, path.parse().unwrap(), AsTheyAre).await?;
        Ok(opened.into_inner().message().await?.unwrap_or_default())
    }
}

/// Whether more than one message answers.
fn is_stream(path: &str) -> bool {
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap();
    let service = CONTRACT.get_service_by_name(service);
    let mut methods = service.iter().flat_map(ServiceDescriptor::methods);
    methods.any(|known| known.name() == method && known.is_server_streaming())
}

fn header(text: &str) -> MetadataValue<Ascii> {
    text.parse().unwrap()
}

/// Messages as bytes.
struct AsTheyAre;

impl Codec for AsTheyAre {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsTheyAre {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for AsTheyAre {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
