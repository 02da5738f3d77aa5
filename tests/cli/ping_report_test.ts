import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProbedTransport, ProbeResult } from "../../src/cli/carrier_probe.ts";
import { formatAdvice, formatProbe, probeFields } from "../../src/cli/ping_report.ts";

function result(transport: ProbedTransport, times?: number[], reason?: string): ProbeResult {
  return { transport, trips: times && { sent: 4, times }, reason };
}

test("formatProbe() writes round trip and loss of a way that answers", () => {
  assert.equal(
    formatProbe(result("udp", [52.04, 120.4, 51, 60])),
    "  UDP   answers: round trip 52.0 ms (51.0 to 120), none of 4 lost",
  );
  assert.match(formatProbe(result("tcp", [3, 2, 1])), /round trip 2\.0 ms .*, 1 of 4 lost$/);
  assert.equal(
    formatProbe(result("tls", [])),
    "  TLS   answers the handshake, but none of 4 pings",
  );
});

test("formatProbe() says why a way does not answer, where that is known", () => {
  assert.equal(formatProbe(result("udp")), "  UDP   no answer");
  assert.equal(
    formatProbe(result("tcp", undefined, "connection refused")),
    "  TCP   no answer: connection refused",
  );
});

test("probeFields() tells programs the same", () => {
  assert.deepEqual(probeFields(result("udp", [3, 1, 2])), {
    transport: "udp",
    answers: true,
    sent: 4,
    lost: 1,
    rtt_ms: { median: 2, least: 1, most: 3 },
  });
  assert.deepEqual(probeFields(result("tls", undefined, "why")), {
    transport: "tls",
    answers: false,
    sent: 0,
    lost: 0,
    rtt_ms: null,
    reason: "why",
  });
});

test("formatAdvice() names the way that connect takes, or must be told", () => {
  const all = (...working: ProbedTransport[]) =>
    (["udp", "tcp", "tls"] as const).map((way) =>
      result(way, working.includes(way) ? [1, 1, 1, 1] : undefined)
    );
  assert.match(String(formatAdvice(all("udp", "tcp"), false)), /^UDP works from here/);
  assert.match(
    String(formatAdvice(all("tcp", "tls"), false)),
    /^Nothing comes back over UDP: .*TCP/,
  );
  assert.match(String(formatAdvice(all("tls"), false)), /^Only TLS .* --transport tls\.$/);
  assert.match(String(formatAdvice(all("tcp"), true)), /^Through the proxy TCP works/);
  assert.equal(formatAdvice(all(), false), undefined);
  const lossy = [result("udp", [1, 2]), result("tcp", [1, 2, 3, 4])];
  assert.match(String(formatAdvice(lossy, false)), /^UDP loses much .* TCP when that is faster\.$/);
  const bothLossy = [result("udp", [1, 2]), result("tcp", [1, 2])];
  assert.match(String(formatAdvice(bothLossy, false)), /^UDP works/);
  assert.match(
    String(formatAdvice([result("udp", []), result("tcp", [1, 2, 3, 4])], false)),
    /^Nothing comes back over UDP/,
  );
  assert.equal(formatAdvice([result("tcp", [1])], false), undefined);
});
