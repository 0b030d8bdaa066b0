//! A client's bytes, in and out: what passes is noted at the seat.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::seat::Seat;

pub(super) struct Stream {
    tcp: TcpStream,
    seat: Arc<Seat>,
}

impl Stream {
    pub fn new(tcp: TcpStream, seat: Arc<Seat>) -> Self {
        Self { tcp, seat }
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.seat.stall.waits(self.seat.places.now()),
            Poll::Ready(Ok(bytes)) => self.seat.stall.took(bytes, || self.seat.places.now()),
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

/// Also for an upgraded connection: the place is taken until the socket closes.
impl Drop for Stream {
    fn drop(&mut self) {
        if self.seat.places.has_stalled(&self.seat) {
            // Nobody takes what is still in the kernel: let it go at once.
            let _ = self.tcp.set_zero_linger();
        }
        self.seat.places.leave(&self.seat);
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.seat.heard();
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, bytes);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
