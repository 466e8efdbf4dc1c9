//! A typed client for the Telesto inventory API.

mod wire;
