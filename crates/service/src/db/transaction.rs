//! A transaction whose statements, all together, have one deadline.

use std::ops::{Deref, DerefMut};

use super::Connection;

/// Rolled back when it is dropped without a commit. Its [`Connection`] executes statements: `&mut *tx`.
///
/// Not sqlx's own: that one holds its connection apart from the deadline, and gives it back within a transaction when
/// a `begin` was cancelled half way.
pub struct Transaction {
    connection: Connection,
}

impl Transaction {
    pub(super) async fn begin(mut connection: Connection) -> sqlx::Result<Self> {
        connection.say("begin").await?;
        connection.in_transaction = true;
        Ok(Self { connection })
    }

    /// After an error nobody knows whether it was committed, unless Postgres itself said no.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        self.connection.say("commit").await?;
        self.connection.in_transaction = false;
        Ok(())
    }

    pub async fn rollback(mut self) -> sqlx::Result<()> {
        self.connection.say("rollback").await?;
        self.connection.in_transaction = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
