/**
 * Certificates for tests: self-signed, for the name server.example, good for a hundred years, and no
 * secret to anybody.
 *
 * @module
 */
import type { TlsIdentity } from "../../src/host.ts";

/** A certificate and its key. */
export const IDENTITY: TlsIdentity = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBpDCCAUqgAwIBAgIUYST2gJNUumGUtQ8BGl2fxeQQaIowCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOc2VydmVyLmV4YW1wbGUwIBcNMjYxMTIzMTMwMDA1WhgPMjEy
NjEwMzAxMzAwMDVaMBkxFzAVBgNVBAMMDnNlcnZlci5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEHPZgZHrqCRAc84pVYrusdL9WVV9G1dX8QZ4p9N3P
sRtwsbwJZr3AqGh/2tKs26ltJN5yoiz/qvvITjiUH61FoaNuMGwwHQYDVR0OBBYE
FAto+CGCepyKlvOcSQwIglFOEAMXMB8GA1UdIwQYMBaAFAto+CGCepyKlvOcSQwI
glFOEAMXMA8GA1UdEwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOc2VydmVyLmV4YW1w
bGUwCgYIKoZIzj0EAwIDSAAwRQIhALPqjCcgSQ/c8CtEoeH8uZEIt0Uoqdue+hvg
/DhwYO21AiA4yBp3nf3DXpCQhWH9p0G4YxpbGe/uSBwQ12uVEZw8Jg==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDFc38mCKOSe44TsR
RNV7HOASZijRWhJ9VeNp7V74OfWhRANCAAQc9mBkeuoJEBzzilViu6x0v1ZVX0bV
1fxBnin03c+xG3CxvAlmvcCoaH/a0qzbqW0k3nKiLP+q+8hOOJQfrUWh
-----END PRIVATE KEY-----
`,
};

/** The key of no certificate. */
export const OTHER_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKHGOL0U2LROwFXHB
G85Klwg3lY/xHxmBSajKjpq4f3qhRANCAAQQArUExUJEOT0QYNbrkDlOHRA8vL4n
0kSlau1bDaFugJhmL4VMp4YtJ1FQvROEp1tl5Veyx523V7vgfE/wcFGL
-----END PRIVATE KEY-----
`;

/** The certificate's key, under the passphrase "x". */
export const ENCRYPTED_KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjWA701AYmIsAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEN7LpWuT1PXEEwbygTQ11GAEgZAE
oiEmM5cX/Gq93MQ+y9yLyXZ32UZu973koNKvN3S3BSz0EMWv9f9k2hi+TpiTLyQL
1S8Jk4BNoEiBgWD2gHHniO8IPkTGjzZZi/Op78pHIIHN5UPQpGbhEavUt6xQsyJk
XJ1ho866U2zhhuihj95oGoYmTiNo31n88XZ0VkYvWgKMr4gk6+txiCy/MZ3opMY=
-----END ENCRYPTED PRIVATE KEY-----
`;
