"""Somebody signs up and proves that the phone they named is theirs.

With `rekey up` running and the variables of ../README.md set, in the root of the repository: the commands of main.py, and

    PYTHONPATH=gen python tests/clients/python/verify_a_phone.py
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import grpc
from rekey.verification.v1.verification_pb2 import Channel, CheckOutcome, Notice

from inbox import code_for
from phone_verification import PhoneVerification, new_id
from refusal import Refusal

USER_ID = "user-4711"


def main() -> None:
    phones = PhoneVerification(
        address=os.environ["VERIFICATION_ADDRESS"],
        token=Path(os.environ["TOKEN_FILE"]).read_text().strip(),
        tenant_id=os.environ["TENANT_ID"],
        service_config=Path(os.environ["SERVICE_CONFIG"]).read_text(),
    )
    phone_number, inbox = os.environ["PHONE_NUMBER"], os.environ["INBOX"]
    verification_id = new_id()

    refused(lambda: phones.start(new_id(), USER_ID, "0171 23"))
    started = phones.start(verification_id, USER_ID, phone_number)
    print(f"code: {'sent' if started.sent else 'not sent'}")
    print(f"notices: {', '.join(Notice.Name(notice) for notice in started.notices)}")
    too_soon = refused(lambda: phones.resend(verification_id))
    time.sleep(too_soon.retry_after.total_seconds())
    phones.resend(verification_id)
    print("code: sent again")

    code = code_for(inbox, phone_number)
    wrong = "000001" if code == "000000" else "000000"
    print(f"wrong code: {CheckOutcome.Name(phones.check(verification_id, USER_ID, wrong).outcome)}")
    answer = phones.check(verification_id, USER_ID, code)
    print(f"right code: {CheckOutcome.Name(answer.outcome)}")

    proof = phones.redeem(answer.grant)
    print(f"proved: {proof.subject} has the phone, by {Channel.Name(proof.channel)}, for {proof.purpose}")
    refused(lambda: phones.redeem(answer.grant))
    refused(lambda: phones.resend(verification_id))


def refused(call: Callable[[], object]) -> Refusal:
    """Shows what is said of a call that must be refused."""
    try:
        call()
    except grpc.RpcError as error:
        refusal = Refusal.of(error)
        print(f"refused: {refusal.reason}")
        print(f"  fields: {', '.join(refusal.fields)}")
        print(f"  try again: {'later' if refusal.retry_after else 'not so'}")
        return refusal
    raise AssertionError("this call was to be refused")


if __name__ == "__main__":
    main()
