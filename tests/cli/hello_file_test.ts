import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseUrl } from "../../src/net/url.ts";
import { helloFileOf, openHelloFile } from "../../src/cli/hello_file.ts";
import { Reporter } from "../../src/cli/reporter.ts";
import { JOURNAL_HEAD } from "../../src/handshake/hello_journal.ts";
import { type Program, withWorkbench, type Workbench } from "../support/cli_program.ts";
import { currentHost } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";

/** How long an answer on this machine is waited for, ms. */
const PATIENCE = 500;

/** A reporter, and what it has told. */
function recording() {
  const told: string[] = [];
  const write = (text: string) => void told.push(text);
  return { told, reporter: new Reporter({ write, json: false, color: false, now: () => 0 }) };
}

/** A server with the key `k`, and its public key. */
async function start(bench: Workbench): Promise<{ server: Program; url: string }> {
  const args = ["listen", "127.0.0.1:0", "--to", "127.0.0.1:9", "--key", bench.path("k"), "--json"];
  const server = bench.start(args);
  const { url } = await server.event("listening");
  return { server, url: String(url) };
}

async function stop(server: Program): Promise<void> {
  server.kill("SIGKILL");
  await server.ended;
}

/** A hello that a client could have said now. */
function helloFor(url: string, seed: number): Uint8Array {
  const x25519 = new ToyX25519(seededSource(seed));
  const minute = Math.floor(Date.now() / 60_000);
  return new HelloForger(parseUrl(url).serverKey, seededSource(seed)).packet("up", minute, {
    kind: "clientHello",
    longPublicKey: x25519.generate().publicKey,
    ephemeralPublicKey: x25519.generate().publicKey,
    version: 3,
  }, { length: 300 });
}

/** Whether a server answers a hello. */
async function answers(url: string, hello: Uint8Array): Promise<boolean> {
  let isAnswered = false;
  const host = await currentHost();
  const socket = await host.bindDatagram({ hostname: "127.0.0.1", port: 0 }, {
    onDatagram: () => void (isAnswered = true),
    onError: () => {},
  });
  const { hostname, port } = parseUrl(url);
  socket.send(hello.slice(), { hostname, port });
  for (let waited = 0; waited < PATIENCE && !isAnswered; waited += 10) await delay(10);
  socket.close();
  return isAnswered;
}

test(
  "openHelloFile() gives a file that tells once that it cannot be written, until that works again",
  withWorkbench(async (bench) => {
    const { reporter, told } = recording();
    const file = openHelloFile(reporter, bench.path("k"));
    assert.ok(file);
    assert.equal(file.path, helloFileOf(bench.path("k")));
    rmSync(file.path);
    await assert.rejects(file.append(Uint8Array.of(1)), { code: "ENOENT" });
    await assert.rejects(file.append(Uint8Array.of(1)), { code: "ENOENT" });
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /^warning: cannot write .*k\.hellos, .*: there is no such file\n$/);
  }),
);

test("openHelloFile() tells where there can be none beside the key, and gives none", () => {
  const { reporter, told } = recording();
  assert.equal(openHelloFile(reporter, "/nowhere/at/all/key"), undefined);
  assert.match(
    told.join(""),
    /^warning: cannot make \/nowhere\/at\/all\/key\.hellos, .*\n {2}→ keep/,
  );
});

test(
  "keygen begins the file beside the key, of mode 0600; one of an older key goes, another stays",
  withWorkbench(async (bench) => {
    assert.equal((await bench.run(["keygen", "k"])).code, 0);
    const path = bench.path("k.hellos");
    assert.deepEqual(new Uint8Array(readFileSync(path)), JOURNAL_HEAD);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    rmSync(bench.path("k"));
    writeFileSync(path, Uint8Array.of(...JOURNAL_HEAD, 1, 2, 3));
    assert.equal((await bench.run(["keygen", "k"])).code, 0);
    assert.deepEqual(new Uint8Array(readFileSync(path)), JOURNAL_HEAD);
    rmSync(bench.path("k"));
    writeFileSync(path, "somebody's");
    const { code, stderr } = await bench.run(["keygen", "k"]);
    assert.equal(code, 2);
    assert.match(stderr, /k\.hellos is not what a server writes there, and is left alone\n/);
    assert.deepEqual(bench.files(), ["k.hellos"], "the key was not made");
    assert.equal(readFileSync(path, "utf8"), "somebody's");
  }),
);

test(
  "listen that was killed answers no hello of before when it is back, and all others at once",
  withWorkbench(async (bench) => {
    await bench.run(["keygen", "k"]);
    const first = await start(bench);
    const [said, unsaid] = [helloFor(first.url, 1), helloFor(first.url, 2)];
    assert.equal(await answers(first.url, said), true);
    assert.equal(await answers(first.url, said), false);
    await stop(first.server);
    const second = await start(bench);
    assert.equal(await answers(second.url, said), false);
    assert.equal(await answers(second.url, unsaid), true);
    assert.deepEqual(second.server.events.filter(({ event }) => event === "warning"), []);
    await stop(second.server);
  }),
);

test(
  "listen without the file, or with a damaged one, says for how long nobody can connect",
  withWorkbench(async (bench) => {
    await bench.run(["keygen", "k"]);
    const path = bench.path("k.hellos");
    const warningOf = async (): Promise<string> => {
      const { server, url } = await start(bench);
      const { message } = await server.event("warning");
      assert.equal(await answers(url, helloFor(url, 3)), false);
      await stop(server);
      return String(message);
    };
    // No minute may begin meanwhile.
    const left = 60_000 - Date.now() % 60_000;
    if (left < 20_000) await delay(left);
    rmSync(path);
    assert.match(
      await warningOf(),
      /^nothing tells which clients .* so nobody can connect for the next \d+ s$/,
    );
    chmodSync(path, 0o600);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    assert.match(await warningOf(), /^a part of .*k\.hellos is damaged .* for the next \d+ s$/);
  }),
);

test(
  "listen ends with 2 where the file is somebody else's, and with 5 where it cannot be read",
  withWorkbench(async (bench) => {
    await bench.run(["keygen", "k"]);
    const path = bench.path("k.hellos");
    const args = ["listen", "127.0.0.1:0", "--key", "k"];
    writeFileSync(path, "somebody's");
    const foreign = await bench.run(args);
    assert.equal(foreign.code, 2);
    assert.match(foreign.stderr, /^error: k\.hellos is not what a server writes there/);
    assert.match(foreign.stderr, /→ mv k\.hellos k\.hellos\.old\n$/);
    rmSync(path);
    mkdirSync(path);
    const directory = await bench.run(args);
    assert.equal(directory.code, 5);
    assert.match(directory.stderr, /^error: cannot read k\.hellos: it is a directory\n/);
  }),
);

test(
  "listen warns of a file that others can change, and goes on",
  withWorkbench(async (bench) => {
    await bench.run(["keygen", "k"]);
    chmodSync(bench.path("k.hellos"), 0o622);
    const { server } = await start(bench);
    const { message } = await server.event("warning");
    assert.match(String(message), /^others can change .*k\.hellos$/);
    await stop(server);
  }),
);
