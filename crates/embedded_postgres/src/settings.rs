//! The settings of a cluster, written into a file that its `postgresql.conf` includes.

use std::path::Path;

use crate::{Options, place::PORT};

pub(crate) const FILE: &str = "eventide.conf";

/// The file's text. It decides whether a cluster that is found running can be taken over as it is.
pub(crate) fn text(options: &Options, socket_folder: &Path) -> String {
    let mut text = format!(
        "# Written by eventide at every start; your own settings belong into postgresql.conf, below the include.\n\
         listen_addresses = ''\n\
         unix_socket_directories = {socket}\n\
         unix_socket_permissions = 0700\n\
         port = {PORT}\n\
         cluster_name = 'eventide'\n\
         max_connections = {connections}\n\
         shared_buffers = '128MB'\n\
         jit = off\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         lc_messages = 'C'\n\
         # Guests' contacts must not reach a log through the statement or the detail of an error.\n\
         log_error_verbosity = terse\n\
         log_min_error_statement = panic\n\
         log_checkpoints = off\n",
        socket = quoted(&format!("\"{}\"", socket_folder.display().to_string().replace('"', "\"\""))),
        connections = options.max_connections,
    );
    if cfg!(target_os = "linux") {
        // A recovery begins by syncing more than a thousand files, one by one for seconds where the disk is busy; all
        // at once it is done in a tenth of the time.
        text.push_str("recovery_init_sync_method = syncfs\n");
    }
    if !options.durable {
        text.push_str("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n");
    }
    text
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}
