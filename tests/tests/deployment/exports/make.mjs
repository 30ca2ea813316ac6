// An export of Firebase Authentication, and a person with a hash by Node's scrypt.
import { createCipheriv, randomBytes, scryptSync } from "node:crypto";
import { writeFileSync } from "node:fs";

const PASSWORD = "correct horse battery staple é";
const cost = { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 };
const base64 = (bytes) => bytes.toString("base64");

const signerKey = randomBytes(64);
const separator = Buffer.from("Bw==", "base64");
const salt = randomBytes(10);
const key = scryptSync(PASSWORD, Buffer.concat([salt, separator]), 32, cost);
const hash = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(signerKey);
const users = [
  {
    localId: "Xb1mWkPZQKdcPZ8d3NbVbfWcVyx1",
    email: "fritz@firebase.example",
    emailVerified: true,
    passwordHash: base64(hash),
    salt: base64(salt),
    displayName: "Fritz Firebase",
    lastSignedInAt: "1700000000000",
    createdAt: "1690000000000",
    providerUserInfo: [],
  },
  {
    localId: "Xb1mWkPZQKdcPZ8d3NbVbfWcVyx2",
    phoneNumber: "+15005550142",
    createdAt: "1690000000000",
    providerUserInfo: [],
  },
];
writeFileSync("firebase-users.json", JSON.stringify({ users }, null, 2) + "\n");
writeFileSync(
  "firebase-hash-config.txt",
  `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: ${base64(signerKey)},
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
`,
);

const nodeSalt = randomBytes(16);
const tag = scryptSync(PASSWORD, nodeSalt, 64, cost);
const record = {
  logins: ["nora@node.example"],
  display_name: "Nora Node",
  addresses: [{ email: "nora@node.example", confirmed: true }],
  password_hash: `$scrypt$ln=14,r=8,p=1$${base64(nodeSalt)}$${base64(tag)}`,
};
writeFileSync("people.jsonl", JSON.stringify(record) + "\n");
