//! Reading what a request brings: as much as anything here needs.

use std::time::Duration;

use axum::body::Body;
use domain::Problem;
use futures::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use crate::accept::is_too_slow;

/// The longest body that is read.
pub const MOST_BYTES: usize = 64 * 1024;
/// How much of a longer one is read and thrown away, so that its sender gets to read the answer
/// instead of a connection reset, and for how long.
const DRAINED_BYTES: usize = 4 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(5);

/// `malformed` when it breaks off or does not arrive in time (how long it may take is for [`crate::accept`] to say),
/// `too-large` beyond [`MOST_BYTES`].
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > DRAINED_BYTES) {
        return Err(Problem::TooLarge);
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(MOST_BYTES));
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            malformed(if is_too_slow(&error) { "The body did not arrive in time." } else { "The body broke off." })
        })?;
        if bytes.len() + chunk.len() > MOST_BYTES {
            let mut left = DRAINED_BYTES;
            let drain = async {
                while let Some(Ok(chunk)) = chunks.next().await
                    && left > chunk.len()
                {
                    left -= chunk.len();
                }
            };
            let _ = tokio::time::timeout(DRAINED_FOR, drain).await;
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn malformed(detail: &str) -> Problem {
    Problem::Malformed { detail: detail.into() }
}
