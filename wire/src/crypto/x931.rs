//! The frame of X9.31: what is put around a message before the RSA operation, and taken off after.

use super::CryptoError;

/// The frame that fills exactly `size` bytes (the modulus).
pub(super) fn frame(message: &[u8], size: usize) -> Result<Vec<u8>, CryptoError> {
    let fill = size.checked_sub(message.len() + 2).ok_or(CryptoError::TooLong)?;
    let mut block = Vec::with_capacity(size);
    if fill == 0 {
        block.push(0x6a);
    } else {
        block.push(0x6b);
        block.resize(fill, 0xbb);
        block.push(0xba);
    }
    block.extend_from_slice(message);
    block.push(0xcc);
    Ok(block)
}

/// The message inside a frame.
pub(super) fn unframe(block: &[u8]) -> Result<&[u8], CryptoError> {
    let inner = block.strip_suffix(&[0xcc]).ok_or(CryptoError::Refused)?;
    match inner.split_first() {
        Some((0x6a, message)) => Ok(message),
        Some((0x6b, rest)) => {
            let fill = rest.iter().take_while(|byte| **byte == 0xbb).count();
            rest[fill..].strip_prefix(&[0xba]).ok_or(CryptoError::Refused)
        }
        _ => Err(CryptoError::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_come_back() {
        for len in 0..=30 {
            let message = vec![0x42; len];
            let block = frame(&message, 32).expect("fits");
            assert_eq!((block.len(), unframe(&block)), (32, Ok(&message[..])));
        }
        assert_eq!(frame(&[0; 31], 32), Err(CryptoError::TooLong));
    }

    #[test]
    fn broken_frames_are_refused() {
        for bad in
            [&b""[..], b"\xcc", b"\x6b\xcc", b"\x6b\xbb\xbb\xcc", b"\x6b\xbb\xba", b"\x00\xcc"]
        {
            assert_eq!(unframe(bad), Err(CryptoError::Refused), "{bad:?}");
        }
    }
}
