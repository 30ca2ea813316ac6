package example;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.Map;
import java.util.UUID;
import rekey.identity.v1.PasswordResetServiceGrpc;
import rekey.identity.v1.PasswordResetServiceGrpc.PasswordResetServiceBlockingStub;
import rekey.identity.v1.PasswordServiceGrpc;
import rekey.identity.v1.PasswordServiceGrpc.PasswordServiceBlockingStub;
import rekey.identity.v1.RequestContext;
import rekey.identity.v1.SessionServiceGrpc;
import rekey.identity.v1.SessionServiceGrpc.SessionServiceBlockingStub;

/** Calls identity about the people of one tenant: one channel, this backend's token with every call. */
final class Backend implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION = key("authorization");
  private static final Metadata.Key<String> ACCESS_TOKEN = key("rekey-access-token");

  final PasswordResetServiceBlockingStub resets;
  final SessionServiceBlockingStub sessions;
  final PasswordServiceBlockingStub passwords;
  final String tenantId;
  private final ManagedChannel channel;

  Backend(String address, String token, String tenantId, String serviceConfig) {
    Map<String, ?> config = new Gson().fromJson(serviceConfig, new TypeToken<Map<String, ?>>() {}.getType());
    // Beyond this machine: TlsChannelCredentials.newBuilder().trustManager(authority).build().
    channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
        .defaultServiceConfig(config)
        .enableRetry()
        .intercept(header(AUTHORIZATION, "Bearer " + token))
        .build();
    resets = PasswordResetServiceGrpc.newBlockingStub(channel);
    sessions = SessionServiceGrpc.newBlockingStub(channel);
    passwords = PasswordServiceGrpc.newBlockingStub(channel);
    this.tenantId = tenantId;
  }

  /** Makes the calls of a stub those of a signed-in person. */
  static ClientInterceptor as(String accessToken) {
    return header(ACCESS_TOKEN, accessToken);
  }

  /** One for each thing that a person does. gRPC repeats a call with the id that it began with. */
  static String requestId() {
    return UUID.randomUUID().toString();
  }

  /** Where the person's request came from; take it from the request that you are answering. */
  static RequestContext person() {
    return RequestContext.newBuilder()
        .setIpAddress("203.0.113.7")
        .setUserAgent("Mozilla/5.0")
        .setLocale("en")
        .build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private static ClientInterceptor header(Metadata.Key<String> key, String value) {
    Metadata metadata = new Metadata();
    metadata.put(key, value);
    return MetadataUtils.newAttachHeadersInterceptor(metadata);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
