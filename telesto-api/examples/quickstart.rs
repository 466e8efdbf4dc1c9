//! A first look at the client: `cargo run --example quickstart`.
//!
//! It talks to a mock server that it starts itself or, if `TELESTO_API_KEY` is
//! set, to Telesto. Then it sends only one request.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use telesto_api::{Client, Clock as _, SystemClock};
use telesto_mock::MockServer;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&mut io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if std::env::var_os("TELESTO_API_KEY").is_some() {
        return show_products(&Client::from_env()?, out).await;
    }
    with_mock_server(out).await
}

pub(crate) async fn with_mock_server(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let telesto = MockServer::builder()
        .response("list_products", made_up_products())
        .start()
        .await?;
    let client = Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .build()?;
    show_products(&client, out).await?;

    // Until the budget of the hour is spent.
    let error = loop {
        if let Err(error) = client.list_products().send().await {
            break error;
        }
    };
    writeln!(out, "\nAt the limit nothing is sent:")?;
    if let Some(retry_at) = error.retry_at() {
        let wait = retry_at.duration_since(SystemClock.wall()).as_secs();
        let minutes = (wait + 30) / 60;
        writeln!(
            out,
            "  is_rate_limited() = {}, again in {minutes} minutes",
            error.is_rate_limited()
        )?;
    }
    let stats = telesto.stats();
    writeln!(
        out,
        "  the server has served {} requests and refused {}",
        stats.served, stats.refused
    )?;
    telesto.stop().await;
    Ok(())
}

async fn show_products(client: &Client, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let products = client.list_products().send().await?;
    writeln!(out, "Products: {}. The first of them:", products.len())?;
    for product in products.iter().take(3) {
        writeln!(out, "  id           = {:?}", product.id)?;
        writeln!(out, "  name         = {:?}", product.name)?;
        writeln!(out, "  ean_upc      = {:?}", product.ean_upc)?;
        writeln!(out, "  stock_onhand = {:?}", product.stock_onhand)?;
        writeln!(out, "  created      = {:?}\n", product.created)?;
    }
    let budget = client.budget().await?;
    let (left, limit) = (budget.remaining(), budget.limit());
    let minutes = limit.window().as_secs() / 60;
    writeln!(
        out,
        "{left} of {} requests in {minutes} minutes are left",
        limit.requests()
    )?;
    Ok(())
}

/// Two products as Telesto writes them, the second one with empty values.
fn made_up_products() -> telesto_mock::Response {
    telesto_mock::Response::new(
        200,
        "application/json",
        r#"[
            {"id": "a1b2c3", "name": "Widget", "ean_upc": "0123456789",
             "stock_onhand": "50", "created": "2024-01-15 10:30:00"},
            {"id": "d4e5f6", "name": "Gadget", "ean_upc": "",
             "stock_onhand": "", "created": "0000-00-00 00:00:00"}
        ]"#,
    )
}
