// Asks for a passkey, or makes one. Pages that offer one show it only where this runs, and say so where it does not.
"use strict";

// A block of its own: scripts of one page share their names.
{
  const known = typeof PublicKeyCredential === "function" && navigator.credentials !== undefined;
  for (const offer of document.querySelectorAll("[data-passkey]")) offer.hidden = !known;
  for (const excuse of document.querySelectorAll("[data-no-passkey]")) excuse.hidden = known;

  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

  const textOf = (buffer) => {
    const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };

  // Browsers before 2025 lack some of these (WebAuthn Level 3, 5.1).
  const optionsOf = (json) => {
    if (typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function") {
      return PublicKeyCredential.parseRequestOptionsFromJSON(json);
    }
    const named = (json.allowCredentials ?? []).map((passkey) => ({ ...passkey, id: bytesOf(passkey.id) }));
    return { ...json, challenge: bytesOf(json.challenge), allowCredentials: named };
  };

  const creationOptionsOf = (json) => {
    if (typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function") {
      return PublicKeyCredential.parseCreationOptionsFromJSON(json);
    }
    const known = (json.excludeCredentials ?? []).map((passkey) => ({ ...passkey, id: bytesOf(passkey.id) }));
    const user = { ...json.user, id: bytesOf(json.user.id) };
    return { ...json, user, challenge: bytesOf(json.challenge), excludeCredentials: known };
  };

  const jsonOf = (credential) => {
    if (typeof credential.toJSON === "function") return credential.toJSON();
    const { authenticatorData, attestationObject, clientDataJSON, signature, userHandle } = credential.response;
    const response = { clientDataJSON: textOf(clientDataJSON) };
    if (attestationObject) {
      response.attestationObject = textOf(attestationObject);
      response.transports = credential.response.getTransports?.() ?? [];
    } else {
      response.authenticatorData = textOf(authenticatorData);
      response.signature = textOf(signature);
    }
    if (userHandle) response.userHandle = textOf(userHandle);
    return {
      id: credential.id,
      rawId: textOf(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  };

  const form = document.querySelector("form[data-passkey-options]");
  if (known && form) {
    const failed = form.querySelector("[data-passkey-failed]");
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const json = JSON.parse(form.dataset.passkeyOptions);
        const credential = "passkeyNew" in form.dataset
          ? await navigator.credentials.create({ publicKey: creationOptionsOf(json) })
          : await navigator.credentials.get({ publicKey: optionsOf(json) });
        form.elements.namedItem("credential").value = JSON.stringify(jsonOf(credential));
        form.submit();
      } catch {
        // Given up, out of time, or none that fits: browsers do not say which.
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
}
