"""A person who forgot their password gets back in, signs in, changes it and signs out.

With `rekey up` running and the variables of ../README.md set, in the root of the repository:

    pip install -r tests/clients/python/requirements.txt
    mkdir gen
    python -m grpc_tools.protoc --proto_path=proto --proto_path=third_party \
        --python_out=gen --grpc_python_out=gen $(cd proto && find rekey -name '*.proto')
    PYTHONPATH=gen python tests/clients/python/main.py
"""

import os
from collections.abc import Callable
from pathlib import Path

import grpc
from rekey.identity.v1.method_kind_pb2 import METHOD_KIND_EMAIL
from rekey.identity.v1.password_reset_service_pb2 import ProofOutcome

import password_reset
import sign_in
from backend import Backend
from inbox import code_for
from refusal import Refusal

NEW_PASSWORD = "nine slow rivers and stone"
NEXT_PASSWORD = "four green kettles by the door"


def main() -> None:
    backend = Backend(
        address=os.environ["IDENTITY_ADDRESS"],
        token=Path(os.environ["TOKEN_FILE"]).read_text().strip(),
        tenant_id=os.environ["TENANT_ID"],
        service_config=Path(os.environ["SERVICE_CONFIG"]).read_text(),
    )
    login, inbox = os.environ["LOGIN"], os.environ["INBOX"]
    get_back_in(backend, login, inbox)
    use_the_account(backend, login)


def get_back_in(backend: Backend, login: str, inbox: str) -> None:
    started = password_reset.start(backend, login)
    by_mail = next(method for method in started.methods if method.kind == METHOD_KIND_EMAIL)
    print(f"reset: {started.proofs_required} proof")

    password_reset.send_code(backend, started.reset_token, by_mail.method_id)
    print("code: sent")
    refused(lambda: password_reset.send_code(backend, started.reset_token, by_mail.method_id))

    code = code_for(inbox, login)
    proved = password_reset.submit_code(backend, started.reset_token, by_mail.method_id, code)
    print(f"code: {ProofOutcome.Name(proved.outcome)}, {proved.proofs_remaining} to go")

    refused(lambda: password_reset.set_password(backend, proved.reset_token, "short"))
    password_reset.set_password(backend, proved.reset_token, NEW_PASSWORD)
    print("password: set")


def use_the_account(backend: Backend, login: str) -> None:
    wrong = sign_in.sign_in(backend, login, "not my password")
    print(f"sign-in: {wrong.WhichOneof('result')}")
    right = sign_in.sign_in(backend, login, NEW_PASSWORD)
    print(f"sign-in: {right.WhichOneof('result')}")

    tokens = sign_in.refresh(backend, right.tokens.refresh_token)
    print(f"refreshed: {state(backend, tokens.access_token)}")

    answer = sign_in.change_password(backend, tokens.access_token, NEW_PASSWORD, NEXT_PASSWORD)
    print(f"password: {answer.WhichOneof('result')}")

    changed = answer.changed.tokens
    sign_in.sign_out(backend, changed.access_token)
    print(f"signed out: {state(backend, changed.access_token)}")


def state(backend: Backend, access_token: str) -> str:
    return "active" if sign_in.is_active(backend, access_token) else "not active"


def refused(call: Callable[[], object]) -> None:
    """Shows what is said of a call that must be refused."""
    try:
        call()
    except grpc.RpcError as error:
        refusal = Refusal.of(error)
        print(f"refused: {refusal.reason}")
        print(f"  metadata: {', '.join(f'{key}={value}' for key, value in refusal.metadata.items())}")
        print(f"  fields: {', '.join(refusal.fields)}")
        print(f"  try again: {'later' if refusal.retry_after else 'not so'}")
        print(f"  support code: {len(refusal.support_code)} digits")
    else:
        raise AssertionError("this call was to be refused")


if __name__ == "__main__":
    main()
