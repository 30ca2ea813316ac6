"""A browser with a software authenticator that is not ours (soft-webauthn), and a hand to bend what it says.

Takes one JSON document as its argument and prints one: the credential as `toJSON` of a browser gives it, and what the
authenticator has to remember.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import sha256
from soft_webauthn import SoftWebauthnDevice

# The library's device shows nobody's finger, which section 6.1 calls user verification: bit 2.
ATTESTED = 0x40


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def restored(state):
    device = SoftWebauthnDevice()
    if state:
        device.private_key = serialization.load_pem_private_key(state["key"].encode(), None)
        device.credential_id = decoded(state["credential_id"])
        device.user_handle = decoded(state["user_handle"])
        device.rp_id = state["rp_id"]
        device.sign_count = state["sign_count"]
    return device


def remembered(device):
    key = device.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "key": key.decode(),
        "credential_id": encoded(device.credential_id),
        "user_handle": encoded(device.user_handle),
        "rp_id": device.rp_id,
        "sign_count": device.sign_count,
    }


def create(device, options, bent):
    options["challenge"] = decoded(options["challenge"])
    options["user"]["id"] = decoded(options["user"]["id"])
    device.sign_count = bent["counter"]
    made = device.create({"publicKey": options}, bent["origin"])["response"]
    attestation = cbor.decode(made["attestationObject"])
    data = bytearray(attestation["authData"])
    data[32] = ATTESTED | bent["flags"]
    attestation["authData"] = bytes(data)
    return {
        "clientDataJSON": encoded(made["clientDataJSON"]),
        "attestationObject": encoded(cbor.encode(attestation)),
        "transports": ["internal"],
    }


def get(device, options, bent):
    options["challenge"] = decoded(options["challenge"])
    named = [decoded(credential["id"]) for credential in options["allowCredentials"]]
    assert not named or device.credential_id in named, "none of those that are asked for"
    got = device.get({"publicKey": options}, bent["origin"])["response"]
    data = bytearray(got["authenticatorData"])
    if bent["rp_id"]:
        data[:32] = sha256(bent["rp_id"].encode())
    data[32] = bent["flags"]
    data[33:37] = bent["counter"].to_bytes(4, "big")
    signed = bytes(data) + sha256(got["clientDataJSON"])
    return {
        "clientDataJSON": encoded(got["clientDataJSON"]),
        "authenticatorData": encoded(bytes(data)),
        "signature": encoded(device.private_key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        "userHandle": encoded(device.user_handle),
    }


def main():
    asked = json.loads(sys.argv[1])
    device = restored(asked["state"])
    act = {"create": create, "get": get}[asked["act"]]
    response = act(device, json.loads(asked["options"]), asked["bent"])
    identifier = encoded(device.credential_id)
    credential = {
        "id": identifier,
        "rawId": identifier,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": response,
    }
    print(json.dumps({"credential": json.dumps(credential), "state": remembered(device)}))


main()
