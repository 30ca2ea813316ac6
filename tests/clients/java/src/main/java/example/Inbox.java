package example;

import com.google.gson.Gson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The development inbox of {@code rekey up}, in place of a person who reads their mail. */
final class Inbox {
  private static final Pattern CODE = Pattern.compile("\\b\\d{6}\\b");

  private record Message(String to, String text) {}

  private Inbox() {}

  /** The newest code sent to an address. A send is answered before its message arrives. */
  static String codeFor(String inbox, String address) throws IOException, InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(URI.create(inbox)).timeout(Duration.ofSeconds(5)).build();
    for (int look = 0; look < 600; look++) {
      String body = client.send(request, BodyHandlers.ofString()).body();
      for (Message message : new Gson().fromJson(body, Message[].class)) {
        Matcher code = CODE.matcher(message.text());
        if (message.to().equals(address) && code.find()) {
          return code.group();
        }
      }
      Thread.sleep(50);
    }
    throw new IOException("no code for " + address + " came");
  }
}
