//! OData client and logon against servers that nobody here wrote; see `tests/peers/README.md`.
//!
//! `CARBIDE_PEERS` names the folder where `make test-peers` installed them. `cargo test` alone lists
//! these tests as ignored, since they need packages that only npm has.

#[path = "peers/server.rs"]
mod server;

#[path = "peers/planned_orders.rs"]
mod planned_orders;

#[path = "peers/products.rs"]
mod products;

#[path = "peers/batches.rs"]
mod batches;

#[path = "peers/log_on.rs"]
mod log_on;
