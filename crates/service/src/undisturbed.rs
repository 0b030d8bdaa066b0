//! Work that goes on to its end whoever waits for it.

use crate::Error;

/// In a task of its own. For what asks Postgres on behalf of anybody: who leaves would break off a statement, and that
/// costs its connection.
pub(crate) async fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Internal("the server ends".into())),
        },
    }
}
