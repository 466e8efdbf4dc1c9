//! Connections that fail when they are told to.

use std::future::Future as _;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

use crate::serve::lock;

/// What goes wrong with the connection of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is reset, and there is no response.
    Reset,
    /// It is closed after half of the body.
    CutBody,
    /// The head arrives byte by byte, each after a pause of this length.
    SlowHead(Duration),
}

/// What a connection is about to do wrong.
#[derive(Clone, Copy)]
enum Plan {
    Reset,
    /// So many bytes of the body are left to send.
    Cut(usize),
    Slow(Duration),
}

/// The client of a connection, and what its next response does wrong.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    plan: Arc<Mutex<Option<Plan>>>,
}

impl Peer {
    /// Has the next response fail, whose body has this length.
    pub(crate) fn fail(&self, fault: Option<Fault>, body: usize) {
        *lock(&self.plan) = fault.map(|fault| match fault {
            Fault::Reset => Plan::Reset,
            Fault::CutBody => Plan::Cut(body / 2),
            Fault::SlowHead(pause) => Plan::Slow(pause),
        });
    }
}

impl Connected<IncomingStream<'_, Faulty>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Faulty>) -> Self {
        Self {
            address: *stream.remote_addr(),
            plan: Arc::clone(&stream.io().plan),
        }
    }
}

/// Takes up connections that may fail.
pub(crate) struct Faulty(pub(crate) TcpListener);

impl Listener for Faulty {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (socket, address) = Listener::accept(&mut self.0).await;
        let connection = Connection {
            socket,
            plan: Arc::default(),
            pause: None,
            end: Vec::new(),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that may fail.
pub(crate) struct Connection {
    socket: TcpStream,
    plan: Arc<Mutex<Option<Plan>>>,
    pause: Option<Pin<Box<Sleep>>>,
    /// The last bytes of a head that is not yet sent.
    end: Vec<u8>,
}

/// What a head ends with.
const END: &[u8] = b"\r\n\r\n";

impl Connection {
    /// Writes as much as the plan allows for.
    fn fail(
        &mut self,
        plan: Plan,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let is_in_head = self.end != END;
        let allowed = match plan {
            Plan::Reset => {
                self.socket.set_zero_linger()?;
                return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
            }
            Plan::Slow(pause) => {
                let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
                ready!(pause.as_mut().poll(context));
                self.pause = None;
                1
            }
            Plan::Cut(_) if is_in_head => 1,
            Plan::Cut(0) => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
            Plan::Cut(left) => left,
        };
        let bytes = &bytes[..allowed.min(bytes.len())];
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        if is_in_head {
            self.end.extend_from_slice(&bytes[..written]);
            let kept = self.end.len().saturating_sub(END.len());
            self.end.drain(..kept);
        }
        *lock(&self.plan) = match plan {
            Plan::Cut(left) if !is_in_head => Some(Plan::Cut(left - written)),
            Plan::Slow(_) if self.end == END => {
                self.end.clear();
                None
            }
            other => Some(other),
        };
        Poll::Ready(Ok(written))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let plan = *lock(&self.plan);
        match plan {
            Some(plan) => self.fail(plan, context, bytes),
            None => Pin::new(&mut self.socket).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let plan = *lock(&self.plan);
        match plan {
            Some(plan) => {
                let first = parts.iter().find(|part| !part.is_empty());
                self.fail(plan, context, first.map_or(&[], |part| part))
            }
            None => Pin::new(&mut self.socket).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}
