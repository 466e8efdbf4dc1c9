//! Clients for slots of a budget, and processes of a benchmark that contend for them.

use std::process::{Command, Stdio};
use std::time::Duration;

use telesto_api::{Budget, Client, RateLimit, Retry};

use crate::Error;

/// Tells such a process what it needs to know.
pub(crate) const WORKER: &str = "TELESTO_BENCH_WORKER";

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn client(url: &str, budget: impl Into<Budget>) -> Result<Client, telesto_api::Error> {
    Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .rate_limit(RateLimit::new(100, HOUR, HOUR / 4)?)
        .budget(budget)
        // A call that cannot connect is one slot.
        .retry(Retry::off())
        .build()
}

/// Starts processes that are told this, and adds up what they print: how many slots each
/// has reserved.
pub(crate) fn slots_of(processes: usize, told: &str) -> Result<u64, Error> {
    let children = (0..processes).map(|_| {
        Command::new(std::env::current_exe()?)
            .env(WORKER, told)
            .stdout(Stdio::piped())
            .spawn()
    });
    let children = children.collect::<Result<Vec<_>, _>>()?;
    let mut slots = 0;
    for child in children {
        let output = child.wait_with_output()?;
        slots += String::from_utf8(output.stdout)?.trim().parse::<u64>()?;
    }
    Ok(slots)
}
