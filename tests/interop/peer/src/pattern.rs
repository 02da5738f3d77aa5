//! Bytes that show any loss, repeat or exchange, and the check of them.
use ring::digest::{Context, SHA256};
use serde_json::{json, Value};

/// Writes the pattern as it stands from byte `start` on: byte i is `(i * 31 + (i >> 8)) mod 251`.
pub fn fill(start: u64, into: &mut [u8]) {
    for (offset, byte) in into.iter_mut().enumerate() {
        let i = start + offset as u64;
        *byte = (i.wrapping_mul(31).wrapping_add(i >> 8) % 251) as u8;
    }
}

/// The pattern's first `length` bytes, with `number` (little-endian) over the first eight of them.
pub fn numbered(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fill(number, &mut bytes);
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Checks a stream of patterned bytes as they come.
pub struct Checker {
    bytes: u64,
    good: bool,
    digest: Context,
    expected: Vec<u8>,
}

impl Checker {
    pub fn new() -> Self {
        Self {
            bytes: 0,
            good: true,
            digest: Context::new(&SHA256),
            expected: Vec::new(),
        }
    }

    pub fn take(&mut self, bytes: &[u8]) {
        self.expected.resize(bytes.len(), 0);
        fill(self.bytes, &mut self.expected);
        self.good &= self.expected == bytes;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn good(&self) -> bool {
        self.good
    }

    pub fn sha256(&self) -> [u8; 32] {
        self.digest
            .clone()
            .finish()
            .as_ref()
            .try_into()
            .expect("SHA-256 has 32 bytes")
    }

    /// What was seen, as the fields of an event. `total` is how many bytes should have come.
    pub fn report(&self, total: u64) -> Value {
        json!({
            "bytes": self.bytes,
            "good": self.good && self.bytes == total,
            "sha256": hex::encode(self.sha256()),
        })
    }
}
