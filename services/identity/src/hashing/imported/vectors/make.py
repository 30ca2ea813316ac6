"""Hashes of one password, made by other libraries, a line each: what made it, a tab, the string.

    pip install passlib==1.7.4 bcrypt==4.3.0 argon2-cffi==25.1.0
    python make.py > vectors.txt && node make.mjs >> vectors.txt
"""
import base64
import hashlib

import argon2
import bcrypt
from passlib.hash import bcrypt as passlib_bcrypt
from passlib.hash import pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, scrypt

PASSWORD = "correct horse battery staple é"


def line(made_by, text):
    print(made_by, text, sep="\t")


def b64(data):
    return base64.b64encode(data).decode()


line("bcrypt 2b", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode())
line("bcrypt 2a", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5, prefix=b"2a")).decode())
line("passlib 2y", passlib_bcrypt.using(rounds=5, ident="2y").hash(PASSWORD))
line("passlib pbkdf2 sha1", pbkdf2_sha1.using(rounds=1200).hash(PASSWORD))
line("passlib pbkdf2 sha256", pbkdf2_sha256.using(rounds=1200).hash(PASSWORD))
line("passlib pbkdf2 sha512", pbkdf2_sha512.using(rounds=1200).hash(PASSWORD))
line("passlib scrypt", scrypt.using(rounds=10, block_size=8, parallelism=2).hash(PASSWORD))
derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"saltsalt", 1500)
line("hashlib as django", "pbkdf2_sha256$1500$saltsalt$" + b64(derived))
derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"sixteen of bytes", 1000, 64)
line("hashlib as keycloak", f"$pbkdf2-sha256$i=1000,l=64${b64(b'sixteen of bytes')}${b64(derived)}")
derived = hashlib.scrypt(PASSWORD.encode(), salt=b"sixteen of bytes", n=1024, r=8, p=1, dklen=32)
line("hashlib as kratos", f"$scrypt$ln=1024,r=8,p=1${b64(b'sixteen of bytes')}${b64(derived)}")
for kind in ("I", "D", "ID"):
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=2, type=argon2.Type[kind])
    line(f"argon2-cffi {kind.lower()}", hasher.hash(PASSWORD))
