package example;

import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import rekey.identity.v1.ChangePasswordResponse;
import rekey.identity.v1.MethodKind;
import rekey.identity.v1.ResetMethod;
import rekey.identity.v1.SessionTokens;
import rekey.identity.v1.SignInResponse;
import rekey.identity.v1.StartPasswordResetResponse;
import rekey.identity.v1.SubmitResetProofResponse;

/**
 * A person who forgot their password gets back in, signs in, changes it and signs out.
 *
 * <p>With {@code rekey up} running and the variables of tests/clients/README.md set, in this folder: {@code mvn
 * compile exec:java}.
 */
public final class Main {
  private static final String NEW_PASSWORD = "nine slow rivers and stone";
  private static final String NEXT_PASSWORD = "four green kettles by the door";

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    String token = Files.readString(Path.of(System.getenv("TOKEN_FILE"))).strip();
    String serviceConfig = Files.readString(Path.of(System.getenv("SERVICE_CONFIG")));
    String login = System.getenv("LOGIN");
    try (Backend backend =
        new Backend(System.getenv("IDENTITY_ADDRESS"), token, System.getenv("TENANT_ID"), serviceConfig)) {
      getBackIn(new PasswordReset(backend), login, System.getenv("INBOX"));
      useTheAccount(new SignIn(backend), login);
    }
  }

  private static void getBackIn(PasswordReset reset, String login, String inbox) throws Exception {
    StartPasswordResetResponse started = reset.start(login);
    ResetMethod byMail = started.getMethodsList().stream()
        .filter(method -> method.getKind() == MethodKind.METHOD_KIND_EMAIL)
        .findFirst()
        .orElseThrow();
    System.out.printf("reset: %d proof%n", started.getProofsRequired());

    reset.sendCode(started.getResetToken(), byMail.getMethodId());
    System.out.println("code: sent");
    refused(() -> reset.sendCode(started.getResetToken(), byMail.getMethodId()));

    String code = Inbox.codeFor(inbox, login);
    SubmitResetProofResponse proved = reset.submitCode(started.getResetToken(), byMail.getMethodId(), code);
    System.out.printf("code: %s, %d to go%n", proved.getOutcome(), proved.getProofsRemaining());

    refused(() -> reset.setPassword(proved.getResetToken(), "short"));
    reset.setPassword(proved.getResetToken(), NEW_PASSWORD);
    System.out.println("password: set");
  }

  private static void useTheAccount(SignIn session, String login) {
    SignInResponse wrong = session.signIn(login, "not my password");
    System.out.printf("sign-in: %s%n", wrong.getResultCase().name().toLowerCase());
    SignInResponse right = session.signIn(login, NEW_PASSWORD);
    System.out.printf("sign-in: %s%n", right.getResultCase().name().toLowerCase());

    SessionTokens tokens = session.refresh(right.getTokens().getRefreshToken());
    System.out.printf("refreshed: %s%n", state(session, tokens.getAccessToken()));

    ChangePasswordResponse answer =
        session.changePassword(tokens.getAccessToken(), NEW_PASSWORD, NEXT_PASSWORD);
    System.out.printf("password: %s%n", answer.getResultCase().name().toLowerCase());

    String accessToken = answer.getChanged().getTokens().getAccessToken();
    session.signOut(accessToken);
    System.out.printf("signed out: %s%n", state(session, accessToken));
  }

  private static String state(SignIn session, String accessToken) {
    return session.isActive(accessToken) ? "active" : "not active";
  }

  /** Shows what is said of a call that must be refused. */
  private static void refused(Runnable call) throws Exception {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      Refusal refusal = Refusal.of(error);
      String metadata = refusal.metadata().entrySet().stream()
          .map(entry -> entry.getKey() + "=" + entry.getValue())
          .collect(Collectors.joining(", "));
      System.out.printf("refused: %s%n", refusal.reason());
      System.out.printf("  metadata: %s%n", metadata);
      System.out.printf("  fields: %s%n", String.join(", ", refusal.fields().keySet()));
      System.out.printf("  try again: %s%n", refusal.retryAfter().isPresent() ? "later" : "not so");
      System.out.printf("  support code: %d digits%n", refusal.supportCode().length());
      return;
    }
    throw new AssertionError("this call was to be refused");
  }
}
