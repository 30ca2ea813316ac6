// Has the browser make a passkey, and sends it with the form. Without this script the page says what is missing.
"use strict";

{
  const form = document.querySelector("form[data-passkey-options]");
  const bytes = (text) => {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  // What parseCreationOptionsFromJSON does (WebAuthn Level 3, 5.1.9), for browsers that lack it.
  const creationOptions = (json) => {
    if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
    const known = (credential) => ({ ...credential, id: bytes(credential.id) });
    return {
      ...json,
      challenge: bytes(json.challenge),
      user: { ...json.user, id: bytes(json.user.id) },
      excludeCredentials: (json.excludeCredentials ?? []).map(known),
    };
  };

  // And what toJSON of a new credential gives.
  const registration = (credential) => {
    if (credential.toJSON) return credential.toJSON();
    const { id, type, authenticatorAttachment, response } = credential;
    return {
      id,
      rawId: text(credential.rawId),
      type,
      authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        transports: response.getTransports?.() ?? [],
      },
    };
  };

  if (form && window.PublicKeyCredential && navigator.credentials?.create) {
    document.querySelector("[data-passkey-missing]").hidden = true;
    form.hidden = false;
    const failed = form.querySelector("[data-passkey-failed]");
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const publicKey = creationOptions(JSON.parse(form.dataset.passkeyOptions));
        const credential = await navigator.credentials.create({ publicKey });
        form.elements.namedItem("credential").value = JSON.stringify(registration(credential));
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
}
