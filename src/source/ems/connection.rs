//! Connections by driver, without a DSN.

use odbc_api::{Connection, ConnectionOptions, environment, escape_attribute_value};

use super::EmsError;
use crate::secret::Secret;

/// A database that we know how to speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A file.
    Sqlite,
    /// PostgreSQL, and TimescaleDB on it.
    Postgresql,
    /// MariaDB and MySQL.
    Mariadb,
}

impl Dialect {
    /// The dialect of a driver's name in the settings.
    ///
    /// # Errors
    ///
    /// [`EmsError::Mapping`] naming the drivers that there are.
    pub fn named(name: &str) -> Result<Self, EmsError> {
        match name {
            "sqlite" => Ok(Self::Sqlite),
            "postgresql" => Ok(Self::Postgresql),
            "mariadb" => Ok(Self::Mariadb),
            _ => Err(EmsError::Mapping(format!(
                "driver '{name}' is not known; there are sqlite, postgresql and mariadb"
            ))),
        }
    }

    /// Name under which the driver is registered.
    fn driver(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite3",
            Self::Postgresql => "PostgreSQL Unicode",
            Self::Mariadb => "MariaDB Unicode",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Sqlite => "libsqliteodbc",
            Self::Postgresql => "odbc-postgresql",
            Self::Mariadb => "odbc-mariadb",
        }
    }

    /// A name in the database's quotes.
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::Mariadb => format!("`{name}`"),
            Self::Sqlite | Self::Postgresql => format!("\"{name}\""),
        }
    }
}

impl Dialect {
    /// A text as a literal of the database.
    pub(super) fn literal(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        match self {
            Self::Mariadb => format!("'{}'", doubled.replace('\\', "\\\\")),
            Self::Sqlite | Self::Postgresql => format!("'{doubled}'"),
        }
    }

    /// An expression as text.
    pub(super) fn text(self, expression: &str) -> String {
        match self {
            Self::Mariadb => format!("CAST({expression} AS CHAR)"),
            Self::Sqlite | Self::Postgresql => format!("CAST({expression} AS TEXT)"),
        }
    }
}

/// Where the readings are.
#[derive(Clone, Debug)]
pub struct EmsConnection {
    /// Kind of database.
    pub dialect: Dialect,
    /// File of SQLite, or name of the database on the server.
    pub database: String,
    /// Server and port.
    pub server: Option<(String, u16)>,
    /// User and password.
    pub user: Option<(String, Secret)>,
}

impl EmsConnection {
    /// Driver and database, for messages; no password.
    pub fn name(&self) -> String {
        match &self.server {
            Some((server, port)) => {
                format!("{} at {server}:{port}/{}", self.dialect.driver(), self.database)
            }
            None => format!("{} {}", self.dialect.driver(), self.database),
        }
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// [`EmsError::Driver`] or [`EmsError::Connect`].
    pub(super) fn open(&self) -> Result<Connection<'static>, EmsError> {
        let driver = self.dialect.driver();
        let environment = environment().map_err(|error| EmsError::Driver {
            driver,
            reason: error.to_string(),
            package: "unixodbc",
        })?;
        if self.dialect == Dialect::Sqlite && !std::path::Path::new(&self.database).is_file() {
            return Err(EmsError::Connect {
                source_name: self.name(),
                reason: "there is no such file".to_owned(),
            });
        }
        let options = ConnectionOptions { login_timeout_sec: Some(10), ..Default::default() };
        let opened = environment.connect_with_connection_string(&self.connection_string(), options);
        opened.map_err(|error| {
            // The driver manager's text can repeat the connection string; only its state is safe.
            let text = self.without_password(&error.to_string());
            if text.contains("Can't open lib") || text.contains("IM002") {
                let package = self.dialect.package();
                EmsError::Driver { driver, reason: text, package }
            } else {
                EmsError::Connect { source_name: self.name(), reason: text }
            }
        })
    }

    fn without_password(&self, text: &str) -> String {
        match &self.user {
            Some((_, password)) if !password.expose().is_empty() => {
                text.replace(password.expose(), "***")
            }
            _ => text.to_owned(),
        }
    }

    /// Never logged: it holds the password.
    fn connection_string(&self) -> String {
        let value = |text: &str| escape_attribute_value(text).into_owned();
        let mut parts = vec![format!("Driver={{{}}}", self.dialect.driver())];
        parts.push(format!("Database={}", value(&self.database)));
        if let Some((server, port)) = &self.server {
            parts.push(format!("Server={}", value(server)));
            parts.push(format!("Port={port}"));
        }
        if let Some((user, password)) = &self.user {
            parts.push(format!("UID={}", value(user)));
            parts.push(format!("PWD={}", value(password.expose())));
        }
        parts.push(
            match self.dialect {
                // Rows as they come instead of all in memory; no new file for a wrong name.
                Dialect::Sqlite => "StepAPI=1;NoCreat=1;NoTXN=1",
                // Readers only, by the server itself; timestamptz in UTC, since it loses its offset.
                // A cursor takes no parameter from the server's side.
                Dialect::Postgresql => {
                    "UseDeclareFetch=0;UseServerSidePrepare=0;MaxVarcharSize=4000;\
                     ConnSettings=SET+TimeZone='UTC'%3BSET+default_transaction_read_only=on"
                }
                Dialect::Mariadb => "CHARSET=utf8mb4;INITSTMT={SET time_zone='+00:00'}",
            }
            .to_owned(),
        );
        parts.join(";")
    }
}
