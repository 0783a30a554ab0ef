//! Values as JSON text.

use std::io;

use serde::Serialize;

/// Room for a page of most lists. What of it is not written to takes no memory.
const ROOM: usize = 32 * 1024;

/// The text of a value.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut text = Text(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut text, value)?;
    Ok(text.0)
}

/// Text that is being written. An answer is some thousand quotes, colons and commas, each of which is written by itself:
/// where each is a call, a third of the time goes into calls.
pub(crate) struct Text(pub(crate) Vec<u8>);

impl Default for Text {
    fn default() -> Self {
        Self(Vec::with_capacity(1024))
    }
}

impl io::Write for Text {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[expect(clippy::inline_always, reason = "that is what it is for, in a build for size")]
    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let [byte] = bytes {
            self.0.push(*byte);
        } else {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
