/**
 * Looks at a certificate and its key before anybody connects.
 *
 * Deno takes any text for both, and only its handshakes fail; so they are read here.
 *
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TlsIdentity } from "../host.ts";

/** Throws a `TypeError` when the certificate or the key is none, or they are not of one pair. */
export function checkIdentity({ certificate, key }: TlsIdentity): void {
  const chain = certificate.match(PEM_CERTIFICATE) ?? [];
  if (chain.length === 0) throw new TypeError("the certificate holds no PEM certificate");
  const [first] = chain.map(readCertificate);
  if (first === undefined || !first.checkPrivateKey(readKey(key))) {
    throw new TypeError("the key is not the one of the certificate");
  }
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    throw new TypeError("the certificate and its key cannot be used for TLS", { cause });
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TypeError("the certificate cannot be read", { cause });
  }
}

function readKey(pem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new TypeError("the key holds no PEM private key");
  }
  // Asked to read it, a runtime may ask the terminal for the passphrase.
  if (pem.includes("ENCRYPTED")) {
    throw new TypeError("the key is encrypted, and must be given without a passphrase");
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new TypeError("the key cannot be read", { cause });
  }
}
