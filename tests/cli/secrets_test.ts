import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { publicKeyOf } from "../../src/crypto/keys.ts";
import { parseKey } from "../../src/net/key_text.ts";
import { withWorkbench } from "../support/cli_program.ts";
import { SecretFinder } from "../support/secret_finder.ts";

for (const format of [["--json"], []]) {
  test(
    `the secret key is in nothing that the program says${format.join()}, and the public one only in the line to paste`,
    withWorkbench(async (bench) => {
      const file = bench.path("k");
      await bench.run(["keygen", file]);
      const secretKey = parseKey(readFileSync(file, "utf8").trim());
      assert.ok(secretKey !== undefined);
      const [secret, known] = [new SecretFinder(), new SecretFinder()];
      secret.add("the secret key", secretKey);
      known.add("the public key", publicKeyOf(secretKey));
      const server = bench.start(["listen", "127.0.0.1:0", "--key", file, ...format]);
      await server.says(/as a QR code|"listening".*\n/);
      const [url = ""] = /sosistab:\/\/[a-z2-7]+@[0-9.:]+/.exec(server.stderr) ?? [];
      const client = bench.start(["connect", ...format], {
        env: { SOSISTAB_URL: url },
        stdin: "1",
      });
      const ended = await Promise.all([server.ended, client.ended]);
      assert.deepEqual(ended.map(({ code }) => code), [0, 0]);
      for (const { stdout, stderr } of ended) {
        assert.deepEqual(secret.find(stderr + new TextDecoder().decode(stdout)), []);
      }
      assert.deepEqual(known.find(ended[0].stderr.replaceAll(url, "")), []);
      assert.deepEqual(known.find(ended[1].stderr), []);
      assert.notDeepEqual(known.find(ended[0].stderr), []);
      // Nor in what is said about a URL that cannot be read.
      const wrong = await bench.run(["connect", url.replace("@", "")]);
      assert.equal(wrong.code, 2);
      assert.deepEqual(known.find(wrong.stderr), []);
    }),
  );
}
