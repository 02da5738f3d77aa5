/**
 * The door of a listener: hellos, resumes and first packets by those who know its key, as they should be
 * or with one thing in them twisted. An input is two bytes that say from where it comes, and a datagram.
 */
import assert from "node:assert/strict";
import { listen, type Listener } from "../../mod.ts";
import type { Address } from "../../src/address.ts";
import { SESSION_NONCE_LENGTH, SESSION_OVERHEAD } from "../../src/crypto/aead.ts";
import { deriveSessionKeys, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import type { DatagramHandler, Host, KeyPair, PacketCipher } from "../../src/host.ts";
import { NullCipher } from "../../src/sim/null_cipher.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { Draw } from "./draw.ts";
import { FarView } from "./far_view.ts";
import { Fields } from "./fields.ts";
import type { Input, Life, Target } from "./life.ts";
import { LoneHost } from "./lone_host.ts";
import { SessionSource } from "./session_source.ts";

/** Sessions of the listener at the most: few, so that the limit is met. */
const MOST_SESSIONS = 50;

/** Clients of which the attacker keeps the tokens. */
const MOST_CLIENTS = 30;

/** Addresses from which inputs come. */
const MOST_PLACES = 600;

const TO: Address = { hostname: "192.0.2.1", port: 4000 };

/** A client that has been answered. */
interface Client {
  readonly token: Uint8Array;
  readonly sealer: PacketCipher;
  readonly source: SessionSource;
  /** From where it speaks. */
  readonly place: number;
}

/** A target: all that strangers send to a listener over UDP. */
export const HANDSHAKE_TARGET: Target = {
  inputsPerLife: 3_000,
  mostHeld: 4e6,
  mustTake: ["hello", "first"],
  begin: async (seed) => {
    const life = new HandshakeLife(seed);
    await life.listen();
    return life;
  },
};

class HandshakeLife implements Life {
  readonly isOver = false;
  readonly #host: LoneHost;
  readonly #draw: Draw;
  readonly #fields: Fields;
  readonly #keys: { readonly long: KeyPair; readonly ephemeral: KeyPair };
  readonly #clients: Client[] = [];
  #listener: Listener | undefined;
  #handler: DatagramHandler | undefined;
  #hellos: HelloForger | undefined;
  /** From where the last input came. */
  #place = 0;
  #received = 0;
  #sent = 0;

  constructor(seed: number) {
    const host = this.#host = new LoneHost(seed);
    this.#draw = new Draw(seed + 1);
    this.#fields = new Fields(this.#draw);
    this.#keys = { long: host.x25519.generate(), ephemeral: host.x25519.generate() };
  }

  async listen(): Promise<void> {
    const lone = this.#host;
    const host: Host = Object.assign(Object.create(lone), {
      now: () => lone.now(),
      epochSeconds: () => lone.epochSeconds(),
      setAlarm: (at: number, wake: () => void) => lone.setAlarm(at, wake),
      onFault: (error: unknown) => lone.onFault(error),
      bindDatagram: (addr: Address, handler: DatagramHandler) => {
        this.#handler = handler;
        const send = (packet: Uint8Array) => this.#onSent(packet);
        return Promise.resolve({ addr: { ...addr, port: TO.port }, send, close: () => {} });
      },
    });
    const listener = this.#listener = await listen(host, {
      port: TO.port,
      secretKey: new Uint8Array(32).fill(7),
      freshKey: true,
      limits: { sessions: MOST_SESSIONS },
    });
    this.#hellos = new HelloForger(listener.publicKey, seededSource(5));
  }

  next(): Input {
    const draw = this.#draw;
    const client = this.#clients.length > 0 ? draw.of(this.#clients) : undefined;
    const turn = draw.between(0, 99);
    const anywhere = draw.between(0, MOST_PLACES - 1);
    const place = client === undefined || draw.happens(0.1) ? anywhere : client.place;
    const from = (kind: string, place: number, datagram: Uint8Array): Input => ({
      kind,
      bytes: Uint8Array.from([place >> 8, place & 255, ...datagram]),
    });
    if (client === undefined || turn < 25) return from("hello", anywhere, this.#hello());
    if (turn < 55) return from("resume", place, this.#resume(client));
    if (turn > 60) return from("first", place, this.#first(client));
    return from("junk", anywhere, this.#sealed(draw.bytes(draw.between(80, 600))));
  }

  take(bytes: Uint8Array): boolean {
    const { packetsFailed: before } = this.#listener!.stats();
    const [high = 0, low = 0] = bytes;
    const from = { hostname: `10.0.${high}.${low}`, port: 1_000 + (low & 3) };
    this.#received += bytes.length - 2;
    this.#place = high << 8 | low;
    this.#handler?.onDatagram(bytes.slice(2), from);
    this.#host.assertNoFault();
    return this.#listener!.stats().packetsFailed === before;
  }

  async check(ms: number): Promise<void> {
    this.#host.pass(ms);
    // Sessions end by promises.
    for (let i = 0; i < 10; i++) await undefined;
    this.#host.assertNoFault();
    const { sessionsOpen, faults } = this.#listener!.stats();
    assert.ok(sessionsOpen <= MOST_SESSIONS, `${sessionsOpen} sessions`);
    assert.equal(faults, 0);
    assert.ok(this.#sent <= 3 * this.#received, `${this.#sent} bytes for ${this.#received}`);
  }

  async end(): Promise<void> {
    const closing = this.#listener!.close();
    for (let i = 0; i < 50; i++) {
      await undefined;
      this.#host.pass(1_000);
    }
    await closing;
    assert.equal(this.#host.alarms, 0, "alarms are left");
  }

  get #minute(): number {
    return Math.floor(this.#host.epochSeconds() / 60);
  }

  #sealed(plaintext: Uint8Array): Uint8Array {
    const draw = this.#draw;
    const minute = this.#minute + (draw.happens(0.1) ? draw.between(-4, 4) : 0);
    return this.#hellos!.seal(draw.happens(0.03) ? "down" : "up", minute, plaintext);
  }

  #hello(): Uint8Array {
    const draw = this.#draw;
    const fields = this.#fields;
    fields.begin(draw.happens(0.3) ? draw.between(0, 1) : Infinity);
    fields.u32(0);
    const isWeak = draw.happens(0.05);
    for (const { publicKey } of [this.#keys.long, this.#keys.ephemeral]) {
      fields.bytes(isWeak ? new Uint8Array(32) : publicKey);
    }
    fields.u64(3);
    fields.repeat(draw.of([0, 255]), draw.of([0, 79, 80, 81, 400, 1_948, 1_949]));
    return this.#sealed(fields.written.slice());
  }

  #resume({ token }: Client): Uint8Array {
    const draw = this.#draw;
    const fields = this.#fields;
    const shown = draw.happens(0.15)
      ? token.slice(0, draw.between(0, token.length))
      : token.slice();
    if (draw.happens(0.15) && shown.length > 0) {
      shown[draw.between(0, shown.length - 1)]! ^= 1 << draw.between(0, 7);
    }
    fields.begin(draw.happens(0.2) ? draw.between(0, 2) : Infinity);
    fields.u32(2);
    fields.u64(shown.length);
    fields.bytes(shown);
    fields.u8(draw.happens(0.7) ? 0 : draw.between(0, 255));
    fields.repeat(255, draw.of([0, 60, 200]));
    return this.#sealed(fields.written.slice());
  }

  #first({ sealer, source }: Client): Uint8Array {
    const { bytes } = source.next(-1);
    const packet = new Uint8Array(bytes.length + SESSION_OVERHEAD);
    packet.set(bytes);
    sealer.seal(packet, bytes.length, new Uint8Array(SESSION_NONCE_LENGTH));
    return packet;
  }

  /** What the listener sends may be an answer: then it makes a client. */
  #onSent(packet: Uint8Array): boolean {
    this.#sent += packet.length;
    const frame = this.#hellos?.frame("down", this.#minute, packet);
    if (frame?.kind !== "serverHello") return true;
    const secret = tripleDiffieHellman(this.#host.x25519, this.#keys, frame);
    if (secret === undefined) return true;
    const draw = this.#draw;
    const source = new SessionSource(draw, new FarView(), draw.bytes(8));
    const sealer = new NullCipher(deriveSessionKeys(secret).upload);
    const token = frame.resumeToken.slice();
    this.#clients.push({ token, sealer, source, place: this.#place });
    if (this.#clients.length > MOST_CLIENTS) this.#clients.splice(0, 1);
    return true;
  }
}
