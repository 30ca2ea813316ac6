package example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Why a call was refused: for your program, your form and your log. */
record Refusal(
    String reason,
    Map<String, String> metadata,
    Map<String, String> fields,
    Optional<Duration> retryAfter,
    String supportCode) {

  static Refusal of(StatusRuntimeException error) throws InvalidProtocolBufferException {
    String reason = "";
    String supportCode = "";
    Map<String, String> metadata = Map.of();
    Map<String, String> fields = new TreeMap<>();
    Optional<Duration> retryAfter = Optional.empty();
    for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        reason = info.getReason();
        metadata = info.getMetadataMap();
      } else if (detail.is(BadRequest.class)) {
        for (BadRequest.FieldViolation wrong : detail.unpack(BadRequest.class).getFieldViolationsList()) {
          fields.put(wrong.getField(), wrong.getDescription());
        }
      } else if (detail.is(RetryInfo.class)) {
        com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
        retryAfter = Optional.of(Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
      } else if (detail.is(RequestInfo.class)) {
        supportCode = detail.unpack(RequestInfo.class).getRequestId();
      }
    }
    return new Refusal(reason, metadata, fields, retryAfter, supportCode);
  }
}
