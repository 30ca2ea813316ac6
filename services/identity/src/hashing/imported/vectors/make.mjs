// What Node makes of the same password: scrypt, and the scrypt of Firebase, whose key encrypts the project's signer key.
import { createCipheriv, scryptSync } from "node:crypto";

const PASSWORD = "correct horse battery staple é";
const salt = Buffer.from("sixteen of bytes");
const cost = { N: 2 ** 11, r: 8, p: 1 };
const line = (madeBy, text) => console.log(`${madeBy}\t${text}`);
const base64 = (bytes) => bytes.toString("base64");

const tag = scryptSync(PASSWORD, salt, 32, cost);
line("node scrypt", `$scrypt$ln=11,r=8,p=1$${base64(salt)}$${base64(tag)}`);

const separator = Buffer.from([7]);
const signerKey = Buffer.alloc(64, "a signer key ");
const key = scryptSync(PASSWORD, Buffer.concat([salt, separator]), 32, cost);
const encrypted = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(signerKey);
const parts = [salt, encrypted, separator, signerKey].map(base64);
line("node as firebase", `$firescrypt$ln=11,r=8,p=1$${parts.join("$")}`);
