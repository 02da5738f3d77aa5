import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Failure, type FailureKind } from "../../src/cli/failure.ts";
import { explainIdentity, readTlsIdentity } from "../../src/cli/tls_identity.ts";
import { withWorkbench } from "../support/cli_program.ts";

function isFailure(kind: FailureKind, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  };
}

test(
  "readTlsIdentity() reads both files, or none, and no key that others can read",
  withWorkbench((bench) => {
    const [cert, certKey] = [bench.path("cert"), bench.path("key")];
    writeFileSync(cert, "the certificate");
    writeFileSync(certKey, "the key", { mode: 0o640 });
    assert.deepEqual(readTlsIdentity({ cert, certKey }), {
      certificate: "the certificate",
      key: "the key",
    });
    assert.equal(readTlsIdentity({}), undefined);
    assert.throws(() => readTlsIdentity({ cert }), isFailure("usage", /^--cert needs --cert-key/));
    assert.throws(
      () => readTlsIdentity({ certKey }),
      isFailure("usage", /^--cert-key needs --cert:/),
    );
    const missing = bench.path("none");
    assert.throws(
      () => readTlsIdentity({ cert: missing, certKey }),
      isFailure("local", /^cannot read .*none: there is no such file$/),
    );
    chmodSync(certKey, 0o644);
    assert.throws(
      () => readTlsIdentity({ cert, certKey }),
      isFailure("local", /^others can read the certificate's key .*, so it is not used$/),
    );
    return Promise.resolve();
  }),
);

test("explainIdentity() names the files, and how to take a passphrase away", () => {
  const files = { cert: "c.pem", certKey: "my key.pem" };
  const wrong = explainIdentity(new TypeError("the key holds no PEM private key"), files);
  assert.ok(
    isFailure("local", /^cannot speak TLS with c\.pem and my key\.pem: the key holds/)(wrong),
  );
  const encrypted = explainIdentity(new TypeError("the key is encrypted, and so on"), files);
  assert.ok(encrypted instanceof Failure);
  assert.equal(
    encrypted.advice[0]?.remedy,
    "openssl pkey -in 'my key.pem' -out 'my key.pem.plain'",
  );
  const other = new Error("a fault of ours");
  assert.equal(explainIdentity(other, files), other);
});
