//! A Redis server for a test, on a free port of this machine, which is stopped when it
//! is dropped.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A `redis-server` with a directory of its own.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    directory: TempDir,
    options: Vec<String>,
    process: Option<Child>,
}

impl RedisServer {
    /// Starts a server; `None`, with a word on stderr, where the machine has none. In CI
    /// (`CI=true`) that is a failure.
    ///
    /// # Panics
    ///
    /// Panics if the server cannot be started.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with more options.
    ///
    /// # Panics
    ///
    /// Panics if the server cannot be started.
    #[allow(
        clippy::print_stderr,
        reason = "whoever runs the tests has to know that some were skipped"
    )]
    pub fn start_with(options: &[&str]) -> Option<Self> {
        match Self::try_start(options) {
            Ok(server) => Some(server),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && std::env::var_os("CI").is_none_or(|ci| ci != "true") =>
            {
                eprintln!("skipped: there is no redis-server (apt-get install redis-server)");
                None
            }
            Err(error) => panic!("redis-server does not start: {error}"),
        }
    }

    fn try_start(options: &[&str]) -> io::Result<Self> {
        let mut last = None;
        // Somebody else may take the port meanwhile.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut server = Self {
                port,
                directory: tempfile::tempdir()?,
                options: options.iter().map(|&option| option.to_owned()).collect(),
                process: None,
            };
            match server.run() {
                Ok(()) => return Ok(server),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other("no port is free")))
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs the server, with what it has kept.
    ///
    /// # Errors
    ///
    /// An error of the system, or that the server has ended.
    pub fn run(&mut self) -> io::Result<()> {
        let mut process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "3600 1000000"])
            .arg("--dir")
            .arg(self.directory.path())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let start = Instant::now();
        loop {
            if let Some(status) = process.try_wait()? {
                return Err(io::Error::other(format!("it has ended: {status}")));
            }
            if self.command("PING").is_ok() {
                self.process = Some(process);
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(20) {
                let _ = process.kill();
                let _ = process.wait();
                return Err(io::Error::other("it does not respond"));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a command, and returns what comes at once: `redis-cli` without `redis-cli`.
    ///
    /// # Errors
    ///
    /// An error of the connection.
    pub fn command(&self, command: &str) -> io::Result<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        connection.write_all(format!("{command}\r\n").as_bytes())?;
        let mut reply = vec![0; 64 * 1024];
        let length = connection.read(&mut reply)?;
        reply.truncate(length);
        match length {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(String::from_utf8_lossy(&reply).into_owned()),
        }
    }

    /// Stops the server, which keeps its data for the next [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// An error of the system.
    pub fn stop(&mut self) -> io::Result<()> {
        let _ = self.command("SHUTDOWN SAVE");
        match self.process.take() {
            Some(mut process) => process.wait().map(drop),
            None => Ok(()),
        }
    }

    /// Kills the server, which loses what it had not written to disk.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
