//! How a store writes its ledger down: as JSON, with its version and a checksum.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version that this crate writes.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    version: u32,
    /// The CRC-32 of the state: without it, a changed byte could free a slot.
    checksum: u32,
    #[serde(borrow)]
    state: &'a RawValue,
}

/// The version alone, which all formats have.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The result of decoding a state.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded<T> {
    State(T),
    /// A later version of this crate wrote the state.
    Newer,
    Damaged,
}

/// Appends the state to `bytes`.
pub(super) fn encode(bytes: Vec<u8>, state: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let state = serde_json::value::to_raw_value(state)?;
    let envelope = Envelope {
        version: VERSION,
        checksum: crc32fast::hash(state.get().as_bytes()),
        state: &state,
    };
    let mut bytes = bytes;
    serde_json::to_writer(&mut bytes, &envelope)?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Decoded<T> {
    if let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(bytes)
        && envelope.version == VERSION
        && envelope.checksum == crc32fast::hash(envelope.state.get().as_bytes())
        && let Ok(state) = serde_json::from_str(envelope.state.get())
    {
        return Decoded::State(state);
    }
    match serde_json::from_slice(bytes) {
        Ok(Version { version }) if version > VERSION => Decoded::Newer,
        _ => Decoded::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_changed_byte_is_read_as_another_state() {
        let state = ["a state", "of 1000 requests"].map(str::to_owned);
        let good = encode(Vec::new(), &state).unwrap();
        assert_eq!(decode(&good), Decoded::State(state));
        for index in 0..good.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = good.clone();
                bytes[index] = byte;
                if byte != good[index] {
                    let decoded = decode::<[String; 2]>(&bytes);
                    assert!(!matches!(decoded, Decoded::State(_)), "{index}: {byte}");
                }
            }
            assert_eq!(decode::<[String; 2]>(&good[..index]), Decoded::Damaged);
        }
    }
}
