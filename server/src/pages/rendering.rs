//! Pages and server functions run to their end, whoever waits for them.
//!
//! The reactive runtime does not bear it when a render is dropped half way because its client left: tasks that still
//! run then look for their context in vain, or wait for ever for a lock that they hold themselves. (To look a context
//! up, `reactive_graph` holds a lock on one owner while it walks up its parents; when the last reference to a parent
//! goes meanwhile, the parent's end wants that very lock.) So each runs in a task of its own, and its outermost owner
//! is kept until all tasks that it started have ended.

use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use domain::Problem;
use leptos::prelude::Owner;
use leptos::reactive::computed::ScopedFuture;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::request_id::{self, RequestId, problem_response};

/// How long one may wait for its turn, and then for its answer. What takes longer goes on to its end unheard.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(15);
/// How long what a page has started may run on once the page is there.
const AFTERMATH: Duration = Duration::from_secs(60);
/// No page is as long as this.
const LONGEST_PAGE: usize = 16 << 20;

tokio::task_local! {
    static STAGE: Arc<Stage>;
}

/// What belongs to one render or call.
#[derive(Default)]
struct Stage {
    tasks: TaskTracker,
    /// The outermost owner of all that is reactive in it.
    owner: Mutex<Option<Owner>>,
}

/// Where renders and calls take turns.
pub struct Rendering {
    turns: Arc<Semaphore>,
}

impl Rendering {
    /// So many at once: each holds its page in memory, and more of them would only wait for the processor and Postgres.
    pub fn new(at_once: usize) -> Self {
        LazyLock::force(&EXECUTOR);
        Self { turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// How many could begin now.
    pub fn free(&self) -> usize {
        self.turns.available_permits()
    }

    /// The answer of `work`, body and all. Who stops waiting before its turn has never begun; after that, nothing
    /// stops it.
    pub async fn run(&self, id: RequestId, work: impl Future<Output = Response> + Send + 'static) -> Response {
        let Ok(Ok(turn)) = timeout(LONGEST_WAIT, self.turns.clone().acquire_owned()).await else {
            return problem_response(&Problem::Unavailable);
        };
        let stage = Arc::new(Stage::default());
        let (answer, answered) = oneshot::channel();
        let working = async move {
            let (parts, body) = work.await.into_parts();
            // Without its body it is no answer: who waits hears of a failure.
            if let Some(body) = whole(body).await {
                let _ = answer.send(Response::from_parts(parts, Body::from(body)));
            }
        };
        let all = {
            let stage = stage.clone();
            async move {
                STAGE.scope(stage.clone(), working).await;
                stage.tasks.close();
                let _ = timeout(AFTERMATH, stage.tasks.wait()).await;
                drop(stage.owner().take());
                drop(turn);
            }
        };
        tokio::spawn(id.clone().scope(all));
        match timeout(LONGEST, answered).await {
            Ok(Ok(response)) => response,
            // Why is in the log: it panicked, or its body broke off.
            Ok(Err(_)) => problem_response(&Problem::Internal { request_id: id.as_str().to_owned() }),
            Err(_) => problem_response(&Problem::Unavailable),
        }
    }
}

impl Stage {
    fn owner(&self) -> std::sync::MutexGuard<'_, Option<Owner>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of a body; `None`, with its cause in the log, when it is too long or breaks off.
pub async fn whole(body: Body) -> Option<Bytes> {
    let read = to_bytes(body, LONGEST_PAGE).await;
    read.inspect_err(|cause| tracing::error!(request_id = request_id::current(), %cause, "a page without an end")).ok()
}

/// Keeps the present owner, the outermost of its render, until all of that has ended.
pub fn keep_owner() {
    let _ = STAGE.try_with(|stage| stage.owner().get_or_insert_with(|| Owner::current().unwrap_or_default()).clone());
}

/// Under an owner of its own. A server function would else become the child of whatever owner its thread has seen
/// last, which is another request's.
pub async fn apart<T>(work: impl Future<Output = T>) -> T {
    let owner = Owner::new_root(None);
    let _ = STAGE.try_with(|stage| stage.owner().replace(owner.clone()));
    owner.with(|| ScopedFuture::new(work)).await
}

/// Once a process: what renders start belongs to them, and knows for which request it runs.
static EXECUTOR: LazyLock<()> = LazyLock::new(|| {
    // Set already only where another part of the process renders too, as a test may do.
    let _ = Executor::init_custom_executor(OnStage);
});

struct OnStage;

impl CustomExecutor for OnStage {
    fn spawn(&self, future: PinnedFuture<()>) {
        match STAGE.try_with(Arc::clone) {
            Ok(stage) => {
                let future = stage.tasks.track_future(STAGE.scope(stage.clone(), future));
                match RequestId::current() {
                    Some(id) => drop(tokio::spawn(id.scope(future))),
                    None => drop(tokio::spawn(future)),
                }
            }
            Err(_) => drop(tokio::spawn(future)),
        }
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(future);
    }

    fn poll_local(&self) {}
}
