//! What a client sends, counted below the protocol.
//!
//! Above it only whole messages are seen: of empty continuation frames a client could send two hundred million without
//! one message coming of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// So many bytes at once: more than the frames that may come at once can have ...
const BURST: f64 = 256.0 * 1024.0;
/// ... and so many a second in the long run.
const RATE: f64 = 4.0 * 1024.0;

pub(super) struct Metered<S> {
    inner: S,
    /// Bytes that may come now, as of `counted`.
    allowance: f64,
    counted: Instant,
}

impl<S> Metered<S> {
    pub fn new(inner: S) -> Self {
        Self { inner, allowance: BURST, counted: Instant::now() }
    }

    /// Without the meter, for a goodbye.
    pub fn unmetered(&mut self) -> &mut S {
        &mut self.inner
    }
}

/// Whether a read failed because too much had come.
pub(super) fn is_flood(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::QuotaExceeded
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let (read, now) = (buffer.filled().len() - before, Instant::now());
        let refilled = self.allowance + (now - self.counted).as_secs_f64() * RATE;
        (self.allowance, self.counted) = (refilled.min(BURST) - read as f64, now);
        if self.allowance < 0.0 {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_burst_passes_and_a_flood_does_not() {
        let mut stream = Metered::new(tokio::io::repeat(0));
        let mut burst = vec![0; BURST as usize];
        stream.read_exact(&mut burst).await.unwrap();
        // Not the very next byte: some may be free again by now.
        assert!(is_flood(&stream.read_exact(&mut burst).await.unwrap_err()));
    }
}
