"""Exports as other products write them, with hashes made by other libraries. Everybody's password is PASSWORD.

    pip install passlib==1.7.4 bcrypt==4.3.0 argon2-cffi==25.1.0
    python make.py && node make.mjs
"""
import base64
import hashlib
import json
import os

import argon2
import bcrypt
from argon2.low_level import Type, hash_secret_raw
from passlib.hash import argon2 as passlib_argon2
from passlib.hash import pbkdf2_sha256, pbkdf2_sha512, scrypt

PASSWORD = "correct horse battery staple é"
SECRET = PASSWORD.encode()


def b64(data):
    return base64.b64encode(data).decode()


def write(name, value):
    with open(name, "w", encoding="utf-8") as file:
        if isinstance(value, str):
            file.write(value)
        else:
            json.dump(value, file, indent=2, ensure_ascii=False)
            file.write("\n")


def keycloak_credential(secret, data):
    return {
        "id": "7f0a1c9e-0001-4000-8000-000000000001",
        "type": "password",
        "userLabel": "My password",
        "createdDate": 1700000000000,
        "secretData": json.dumps(secret, separators=(",", ":")),
        "credentialData": json.dumps(data, separators=(",", ":")),
    }


def keycloak_pbkdf2(digest, rounds, length):
    salt = os.urandom(16)
    value = hashlib.pbkdf2_hmac(digest, SECRET, salt, rounds, length)
    name = {"sha1": "pbkdf2", "sha256": "pbkdf2-sha256", "sha512": "pbkdf2-sha512"}[digest]
    secret = {"value": b64(value), "salt": b64(salt), "additionalParameters": {}}
    return keycloak_credential(secret, {"hashIterations": rounds, "algorithm": name, "additionalParameters": {}})


def keycloak_argon2():
    salt = os.urandom(16)
    value = hash_secret_raw(SECRET, salt, time_cost=5, memory_cost=7168, parallelism=1, hash_len=32, type=Type.ID)
    secret = {"value": b64(value), "salt": b64(salt), "additionalParameters": {}}
    parameters = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    return keycloak_credential(secret, {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": parameters})


def keycloak_user(number, name, credential, **more):
    return {
        "id": f"7f0a1c9e-0000-4000-8000-00000000000{number}",
        "username": name,
        "firstName": name.capitalize(),
        "lastName": "Keycloak",
        "email": f"{name}@keycloak.example",
        "emailVerified": True,
        "createdTimestamp": 1700000000000,
        "enabled": True,
        "totp": False,
        "credentials": [credential],
        "disableableCredentialTypes": [],
        "requiredActions": [],
        "realmRoles": ["default-roles-shop"],
        "notBefore": 0,
        "groups": [],
        **more,
    }


write(
    "keycloak-realm.json",
    {
        "id": "0b0c1d3e-0000-4000-8000-000000000000",
        "realm": "shop",
        "enabled": True,
        "roles": {"realm": [{"name": "offline_access"}]},
        "users": [
            keycloak_user(1, "kea", keycloak_pbkdf2("sha256", 27500, 64)),
            keycloak_user(2, "karl", keycloak_argon2()),
            keycloak_user(3, "kim", keycloak_pbkdf2("sha512", 30000, 64), enabled=False),
            keycloak_user(4, "kai", keycloak_pbkdf2("sha1", 20000, 64), requiredActions=["UPDATE_PASSWORD"]),
            {
                "id": "7f0a1c9e-0000-4000-8000-000000000009",
                "username": "service-account-shop",
                "enabled": True,
                "serviceAccountClientId": "shop",
            },
        ],
        "clients": [{"clientId": "shop"}],
        "keycloakVersion": "26.0.0",
    },
)


def kratos_identity(number, name, hashed):
    email = f"{name}@kratos.example"
    return {
        "id": f"9f425a8d-7efc-4768-8f23-7647a74fdf1{number}",
        "credentials": {
            "password": {
                "type": "password",
                "identifiers": [email],
                "config": {"hashed_password": hashed},
                "version": 0,
            }
        },
        "schema_id": "default",
        "schema_url": "https://kratos.example/schemas/ZGVmYXVsdA",
        "state": "active",
        "traits": {"email": email, "name": {"first": name.capitalize(), "last": "Kratos"}},
        "verifiable_addresses": [
            {"id": f"5a8d0000-0000-4000-8000-00000000000{number}", "value": email, "verified": True, "via": "email"}
        ],
        "recovery_addresses": [{"value": email, "via": "email"}],
        "metadata_public": None,
    }


salt = os.urandom(16)
kratos_scrypt = f"$scrypt$ln=16384,r=8,p=1${b64(salt)}${b64(hashlib.scrypt(SECRET, salt=salt, n=16384, r=8, p=1, maxmem=2**26))}"
write(
    "kratos-identities.json",
    [
        kratos_identity(1, "rosa", bcrypt.hashpw(SECRET, bcrypt.gensalt(10, prefix=b"2a")).decode()),
        kratos_identity(2, "rolf", argon2.PasswordHasher(2, 16384, 1).hash(PASSWORD)),
        kratos_identity(3, "ruth", kratos_scrypt),
    ],
)

auth0_hash = bcrypt.hashpw(SECRET, bcrypt.gensalt(10)).decode()
write(
    "auth0-password-hashes.ndjson",
    json.dumps(
        {
            "_id": {"$oid": "5dea9f9c82dd7c0e76e4ec93"},
            "email_verified": True,
            "email": "olga@auth0.example",
            "passwordHash": auth0_hash,
            "password_set_date": {"$date": "2019-12-06T18:36:12.412Z"},
            "tenant": "shop",
            "connection": "Username-Password-Authentication",
            "_tmp_is_unique": True,
        }
    )
    + "\n",
)
write(
    "auth0-users.ndjson",
    json.dumps(
        {
            "user_id": "auth0|5dea9f9c82dd7c0e76e4ec94",
            "email": "otto@auth0.example",
            "email_verified": False,
            "name": "Otto Auth0",
            "nickname": "otto",
            "blocked": False,
            "identities": [{"provider": "auth0", "user_id": "5dea9f9c82dd7c0e76e4ec94", "isSocial": False}],
        }
    )
    + "\n",
)

rows = ["login,display_name,email,email_confirmed,password_hash"]
for name, hashed in [
    ("paul", pbkdf2_sha256.using(rounds=20000).hash(PASSWORD)),
    ("pia", pbkdf2_sha512.using(rounds=20000).hash(PASSWORD)),
    ("pina", scrypt.using(rounds=14, block_size=8, parallelism=1).hash(PASSWORD)),
    ("pit", passlib_argon2.using(rounds=2, memory_cost=8192, parallelism=1).hash(PASSWORD)),
]:
    rows.append(f'{name},{name.capitalize()} Passlib,{name}@passlib.example,true,"{hashed}"')
write("people.csv", "\n".join(rows) + "\n")
